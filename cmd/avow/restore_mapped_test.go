package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"golang.org/x/tools/txtar"
)

// TestReplayAfterBothAreRestored: avow's own records and a mapped system are put back from
// before an erasure. The records know nothing of the request then; what lies beside the keys does, and Ann is erased again.
func TestReplayAfterBothAreRestored(t *testing.T) {
	for _, kind := range storetest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			w := newRestoredShop(t, kind.Name)
			w.avow(0, "rights", "erase", "--identity", "email=cleo@example.com")
			w.backUp()
			w.avow(0, "rights", "erase", "--identity", "email=ann@example.com", "--identity", "phone=020 7946 0001")
			if got := w.customers(); strings.Contains(got, "Ann") || strings.Contains(got, "Cleo") {
				t.Fatalf("the shop before the disaster: %s", got)
			}
			bob := w.customers("id = 2")

			w.restore()
			if got := w.customers(); !strings.Contains(got, "ann@example.com") || strings.Contains(got, "Cleo") {
				t.Fatalf("the shop as it was put back: %s", got)
			}
			if got := w.avow(0, "rights", "list", "--ended"); strings.Count(got, "\n") != 1 {
				t.Fatalf("these records should know one request, Cleo's:\n%s", got)
			}
			if got := w.avow(0, "rights", "replay", "--since", "2999-01-01", "--dry-run"); got != "0 people are back\n" {
				t.Errorf("nobody was erased in the future: %s", got)
			}
			if got := w.avow(0, "rights", "replay", "--since", "2000-01-01"); !strings.HasSuffix(got, "\n1 person is back\n") || !strings.Contains(got, "erased again by request") {
				t.Errorf("the replay says: %s", got)
			}
			if got := w.customers(); strings.Contains(got, "Ann") || strings.Contains(got, "ann@") || strings.Contains(got, "0001") {
				t.Errorf("Ann is still in the shop: %s", got)
			}
			if got := w.customers("id = 2"); got != bob || !strings.Contains(bob, "Bob") {
				t.Errorf("Bob was %s, and is %s", bob, got)
			}
			if got := w.avow(0, "rights", "replay", "--since", "2000-01-01", "--dry-run"); got != "0 people are back\n" {
				t.Errorf("after it the replay says: %s", got)
			}
			w.avow(0, "audit")
		})
	}
}

// TestRestoreEndsRequests: a request that waited for a system when the backup was made, and was done since, is closed by the
// restore; nobody is asked for anything again, and its person is erased again by the replay.
func TestRestoreEndsRequests(t *testing.T) {
	for _, kind := range storetest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			w := newRestoredShop(t, kind.Name)
			right := os.Getenv("SHOP")
			t.Setenv("SHOP", "file:")
			w.avow(1, "rights", "erase", "--identity", "email=ann@example.com")
			if got := w.avow(0, "rights", "list"); strings.Count(got, "\n") != 1 {
				t.Fatalf("it does not wait: %s", got)
			}
			w.backUp()
			t.Setenv("SHOP", right)
			w.avow(0, "rights", "continue")
			if got := w.customers(); strings.Contains(got, "ann@") {
				t.Fatalf("the shop: %s", got)
			}
			if said := w.restore(); !strings.Contains(said, "\n1 requests that were open") {
				t.Errorf("the restore says: %s", said)
			}
			if got := w.avow(0, "rights", "list"); got != "" {
				t.Errorf("still open: %s", got)
			}
			if got := w.avow(0, "rights", "replay", "--since", "2000-01-01"); !strings.HasSuffix(got, "\n1 person is back\n") {
				t.Errorf("the replay says: %s", got)
			}
			if got := w.customers(); strings.Contains(got, "ann@") || !strings.Contains(got, "bob@") {
				t.Errorf("the shop after it: %s", got)
			}
			w.avow(0, "audit")
		})
	}
}

// TestReplayCountsPeople: somebody erased by the address in one request and by the number in another is one
// person, because one row has both; two people who each have a row are two.
func TestReplayCountsPeople(t *testing.T) {
	w := newRestoredShop(t, store.SQLite.String())
	w.avow(0, "rights", "erase", "--identity", "email=cleo@example.com")
	w.backUp()
	w.avow(0, "rights", "erase", "--identity", "email=ann@example.com")
	w.avow(0, "rights", "erase", "--identity", "phone=020 7946 0001")
	w.avow(0, "rights", "erase", "--identity", "phone=+44 20 7946 0002")
	w.restore()
	got := w.avow(0, "rights", "replay", "--since", "2000-01-01", "--dry-run")
	if !strings.HasSuffix(got, "\n2 people are back\n") || strings.Count(got, "\n") != 3 {
		t.Errorf("the replay says: %s", got)
	}
}

// restoredShop is avow and a shop, each of which is put back from a backup.
type restoredShop struct {
	t     *testing.T
	dir   string
	where []string
	shop  store.Config
	avows store.Config // on PostgreSQL
	bin   string
}

func newRestoredShop(t *testing.T, kind string) *restoredShop {
	t.Helper()
	w := &restoredShop{t: t, dir: t.TempDir(), shop: storetest.SQLite(t)}
	system, secret := "sqlite", w.shop.Path
	w.where = []string{"--data", w.path("data"), "--keys", w.path("keys")}
	if kind == store.PostgreSQL.String() {
		w.bin = storetest.PostgresBin(t)
		w.shop, w.avows = storetest.PostgreSQL(t), storetest.PostgreSQL(t)
		system, secret = "postgresql", w.shop.DSN
	}
	script, err := txtar.ParseFile(filepath.Join("testdata", "script", "rights.txtar"))
	w.check(err)
	for _, f := range script.Files {
		w.check(os.MkdirAll(filepath.Dir(w.path(f.Name)), 0o700))
		w.check(os.WriteFile(w.path(f.Name), bytes.Replace(f.Data, []byte("kind: sqlite"), []byte("kind: "+system), 1), 0o600))
	}
	t.Setenv("SHOP", secret)
	made, err := os.ReadFile(w.path("shop.sql"))
	w.check(err)
	w.inShop(func(tx *store.Tx) error {
		for _, statement := range strings.Split(string(made), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO customers (id, name, email, phone) VALUES (3, 'Cleo', 'cleo@example.com', '+44 20 7946 0003')`)
		return err
	})
	return w
}

func (w *restoredShop) path(name string) string { return filepath.Join(w.dir, name) }

func (w *restoredShop) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *restoredShop) inShop(f func(tx *store.Tx) error) {
	w.t.Helper()
	db, err := store.Open(context.Background(), w.shop)
	w.check(err)
	defer db.Close()
	w.check(db.Write(context.Background(), f))
}

// customers is the shop's customers as they stand there.
func (w *restoredShop) customers(where ...string) (out string) {
	w.t.Helper()
	w.inShop(func(tx *store.Tx) error {
		list, err := store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) },
			`SELECT id || ' ' || name || ' ' || email || ' ' || COALESCE(phone, '') || ' ' || restricted FROM customers WHERE `+strings.Join(append(where, "id > 0"), " AND ")+` ORDER BY id`)
		out = strings.Join(list, "; ")
		return err
	})
	return out
}

// avow runs a command, and gives what it printed.
func (w *restoredShop) avow(code int, args ...string) string {
	w.t.Helper()
	if args[0] == "rights" {
		args = append(args, "--policy", w.path("policy.yaml"))
	}
	args = append(args, w.where...)
	if w.avows.DSN != "" {
		args = append(args, "--database", w.avows.DSN)
	}
	var out, wrong bytes.Buffer
	if got := run(context.Background(), args, &terminal{strings.NewReader(""), &out, &wrong}); got != code {
		w.t.Fatalf("avow %s ended with %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), wrong.String())
	}
	return out.String()
}

func (w *restoredShop) tool(name string, args ...string) {
	w.t.Helper()
	if out, err := exec.Command(filepath.Join(w.bin, name), args...).CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func (w *restoredShop) backUp() {
	w.t.Helper()
	if w.bin == "" {
		w.avow(0, "backup", w.path("backup"))
		w.tool("cp", w.shop.Path, w.path("shop.backup"))
		return
	}
	args := []string{"--format=custom", "--file=" + w.path("avow.dump"), "--dbname=" + w.avows.DSN}
	for _, table := range keyTables {
		args = append(args, "--exclude-table-data="+table)
	}
	w.tool("pg_dump", args...)
	w.tool("pg_dump", "--format=custom", "--file="+w.path("shop.dump"), "--dbname="+w.shop.DSN)
}

// keyTables stay out of the dumps of the data, and are dumped by themselves, later and often.
var keyTables = [...]string{"vault_keys", "vault_keyset", "vault_rotations", "vault_stops"}

// restore puts both back, and gives what avow restore said.
func (w *restoredShop) restore() string {
	w.t.Helper()
	if w.bin == "" {
		said := w.avow(0, "restore", "--yes", w.path("backup"))
		for _, journal := range []string{"-wal", "-shm"} {
			os.Remove(w.shop.Path + journal)
		}
		w.tool("cp", w.path("shop.backup"), w.shop.Path)
		return said
	}
	args := []string{"--format=custom", "--data-only", "--file=" + w.path("keys.dump"), "--dbname=" + w.avows.DSN}
	for _, table := range keyTables {
		args = append(args, "--table="+table)
	}
	w.tool("pg_dump", args...)
	w.avows = storetest.PostgreSQL(w.t)
	w.tool("pg_restore", "--exit-on-error", "--no-owner", "--dbname="+w.avows.DSN, w.path("avow.dump"))
	w.tool("pg_restore", "--exit-on-error", "--no-owner", "--dbname="+w.avows.DSN, w.path("keys.dump"))
	w.tool("pg_restore", "--exit-on-error", "--clean", "--no-owner", "--dbname="+w.shop.DSN, w.path("shop.dump"))
	return w.avow(0, "restore")
}
