package cases

import (
	"encoding/binary"
	"encoding/json"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

// secret is what a request holds of somebody. It lies sealed under the request's own key.
type secret struct {
	Identities  []given      `json:"identities"`
	Corrections []Correction `json:"corrections,omitempty"`
	Wrote       string       `json:"wrote,omitempty"`
	Of          []string     `json:"of,omitempty"`
	Agent       string       `json:"agent,omitempty"`    // who acts, and by what mandate
	Evidence    string       `json:"evidence,omitempty"` // what staff relied on
	Reason      string       `json:"reason,omitempty"`   // of a refusal
	Appeal      string       `json:"appeal,omitempty"`
	Key         []byte       `json:"key"`           // for masks and the package
	To          string       `json:"to,omitempty"`  // the address that was shown to be theirs
	New         string       `json:"new,omitempty"` // the new address, when it was shown too
	Without     []string     `json:"without,omitempty"`
	Met         []Identity   `json:"met,omitempty"`        // in rows of theirs, as they were captured
	Outweighed  *Weighed     `json:"outweighed,omitempty"` // by what Reason says
	Lifting     *lifting     `json:"lifting,omitempty"`    // of a request for Lift
	Lift        bool         `json:"lift,omitempty"`       // what was marked in systems is taken back
}

// given is an identity as it was given; Proved says how it was shown to be theirs, and is empty when it was not.
type given struct {
	Identity
	Proved string `json:"proved,omitempty"`
}

// proved are the identities that were shown to be the person's.
func (s *secret) proved() (out []Identity) {
	for _, g := range s.Identities {
		if g.Proved != "" {
			out = append(out, g.Identity)
		}
	}
	return out
}

// all are the identities as they were given.
func (s *secret) all() (out []Identity) {
	for _, g := range s.Identities {
		out = append(out, g.Identity)
	}
	return out
}

// prove marks an identity, adding it where it was not given.
func (s *secret) prove(id Identity, how string) {
	for i := range s.Identities {
		if g := &s.Identities[i]; g.Identity == id {
			g.Proved = how
			return
		}
	}
	s.Identities = append(s.Identities, given{id, how})
}

func sealContext(id avow.ID, what string, n, part int) []byte {
	b := append([]byte("rights_cases\x00"+what+"\x00"), id[:]...)
	b = binary.AppendUvarint(b, uint64(n))
	return binary.AppendUvarint(b, uint64(part))
}

func (d *Desk) open(tx *store.Tx, c *record) (*secret, error) {
	plain, err := d.Desk.Vault.Open(tx, c.ID, sealContext(c.ID, "secret", 0, 0), c.sealed)
	if err != nil {
		return nil, err
	}
	s := &secret{}
	return s, json.Unmarshal(plain, s)
}

func (d *Desk) seal(tx *store.Tx, c *record, s *secret) error {
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	c.sealed, err = d.Desk.Vault.Seal(tx, c.ID, sealContext(c.ID, "secret", 0, 0), plain)
	return err
}

// request is what those who act see of a request.
func (d *Desk) request(tx *store.Tx, c *record) (Request, error) {
	s, err := d.open(tx, c)
	if err != nil {
		return Request{}, err
	}
	objects := false
	if c.Right == Lift {
		if objects, err = d.objects(tx, c, s); err != nil {
			return Request{}, err
		}
	}
	return Request{Case: c.ID, Right: c.Right, Policy: c.Policy, Version: c.Version, Region: c.Region, Subject: c.Subject, Identities: d.searched(c, s), Met: s.Met, Shown: len(s.proved()) > 0, Lift: s.Lift, Objects: objects,
		Corrections: s.Corrections, Key: s.Key, Without: s.Without, Received: c.Received, Now: tx.Now()}, nil
}

// searched are the identities by which systems are searched: those that were shown to be the person's. What
// the law has stopped without asking for that is marked under what was typed (ccpa:1798.135); it tells nobody anything.
func (d *Desk) searched(c *record, s *secret) []Identity {
	if marksOnly(c.Right) && d.Needs(c.Right, nil) == Nothing {
		return s.all()
	}
	return s.proved()
}

// marksOnly are the rights that systems at most mark.
func marksOnly(right law.Right) bool {
	return right == law.StopMarketing || right == law.OptOut || right == law.Limit
}

const partSize = 1 << 20

// keepPart seals what a step captured, in parts.
func (d *Desk) keepPart(tx *store.Tx, id avow.ID, n int, plain []byte) error {
	if _, err := tx.Exec(`DELETE FROM rights_case_parts WHERE case_id = ? AND n = ?`, id, n); err != nil {
		return err
	}
	for part := 0; part == 0 || len(plain) > 0; part++ {
		piece := plain[:min(len(plain), partSize)]
		plain = plain[len(piece):]
		sealed, err := d.Desk.Vault.Seal(tx, id, sealContext(id, "part", n, part), piece)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO rights_case_parts (case_id, n, part, sealed) VALUES (?, ?, ?, ?)`, id, n, part, sealed); err != nil {
			return err
		}
	}
	return nil
}

// part opens what a step captured; nil when it captured nothing.
func (d *Desk) part(tx *store.Tx, id avow.ID, n int) (plain []byte, err error) {
	pieces, err := store.Collect(tx, func(r *store.Rows) (b []byte, err error) { return b, r.Scan(&b) },
		`SELECT sealed FROM rights_case_parts WHERE case_id = ? AND n = ? ORDER BY part`, id, n)
	for i, sealed := range pieces {
		piece, err := d.Desk.Vault.Open(tx, id, sealContext(id, "part", n, i), sealed)
		if err != nil {
			return nil, err
		}
		plain = append(plain, piece...)
	}
	return plain, err
}
