package drp

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/rights/cases"
)

const (
	version   = "1.0"
	longest   = time.Hour // that a message may hold
	mostKeys  = 100       // of a message
	mostToken = 200       // bytes
)

// message is what an agent signed: a JSON object whose keys are read exactly as they are written.
type message struct {
	signed  []byte
	fields  map[string]json.RawMessage
	expires time.Time // known once the envelope was found to hold
}

// open reads a message: in base64 a signature, and what it signs (drp:1.0#3.07.1). The order is that of drp:1.0#3.07:
// base64 first, then the signature, and nothing is read of what nobody signed.
func open(body []byte, key ed25519.PublicKey) (*message, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(string(bytes.Trim(body, " \t\r\n")))
	if err != nil || len(raw) < ed25519.SignatureSize {
		return nil, fault{http.StatusBadRequest, "the body is not a signed message in base64", true}
	}
	signature, signed := raw[:ed25519.SignatureSize], raw[ed25519.SignatureSize:]
	if !ed25519.Verify(key, signed, signature) {
		return nil, fault{http.StatusForbidden, "the signature is not one by the key this agent is admitted with", true}
	}
	fields, err := readObject(signed)
	if err != nil {
		return nil, fault{http.StatusBadRequest, "what was signed is not one JSON object: " + err.Error(), true}
	}
	return &message{signed: signed, fields: fields}, nil
}

// readObject reads one JSON object, and nothing beside it, in which no key stands twice: two programs
// would read such a one differently.
func readObject(text []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("it begins with something else")
	}
	out := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errors.New("a key is expected")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("a value cannot be read")
		}
		if _, twice := out[name]; twice {
			return nil, errors.New("a key stands twice")
		}
		if out[name] = value; len(out) > mostKeys {
			return nil, errors.New("it has too many keys")
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("it does not end")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something comes after it")
	}
	return out, nil
}

// has tells whether something is said. A null says nothing.
func (m *message) has(name string) bool {
	v, ok := m.fields[name]
	return ok && string(v) != "null"
}

// text reads a string of at most so many bytes; empty when it is not said.
func (m *message) text(name string, most int) (s string, err error) {
	if !m.has(name) {
		return "", nil
	}
	if err := json.Unmarshal(m.fields[name], &s); err != nil || len(s) > most || bytes.ContainsRune([]byte(s), 0) {
		return "", invalid("%s is a string of at most %d bytes", name, most)
	}
	return s, nil
}

// flag reads a boolean; false when it is not said.
func (m *message) flag(name string) (yes bool, err error) {
	if !m.has(name) {
		return false, nil
	}
	if err := json.Unmarshal(m.fields[name], &yes); err != nil {
		return false, invalid("%s is true or false", name)
	}
	return yes, nil
}

// The forms of a time that name a zone (iso8601); without one nobody can say when it is.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "20060102T150405Z0700", "2006-01-02T15:04Z07:00"}

func (m *message) time(name string) (time.Time, error) {
	s, err := m.text(name, 64)
	if err != nil {
		return time.Time{}, err
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid("%s is a time with its zone, as 2026-01-31T12:00:00.000+00:00", name)
}

// envelope holds a message against who sent it, whom it is for and when it is, in the order of drp:1.0#3.07. The clock is taken
// as it is, because the protocol wants that: an agent whose clock is ahead signs again.
func (m *message) envelope(agent Agent, business string, now time.Time) error {
	if who, err := m.text("agent-id", mostID); err != nil || who != agent.ID {
		return fault{http.StatusForbidden, "agent-id is not the agent whose token or address this is", true}
	}
	if whom, err := m.text("business-id", 200); err != nil || whom != business {
		return fault{http.StatusForbidden, "business-id is somebody else", true}
	}
	issued, err := m.time("issued-at")
	if err != nil {
		return err
	}
	expires, err := m.time("expires-at")
	switch {
	case err != nil:
		return err
	case now.Before(issued):
		return fault{http.StatusForbidden, "issued-at has not come yet by the clock here; set the agent's clock, and sign again", false}
	case !now.Before(expires):
		return fault{http.StatusForbidden, "expires-at is past; sign again", true}
	case expires.Sub(issued) > longest:
		return fault{http.StatusForbidden, "expires-at is more than an hour after issued-at", true}
	}
	if v, err := m.text("drp.version", 20); err != nil || v != version {
		return invalid("drp.version is %q here", version)
	}
	m.expires = expires
	return nil
}

// used is the message as something that counts once, whatever it is sent to.
func (m *message) used(agent Agent) cases.AgentMessage {
	h := sha256.New()
	h.Write([]byte(agent.ID + "\x00"))
	h.Write(m.signed)
	return cases.AgentMessage{Agent: agent.ID, Hash: [32]byte(h.Sum(nil)), Expires: m.expires}
}

// parseUUID reads the id of a request. Any other text names a request of nobody.
func parseUUID(text string) (id avow.ID, err error) {
	if id, ok := readUUID(text); ok {
		return id, nil
	}
	return id, avow.Errorf(avow.Forbidden, "there is no such request of this agent")
}
