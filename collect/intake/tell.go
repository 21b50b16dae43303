package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// DutyState is how far it is that somebody is told that and whence their data came (gdpr:14).
type DutyState string

// The states.
const (
	DutyWaiting DutyState = "waiting"
	DutyWritten DutyState = "written" // a letter is on its way
	DutyTold    DutyState = "told"    // the letter has left, and the event says so
	DutyCannot  DutyState = "cannot"  // no address to write to, or the letter was refused: somebody must see to it
)

// Duty is that one person must be told.
type Duty struct {
	Import  avow.ID   `json:"import"`
	Subject avow.ID   `json:"subject"`
	Source  string    `json:"source"`
	Due     time.Time `json:"due"` // the moment by which they must be told
	State   DutyState `json:"state"`
	Overdue bool      `json:"overdue,omitempty"`
	At      time.Time `json:"at,omitzero"` // of the state
	letter  avow.ID
}

const dutyColumns = `d.import, d.subject, d.source, d.due, d.state, d.letter, d.at`

// ofForce: duties count once their import is in force.
const ofForce = ` FROM intake_duties d JOIN intake_imports i ON i.id = d.import AND i.flipped IS NOT NULL`

func scanDuty(r *store.Rows) (x Duty, err error) {
	return x, r.Scan(store.IntoID(&x.Import), store.IntoID(&x.Subject), &x.Source, store.IntoTime(&x.Due), &x.State, store.IntoID(&x.letter), store.IntoTime(&x.At))
}

func (x *Duty) late(now time.Time) { x.Overdue = x.State != DutyTold && !x.Due.After(now) }

// Duties lists who is to be told and who was, in one state or, with an empty one, in
// any that is not told; the most urgent first, at most limit of them.
func (d *Desk) Duties(ctx context.Context, state DutyState, limit int) (list []Duty, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		list, err = store.Collect(tx, scanDuty, `SELECT `+dutyColumns+ofForce+` WHERE d.state = ? OR (? = '' AND d.state <> 'told')
			ORDER BY d.due, d.subject, d.source LIMIT ?`, string(state), string(state), max(1, min(limit, 10_000)))
		for i := range list {
			list[i].late(tx.Now())
		}
		return err
	})
	return list, err
}

// DutyCounts says how many people are in each state, and under `overdue` how many of
// those not told should have been.
func (d *Desk) DutyCounts(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := d.db.Read(ctx, func(tx *store.Tx) error {
		return store.Each(tx, func(r *store.Rows) error {
			var state string
			var n, late int
			err := r.Scan(&state, &n, &late)
			counts[state] = n
			if state != string(DutyTold) {
				counts["overdue"] += late
			}
			return err
		}, `SELECT d.state, count(*), sum(CASE WHEN d.due <= ? THEN 1 ELSE 0 END)`+ofForce+` GROUP BY d.state`, tx.Now())
	})
	return counts, err
}

// Tell writes to some of those who must be told, the most urgent first, and takes
// note of whose letter has left; it returns how many it dealt with. Call it as a schedule, and
// until it returns 0. A letter is put into the outbox in the transaction that says so.
func (d *Desk) Tell(ctx context.Context, limit int) (done int, err error) {
	if d.outbox == nil {
		return 0, nil
	}
	limit = max(1, min(limit, chunkPeople))
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		left, err := d.takeNote(tx, limit)
		if err != nil {
			return err
		}
		written, err := d.write(tx, limit)
		done = left + written
		return err
	})
	return done, err
}

// takeNote looks what became of letters, those first that were looked at longest ago.
func (d *Desk) takeNote(tx *store.Tx, limit int) (done int, err error) {
	list, err := store.Collect(tx, scanDuty, `SELECT `+dutyColumns+` FROM intake_duties d WHERE d.state = 'written' ORDER BY d.at, d.subject, d.source LIMIT ?`, limit)
	if err != nil {
		return 0, err
	}
	for _, x := range list {
		state, err := d.outbox.State(tx, x.letter)
		switch {
		case err == nil && state == "waiting":
			err = x.set(tx, DutyWritten)
		case err == nil && state == "sent":
			done++
			err = d.told(tx, x)
		case err == nil || avow.KindOf(err) == avow.NotFound:
			done++
			err = x.set(tx, DutyCannot)
		}
		if err != nil {
			return 0, err
		}
	}
	return done, nil
}

// told records that somebody was told.
func (d *Desk) told(tx *store.Tx, x Duty) error {
	h, err := d.consent.In(tx, x.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return x.drop(tx)
	}
	if err != nil {
		return err
	}
	body := bodyOf(map[string]any{"source": x.Source, "import": x.Import, "due": x.Due, "by": "e-mail", "letter": x.letter})
	if _, err := h.Append(ledger.Event{Type: ledger.Told, Body: body}); err != nil {
		return err
	}
	if err := h.Done(); err != nil {
		return err
	}
	return x.set(tx, DutyTold)
}

func (x *Duty) set(tx *store.Tx, state DutyState) error {
	x.State = state
	_, err := tx.Exec(`UPDATE intake_duties SET state = ?, letter = ?, at = ? WHERE import = ? AND subject = ? AND source = ?`,
		string(state), x.letter, tx.Now(), x.Import, x.Subject, x.Source)
	return err
}

// drop ends a duty towards somebody who is here no more.
func (x *Duty) drop(tx *store.Tx) error {
	_, err := tx.Exec(`DELETE FROM intake_duties WHERE import = ? AND subject = ? AND source = ?`, x.Import, x.Subject, x.Source)
	return err
}

// write puts letters into the outbox.
func (d *Desk) write(tx *store.Tx, limit int) (int, error) {
	list, err := store.Collect(tx, scanDuty, `SELECT `+dutyColumns+ofForce+` WHERE d.state = 'waiting' ORDER BY d.due, d.subject, d.source LIMIT ?`, limit)
	if err != nil {
		return 0, err
	}
	for _, x := range list {
		if err := d.writeTo(tx, x); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func (d *Desk) writeTo(tx *store.Tx, x Duty) error {
	to, err := d.vault.Identities(tx, x.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return x.drop(tx)
	}
	if err != nil {
		return err
	}
	i := slices.IndexFunc(to, func(id vault.Identity) bool { return id.Kind == vault.Email })
	if i < 0 {
		return x.set(tx, DutyCannot)
	}
	letter, err := d.letter(tx, x, to[i].Value)
	if err != nil {
		return err
	}
	x.letter = letter.ID
	switch err := d.outbox.Put(tx, letter); {
	case avow.KindOf(err) == avow.Invalid:
		return x.set(tx, DutyCannot)
	case err != nil:
		return err
	}
	return x.set(tx, DutyWritten)
}

// letter says what gdpr:14 wants said: who has the data, which kinds, whence, what for,
// and where the rest stands. No value of the person is in it.
func (d *Desk) letter(tx *store.Tx, x Duty, to string) (mail.Message, error) {
	imp, err := find(tx, x.Import)
	if err != nil {
		return mail.Message{}, err
	}
	p, err := d.consent.Version(imp.Policy, imp.Version)
	if err != nil {
		return mail.Message{}, err
	}
	held, err := d.vault.Holdings(tx, x.Subject)
	if err != nil {
		return mail.Message{}, err
	}
	who := collect.Text(p, p.Document.Organisation.Name)
	text := fmt.Sprintf("%s holds data about you that did not come from you, and the law wants you to know.", who)
	text += "\n\nIt came from: " + p.Sources[sourceOf(p, x.Source)].Title
	text += "\n\nIt is: " + strings.Join(kindsOf(p, held, x.Source), "; ")
	text += "\n\nIt is used for: " + strings.Join(usesOf(p, held, x.Source), "; ")
	text += "\n\nThe notice says more: on which lawful basis, who else receives it and how long it is kept. You can see your data, have it corrected or erased, " +
		"object to its use and stop marketing at " + d.base + "/privacy"
	if contact := p.Document.Organisation.Contact.Email; contact != "" {
		text += " or by writing to " + contact
	}
	return mail.Message{ID: avow.NewID(tx.Now()), To: to, Subject: clip(oneLine(who)) + " holds data about you", Text: text + ".",
		Button: "Read the notice", Link: d.base + "/policy/" + p.Name}, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func sourceOf(p *policy.Policy, name string) int {
	i, _ := p.FindSource(name)
	return max(i, 0)
}

// fieldsFrom is what is held of somebody from one source.
func fieldsFrom(p *policy.Policy, held []vault.Value, source string) (set policy.FieldSet) {
	for _, v := range held {
		if i, ok := p.Field(v.Category + "." + v.Field); ok && v.Source == source && v.Policy == p.Name {
			set.Add(i)
		}
	}
	return set
}

// kindsOf names the categories of data.
func kindsOf(p *policy.Policy, held []vault.Value, source string) (list []string) {
	set := fieldsFrom(p, held, source)
	for _, c := range p.Categories {
		var names []string
		set.And(c.Fields).Each(func(i int) {
			if p.Fields[i].Category == c.Name {
				names = append(names, strings.ReplaceAll(p.Fields[i].Name, "-", " "))
			}
		})
		if len(names) > 0 {
			list = append(list, c.Title+" ("+strings.Join(names, ", ")+")")
		}
	}
	if len(list) == 0 {
		list = []string{"what finds you, such as your e-mail address"}
	}
	return list
}

// usesOf names the purposes that use the data.
func usesOf(p *policy.Policy, held []vault.Value, source string) (list []string) {
	set := fieldsFrom(p, held, source)
	for _, u := range p.Purposes {
		if u.Declared && (u.Kind == policy.Listed || u.Kind == policy.Unlisted) &&
			slices.ContainsFunc(u.Reasons, func(r policy.CompiledReason) bool { return !r.Fields.And(set).Empty() }) {
			list = append(list, u.Title)
		}
	}
	if len(list) == 0 {
		list = []string{"what the notice says"}
	}
	return list
}
