package policy

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
)

// The bounds that keep every step of compiling short whatever the file says.
const (
	maxList    = 1000 // entries of one mapping or list
	maxReasons = 1000 // reasons of all purposes together
	maxOfOne   = 50   // reasons of one purpose
	maxNevers  = 100  // negative promises
	maxTerms   = 16   // bases of one list
	maxChain   = 32   // parts inside parts, complaint steps one after another
)

// tooLarge reports a list that passes its bound, and whether there is one.
func (c *compiler) tooLarge() bool {
	c.measure(reflect.ValueOf(c.doc).Elem(), Pos{1, 1})
	reasons := 0
	count := func(list Entries[Purpose]) {
		for i := range list {
			reasons += max(len(list[i].Is.Reasons), 1)
			if reasons > maxReasons {
				c.room(reasons, maxReasons, list[i].Pos, "reasons")
			}
		}
	}
	for i := range c.doc.PurposeGroups {
		count(c.doc.PurposeGroups[i].Is.Purposes)
	}
	count(c.doc.UnlistedPurposes)
	return c.broken
}

// listBounds are the lists with a bound of their own.
var listBounds = map[reflect.Type]int{
	reflect.TypeFor[[]Never]():     maxNevers,
	reflect.TypeFor[[]Reason]():    maxOfOne,
	reflect.TypeFor[[]BasisTerm](): maxTerms,
}

func (c *compiler) measure(v reflect.Value, at Pos) {
	switch v.Kind() {
	case reflect.Struct:
		if p, ok := v.Interface().(interface{ At() Pos }); ok && p.At().Line > 0 {
			at = p.At()
		}
		for i := range v.NumField() {
			c.measure(v.Field(i), at)
		}
	case reflect.Slice:
		bound := cmp.Or(listBounds[v.Type()], maxList)
		for i := range min(v.Len(), bound) {
			c.measure(v.Index(i), at)
		}
		if v.Len() > bound {
			c.errorf(placeOf(v.Index(bound), at), codeTooMany, "", "split the policy, or join what belongs together",
				"this is one more than the %d entries a list may have", bound)
		}
	}
}

func placeOf(v reflect.Value, otherwise Pos) Pos {
	if p, ok := v.Interface().(interface{ At() Pos }); ok && p.At().Line > 0 {
		return p.At()
	}
	return otherwise
}

// bounded is what is reported of many problems: the errors before the warnings,
// up to the bound, in the order of the file.
func (c *compiler) bounded() Problems {
	ps := c.problems
	sortProblems(ps)
	if len(ps) <= maxProblems && c.more == 0 {
		return ps
	}
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(grade(a), grade(b)) })
	kept := slices.Clone(ps[:min(len(ps), maxProblems)])
	sortProblems(kept)
	return append(kept, Problem{Pos: kept[len(kept)-1].Pos, Warning: !ps.Errors(), Code: "more-problems",
		Message: fmt.Sprintf("%d more problems are not shown", len(ps)-len(kept)+c.more), Suggest: "mend these first and check again"})
}

func grade(p Problem) int {
	if p.Warning {
		return 1
	}
	return 0
}
