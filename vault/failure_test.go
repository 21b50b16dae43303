package vault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
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

// Every write of every act of the vault fails once: then nothing of its step is there
// and all that is promised holds; done again it comes to the same as without the
// failure, and done once more, as by somebody who was not told, it changes nothing.
func TestEveryWriteFails(t *testing.T) {
	var imp avow.ID
	act := func(f func(h *house, tx *store.Tx) error) func(h *house) error {
		return func(h *house) error { return h.db.Write(h.t.Context(), func(tx *store.Tx) error { return f(h, tx) }) }
	}
	ann, home, bob := email("ann@example.com"), email("ann@home.example"), email("bob@example.com")
	until := func(step func(h *house) (bool, error)) func(h *house) error {
		return func(h *house) error {
			for {
				if more, err := step(h); err != nil || !more {
					return err
				}
			}
		}
	}
	first := func(h *house, id vault.Identity) avow.ID {
		found := h.find(id)
		if len(found) == 0 {
			return avow.ID{}
		}
		return found[0].Subject
	}
	stage := func(h *house) {
		imp = avow.NewID(h.now)
		h.stage(imp, "Imported", proved(ann), home)
		h.stage(imp, "Also", email("also@example.com"))
		h.stage(imp, "Twice", bob)
	}
	for _, c := range []struct {
		name   string
		before func(h *house)
		do     func(h *house) error
		want   string // what the three addresses find afterwards
		once   bool   // done again it is refused, and that is all
	}{
		{name: "claim and put", do: act(func(h *house, tx *store.Tx) error {
			s, err := h.Claim(tx, ann)
			if err == nil {
				_, err = h.Put(tx, contact(s, "name", "Ann"))
			}
			return err
		}), want: "claimed: Ann | |"},
		{name: "verify", before: func(h *house) {
			h.put(contact(h.verify(ann).Subject, "name", "Ann"))
			h.put(contact(h.claim(ann), "name", "Anna"))
		}, do: act(func(h *house, tx *store.Tx) error { _, err := h.Verify(tx, ann); return err }), want: "verified: Ann Anna | |"},
		{name: "verify another", before: func(h *house) {
			h.put(contact(h.verify(ann).Subject, "name", "Ann"))
			h.put(contact(h.verify(home).Subject, "name", "Home"))
			h.put(contact(h.claim(home), "name", "Claimed"))
		}, do: act(func(h *house, tx *store.Tx) error {
			found, err := h.Find(tx, ann)
			if err == nil {
				_, err = h.VerifyAs(tx, found[0].Subject, home)
			}
			return err
		}), want: "verified: Ann Claimed Home | verified: Ann Claimed Home |"},
		{name: "employer", before: func(h *house) { h.put(contact(h.claim(ann), "name", "Ann")) }, do: func(h *house) error {
			return act(func(h *house, tx *store.Tx) error { return h.SetEmployer(tx, first(h, ann), "Harbour") })(h)
		}, want: "claimed: Ann | |"},
		{name: "merge", before: func(h *house) {
			h.put(contact(h.verify(ann).Subject, "name", "Ann"))
			h.put(contact(h.claim(bob), "name", "Bob"))
		}, do: act(func(h *house, tx *store.Tx) error {
			a, err := h.Find(tx, ann)
			if err != nil {
				return err
			}
			b, err := h.Find(tx, bob)
			if err == nil {
				_, err = h.Merge(tx, a[0].Subject, b[0].Subject, avow.NewID(h.now))
			}
			return err
		}), want: "verified: Ann Bob | | added: Ann Bob"},
		{name: "unmerge", before: func(h *house) {
			h.put(contact(h.verify(ann).Subject, "name", "Ann"))
			h.put(contact(h.claim(bob), "name", "Bob"))
			if _, err := h.merge(first(h, ann), first(h, bob)); err != nil {
				h.t.Fatal(err)
			}
			h.put(contact(h.claim(bob), "name", "Since"))
		}, do: act(func(h *house, tx *store.Tx) error {
			found, err := h.Find(tx, ann)
			if err != nil {
				return err
			}
			list, err := h.Merges(tx, found[0].Subject)
			if err != nil || len(list) == 0 {
				return err
			}
			_, err = h.Unmerge(tx, list[0].Old)
			return err
		}), want: "verified: Ann | | claimed: Bob Since"},
		{name: "stage and flip", do: func(h *house) error {
			if imp.IsZero() {
				imp = avow.NewID(h.now)
			}
			return h.db.Write(h.t.Context(), func(tx *store.Tx) error {
				if found, err := h.Find(tx, ann); err != nil || len(found) > 0 {
					return err
				}
				if _, err := h.StageAll(tx, imp, []vault.Person{{Identities: []vault.Identity{ann, home}, Values: []vault.Value{contact(avow.ID{}, "name", "Imported")}}}); err != nil {
					return err
				}
				return h.Flip(tx, imp)
			})
		}, want: "claimed: Imported | added: Imported |"},
		{name: "settle", before: func(h *house) {
			h.put(contact(h.verify(ann).Subject, "name", "Ann"))
			h.put(contact(h.claim(ann), "name", "Anna"))
			h.put(contact(h.claim(bob), "name", "Bob"))
			stage(h)
			h.flip(imp)
		}, do: until(func(h *house) (bool, error) {
			return h.Settle(h.t.Context(), imp, 1, func(*store.Tx, avow.ID, []avow.ID) error { return nil })
		}), want: "verified: Ann Anna Imported | added: Ann Anna Imported | claimed: Bob Twice"},
		{name: "discard", before: stage, do: until(func(h *house) (bool, error) { return h.Discard(h.t.Context(), imp, 1) }), want: "| |"},
		{name: "shred", before: func(h *house) {
			s := h.verify(ann).Subject
			h.put(contact(s, "name", "Ann"))
			h.put(contact(h.claim(ann), "name", "Anna"))
			h.verify(ann)
			h.put(contact(h.claim(bob), "name", "Bob"))
		}, do: func(h *house) error {
			s := first(h, ann)
			if s.IsZero() {
				return nil
			}
			return h.Shred(h.t.Context(), s)
		}, want: "| | claimed: Bob"},
		{name: "rotate", before: func(h *house) { h.put(contact(h.verify(ann).Subject, "name", "Ann")) },
			do: func(h *house) error { return h.Rotate(h.t.Context(), nil) }, want: "verified: Ann | |"},
		{name: "drop old keys", before: func(h *house) {
			h.put(contact(h.verify(ann).Subject, "name", "Ann"))
			if err := h.Rotate(h.t.Context(), nil); err != nil {
				h.t.Fatal(err)
			}
			h.now = h.now.Add(time.Hour)
		}, do: func(h *house) error { _, err := h.DropOldKeys(h.t.Context(), h.now); return err }, want: "verified: Ann | |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.EachConfig(t, func(t *testing.T, config store.Config) {
				h := build(t, config)
				failed := 0
				for k, f := range h.faults() {
					for at := 1; ; at++ {
						imp = avow.ID{}
						if c.before != nil {
							c.before(h)
						}
						f.set(at)
						err := c.do(h)
						f.set(0)
						if err != nil {
							failed++
						}
						h.sound(ann, home, bob)
						for again := range 2 {
							if err := c.do(h); err != nil {
								t.Fatalf("database %d, write %d, again %d: %v", k, at, again, err)
							}
							h.sound(ann, home, bob)
							if got := h.whom(ann, home, bob); got != c.want {
								t.Fatalf("database %d, write %d, again %d: %q, want %q", k, at, again, got, c.want)
							}
						}
						h.reopen()
						if got := h.whom(ann, home, bob); got != c.want {
							t.Fatalf("database %d, write %d, opened again: %q, want %q", k, at, got, c.want)
						}
						h.forgetAll(ann, home, bob, email("also@example.com"))
						if err == nil {
							break // all its writes have failed by now
						}
					}
				}
				if failed == 0 {
					t.Error("no write failed: the test sees nothing")
				}
			})
		})
	}
}

func (h *house) whom(ids ...vault.Identity) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, h.told(id))
	}
	return strings.TrimSpace(strings.Join(strings.Fields(strings.Join(parts, " | ")), " "))
}

// sound is what holds at every moment: whoever is found is there, and all of theirs
// opens or is being erased; no row is of nobody.
func (h *house) sound(ids ...vault.Identity) {
	h.t.Helper()
	for _, id := range ids {
		for _, f := range h.find(id) {
			err := h.db.Read(h.t.Context(), func(tx *store.Tx) error {
				if _, err := h.Identities(tx, f.Subject); err != nil {
					return err
				}
				if _, err := h.Employer(tx, f.Subject); err != nil {
					return err
				}
				_, err := h.Values(tx, f.Subject)
				return err
			})
			if err != nil && !errors.Is(err, vault.ErrErased) {
				h.t.Error(err)
			}
		}
	}
	h.read(func(tx *store.Tx) error {
		for name, query := range map[string]string{
			"identities of nobody":        "SELECT count(blind) FROM vault_identities WHERE subject NOT IN (SELECT id FROM vault_subjects)",
			"identities beside of nobody": "SELECT count(blind) FROM vault_beside WHERE subject NOT IN (SELECT id FROM vault_subjects UNION SELECT id FROM vault_imported)",
			"leading ones of the settled": "SELECT count(blind) FROM vault_beside WHERE standing <> 'added' AND subject NOT IN (SELECT id FROM vault_imported)",
			"values of nobody":            "SELECT count(id) FROM vault_values WHERE subject NOT IN (SELECT id FROM vault_subjects UNION SELECT id FROM vault_imported UNION SELECT old FROM vault_aliases)",
			"two at once":                 "SELECT count(id) FROM vault_subjects WHERE id IN (SELECT old FROM vault_aliases) OR id IN (SELECT id FROM vault_imported)",
			"claims of the verified":      "SELECT count(blind) FROM vault_identities WHERE NOT verified AND subject IN (SELECT subject FROM vault_identities WHERE verified)",
			"merges of nobody":            "SELECT count(old) FROM vault_merges WHERE old NOT IN (SELECT old FROM vault_aliases)",
		} {
			var n int
			if err := tx.QueryRow(query).Scan(&n); err != nil {
				return err
			}
			if n != 0 {
				h.t.Errorf("%s: %d", name, n)
			}
		}
		return nil
	})
}

func (h *house) forgetAll(ids ...vault.Identity) {
	h.t.Helper()
	for _, id := range ids {
		for _, f := range slices.Backward(h.find(id)) {
			if err := h.Shred(h.t.Context(), f.Subject); err != nil && avow.KindOf(err) != avow.NotFound {
				h.t.Fatal(err)
			}
		}
	}
}
