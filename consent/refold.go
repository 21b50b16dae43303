package consent

import (
	"cmp"
	"maps"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// opened is an event with what it says, or without where its body has expired.
type opened struct {
	event
	index   int64
	subject avow.ID
	expired bool
}

// other is whom else an event concerns: joined with this person, or split off.
func (e opened) other() (avow.ID, bool) {
	if !bringsTogether(e.kind) {
		return avow.ID{}, false
	}
	id, err := avow.ParseID(e.says.Was + e.says.From)
	return id, err == nil
}

func bringsTogether(t ledger.Type) bool {
	return t == ChoicesJoined || t == ChoicesMerged || t == ChoicesSplit
}

// about is what a row of consent_choices is about.
type about struct {
	policy, kind, name string
	generation         int
}

func (c choice) about() about { return about{c.policy, c.kind, c.name, c.generation} }

// refolded is what a person's events come to.
type refolded struct {
	said  said
	cause map[about]opened // the event that each row comes from
	gaps  map[avow.ID]bool // events whose bodies have expired
}

// merger is what was before staff merged somebody.
type merger struct {
	mark         int64
	mine, theirs refolded
	now          refolded // when it is being undone
}

// world folds the events of people who have to do with each other.
type world struct {
	book    book
	people  map[avow.ID]*refolded
	mergers map[avow.ID]*merger // by the id that was merged
	broken  []Finding
}

// refold folds a person's events again: entries are those of the id, and what
// belongs to others they were brought together with is read besides. ErrErased when
// their key is gone.
func (r *Register) refold(tx *store.Tx, id avow.ID, entries []ledger.Entry) (*refolded, []Finding, error) {
	w := &world{book: r.Version, people: map[avow.ID]*refolded{}, mergers: map[avow.ID]*merger{}}
	known := map[avow.ID]bool{id: true}
	var events []opened
	for len(entries) > 0 {
		list, err := r.openAll(tx, entries, w)
		if err != nil {
			return nil, nil, err
		}
		events = append(events, list...)
		var more []avow.ID
		for _, e := range list {
			if other, ok := e.other(); ok && !known[other] {
				known[other] = true
				more = append(more, other)
			}
		}
		if entries, err = r.ledger.BySubject(tx, more...); err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(events, func(a, b opened) int { return cmp.Compare(a.index, b.index) })
	for _, e := range events {
		w.hear(e)
	}
	return w.person(id), w.broken, nil
}

// openAll opens those of a person's events that the fold hears.
func (r *Register) openAll(tx *store.Tx, entries []ledger.Entry, w *world) ([]opened, error) {
	var list []opened
	for _, x := range entries {
		e := opened{event: event{kind: x.Type, id: x.ID, at: x.At, policy: x.Policy, version: x.Version}, index: x.Index, subject: x.Subject}
		if !heard(x.Type) && !bringsTogether(x.Type) {
			continue
		}
		if x.Sealed == nil {
			e.expired = true
			list = append(list, e)
			continue
		}
		full, err := r.ledger.Open(tx, x)
		if err == nil {
			err = e.read(full.Body)
		}
		switch avow.KindOf(err) {
		case avow.NotFound, avow.Unavailable, avow.Canceled:
			return nil, err // erased, or the database is away
		}
		if err != nil {
			w.broken = append(w.broken, changed(x))
			continue
		}
		list = append(list, e)
	}
	return list, nil
}

// changed is what is found of an event whose body cannot be read.
func changed(x ledger.Entry) Finding {
	return Finding{x.Index, x.ID, "this event is not what was recorded: it was changed in the database"}
}

// passing reports whether an error is none of an event's: the database is away, or the work was given up.
func passing(err error) bool {
	kind := avow.KindOf(err)
	return err != nil && (kind == avow.Unavailable || kind == avow.Canceled)
}

// unfollowed is what is found of an event that says what cannot be.
func unfollowed(index int64, id avow.ID, err error) Finding {
	return Finding{index, id, "what this event says cannot be followed: " + avow.MessageOf(err)}
}

func (w *world) person(id avow.ID) *refolded {
	p := w.people[id]
	if p == nil {
		p = &refolded{cause: map[about]opened{}, gaps: map[avow.ID]bool{}}
		w.people[id] = p
	}
	return p
}

// hear folds one event.
func (w *world) hear(e opened) {
	p := w.person(e.subject)
	if e.expired {
		p.gaps[e.id] = true
		return
	}
	other, _ := e.other()
	switch {
	case e.kind == ChoicesJoined:
		theirs := w.leave(other)
		p.said.join(theirs.said.list)
		p.take(theirs, e)
	case e.kind == ChoicesMerged:
		mine, theirs := p.clone(), w.leave(other)
		p.said.merge(theirs.said.list)
		p.take(theirs, e)
		w.mergers[other] = &merger{mark: p.said.last(), mine: mine, theirs: theirs}
	case e.kind == ChoicesSplit && e.says.Was != "":
		if m := w.mergers[other]; m != nil {
			m.now = p.clone()
			p.split(m.mine, m)
		}
	case e.kind == ChoicesSplit:
		if m := w.mergers[e.subject]; m != nil {
			p.split(m.theirs, m)
			delete(w.mergers, e.subject)
		}
	default:
		if err := w.book.hear(&p.said, e.event); err != nil {
			w.broken = append(w.broken, unfollowed(e.index, e.id, err))
		}
		p.caused(e)
	}
}

// leave takes what somebody has said to another id.
func (w *world) leave(old avow.ID) refolded {
	p := w.person(old)
	was := p.clone()
	p.said = said{}
	return was
}

func (p *refolded) clone() refolded {
	return refolded{said: said{list: slices.Clone(p.said.list)}, cause: maps.Clone(p.cause), gaps: maps.Clone(p.gaps)}
}

// caused notes which event the latest changes come from.
func (p *refolded) caused(e opened) {
	for _, c := range p.said.changed {
		p.cause[c.about()] = e
	}
	p.said.changed = nil
}

// take notes the causes of what came from another id.
func (p *refolded) take(theirs refolded, e opened) {
	for _, c := range p.said.changed {
		if cause, ok := theirs.cause[c.about()]; ok && cause.id == p.said.find(c.policy, c.kind, c.name, c.generation).event {
			p.cause[c.about()] = cause
		} else {
			p.cause[c.about()] = e
		}
	}
	p.said.changed = nil
	maps.Copy(p.gaps, theirs.gaps)
}

func (p *refolded) split(before refolded, m *merger) {
	p.said.split(before.said.list, m.now.said.list, m.mark)
	p.said.changed = nil
	p.cause = maps.Clone(m.now.cause)
	maps.Copy(p.cause, before.cause)
	maps.Copy(p.gaps, before.gaps)
}
