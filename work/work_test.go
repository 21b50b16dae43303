package work_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
	"github.com/avowhq/avow/work"
)

// node is one process of a house: its own pools, vault, ledger and work.
type node struct {
	*work.Work
	tb     testing.TB
	db     *store.DB
	ledger *ledger.Ledger
	said   *journal
}

// journal keeps what was logged.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// rows is what the effects of these tests write; nothing in it forbids a second row.
var rowsTable = fstest.MapFS{"00001_rows.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effect_rows (effect TEXT NOT NULL, event {{bigint}} NOT NULL, n {{bigint}} NOT NULL){{strict}};\nCREATE INDEX effect_rows_n ON effect_rows (effect, n);\n")}}

func each(t *testing.T, test func(t *testing.T, c store.Config, dir string)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(t, c, t.TempDir()) })
}

// quick is a configuration with short waits.
func quick() work.Config {
	return work.Config{Poll: 200 * time.Millisecond, Lease: 600 * time.Millisecond, Backoff: 5 * time.Millisecond, Tries: 4}
}

// open opens a node; several on one configuration and directory are nodes of one house.
func open(tb testing.TB, c store.Config, dir string, wc work.Config) *node {
	tb.Helper()
	n := &node{tb: tb, said: &journal{}}
	n.db = storetest.OpenConfig(tb, c)
	must(tb, n.db.Migrate(context.Background(), "rows", rowsTable))
	v, err := vault.Open(context.Background(), n.db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
	must(tb, err)
	tb.Cleanup(func() { v.Close() })
	n.ledger, err = ledger.Open(context.Background(), n.db, v, ledger.Config{})
	must(tb, err)
	tb.Cleanup(func() { n.ledger.Close() })
	wc.DB, wc.Ledger = n.db, n.ledger
	if wc.Clock == nil {
		wc.Clock = time.Now
	}
	wc.Log = slog.New(slog.NewTextHandler(n.said, nil))
	n.Work, err = work.Open(context.Background(), wc)
	must(tb, err)
	return n
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// start starts the node, and stops it with the test.
func (n *node) start() {
	n.tb.Helper()
	must(n.tb, n.Start(context.Background()))
	n.tb.Cleanup(func() { n.halt() })
}

func (n *node) halt() {
	n.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		n.tb.Error(err)
	}
}

// append adds events, of which every third is a withdrawal and the others published notices.
func (n *node) append(count int) {
	n.tb.Helper()
	must(n.tb, n.db.Write(context.Background(), func(tx *store.Tx) error { return n.add(tx, count) }))
}

func (n *node) add(tx *store.Tx, count int) error {
	for i := range count {
		e := ledger.Event{Type: ledger.NoticePublished, Policy: "website", Version: 1, Body: json.RawMessage(`{"n":1}`)}
		if i%3 == 0 {
			e.Type = ledger.ConsentWithdrawn
		}
		if _, err := n.ledger.Append(tx, e); err != nil {
			return err
		}
	}
	return nil
}

// row is the effect of these tests.
func row(name string) func(*store.Tx, ledger.Entry) error {
	return func(tx *store.Tx, e ledger.Entry) error {
		_, err := tx.Exec("INSERT INTO effect_rows (effect, event, n) SELECT ?, ?, coalesce(max(n), 0) + 1 FROM effect_rows WHERE effect = ?", name, e.Index, name)
		return err
	}
}

// rows lists the events an effect left rows of, in the order in which it did.
func (n *node) rows(name string) []int64 {
	n.tb.Helper()
	var list []int64
	must(n.tb, n.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		list, err = store.Collect(tx, func(r *store.Rows) (i int64, err error) { return i, r.Scan(&i) },
			"SELECT event FROM effect_rows WHERE effect = ? ORDER BY n, event", name)
		return err
	}))
	return list
}

// events lists the events of a type.
func (n *node) events(types ...ledger.Type) []int64 {
	n.tb.Helper()
	list := []int64{}
	must(n.tb, n.db.Read(context.Background(), func(tx *store.Tx) error {
		entries, err := n.ledger.Read(tx, 0, 1_000_000)
		list = list[:0]
		for _, e := range entries {
			if slices.Contains(types, e.Type) {
				list = append(list, e.Index)
			}
		}
		return err
	}))
	return list
}

func (n *node) count(query string, args ...any) (count int) {
	n.tb.Helper()
	must(n.tb, n.db.Read(context.Background(), func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&count) }))
	return count
}

func (n *node) state(name string) work.State {
	n.tb.Helper()
	list, err := n.State(context.Background())
	must(n.tb, err)
	for _, s := range list {
		if s.Name == name {
			return s
		}
	}
	n.tb.Fatalf("no state of %s", name)
	return work.State{}
}

// until waits for something to become true.
func until(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for range 6000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatalf("this never came: %s", what)
}

// done waits until an effect has come to the head with nothing waiting.
func (n *node) done(name string) {
	n.tb.Helper()
	until(n.tb, name+" at the head", func() bool {
		s := n.state(name)
		return s.Lag == 0 && s.Waiting == 0
	})
}

// once checks that an effect left exactly one row of each event of a type, but for those excused.
func (n *node) once(name string, typ ledger.Type, excused ...int64) {
	n.tb.Helper()
	got := n.rows(name)
	slices.Sort(got)
	want := slices.DeleteFunc(n.events(typ), func(i int64) bool { return slices.Contains(excused, i) })
	if !slices.Equal(got, want) {
		n.tb.Errorf("%s: %d rows of %d events: %s", name, len(got), len(want), difference(got, want))
	}
}

func difference(got, want []int64) string {
	times := map[int64]int{}
	for _, i := range got {
		times[i]++
	}
	for _, i := range want {
		times[i]--
	}
	var out []string
	for i, n := range times {
		if n != 0 {
			out = append(out, fmt.Sprintf("event %d %+d", i, n))
		}
	}
	slices.Sort(out)
	return fmt.Sprint(out[:min(len(out), 20)])
}
