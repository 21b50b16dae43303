package law

import (
	"slices"
	"time"
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

// standing says where the request stands at a time.
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
