package main

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

const module = `package bench

default allow := false

basis := data.table[input.purpose][input.category][input.kind]

allow if {
	basis == "consent"
	input.consents[input.purpose]
}

allow if {
	basis == "legitimate-interests"
	not input.objections[input.purpose]
	not input.restricted
}

allow if {
	basis in {"contract", "legal-obligation"}
	not input.restricted
}
`

// opaEngines gets the table as data and the state as input, already parsed.
func opaEngines(w *world) ([]engine, error) {
	ctx := context.Background()
	options := []func(*rego.Rego){rego.Query("data.bench.allow"), rego.Module("bench.rego", module), rego.Store(inmem.NewFromObject(map[string]any{"table": w.opaTable()}))}
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	partial, err := rego.New(options...).PrepareForEval(ctx, rego.WithPartialEval())
	if err != nil {
		return nil, err
	}
	parsed, plain := make([]ast.Value, asked), make([]map[string]any, asked)
	for i, q := range w.questions {
		plain[i] = w.opaInput(q)
		if parsed[i], err = ast.InterfaceToValue(plain[i]); err != nil {
			return nil, err
		}
	}
	ask := func(q rego.PreparedEvalQuery, in rego.EvalOption) bool {
		out, err := q.Eval(ctx, in)
		if err != nil {
			panic(fmt.Sprint("opa: ", err))
		}
		return out.Allowed()
	}
	return []engine{
		{"OPA, partially evaluated", "state and request as parsed input", func(i int) bool { return ask(partial, rego.EvalParsedInput(parsed[i])) }},
		{"OPA, partially evaluated, Go input", "state and request as Go maps", func(i int) bool { return ask(partial, rego.EvalInput(plain[i])) }},
		{"OPA, prepared", "state and request as parsed input", func(i int) bool { return ask(prepared, rego.EvalParsedInput(parsed[i])) }},
	}, nil
}

func (w *world) opaTable() map[string]any {
	table := map[string]any{}
	for p, name := range w.purposes {
		row := map[string]any{}
		for c, category := range w.categories {
			row[category] = map[string]any{kinds[0]: w.table[p][c][0], kinds[1]: w.table[p][c][1]}
		}
		table[name] = row
	}
	return table
}

func (w *world) opaInput(q question) map[string]any {
	in := map[string]any{"purpose": w.purposes[q.purpose], "category": w.categories[q.category], "kind": kinds[0],
		"restricted": q.person.restricted, "consents": w.opaSet(q.person.consents), "objections": w.opaSet(q.person.objections)}
	if q.person.business {
		in["kind"] = kinds[1]
	}
	return in
}

func (w *world) opaSet(bits uint32) map[string]any {
	out := map[string]any{}
	for i, name := range w.purposes {
		if bits&(1<<i) != 0 {
			out[name] = true
		}
	}
	return out
}
