package vault_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// A damaged file of keys is named as that, wherever it is met: what mends it is a copy of the
// keys, and no backup of the data.
func TestDamagedKeys(t *testing.T) {
	const page = 4096
	for name, spoil := range map[string]func(b []byte) []byte{
		"a page nobody reads": func(b []byte) []byte { return append(b[:len(b)-page:len(b)-page], make([]byte, page)...) },
		"the schema":          func(b []byte) []byte { return append(bytes.Repeat([]byte{7}, page), b[page:]...) },
		"half of it":          func(b []byte) []byte { return b[:len(b)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, storetest.SQLite(t))
			h.claim(victim)
			if err := h.Check(t.Context()); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			file := h.config().Keys
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, spoil(b), 0o600); err != nil {
				t.Fatal(err)
			}
			v, err := vault.Open(t.Context(), h.db, h.config())
			if err == nil {
				err = v.Check(t.Context())
				defer v.Close()
			}
			if avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "avow keys backup") {
				t.Errorf("got %v", err)
			}
		})
	}
}
