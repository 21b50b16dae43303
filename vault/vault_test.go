package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a vault with its database, its keys and a clock that a test sets.
type house struct {
	*vault.Vault
	t   *testing.T
	db  *store.DB
	dir string
	now time.Time
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(build(t, c)) })
}

func build(t *testing.T, c store.Config) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), dir: t.TempDir()}
	if c.Path != "" {
		h.dir = filepath.Dir(filepath.Dir(c.Path))
	}
	c.Clock = func() time.Time { return h.now }
	h.db = storetest.OpenConfig(t, c)
	v, err := vault.Open(t.Context(), h.db, h.config())
	if err != nil {
		t.Fatal(err)
	}
	h.Vault = v
	t.Cleanup(func() { h.Close() })
	return h
}

func (h *house) config() vault.Config {
	return vault.Config{OrganisationKey: filepath.Join(h.dir, "secret", "organisation.key"), Keys: filepath.Join(h.dir, "data", "keys.db"),
		Clock: func() time.Time { return h.now }}
}

// write runs f and wants it to work.
func (h *house) write(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) claim(id vault.Identity) (subject avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) { subject, err = h.Claim(tx, id); return err })
	return subject
}

func (h *house) verify(id vault.Identity) (v vault.Verification) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) { v, err = h.Verify(tx, id); return err })
	return v
}

func (h *house) put(v vault.Value) (id avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) { id, err = h.Put(tx, v); return err })
	return id
}

func (h *house) values(subject avow.ID) (out []vault.Value) {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), func(tx *store.Tx) (err error) { out, err = h.Values(tx, subject); return err })
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func data(values []vault.Value) (out []string) {
	for _, v := range values {
		out = append(out, v.Field+"="+v.Data)
	}
	return out
}

func email(s string) vault.Identity { return vault.Identity{Kind: vault.Email, Value: s} }

func contact(subject avow.ID, field, text string) vault.Value {
	return vault.Value{Subject: subject, Category: "contact", Field: field, Source: "you", Point: "newsletter", Policy: "website", Version: 1,
		Basis: avow.Consent, Purposes: []string{"newsletter", "surveys"}, Data: text}
}

func TestValues(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		first := h.put(contact(s, "name", "Ann Müller"))
		h.now = h.now.Add(time.Hour)
		h.put(contact(s, "name", "Anna Müller"))
		again := contact(s, "name", "Ann Müller")
		again.Version = 2
		if id := h.put(again); id != first {
			t.Error("the same value given again became another value")
		}
		got := h.values(s)
		if want := []string{"name=Anna Müller", "name=Ann Müller"}; len(got) != 2 || !slices.Contains(data(got), want[0]) || !slices.Contains(data(got), want[1]) {
			t.Fatalf("got %v", data(got))
		}
		i := slices.IndexFunc(got, func(v vault.Value) bool { return v.ID == first })
		v := got[i]
		if v.Version != 2 || !v.At.Equal(h.now) || v.Basis != avow.Consent || !slices.Equal(v.Purposes, []string{"newsletter", "surveys"}) || !v.Claimed {
			t.Errorf("the value given again: %+v", v)
		}
		h.write(func(tx *store.Tx) error { _, err := h.Correct(tx, contact(s, "name", "Ann Mueller")); return err })
		if got := data(h.values(s)); !slices.Equal(got, []string{"name=Ann Mueller"}) {
			t.Errorf("after correction: %v", got)
		}
	})
}

func TestHoldingsOpenNothing(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		h.put(contact(s, "name", "Ann"))
		err := h.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := h.Holdings(tx, s)
			if err != nil || len(list) != 1 || list[0].Data != "" || list[0].Field != "name" || list[0].Policy != "website" {
				t.Errorf("%+v, %v", list, err)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPutRefuses(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		for name, c := range map[string]struct {
			value vault.Value
			want  avow.ErrorKind
		}{
			"too long":     {contact(s, "name", strings.Repeat("x", 64<<10+1)), avow.TooLarge},
			"no field":     {contact(s, "", "x"), avow.Invalid},
			"a blank":      {vault.Value{Subject: s, Category: "a", Field: "b", Purposes: []string{"two words"}}, avow.Invalid},
			"nobody there": {contact(avow.NewID(h.now), "name", "x"), avow.NotFound},
		} {
			err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.Put(tx, c.value); return err })
			if err == nil || avow.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		err := h.db.Write(t.Context(), func(tx *store.Tx) error {
			for i := range 101 {
				if _, err := h.Put(tx, contact(s, "name", strings.Repeat("n", i+1))); err != nil {
					return err
				}
			}
			return nil
		})
		if avow.KindOf(err) != avow.TooMany {
			t.Errorf("a field without end: %v", err)
		}
	})
}

func TestErase(t *testing.T) {
	each(t, func(h *house) {
		s, other := h.claim(email("ann@example.com")), h.claim(email("bob@example.com"))
		h.put(contact(other, "name", "Bob"))
		fill := func() {
			for _, f := range []string{"name", "address"} {
				h.put(contact(s, f, "secret "+f))
			}
			v := contact(s, "usage", "much")
			v.Category = "website"
			h.put(v)
		}
		for _, c := range []struct {
			fields []vault.Field
			n      int
			left   []string
		}{
			{[]vault.Field{{"contact", "name"}}, 1, []string{"address=secret address", "usage=much"}},
			{[]vault.Field{{"contact", ""}}, 2, []string{"usage=much"}},
			{[]vault.Field{{"contact", "name"}, {"website", "usage"}, {"contact", "nothing"}}, 2, []string{"address=secret address"}},
			{nil, 3, nil},
		} {
			fill()
			h.write(func(tx *store.Tx) error {
				n, err := h.Erase(tx, s, c.fields...)
				if n != c.n {
					t.Errorf("%v: %d erased, want %d", c.fields, n, c.n)
				}
				return err
			})
			if got := data(h.values(s)); !slices.Equal(got, c.left) {
				t.Errorf("%v left %v, want %v", c.fields, got, c.left)
			}
		}
		if got := data(h.values(other)); !slices.Equal(got, []string{"name=Bob"}) {
			t.Errorf("another's values: %v", got)
		}
	})
}

// A value moved to another row, or changed in the database, does not open.
func TestSealedToItsRow(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		h.put(contact(s, "name", "Ann"))
		h.put(contact(s, "employer", "Harbour"))
		h.write(func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE vault_values SET sealed = (SELECT sealed FROM vault_values WHERE field = 'name') WHERE field = 'employer'")
			return err
		})
		err := h.db.Read(t.Context(), func(tx *store.Tx) error { _, err := h.Values(tx, s); return err })
		if err == nil || strings.Contains(err.Error(), "Ann") {
			t.Errorf("a moved value: %v", err)
		}
	})
}

func TestFingerprint(t *testing.T) {
	each(t, func(h *house) {
		print := func(use, address string) string {
			b, err := h.Fingerprint(use, email(address))
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		a := print("suppression", "Ann@Example.com")
		if a != print("suppression", "ann@example.com") || a == print("other", "ann@example.com") || a == print("suppression", "bob@example.com") {
			t.Error("fingerprints do not tell what they should")
		}
	})
}

func TestKeysThatDoNotFit(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c)
		s := h.claim(email("ann@example.com"))
		h.put(contact(s, "name", "Ann"))
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		key := h.config().OrganisationKey
		right, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		other := build(t, storetest.SQLite(t))
		wrong, err := os.ReadFile(other.config().OrganisationKey)
		if err != nil {
			t.Fatal(err)
		}
		for name, spoil := range map[string]func() error{
			"missing":        func() error { return os.Remove(key) },
			"another's":      func() error { return os.WriteFile(key, wrong, 0o600) },
			"not a key":      func() error { return os.WriteFile(key, []byte("hello"), 0o600) },
			"open to others": func() error { return os.Chmod(key, 0o644) },
		} {
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			v, err := vault.Open(t.Context(), h.db, h.config())
			if err == nil {
				v.Close()
			}
			if avow.KindOf(err) != avow.Refused || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v", name, err)
			}
			if err := errors.Join(os.RemoveAll(key), os.WriteFile(key, right, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		v, err := vault.Open(t.Context(), h.db, h.config())
		if err != nil {
			t.Fatal(err)
		}
		h.Vault = v
		if got := data(h.values(s)); !slices.Equal(got, []string{"name=Ann"}) {
			t.Errorf("after the right key was put back: %v", got)
		}
	})
}

func TestLostKeyFileIsRefused(t *testing.T) {
	h := build(t, storetest.SQLite(t))
	h.claim(email("ann@example.com"))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(h.config().Keys + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	v, err := vault.Open(context.Background(), h.db, h.config())
	if err == nil {
		v.Close()
	}
	if avow.KindOf(err) != avow.Refused {
		t.Errorf("got %v", err)
	}
}
