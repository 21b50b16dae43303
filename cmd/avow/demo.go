package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api"
	"github.com/avowhq/avow/cmd/avow/demo"
	"github.com/avowhq/avow/examples"
)

// demoCommand starts the fictional organisation, or plays its story and leaves.
type demoCommand struct {
	Check    bool   `help:"Play the story over HTTP, print what each step proved, and exit 1 where a promise broke."`
	Listen   string `help:"The address to open it on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Database string `help:"An empty PostgreSQL database to use instead of SQLite." placeholder:"DSN"`
	Data     string `help:"Keep the data here, for the next time. By default it goes when the demonstration ends." placeholder:"DIR"`
}

// demoPolicy is the policy of the fictional organisation.
const demoPolicy = "harbour-demo/policy.yaml"

// Run starts the demonstration.
func (c *demoCommand) Run(ctx context.Context, t *terminal) error {
	dir, clean, err := c.directory()
	if err != nil {
		return err
	}
	defer clean()
	level := slog.LevelWarn
	s, err := c.start(ctx, dir, slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: level})))
	if err != nil {
		return err
	}
	if c.Check {
		story := demo.Story{Base: s.url, Token: s.demoToken, Out: t.out, Traces: s.traces}
		if err := story.Play(ctx); err != nil {
			return errors.Join(outcome(exitWrong), s.stop())
		}
		return s.stop()
	}
	fmt.Fprintf(t.out, "The demonstration is open at %s\nEnd it with Ctrl-C.\n", s.url)
	<-ctx.Done()
	return s.stop()
}

// auditEvery is often for a newcomer, who waits for it; the story that plays by itself asks for each audit.
func (c *demoCommand) auditEvery() time.Duration {
	if c.Check {
		return time.Hour
	}
	return 2 * time.Second
}

func (c *demoCommand) directory() (dir string, clean func(), err error) {
	if c.Data != "" {
		return c.Data, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "avow-demo-")
	if err != nil {
		return "", nil, avow.Errorf(avow.Unavailable, "no directory for the demonstration can be made: %w", err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

func (c *demoCommand) start(ctx context.Context, dir string, log *slog.Logger) (*server, error) {
	file := filepath.Join(dir, "policy.yaml")
	src, err := examples.Read(demoPolicy)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the directory %s cannot be made: %w", dir, err)
	}
	if err := os.WriteFile(file, src, 0o600); err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the policy of the demonstration cannot be written: %w", err)
	}
	return startServer(ctx, serverConfig{
		where:     where{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys"), Database: c.Database},
		listening: listening{Listen: c.address(), Policy: []string{file}},
		proving:   proving{AuditEvery: c.auditEvery()},
		out:       log, demo: openDemo,
	})
}

// address is where to listen: for a check, and when nothing was chosen and the usual
// port is taken, any free one.
func (c *demoCommand) address() string {
	if c.Check {
		return "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil && c.Listen == "127.0.0.1:8080" {
		return "127.0.0.1:0"
	}
	if err == nil {
		l.Close()
	}
	return c.Listen
}

// openDemo adds the demonstration's own pages, and a token for its systems.
func openDemo(s *server, mux *http.ServeMux) error {
	token, caller := api.NewToken("shop", []string{api.SystemRole})
	s.keys.Set([]api.Caller{caller})
	s.demoToken = token
	src, err := examples.Read(demoPolicy)
	if err != nil {
		return err
	}
	insider := &demo.Insider{Driver: "sqlite", DSN: "file:" + s.databaseFile() + "?_pragma=busy_timeout(10000)"}
	if s.Database != "" {
		insider.Driver, insider.DSN = "pgx", s.Database
	}
	pages := &demo.Pages{Base: s.url, Token: token, Source: string(src), Mailbox: s.mailbox, Show: s.pages.Show, Fail: s.pages.Fail,
		Insider: insider, Audit: s.auditNow, Records: s.pages.RecordsPart, Log: s.ledger.Key}
	return pages.Routes(mux)
}
