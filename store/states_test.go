//go:build unix

package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// state runs a child of this test program in a state of the machine, and gives what it says.
func state(t *testing.T, name, path string, as *syscall.Credential) []string {
	t.Helper()
	program := readable(t)
	cmd := exec.Command(program)
	cmd.Dir = filepath.Dir(program)
	cmd.Env = []string{childPath + "=" + path, childState + "=" + name}
	if as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the child: %v: %s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// readable is a copy of this program where every user can run it.
func readable(t *testing.T) string {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(openDir(t), "program")
	if err := os.WriteFile(file, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// openDir is a directory that every user can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "avow-store-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

const childState = "AVOW_STORE_TEST_CHILD_STATE"

// inState is what the child does.
func inState(name, path string) {
	db, err := store.Open(context.Background(), store.Config{Path: path})
	if err != nil {
		fmt.Println("open:", avow.KindOf(err), avow.MessageOf(err))
		return
	}
	defer db.Close()
	if name == "limited" {
		limited(db, path)
		return
	}
	err = db.Write(context.Background(), func(tx *store.Tx) error { return add(tx, "from a child") })
	fmt.Println("write:", avow.KindOf(err), avow.MessageOf(err))
}

// limited writes until the limit on the size of a file is met, and again when it is lifted.
func limited(db *store.DB, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was)
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 200_000, Max: was.Max})
	kept := 0
	write := func() error {
		err := db.Write(context.Background(), func(tx *store.Tx) error {
			return add(tx, fmt.Sprintf("limited %d %s", kept, strings.Repeat("x", 3000)))
		})
		if err == nil {
			kept++
		}
		return err
	}
	err := write()
	for i := 0; i < 500 && err == nil; i++ {
		err = write()
	}
	fmt.Println("limit:", avow.KindOf(err), avow.MessageOf(err))
	err = db.Read(context.Background(), func(tx *store.Tx) error {
		var n int
		return tx.QueryRow("SELECT count(name) FROM things").Scan(&n)
	})
	fmt.Println("read:", err)
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 5000, Max: was.Max})
	err = db.Backup(context.Background(), path+".copy", nil)
	fmt.Println("backup:", avow.KindOf(err), avow.MessageOf(err))
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was)
	fmt.Println("lifted:", write())
	fmt.Println("kept", kept)
}

// A disk that takes no more: a plain sentence, reads go on, nothing acknowledged is
// lost, and it goes on by itself when there is room.
func TestDiskLimited(t *testing.T) {
	c := storetest.SQLite(t)
	things(t, storetest.OpenConfig(t, c))
	said := state(t, "limited", c.Path, nil)
	if len(said) != 5 || !strings.HasPrefix(said[0], "limit: unavailable the disk of the database") || said[1] != "read: <nil>" ||
		!strings.HasPrefix(said[2], "backup: unavailable the backup was not made: the disk it was to be written to") || said[3] != "lifted: <nil>" {
		t.Fatalf("the child says %q", said)
	}
	db := storetest.OpenConfig(t, c)
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint("kept ", len(names(t, db))); got != said[4] || got == "kept 1" {
		t.Errorf("%s, and the child says %s", got, said[4])
	}
}

// What may not be written is not opened, and says so.
func TestReadOnly(t *testing.T) {
	for name, modes := range map[string]struct{ file, dir os.FileMode }{
		"the file":      {0o444, 0o777},
		"the directory": {0o666, 0o555},
		"both":          {0o444, 0o555},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(openDir(t), "data")
			c := store.Config{Path: filepath.Join(dir, "avow.db")}
			db := storetest.OpenConfig(t, c)
			things(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			before := digest(t, c.Path)
			for path, mode := range map[string]os.FileMode{c.Path: modes.file, dir: modes.dir} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			said := state(t, "read-only", c.Path, storetest.AsNobody(t))
			if len(said) != 1 || !strings.Contains(said[0], "unavailable") || !strings.Contains(said[0], "read-only") {
				t.Errorf("the child says %q", said)
			}
			if digest(t, c.Path) != before {
				t.Error("the file changed")
			}
			if err := os.Chmod(dir, 0o755); err != nil { // so that it can be removed
				t.Fatal(err)
			}
		})
	}
}

func digest(t *testing.T, file string) [32]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// A page whose bytes were changed: whoever meets it gets one kind and one sentence,
// Check finds it unmet, and from then on nothing is written.
func TestCorruptedPage(t *testing.T) {
	for name, meet := range map[string]func(*testing.T, *store.DB) error{
		"by Check": func(t *testing.T, db *store.DB) error { return db.Check(t.Context()) },
		"by a read": func(t *testing.T, db *store.DB) error {
			return db.Read(t.Context(), func(tx *store.Tx) error {
				return store.Each(tx, func(r *store.Rows) error { var n int; return r.Scan(&n) }, "SELECT amount FROM things")
			})
		},
		"by a write": func(t *testing.T, db *store.DB) error {
			return db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec("UPDATE things SET amount = amount + 1"); return err })
		},
		"by a backup": func(t *testing.T, db *store.DB) error {
			return db.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db"), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := storetest.SQLite(t)
			corrupt(t, c)
			before := digest(t, c.Path)
			db, err := store.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if err := meet(t, db); avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "the database file is damaged") {
				t.Errorf("got %v", err)
			}
			if name != "by a backup" { // its own copy is what it found broken
				err = db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "over it") })
				if avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "damaged") {
					t.Errorf("a write afterwards: %v", err)
				}
				if err := db.Ping(t.Context()); avow.KindOf(err) != avow.Unavailable {
					t.Errorf("a ping afterwards: %v", err)
				}
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if digest(t, c.Path) != before {
				t.Error("something was written over the damage")
			}
		})
	}
}

// corrupt makes a database of several hundred pages and spoils the heads of some.
func corrupt(t *testing.T, c store.Config) {
	t.Helper()
	db := storetest.OpenConfig(t, c)
	things(t, db)
	err := db.Write(t.Context(), func(tx *store.Tx) error { return insertThings(tx, strings.Repeat("y", 900), 800) })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(c.Path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := int64(60); page < 70; page++ {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 32), page*4096); err != nil {
			t.Fatal(err)
		}
	}
}

// A PostgreSQL server that takes no writes, as one that follows another: said so,
// reads go on, and writes do by themselves once it takes them.
func TestReadOnlyServer(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		db := storetest.OpenConfig(t, c)
		things(t, db)
		name := c.DSN[strings.LastIndex(c.DSN, "/")+1:]
		server := os.Getenv("AVOW_TEST_POSTGRES")
		write := func() error {
			return db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "row") })
		}
		name, _, _ = strings.Cut(name, "?")
		storetest.Exec(t, server, "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
		storetest.Exec(t, server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
		for range 3 {
			if err := write(); avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "read-only") {
				t.Errorf("a write: %v", err)
			}
		}
		names(t, db)
		storetest.Exec(t, server, "ALTER DATABASE "+name+" RESET default_transaction_read_only")
		var err error
		for range 4 { // connections of before are given up one by one
			if err = write(); err == nil {
				break
			}
		}
		if err != nil || len(names(t, db)) != 1 {
			t.Errorf("when it takes writes again: %v", err)
		}
	})
}

// A server stopped, and one killed, while many write, and started again: what was
// acknowledged is there once, what was refused is not, and it goes on by itself.
func TestServerRestarts(t *testing.T) {
	server := storetest.StartServer(t)
	for name, end := range map[string]func(){"stopped": server.Stop, "killed": server.Kill} {
		t.Run(name, func(t *testing.T) {
			db := storetest.OpenConfig(t, server.Config("db_"+name))
			things(t, db)
			heard := &ear{}
			db.Hear("things", heard.hear)
			heard.await(t, nil)
			var (
				wg             sync.WaitGroup
				mu             sync.Mutex
				kept           = map[string]bool{}
				refused        = map[string]error{}
				enough, refuse atomic.Int64
				stop           = make(chan struct{})
			)
			for g := range 8 {
				wg.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						default:
						}
						name := fmt.Sprintf("%d-%d", g, i)
						err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, name) })
						mu.Lock()
						switch {
						case err == nil:
							kept[name] = true
							enough.Add(1)
						case avow.KindOf(err) == avow.Unavailable:
							refuse.Add(1)
							refused[name] = err
						default:
							t.Error(err)
						}
						mu.Unlock()
					}
				})
			}
			until(t, func() bool { return enough.Load() > 100 })
			end()
			if name == "stopped" { // unless a commit was cut off: that one waits for an answer
				for end := time.Now().Add(3 * time.Second); refuse.Load() < 20 && time.Now().Before(end); {
					time.Sleep(time.Millisecond)
				}
			}
			server.Start()
			enough.Store(0)
			until(t, func() bool { return enough.Load() > 100 })
			close(stop)
			wg.Wait()
			got := names(t, db)
			for _, name := range got {
				if !kept[name] {
					t.Errorf("%s was refused and is there: %v", name, refused[name])
				}
				delete(kept, name)
			}
			if len(kept) > 0 {
				t.Errorf("%d acknowledged rows are gone", len(kept))
			}
			heard.await(t, nil) // the listener is back as well
		})
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("this never happened")
		}
	}
}
