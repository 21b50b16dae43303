package sqldb

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// note keeps what was found of some rows.
func (r *rehearsal) note(i int, rows []int, f finding) {
	for _, row := range rows {
		r.found[i][row] = f
	}
}

// ended keeps a row out from the start when everything is tried once more, or tries rows in
// halves then.
func (r *rehearsal) ended(i int, rows []int, f finding) {
	if r.ends++; len(rows) > 1 && r.ends < mostEnds {
		rest := [][]int{rows[:len(rows)/2], rows[len(rows)/2:]}
		for _, portion := range r.portions[i] {
			rest = append(rest, slices.DeleteFunc(slices.Clone(portion), func(row int) bool { return slices.Contains(rows, row) }))
		}
		r.portions[i] = rest
		return
	}
	for _, row := range rows {
		r.gone[i][row] = f
	}
}

// do sends the statements of a change for some of its rows, and looks at what they did
// where a trigger or row security may have passed rows over or put something else there.
func (r *rehearsal) do(ctx context.Context, tx asker, i int, rows []int) error {
	w := r.works[i].some(rows)
	if len(w.t.Triggers) == 0 && !w.withheld() {
		_, err := w.do(ctx, r.dialect, tx)
		return err
	}
	var meant []chunk
	for _, c := range w.chunks(r.dialect) {
		m, err := w.meant(ctx, r.dialect, tx, c, "")
		if err != nil {
			return err
		}
		if len(m.keys) > 0 {
			meant = append(meant, m)
		}
	}
	if _, err := w.do(ctx, r.dialect, tx); err != nil {
		return err
	}
	place := map[key]int{}
	for _, row := range rows {
		place[w.keys.key(r.works[i].keys.tuples[row])] = row
	}
	for _, c := range meant {
		err := w.undone(ctx, r.dialect, tx, c, func(key key, columns []string) {
			if row, ok := place[key]; ok {
				r.note(i, []int{row}, r.passedOver(i, columns))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withheld reports whether row security may pass over rows that this login sees.
func (w *work) withheld() bool { return slices.Contains(w.t.Withholds, connect.Op(w.Kind)) }

const rowSecurity = "the row security of the table"

// passedOver says what left a row as it was, or put something else into some columns.
func (r *rehearsal) passedOver(i int, columns []string) finding {
	w := r.works[i]
	fires := slices.ContainsFunc(w.t.Triggers, func(t connect.Trigger) bool { return slices.Contains(t.On, connect.Op(w.Kind)) })
	switch {
	case !w.withheld():
		return finding{rule: r.triggers(i, refuser{}), columns: columns}
	case fires:
		return finding{rule: rowSecurity + ", or " + r.triggers(i, refuser{}) + ",", columns: columns}
	}
	return finding{rule: rowSecurity, whole: true}
}

// some is a work on some of its rows.
func (w *work) some(rows []int) *work {
	out, keys := *w, *w.keys
	keys.tuples, keys.keys = nil, nil
	out.keys, out.each = &keys, nil
	for _, row := range rows {
		keys.tuples = append(keys.tuples, w.keys.tuples[row])
		if w.each != nil {
			out.each = append(out.each, w.each[row])
		}
	}
	return &out
}

// undone reads rows again and gives those that are not as they should be: there still, or
// with something else in some columns.
func (w *work) undone(ctx context.Context, d dialect, tx asker, c chunk, each func(key, []string)) error {
	columns := slices.Clone(w.keys.columns)
	for _, s := range w.sets {
		columns = append(columns, s.c)
	}
	out := newWriter(d)
	out.text("SELECT ")
	out.list(len(columns), ", ", func(i int) { out.text(d.read("t."+d.quote(columns[i].Name), columns[i])) })
	out.text(" FROM ", w.t.quoted(d), " AS t WHERE ")
	d.member(out, refs(d, "t", w.keys.columns), w.keys.columns, c.keys)
	values := map[key][]any{}
	for i := range c.each {
		values[w.keys.key(c.keys[i])] = c.each[i]
	}
	n := len(w.keys.columns)
	return scan(ctx, tx, out, columns, func(row connect.Row) {
		k := w.keys.key(row[:n])
		if w.Kind == connect.Delete {
			each(k, nil)
			return
		}
		if wrong := w.wrong(row[n:], values[k]); len(wrong) > 0 {
			each(k, wrong)
		}
	})
}

// wrong are the columns in which something else stands than was set; own are the values of
// the row where each has its own.
func (w *work) wrong(row connect.Row, own []any) (out []string) {
	for i, s := range w.sets {
		want := s.value
		if s.each && i < len(own) {
			want = own[i]
		}
		if !connect.Stands(row[i], want) {
			out = append(out, s.c.Name)
		}
	}
	return out
}

// finding says what an error means for the rows of a change.
func (r *rehearsal) finding(i int, err error) finding {
	by := r.dialect.(rehearser).refuser(err)
	switch {
	case by.reference:
		return finding{rule: strings.TrimSpace("the foreign key " + by.name), reference: true}
	case by.name != "":
		return r.exclusion(i, by.name)
	case by.security:
		return finding{rule: rowSecurity}
	}
	if f := r.dialect.fault(err); f.kind == avow.Forbidden {
		return finding{rule: r.triggers(i, by) + ", which does what this login may not do,"}
	}
	return finding{rule: r.triggers(i, by)}
}

// exclusion finds the rule between rows of a name, or of the columns that SQLite names it by.
func (r *rehearsal) exclusion(i int, name string) finding {
	t := r.works[i].t
	for _, x := range t.Exclusions {
		if x.Name == name || strings.EqualFold(name, strings.Join(x.Unique, ", ")) {
			return finding{rule: x.Name, columns: x.Columns}
		}
	}
	return finding{rule: name}
}

// triggers names what may have refused a change: the triggers of its table, or of them the
// one that runs a function, or those that refuse anything on purpose.
func (r *rehearsal) triggers(i int, by refuser) string {
	w := r.works[i]
	var names []string
	for _, each := range w.t.Triggers {
		if slices.Contains(each.On, connect.Op(w.Kind)) && (!by.raised || r.programs.raises(w.t, each.Name)) {
			if by.function != "" && r.programs.runs(w.t, each.Name, by.function) {
				return "the trigger `" + each.Name + "`"
			}
			names = append(names, "`"+each.Name+"`")
		}
	}
	switch len(names) {
	case 0:
		return "the database"
	case 1:
		return "the trigger " + names[0]
	}
	return "one of the triggers " + strings.Join(names, ", ")
}

// end has the database judge what it puts off. What refuses then names no row: all rows are
// meant of whose table something is put off.
func (r *rehearsal) end(ctx context.Context, tx asker) error {
	err := r.dialect.(rehearser).atEnd(ctx, tx)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || r.dialect.fault(err).kind == avow.Unavailable {
		return err
	}
	some, name := false, r.dialect.(rehearser).refuser(err).name
	for i, w := range r.works {
		if late := r.programs.late(w.t, w.Kind); late || r.exclusion(i, name).columns != nil {
			r.note(i, r.left(i, all(len(w.keys.tuples))), r.finding(i, err))
			some = true
		}
	}
	if !some {
		return errEnd
	}
	return nil
}

// objections are the findings, those of a change together that say the same. Beside others
// a foreign key says nothing: a row that stays holds those that it points at, which a plan
// knows itself.
func (r *rehearsal) objections() []connect.Objection {
	var out []connect.Objection
	follows := slices.ContainsFunc(r.found, func(m map[int]finding) bool {
		for _, f := range m {
			if !f.reference {
				return true
			}
		}
		return false
	})
	for i, w := range r.works {
		places := w.places()
		for row := range w.keys.tuples {
			f, ok := r.found[i][row]
			if !ok || f.reference && follows {
				continue
			}
			at := slices.IndexFunc(out, func(o connect.Objection) bool {
				return o.Change == i && o.Rule == f.rule && o.Whole == f.whole && slices.Equal(o.Columns, f.columns)
			})
			if at < 0 {
				at = len(out)
				out = append(out, connect.Objection{Change: i, Refusal: connect.Refusal{Rule: f.rule, Columns: f.columns, Whole: f.whole}})
			}
			out[at].Rows = append(out[at].Rows, places[w.keys.key(w.keys.tuples[row])]...)
		}
	}
	for i := range out {
		slices.Sort(out[i].Rows)
	}
	return out
}
