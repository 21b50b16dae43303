package rights

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Record is everything held of a person (gdpr:15).
type Record struct {
	Subject    avow.ID           `json:"subject"`
	At         time.Time         `json:"at"`
	Kind       avow.SubjectKind  `json:"-"`
	Acts       string            `json:"actsAs"` // individual, business or unknown
	Identities []Identity        `json:"identities"`
	Categories []Category        `json:"categories"`
	Choices    []Choice          `json:"choices"`
	History    []Happening       `json:"history"`
	Receipts   []*ledger.Receipt `json:"-"` // of the events in History that can still be opened
}

// Identity is something that finds the person.
type Identity struct {
	Kind     string `json:"kind"`
	Value    string `json:"value"`
	Verified bool   `json:"verified"`
}

// Category is a category of data under one policy.
type Category struct {
	Policy     string   `json:"policy"`
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Values     []Held   `json:"values"`
	Recipients []string `json:"recipients"` // who receives data of it (gdpr:15(1)(c))
	Kept       []string `json:"kept"`       // how long, rule by rule (gdpr:15(1)(d))
}

// Held is one value with how it came to be held.
type Held struct {
	ID       avow.ID   `json:"id"`
	Field    string    `json:"field"`
	Value    string    `json:"value"`
	Source   string    `json:"source"` // title (gdpr:15(1)(g))
	Point    string    `json:"point"`
	At       time.Time `json:"at"`
	Version  int       `json:"noticeVersion"`
	Basis    string    `json:"lawfulBasis"`
	Purposes []Purpose `json:"purposes"` // gdpr:15(1)(a)
	Claimed  bool      `json:"claimed"`  // given before anybody showed to hold the address
}

// Purpose is what a value is for.
type Purpose struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// Happening is an event of the person's own history.
type Happening struct {
	ID      avow.ID         `json:"id"`
	Index   int64           `json:"index"`
	At      time.Time       `json:"at"`
	Type    ledger.Type     `json:"type"`
	Policy  string          `json:"policy,omitempty"`
	Version int             `json:"version,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"` // what it says beside; empty when its time is over
}

// what a look was, as the event says it.
type lookBody struct {
	Request string `json:"request"`
	By      string `json:"by"`
}

// See gives everything held of whoever has the session. The look is an event; it is
// in the record of the next one.
func (d *Desk) See(ctx context.Context, session string) (Record, error) {
	return d.look(ctx, session, ledger.RequestAnswered, "see")
}

// look records that somebody was shown their data, then reads it. It is in this order so
// that nothing is shown without its event.
func (d *Desk) look(ctx context.Context, session string, what ledger.Type, request string) (Record, error) {
	var rec Record
	var subject avow.ID
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if subject, err = d.who(tx, session); err != nil {
			return err
		}
		if rec, err = d.read(tx, subject); err != nil {
			return err
		}
		body, err := json.Marshal(lookBody{request, "the person"})
		if err != nil {
			return err
		}
		return d.record(tx, ledger.Event{Type: what, Subject: subject, Body: body})
	})
	if err != nil {
		return Record{}, err
	}
	if d.Choices != nil {
		rec.Choices, err = d.Choices(ctx, subject)
	}
	return rec, err
}

// read gathers the record.
func (d *Desk) read(tx *store.Tx, subject avow.ID) (Record, error) {
	who, err := d.Vault.Subject(tx, subject)
	if err != nil {
		return Record{}, err
	}
	rec := Record{Subject: who.ID, At: tx.Now(), Kind: who.Kind, Acts: who.Kind.String(), Identities: []Identity{}, Choices: []Choice{}}
	identities, err := d.Vault.Identities(tx, who.ID)
	if err != nil {
		return rec, err
	}
	for _, id := range identities {
		rec.Identities = append(rec.Identities, Identity{id.Kind, id.Value, id.Verified})
	}
	values, err := d.Vault.Values(tx, who.ID)
	if err != nil {
		return rec, err
	}
	rec.Categories = d.categories(values)
	return rec, d.history(tx, &rec)
}

// categories groups values by policy and category, in the order they are given.
func (d *Desk) categories(values []vault.Value) []Category {
	list := []Category{}
	for _, v := range values {
		i := slices.IndexFunc(list, func(c Category) bool { return c.Policy == v.Policy && c.Name == v.Category })
		if i < 0 {
			list = append(list, Category{Policy: v.Policy, Name: v.Category, Title: v.Category, Values: []Held{}, Recipients: []string{}, Kept: []string{}})
			i = len(list) - 1
		}
		list[i].Values = append(list[i].Values, d.held(v, &list[i]))
	}
	return list
}

// held is a value in the words of the version it was given under, as far as that is published here.
func (d *Desk) held(v vault.Value, c *Category) Held {
	h := Held{ID: v.ID, Field: v.Field, Value: v.Data, Source: v.Source, Point: v.Point, At: v.At, Version: v.Version,
		Basis: v.Basis.String(), Purposes: []Purpose{}, Claimed: v.Claimed}
	p, err := d.Register.Version(v.Policy, v.Version)
	for _, name := range v.Purposes {
		u := Purpose{Name: name, Title: name}
		if err == nil {
			if i, ok := p.Purpose(name); ok {
				u.Title = p.Purposes[i].Title
			}
		}
		h.Purposes = append(h.Purposes, u)
	}
	if err != nil {
		return h
	}
	if i, ok := p.FindSource(v.Source); ok {
		h.Source = p.Sources[i].Title
	}
	c.describe(p)
	return h
}

// describe says in a version's words what a category is, who receives it and how long it is kept.
func (c *Category) describe(p *policy.Policy) {
	fields, _, ok := p.Data(c.Name)
	if !ok {
		return
	}
	for _, k := range p.Categories {
		if k.Name == c.Name && k.Title != "" {
			c.Title = k.Title
		}
	}
	for _, r := range p.Recipients {
		if r.Declared && !r.Receives.And(fields).Empty() {
			c.Recipients = with(c.Recipients, orElse(r.Title, r.Name))
		}
	}
	for _, r := range p.Retention {
		if !r.Fields.And(fields).Empty() {
			c.Kept = with(c.Kept, kept(r))
		}
	}
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// history opens the events of the person that can still be opened.
func (d *Desk) history(tx *store.Tx, rec *Record) error {
	rec.History = []Happening{}
	family, err := d.Vault.Family(tx, rec.Subject)
	if err != nil {
		return err
	}
	entries, err := d.Ledger.BySubject(tx, family...)
	if err != nil {
		return err
	}
	for _, e := range entries {
		h := Happening{ID: e.ID, Index: e.Index, At: e.At, Type: e.Type, Policy: e.Policy, Version: e.Version}
		event, err := d.Ledger.Open(tx, e)
		if err == nil {
			h.Body = event.Body
		} else if avow.KindOf(err) != avow.NotFound {
			return err
		}
		rec.History = append(rec.History, h)
		if err != nil {
			continue
		}
		receipt, err := d.Ledger.Receipt(tx, e)
		if err != nil {
			return err
		}
		rec.Receipts = append(rec.Receipts, receipt)
	}
	return nil
}
