package vault_test

import (
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const (
	secretName = "Ann-whom-nobody-may-find"
	secretMail = "ann-the-hidden@example.com"
)

func (h *house) secret() avow.ID {
	h.t.Helper()
	s := h.claim(email(secretMail))
	h.put(contact(s, "name", secretName))
	h.link(s, "see")
	return s
}

// dump is all that the database holds: the raw files on SQLite, every row on PostgreSQL.
func (h *house) dump() string {
	h.t.Helper()
	var b strings.Builder
	if h.db.Kind() == store.SQLite {
		err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			b.Write(text)
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
		return b.String()
	}
	h.write(func(tx *store.Tx) error {
		tables, err := store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) },
			"SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name")
		if err != nil {
			return err
		}
		for _, table := range tables {
			err := store.Each(tx, func(r *store.Rows) error {
				var row string
				err := r.Scan(&row)
				b.WriteString(row)
				return err
			}, "SELECT t::text FROM "+table+" t")
			if err != nil {
				return err
			}
		}
		return nil
	})
	return b.String()
}

func holds(dump string, text string) bool {
	return strings.Contains(dump, text) || strings.Contains(dump, hex.EncodeToString([]byte(text)))
}

func TestNothingInTheClear(t *testing.T) {
	each(t, func(h *house) {
		s := h.secret()
		h.verify(email(secretMail))
		h.secret()
		token := h.link(s, "see")
		dump := h.dump()
		if !holds(dump, "newsletter") {
			t.Fatal("the test cannot see what is stored")
		}
		for _, text := range []string{secretName, secretMail, "ann-the-hidden", token, string(s[:])} {
			found := holds(dump, text)
			if isID := text == string(s[:]); found != isID {
				t.Errorf("%q is stored in the clear: %v", text, found)
			}
		}
	})
}

func TestShred(t *testing.T) {
	each(t, func(h *house) {
		s := h.secret()
		h.verify(email(secretMail))
		alias := h.secret()
		h.verify(email(secretMail))
		kept := h.claim(email("bob@example.com"))
		h.put(contact(kept, "name", "Bob"))
		var sealed []byte
		h.write(func(tx *store.Tx) (err error) { sealed, err = h.Seal(tx, alias, []byte("x"), []byte("y")); return err })

		if err := h.Shred(t.Context(), alias); err != nil {
			t.Fatal(err)
		}
		for _, id := range []avow.ID{s, alias} {
			err := h.db.Read(t.Context(), func(tx *store.Tx) error { _, err := h.Open(tx, id, []byte("x"), sealed); return err })
			if err == nil || avow.KindOf(err) != avow.NotFound {
				t.Errorf("what was sealed opens: %v", err)
			}
			err = h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.Put(tx, contact(id, "name", "again")); return err })
			if avow.KindOf(err) != avow.NotFound {
				t.Errorf("a value was put: %v", err)
			}
			if err := h.Shred(t.Context(), id); avow.KindOf(err) != avow.NotFound {
				t.Errorf("shredded twice: %v", err)
			}
		}
		if got := data(h.values(kept)); !slices.Equal(got, []string{"name=Bob"}) {
			t.Errorf("another's values: %v", got)
		}
		if again := h.claim(email(secretMail)); again == s || again == alias {
			t.Error("the erased subject came back")
		}
	})
}

// A backup of the data made before a shredding is restored: nothing in it opens,
// and applying the tombstones clears it.
func TestOldBackupForgets(t *testing.T) {
	h := build(t, storetest.SQLite(t))
	s := h.secret()
	if err := h.db.Scrub(t.Context()); err != nil { // all of the journal into the file
		t.Fatal(err)
	}
	path := filepath.Join(h.dir, "data", "avow.db")
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := []byte{}
	h.write(func(tx *store.Tx) error { return tx.QueryRow("SELECT sealed FROM vault_values").Scan(&sealed) })
	wrapped := h.wrapped(s)
	if err := h.Shred(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	dump := h.dump()
	for name, text := range map[string][]byte{"value": sealed, "wrapped key": wrapped} {
		if len(text) < 20 || strings.Contains(dump, string(text)) {
			t.Errorf("the sealed %s is still on disk", name)
		}
	}

	restored := filepath.Join(t.TempDir(), "avow.db")
	if err := os.WriteFile(restored, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	db := storetest.OpenConfig(t, store.Config{Path: restored})
	v, err := vault.Open(t.Context(), db, h.config())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	err = db.Read(t.Context(), func(tx *store.Tx) error { _, err := v.Values(tx, s); return err })
	if avow.KindOf(err) != avow.NotFound {
		t.Errorf("an old backup still opens: %v", err)
	}
	if err := v.ApplyTombstones(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = db.Read(t.Context(), func(tx *store.Tx) error { _, err := v.Subject(tx, s); return err })
	if avow.KindOf(err) != avow.NotFound {
		t.Errorf("the restored rows are still there: %v", err)
	}
}

func (h *house) wrapped(s avow.ID) (key []byte) {
	h.t.Helper()
	keys := storetest.OpenConfig(h.t, store.Config{Path: h.config().Keys})
	err := keys.Read(h.t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT wrapped FROM vault_keys WHERE subject = ?", s).Scan(&key)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return key
}

// A stop between the destroyed key and the cleared rows is made good at the next start.
func TestShreddingIsFinished(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c)
		s := h.secret()
		keys := h.db
		if c.Path != "" {
			keys = storetest.OpenConfig(t, store.Config{Path: h.config().Keys})
		}
		err := keys.Write(t.Context(), func(tx *store.Tx) error {
			n, err := tx.Exec("UPDATE vault_keys SET wrapped = NULL, shredded = ? WHERE subject = ?", tx.Now(), s)
			if n != 1 {
				t.Errorf("%d keys", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if h.Vault, err = vault.Open(t.Context(), h.db, h.config()); err != nil {
			t.Fatal(err)
		}
		h.write(func(tx *store.Tx) error {
			var n int
			err := tx.QueryRow(`SELECT (SELECT count(id) FROM vault_values) + (SELECT count(blind) FROM vault_identities) +
				(SELECT count(id) FROM vault_subjects) + (SELECT count(hash) FROM vault_links)`).Scan(&n)
			if n != 0 {
				t.Errorf("%d rows are left", n)
			}
			return err
		})
	})
}

// Keys that cannot be kept keep nothing that would need them.
func TestKeysComeFirst(t *testing.T) {
	h := build(t, storetest.SQLite(t))
	s := h.secret()
	if err := h.Close(); err != nil { // the place of the keys is away
		t.Fatal(err)
	}
	err := h.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := h.Claim(tx, email("bob@example.com"))
		return err
	})
	if avow.KindOf(err) != avow.Unavailable {
		t.Errorf("a person without a key: %v", err)
	}
	h.write(func(tx *store.Tx) error {
		list, err := h.Find(tx, email("bob@example.com"))
		if len(list) != 0 {
			t.Errorf("a person was kept whose key was not: %v", list)
		}
		return err
	})
	if err := h.Shred(t.Context(), s); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("shredding without the keys: %v", err)
	}
	if v, err := vault.Open(t.Context(), h.db, h.config()); err != nil {
		t.Fatal(err)
	} else {
		h.Vault = v
	}
	if got := data(h.values(s)); len(got) != 1 {
		t.Errorf("after the keys came back: %v", got)
	}
}
