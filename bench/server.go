package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// errNoPostgres: there is none to measure, which the report says.
var errNoPostgres = errors.New("no PostgreSQL is installed (initdb was not found)")

// postgres is a server of our own with the settings it comes with, so it waits for
// the disk; or the one that AVOW_BENCH_POSTGRES names.
type postgres struct {
	dsn  string
	bin  string
	data string
	as   *syscall.Credential // root may not run a server
}

func startPostgres() (*postgres, error) {
	if dsn := os.Getenv("AVOW_BENCH_POSTGRES"); dsn != "" {
		return &postgres{dsn: dsn}, nil
	}
	s := &postgres{bin: postgresBin()}
	if s.bin == "" {
		return nil, errNoPostgres
	}
	dir, err := os.MkdirTemp("", "avow-bench-postgres-") // a place the server's user may enter
	if err != nil {
		return nil, err
	}
	s.data = filepath.Join(dir, "data")
	if err := s.start(dir); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *postgres) start(dir string) error {
	if os.Getuid() == 0 {
		var err error
		if s.as, err = credential("postgres"); err != nil {
			return err
		}
		if err := os.Chown(dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return err
		}
	}
	if err := s.run("initdb", "-D", s.data, "-U", "avow", "-A", "trust", "-E", "UTF8", "--locale=C"); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.dsn = fmt.Sprintf("postgres://avow@127.0.0.1:%d/postgres?sslmode=disable", port)
	return s.run("pg_ctl", "-D", s.data, "-w", "-t", "60", "-s", "-l", filepath.Join(dir, "server.log"), "-o",
		fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=", port), "start")
}

// stop ends a server of ours and removes what it kept.
func (s *postgres) stop() error {
	if s.data == "" {
		return nil
	}
	err := s.run("pg_ctl", "-D", s.data, "-w", "-s", "-m", "immediate", "stop")
	return errors.Join(err, os.RemoveAll(filepath.Dir(s.data)))
}

// run has no pipes: a server that outlives pg_ctl would keep them open.
func (s *postgres) run(program string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = filepath.Dir(s.data)
	if s.as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

// database makes an empty one on the server; drop removes it again.
func (s *postgres) database(ctx context.Context) (dsn string, drop func() error, err error) {
	c, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return "", nil, err
	}
	defer c.Close(ctx)
	name := "avow_bench_" + strings.ToLower(rand.Text()[:10])
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	to := c.Config()
	dsn = fmt.Sprintf("host=%s port=%d user=%s database=%s sslmode=disable", to.Host, to.Port, to.User, name)
	if to.Password != "" {
		dsn += " password='" + strings.ReplaceAll(strings.ReplaceAll(to.Password, `\`, `\\`), "'", `\'`) + "'"
	}
	return dsn, func() error {
		c, err := pgx.Connect(ctx, s.dsn)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		_, err = c.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return err
	}, nil
}

func postgresBin() string {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Sort(dirs)
	slices.Reverse(dirs)
	for _, dir := range append([]string{os.Getenv("PGBIN")}, dirs...) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); dir != "" && err == nil {
			return dir
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// credential is a user of this machine, to run a program as.
func credential(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
