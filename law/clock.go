package law

import (
	"fmt"
	"slices"
	"time"

	"github.com/avowhq/avow"
)

// Standing is where a request stands on its clock.
type Standing string

const (
	Running   Standing = "running"
	Waiting   Standing = "waiting"  // for the person; the clock stands still or has not begun
	Done      Standing = "done"     // answered in time
	Late      Standing = "late"     // answered after the deadline
	Overdue   Standing = "overdue"  // not answered, and the deadline is past
	Refusal   Standing = "refusal"  // overdue, where the law takes silence for a refusal
	Unlimited Standing = "no-limit" // the law fixes no day for the answer
)

// Due is one deadline: a day, and the moment it is over in the person's zone.
// The zero Due is none.
type Due struct {
	On     Date
	Ends   time.Time // the first moment that is too late
	Met    time.Time // when it was done; zero when it was not
	Source Source
}

// IsZero reports whether there is no deadline.
func (d Due) IsZero() bool { return d.On.IsZero() }

// Over reports whether the deadline passed, at a time, without being met.
func (d Due) Over(at time.Time) bool { return !d.IsZero() && d.Met.IsZero() && !at.Before(d.Ends) }

// MetLate reports whether it was done after its end.
func (d Due) MetLate() bool { return !d.IsZero() && !d.Met.IsZero() && !d.Met.Before(d.Ends) }

// Deadline is what the law asks for one request, as known at one time.
type Deadline struct {
	Regime      *Regime
	Rule        *Rule
	Right       Right
	Zone        *time.Location
	Received    Date
	At          Date // the day of the look
	Standing    Standing
	Acknowledge Due
	Respond     Due  // with an extension, when the person was told in time
	Longest     Due  // Respond with the extension the law allows; zero when it allows none or fixes no day
	NoticeBy    Date // the last day to tell of an extension
	Extended    bool // the person was told in time that it takes longer
	Appeal      Due  // zero until an appeal is received
	Segments    []Segment
	Notes       []string // what did not count, and what is not known
	Sources     []Source // everything the dates rest on, each once
}

// Unconfirmed gives the sources the dates rest on that nobody has checked.
func (d *Deadline) Unconfirmed() []Source {
	return slices.DeleteFunc(slices.Clone(d.Sources), func(s Source) bool { return s.Confirmed })
}

// Remind gives the days that lie so many days before the answer is due, in
// order; days before the receipt are left out. When to remind is the caller's policy.
func (d *Deadline) Remind(before ...int) (days []Date) {
	for _, n := range before {
		if on := d.Respond.On.AddDays(-n); !d.Respond.IsZero() && n >= 0 && !on.Before(d.Received) {
			days = append(days, on)
		}
	}
	slices.SortFunc(days, func(a, b Date) int { return a.utc().Compare(b.utc()) })
	return slices.Compact(days)
}

// Clock reckons the deadlines of a request from what is known at a time: moments
// after it do not count. The rule is the one in force on the day of receipt.
//
// The day of receipt is not counted (reg1182-71:3(1)), and the whole last day is.
// Errors: NotFound for a regime, a right or a time without a rule; Invalid and
// TooLarge for a case that cannot be.
func (rs *Regimes) Clock(c Case, at time.Time) (*Deadline, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	g, err := rs.Regime(c.Regime)
	if err != nil {
		return nil, err
	}
	k := &clock{zone: c.Zone, received: DateOf(c.Received, c.Zone), moments: c.until(at)}
	if k.rule, err = g.Rule(c.Right, k.received); err != nil {
		return nil, err
	}
	k.now = DateOf(at, c.Zone)
	if done, ok := first(k.moments, Answered); ok {
		k.now = DateOf(done.At, c.Zone)
	}
	k.Deadline = Deadline{Regime: g, Rule: k.rule, Right: c.Right, Zone: c.Zone, Received: k.received, At: DateOf(at, c.Zone)}
	k.chooseCalendar(rs, g, c.Region)
	k.spans = spansOf(k.rule, k.moments, k.zone, k.now)
	k.reckon(at)
	return &k.Deadline, nil
}

// clock is one reckoning.
type clock struct {
	Deadline
	rule     *Rule
	cal      *Calendar
	known    bool // whether the calendar is of the person's region
	zone     *time.Location
	received Date
	now      Date // the day of the look, or of the answer
	moments  []Moment
	spans    []span
}

func (k *clock) note(format string, args ...any) {
	k.Notes = append(k.Notes, fmt.Sprintf(format, args...))
}

func (k *clock) uses(sources ...Source) {
	for _, s := range sources {
		if !slices.Contains(k.Sources, s) {
			k.Sources = append(k.Sources, s)
		}
	}
}

func (k *clock) chooseCalendar(rs *Regimes, g *Regime, of avow.Region) {
	if of == "" {
		of = g.Calendar
	}
	k.cal, k.known = rs.Calendar(of)
}

func (k *clock) reckon(at time.Time) {
	if t := k.rule.Acknowledge; t != nil {
		end := k.walkFree(k.received, t.Period)
		k.Deadline.Acknowledge = k.due(k.roll(end), t.Source, Acknowledged)
		k.uses(t.Source)
		k.usesHolidays(k.received, end, t.Period.Unit)
		if k.rule.Respond == nil {
			k.segments(k.received, end, end, t.Period)
		}
	}
	if k.rule.Respond != nil {
		k.respond()
	}
	k.appeal()
	k.holidayNotes()
	k.Standing = k.standing(at)
}

// respond reckons the deadline of the answer, with what it waits and stops for.
func (k *clock) respond() {
	term := k.rule.Respond
	k.uses(term.Source)
	start := k.start(term.Period)
	base := k.walk(start, term.Period)
	k.NoticeBy = base
	end := base
	longest, told := k.extension(start, base)
	if k.Extended = told; told {
		end = longest
	}
	k.Respond = k.due(k.roll(end), term.Source, Answered)
	if !longest.IsZero() {
		k.Longest = k.due(k.roll(longest), k.rule.Extend.Source, Answered)
	}
	k.segments(start, base, end, term.Period)
}

// start is the day the period begins: of the receipt, or of the last answer the
// law lets it begin with. Asking after the deadline does not revive it.
func (k *clock) start(p Period) Date {
	start := k.received
	for _, s := range k.spans {
		if s.pause.Effect != Starts {
			continue
		}
		if end := k.walk(start, p); s.from.After(end) {
			k.note("Asking for %s on %s came after the deadline of %s and changes nothing.", causes[s.pause.Cause], s.from.Long(), end.Long())
			continue
		}
		if s.to.After(start) {
			start = s.to
		}
		k.uses(s.pause.Source)
	}
	return start
}

// walk goes so many days that count past a day. A period in months has as many
// days as the calendar gives it from its start.
func (k *clock) walk(start Date, p Period) Date {
	return k.count(start, p, func(d Date) bool { return k.counts(d, p.Unit) })
}

// walkFree is walk for a clock that nothing stops.
func (k *clock) walkFree(start Date, p Period) Date {
	return k.count(start, p, func(d Date) bool { return p.Unit != BusinessDays || k.cal.Works(d) })
}

func (k *clock) count(start Date, p Period, counts func(Date) bool) Date {
	n := p.N
	if p.Unit == Months {
		n = start.AddMonths(p.N).DaysSince(start)
	}
	d := start
	for n > 0 {
		if d = d.AddDays(1); counts(d) {
			n--
		}
	}
	return d
}

func (k *clock) counts(d Date, unit Unit) bool {
	if unit == BusinessDays && !k.cal.Works(d) {
		return false
	}
	return len(k.stopping(d)) == 0
}

// stopping gives the pauses that hold on a day. Overlapping ones take the day once.
func (k *clock) stopping(d Date) (pauses []*Pause) {
	for _, s := range k.spans {
		if s.pause.Effect == Stops && !d.Before(s.from) && !d.After(s.to) && !slices.Contains(pauses, s.pause) {
			pauses = append(pauses, s.pause)
		}
	}
	return pauses
}

// extension is the last day with the extension the law allows, before it is
// rolled, and whether the person was told of it in time.
func (k *clock) extension(start, base Date) (longest Date, told bool) {
	x := k.rule.Extend
	if x == nil {
		if m, ok := first(k.moments, Extended); ok {
			k.note("The notice of %s that it takes longer does not count: the law knows no extension.", DateOf(m.At, k.zone).Long())
		}
		return Date{}, false
	}
	notice, times := k.notices(base, x)
	if x.By.Unit != AsTold {
		longest = k.lengthen(start, base, x, max(times, 1))
	} else if times > 0 {
		longest = later(base, notice.Until)
	}
	if times > 0 {
		k.uses(x.Source)
	}
	return longest, times > 0
}

// notices counts the notices of an extension that came in time, and gives the last of them.
func (k *clock) notices(base Date, x *Extension) (last Moment, times int) {
	for _, m := range k.moments {
		day := DateOf(m.At, k.zone)
		switch {
		case m.What != Extended:
		case day.After(base):
			k.note("The notice of %s that it takes longer does not count: it was due by %s.", day.Long(), base.Long())
		case times == x.Times:
			k.note("The notice of %s that it takes longer does not count: there is no further extension.", day.Long())
		case x.By.Unit == AsTold && m.Until.IsZero():
			k.note("The notice of %s that it takes longer does not count: it names no day.", day.Long())
		default:
			last, times = m, times+1
		}
	}
	return last, times
}

// lengthen adds extensions to the period. Of one unit, they are counted from the
// start as one: a month and two from 31 January end on 30 April, not on the 28th.
func (k *clock) lengthen(start, base Date, x *Extension, times int) Date {
	term := k.rule.Respond.Period
	if term.Unit == x.By.Unit {
		return k.walk(start, Period{term.N + times*x.By.N, term.Unit})
	}
	return k.walk(base, Period{times * x.By.N, x.By.Unit})
}

func later(a, b Date) Date {
	if b.After(a) {
		return b
	}
	return a
}

// roll moves a last day that is a day off to the next that is none (reg1182-71:3(4)).
func (k *clock) roll(end Date) Date {
	if k.rule.Roll == nil {
		return end
	}
	for k.cal.rests(end, k.rule.Roll.Rule) {
		end = end.AddDays(1)
	}
	return end
}

func (k *clock) due(on Date, source Source, met Event) Due {
	d := Due{On: on, Ends: on.Ends(k.zone), Source: source}
	if m, ok := first(k.moments, met); ok {
		d.Met = m.At
	}
	return d
}

// appeal reckons the organisation's second look, from the day an appeal is received.
func (k *clock) appeal() {
	a := k.rule.Appeal
	m, ok := first(k.moments, Appealed)
	if !ok {
		return
	}
	if a == nil {
		k.note("The law knows no appeal to the organisation; the appeal of %s has no deadline.", DateOf(m.At, k.zone).Long())
		return
	}
	start := DateOf(m.At, k.zone)
	end := k.walkFree(start, a.Decide)
	if x, ok := first(k.moments, AppealExtended); ok {
		end = k.extendAppeal(start, end, DateOf(x.At, k.zone))
	}
	k.Appeal = k.due(k.roll(end), a.Source, AppealDecided)
	k.uses(a.Source)
}

func (k *clock) extendAppeal(start, end, told Date) Date {
	a := k.rule.Appeal
	switch {
	case a.Extend.IsZero():
		k.note("The notice of %s that the appeal takes longer does not count: the law knows no extension.", told.Long())
	case told.After(end):
		k.note("The notice of %s that the appeal takes longer does not count: it was due by %s.", told.Long(), end.Long())
	case a.Extend.Unit == a.Decide.Unit:
		return k.walkFree(start, Period{a.Decide.N + a.Extend.N, a.Decide.Unit})
	default:
		return k.walkFree(end, a.Extend)
	}
	return end
}

// holidayNotes says where a day off that is not known here could move a date.
func (k *clock) holidayNotes() {
	t := k.rule.Acknowledge
	if k.rule.Roll == nil && (t == nil || t.Period.Unit != BusinessDays) && (k.rule.Respond == nil || k.rule.Respond.Period.Unit != BusinessDays) {
		return
	}
	last := k.Respond.On
	if last.IsZero() {
		last = k.Deadline.Acknowledge.On
	}
	switch {
	case !k.known:
		k.note("The holidays where the person lives are not known here: weekends alone are taken as days off. A holiday could only make a date later.")
	case !k.cal.Covers(last):
		k.note("The holidays of %s are known from %s to %s. A holiday after that could only make a date later.", k.cal.Title, k.cal.From, k.cal.Until)
	}
}

func (k *clock) standing(at time.Time) Standing {
	switch d := k.Respond; {
	case d.MetLate():
		return Late
	case k.answered():
		return Done
	case k.rule.Respond == nil:
		return k.unlimited(at)
	case k.waits():
		return Waiting
	case !d.Over(at):
		return Running
	case k.rule.Silence != nil:
		k.uses(k.rule.Silence.Source)
		return Refusal
	}
	return Overdue
}

// unlimited is the standing of a request the law only wants acknowledged by a day.
func (k *clock) unlimited(at time.Time) Standing {
	if k.Deadline.Acknowledge.Over(at) {
		return Overdue
	}
	return Unlimited
}

func (k *clock) answered() bool {
	_, ok := first(k.moments, Answered)
	return ok
}

// waits reports whether the clock stands still for an answer of the person.
func (k *clock) waits() bool {
	return slices.ContainsFunc(k.spans, func(s span) bool {
		return s.open && s.pause.Effect != Runs && !s.from.After(k.Respond.On)
	})
}
