package vault_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const (
	secretPhone    = "+12015550177"
	secretEmployer = "The Pier Nobody Knows"
	secretOther    = "the-other-hidden@example.com"
	secretImport   = "imported-and-hidden@example.com"
)

// everything has a person kept in every way the vault has, and returns the ids of all that are theirs.
func (h *house) everything() (subject avow.ID) {
	h.t.Helper()
	h.secret()
	subject = h.verify(email(secretMail)).Subject
	h.secret()
	h.write(func(tx *store.Tx) error { return h.SetEmployer(tx, subject, secretEmployer) })
	if _, err := h.verifyAs(subject, phone(secretPhone)); err != nil {
		h.t.Fatal(err)
	}
	if err := h.add(subject, email(secretOther)); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.merge(subject, h.claim(email("merged-"+secretMail))); err != nil {
		h.t.Fatal(err)
	}
	imp := avow.NewID(h.now)
	h.stage(imp, secretName, proved(email(secretMail)), email(secretImport))
	h.flip(imp)
	h.settle(imp, 500)
	waiting := avow.NewID(h.now)
	h.stage(waiting, secretName, email(secretMail), email("waiting-"+secretImport))
	h.flip(waiting) // and not settled: their own person until then
	h.verify(email(secretMail))
	if err := h.Rotate(h.t.Context(), nil); err != nil {
		h.t.Fatal(err)
	}
	return subject
}

// No identity, value or link stands in the clear in any file or column: data, journal, keys, temporary files, backup.
func TestEverythingIsSealed(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var h *house
		if c.Path != "" {
			t.Setenv("TMPDIR", filepath.Dir(filepath.Dir(c.Path))) // what is written there is read below
		}
		h = build(t, c)
		s := h.everything()
		token := h.link(s, "see")
		if c.Path != "" {
			if err := h.db.Backup(t.Context(), filepath.Join(h.dir, "backup.db"), nil); err != nil {
				t.Fatal(err)
			}
		}
		dump := h.dump()
		if !holds(dump, "newsletter") || !holds(dump, string(s[:])) {
			t.Fatal("the test cannot see what is stored")
		}
		for _, text := range []string{secretName, secretMail, "ann-the-hidden", "ANN-THE-HIDDEN", secretPhone, secretPhone[1:], secretEmployer,
			strings.ToLower(secretEmployer), secretOther, secretImport, "imported-and-hidden", token} {
			if holds(dump, text) {
				t.Errorf("%q is stored in the clear", text)
			}
		}
	})
}

// sealedOf are all boxes that hold something of the people there are, and their wrapped keys.
func (h *house) sealedOf() (boxes []string) {
	h.t.Helper()
	h.read(func(tx *store.Tx) error {
		for _, column := range []string{"sealed FROM vault_values", "sealed FROM vault_identities", "sealed FROM vault_beside", "sealed FROM vault_employers",
			"sealed FROM vault_links", "sealed FROM vault_merged_identities", "blind FROM vault_identities", "blind FROM vault_beside",
			"blind FROM vault_employers", "blind FROM vault_links", "same FROM vault_values"} {
			err := store.Each(tx, func(r *store.Rows) error {
				var box []byte
				err := r.Scan(&box)
				boxes = append(boxes, string(box))
				return err
			}, "SELECT "+column)
			if err != nil {
				return err
			}
		}
		return nil
	})
	for id, w := range h.allWrapped() {
		if !id.IsZero() {
			boxes = append(boxes, string(w))
		}
	}
	return boxes
}

// After a shredding no box, no blind index and no key of the person is in any file or
// column, and in a copy that was taken before, nothing opens.
func TestNothingOpensAfterwards(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c)
		s := h.everything()
		var copied string
		if c.Path != "" {
			copied = filepath.Join(t.TempDir(), "avow.db")
			if err := h.db.Backup(t.Context(), copied, nil); err != nil {
				t.Fatal(err)
			}
		}
		before := h.sealedOf()
		if len(before) < 20 {
			t.Fatalf("%d boxes", len(before))
		}
		for there, i := h.dump(), 0; i < len(before); i++ {
			if !holds(there, before[i]) {
				t.Fatal("the test cannot see what is stored")
			}
		}
		var family []avow.ID
		h.read(func(tx *store.Tx) (err error) { family, err = h.Family(tx, s); return err })
		if err := h.Shred(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for _, found := range []string{secretMail, secretOther, secretImport, "merged-" + secretMail, "waiting-" + secretImport} {
			for _, f := range h.find(email(found)) {
				t.Errorf("%s finds %v", found, f)
			}
		}
		dump := h.dump()
		for _, box := range before {
			if len(box) < 12 || holds(dump, box) {
				t.Errorf("%d bytes of what was sealed are still there", len(box))
			}
		}
		if copied != "" {
			h.opensNothing(copied, family)
		}
	})
}

// opensNothing opens a copy of the data beside the keys there are now.
func (h *house) opensNothing(file string, family []avow.ID) {
	h.t.Helper()
	db := storetest.OpenConfig(h.t, store.Config{Path: file})
	v, err := vault.Open(h.t.Context(), db, h.config())
	if err != nil {
		h.t.Fatal(err)
	}
	defer v.Close()
	var boxes [][]byte
	err = db.Read(h.t.Context(), func(tx *store.Tx) (err error) {
		boxes, err = store.Collect(tx, func(r *store.Rows) (b []byte, err error) { return b, r.Scan(&b) },
			"SELECT sealed FROM vault_values UNION SELECT sealed FROM vault_identities UNION SELECT sealed FROM vault_employers")
		return err
	})
	if err != nil || len(boxes) == 0 {
		h.t.Fatalf("the copy holds nothing: %v", err)
	}
	for _, id := range family {
		err := db.Read(h.t.Context(), func(tx *store.Tx) error {
			_, err := v.Open(tx, id, nil, boxes[0])
			return err
		})
		if err == nil || avow.KindOf(err) != avow.NotFound {
			h.t.Errorf("a key of the erased is still there: %v", err)
		}
	}
}

// Every node lets go of a destroyed key as soon as it hears, not when its second is over.
func TestShreddedOnAnotherNode(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.Path != "" {
			return // one process; the other kind of database is where nodes are
		}
		h := build(t, c)
		c.Clock = func() time.Time { return h.now } // which stands still: no second passes
		db := storetest.OpenConfig(t, c)
		other, err := vault.Open(t.Context(), db, h.config())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		s := h.secret()
		var sealed []byte
		h.write(func(tx *store.Tx) (err error) { sealed, err = h.Seal(tx, s, nil, []byte("x")); return err })
		open := func() error {
			return db.Read(t.Context(), func(tx *store.Tx) error { _, err := other.Open(tx, s, nil, sealed); return err })
		}
		if err := open(); err != nil {
			t.Fatal(err)
		}
		if err := h.Shred(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for try := 0; open() == nil; try++ {
			if try > 1000 {
				t.Fatal("the other node still opens what was destroyed")
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}
