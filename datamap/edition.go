package datamap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Edition tells one state of a map and its policy from every other: what was planned by
// another is planned anew. It changes with any letter of the files.
func (m *Map) Edition() string {
	h := sha256.New()
	if m.Policy != nil {
		h.Write(m.Policy.Hash[:])
	}
	for _, s := range m.sources {
		fmt.Fprintf(h, "%d:%s%d:", len(s.file), s.file, len(s.text))
		h.Write(s.text)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
