package find

import (
	"bytes"
	"errors"
	"slices"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

var errNotOpen = errors.New("not opened")

// readAgain shows the rows that were not kept whole: those that stand at missing among rows. They
// are read by their keys, and what these do not find, because they are empty in part or no text
// is quite what stands there, by what ties it to the person, as it was found.
func (x *tableExport) readAgain(rows []uint32, records []Record, missing []int) ([]Record, error) {
	if len(missing) == 0 {
		return records, nil
	}
	if x.source == nil {
		return nil, avow.Errorf(avow.Unavailable, "system %s could not be opened: %w", x.t.System.Name.Text, errNotOpen)
	}
	a := &again{tableExport: x, rows: rows, records: records}
	err := a.read(missing, []connect.In{{Columns: x.t.columns[:x.t.key], Tuples: a.keys(missing)}})
	if missing = slices.DeleteFunc(missing, func(i int) bool { return !a.records[i].Changed }); err == nil && len(missing) > 0 {
		err = a.read(missing, a.ties(missing))
	}
	return a.records, err
}

// again is some rows that are read again.
type again struct {
	*tableExport
	rows    []uint32
	records []Record
	names   *rowSet // of those that are sought, in their order
	places  []int   // where each stands among the records
}

func (a *again) keys(missing []int) []connect.Tuple {
	out := make([]connect.Tuple, len(missing))
	for n, i := range missing {
		out[n] = a.records[i].Key
	}
	return out
}

// ties are the values by which some rows were found.
func (a *again) ties(missing []int) []connect.In {
	of := map[*link]*connect.In{}
	var out []connect.In
	for _, i := range missing {
		a.load(a.rows[i])
		for _, tie := range a.t.ties(a.rows[i]) {
			l := a.t.links[tie.link]
			switch {
			case tie.person != a.person:
			case l.from != nil:
				if of[l] == nil {
					of[l] = &connect.In{Columns: l.Columns()}
				}
				a.rec.each(l.here, func(value []byte) { of[l].Tuples = append(of[l].Tuples, tupleOf(value)) })
			case of[l] == nil:
				of[l] = &connect.In{}
				out = append(out, a.identities(l)...)
			}
		}
	}
	for _, in := range of {
		if len(in.Tuples) > 0 {
			out = append(out, *in)
		}
	}
	return out
}

// identities are what the person is known by where a link stands on it.
func (a *again) identities(l *link) []connect.In {
	var out []connect.In
	for _, id := range l.Identities {
		in := connect.In{Columns: []string{id.Column}, Compare: connect.Compare(id.Compare)}
		for _, known := range a.found.People[a.person].Identities {
			if known.Kind == id.Kind.Text {
				in.Tuples = append(in.Tuples, connect.Tuple{known.Value})
			}
		}
		if len(in.Tuples) > 0 {
			out = append(out, in)
		}
	}
	return out
}

// read reads rows of which one of some sets of values holds, and shows those that are sought.
func (a *again) read(sought []int, by []connect.In) error {
	if len(by) == 0 {
		return nil // it would be every row
	}
	a.names, a.places = newRowSet(a.t.key), sought
	for _, i := range sought {
		a.load(a.rows[i])
		name, kept := a.t.set.key(a.rows[i]), a.rec.first(a.t.kept)
		if _, err := a.names.add(name, kept[min(len(kept), len(name)):]); err != nil {
			return err
		}
	}
	var now record
	ask := connect.Read{Table: a.t.Name, Columns: a.t.columns, Any: by, When: a.t.when}
	return a.source.Read(a.ctx, ask, func(values connect.Row) error {
		now.encode(values[:max(a.t.kept, a.t.naming())])
		if n, ok := a.names.find(a.t.name(&now)); ok {
			a.row(n, &now, connect.Tuple(values))
		}
		return nil
	})
}

// row shows a row that came again, unless its links stand on other values by now.
func (a *again) row(n uint32, now *record, values connect.Tuple) {
	key, kept := a.names.record(n)
	a.rec.parse(a.t.kept, key, kept)
	i := a.places[n]
	switch {
	case !bytes.Equal(now.first(a.t.kept), a.rec.bytes):
		return
	case a.records[i].Changed:
		a.records[i].Changed = false
	case a.t.named || a.t.whole:
		return // the same again, or a copy
	default: // several rows came for one that was not found to be shown: each is shown
		a.records, i = append(a.records, a.records[i]), len(a.records)
	}
	a.show(&a.records[i], a.rows[a.places[n]], values)
}
