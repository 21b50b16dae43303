//go:build unix

package storetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/avowhq/avow/store"
)

// Server is a PostgreSQL server of the test's own, which can be stopped, killed
// and started again. Unlike that of scripts/postgres.sh it waits for the disk, so
// that what it acknowledged survives being killed.
type Server struct {
	tb   testing.TB
	bin  string
	data string
	port int
	as   *syscall.Credential // root may not run a server
}

// StartServer makes and starts one; it ends with the test.
func StartServer(tb testing.TB) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "avow-postgres-")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, bin: PostgresBin(tb), data: filepath.Join(dir, "data"), port: freePort(tb)}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		s.as = credential(tb, "postgres")
		if err := os.Chown(dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	s.run("initdb", "-D", s.data, "-U", "avow", "-A", "trust", "-E", "UTF8", "--locale=C")
	tb.Cleanup(s.Kill)
	s.Start()
	return s
}

// Start starts the server and waits until it answers.
func (s *Server) Start() {
	s.tb.Helper()
	s.run("pg_ctl", "-D", s.data, "-w", "-t", "60", "-s", "-l", filepath.Join(filepath.Dir(s.data), "server.log"), "-o",
		fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories= -c deadlock_timeout=100ms", s.port), "start")
}

// Stop stops it as an administrator does: connections are ended, transactions rolled back.
func (s *Server) Stop() {
	s.tb.Helper()
	s.run("pg_ctl", "-D", s.data, "-w", "-s", "-m", "fast", "stop")
}

// Kill stops it as a crash does; it recovers at the next Start. A server that does not run stays so.
func (s *Server) Kill() {
	s.command("pg_ctl", "-D", s.data, "-w", "-s", "-m", "immediate", "stop").Run()
}

// Config is an empty database on it, which lives as long as the server's directory.
func (s *Server) Config(name string) store.Config {
	s.tb.Helper()
	Exec(s.tb, s.dsn("postgres"), "CREATE DATABASE "+name)
	return store.Config{DSN: s.dsn(name), Readers: 4}
}

func (s *Server) dsn(name string) string {
	return fmt.Sprintf("postgres://avow@127.0.0.1:%d/%s?sslmode=disable", s.port, name)
}

func (s *Server) run(program string, args ...string) {
	s.tb.Helper()
	if err := s.command(program, args...).Run(); err != nil {
		s.tb.Fatalf("%s: %v", program, err)
	}
}

// command has no pipes: a server that outlives pg_ctl would keep them open.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = filepath.Dir(s.data)
	if s.as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	}
	return cmd
}

// credential is a user of this machine, to run a program as when root tests.
func credential(tb testing.TB, name string) *syscall.Credential {
	tb.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		tb.Fatalf("the user %s has no number", name)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// AsNobody is a credential that file permissions bind: nobody's when root tests, else none is needed.
func AsNobody(tb testing.TB) *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	return credential(tb, "nobody")
}

func freePort(tb testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
