package collect

import (
	"context"
	"encoding/json"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Accept takes a submission whole or not at all. Values, identity, consents, the
// words they were given under and the mail that asks for a confirmation are of one transaction.
//
// Errors: Invalid with the field and what to do; NotFound for a policy or point
// that is not there; TooLarge; TooMany, by sender or by point.
func (d *Desk) Accept(ctx context.Context, s Submission) (Result, error) {
	if s.RemoteKey != "" && !d.remotes.allow(s.RemoteKey, d.clock()) {
		return Result{}, avow.Errorf(avow.TooMany, "that is too often; wait a moment and send it again")
	}
	p, shown, err := d.shown(s)
	if err != nil {
		return Result{}, err
	}
	c, err := check(p, s)
	if err != nil {
		return Result{}, err
	}
	if !d.points.allow(c.p.Name+"\x00"+c.point.Name, d.clock()) { // only of points there are, else made-up ones would push the real ones out
		return Result{}, avow.Errorf(avow.TooMany, "many people are using this form now; wait a moment and send it again")
	}
	if s.Trap != "" {
		return d.trapped(c, shown), nil
	}
	if s.Way == "" {
		s.Way = "form " + s.Point
	}
	var result Result
	var receipt *ledger.Receipt
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		result, receipt, err = d.keep(tx, c, s, shown)
		return err
	})
	if err == nil {
		result.Reference = receipt.ID
	}
	return result, err
}

// trapped answers whoever filled what people do not see as if it had been taken.
func (d *Desk) trapped(c checked, shown bool) Result {
	r := c.result(shown)
	r.Reference = avow.NewID(d.clock())
	return r
}

func (c *checked) result(shown bool) Result {
	r := Result{Policy: c.p.Name, Version: c.p.Number, Shown: shown, Fields: []string{}, Consents: []string{}}
	for _, g := range c.fields {
		if !c.p.NeverKept.Has(g.index) {
			r.Fields = append(r.Fields, g.field.Path())
		}
	}
	if point, ok := c.p.Document.Collect.Get(c.point.Name); ok {
		r.NeedsConfirmation = point.Verify.Yes
	}
	for _, i := range c.consents {
		r.Consents = append(r.Consents, c.p.Purposes[i].Name)
		r.NeedsConfirmation = r.NeedsConfirmation || c.p.Consents[c.p.Purposes[i].ConsentLane].Confirm != "none"
	}
	r.NeedsConfirmation = r.NeedsConfirmation && c.mailable()
	return r
}

// mailable reports whether the giver left an address to which a link can be sent.
func (c *checked) mailable() bool {
	id, ok := c.identity(c.own())
	return ok && id.Kind == vault.Email
}

// keep writes a submission: what the giver said of themselves, and apart from it what
// they said of somebody else (E29).
func (d *Desk) keep(tx *store.Tx, c checked, s Submission, shown bool) (Result, *ledger.Receipt, error) {
	result := c.result(shown)
	var first *ledger.Receipt
	for _, part := range []struct {
		fields []given
		giver  bool
	}{{c.own(), true}, {c.others(), false}} {
		if len(part.fields) == 0 && !(part.giver && len(c.consents) > 0) {
			continue
		}
		receipt, err := d.keepPart(tx, c, s, part.fields, part.giver, shown)
		if err != nil {
			return result, nil, err
		}
		if first == nil {
			first = receipt
		}
	}
	if first == nil {
		return result, nil, avow.Errorf(avow.Invalid, "nothing was filled in")
	}
	return result, first, nil
}

func (c *checked) own() []given { return c.about(false) }

func (c *checked) others() []given { return c.about(true) }

// about: at a point about other people, data of a category about somebody else is
// theirs; where the point has no such category, all of it is.
func (c *checked) about(others bool) (list []given) {
	apart := false
	c.point.Needs.Or(c.point.May).Each(func(i int) { apart = apart || c.p.Fields[i].Others })
	for _, g := range c.fields {
		theirs := g.field.Others || c.point.Others && !apart
		if theirs == others {
			list = append(list, g)
		}
	}
	return list
}

// identity is what finds the person some fields are about: their e-mail address,
// else their telephone, else another field that identifies. A second one is a value
// like any other.
func (c *checked) identity(fields []given) (vault.Identity, bool) {
	for _, want := range []string{"email", "phone", ""} {
		for _, g := range fields {
			if !g.field.Identifies || want != "" && g.field.Name != want {
				continue
			}
			switch g.field.Name {
			case "email":
				return vault.Identity{Kind: vault.Email, Value: g.value}, true
			case "phone":
				return vault.Identity{Kind: vault.Phone, Value: g.value}, true
			}
			return vault.Identity{Kind: g.field.Path(), Value: g.value}, true
		}
	}
	return vault.Identity{}, false
}

func (d *Desk) keepPart(tx *store.Tx, c checked, s Submission, fields []given, giver, shown bool) (*ledger.Receipt, error) {
	id, known := c.identity(fields)
	if !known { // nobody can be found by it, and whoever gave it can still be told apart
		id = vault.Identity{Kind: "submission", Value: avow.NewID(tx.Now()).String()}
	}
	subject, err := d.vault.Claim(tx, id)
	if err != nil {
		return nil, err
	}
	h, err := d.consent.In(tx, subject)
	if err != nil {
		return nil, err
	}
	if err := h.Recall(id); err != nil {
		return nil, err
	}
	if err := d.values(tx, c, h.Subject(), fields); err != nil {
		return nil, err
	}
	receipt, err := h.Append(c.event(s, fields, shown))
	if err != nil {
		return nil, err
	}
	if giver {
		if err := d.giver(tx, h, c, s, id, receipt); err != nil {
			return nil, err
		}
	}
	return receipt, h.Done()
}

func (d *Desk) values(tx *store.Tx, c checked, subject vault.Subject, fields []given) error {
	source, purposes := c.p.Sources[c.point.Source].Name, names(c.p, c.purposes())
	values := make([]vault.Value, 0, len(fields))
	for _, g := range fields {
		if c.p.NeverKept.Has(g.index) {
			continue
		}
		values = append(values, vault.Value{
			Category: g.field.Category, Field: g.field.Name, Source: source, Point: c.point.Name,
			Policy: c.p.Name, Version: c.p.Number, Basis: c.basis(g.index), Purposes: purposes, Data: g.value,
		})
	}
	if len(values) == 0 {
		return nil
	}
	_, err := d.vault.PutAll(tx, subject, values)
	return err
}

func names(p *policy.Policy, purposes []int) (list []string) {
	for _, i := range purposes {
		list = append(list, p.Purposes[i].Name)
	}
	return list
}

// collected is the body of the event: names and the policy's words, no value.
type collected struct {
	Point     string   `json:"point"`
	Source    string   `json:"source"`
	Fields    []string `json:"fields"`
	For       []string `json:"for,omitempty"`
	Shown     bool     `json:"shown"` // the version's words, by our form
	Way       string   `json:"way"`
	Confirmed []string `json:"confirmed,omitempty"`
	Signals   []string `json:"signals,omitempty"`
}

func (c *checked) event(s Submission, fields []given, shown bool) ledger.Event {
	b := collected{Point: c.point.Name, Source: c.p.Sources[c.point.Source].Name, Fields: []string{}, For: names(c.p, c.purposes()),
		Shown: shown, Way: s.Way, Confirmed: c.point.Confirm, Signals: signalNames(s.Signals)}
	for _, g := range fields {
		if !c.p.NeverKept.Has(g.index) {
			b.Fields = append(b.Fields, g.field.Path())
		}
	}
	body, err := json.Marshal(b)
	if err != nil {
		panic(err) // strings only
	}
	return ledger.Event{Type: ledger.Collected, Policy: c.p.Name, Version: c.p.Number, Body: body}
}

func signalNames(s avow.Signals) (list []string) {
	if s&avow.DNT != 0 {
		list = append(list, "DNT")
	}
	if s&avow.GPC != 0 {
		list = append(list, "Sec-GPC")
	}
	return list
}

// giver writes what only the giver of a submission says: where they live, as whom
// they act, what they become by it, what their browser asks, and what they consent to.
func (d *Desk) giver(tx *store.Tx, h *consent.Hand, c checked, s Submission, id vault.Identity, receipt *ledger.Receipt) error {
	if err := h.LivesIn(s.Region); err != nil {
		return err
	}
	// An individual does not become a business by a form: that is the less protected.
	if now := h.Subject().Kind; now != c.kind && (c.kind == avow.Individual || now == avow.KindUnknown) {
		if err := d.vault.SetKind(tx, h.Subject().ID, c.kind); err != nil {
			return err
		}
	}
	if c.point.Makes >= 0 {
		if err := h.ShowFact(c.p.Name, c.p.Facts[c.point.Makes].Name, receipt); err != nil {
			return err
		}
	}
	if err := optOut(h, c, s); err != nil {
		return err
	}
	return d.consents(tx, h, c, s, id)
}

// optOut keeps what a browser's signal asked, now that it is known who asks: an
// objection to direct marketing (ccpa:1798.135).
func optOut(h *consent.Hand, c checked, s Submission) error {
	if s.Signals&avow.GPC == 0 || !gpcCounts(c.p, s.Region) {
		return nil
	}
	for _, t := range c.p.Topics {
		choice := consent.Choice{Policy: c.p.Name, Version: c.p.Number, Topic: t.Name, Way: "Sec-GPC, " + s.Way}
		if _, err := h.Object(choice); err != nil {
			return err
		}
	}
	return nil
}

func gpcCounts(p *policy.Policy, region avow.Region) bool {
	if p.GPC == policy.SignalOptOut || p.GPC == policy.SignalNoCookies {
		return true
	}
	for _, r := range avow.RegimesFor(region, p.Regimes) {
		if r.GPC {
			return true
		}
	}
	return false
}
