package rights

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Erasure is what an erasure came to.
type Erasure struct {
	Values     int    // erased
	Identities int    // removed; 0 when something must be kept
	Kept       []Kept // what stays, and why
	Suppressed bool   // a keyed hash remembers that they said stop (gdpr:21(3))
	// Complete: nothing is left, and nothing opens what was there.
	Complete bool
}

// Kept is something that must be kept in spite of an erasure (gdpr:17(3)).
type Kept struct {
	Policy  string   `json:"policy"`
	Fields  []string `json:"fields"`
	For     []string `json:"for"`     // the purposes it is kept for, and for nothing else
	Until   string   `json:"until"`   // in words
	Because string   `json:"because"` // the policy's words, or which rule it is
}

// Erase erases whoever has the session (gdpr:17). First what was said and what is held goes, in
// one transaction with the event and with a last letter to the address; then, last,
// the keys and identities. Where the schedule keeps something for purposes of its own, that stays, for
// those only, and with it who it is about; the result lists it. Once it has begun it is finished even when this call
// is cut short. An Unavailable error after the beginning says that the rest is being done.
func (d *Desk) Erase(ctx context.Context, session string) (Erasure, error) {
	var done Erasure
	var subject avow.ID
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if subject, err = d.who(tx, session); err != nil {
			return err
		}
		done, err = d.erase(tx, subject)
		return err
	})
	if err != nil || len(done.Kept) > 0 {
		return done, errors.Join(err, d.scrub(ctx, err))
	}
	if err := d.shred(context.WithoutCancel(ctx), subject); err != nil {
		return done, avow.Errorf(avow.Unavailable, "your data is gone; the last step, destroying its keys, is being repeated: %w", err)
	}
	done.Complete = true
	return done, nil
}

// scrub takes what was deleted out of the journal. A long read may hold it back; the
// journal then loses it with its next turn.
func (d *Desk) scrub(ctx context.Context, before error) error {
	if before != nil {
		return nil
	}
	if err := d.DB.Scrub(ctx); err != nil && avow.KindOf(err) != avow.Unavailable {
		return err
	}
	return nil
}

func (d *Desk) erase(tx *store.Tx, subject avow.ID) (Erasure, error) {
	values, err := d.Vault.Values(tx, subject)
	if err != nil {
		return Erasure{}, err
	}
	list, stay := d.mustKeep(values, tx.Now())
	done := Erasure{Kept: list, Values: len(values) - len(stay)}
	if len(values) > 0 {
		if _, err := d.Vault.Erase(tx, subject); err != nil {
			return done, err
		}
	}
	for _, v := range stay {
		v.Subject = subject
		if _, err := d.Vault.Put(tx, v); err != nil {
			return done, err
		}
	}
	identities, err := d.Vault.Identities(tx, subject)
	if err != nil {
		return done, err
	}
	if len(stay) > 0 {
		return done, d.keepSome(tx, subject, identities, done)
	}
	done.Identities = len(identities)
	return done, d.letGo(tx, subject, identities, &done)
}

// mustKeep finds what the schedule keeps for purposes of its own and whose time is
// not over, of what was collected for those purposes among others (gdpr:17(3)(b)).
// From now on it is there for them alone.
func (d *Desk) mustKeep(values []vault.Value, now time.Time) (list []Kept, stay []vault.Value) {
	for _, v := range values {
		p, err := d.Register.Version(v.Policy, v.Version)
		if err != nil {
			continue
		}
		var purposes []string
		for _, rule := range p.Retention {
			served := serves(p, rule, v)
			if len(served) == 0 || over(rule.Until, v.At, now) {
				continue
			}
			list = addKept(list, keptBy(p, rule, v, served))
			for _, u := range served {
				purposes = with(purposes, u)
			}
		}
		if len(purposes) > 0 {
			v.Purposes = purposes
			stay = append(stay, v)
		}
	}
	return list, stay
}

// serves gives the purposes of a rule's own that a value was collected for.
func serves(p *policy.Policy, rule policy.CompiledRetention, v vault.Value) (served []string) {
	field, ok := p.Field(v.Category + "." + v.Field)
	if !ok || !rule.Fields.Has(field) {
		return nil
	}
	rule.OnlyFor.Each(func(i int) {
		if slices.Contains(v.Purposes, p.Purposes[i].Name) {
			served = append(served, p.Purposes[i].Name)
		}
	})
	return served
}

func keptBy(p *policy.Policy, rule policy.CompiledRetention, v vault.Value, served []string) Kept {
	k := Kept{Policy: p.Name, Fields: []string{v.Category + "." + v.Field}, For: served, Until: until(rule.Until),
		Because: "The rule " + rule.Name + " of the schedule keeps it."}
	if r, ok := p.Document.Retention.Rules.Get(rule.Name); ok && r.Because.Plain != "" {
		k.Because = r.Because.Plain
	}
	return k
}

func addKept(list []Kept, k Kept) []Kept {
	for i := range list {
		if o := &list[i]; o.Policy == k.Policy && o.Because == k.Because && o.Until == k.Until {
			o.Fields = with(o.Fields, k.Fields[0])
			return list
		}
	}
	return append(list, k)
}

// keepSome ends an erasure that leaves something: consents end, what was stopped stays stopped.
func (d *Desk) keepSome(tx *store.Tx, subject avow.ID, identities []vault.Identity, done Erasure) error {
	body, err := json.Marshal(changeBody{Values: done.Values, Kept: done.Kept, By: "the person"})
	if err != nil {
		return err
	}
	receipt, err := d.Ledger.Append(tx, ledger.Event{Type: ledger.Erased, Subject: subject, Body: body})
	if err != nil {
		return err
	}
	if err := d.Register.Lapse(tx, subject, receipt); err != nil {
		return err
	}
	var lines []string
	for _, k := range done.Kept {
		lines = append(lines, "- "+strings.Join(k.Fields, ", ")+", for "+strings.Join(k.For, ", ")+" only: "+k.Until+". "+k.Because)
	}
	return d.lastLetter(tx, identities, "Your data was erased, but for what must be kept",
		"You asked "+d.Organisation+" to erase what it held about you. That is done, but for this, which must be kept:\n\n"+strings.Join(lines, "\n"))
}

// letGo ends an erasure that leaves nothing, up to the keys. What is still readable of it
// afterwards is counts.
func (d *Desk) letGo(tx *store.Tx, subject avow.ID, identities []vault.Identity, done *Erasure) error {
	if err := d.lastLetter(tx, identities, "Your data was erased",
		"You asked "+d.Organisation+" to erase what it held about you. That is done, and nothing can open it any more.\n\n"+
			"If you had told it to stop writing to you, it remembers that, as a code it cannot turn back into this address.\n\n"+
			"This is the last letter; receipts you have kept still show what was recorded."); err != nil {
		return err
	}
	var err error
	if done.Suppressed, err = d.Register.Forget(tx, subject); err != nil {
		return err
	}
	body, err := json.Marshal(changeBody{Values: done.Values, Identities: done.Identities, Suppressed: done.Suppressed, By: "the person"})
	if err != nil {
		return err
	}
	if err := d.record(tx, ledger.Event{Type: ledger.Erased, Subject: subject, Body: body, Ours: true}); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM rights_sessions WHERE subject = ?`, subject); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO rights_erasures (subject, begun) VALUES (?, ?) ON CONFLICT DO NOTHING`, subject, tx.Now())
	return err
}

func (d *Desk) lastLetter(tx *store.Tx, identities []vault.Identity, subject, text string) error {
	for _, id := range identities {
		if id.Kind != vault.Email || !id.Verified {
			continue
		}
		if err := d.Outbox.Put(tx, mail.Message{ID: avow.NewID(tx.Now()), To: id.Value, Subject: subject, Text: text}); err != nil {
			return err
		}
	}
	return nil
}

// shred destroys the keys of somebody whose data is gone.
func (d *Desk) shred(ctx context.Context, subject avow.ID) error {
	if err := d.Vault.Shred(ctx, subject); err != nil && avow.KindOf(err) != avow.NotFound {
		return err
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM rights_erasures WHERE subject = ?`, subject)
		return err
	}); err != nil {
		return err
	}
	return d.scrub(ctx, nil)
}

// Resume finishes erasures that were cut short, here or by another node that died.
func (d *Desk) Resume(ctx context.Context) error {
	var left []avow.ID
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		left, err = store.Collect(tx, func(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) },
			`SELECT subject FROM rights_erasures ORDER BY begun`)
		return err
	})
	for _, id := range left {
		if err == nil {
			err = d.shred(ctx, id)
		}
	}
	return err
}
