package gate

import "github.com/avowhq/avow/policy"

// Decide answers from the table. It allocates nothing and waits for no writer.
func (g *Gate) Decide(r *Request) Decision {
	seen := g.seen.Load()
	if r.Visitor {
		d := g.unheld(r)
		d.Seen = seen
		return d
	}
	var s live
	v, found := g.subjects.read(r.Subject, &g.profiles.dir, &s)
	if !found {
		d := g.unheld(r)
		d.Seen = seen
		return d
	}
	at := r.At.UnixMilli()
	day := v.day(at)
	if day == nil || s.until != 0 && at >= s.until {
		d := g.past(r)
		d.Seen = seen
		return d
	}
	q := query{r: r, rules: v.rules, day: day, today: day.today, class: v.class, live: s}
	q.decide()
	q.out.Seen = seen
	return q.out
}

// unheld answers about a visitor, and about whom the table does not have.
func (g *Gate) unheld(r *Request) Decision {
	rules := g.rules.Load()
	at, why := rules.start(r)
	switch {
	case why != Undecided:
		return refuse(why, 0, 0)
	case r.Visitor:
		return rules.visit(r, rules.inForce(at))
	}
	return refuse(NotCached, 0, 0)
}

// past refuses for a moment the table cannot speak of: before the versions it
// decides by, when the database knows who the subject was; or after `until`.
func (g *Gate) past(r *Request) Decision {
	if _, why := g.rules.Load().start(r); why != Undecided {
		return refuse(why, 0, 0)
	}
	return refuse(Stale, 0, 0)
}

// start tells when a request is about, or why it cannot be answered.
func (s *Rules) start(r *Request) (at int64, why Reason) {
	switch {
	case r.At.IsZero():
		return 0, NoTime
	case r.Subject.IsZero() && !r.Visitor:
		return 0, NoSubject
	case s == nil:
		return 0, NoVersion
	}
	at = r.At.UnixMilli()
	if len(s.starts) == 0 || at < s.starts[0] {
		return at, NoVersion
	}
	return at, Undecided
}

func (s *Rules) visit(r *Request, today int) Decision {
	class := s.atlas.class(r.Region)
	q := query{r: r, rules: s, today: s.visitor(today, r.Kind, class), class: class}
	q.visit()
	return q.out
}

// Decide answers for a state that was read from elsewhere, for any date: replays,
// explanations, and subjects the table does not hold. A nil state is nobody: only
// a visitor's request can be allowed. It allocates.
func (s *Rules) Decide(st *State, r *Request) Decision {
	at, why := s.start(r)
	if why != Undecided {
		return refuse(why, 0, 0)
	}
	today := s.inForce(at)
	if r.Visitor {
		return s.visit(r, today)
	}
	if st == nil || st.Subject != r.Subject {
		return refuse(NotCached, 0, 0)
	}
	if !st.Until.IsZero() && at >= max(1, st.Until.UnixMilli()) {
		return refuse(Stale, 0, 0)
	}
	v := s.viewOf(st, today, today)
	d := &v.first
	q := query{r: r, rules: s, day: d, today: d.today, class: v.class,
		live: live{consents: st.Consents, objections: st.Objections, restricted: st.Restricted}}
	q.decide()
	q.out.Seen = st.Seen
	return q.out
}

// DecideState answers for a state that was just read from the database, under the
// published versions. It allocates.
func (g *Gate) DecideState(st *State, r *Request) Decision {
	return g.rules.Load().Decide(st, r)
}

// DecideAt answers from explicit versions and state: what would the gate have said
// at r.At? It is Invalid when the versions are not 1, 2, … of one policy. To ask
// more than once make Rules.
func DecideAt(versions []*policy.Policy, st *State, r *Request) (Decision, error) {
	s, err := NewRules(versions)
	if err != nil {
		return Decision{}, err
	}
	return s.Decide(st, r), nil
}

// Ask answers a question in words. Indexes in r are overwritten.
func (g *Gate) Ask(n *Names, r *Request) Decision {
	if why := g.Resolve(n, r); why != Undecided {
		return refuse(why, 0, 0)
	}
	return g.Decide(r)
}

// Resolve fills a request's indexes from words, see Rules.Resolve.
func (g *Gate) Resolve(n *Names, r *Request) Reason {
	s := g.rules.Load()
	if s == nil {
		return NoVersion
	}
	return s.Resolve(n, r)
}
