package law

import (
	"fmt"
	"slices"
	"strings"
)

// SegmentKind is what the clock does in a segment.
type SegmentKind string

const (
	ClockWaits    SegmentKind = "waiting"  // the period has not begun
	ClockRuns     SegmentKind = "running"  // days of the period
	ClockStops    SegmentKind = "paused"   // days that do not count
	ClockExtended SegmentKind = "extended" // days of the extension
	ClockMoves    SegmentKind = "moved"    // from a day off to the next working day
)

// Segment is a run of days in which the clock does one thing for one reason.
// Segments follow each other without a gap, from the receipt to the deadline.
type Segment struct {
	From, To Date // both included
	Kind     SegmentKind
	Counted  int // days of the period in it
	Why      string
	Sources  []Source
}

// Confirmed reports whether every rule it rests on was checked.
func (s Segment) Confirmed() bool {
	return !slices.ContainsFunc(s.Sources, func(s Source) bool { return !s.Confirmed })
}

var causes = map[Cause]string{
	Identity:      "proof of who they are",
	Clarification: "a clearer request",
	Payment:       "their word on the fee",
}

// segments cuts the days from the receipt to the end into runs, and adds the
// move past days off.
func (k *clock) segments(start, base, end Date, p Period) {
	for d := k.received; !d.After(end); d = d.AddDays(1) {
		kind, pauses := k.kindOf(d, start, base)
		counted := 0
		if d.After(start) && kind != ClockStops && (p.Unit != BusinessDays || k.cal.Works(d)) {
			counted = 1
		}
		why, sources := k.why(kind, pauses, start, p)
		k.extendOrAdd(Segment{d, d, kind, counted, why, sources})
	}
	if to := k.roll(end); to.After(end) {
		k.moved(end, to)
	}
	k.usesHolidays(k.received, end, p.Unit)
	for _, s := range k.Segments {
		k.uses(s.Sources...)
	}
}

func (k *clock) extendOrAdd(s Segment) {
	if last := len(k.Segments) - 1; last >= 0 && k.Segments[last].Kind == s.Kind && k.Segments[last].Why == s.Why {
		k.Segments[last].To = s.To
		k.Segments[last].Counted += s.Counted
		return
	}
	k.Segments = append(k.Segments, s)
}

func (k *clock) kindOf(d, start, base Date) (SegmentKind, []*Pause) {
	switch pauses := k.stopping(d); {
	case d.Before(start):
		return ClockWaits, nil
	case d == start || k.rule.Respond == nil:
		return ClockRuns, nil
	case len(pauses) > 0:
		return ClockStops, pauses
	case d.After(base):
		return ClockExtended, nil
	}
	return ClockRuns, nil
}

func (k *clock) why(kind SegmentKind, pauses []*Pause, start Date, p Period) (string, []Source) {
	switch kind {
	case ClockWaits:
		return k.waitsFor()
	case ClockStops:
		var names []string
		var sources []Source
		for _, pause := range pauses {
			names = append(names, causes[pause.Cause])
			sources = append(sources, pause.Source)
		}
		return "the person was asked for " + strings.Join(names, " and for ") + "; these days do not count", sources
	case ClockExtended:
		return "extension by " + k.rule.Extend.By.String() + ", told in time", []Source{k.rule.Extend.Source}
	}
	from := "the receipt"
	if start != k.received {
		from = start.Long()
	}
	return p.String() + " from " + from, []Source{k.term().Source}
}

func (k *clock) term() *Term {
	if k.rule.Respond != nil {
		return k.rule.Respond
	}
	return k.rule.Acknowledge
}

// waitsFor says what the period waits for before it begins.
func (k *clock) waitsFor() (string, []Source) {
	var names []string
	var sources []Source
	for _, s := range k.spans {
		if s.pause.Effect == Starts && !slices.Contains(names, causes[s.pause.Cause]) {
			names = append(names, causes[s.pause.Cause])
			sources = append(sources, s.pause.Source)
		}
	}
	return "the period begins when " + strings.Join(names, " and ") + " has come", sources
}

// moved adds the segment from a last day that is a day off to the deadline.
func (k *clock) moved(end, to Date) {
	roll := k.rule.Roll
	s := Segment{From: end.AddDays(1), To: to, Kind: ClockMoves, Sources: []Source{roll.Source}}
	var off []string
	for d := end; d.Before(to); d = d.AddDays(1) {
		h, ok := k.cal.Holiday(d)
		if !ok {
			off = append(off, d.Weekday().String())
			continue
		}
		off = append(off, h.Name)
		if !slices.Contains(s.Sources, h.Source) {
			s.Sources = append(s.Sources, h.Source)
		}
	}
	s.Why = fmt.Sprintf("the last day would be a day off (%s); it moves to the next that is none", strings.Join(off, ", "))
	k.Segments = append(k.Segments, s)
}

// usesHolidays notes the calendar as a source of business days in which a holiday fell.
func (k *clock) usesHolidays(from, to Date, unit Unit) {
	if unit != BusinessDays {
		return
	}
	for d := from.AddDays(1); !d.After(to); d = d.AddDays(1) {
		if h, ok := k.cal.Holiday(d); ok && !slices.Contains(k.cal.Weekend, d.Weekday()) {
			k.uses(h.Source)
		}
	}
}
