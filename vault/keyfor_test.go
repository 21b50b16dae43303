package vault

import (
	"bytes"
	"testing"
)

func TestKeyForEachUse(t *testing.T) {
	v := &Vault{secret: bytes.Repeat([]byte{7}, keySize)}
	mail, form := v.KeyFor("mail"), v.KeyFor("form")
	if len(mail) != keySize || bytes.Equal(mail, form) || !bytes.Equal(mail, v.KeyFor("mail")) {
		t.Fatalf("keys for two uses: %x and %x", mail, form)
	}
}
