package law

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

func (r *reader) rule(n ast.Node) (to Rule) {
	r.group(n, form{
		"title": r.text(&to.Title), "note": r.text(&to.Note),
		"rights":      list(r, &to.Rights, oneOf(Rights()...)),
		"from":        read(r, &to.From, ParseDate),
		"until":       read(r, &to.Until, ParseDate),
		"acknowledge": func(n ast.Node) { to.Acknowledge = r.term(n) },
		"respond":     func(n ast.Node) { to.Respond = r.term(n) },
		"pauses":      func(n ast.Node) { to.Pauses = r.pauses(n) },
		"extend":      func(n ast.Node) { to.Extend = r.extension(n) },
		"roll": func(n ast.Node) {
			to.Roll = &Roll{}
			r.group(n, form{"to": read(r, &to.Roll.Rule, oneOf(ToWorkingDay, PastSunday)), "source": r.source(&to.Roll.Source)}, "to", "source")
		},
		"silence": func(n ast.Node) {
			to.Silence = &Silence{}
			r.group(n, form{"is": read(r, &to.Silence.Is, oneOf("refusal")), "source": r.source(&to.Silence.Source)}, "is", "source")
		},
		"fee":    func(n ast.Node) { to.Fee = r.fee(n) },
		"appeal": func(n ast.Node) { to.Appeal = r.appeal(n) },
	}, "title", "rights", "from")
	if to.Acknowledge == nil && to.Respond == nil {
		r.wrong(n, "a rule has `acknowledge` or `respond`, or both")
	}
	if !to.Until.IsZero() && to.Until.Before(to.From) {
		r.wrong(n, "the rule ends on %s, before it begins on %s", to.Until, to.From)
	}
	return to
}

func (r *reader) term(n ast.Node) *Term {
	t := &Term{}
	r.group(n, form{"in": read(r, &t.Period, fixed), "source": r.source(&t.Source)}, "in", "source")
	return t
}

// fixed reads a period the law itself fixes.
func fixed(s string) (Period, error) {
	p, err := ParsePeriod(s)
	if err == nil && p.Unit == AsTold {
		err = errors.New("only an extension can be as-told")
	}
	return p, err
}

func (r *reader) pauses(n ast.Node) (pauses []Pause) {
	for _, p := range r.pairs(n) {
		pause := Pause{}
		read(r, &pause.Cause, oneOf(Identity, Clarification, Payment))(p.Key)
		r.group(p.Value, form{"clock": read(r, &pause.Effect, oneOf(Starts, Stops, Runs)), "source": r.source(&pause.Source)}, "clock", "source")
		pauses = append(pauses, pause)
	}
	return pauses
}

func (r *reader) extension(n ast.Node) *Extension {
	x := &Extension{Times: 1}
	r.group(n, form{
		"by": read(r, &x.By, ParsePeriod), "times": read(r, &x.Times, countable), "when": r.text(&x.When),
		"says": list(r, &x.Says, plain), "source": r.source(&x.Source),
	}, "by", "when", "says", "source")
	return x
}

func countable(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 100 {
		return 0, fmt.Errorf("%q is not a number from 1 to 100", s)
	}
	return n, nil
}

func (r *reader) fee(n ast.Node) *Fee {
	f := &Fee{}
	r.group(n, form{
		"free": read(r, &f.Free, freely), "each": read(r, &f.Per, fixed), "then": r.text(&f.Then), "source": r.source(&f.Source),
	}, "free", "source")
	if f.Free > 0 && f.Per.IsZero() {
		r.wrong(n, "say with `each: 12 months` in what time it is free so often")
	}
	if f.Free <= 0 && !f.Per.IsZero() {
		r.wrong(n, "`each` belongs to a number of free requests")
	}
	return f
}

// freely reads how often something is free.
func freely(s string) (int, error) {
	switch s {
	case "always":
		return -1, nil
	case "never":
		return 0, nil
	}
	n, err := countable(s)
	if err != nil {
		err = fmt.Errorf("%q is not always, never or a number", s)
	}
	return n, err
}

func (r *reader) appeal(n ast.Node) *Appeal {
	a := &Appeal{}
	r.group(n, form{
		"within": r.text(&a.Within), "decide": read(r, &a.Decide, fixed), "extend": read(r, &a.Extend, fixed),
		"after": r.text(&a.After), "says": r.text(&a.Further), "source": r.source(&a.Source),
	}, "within", "decide", "after", "source")
	return a
}
