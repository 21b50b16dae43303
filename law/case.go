package law

import (
	"cmp"
	"slices"
	"time"

	"github.com/avowhq/avow"
)

// Event is what happens to a request and matters to its clock.
type Event string

const (
	IdentityAsked      Event = "identity-asked"
	IdentityGiven      Event = "identity-given"
	ClarificationAsked Event = "clarification-asked"
	ClarificationGiven Event = "clarification-given"
	FeeAsked           Event = "fee-asked"
	FeeAgreed          Event = "fee-agreed"
	Acknowledged       Event = "acknowledged"
	Extended           Event = "extended" // the person was told that it takes longer
	Answered           Event = "answered" // done, or refused with reasons
	Appealed           Event = "appealed" // the appeal was received
	AppealExtended     Event = "appeal-extended"
	AppealDecided      Event = "appeal-decided"
)

// Events lists them all.
func Events() []Event {
	return []Event{IdentityAsked, IdentityGiven, ClarificationAsked, ClarificationGiven, FeeAsked, FeeAgreed,
		Acknowledged, Extended, Answered, Appealed, AppealExtended, AppealDecided}
}

// Moment is an event and when it happened.
type Moment struct {
	What  Event
	At    time.Time
	Until Date // of Extended, where the law lets the notice fix the date
}

// Case is a request as its clock sees it.
type Case struct {
	Regime   avow.Regime
	Right    Right
	Received time.Time
	Zone     *time.Location // the person's: days begin and end there
	Region   avow.Region    // the person's: its holidays count; empty is the regime's
	Moments  []Moment       // in any order
}

const mostMoments = 1000

// check refuses a case no clock can be made for. Nothing of the case is in the message.
func (c *Case) check() error {
	switch year := c.Received.Year(); {
	case c.Zone == nil:
		return avow.FieldErrorf("zone", "the person's time zone is missing")
	case year < 1900 || year > 9000:
		return avow.FieldErrorf("received", "the day of receipt is missing or outside of the years 1900 to 9000")
	case len(c.Moments) > mostMoments:
		return avow.Errorf(avow.TooLarge, "a request has at most %d events", mostMoments)
	}
	for _, m := range c.Moments {
		switch {
		case !slices.Contains(Events(), m.What):
			return avow.FieldErrorf("moments", "unknown event %q", m.What)
		case m.At.Before(c.Received):
			return avow.FieldErrorf("moments", "%s is before the receipt", m.What)
		case m.At.Year() > 9000 || m.Until.Year > 9000:
			return avow.FieldErrorf("moments", "%s is after the year 9000", m.What)
		}
	}
	return nil
}

// until gives the moments up to a time, in order.
func (c *Case) until(at time.Time) []Moment {
	known := slices.Clone(c.Moments)
	known = slices.DeleteFunc(known, func(m Moment) bool { return m.At.After(at) })
	slices.SortStableFunc(known, func(a, b Moment) int {
		return cmp.Or(a.At.Compare(b.At), slices.Index(Events(), a.What)-slices.Index(Events(), b.What))
	})
	return known
}

// first finds the first moment of an event.
func first(moments []Moment, what Event) (Moment, bool) {
	i := slices.IndexFunc(moments, func(m Moment) bool { return m.What == what })
	if i < 0 {
		return Moment{}, false
	}
	return moments[i], true
}

// span is a time in which something was asked of the person and not yet given.
type span struct {
	pause    *Pause
	from, to Date // both included
	open     bool // not given yet; it lasts to the day of the look
}

// asking pairs the events of a cause.
var asking = []struct {
	cause         Cause
	asked, answer Event
}{
	{Identity, IdentityAsked, IdentityGiven},
	{Clarification, ClarificationAsked, ClarificationGiven},
	{Payment, FeeAsked, FeeAgreed},
}

// spansOf finds the times in which the person was asked something the rule knows.
// Asking again while the first question is open changes nothing.
func spansOf(rule *Rule, moments []Moment, zone *time.Location, now Date) (spans []span) {
	for _, a := range asking {
		pause := rule.pause(a.cause)
		if pause == nil {
			continue
		}
		open := Date{}
		for _, m := range moments {
			switch day := DateOf(m.At, zone); {
			case m.What == a.asked && open.IsZero():
				open = day
			case m.What == a.answer && !open.IsZero():
				spans = append(spans, span{pause, open, day, false})
				open = Date{}
			}
		}
		if !open.IsZero() {
			spans = append(spans, span{pause, open, now, true})
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return a.from.utc().Compare(b.from.utc()) })
	return spans
}
