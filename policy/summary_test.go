package policy

import (
	"fmt"
	"strings"

	"github.com/avowhq/avow"
)

// summary is a compiled policy as text that a person can check line by line: who
// may do what with which data on which ground, and what a person can stop.
func summary(p *Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "policy %s %d effective %s new-data=%t dnt=%d gpc=%d combine-all=%t\n",
		p.Name, p.Number, p.Effective.Format("2006-01-02"), p.NewData, p.DNT, p.GPC, p.CombineAll)
	for i, q := range p.Purposes {
		fmt.Fprintf(&b, "purpose %d %s%s\n", i, q.Name, purposeNotes(p, q))
		if q.Kind == Duty {
			continue
		}
		for _, r := range q.Reasons {
			fmt.Fprintf(&b, "  %s: %s%s\n", p.Clauses[r.Clause].Key, fieldNames(p, r.Fields), reasonNotes(r))
			summariseGrounds(&b, p, r)
		}
	}
	for i, l := range p.Consents {
		fmt.Fprintf(&b, "consent %d %s generation %d since %d current=%t\n", i, p.Purposes[l.Purpose].Name, l.Generation, l.Since, l.Current)
	}
	for i, l := range p.Objections {
		fmt.Fprintf(&b, "objection %d %s topic=%q once=%t weighed=%t\n", i, p.Purposes[l.Purpose].Name, l.Topic, l.Once, l.Weighed)
	}
	for _, t := range p.Topics {
		fmt.Fprintf(&b, "topic %s: %s\n", t.Name, purposeNamesOf(p, t.Purposes))
	}
	for _, r := range p.Recipients {
		fmt.Fprintf(&b, "recipient %s declared=%t role=%s processor=%t receives %s for %s in %v anywhere=%t not-stated=%t safeguard %q stands=%t\n", r.Name, r.Declared,
			r.Role, r.Processor, fieldNames(p, r.Receives), purposeNamesOf(p, r.For), r.Places, r.Anywhere, r.NotStated, r.Safeguard.Name, r.Safeguard.Stands)
	}
	for _, r := range p.Retention {
		fmt.Fprintf(&b, "retention %s of %s for %s then %s\n", r.Name, fieldNames(p, r.Fields), purposeNamesOf(p, r.OnlyFor), r.Then)
	}
	return b.String()
}

func purposeNotes(p *Policy, q CompiledPurpose) string {
	s := fmt.Sprintf(" kind=%d", q.Kind)
	if !q.Declared {
		s += " not declared"
	}
	if q.Ended {
		s += " ended"
	}
	if q.ConsentLane >= 0 {
		s += fmt.Sprintf(" consent-lane=%d", q.ConsentLane)
	}
	if q.OnceLane >= 0 {
		s += fmt.Sprintf(" once-lane=%d", q.OnceLane)
	}
	if q.To >= 0 {
		s += " to=" + p.Recipients[q.To].Name
	}
	if q.Obligations != 0 {
		s += fmt.Sprintf(" obligations=%b", q.Obligations)
	}
	return s
}

func reasonNotes(r CompiledReason) string {
	s := fmt.Sprintf(" lane=%d", r.ObjectionLane)
	for _, n := range []struct {
		on   bool
		word string
	}{{r.Marketing, "marketing"}, {r.Profiling, "profiling"}, {r.Weighed, "weighed"}, {r.Restricted, "restricted"}, {r.LegalClaims, "legal-claims"}} {
		if n.on {
			s += " " + n.word
		}
	}
	return s
}

// summariseGrounds writes one line per kind, and one more per act that differs from `use`.
func summariseGrounds(b *strings.Builder, p *Policy, r CompiledReason) {
	for kind := avow.Individual; kind <= avow.Business; kind++ {
		usual := groundNames(p, r.Grounds[avow.Use][kind])
		fmt.Fprintf(b, "    %s: %s\n", kind, usual)
		for act := avow.Act(0); int(act) < avow.Acts; act++ {
			if s := groundNames(p, r.Grounds[act][kind]); s != usual {
				fmt.Fprintf(b, "    %s to %s: %s\n", kind, act, s)
			}
		}
	}
}

func groundNames(p *Policy, list []Ground) string {
	var parts []string
	for _, g := range list {
		s := g.Basis.String()
		if g.Law != "" {
			s += " (" + g.Law + ")"
		}
		if g.Lane >= 0 {
			s += fmt.Sprintf(" [lane %d]", g.Lane)
		}
		for i, f := range p.Facts {
			if g.Facts&(1<<i) != 0 {
				s += " if " + f.Name
			}
		}
		parts = append(parts, s+[]string{"", " where the law asks", " where the law does not ask"}[g.When])
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// fieldNames lists fields, a category by its name when all of it is there.
func fieldNames(p *Policy, set FieldSet) string {
	var parts []string
	for _, c := range p.Categories {
		var own FieldSet
		for i, f := range p.Fields {
			if f.Declared && f.Category == c.Name {
				own.Add(i)
			}
		}
		if have := set.And(own); !own.Empty() && have == own {
			parts = append(parts, c.Name)
		} else {
			have.Each(func(i int) { parts = append(parts, p.Fields[i].Path()) })
		}
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func purposeNamesOf(p *Policy, set PurposeSet) string {
	var parts []string
	set.Each(func(i int) { parts = append(parts, p.Purposes[i].Name) })
	return "{" + strings.Join(parts, " ") + "}"
}
