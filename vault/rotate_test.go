package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// people makes some who have a value each.
func (h *house) people(n int) []avow.ID {
	h.t.Helper()
	var list []vault.Person
	for i := range n {
		list = append(list, vault.Person{Identities: []vault.Identity{email(fmt.Sprintf("p%d@example.com", i))},
			Values: []vault.Value{contact(avow.ID{}, "name", fmt.Sprint("P", i))}})
	}
	var ids []avow.ID
	imp := avow.NewID(h.now)
	h.write(func(tx *store.Tx) (err error) { ids, err = h.StageAll(tx, imp, list); return err })
	h.flip(imp)
	h.settle(imp, 500)
	return ids
}

// keysDB is where the wrapped keys are.
func (h *house) keysDB() *store.DB {
	if h.db.Kind() == store.PostgreSQL {
		return h.db
	}
	return storetest.OpenConfig(h.t, store.Config{Path: h.config().Keys})
}

// allWrapped is a copy of the keys, as somebody may have taken it.
func (h *house) allWrapped() map[avow.ID][]byte {
	h.t.Helper()
	all := map[avow.ID][]byte{}
	err := h.keysDB().Read(h.t.Context(), func(tx *store.Tx) error {
		return store.Each(tx, func(r *store.Rows) error {
			var id avow.ID
			var wrapped []byte
			err := r.Scan(store.IntoID(&id), &wrapped)
			all[id] = wrapped
			return err
		}, "SELECT subject, wrapped FROM vault_keys WHERE wrapped IS NOT NULL")
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// opening counts the wrapped keys that a keyset opens.
func opening(t *testing.T, text []byte, wrapped map[avow.ID][]byte) (n int) {
	t.Helper()
	key, err := aead.New(readKeyset(t, text))
	if err != nil {
		t.Fatal(err)
	}
	for id, w := range wrapped {
		if _, err := key.Decrypt(w, append([]byte("avow data key\x00"), id[:]...)); err == nil {
			n++
		}
	}
	return n
}

func readKeyset(t *testing.T, text []byte) *keyset.Handle {
	t.Helper()
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (h *house) reopen() {
	h.t.Helper()
	if err := h.Close(); err != nil {
		h.t.Fatal(err)
	}
	v, err := vault.Open(h.t.Context(), h.db, h.config())
	if err != nil {
		h.t.Fatal(err)
	}
	h.Vault = v
}

// After a rotation everything is as before, and what was copied before opens nothing once the old key is dropped.
func TestRotate(t *testing.T) {
	each(t, func(h *house) {
		ids := h.people(1203)
		if n, err := h.DropOldKeys(t.Context(), h.now); n != 0 || err != nil {
			t.Errorf("nothing to drop: %d, %v", n, err)
		}
		file := h.config().OrganisationKey
		first := readFile(t, file)
		before, secret := h.allWrapped(), h.KeyFor("test")
		var last, total int64
		if err := h.Rotate(t.Context(), func(d, n int64) {
			if d < last || d > n {
				t.Errorf("%d of %d after %d", d, n, last)
			}
			last, total = d, n
		}); err != nil {
			t.Fatal(err)
		}
		if last != 1204 || total != 1204 {
			t.Errorf("%d of %d", last, total)
		}
		check := func(when string) {
			t.Helper()
			for i, id := range ids {
				if i%100 == 0 && h.names(id) != fmt.Sprint("P", i) {
					t.Errorf("%s: %q", when, h.names(id))
				}
			}
			if len(h.find(email("p7@example.com"))) != 1 || !bytes.Equal(h.KeyFor("test"), secret) {
				t.Errorf("%s: the organisation's secret changed", when)
			}
		}
		h.reopen()
		check("rotated")
		second := readFile(t, file)
		after := h.allWrapped()
		if n := opening(t, second, before); n != 1204 || opening(t, first, before) != n || opening(t, second, after) != n {
			t.Errorf("the keyset opens %d of what it wrapped before", n)
		}
		if n := opening(t, first, after); n != 0 {
			t.Errorf("%d keys are still wrapped by the old one", n)
		}
		if _, err := h.DropOldKeys(t.Context(), h.now.Add(time.Hour)); avow.KindOf(err) != avow.Refused {
			t.Errorf("dropped at once: %v", err)
		}
		h.now = h.now.Add(3 * time.Minute)
		if _, err := h.DropOldKeys(t.Context(), h.now.Add(-time.Hour)); avow.KindOf(err) != avow.Refused {
			t.Errorf("dropped too early: %v", err)
		}
		if n, err := h.DropOldKeys(t.Context(), h.now); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		check("dropped")
		h.reopen()
		check("dropped and opened")
		third := readFile(t, file)
		if opening(t, third, before) != 0 {
			t.Error("a copy of the keys still opens")
		}
		files, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
		if err != nil || len(files) != 1 {
			t.Errorf("files of keys: %v, %v", files, err)
		}
		if err := h.Rotate(t.Context(), nil); err != nil {
			t.Error(err)
		}
		check("rotated twice")
	})
}

// A rotation that is cut short at any write is taken up by the next, whoever runs it.
func TestRotationIsResumed(t *testing.T) {
	each(t, func(h *house) {
		ids := h.people(1100)
		for cut := range 4 {
			ctx, stop := context.WithCancel(t.Context())
			n := 0
			err := h.Rotate(ctx, func(int64, int64) {
				if n++; n > cut {
					stop()
				}
			})
			stop()
			if cut < 2 && err == nil {
				t.Errorf("cut after %d steps: it ended", cut+1)
			}
			h.claim(email(fmt.Sprintf("new%d@example.com", cut)))
			h.reopen()
			if err := h.Shred(t.Context(), ids[cut]); err != nil {
				t.Error(err)
			}
		}
		if err := h.Rotate(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Hour)
		if _, err := h.DropOldKeys(t.Context(), h.now); err != nil {
			t.Fatal(err)
		}
		h.reopen()
		for i, id := range ids[:20] {
			err := h.db.Read(t.Context(), func(tx *store.Tx) error { _, err := h.Values(tx, id); return err })
			if i < 4 != (avow.KindOf(err) == avow.NotFound && err != nil) {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

// Another node reads and writes throughout, and hears of nothing but what it finds.
func TestRotateWhileOthersWork(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c)
		ids := h.people(600)
		c.Clock = func() time.Time { return h.now }
		db := storetest.OpenConfig(t, c)
		other, err := vault.Open(t.Context(), db, h.config())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		var rotated atomic.Bool
		var wg sync.WaitGroup
		for w := range 2 {
			wg.Go(func() {
				for i := 0; !rotated.Load() || i < 20; i++ {
					if err := work(db, other, ids[i%len(ids)], email(fmt.Sprintf("w%d-%d@example.com", w, i))); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		if err := h.Rotate(t.Context(), nil); err != nil {
			t.Error(err)
		}
		rotated.Store(true)
		wg.Wait()
		for i := range 50 { // made by the other node after all that
			if err := work(db, other, ids[i], email(fmt.Sprintf("after%d@example.com", i))); err != nil {
				t.Fatal(err)
			}
		}
		if n := h.wrappers(); n != 1 {
			t.Errorf("data keys are wrapped by %d keys", n)
		}
		h.now = h.now.Add(time.Hour)
		if n, err := h.DropOldKeys(t.Context(), h.now); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		for i := range 50 {
			if err := work(db, other, ids[i], email(fmt.Sprintf("later%d@example.com", i))); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// wrappers counts the keys that wrap.
func (h *house) wrappers() int {
	by := map[string]bool{}
	for _, w := range h.allWrapped() {
		by[string(w[:5])] = true
	}
	return len(by)
}

func work(db *store.DB, v *vault.Vault, known avow.ID, id vault.Identity) error {
	return db.Write(context.Background(), func(tx *store.Tx) error {
		s, err := v.Claim(tx, id)
		if err != nil {
			return err
		}
		if _, err := v.Put(tx, contact(s, "name", "New")); err != nil {
			return err
		}
		for _, who := range []avow.ID{known, s} {
			values, err := v.Values(tx, who)
			if err != nil {
				return err
			}
			if len(values) != 1 {
				return errors.New("a value is missing")
			}
		}
		return nil
	})
}

// A node whose own copy of the keyset was not brought up to date refuses, and harms nothing.
func TestRotatedElsewhere(t *testing.T) {
	each(t, func(h *house) {
		ids := h.people(3)
		file := h.config().OrganisationKey
		old := readFile(t, file)
		if err := h.Rotate(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		present := readFile(t, file)
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, old, 0o600); err != nil {
			t.Fatal(err)
		}
		if v, err := vault.Open(t.Context(), h.db, h.config()); avow.KindOf(err) != avow.Refused {
			v.Close()
			t.Errorf("opened with an old keyset: %v", err)
		}
		if err := os.WriteFile(file, present, 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if h.Vault, err = vault.Open(t.Context(), h.db, h.config()); err != nil {
			t.Fatal(err)
		}
		if got := h.names(ids[2]); got != "P2" {
			t.Errorf("%q", got)
		}
	})
}

// A stop after the new keyset was written and before that was recorded loses nothing.
func TestKeysetWrittenAndNotRecorded(t *testing.T) {
	each(t, func(h *house) {
		ids := h.people(3)
		file := h.config().OrganisationKey
		m := keyset.NewManagerFromHandle(readKeyset(t, readFile(t, file)))
		id, err := m.Add(aead.AES256GCMKeyTemplate())
		if err == nil {
			err = m.SetPrimary(id)
		}
		if err != nil {
			t.Fatal(err)
		}
		handle, err := m.Handle()
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{file: text.Bytes(), file + ".new": []byte("half")} {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h.reopen()
		s := h.claim(email("between@example.com"))
		if err := h.Rotate(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Hour)
		if n, err := h.DropOldKeys(t.Context(), h.now); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		h.reopen()
		if h.names(ids[1]) != "P1" || h.wrappers() != 1 {
			t.Errorf("%q, wrapped by %d", h.names(ids[1]), h.wrappers())
		}
		h.put(contact(s, "name", "Between"))
	})
}

// Where the new keyset cannot be written, nothing is changed.
func TestKeysetThatCannotBeWritten(t *testing.T) {
	each(t, func(h *house) {
		ids := h.people(3)
		file := h.config().OrganisationKey
		before := readFile(t, file)
		if err := os.MkdirAll(filepath.Join(file+".new", "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := h.Rotate(t.Context(), nil); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("got %v", err)
		}
		h.reopen()
		if !bytes.Equal(readFile(t, file), before) || h.names(ids[0]) != "P0" || h.wrappers() != 1 {
			t.Error("something was changed")
		}
	})
}
