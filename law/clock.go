package law

import (
	"fmt"
	"slices"
	"time"

	"github.com/avowhq/avow"
)

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
		k.Deadline.Acknowledge = k.due(k.roll(end), t.Source, k.moments, Acknowledged)
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
	k.Respond = k.due(k.roll(end), term.Source, k.moments, Answered)
	if !longest.IsZero() {
		k.Longest = k.due(k.roll(longest), k.rule.Extend.Source, k.moments, Answered)
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

// due is a deadline, and when the first of some moments met it.
func (k *clock) due(on Date, source Source, moments []Moment, met Event) Due {
	d := Due{On: on, Ends: on.Ends(k.zone), Source: source}
	if m, ok := first(moments, met); ok {
		d.Met = m.At
	}
	return d
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
	case !k.cal.Covers(k.received) || !k.cal.Covers(last):
		k.note("The holidays of %s are known from %s to %s. A holiday outside of that time could only make a date later.", k.cal.Title, k.cal.From, k.cal.Until)
	}
}
