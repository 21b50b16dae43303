package vault_test

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow/store"
)

// faulty has the database refuse one of the writes to come, as a failing disk does: the
// statement fails, and the transaction with it. 0 is none.
type faulty struct {
	t  *testing.T
	db *store.DB
}

func (h *house) faults() []faulty {
	h.t.Helper()
	list := []faulty{{h.t, h.db}}
	if h.db.Kind() == store.SQLite {
		list = append(list, faulty{h.t, h.keysDB()})
	}
	for _, f := range list {
		f.install()
	}
	return list
}

func (f faulty) write(statements ...string) {
	f.t.Helper()
	err := f.db.Write(f.t.Context(), func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// install puts a trigger before every write of every table of the vault. PostgreSQL
// counts with a sequence, because that outlives the failure; SQLite counts in a table,
// which fails again at the same write until it is set anew.
func (f faulty) install() {
	f.t.Helper()
	var tables []string
	list := "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'vault%' AND name NOT LIKE '%_schema'"
	if f.db.Kind() == store.PostgreSQL {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'vault%' AND table_name NOT LIKE '%_schema'"
	}
	err := f.db.Read(f.t.Context(), func(tx *store.Tx) (err error) {
		tables, err = store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) }, list)
		return err
	})
	if err != nil || len(tables) == 0 {
		f.t.Fatal(tables, err)
	}
	if f.db.Kind() == store.PostgreSQL {
		f.write("CREATE SEQUENCE faults", "CREATE TABLE fault (at BIGINT NOT NULL)", "INSERT INTO fault VALUES (0)",
			`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
				IF nextval(''faults'') = (SELECT at FROM fault) THEN RAISE EXCEPTION ''fault''; END IF; RETURN NULL; END'`)
		for _, table := range tables {
			f.write("CREATE TRIGGER fail_" + table + " BEFORE INSERT OR UPDATE OR DELETE ON " + table + " FOR EACH STATEMENT EXECUTE FUNCTION fail()")
		}
		return
	}
	f.write("CREATE TABLE fault (at INTEGER NOT NULL)", "INSERT INTO fault VALUES (0)")
	for _, table := range tables {
		for _, what := range []string{"INSERT", "UPDATE", "DELETE"} {
			f.write("CREATE TRIGGER fail_" + what + table + " BEFORE " + what + " ON " + table + ` BEGIN
				UPDATE fault SET at = at - 1;
				SELECT RAISE(ABORT, 'fault') FROM fault WHERE at = 0; END`)
		}
	}
}

func (f faulty) set(at int) {
	f.t.Helper()
	f.write(fmt.Sprint("UPDATE fault SET at = ", at))
	if f.db.Kind() == store.PostgreSQL {
		f.write("ALTER SEQUENCE faults RESTART")
	}
}
