package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/avowhq/avow"
)

// Kinds of keys, as C2SP numbers them.
const (
	kindEd25519     = 0x01 // c2sp:signed-note
	kindCosignature = 0x04 // c2sp:tlog-cosignature
)

// emptyRoot is the root of a tree of nothing: the hash of no bytes.
var emptyRoot = Hash(sha256.Sum256(nil))

// EmptyRoot is the root of a log of size 0.
func EmptyRoot() Hash { return emptyRoot }

// Signer signs checkpoints for one log. It is safe for concurrent use.
type Signer struct {
	origin string
	key    ed25519.PrivateKey
	hash   uint32
}

// NewSigner makes the signer of a log from 32 secret bytes. The origin names the
// log: no spaces, no plus sign, at most 255 bytes. It ought to be where the log is found, without the scheme.
func NewSigner(origin string, seed []byte) (*Signer, error) {
	if err := CheckOrigin(origin); err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, avow.Errorf(avow.Invalid, "the key that signs a log is made of %d bytes", ed25519.SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed)
	return &Signer{origin, key, keyHash(origin, kindEd25519, key[ed25519.SeedSize:])}, nil
}

// Origin is the name of the log signed for.
func (s *Signer) Origin() string { return s.origin }

// Key is the verifier key to hand out: the origin, the hash of the key and the key, with plus signs between them.
func (s *Signer) Key() string { return vkey(s.origin, kindEd25519, s.key[ed25519.SeedSize:]) }

// Sign gives the signed note of a checkpoint. Its origin is the signer's, whatever the checkpoint says.
func (s *Signer) Sign(c Checkpoint) []byte {
	c.Origin = s.origin
	text := c.Text()
	raw := binary.BigEndian.AppendUint32(nil, s.hash)
	raw = append(raw, ed25519.Sign(s.key, text)...)
	line := Signature{Name: s.origin, Base64: base64.StdEncoding.EncodeToString(raw)}.Line()
	return append(append(text, '\n'), line...)
}

// CheckOrigin says what is wrong with a name for a log, or nothing.
func CheckOrigin(origin string) error {
	if origin == "" || len(origin) > maxOrigin || !utf8.ValidString(origin) || strings.ContainsFunc(origin, notInName) {
		return avow.Errorf(avow.Invalid, "%q cannot name a log: at most %d bytes without spaces or a plus sign", origin, maxOrigin)
	}
	return nil
}

func notInName(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }

// NewVerifier reads the verifier key of a log; Invalid when it is none, or of another kind than Ed25519.
func NewVerifier(vkey string) (note.Verifier, error) {
	name, kind, key, err := parseKey(vkey)
	if err != nil {
		return nil, err
	}
	if kind != kindEd25519 {
		return nil, avow.Errorf(avow.Invalid, "the key of %s is not the key of a log: its kind is %d, not %d (Ed25519)", name, kind, kindEd25519)
	}
	return verifier{name, keyHash(name, kind, key), func(text, sig []byte) bool { return ed25519.Verify(key, text, sig) }}, nil
}

// NewCosignatureVerifier reads the key of a witness that signs with Ed25519. A key
// written as a plain Ed25519 key is read as the key of a witness, as other readers do. // c2sp:tlog-cosignature
func NewCosignatureVerifier(vkey string) (note.Verifier, error) {
	name, kind, key, err := parseKey(vkey)
	if err != nil {
		return nil, err
	}
	if kind != kindEd25519 && kind != kindCosignature {
		return nil, avow.Errorf(avow.Invalid, "the key of %s is not the key of a witness: its kind is %d, not %d (cosignature/v1, Ed25519)", name, kind, kindCosignature)
	}
	return verifier{name, keyHash(name, kindCosignature, key), func(text, sig []byte) bool { return verifyCosignature(key, text, sig) }}, nil
}

// A cosignature is a time in eight bytes, big end first, and a signature over it and the text.
func verifyCosignature(key ed25519.PublicKey, text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize || sig[0] > 0x7f {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(key, append([]byte(head), text...), sig[8:])
}

// CosignedAt is when a witness says it signed; the zero time when the signature is not a witness's.
func CosignedAt(s Signature) time.Time {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) != 4+8+ed25519.SignatureSize || raw[4] > 0x7f {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC()
}

type verifier struct {
	name   string
	hash   uint32
	verify func(text, sig []byte) bool
}

func (v verifier) Name() string                 { return v.name }
func (v verifier) KeyHash() uint32              { return v.hash }
func (v verifier) Verify(text, sig []byte) bool { return v.verify(text, sig) }

func vkey(name string, kind byte, key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, kind, key), base64.StdEncoding.EncodeToString(append([]byte{kind}, key...)))
}

// parseKey takes a verifier key apart; the hash in it must be its own.
func parseKey(vkey string) (name string, kind byte, key ed25519.PublicKey, err error) {
	bad := avow.Errorf(avow.Invalid, "that is not a key: a key reads name+hash+base64, in one line")
	vkey = strings.TrimSpace(vkey)
	parts := strings.SplitN(vkey, "+", 3)
	if len(vkey) > 4096 || strings.ContainsAny(vkey, "\r\n") || len(parts) != 3 || CheckOrigin(parts[0]) != nil {
		return "", 0, nil, bad
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) == 0 || parts[1] != fmt.Sprintf("%08x", keyHash(parts[0], raw[0], raw[1:])) {
		return "", 0, nil, bad
	}
	if len(raw) != 1+ed25519.PublicKeySize {
		return "", 0, nil, avow.Errorf(avow.Invalid, "the key of %s is of kind %d, which is not read here", parts[0], raw[0])
	}
	return parts[0], raw[0], ed25519.PublicKey(raw[1:]), nil
}

func keyHash(name string, kind byte, key []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{kind})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func keyName(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }
