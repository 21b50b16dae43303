package intake

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// keeper writes a chunk of people, in its transaction. A closure may run again, so it
// is made anew each time.
type keeper struct {
	*Desk
	tx  *store.Tx
	imp record
	p   *policy.Policy
	o   Options

	known     map[string]member // by address: people of the file whom it opens
	addresses rows
	joiners   rows
	duties    rows
	made      int // people
	refused   int // lines that turned out to be about two people
	findings  []Finding
}

// member is somebody of the file who is staged already, or is about to be.
type member struct {
	subject avow.ID
	line    int // on which they came first in this chunk; 0: an earlier chunk
	at      int // their place among the new ones, while they have no id
}

// entry is a line with what is known of its person.
type entry struct {
	*person
	addresses [][]byte // of its ids
	who       member
	again     bool // they stood on an earlier line
}

// people stages a chunk: those who are new all at once, then what else the lines say, in the order of the file.
func (k *keeper) people(list []person) error {
	k.addresses = rows{into: `intake_addresses (import, address, subject, opens)`, columns: 4}
	k.joiners = rows{into: `intake_people (import, subject, kind)`, columns: 3}
	k.duties = rows{into: `intake_duties (import, subject, source, due, state, letter, at)`, columns: 7}
	entries, err := k.entries(list)
	if err != nil {
		return err
	}
	entries, fresh := k.meet(entries)
	subjects, err := k.stage(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.who.line > 0 {
			e.who.subject = subjects[e.who.at]
		}
		if err := k.line(e); err != nil {
			return err
		}
	}
	for _, r := range []*rows{&k.addresses, &k.joiners, &k.duties} {
		if err := r.write(k.tx); err != nil {
			return err
		}
	}
	return nil
}

// entries hashes the addresses of all lines and looks up those that came before.
func (k *keeper) entries(list []person) ([]*entry, error) {
	entries := make([]*entry, len(list))
	var all []any
	for i := range list {
		e := &entry{person: &list[i]}
		for _, id := range e.ids {
			address, err := k.consent.Address(id)
			if err != nil {
				return nil, err
			}
			e.addresses = append(e.addresses, address)
			all = append(all, address)
		}
		entries[i] = e
	}
	for from := 0; from < len(all); from += perStatement {
		part := all[from:min(from+perStatement, len(all))]
		err := store.Each(k.tx, func(r *store.Rows) error {
			var address []byte
			var m member
			err := r.Scan(&address, store.IntoID(&m.subject))
			k.known[string(address)] = m
			return err
		}, `SELECT address, subject FROM intake_addresses WHERE import = ? AND opens AND address IN (`+store.Marks(len(part))+`)`, append([]any{k.imp.id}, part...)...)
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// opening is how many of a line's identities say whose it is: those the source proved, else the first.
func (e *entry) opening() int {
	n := 0
	for _, id := range e.ids {
		if id.Verified {
			n++
		}
	}
	return max(n, 1)
}

// meet finds who stood on an earlier line, and drops lines that would make one of two people.
func (k *keeper) meet(all []*entry) (kept, fresh []*entry) {
	for _, e := range all {
		found := map[member]bool{}
		for _, address := range e.addresses[:e.opening()] {
			if m, ok := k.known[string(address)]; ok {
				e.who, e.again = m, true
				found[m] = true
			}
		}
		if len(found) > 1 {
			k.refused++
			k.tell(e, Error, CodeTwo, "identifies two people who stand apart on earlier lines", "find out whether they are one, and put what identifies them on one line")
			continue
		}
		if !e.again {
			e.who = member{line: e.line, at: len(fresh)}
			fresh = append(fresh, e)
		}
		kept = append(kept, e)
		for _, address := range e.addresses[:e.opening()] {
			k.known[string(address)] = e.who
		}
	}
	return kept, fresh
}

func (k *keeper) tell(e *entry, level Level, code Code, what, do string) {
	k.findings = append(k.findings, Finding{Line: e.line, Level: level, Code: code, What: what, Do: do})
}

// stage takes the new ones into the vault, with their values.
func (k *keeper) stage(fresh []*entry) ([]avow.ID, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	people := make([]vault.Person, len(fresh))
	for i, e := range fresh {
		people[i] = vault.Person{Kind: e.kind, Identities: e.ids, Values: k.values(e)}
	}
	k.made += len(fresh)
	return k.vault.StageAll(k.tx, k.imp.id, people)
}

func (k *keeper) values(e *entry) []vault.Value {
	list := make([]vault.Value, len(e.person.values))
	purposes := k.purposes(e)
	for i, v := range e.person.values {
		f := k.p.Fields[v.field]
		list[i] = vault.Value{Category: f.Category, Field: f.Name, Source: k.p.Sources[e.source].Name, Point: "import:" + k.imp.id.String(),
			Policy: k.p.Name, Version: k.p.Number, Basis: v.basis, Purposes: purposes, Data: v.data}
	}
	return list
}

// purposes is what the caller says the data was collected for, and what was consented to beside.
func (k *keeper) purposes(e *entry) []string {
	if len(k.o.For) == 0 {
		return nil
	}
	list := slices.Clone(k.o.For)
	for _, s := range e.said {
		if s.answer == saidYes && !slices.Contains(list, k.p.Purposes[s.purpose].Name) {
			list = append(list, k.p.Purposes[s.purpose].Name)
		}
	}
	return list
}

// line keeps what a line says beside its identities, under an event of its own.
func (k *keeper) line(e *entry) error {
	if e.again {
		k.tell(e, Notice, CodeJoined, "is about somebody who stood on an earlier line", "nothing, if that is so; what both lines say was put together")
		for _, v := range k.values(e) {
			v.Subject = e.who.subject
			if _, err := k.vault.Put(k.tx, v); avow.KindOf(err) == avow.TooMany {
				k.tell(e, Notice, CodeTooMany, "has one value more of a field than are kept of one person", "nothing; the earlier ones are kept")
			} else if err != nil {
				return err
			}
		}
	}
	h, err := k.hand(e)
	if err != nil {
		return err
	}
	for _, id := range e.ids {
		if err := h.Recall(id); err != nil {
			return err
		}
	}
	if err := h.LivesIn(e.region); err != nil {
		return err
	}
	receipt, err := h.Append(k.event(e))
	if err != nil {
		return err
	}
	for _, fact := range e.facts {
		if err := h.ShowFact(k.p.Name, fact, receipt); err != nil {
			return err
		}
	}
	if err := k.choices(h, e); err != nil {
		return err
	}
	if e.employer != "" {
		if err := k.vault.SetEmployer(k.tx, e.who.subject, e.employer); err != nil {
			return err
		}
	}
	k.remember(e)
	return h.Done()
}

func (k *keeper) hand(e *entry) (*consent.Hand, error) {
	if e.again {
		return k.consent.In(k.tx, e.who.subject)
	}
	return k.consent.Newcomer(k.tx, vault.Subject{ID: e.who.subject, Kind: e.kind, Made: k.tx.Now(), Verified: e.proved}), nil
}

// remember keeps who came in, and by what they are known again.
func (k *keeper) remember(e *entry) {
	for i, address := range e.addresses {
		k.addresses.add(k.imp.id, address, e.who.subject, i < e.opening())
	}
	if !e.again {
		k.joiners.add(k.imp.id, e.who.subject, e.kind.String())
	}
	source := k.p.Sources[e.source]
	if source.TellThePerson.N > 0 {
		from := k.o.Obtained
		if from.IsZero() {
			from = k.imp.Started
		}
		k.duties.add(k.imp.id, e.who.subject, source.Name, consent.After(from, source.TellThePerson), string(DutyWaiting), nil, nil)
	}
}

// imported is the body of the event: names and the policy's words, no value.
type imported struct {
	Import avow.ID  `json:"import"`
	File   string   `json:"fileSHA256"`
	Line   int      `json:"line"`
	Source string   `json:"source"`
	Fields []string `json:"fields"`
	For    []string `json:"for,omitempty"`
	Proved bool     `json:"identityVerifiedBySource,omitempty"`
	By     string   `json:"by,omitempty"`
}

func (k *keeper) event(e *entry) ledger.Event {
	b := imported{Import: k.imp.id, File: hexOf(k.imp.hash), Line: e.line, Source: k.p.Sources[e.source].Name, Fields: []string{}, For: k.purposes(e),
		Proved: e.proved, By: k.imp.By}
	for _, v := range e.person.values {
		b.Fields = append(b.Fields, k.p.Fields[v.field].Path())
	}
	return ledger.Event{Type: ledger.Imported, Policy: k.p.Name, Version: k.p.Number, Body: bodyOf(b)}
}

func bodyOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this room, which all have a JSON form
	}
	return b
}

// choices records what the person has said. Where two lines contradict each other, the no holds.
func (k *keeper) choices(h *consent.Hand, e *entry) error {
	for _, s := range e.said {
		c := consent.Choice{Policy: k.p.Name, Version: k.p.Number, Topic: s.topic, Since: s.since, Evidence: s.shown,
			Way: "import from " + k.p.Sources[e.source].Name, By: k.imp.By}
		if s.purpose >= 0 {
			c.Purpose = k.p.Purposes[s.purpose].Name
		}
		if err := k.choice(h, e, s, c); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) choice(h *consent.Hand, e *entry, s said, c consent.Choice) (err error) {
	if s.answer == saidStop {
		_, err = h.Object(c)
		return err
	}
	before, err := h.Answered(c)
	if err != nil {
		return err
	}
	no := before == "withdrawn" || before == "refused"
	switch {
	case s.answer == saidYes && no:
		k.against(e, s)
		return nil
	case s.answer == saidYes:
		if _, err = h.Give(c); err != nil {
			return err
		}
		now, err := h.Answered(c)
		if now == "unconfirmed" {
			k.findings = append(k.findings, Finding{Line: e.line, Column: s.column, Level: Notice, Code: CodeUnproved,
				What: "is a consent given under an address nobody has verified, and does not count yet", Do: "have the person confirm it, or import what verified the address"})
		}
		return err
	case before != "" && !no:
		k.against(e, s)
	}
	if s.answer == saidWithdrawn {
		_, err = h.Withdraw(c)
	} else {
		_, err = h.Refuse(c)
	}
	return err
}

func (k *keeper) against(e *entry, s said) {
	k.findings = append(k.findings, Finding{Line: e.line, Column: s.column, Level: Notice, Code: CodeAgainst,
		What: "contradicts an earlier line about the same person; the no holds", Do: "nothing, or ask the person"})
}

func valuesOf(rows, columns int) string {
	row := "(" + store.Marks(columns) + ")"
	return row + strings.Repeat(", "+row, rows-1)
}
