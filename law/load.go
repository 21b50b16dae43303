package law

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"

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
		"zones":     func(n ast.Node) { g.Zones = r.zones(n) },
		"calendar":  read(r, &g.Calendar, region),
		"authority": func(n ast.Node) { g.Authority = r.recourse(n) },
		"rules":     func(n ast.Node) { g.Rules = r.rules(n) },
	}, "regime", "title", "zone", "sources", "authority", "rules")
	return g
}

// zones reads `PT: Europe/Lisbon`.
func (r *reader) zones(n ast.Node) map[avow.Region]string {
	out := map[avow.Region]string{}
	for _, p := range r.pairs(n) {
		var of avow.Region
		var zone string
		read(r, &of, region)(p.Key)
		r.text(&zone)(p.Value)
		out[of] = zone
	}
	return out
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
