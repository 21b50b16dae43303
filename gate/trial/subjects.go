package trial

import (
	"encoding/binary"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
)

// subjects makes the state of every subject of the file.
func (b *bench) subjects() {
	b.people = map[string]*gate.State{}
	for i := range b.Subjects {
		e := &b.Subjects[i]
		if e.Key == "visitor" {
			b.wrong(e.Pos, "bad-name", e.Key, "give the subject another name", "`visitor` is somebody of whom nothing is known")
			continue
		}
		b.people[e.Key] = b.state(i+1, &e.Is)
	}
}

func (b *bench) state(number int, s *subject) *gate.State {
	st := &gate.State{Region: b.region(s.LivesIn), Restricted: s.Restricted.Yes}
	binary.BigEndian.PutUint64(st.Subject[8:], uint64(number))
	st.Kind, _ = avow.ParseSubjectKind(s.Kind)
	for _, r := range s.Is {
		if i, ok := b.last.Fact(r.Name); ok {
			st.Facts |= 1 << i
		} else {
			b.unknown("word for people", r, factNames(b.last))
		}
	}
	b.holdings(st, s)
	b.choices(st, s)
	return st
}

func (b *bench) region(p policy.Places) avow.Region {
	switch {
	case len(p.Regions) == 1 && !p.Anywhere && !p.EveryoneElse:
		return p.Regions[0]
	case p.Pos != (policy.Pos{}):
		b.wrong(p.Pos, "bad-place", "", "write one country: `GB`", "one place is expected here")
	}
	return ""
}

func (b *bench) holdings(st *gate.State, s *subject) {
	under := make([]policy.FieldSet, len(b.all))
	for _, e := range s.Held {
		for _, n := range e.Is {
			if n.N < 1 || n.N > len(b.all) {
				b.wrong(n.Pos, "no-version", "", "", "there is no version %d of the policy", n.N)
				continue
			}
			under[n.N-1] = under[n.N-1].Or(b.data(b.all[n.N-1], policy.Ref{Pos: e.Pos, Name: e.Key}))
		}
	}
	for i, p := range b.all {
		if under[i].Empty() {
			continue
		}
		h := gate.Holding{Version: i + 1, Fields: under[i], Source: b.source(p, s.From), Agreement: b.agreement(p, s.Agreement)}
		b.split(st, h, s.KeptFor)
	}
}

// split parts a holding into what is kept for some purposes only and the rest.
func (b *bench) split(st *gate.State, h gate.Holding, kept policy.Entries[policy.Refs]) {
	p := b.all[h.Version-1]
	for _, e := range kept {
		part := h
		part.Fields = b.data(p, policy.Ref{Pos: e.Pos, Name: e.Key}).And(h.Fields)
		for _, r := range e.Is {
			if i, ok := b.purpose(r); ok {
				part.OnlyFor.Add(i)
			}
		}
		if !part.Fields.Empty() {
			st.Holdings = append(st.Holdings, part)
			h.Fields = h.Fields.Minus(part.Fields)
		}
	}
	if !h.Fields.Empty() {
		st.Holdings = append(st.Holdings, h)
	}
}

func (b *bench) data(p *policy.Policy, r policy.Ref) policy.FieldSet {
	fields, _, ok := p.Data(r.Name)
	if !ok {
		b.unknown("data", r, dataNames(p))
	}
	return fields
}

func (b *bench) source(p *policy.Policy, r policy.Ref) int {
	if r.Name == "" {
		return -1
	}
	i, ok := p.FindSource(r.Name)
	if !ok {
		b.unknown("source", r, sourceNames(p))
	}
	return i
}

func (b *bench) agreement(p *policy.Policy, r policy.Ref) int {
	if r.Name == "" {
		return -1
	}
	i, ok := p.Agreement(r.Name)
	if !ok {
		b.unknown("agreement", r, agreementNames(p))
	}
	return i
}

func (b *bench) purpose(r policy.Ref) (int, bool) {
	i, ok := b.last.Purpose(r.Name)
	if !ok {
		b.unknown("purpose", r, purposeNames(b.last))
	}
	return i, ok
}

// choices sets the lanes: consents first, then what takes them back.
func (b *bench) choices(st *gate.State, s *subject) {
	for _, r := range s.Consented {
		b.consent(st, r, b.last)
	}
	for _, e := range s.ConsentedUnder {
		for _, n := range e.Is {
			if n.N >= 1 && n.N <= len(b.all) {
				b.consent(st, policy.Ref{Pos: e.Pos, Name: e.Key}, b.all[n.N-1])
			} else {
				b.wrong(n.Pos, "no-version", "", "", "there is no version %d of the policy", n.N)
			}
		}
	}
	for _, r := range s.Withdrew {
		b.withdraw(st, r)
	}
	for _, r := range s.Objected {
		b.object(st, r)
	}
	for _, r := range s.Overridden {
		b.override(st, r)
	}
	for _, r := range s.UsedOnce {
		b.usedOnce(st, r)
	}
}

func (b *bench) consent(st *gate.State, r policy.Ref, p *policy.Policy) {
	i, ok := b.purpose(r)
	if !ok {
		return
	}
	if i >= len(p.Purposes) || p.Purposes[i].ConsentLane < 0 {
		b.wrong(r.Pos, "no-consent", r.Name, "", "nobody can consent to `%s`: consent is no basis of it", r.Name)
		return
	}
	st.Consents |= 1 << p.Purposes[i].ConsentLane
}

// withdraw takes every consent to the purpose back. It is an objection to its
// direct marketing too, by whichever door (gdpr:21(3)).
func (b *bench) withdraw(st *gate.State, r policy.Ref) {
	i, ok := b.purpose(r)
	if !ok {
		return
	}
	for lane, c := range b.last.Consents {
		if c.Purpose == i {
			st.Consents &^= 1 << lane
		}
	}
	for _, p := range b.all {
		if i >= len(p.Purposes) {
			continue
		}
		for _, reason := range p.Purposes[i].Reasons {
			if reason.Marketing {
				set(st, reason.ObjectionLane)
			}
		}
	}
}

func set(st *gate.State, lane int) {
	if lane >= 0 {
		st.Objections[lane>>6] |= 1 << (lane & 63)
	}
}

// object sets all lanes of a purpose, or the marketing lanes of a topic.
func (b *bench) object(st *gate.State, r policy.Ref) {
	i, known := b.last.Purpose(r.Name)
	found := false
	for lane, o := range b.last.Objections {
		if !o.Once && (known && o.Purpose == i || o.Topic != "" && o.Topic == r.Name) {
			set(st, lane)
			found = true
		}
	}
	if _, topic := b.last.Topic(r.Name); !known && !topic {
		b.unknown("purpose or topic", r, append(purposeNames(b.last), topicNames(b.last)...))
	} else if !found {
		b.wrong(r.Pos, "no-objection", r.Name, "", "an objection to `%s` stops nothing", r.Name)
	}
}

func (b *bench) override(st *gate.State, r policy.Ref) {
	i, ok := b.purpose(r)
	if !ok {
		return
	}
	found := false
	for lane, o := range b.last.Objections {
		if o.Purpose == i && o.Weighed {
			st.Objections[lane>>6] &^= 1 << (lane & 63)
			found = true
		}
	}
	if !found {
		b.wrong(r.Pos, "not-weighed", r.Name, "write `objection: weighed` at the purpose, or remove this", "an objection to `%s` cannot be overridden", r.Name)
	}
}

func (b *bench) usedOnce(st *gate.State, r policy.Ref) {
	i, ok := b.purpose(r)
	if !ok {
		return
	}
	if lane := b.last.Purposes[i].OnceLane; lane >= 0 {
		set(st, lane)
		return
	}
	b.wrong(r.Pos, "not-once", r.Name, "write `once: yes` at the purpose, or remove this", "`%s` may happen more than once", r.Name)
}
