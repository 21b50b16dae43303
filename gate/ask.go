package gate

import "github.com/avowhq/avow/policy"

// Decide answers from the table. It allocates nothing and waits for no writer.
func (g *Gate) Decide(r *Request) (d Decision) {
	g.decide(r, r.At.UnixMilli(), &d)
	return d
}

// abreast is how many subjects DecideAll fetches before it decides about the first.
const abreast = 16

// DecideAll answers many requests, the i-th in answers[i], which must be as long.
// Where the subjects are millions it takes a fraction of the time of as many
// Decides, because it does not wait for memory once for each.
func (g *Gate) DecideAll(requests []Request, answers []Decision) {
	answers = answers[:len(requests)]
	for len(requests) > 0 {
		n := min(abreast, len(requests))
		for i := range requests[:n] {
			g.subjects.touch(requests[i].Subject)
		}
		for i := range requests[:n] {
			g.decide(&requests[i], requests[i].At.UnixMilli(), &answers[i])
		}
		requests, answers = requests[n:], answers[n:]
	}
}

// decide writes the answer where it is wanted: handing Decisions from function to
// function would cost a tenth of the time.
func (g *Gate) decide(r *Request, at int64, d *Decision) {
	seen := g.seen.Load()
	if q := (query{r: r, out: d}); !g.held(&q, at) {
		*d = g.unheld(r)
	}
	d.Seen = seen
}

// held decides about a subject of the table, unless it has none or the moment is
// not one it can speak of.
func (g *Gate) held(q *query, at int64) bool {
	if q.r.Visitor {
		return false
	}
	d, found := g.subjects.read(q.r.Subject, &g.profiles.dir, &q.live)
	if !found {
		return false
	}
	if d = d.at(at); d == nil || q.until != 0 && at >= q.until {
		return false
	}
	q.rules, q.class, q.day, q.today = d.today.rules, int(d.class), d, d.today
	q.decide()
	return true
}

// unheld answers about a visitor, and about whom the table does not have or not
// for that moment: before the versions it decides by, when the database knows who
// the subject was, or after `until`.
func (g *Gate) unheld(r *Request) Decision {
	rules := g.rules.Load()
	at, why := rules.start(r)
	var s live
	switch {
	case why != Undecided:
		return refuse(why, 0, 0)
	case r.Visitor:
		return rules.visit(r, rules.inForce(at))
	}
	if _, found := g.subjects.read(r.Subject, &g.profiles.dir, &s); found {
		return refuse(Stale, 0, 0)
	}
	return refuse(NotCached, 0, 0)
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
	var d Decision
	q := query{r: r, out: &d, rules: s, today: s.visitor(today, r.Kind, class), class: class}
	q.visit()
	return d
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
	one := s.daysOf(st, today, today)
	d := Decision{Seen: st.Seen}
	q := query{r: r, out: &d, rules: s, day: one, today: one.today, class: int(one.class),
		live: live{consents: st.Consents, objections: st.Objections, restricted: st.Restricted}}
	q.decide()
	return d
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
func (g *Gate) Ask(n *Names, r *Request) (d Decision) {
	s, at := g.rules.Load(), r.At.UnixMilli()
	if s == nil {
		return refuse(NoVersion, 0, 0)
	}
	if why := s.resolve(n, r, at); why != Undecided {
		return refuse(why, 0, 0)
	}
	g.decide(r, at, &d)
	return d
}

// Resolve fills a request's indexes from words, see Rules.Resolve.
func (g *Gate) Resolve(n *Names, r *Request) Reason {
	s := g.rules.Load()
	if s == nil {
		return NoVersion
	}
	return s.Resolve(n, r)
}
