package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/avowhq/avow/examples"
)

// logBook keeps what a server logs, for a test that reads it.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// startDemo starts the demonstration on a free port, on SQLite when database is
// empty, and stops it with the test.
func startDemo(t *testing.T, database string) (*server, *logBook) {
	t.Helper()
	book := &logBook{}
	c := demoCommand{Check: true, Database: database}
	s, err := c.start(context.Background(), t.TempDir(), book.logger())
	if err != nil {
		t.Fatal(err)
	}
	stopWith(t, s)
	return s, book
}

// startPlain starts a server without the demonstration, over dir, with the policies
// named below examples/; more changes its configuration.
func startPlain(t *testing.T, dir string, more func(*serverConfig), policies ...string) (*server, *logBook) {
	t.Helper()
	book := &logBook{}
	c := serverConfig{where: where{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys")},
		listening: listening{Listen: "127.0.0.1:0"}, out: book.logger()}
	for _, p := range policies {
		c.Policy = append(c.Policy, filepath.Join("..", "..", "examples", p))
	}
	if more != nil {
		more(&c)
	}
	s, err := startServer(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	stopWith(t, s)
	return s, book
}

func stopWith(t *testing.T, s *server) {
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server does not stop: %v", err)
		}
	})
}

// publishExample publishes a file of examples/ on a running server.
func publishExample(t *testing.T, s *server, name string) {
	t.Helper()
	src, err := examples.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.consent.Publish(context.Background(), name, src); err != nil {
		t.Fatal(err)
	}
}
