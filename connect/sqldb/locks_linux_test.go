package sqldb_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/avowhq/avow/connect"
)

// Looking at a SQLite file must leave the locks of this process on it alone: without them another
// program writes into the same pages, and what both committed is lost.
func TestDescribeLeavesLocks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "club.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT)"); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("INSERT INTO members VALUES (1, 'ann@example.com')"); err != nil {
		t.Fatal(err)
	}
	if !reserved(t, file) {
		t.Fatal("a transaction that writes has no lock: this test would see nothing")
	}
	s := open(t, connect.Config{System: "club", Kind: "sqlite", Secret: file})
	defer s.Close()
	for range 3 {
		schema, err := s.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(schema.Tables) != 1 || !reserved(t, file) {
			t.Fatalf("after a look at its %d tables the lock of a transaction is gone", len(schema.Tables))
		}
	}
}

// reserved asks as another program would whether somebody has the right to write (the file format of
// SQLite, 1.3: the byte after the pending one). Its descriptor stays open, as closing it would end the locks.
func reserved(t *testing.T, file string) bool {
	t.Helper()
	const getOwned, reservedByte = 36, 0x40000000 + 1 // F_OFD_GETLK: of this open file, not of the process
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	l := syscall.Flock_t{Type: syscall.F_WRLCK, Start: reservedByte, Len: 1}
	if err := syscall.FcntlFlock(f.Fd(), getOwned, &l); err != nil {
		t.Fatal(err)
	}
	return l.Type != syscall.F_UNLCK
}
