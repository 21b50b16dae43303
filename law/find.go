package law

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
)

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

// Rights gives the rights with a deadline for requests received on a day.
func (g *Regime) Rights(on Date) (rights []Right) {
	for _, right := range Rights() {
		if slices.ContainsFunc(g.Rules, func(r Rule) bool { return r.has(right) && r.inForce(on) }) {
			rights = append(rights, right)
		}
	}
	return rights
}
