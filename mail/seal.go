package mail

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"

	"github.com/avowhq/avow"
)

// KeySize is the length of the key under which messages lie while they wait.
const KeySize = 32

// seals closes and opens what is stored, with AES-256-GCM and the row's id as associated data.
type seals struct{ aead cipher.AEAD }

func newSeals(key []byte) (seals, error) {
	if len(key) != KeySize {
		return seals{}, avow.Errorf(avow.Internal, "the mail key has %d bytes, not %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return seals{}, err
	}
	aead, err := cipher.NewGCM(block)
	return seals{aead}, err
}

func (s seals) close(id avow.ID, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, id[:]), nil
}

func (s seals) open(id avow.ID, sealed []byte, v any) error {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return avow.Errorf(avow.Internal, "a stored message is cut short")
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], id[:])
	if err != nil {
		return avow.Errorf(avow.Internal, "a stored message cannot be opened: %w", err)
	}
	return json.Unmarshal(plain, v)
}
