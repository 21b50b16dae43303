package drp

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
)

// Agent is somebody whom the operator admits to send people's requests.
type Agent struct {
	ID   string
	Name string // people read it in the letter that asks them whether they want it
	Key  ed25519.PublicKey
}

// String is how an agent is named to people and in the records.
func (a Agent) String() string { return a.Name + " (" + a.ID + ")" }

// Directory are the admitted agents by their id.
type Directory map[string]Agent

const (
	mostAgents = 1000
	mostID     = 80  // bytes
	mostName   = 100 // bytes
)

// ParseAgents reads who is admitted: a JSON array in the form of the network's directory of agents (drp:1.0#3.05.1), of which
// `id`, `name` and `verify_key` count. A key is in base64, as 1.0 has it, or in hex, as it was before 0.9.1. Invalid names the entry that is wrong; its field is that entry's number, and holds nothing of the file.
func ParseAgents(b []byte) (Directory, error) {
	var list []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Key  string `json:"verify_key"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, avow.Errorf(avow.Invalid, "the file of agents is not a list of agents in JSON: %w", err)
	}
	if len(list) > mostAgents {
		return nil, avow.Errorf(avow.TooLarge, "the file of agents has more than %d", mostAgents)
	}
	out := Directory{}
	for i, e := range list {
		entry := "entry " + strconv.Itoa(i+1)
		key, err := parseKey(e.Key)
		_, twice := out[e.ID]
		switch {
		case !plainID(e.ID):
			return nil, avow.FieldErrorf(entry, "in the file of agents, %q is not an id: letters, digits, dots, dashes and underscores, at most %d", e.ID, mostID)
		case twice:
			return nil, avow.FieldErrorf(entry, "the file of agents has %s twice", e.ID)
		case strings.TrimSpace(e.Name) == "" || len(e.Name) > mostName || strings.ContainsFunc(e.Name, control):
			return nil, avow.FieldErrorf(entry, "in the file of agents, %s needs a name of one line, of at most %d bytes", e.ID, mostName)
		case err != nil:
			return nil, avow.FieldErrorf(entry, "in the file of agents, the verify_key of %s %s", e.ID, avow.MessageOf(err))
		}
		for _, other := range out {
			if other.Key.Equal(key) {
				return nil, avow.FieldErrorf(entry, "in the file of agents, %s and %s have the same key, so nobody can tell them apart", other.ID, e.ID)
			}
		}
		out[e.ID] = Agent{ID: e.ID, Name: e.Name, Key: key}
	}
	return out, nil
}

func control(c rune) bool { return c < ' ' || c == 0x7f }

func plainID(s string) bool {
	return s != "" && len(s) <= mostID && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

func parseKey(text string) (ed25519.PublicKey, error) {
	text = strings.TrimSpace(text)
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if len(text) == hex.EncodedLen(ed25519.PublicKeySize) {
		key, err = hex.DecodeString(text)
	}
	switch {
	case err != nil || len(key) != ed25519.PublicKeySize:
		return nil, avow.Errorf(avow.Invalid, "is not 32 bytes in base64")
	case forgeable(key):
		return nil, avow.Errorf(avow.Invalid, "is one that anybody can sign for")
	}
	return key, nil
}

// forgeable tells whether a signature that takes no secret holds under a key, as it does under the few keys of
// small order: then the point of nothing and a zero are one for every eighth message at least.
func forgeable(key ed25519.PublicKey) bool {
	forged := append([]byte{1}, bytes.Repeat([]byte{0}, ed25519.SignatureSize-1)...)
	for i := range 256 {
		if ed25519.Verify(key, []byte{byte(i)}, forged) {
			return true
		}
	}
	return false
}
