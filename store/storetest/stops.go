package storetest

import (
	"crypto/sha256"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"
)

// Stops copies a directory as it is on disk right before and right after each commit
// of the SQLite databases in it: what a machine finds that stopped there. Right
// before, nothing of the transaction counts yet; right after, all of it does, and
// whoever asked for it was told nothing.
type Stops struct {
	tb  testing.TB
	dir string

	mu     sync.Mutex
	during bool
	stops  []Stop
	last   [sha256.Size]byte
}

// Stop is one such copy.
type Stop struct {
	Dir  string // the copy, which the test may change
	When string // for people: "before a commit of keys.db"
}

// WatchStops is called before the databases are opened. Its commits may come from any connection.
func WatchStops(tb testing.TB, dir string) *Stops {
	tb.Helper()
	s := &Stops{tb: tb, dir: dir}
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, dsn string) error {
		u, err := url.Parse(dsn)
		if err != nil || !strings.HasPrefix(u.Path, dir+string(filepath.Separator)) {
			return nil
		}
		s.watch(c.(sqlite.HookRegisterer), filepath.Base(u.Path))
		return nil
	})
	return s
}

// watch looks before a commit, and before the first row that the next transaction changes.
func (s *Stops) watch(c sqlite.HookRegisterer, file string) {
	begun := false
	c.RegisterPreUpdateHook(func(sqlite.SQLitePreUpdateData) {
		if !begun {
			begun = true
			s.look("before a transaction of " + file)
		}
	})
	c.RegisterCommitHook(func() int32 {
		begun = false
		s.look("before a commit of " + file)
		return 0
	})
	c.RegisterRollbackHook(func() { begun = false })
}

// During runs f and returns the stops there could have been meanwhile, each state of the disk once.
func (s *Stops) During(f func()) []Stop {
	s.tb.Helper()
	s.mu.Lock()
	s.during, s.stops, s.last = true, nil, [sha256.Size]byte{}
	s.mu.Unlock()
	f()
	s.look("after the last commit")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.during = false
	return s.stops
}

func (s *Stops) look(when string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.during {
		return
	}
	files, err := s.files()
	if err != nil {
		s.tb.Error(err)
		return
	}
	if now := digest(files); now != s.last {
		s.last = now
		s.stops = append(s.stops, Stop{s.keep(files), when})
	}
}

// files reads all but what SQLite makes anew from the rest.
func (s *Stops) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		name, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	return files, err
}

func digest(files map[string][]byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, name := range names(files) {
		one := sha256.Sum256(files[name])
		h.Write(append([]byte(name+"\x00"), one[:]...))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func names(files map[string][]byte) (out []string) {
	for name := range files {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (s *Stops) keep(files map[string][]byte) (dir string) {
	dir = s.tb.TempDir()
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			s.tb.Error(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			s.tb.Error(err)
		}
	}
	return dir
}
