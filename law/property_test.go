package law_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow/law"
)

// eachRule runs a test for one right of every rule that is in force.
func eachRule(t *testing.T, test func(t *testing.T, rs *law.Regimes, g *law.Regime, r law.Rule)) {
	rs := load(t)
	for _, g := range rs.All() {
		for _, r := range g.Rules {
			if r.Until.IsZero() {
				t.Run(fmt.Sprintf("%s/%s", g.Name, r.Name), func(t *testing.T) { test(t, rs, g, r) })
			}
		}
	}
}

var firstDay = law.Date{Year: 2026, Month: time.July, Day: 1}

func at(d law.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC)
}

func caseOf(g *law.Regime, r law.Rule, received law.Date, moments ...law.Moment) law.Case {
	return law.Case{Regime: g.Name, Right: r.Rights[0], Region: g.Calendar, Zone: time.UTC, Received: at(received), Moments: moments}
}

func mustClock(t *testing.T, rs *law.Regimes, c law.Case, now law.Date) *law.Deadline {
	t.Helper()
	d, err := rs.Clock(c, at(now))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A request that comes a day later is never due earlier, through month ends,
// leap days, weekends and holidays; and an extension never shortens.
func TestLaterIsNeverEarlier(t *testing.T) {
	eachRule(t, func(t *testing.T, rs *law.Regimes, g *law.Regime, r law.Rule) {
		var before *law.Deadline
		for n := range 640 {
			received := firstDay.AddDays(n)
			d := mustClock(t, rs, caseOf(g, r, received), received)
			if before != nil && (d.Respond.On.Before(before.Respond.On) || d.Longest.On.Before(before.Longest.On) || d.Acknowledge.On.Before(before.Acknowledge.On)) {
				t.Fatalf("received %s: due %s, %s, %s; a day before: %s, %s, %s", received, d.Acknowledge.On, d.Respond.On, d.Longest.On,
					before.Acknowledge.On, before.Respond.On, before.Longest.On)
			}
			if !d.Longest.IsZero() && d.Longest.On.Before(d.Respond.On) {
				t.Fatalf("received %s: %s with the extension, %s without", received, d.Longest.On, d.Respond.On)
			}
			before = d
		}
	})
}

// randomMoments asks the person for things and answers, in any order.
func randomMoments(rng *rand.Rand, from law.Date) (moments []law.Moment) {
	pairs := [][2]law.Event{{law.IdentityAsked, law.IdentityGiven}, {law.ClarificationAsked, law.ClarificationGiven}, {law.FeeAsked, law.FeeAgreed}}
	for range rng.IntN(5) {
		p := pairs[rng.IntN(len(pairs))]
		asked := from.AddDays(rng.IntN(40))
		moments = append(moments, law.Moment{What: p[0], At: at(asked)})
		if rng.IntN(4) > 0 {
			moments = append(moments, law.Moment{What: p[1], At: at(asked.AddDays(rng.IntN(15)))})
		}
	}
	if rng.IntN(2) == 0 {
		told := from.AddDays(rng.IntN(50))
		moments = append(moments, law.Moment{What: law.Extended, At: at(told), Until: told.AddDays(rng.IntN(60))})
	}
	rng.Shuffle(len(moments), func(i, j int) { moments[i], moments[j] = moments[j], moments[i] })
	return moments
}

// However a request goes: the segments follow each other from the receipt to the
// deadline, they count the whole period, each has a reason and a source, and the
// person asked for something never makes the deadline earlier.
func TestSegmentsTellTheWholeStory(t *testing.T) {
	eachRule(t, func(t *testing.T, rs *law.Regimes, g *law.Regime, r law.Rule) {
		rng := rand.New(rand.NewPCG(4, 5))
		for range 300 {
			received := firstDay.AddDays(rng.IntN(500))
			moments := randomMoments(rng, received)
			now := received.AddDays(rng.IntN(120))
			d := mustClock(t, rs, caseOf(g, r, received, moments...), now)
			checkSegments(t, d)
			var told []law.Moment
			for _, m := range moments {
				if m.What == law.Extended {
					told = append(told, m)
				}
			}
			plain := mustClock(t, rs, caseOf(g, r, received), now)
			if d.Respond.On.Before(plain.Respond.On) {
				t.Fatalf("received %s, %v: due %s, without it all %s", received, moments, d.Respond.On, plain.Respond.On)
			}
			if len(told) == 0 && d.Longest.On.Before(d.Respond.On) && !d.Longest.IsZero() {
				t.Fatalf("received %s: the extension shortens", received)
			}
		}
	})
}

func checkSegments(t *testing.T, d *law.Deadline) {
	t.Helper()
	due := d.Respond
	if due.IsZero() {
		due = d.Acknowledge
	}
	next, counted := d.Received, 0
	for _, s := range d.Segments {
		if s.From != next || s.To.Before(s.From) || s.Why == "" || len(s.Sources) == 0 {
			t.Fatalf("a gap, or no reason, at %s:\n%s", next, d.Explain())
		}
		if days := s.To.DaysSince(s.From) + 1; s.Counted > days || s.Counted > 0 && s.Kind != law.ClockRuns && s.Kind != law.ClockExtended {
			t.Fatalf("%d of %d days counted in %s", s.Counted, days, s.Kind)
		}
		wrong := d.Rule.Respond != nil && (s.Kind == law.ClockRuns && s.To.After(d.NoticeBy) || s.Kind == law.ClockExtended && !s.From.After(d.NoticeBy))
		if wrong {
			t.Fatalf("the first period ends on %s, and %s to %s is %s", d.NoticeBy, s.From, s.To, s.Kind)
		}
		next = s.To.AddDays(1)
		counted += s.Counted
	}
	if next != due.On.AddDays(1) {
		t.Fatalf("the segments end before %s, the deadline is %s", next, due.On)
	}
	if want := wanted(d); want > 0 && counted != want {
		t.Fatalf("%d days counted, the law gives %d:\n%s", counted, want, d.Explain())
	}
}

// wanted is how many days the law gives, where it gives them in days of one kind.
func wanted(d *law.Deadline) int {
	term := d.Rule.Respond
	if term == nil {
		term = d.Rule.Acknowledge
	}
	switch x := d.Rule.Extend; {
	case term.Period.Unit == law.Months:
		return 0
	case x == nil || !d.Extended:
		return term.Period.N
	case x.By.Unit == term.Period.Unit:
		return term.Period.N + x.By.N
	}
	return 0
}

// Pauses that overlap are one pause: asking for the second thing in between changes nothing.
func TestOverlappingPausesCountOnce(t *testing.T) {
	rs := load(t)
	g, err := rs.Regime("gdpr")
	if err != nil {
		t.Fatal(err)
	}
	r := g.Rules[0]
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		received := firstDay.AddDays(rng.IntN(400))
		from, length := received.AddDays(rng.IntN(25)), 1+rng.IntN(20)
		inner := from.AddDays(rng.IntN(length))
		innerTo := inner.AddDays(rng.IntN(from.AddDays(length).DaysSince(inner) + 1))
		outer := []law.Moment{{What: law.IdentityAsked, At: at(from)}, {What: law.IdentityGiven, At: at(from.AddDays(length))}}
		both := append(slices.Clone(outer), law.Moment{What: law.ClarificationAsked, At: at(inner)}, law.Moment{What: law.ClarificationGiven, At: at(innerTo)})
		now := received.AddDays(200)
		one, two := mustClock(t, rs, caseOf(g, r, received, outer...), now), mustClock(t, rs, caseOf(g, r, received, both...), now)
		if one.Respond != two.Respond || one.Longest != two.Longest {
			t.Fatalf("received %s: %s to %s gives %s; with %s to %s in it %s", received, from, from.AddDays(length), one.Respond.On, inner, innerTo, two.Respond.On)
		}
	}
}

// With pauses too a later request is never due earlier, where the law counts
// days. Months differ in length, so there a day's pause weighs more or less.
func TestLaterIsNeverEarlierWithPauses(t *testing.T) {
	eachRule(t, func(t *testing.T, rs *law.Regimes, g *law.Regime, r law.Rule) {
		if r.Respond == nil || r.Respond.Period.Unit == law.Months {
			return
		}
		rng := rand.New(rand.NewPCG(7, 8))
		for range 200 {
			received := firstDay.AddDays(rng.IntN(300))
			later := received.AddDays(1 + rng.IntN(10))
			moments := randomMoments(rng, later)
			moments = slices.DeleteFunc(moments, func(m law.Moment) bool { return m.What == law.Extended })
			now := later.AddDays(150)
			a, b := mustClock(t, rs, caseOf(g, r, received, moments...), now), mustClock(t, rs, caseOf(g, r, later, moments...), now)
			if asksAfter(moments, a.Respond.On) {
				continue // a question that came too late for the one was in time for the other
			}
			if b.Respond.On.Before(a.Respond.On) {
				t.Fatalf("%s due %s, %s due %s; %v", received, a.Respond.On, later, b.Respond.On, moments)
			}
		}
	})
}

func asksAfter(moments []law.Moment, day law.Date) bool {
	return slices.ContainsFunc(moments, func(m law.Moment) bool { return law.DateOf(m.At, time.UTC).After(day) })
}

// The order in which events are handed in does not matter, nor where the machine is.
func TestClockIsPure(t *testing.T) {
	rs := load(t)
	c := request(t, "uk-gdpr", "copy", "GB", "2026-02-06", "2026-02-16 clarification-asked", "2026-02-20 clarification-given", "2026-03-01 extended")
	want := clock(t, rs, c, "2026-03-02").Explain()
	slices.Reverse(c.Moments)
	if got := clock(t, rs, c, "2026-03-02").Explain(); got != want {
		t.Errorf("in reverse:\n%s\nwant:\n%s", got, want)
	}
}
