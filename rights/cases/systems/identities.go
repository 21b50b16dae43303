package systems

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/rights/cases"
)

// heldAtMost bounds how many spellings of what was given are looked at.
const heldAtMost = 100

// Held reads the columns that say who somebody is, and gives what is the same as
// something given, as it is spelt there. Nothing else is read for somebody nobody has verified. A system that is away is waited for,
// unless another one answers.
func (e *Engine) Held(ctx context.Context, region avow.Region, ids []cases.Identity) (out []cases.Identity, err error) {
	var away error
	for _, t := range e.Map.Tables() {
		if t.System.Kind == string(datamap.Manual) {
			continue
		}
		for i := range t.Identities {
			found, err := e.heldIn(ctx, t, &t.Identities[i].Is, region, ids)
			if avow.KindOf(err) == avow.Canceled && err != nil {
				return nil, err
			}
			if err != nil {
				away = waits(t.Path(), err)
				continue
			}
			out = append(out, found...)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, away
}

func (e *Engine) heldIn(ctx context.Context, t *datamap.Table, id *datamap.Identity, region avow.Region, ids []cases.Identity) (out []cases.Identity, err error) {
	var wanted []connect.Tuple
	for _, given := range ids {
		if given.Kind == id.Kind.Text {
			wanted = append(wanted, connect.Tuple{given.Value})
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	src, err := e.source(ctx, t.System)
	if err != nil {
		return nil, err
	}
	how := connect.Compare(id.Compare)
	err = src.Read(ctx, connect.Read{Table: t.Name, Columns: []string{id.Column}, When: t.When.Cond(), Limit: 0,
		Any: []connect.In{{Columns: []string{id.Column}, Tuples: wanted, Compare: how}}}, func(row connect.Row) error {
		for _, text := range texts(row[0]) {
			same := slices.ContainsFunc(wanted, func(w connect.Tuple) bool { return connect.Same(how, e.region(region), connect.Text(w[0]), text) })
			if same && len(out) < heldAtMost {
				out = append(out, cases.Identity{Kind: id.Kind.Text, Value: text})
			}
		}
		return nil
	})
	if err != nil {
		e.drop(t.System.Name.Text, src, err)
	}
	return out, err
}

// texts are the values of a column; of a list, each.
func texts(v any) (out []string) {
	list, ok := v.([]any)
	if !ok {
		return []string{connect.Text(v)}
	}
	for _, x := range list {
		out = append(out, texts(x)...)
	}
	return out
}

// Forms are the texts that an identity is compared by in some system: one for each way of comparing its kind.
func (e *Engine) Forms(region avow.Region, id cases.Identity) (out []cases.Form) {
	for _, t := range e.Map.Tables() {
		for i := range t.Identities {
			d := &t.Identities[i].Is
			if d.Kind.Text != id.Kind || slices.ContainsFunc(out, func(f cases.Form) bool { return f.Compare == d.Compare }) {
				continue
			}
			if text, ok := connect.Normal(connect.Compare(d.Compare), e.region(region), id.Value); ok {
				out = append(out, cases.Form{Kind: id.Kind, Compare: d.Compare, Text: text})
			}
		}
	}
	return out
}

// Scan reads every identity column of some systems, one pass a table.
func (e *Engine) Scan(ctx context.Context, systems []string, each func(cases.Scanned) error) error {
	for _, name := range systems {
		if e.Map.System(name) == nil {
			return avow.Errorf(avow.Invalid, "no file describes a system called %s", name)
		}
	}
	for _, s := range e.Map.Systems {
		if s.Kind == string(datamap.Manual) || len(systems) > 0 && !slices.Contains(systems, s.Name.Text) {
			continue
		}
		src, err := e.source(ctx, s)
		if err != nil {
			return err
		}
		for _, t := range s.All() {
			if len(t.Identities) == 0 {
				continue
			}
			one := ownsByIdentity(t)
			err := src.Read(ctx, connect.Read{Table: t.Name, Columns: t.Identities.Keys(), When: t.When.Cond()}, func(row connect.Row) error {
				return each(cases.Scanned{System: s.Name.Text, Table: t.Name, Known: e.known(t, row), OnePerson: one})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ownsByIdentity tells whether whoever is found in a row owns it, so that all its identities are theirs.
func ownsByIdentity(t *datamap.Table) bool {
	return slices.ContainsFunc(t.Links, func(l *datamap.Link) bool {
		return l.Reference == nil && l.Relation == datamap.Owns && len(l.Identities) == len(t.Identities)
	})
}

// known are the identities in a row of a table's identity columns.
func (e *Engine) known(t *datamap.Table, row connect.Row) (out []cases.Known) {
	for i, v := range row {
		d := &t.Identities[i].Is
		for _, text := range texts(v) {
			form, ok := connect.Normal(connect.Compare(d.Compare), e.Region, text)
			if !ok {
				continue
			}
			if d.Compare == string(connect.Phone) {
				text = form // with its country code: nobody else knows where numbers without one are
			}
			out = append(out, cases.Known{Identity: cases.Identity{Kind: d.Kind.Text, Value: text}, Forms: []cases.Form{{Kind: d.Kind.Text, Compare: d.Compare, Text: form}}})
		}
	}
	return out
}

// metAtMost bounds how many identities of one system are remembered with a request.
const metAtMost = 1000

// met are the identities in the rows of one system that are the person's own.
func met(f *find.Found, system string) (out []cases.Identity) {
	seen := map[cases.Identity]bool{}
	for _, s := range f.Systems {
		if s.System.Name.Text != system {
			continue
		}
		for _, rows := range s.Tables {
			names := append(slices.Clone(rows.Key), rows.Linked...)
			_ = rows.Each(func(row find.Row) error { // its errors are ours
				if row.Relation(0) != datamap.Owns {
					return nil
				}
				for _, id := range identitiesOf(rows.Table, names, append(slices.Clone(row.Key), row.Linked...)) {
					if !seen[id] && len(seen) < metAtMost {
						seen[id] = true
						out = append(out, id)
					}
				}
				return nil
			})
		}
	}
	return out
}

// identitiesOf are the identities among some values of a row.
func identitiesOf(t *datamap.Table, names []string, values connect.Tuple) (out []cases.Identity) {
	for i := range t.Identities {
		id := &t.Identities[i].Is
		at := slices.Index(names, id.Column)
		if at < 0 || at >= len(values) {
			continue
		}
		for _, text := range texts(values[at]) {
			if strings.TrimSpace(text) != "" {
				out = append(out, cases.Identity{Kind: id.Kind.Text, Value: text})
			}
		}
	}
	return out
}

var _ cases.Engine = (*Engine)(nil)
