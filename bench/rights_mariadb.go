package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver that avow uses
)

// errNoMariaDB: there is none to measure, which the report says.
var errNoMariaDB = errors.New("no MariaDB is installed (mariadbd was not found)")

// mariadb is a server of our own. It waits for the disk as it does when it comes; only
// its buffer is as large as one gives a database of some hundred megabytes.
type mariadb struct {
	dir string
	cmd *exec.Cmd
	dsn string // up to the name of a database
}

func startMariaDB() (*mariadb, error) {
	server, install := programOf("mariadbd", "mysqld"), programOf("mariadb-install-db", "mysql_install_db")
	if server == "" || install == "" {
		return nil, errNoMariaDB
	}
	dir, err := os.MkdirTemp("", "avow-bench-mariadb-") // a place the server's user may enter
	if err != nil {
		return nil, err
	}
	s := &mariadb{dir: dir}
	if err := s.start(server, install); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *mariadb) start(server, install string) error {
	var as *syscall.Credential
	if os.Getuid() == 0 { // root may not run a server
		var err error
		if as, err = credential("mysql"); err != nil {
			return err
		}
		if err := os.Chown(s.dir, int(as.Uid), int(as.Gid)); err != nil {
			return err
		}
	}
	data := "--datadir=" + filepath.Join(s.dir, "data")
	make := s.command(as, install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", data)
	if err := make.Run(); err != nil {
		return fmt.Errorf("%s: %w", install, err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.cmd = s.command(as, server, "--no-defaults", data, "--socket="+filepath.Join(s.dir, "s"), "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port),
		"--skip-name-resolve", "--skip-log-bin", "--character-set-server=utf8mb4", "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M")
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	s.dsn = fmt.Sprintf("root@tcp(127.0.0.1:%d)/", port)
	return s.wait()
}

func (s *mariadb) command(as *syscall.Credential, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir
	if as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	}
	return cmd
}

// wait asks the server until it answers.
func (s *mariadb) wait() error {
	db, err := sql.Open("mysql", s.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for range 600 {
		if err = db.Ping(); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("MariaDB does not answer: %w", err)
}

// database makes an empty one.
func (s *mariadb) database(name string) (dsn string, err error) {
	db, err := sql.Open("mysql", s.dsn)
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.Exec("CREATE DATABASE " + name)
	return s.dsn + name, err
}

// stop ends the server, without waiting for it to tidy up, and removes what it kept.
func (s *mariadb) stop() error {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	}
	return os.RemoveAll(s.dir)
}

func programOf(names ...string) string {
	dirs := append([]string{os.Getenv("MARIADBBIN"), "/usr/sbin", "/usr/bin", "/usr/local/bin"}, strings.Split(os.Getenv("PATH"), ":")...)
	for _, name := range names {
		i := slices.IndexFunc(dirs, func(dir string) bool {
			info, err := os.Stat(filepath.Join(dir, name))
			return dir != "" && err == nil && info.Mode()&0o111 != 0
		})
		if i >= 0 {
			return filepath.Join(dirs[i], name)
		}
	}
	return ""
}
