package ledger_test

import (
	"path/filepath"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// Whatever stands in the table of hashes, what is given out as a proof is one.
func FuzzTilesInTheDatabase(f *testing.F) {
	db := storetest.Open(f)
	dir := f.TempDir()
	v, err := vault.Open(f.Context(), db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { v.Close() })
	l, err := ledger.Open(f.Context(), db, v, ledger.Config{})
	if err != nil {
		f.Fatal(err)
	}
	const size = 600
	err = db.Write(f.Context(), func(tx *store.Tx) error {
		for range size {
			if _, err := l.Append(tx, ledger.Event{Type: ledger.NoticePublished}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	signed, err := l.Checkpoint(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	c, err := proof.OpenCheckpoint(signed, l.Key())
	if err != nil {
		f.Fatal(err)
	}
	var list []ledger.Entry
	err = db.Read(f.Context(), func(tx *store.Tx) error { list, err = l.Read(tx, 0, size); return err })
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), int64(0), int64(0), []byte(nil))
	f.Add(uint8(0), int64(512), int64(600), make([]byte, 32))
	f.Add(uint8(1), int64(0), int64(0), make([]byte, 64))
	f.Add(uint8(7), int64(-5), int64(1<<40), make([]byte, 33))
	f.Fuzz(func(t *testing.T, level uint8, start, to int64, hashes []byte) {
		rollback := avow.Errorf(avow.Refused, "rolled back")
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec("DELETE FROM ledger_tiles WHERE level = ? AND start >= ? AND start <= ?", level, start, to); err != nil {
				return err
			}
			if len(hashes) > 0 {
				if _, err := tx.Exec("INSERT INTO ledger_tiles (level, start, hashes) VALUES (?, ?, ?) ON CONFLICT (level, start) DO UPDATE SET hashes = excluded.hashes", level, start, hashes); err != nil {
					return err
				}
			}
			for i := int64(0); i < size; i += 73 {
				in, err := l.Inclusion(tx, i)
				if err == nil && in.Check(list[i].Leaf.Hash(), c) != nil {
					t.Errorf("a proof of %d that is none", i)
				}
				if err != nil && avow.KindOf(err) != avow.Conflict {
					t.Errorf("proof of %d: %v", i, err)
				}
			}
			return rollback
		})
		if avow.KindOf(err) != avow.Refused {
			t.Fatal(err)
		}
	})
}
