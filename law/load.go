package law

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/avowhq/avow"
)

//go:embed regimes
var embedded embed.FS

// Regimes is every law there are rules for, and every calendar of holidays.
// It does not change once loaded and may be used by many at once.
type Regimes struct {
	regimes   []*Regime
	calendars []*Calendar
	left      []NotCovered
}

// Load reads the rules and holidays that come with the program. The error is
// Problems: everything that is wrong, with file and line.
func Load() (*Regimes, error) {
	sub, err := fs.Sub(embedded, "regimes")
	if err != nil {
		return nil, err
	}
	return LoadFrom(sub)
}

// LoadFrom reads rules from NAME.yaml files, holidays from holidays/NAME.yaml and
// the list of regimes without rules from not-covered.yaml.
func LoadFrom(files fs.FS) (*Regimes, error) {
	rs := &Regimes{}
	var problems Problems
	for _, pattern := range []string{"*.yaml", "holidays/*.yaml"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			ps, err := rs.readFile(files, name)
			if err != nil {
				return nil, err
			}
			problems = append(problems, ps...)
		}
	}
	problems = append(problems, rs.check()...)
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	return rs, nil
}

func (rs *Regimes) readFile(files fs.FS, name string) (Problems, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	r, root := parseFile(name, text)
	if root == nil {
		return r.problems, nil
	}
	r.firstSources(root)
	switch {
	case path.Dir(name) == "holidays":
		rs.calendars = append(rs.calendars, r.calendar(root))
	case name == "not-covered.yaml":
		rs.left = r.notCovered(root)
	default:
		rs.regimes = append(rs.regimes, r.regime(root))
	}
	r.unusedSources(root)
	return r.problems, nil
}

func (r *reader) notCovered(root ast.Node) (left []NotCovered) {
	for _, p := range r.pairs(root) {
		n := NotCovered{Regime: avow.Regime(p.Key.String())}
		r.known(p.Key, n.Regime)
		r.text(&n.Why)(p.Value)
		left = append(left, n)
	}
	return left
}

func (r *reader) known(at ast.Node, name avow.Regime) {
	if _, ok := avow.RegimeByName(name); !ok {
		r.wrong(at, "the policy language knows no regime %q", name)
	}
}

func (r *reader) regime(root ast.Node) *Regime {
	g := &Regime{File: r.file}
	ignore := func(ast.Node) {} // read before the rest
	r.group(root, form{
		"regime": func(n ast.Node) {
			var name string
			r.text(&name)(n)
			g.Name = avow.Regime(name)
			r.known(n, g.Name)
		},
		"title": r.text(&g.Title), "zone": r.text(&g.Zone), "sources": ignore,
		"calendar":  read(r, &g.Calendar, region),
		"authority": func(n ast.Node) { g.Authority = r.recourse(n) },
		"rules":     func(n ast.Node) { g.Rules = r.rules(n) },
	}, "regime", "title", "zone", "sources", "authority", "rules")
	return g
}

func region(s string) (avow.Region, error) {
	if !avow.Region(s).Known() {
		return "", fmt.Errorf("%q is not a region", s)
	}
	return avow.Region(s), nil
}

func (r *reader) recourse(n ast.Node) (to Recourse) {
	r.group(n, form{
		"kind": read(r, &to.Kind, oneOf("data-protection-authority", "attorney-general", "court")),
		"name": r.text(&to.Name), "at": read(r, &to.At, address), "source": r.source(&to.Source),
	}, "kind", "name", "source")
	return to
}

func (r *reader) rules(n ast.Node) (rules []Rule) {
	for _, p := range r.pairs(n) {
		rule := r.rule(p.Value)
		rule.Name = p.Key.String()
		rule.Line = p.Key.GetToken().Position.Line
		rules = append(rules, rule)
	}
	return rules
}

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

// check looks at what no file shows alone.
func (rs *Regimes) check() (problems Problems) {
	seen := map[avow.Regime]string{}
	for _, g := range rs.regimes {
		if first, ok := seen[g.Name]; ok {
			problems = append(problems, Problem{g.File, 1, 1, fmt.Sprintf("the regime %q has rules in %s already", g.Name, first)})
		}
		seen[g.Name] = g.File
		problems = append(problems, g.overlaps()...)
		if g.Calendar != "" && rs.calendarNamed(g.Calendar) == nil {
			problems = append(problems, Problem{g.File, 1, 1, fmt.Sprintf("there is no calendar %q", g.Calendar)})
		}
	}
	for _, l := range rs.left {
		if file, ok := seen[l.Regime]; ok {
			problems = append(problems, Problem{"not-covered.yaml", 1, 1, fmt.Sprintf("the regime %q has rules in %s", l.Regime, file)})
		}
	}
	return problems
}

// overlaps finds rights that two rules govern at the same time.
func (g *Regime) overlaps() (problems Problems) {
	for i := range g.Rules {
		for j := range g.Rules[:i] {
			a, b := &g.Rules[j], &g.Rules[i]
			shared := slices.IndexFunc(b.Rights, a.has)
			if shared >= 0 && a.overlaps(b) {
				problems = append(problems, Problem{g.File, b.Line, 1, fmt.Sprintf("the rules %q and %q are both about %s at the same time", a.Name, b.Name, b.Rights[shared])})
			}
		}
	}
	return problems
}

// All gives every regime there are rules for, by name.
func (rs *Regimes) All() []*Regime { return slices.Clone(rs.regimes) }

// NotCovered gives the regimes of the policy language without rules here.
func (rs *Regimes) NotCovered() []NotCovered { return slices.Clone(rs.left) }

// Regime finds a regime; an unknown one is NotFound.
func (rs *Regimes) Regime(name avow.Regime) (*Regime, error) {
	for _, g := range rs.regimes {
		if g.Name == name {
			return g, nil
		}
	}
	for _, l := range rs.left {
		if l.Regime == name {
			return nil, avow.Errorf(avow.NotFound, "no deadlines are kept for %s: %s", name, l.Why)
		}
	}
	return nil, avow.Errorf(avow.NotFound, "there is no regime %q; known: %s", name, rs.names())
}

func (rs *Regimes) names() string {
	names := make([]string, len(rs.regimes))
	for i, g := range rs.regimes {
		names[i] = string(g.Name)
	}
	return strings.Join(names, ", ")
}

// Rule finds the rule for a right asked for on a day; NotFound says which rights
// the law has, or since when it has this one.
func (g *Regime) Rule(right Right, on Date) (*Rule, error) {
	since := Date{}
	for i := range g.Rules {
		r := &g.Rules[i]
		if !r.has(right) {
			continue
		}
		if r.inForce(on) {
			return r, nil
		}
		if since.IsZero() || r.From.Before(since) {
			since = r.From
		}
	}
	if !since.IsZero() {
		return nil, avow.Errorf(avow.NotFound, "no rule of %s for %q was in force on %s; the first is of %s", g.Name, right, on, since)
	}
	return nil, avow.Errorf(avow.NotFound, "%s has no deadline for %q; it has: %s", g.Name, right, g.rights())
}

func (g *Regime) rights() string {
	var names []string
	for _, right := range Rights() {
		if slices.ContainsFunc(g.Rules, func(r Rule) bool { return r.has(right) }) {
			names = append(names, string(right))
		}
	}
	return strings.Join(names, ", ")
}
