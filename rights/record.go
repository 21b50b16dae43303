package rights

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights/pack"
)

// Format names the form of data.json. A change that takes a key away or gives it
// another meaning gets a new name; new keys do not.
const Format = "avow-copy/1"

// What is said of data in the words of a notice.
type (
	Purpose   = pack.Purpose
	Recipient = pack.Recipient
	Notice    = pack.Notice
	Complaint = pack.Complaint
)

// Record is everything held of a person (gdpr:15).
type Record struct {
	Format     string            `json:"format"`
	Subject    avow.ID           `json:"subject"`
	At         time.Time         `json:"at"`
	Kind       avow.SubjectKind  `json:"-"`
	Acts       string            `json:"actsAs"` // individual, business or unknown
	Since      time.Time         `json:"since"`
	Identities []Identity        `json:"identities"`
	Employer   string            `json:"employer,omitempty"` // for whom they act, when that is held
	Categories []Category        `json:"categories"`
	Choices    []Choice          `json:"choices"`
	Notices    []Notice          `json:"notices"`  // the versions that values were given under
	MustKeep   []Kept            `json:"mustKeep"` // what an erasure would leave, and why
	History    []Happening       `json:"history"`  // the newest first
	Earlier    int               `json:"earlier"`  // events that are not in History because See shows the newest
	Receipts   []*ledger.Receipt `json:"-"`        // of the events in History that can still be opened; in the copy
}

// Identity is something that finds the person.
type Identity struct {
	Kind     string `json:"kind"`
	Value    string `json:"value"`
	Verified bool   `json:"verified"`
}

// Category is a category of data under one policy (gdpr:15(1)(b)).
type Category struct {
	Policy     string   `json:"policy"`
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Values     []Held   `json:"values"`
	Recipients []string `json:"recipients"` // who may receive data of it, for what it was collected for (gdpr:15(1)(c))
	Kept       []string `json:"kept"`       // how long, rule by rule (gdpr:15(1)(d))
}

// Why is what the values are for, each purpose once.
func (c Category) Why() []Purpose {
	var out []Purpose
	for _, v := range c.Values {
		for _, u := range v.Purposes {
			i := slices.IndexFunc(out, func(o Purpose) bool { return o.Name == u.Name })
			if i < 0 {
				out = append(out, Purpose{Name: u.Name, Title: u.Title})
				i = len(out) - 1
			}
			for _, because := range u.Because {
				out[i].Because = with(out[i].Because, because)
			}
		}
	}
	return out
}

// Who is who may receive some of the values, each once.
func (c Category) Who() []Recipient {
	var out []Recipient
	for _, v := range c.Values {
		for _, r := range v.Recipients {
			i := slices.IndexFunc(out, func(o Recipient) bool { return o.Name == r.Name && o.When == r.When })
			if i < 0 {
				out = append(out, r)
				i = len(out) - 1
				out[i].For = nil
			}
			for _, why := range r.For {
				out[i].For = with(out[i].For, why)
			}
		}
	}
	return out
}

// Held is one value with how it came to be held.
type Held struct {
	ID         avow.ID     `json:"id"`
	Field      string      `json:"field"` // `email`
	Label      string      `json:"label"` // `E-mail address`
	Value      string      `json:"value"`
	Source     string      `json:"source"` // title (gdpr:15(1)(g))
	Point      string      `json:"point"`
	PointTitle string      `json:"pointTitle"`
	At         time.Time   `json:"at"`
	Version    int         `json:"noticeVersion"`
	Basis      string      `json:"lawfulBasis"`
	BasisMeans string      `json:"lawfulBasisMeans,omitempty"`
	Purposes   []Purpose   `json:"purposes"`   // gdpr:15(1)(a)
	Recipients []Recipient `json:"recipients"` // of this value
	Kept       []string    `json:"kept"`       // this value
	Claimed    bool        `json:"claimed"`    // given before anybody showed to hold the address
	Portable   bool        `json:"-"`          // it can be taken elsewhere (gdpr:20(1))
}

// Happening is an event of the person's own history.
type Happening struct {
	ID      avow.ID         `json:"id"`
	Index   int64           `json:"index"`
	At      time.Time       `json:"at"`
	Type    ledger.Type     `json:"type"`
	Words   string          `json:"words"`
	Policy  string          `json:"policy,omitempty"`
	Version int             `json:"version,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"` // what it says beside; empty when its time is over
	Opens   bool            `json:"-"`              // its receipt can be had
}
