package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/vault"
)

// finish holds the whole of a line against the policy.
func (l *reading) finish() {
	if l.person.source < 0 && slices.ContainsFunc(l.wrong, func(f Finding) bool { return f.Code == CodeSource }) {
		return
	}
	if l.person.source < 0 {
		l.fail(wordSource, CodeSource, "no source is named", "name the source of the file, or have a column source")
		return
	}
	l.choices()
	l.identities()
	l.yielded()
	l.grounded()
	if l.person.employer != "" && l.person.kind != avow.Business {
		l.fail(l.names[wordEmployer], CodeValue, "stands on the line of somebody who is not there for a business", "write business under kind, or leave the employer out")
	}
}

// choices brings what was said into order: a consent that nobody can show is none (gdpr:7(1)).
func (l *reading) choices() {
	for _, column := range l.order {
		s := l.said[column]
		name := l.names[column]
		if name == "" {
			name = column
		}
		l.target(s)
		switch {
		case s.answer == saidNothing:
			continue
		case s.answer == saidStop && s.purpose >= 0 && !l.c.stoppable(s.purpose):
			l.fail(name, CodeObjection, "is about a purpose that rests on nothing an objection ends", "leave it out; a consent is withdrawn instead")
			continue
		case s.answer == saidYes && (s.since.IsZero() || s.shown == ""):
			if !l.c.o.WithoutEvidence {
				l.fail(name, CodeEvidence, "is a consent without its day or without evidence of it",
					fmt.Sprintf("add %s%s and %s%s (what was shown, and where), or leave the consent out", column, behindAt, column, behindEvidence))
				continue
			}
			l.note(name, CodeLeft, "is a consent without its day or without evidence of it, and is not imported", "ask the person")
			continue
		}
		l.person.said = append(l.person.said, *s)
	}
}

// target finds the purpose or the topic of what was said.
func (l *reading) target(s *said) {
	name, isConsent := strings.CutPrefix(s.column, beforeConsent)
	if !isConsent {
		name = strings.TrimPrefix(s.column, beforeObjection)
		if topic, ok := strings.CutPrefix(name, beforeTopic); ok {
			s.topic = topic
			return
		}
	}
	s.purpose, _ = l.c.p.Purpose(name)
}

func (c *checker) stoppable(purpose int) bool {
	for _, lane := range c.p.Objections {
		if !lane.Once && lane.Purpose == purpose {
			return true
		}
	}
	return false
}

// identities finds whom the line is about: the e-mail address first, then the
// telephone, then what else identifies. One that a consent was shown to be given by is the first's.
func (l *reading) identities() {
	var others, own bool
	for _, v := range l.person.values {
		others = others || l.c.p.Fields[v.field].Others
		own = own || !l.c.p.Fields[v.field].Others
	}
	if others && own {
		l.fail("", CodeOthers, "has data of the person and data about somebody else", "import them as two files: each line is about one person")
		return
	}
	for _, want := range []string{vault.Email, vault.Phone, ""} {
		for _, v := range l.person.values {
			f := l.c.p.Fields[v.field]
			kind := f.Path()
			if f.Name == vault.Email || f.Name == vault.Phone {
				kind = f.Name
			}
			if f.Identifies && (want == kind || want == "" && kind == f.Path()) {
				l.person.ids = append(l.person.ids, vault.Identity{Kind: kind, Value: v.data, Verified: l.proved[v.field]})
			}
		}
	}
	if len(l.person.ids) == 0 && slices.ContainsFunc(l.wrong, func(f Finding) bool { return f.Level == Error }) {
		return // what would have identified them may be what is wrong
	}
	if len(l.person.ids) == 0 {
		l.fail("", CodeNobody, "nothing on the line identifies anybody", "add an e-mail address, a telephone number or another field that identifies")
		return
	}
	for _, s := range l.person.said {
		if s.proved && s.answer == saidYes {
			l.person.ids[0].Verified = true
		}
	}
	slices.SortStableFunc(l.person.ids, func(a, b vault.Identity) int { return boolOrder(a.Verified, b.Verified) })
	l.person.proved = l.person.ids[0].Verified
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// yielded: a source gives what the policy says it gives, and nothing beside.
func (l *reading) yielded() {
	source := l.c.p.Sources[l.person.source]
	for _, v := range l.person.values {
		if !source.Yields.Has(v.field) {
			path := l.c.p.Fields[v.field].Path()
			l.fail(l.column(v.field), CodeSource, fmt.Sprintf("the policy does not say that %s comes from %s", path, source.Name),
				"leave it out, or name the source it came from")
		}
	}
}

// column is how the file names a field.
func (l *reading) column(field int) string {
	f := l.c.p.Fields[field]
	if name, ok := l.names[f.Path()]; ok {
		return name
	}
	return l.names[f.Name]
}

// grounded: each value has a purpose and a ground on which it may be collected.
func (l *reading) grounded() {
	g := l.c.grounds(&l.person)
	for i := range l.person.values {
		v := &l.person.values[i]
		v.basis = g.Basis(v.field)
		path := l.c.p.Fields[v.field].Path()
		switch lack := g.Lack(v.field); {
		case lack == collect.LackSpecial:
			l.fail(l.column(v.field), CodeSpecial, "is of a special category and needs the person's consent to what it is for", "import it with that consent, or leave it out")
		case lack == collect.LackCriminal:
			l.fail(l.column(v.field), CodeSpecial, "is about convictions, for which the policy names no law here", "leave it out")
		case v.basis == avow.BasisNone:
			l.fail(l.column(v.field), CodeGround, fmt.Sprintf("policy %s gives no ground to hold %s of this person", l.c.p.Name, path),
				"leave it out, or import it with the consent it rests on")
		}
	}
}

// grounds of lines that are alike are made once.
func (c *checker) grounds(p *person) *collect.Grounds {
	key := []byte{byte(p.kind)}
	var consents []int
	for _, s := range p.said {
		if s.answer == saidYes && !slices.Contains(consents, s.purpose) {
			consents = append(consents, s.purpose)
		}
	}
	slices.Sort(consents)
	for _, i := range consents {
		key = append(key, byte(i>>8), byte(i))
	}
	if g, ok := c.of[string(key)]; ok {
		return g
	}
	g := &collect.Grounds{Policy: c.p, Kind: p.kind, Purposes: c.purposes(consents), Consents: consents}
	if len(c.of) < 4096 {
		c.of[string(key)] = g
	}
	return g
}

// purposes is what a file is for: what the caller says and what was consented to,
// else every purpose the policy lists. The built-in duties allow to keep, not to take in.
func (c *checker) purposes(consents []int) []int {
	var list []int
	for _, name := range c.o.For {
		i, _ := c.p.Purpose(name)
		list = append(list, i)
	}
	if len(list) == 0 {
		for i, u := range c.p.Purposes {
			if u.Declared && (u.Kind == policy.Listed || u.Kind == policy.Unlisted) {
				list = append(list, i)
			}
		}
		return list
	}
	for _, i := range consents {
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	return list
}
