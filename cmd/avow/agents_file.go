package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api/drp"
)

const (
	maxAgentsFile = 1 << 20         // bytes
	lookForAgents = 5 * time.Second // how often the file is read again
	agentsAtOnce  = 100
	agentsEvery   = 100 * time.Millisecond // of one agent
)

// agentsFile is who is admitted by a file that may change while the server runs. What cannot be taken
// changes nothing: whoever was admitted stays, until the file is put right.
type agentsFile struct {
	path string
	now  func() time.Time

	looking sync.Mutex        // one look at a time
	seen    [sha256.Size]byte // of what the file was at the last one

	mu     sync.RWMutex
	list   drp.Directory
	limits map[string]*rate.Limiter // of who is admitted: they are few
}

// openAgentsFile reads the file for the first time, when it has to be right.
func openAgentsFile(path string, now func() time.Time) (*agentsFile, error) {
	a := &agentsFile{path: path, now: now}
	_, err := a.look()
	return a, err
}

// look reads the file, and tells whether somebody else is admitted now. An error is given once, not at each look.
func (a *agentsFile) look() (changed bool, err error) {
	a.looking.Lock()
	defer a.looking.Unlock()
	text, err := readAgents(a.path)
	is := sha256.Sum256(text)
	if err != nil {
		is = sha256.Sum256([]byte("it cannot be read: " + avow.KindOf(err).String()))
	}
	if is == a.seen {
		return false, nil
	}
	a.seen = is
	if err != nil {
		return false, err
	}
	list, err := drp.ParseAgents(text)
	if err != nil {
		return false, err
	}
	a.admit(list)
	return true, nil
}

func (a *agentsFile) admit(list drp.Directory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	limits := make(map[string]*rate.Limiter, len(list))
	for id := range list {
		if limits[id] = a.limits[id]; limits[id] == nil {
			limits[id] = rate.NewLimiter(rate.Every(agentsEvery), agentsAtOnce)
		}
	}
	a.list, a.limits = list, limits
}

// directory is who is admitted by now. It is never written to.
func (a *agentsFile) directory() drp.Directory {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.list
}

// allow bounds how often an agent may: TooMany.
func (a *agentsFile) allow(id string) error {
	a.mu.RLock()
	l := a.limits[id]
	a.mu.RUnlock()
	if l != nil && l.AllowN(a.now(), 1) {
		return nil
	}
	return avow.Errorf(avow.TooMany, "this agent sent a lot just now; try again in a minute")
}

func readAgents(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the file of agents %s cannot be read: %w", file, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAgentsFile+1))
	if err == nil && len(text) > maxAgentsFile {
		return nil, avow.Errorf(avow.TooLarge, "the file of agents %s has more than %d bytes", file, maxAgentsFile)
	}
	return text, err
}

// followAgents reads the file of agents again and again, until ctx ends.
func (s *server) followAgents(ctx context.Context) {
	t := time.NewTicker(lookForAgents)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.lookForAgents()
		}
	}
}

// lookForAgents takes over a changed file. Of one that cannot be taken the log says where it is wrong, and nothing that stands in it:
// it may be any file that came there by mistake.
func (s *server) lookForAgents() {
	changed, err := s.admitted.look()
	switch {
	case err != nil:
		s.log.Error("the changed file of agents cannot be taken; those who were admitted stay", slog.String("file", s.Agents), slog.String("kind", avow.KindOf(err).String()), slog.String("at", whereIn(err)))
	case changed:
		s.log.Info("the file of agents was read again", slog.Int("agents", len(s.admitted.directory())))
	}
}

// whereIn is which entry of the file is wrong.
func whereIn(err error) string {
	var e *avow.Error
	if errors.As(err, &e) && e.Field != "" {
		return e.Field
	}
	return "the file as a whole"
}
