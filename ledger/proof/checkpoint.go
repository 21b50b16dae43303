package proof

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
)

// Checkpoint is what a log says of itself at one size. // c2sp:tlog-checkpoint
type Checkpoint struct {
	Origin     string // the log's name
	Size       int64
	Root       Hash
	Extensions []string // lines a log may add; ours adds none
}

// Text is the note that is signed.
func (c Checkpoint) Text() []byte {
	b := append([]byte(c.Origin), '\n')
	b = append(strconv.AppendInt(b, c.Size, 10), '\n')
	b = append(base64.StdEncoding.AppendEncode(b, c.Root[:]), '\n')
	for _, line := range c.Extensions {
		b = append(append(b, line...), '\n')
	}
	return b
}

// Tree is the checkpoint's size and root.
func (c Checkpoint) Tree() tlog.Tree { return tlog.Tree{N: c.Size, Hash: c.Root} }

// Signed is a note's text with who signed it.
type Signed struct {
	Checkpoint Checkpoint
	Text       []byte // what is signed
	Signatures []Signature
}

// Signature is one line under a checkpoint.
type Signature struct {
	Name     string // of the key
	Key      uint32 // hash of the key
	Base64   string // the hash and the signature, as they stand in the line
	Verified bool   // by a key that was given
}

// Line is the signature's line, with its newline.
func (s Signature) Line() string { return "— " + s.Name + " " + s.Base64 + "\n" }

// OpenCheckpoint reads a signed checkpoint of the log whose key is given: Refused
// when that key did not sign it, Invalid when it is not a checkpoint.
func OpenCheckpoint(signed []byte, vkey string) (Checkpoint, error) {
	s, err := ReadCheckpoint(signed, vkey)
	return s.Checkpoint, err
}

// ReadCheckpoint reads a signed checkpoint and the cosignatures under it. The first
// key must be the log's own, of type Ed25519; the others are witnesses'. A cosignature that does
// not verify with a key given spoils the whole. // c2sp:signed-note
func ReadCheckpoint(signed []byte, vkey string, witnesses ...string) (Signed, error) {
	v, err := NewVerifier(vkey)
	if err != nil {
		return Signed{}, err
	}
	known := []note.Verifier{v}
	for _, w := range witnesses {
		v, err := NewCosignatureVerifier(w)
		if err != nil {
			return Signed{}, err
		}
		known = append(known, v)
	}
	s, err := readNote(signed, note.VerifierList(known...))
	switch {
	case err != nil:
		return s, err
	case !slices.ContainsFunc(s.Signatures, func(x Signature) bool { return x.Verified && x.Name == v.Name() && x.Key == v.KeyHash() }):
		return s, avow.Errorf(avow.Refused, "the checkpoint is not signed by %s", keyName(v.Name(), v.KeyHash()))
	case s.Checkpoint.Origin != v.Name():
		return s, avow.Errorf(avow.Refused, "the checkpoint is of the log %q, the key is of %q", s.Checkpoint.Origin, v.Name())
	}
	return s, nil
}

// ReadCosignature reads what a witness answered to a signed checkpoint: signature
// lines, of which the witness's own is given back. Refused when there is none that verifies. // c2sp:tlog-witness
func ReadCosignature(signed, lines []byte, vkey string) (Signature, error) {
	v, err := NewCosignatureVerifier(vkey)
	if err != nil {
		return Signature{}, err
	}
	s, err := PeekCheckpoint(signed)
	if err != nil {
		return Signature{}, err
	}
	answered, err := readNote(append(append(s.Text, '\n'), lines...), note.VerifierList(v))
	if err != nil {
		return Signature{}, err
	}
	for _, sig := range answered.Signatures {
		if sig.Verified {
			return sig, nil
		}
	}
	return Signature{}, avow.Errorf(avow.Refused, "the answer is not signed by %s", keyName(v.Name(), v.KeyHash()))
}

// PeekCheckpoint reads a signed checkpoint without checking a signature. What it says is
// not to be believed before a key that is trusted was tried.
func PeekCheckpoint(signed []byte) (Signed, error) { return readNote(signed, note.VerifierList()) }

func readNote(signed []byte, known note.Verifiers) (Signed, error) {
	if len(signed) > MaxCheckpoint {
		return Signed{}, avow.Errorf(avow.TooLarge, "a checkpoint is at most %d bytes", MaxCheckpoint)
	}
	n, err := note.Open(signed, known)
	if unsigned := (*note.UnverifiedNoteError)(nil); errors.As(err, &unsigned) {
		n, err = unsigned.Note, nil
	}
	if bad := (*note.InvalidSignatureError)(nil); errors.As(err, &bad) {
		return Signed{}, avow.Errorf(avow.Refused, "the signature of %s does not fit the checkpoint", keyName(bad.Name, bad.Hash))
	}
	if err != nil {
		return Signed{}, avow.Errorf(avow.Invalid, "that is not a signed checkpoint")
	}
	s := Signed{Text: []byte(n.Text)}
	for _, x := range n.Sigs {
		s.Signatures = append(s.Signatures, Signature{x.Name, x.Hash, x.Base64, true})
	}
	for _, x := range n.UnverifiedSigs {
		s.Signatures = append(s.Signatures, Signature{x.Name, x.Hash, x.Base64, false})
	}
	if slices.ContainsFunc(s.Signatures, loose) {
		return Signed{}, avow.Errorf(avow.Invalid, "that is not a signed checkpoint")
	}
	s.Checkpoint, err = ParseCheckpoint(n.Text)
	return s, err
}

// loose reports a signature that is not spelled in the one way base64 has.
func loose(s Signature) bool {
	_, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
	return err != nil
}

// ParseCheckpoint reads what Text wrote, and nothing else; Invalid otherwise.
func ParseCheckpoint(text string) (Checkpoint, error) {
	bad := avow.Errorf(avow.Invalid, "that is not a checkpoint of a log")
	rest, ended := strings.CutSuffix(text, "\n")
	lines := strings.Split(rest, "\n")
	if !ended || len(lines) < 3 || slices.Contains(lines, "") {
		return Checkpoint{}, bad
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, rootErr := tlog.ParseHash(lines[2])
	if err != nil || rootErr != nil || size < 0 {
		return Checkpoint{}, bad
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root, Extensions: lines[3:]}
	if len(c.Extensions) == 0 {
		c.Extensions = nil
	}
	if string(c.Text()) != text || !utf8.ValidString(text) || size == 0 && root != emptyRoot {
		return Checkpoint{}, bad
	}
	return c, nil
}
