package main

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"
)

// cedarEngines gets the table as one policy per purpose, kind and basis. In the
// sliced form the caller picks the policies of the purpose and kind beforehand.
func cedarEngines(w *world) ([]engine, error) {
	all := cedar.NewPolicySet()
	slices := make([][2]*cedar.PolicySet, len(w.purposes))
	for p := range w.purposes {
		for k := range kinds {
			slices[p][k] = cedar.NewPolicySet()
			for basis, categories := range w.byBasis(p, k) {
				var one cedar.Policy
				if err := one.UnmarshalCedar([]byte(w.cedarPolicy(p, k, basis, categories))); err != nil {
					return nil, err
				}
				id := cedar.PolicyID(fmt.Sprint(w.purposes[p], "/", kinds[k], "/", basis))
				all.Add(id, &one)
				slices[p][k].Add(id, &one)
			}
		}
	}
	requests, entities := make([]cedar.Request, asked), make([]cedar.EntityMap, asked)
	for i, q := range w.questions {
		requests[i], entities[i] = w.cedarQuestion(q)
	}
	given := func(i int) bool {
		d, _ := cedar.Authorize(all, entities[i], requests[i])
		return d == cedar.Allow
	}
	sliced := func(i int) bool {
		q := &w.questions[i]
		k := 0
		if q.person.business {
			k = 1
		}
		d, _ := cedar.Authorize(slices[q.purpose][k], entities[i], requests[i])
		return d == cedar.Allow
	}
	n := 0
	for range all.All() {
		n++
	}
	return []engine{
		{"cedar-go, pre-sliced", "state and request as entities; the caller picks the few policies of the purpose and kind", sliced},
		{"cedar-go, all policies", fmt.Sprintf("state and request as entities; %d policies", n), given},
	}, nil
}

// byBasis groups a purpose's categories by their basis for one kind.
func (w *world) byBasis(purpose, kind int) map[string][]string {
	out := map[string][]string{}
	for c, bases := range w.table[purpose] {
		if bases[kind] != none {
			out[bases[kind]] = append(out[bases[kind]], w.categories[c])
		}
	}
	return out
}

func (w *world) cedarPolicy(p, k int, basis string, categories []string) string {
	var resources []string
	for _, c := range categories {
		resources = append(resources, fmt.Sprintf("Category::%q", c))
	}
	conditions := []string{fmt.Sprintf("principal.kind == %q", kinds[k]), "[" + strings.Join(resources, ", ") + "].contains(resource)"}
	switch basis {
	case consented:
		conditions = append(conditions, fmt.Sprintf("principal.consents.contains(%q)", w.purposes[p]))
	case interests:
		conditions = append(conditions, fmt.Sprintf("!principal.objections.contains(%q)", w.purposes[p]), "!principal.restricted")
	default:
		conditions = append(conditions, "!principal.restricted")
	}
	return fmt.Sprintf("permit (principal, action == Action::%q, resource) when { %s };", w.purposes[p], strings.Join(conditions, " && "))
}

func (w *world) cedarQuestion(q question) (cedar.Request, cedar.EntityMap) {
	who := cedar.NewEntityUID("Subject", "ann")
	kind := kinds[0]
	if q.person.business {
		kind = kinds[1]
	}
	state := cedar.NewRecord(cedar.RecordMap{
		"kind": cedar.String(kind), "restricted": cedar.Boolean(q.person.restricted),
		"consents": w.cedarSet(q.person.consents), "objections": w.cedarSet(q.person.objections),
	})
	request := cedar.Request{Principal: who, Action: cedar.NewEntityUID("Action", cedar.String(w.purposes[q.purpose])),
		Resource: cedar.NewEntityUID("Category", cedar.String(w.categories[q.category])), Context: cedar.NewRecord(nil)}
	return request, cedar.EntityMap{who: {UID: who, Attributes: state}}
}

func (w *world) cedarSet(bits uint32) cedar.Set {
	var list []cedar.Value
	for i, name := range w.purposes {
		if bits&(1<<i) != 0 {
			list = append(list, cedar.String(name))
		}
	}
	return cedar.NewSet(list...)
}
