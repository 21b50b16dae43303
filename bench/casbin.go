package main

import (
	"fmt"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

const casbinModel = `
[request_definition]
r = sub, purpose, category

[policy_definition]
p = kind, purpose, category, basis

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.purpose == p.purpose && r.category == p.category && r.sub.Kind == p.kind && holds(p.basis, r.sub, p.purpose)
`

// subject is the state as casbin's attribute matcher reads it.
type subject struct {
	Kind                 string
	Restricted           bool
	Consents, Objections map[string]bool
}

// casbinEngines gets the table as one rule per purpose, category and kind, and the
// state as the request's subject.
func casbinEngines(w *world) ([]engine, error) {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	e.AddFunction("holds", holds)
	n := 0
	for p, row := range w.table {
		for c, bases := range row {
			for k, basis := range bases {
				if basis == none {
					continue
				}
				if _, err := e.AddPolicy(kinds[k], w.purposes[p], w.categories[c], basis); err != nil {
					return nil, err
				}
				n++
			}
		}
	}
	people := make([]subject, asked)
	for i, q := range w.questions {
		people[i] = subject{kinds[0], q.person.restricted, w.casbinSet(q.person.consents), w.casbinSet(q.person.objections)}
		if q.person.business {
			people[i].Kind = kinds[1]
		}
	}
	ask := func(i int) bool {
		q := &w.questions[i]
		ok, err := e.Enforce(people[i], w.purposes[q.purpose], w.categories[q.category])
		if err != nil {
			panic(fmt.Sprint("casbin: ", err))
		}
		return ok
	}
	return []engine{{"casbin", fmt.Sprintf("state as the subject of an attribute matcher; %d rules", n), ask}}, nil
}

func holds(args ...any) (any, error) {
	who, ok := args[1].(subject)
	if !ok {
		return false, fmt.Errorf("the subject is a %T", args[1])
	}
	purpose, _ := args[2].(string)
	switch args[0] {
	case consented:
		return who.Consents[purpose], nil
	case interests:
		return !who.Objections[purpose] && !who.Restricted, nil
	}
	return !who.Restricted, nil
}

func (w *world) casbinSet(bits uint32) map[string]bool {
	out := map[string]bool{}
	for i, name := range w.purposes {
		if bits&(1<<i) != 0 {
			out[name] = true
		}
	}
	return out
}
