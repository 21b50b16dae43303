package plan

import (
	"context"
	"fmt"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

// CheckRules asks the systems whether their rules take what the map has columns emptied or
// masked with, as far as a rule speaks of that column alone; no row is read. What depends
// on the rest of a row a plan finds out.
func CheckRules(ctx context.Context, m *datamap.Map, schemas map[string]*connect.Schema, sources find.Sources) (policy.Problems, error) {
	var out policy.Problems
	for _, s := range m.Systems {
		src, ok := sources[s.Name.Text].(connect.Foresight)
		schema := schemas[s.Name.Text]
		if !ok || schema == nil {
			continue
		}
		for _, of := range s.All() {
			db := schema.Table(of.Name)
			if db == nil || len(db.Checks) == 0 || db.View || db.Lacks[connect.OpRead] != "" {
				continue
			}
			found, err := checkTable(ctx, src, newTable(of, schema, &find.Rows{Table: of}))
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

func checkTable(ctx context.Context, src connect.Foresight, t *table) (policy.Problems, error) {
	var out policy.Problems
	t.key = t.keyNames()
	seen := map[string]bool{}
	for _, link := range t.of.Links {
		for _, e := range link.Effect(link.Relation).Columns {
			if seen[e.Column.Name] {
				continue
			}
			seen[e.Column.Name] = true
			p, err := checkColumn(ctx, src, t.place(e.Column.Name), e.Rule)
			if err != nil {
				return nil, err
			}
			out = append(out, p...)
		}
	}
	return out, nil
}

// checkColumn judges one rule of the map by one value that it makes.
func checkColumn(ctx context.Context, src connect.Foresight, p place, rule datamap.Rule) (policy.Problems, error) {
	var t treatment
	switch rule.Kind {
	case datamap.Clear:
		t = p.clear()
	case datamap.Mask:
		t = p.mask(rule)
	}
	if t.set == nil || t.line.Refused != "" || t.set.each.width > 0 || p.schema == nil {
		return nil, nil
	}
	refusals, err := p.takes(ctx, src, t.set)
	if err != nil || len(refusals) == 0 {
		return nil, err
	}
	at := rule.Pos
	if at.Line == 0 {
		at = p.column.Pos
	}
	r := refusals[0]
	do := "keep the column and say why, or change the rule in the database"
	for _, o := range p.ways(t.set, r) {
		rest, err := p.takes(ctx, src, o.set)
		if err != nil {
			return nil, err
		}
		if len(rest) == 0 && (o.action == Clear || isMask[o.how]) {
			do = fmt.Sprintf("write `erase: %s`, which it takes", o.instead)
			break
		}
	}
	return policy.Problems{{File: p.t.of.System.File, Pos: at, Code: "rule-refuses", Text: p.name, Suggest: do,
		Message: fmt.Sprintf("%s refuses %s in %s of %s", ruleWords(r.Rule), rule, policy.Quote(p.name), policy.Quote(p.t.of.Name))}}, nil
}

// isMask are the ways that a map can be written with.
var isMask = map[string]bool{datamap.MaskBlank: true, datamap.MaskEmail: true, datamap.MaskHash: true, datamap.MaskName: true, datamap.MaskPhone: true,
	datamap.MaskRandom: true, datamap.MaskText: true}

// takes asks for the value of one set, as the mask of some row.
func (p place) takes(ctx context.Context, src connect.Foresight, s *set) ([]connect.Refusal, error) {
	v := s.to
	if s.mask != nil {
		v = s.mask.value([32]byte{}, "", nil)
	}
	return src.Takes(ctx, p.t.schema.Name, []connect.Set{{Column: p.name, To: v}})
}
