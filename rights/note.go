package rights

import (
	"encoding/json"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

const (
	thePerson = "the person"
	theDesk   = "privacy centre"
)

// note is what an event of this room says: names and counts, never a value.
type note struct {
	Request    string   `json:"request,omitempty"`
	Fields     []string `json:"fields,omitempty"`
	Values     int      `json:"values,omitempty"`
	Events     int      `json:"events,omitempty"`
	Identities int      `json:"identities,omitempty"`
	Kept       []Kept   `json:"kept,omitempty"`
	Suppressed bool     `json:"suppressed,omitempty"`
	Was        []string `json:"was,omitempty"` // ids of old
	Way        string   `json:"way,omitempty"`
	By         string   `json:"by,omitempty"`
	Evidence   string   `json:"evidence,omitempty"` // what staff relied on
	ledger.Erasure
}

func (d *Desk) record(tx *store.Tx, e ledger.Event, n note) (*ledger.Receipt, error) {
	if n.By == "" {
		n.By = thePerson
	}
	var err error
	if e.Body, err = json.Marshal(n); err != nil {
		return nil, err
	}
	return d.Ledger.Append(tx, e)
}
