package sqldb_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
)

// A program was killed in the middle of a change of a SQLite file: what it had written of it is
// undone by who may write, before anything is read. Who may not is told why nothing can be read.
func TestWriterWasKilled(t *testing.T) {
	ctx := context.Background()
	c := connecttest.SQLite(t)
	var rows []connect.Row
	for i := range 3000 {
		rows = append(rows, connect.Row{int64(i), fmt.Sprintf("p%d@example.com", i), "Ann", nil, nil})
	}
	connecttest.Create(t, c, connecttest.People(rows...))
	c.Secret = leftBehind(t, c)
	reading := c
	reading.ReadOnly = true
	_, err := sqldb.Open(ctx, reading)
	if avow.KindOf(err) != avow.Unavailable || !strings.Contains(fmt.Sprint(err), "stopped in the middle") {
		t.Fatalf("who may only read is told: %v", err)
	}
	found := connecttest.All(t, open(t, c), connect.Read{Table: "people", Columns: []string{"id", "name"}})
	if len(found) != len(rows) {
		t.Errorf("%d rows", len(found))
	}
	for _, r := range found {
		if connect.Text(r[1]) != "Ann" {
			t.Fatalf("row %v was changed", r)
		}
	}
	connecttest.All(t, open(t, reading), connect.Read{Table: "people", Columns: []string{"id"}})
}

// leftBehind is the file as it is on disk in the middle of a transaction that is more than memory
// holds, with its journal.
func leftBehind(t *testing.T, c connect.Config) (path string) {
	t.Helper()
	ctx := context.Background()
	conn, err := connecttest.Handle(t, c).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range []string{"PRAGMA cache_size = 2", "BEGIN IMMEDIATE", "UPDATE people SET name = 'Nobody'"} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), "left.db")
	for _, more := range []string{"", "-journal"} {
		b, err := os.ReadFile(c.Secret + more)
		if err == nil {
			err = os.WriteFile(path+more, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	return path
}
