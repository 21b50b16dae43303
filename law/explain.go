package law

import (
	"fmt"
	"strings"
)

// unconfirmed is what a person reads beside a rule that nobody has checked.
const unconfirmed = "UNCONFIRMED"

// Explain tells how the dates come about, segment by segment, in plain words.
// A rule that is not confirmed says so in its own line.
func (d *Deadline) Explain() string {
	w := &explainer{}
	w.line("%s: %s", d.Regime.Title, d.Rule.Title)
	w.line("asked: %s, received %s (%s); seen on %s: %s", d.Right, d.Received.Long(), d.Zone, d.At.Long(), d.Standing)
	w.rule(d)
	w.line("")
	for _, s := range d.Segments {
		w.segment(s)
	}
	w.line("")
	w.due("acknowledge by", d.Acknowledge)
	w.due(answerBy(d.Standing), d.Respond)
	w.extension(d)
	w.due("decide the appeal by", d.Appeal)
	w.rest(d)
	for _, n := range d.Notes {
		w.line("note: %s", n)
	}
	if n := len(d.Unconfirmed()); n > 0 {
		w.line("%s: of the %d sources these dates rest on, %d not checked.", unconfirmed, len(d.Sources), n)
	}
	return w.String()
}

type explainer struct{ strings.Builder }

func (w *explainer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *explainer) source(s Source) {
	mark := ""
	if !s.Confirmed {
		mark = "  " + unconfirmed
	}
	w.line("    %s, %s%s", s.Cites, s.At, mark)
	if s.Note != "" {
		w.line("    (%s)", s.Note)
	}
}

func (w *explainer) rule(d *Deadline) {
	until := "and still is"
	if !d.Rule.Until.IsZero() {
		until = "until " + d.Rule.Until.String()
	}
	w.line("rule %s in %s, in force from %s %s", d.Rule.Name, d.Regime.File, d.Rule.From, until)
	if d.Rule.Note != "" {
		w.line("    (%s)", d.Rule.Note)
	}
}

func (w *explainer) segment(s Segment) {
	days := fmt.Sprintf("%d days", s.To.DaysSince(s.From)+1)
	if s.From == s.To {
		days = "1 day"
	}
	if s.Kind == ClockRuns || s.Kind == ClockExtended {
		days += fmt.Sprintf(", %d counted", s.Counted)
	}
	w.line("  %s – %s  %s (%s)", s.From.Long(), s.To.Long(), s.Kind, days)
	w.line("    %s", s.Why)
	for _, src := range s.Sources {
		w.source(src)
	}
}

func (w *explainer) due(what string, due Due) {
	switch {
	case due.IsZero():
		return
	case due.Met.IsZero():
		w.line("%s: %s, to the end of the day%s", what, due.On.Long(), mark(due.Source))
	case due.MetLate():
		w.line("%s: %s%s; done late", what, due.On.Long(), mark(due.Source))
	default:
		w.line("%s: %s%s; done in time", what, due.On.Long(), mark(due.Source))
	}
}

// answerBy says that the day moves while the clock waits for the person.
func answerBy(s Standing) string {
	if s == Waiting {
		return "answer by, not before"
	}
	return "answer by"
}

func mark(s Source) string {
	if s.Confirmed {
		return ""
	}
	return "  " + unconfirmed
}

func (w *explainer) extension(d *Deadline) {
	x := d.Rule.Extend
	if x == nil || d.Rule.Respond == nil || !d.Respond.Met.IsZero() {
		return
	}
	switch {
	case d.Extended:
		w.line("more time: the person was told; there is no more")
		return
	case d.At.After(d.NoticeBy):
		w.line("more time: none; the person would have had to be told by %s", d.NoticeBy.Long())
		return
	case x.By.Unit == AsTold:
		w.line("more time: to a day the person is told by %s, %s%s", d.NoticeBy.Long(), x.When, mark(x.Source))
	default:
		w.line("more time: %s, to %s, %s, if the person is told by %s%s", x.By, d.Longest.On.Long(), x.When, d.NoticeBy.Long(), mark(x.Source))
	}
	w.line("    the notice says: %s", strings.Join(x.Says, "; "))
}

func (w *explainer) rest(d *Deadline) {
	if s := d.Rule.Silence; s != nil {
		w.line("no answer in time counts as a %s%s", s.Is, mark(s.Source))
	}
	if f := d.Rule.Fee; f != nil {
		w.line("cost: %s%s", f, mark(f.Source))
	}
	if a := d.Rule.Appeal; a != nil && d.Appeal.IsZero() {
		w.line("appeal: %s, decided in %s%s%s", a.Within, a.Decide, more(a), mark(a.Source))
	}
	r := d.Regime.Authority
	w.line("complaint: %s%s", strings.TrimSpace(r.Name+" "+r.At), mark(r.Source))
}

func more(a *Appeal) string {
	if a.Extend.IsZero() {
		return ""
	}
	return ", extended by at most " + a.Extend.String()
}

// String says what asking costs.
func (f *Fee) String() string {
	free := "free"
	switch {
	case f.Free == 0:
		free = "not free"
	case f.Free == 1:
		free = fmt.Sprintf("free once in %s", f.Per)
	case f.Free > 0:
		free = fmt.Sprintf("free %d times in %s", f.Free, f.Per)
	}
	if f.Then == "" {
		return free
	}
	return free + "; " + f.Then
}
