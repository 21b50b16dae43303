package saas

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// maxSorted bounds the rows that are put in order here when nobody bounds them: services
// do not give rows in the order of a key.
const maxSorted = 200_000

// output gives rows on, in order where order is asked for.
type output struct {
	r     connect.Read
	at    map[string]int
	give  func(connect.Row) error
	given int
	rows  [][]any
}

func (o *output) row(row []any) error {
	if len(o.r.Key) == 0 {
		if err := o.give(o.wanted(row)); err != nil {
			return err
		}
		o.given++
		return o.enough()
	}
	if o.r.After != nil && o.order(row, o.r.After) <= 0 {
		return nil
	}
	o.rows = append(o.rows, row)
	switch {
	case o.r.Limit > 0 && len(o.rows) > 2*o.r.Limit+100:
		o.sort()
	case len(o.rows) > maxSorted:
		return avow.Errorf(avow.Invalid, "the table %q has more than %d rows, which a service cannot give in order; ask for fewer at a time", o.r.Table, maxSorted)
	}
	return nil
}

func (o *output) enough() error {
	for _, most := range []int{o.r.Limit, o.r.Sample} {
		if most > 0 && o.given >= most {
			return errEnough
		}
	}
	return nil
}

// order compares a row's key with a tuple.
func (o *output) order(row []any, t connect.Tuple) int {
	for i, name := range o.r.Key {
		if i >= len(t) {
			break
		}
		if d := connect.Order(row[o.at[name]], t[i]); d != 0 {
			return d
		}
	}
	return 0
}

func (o *output) sort() {
	slices.SortStableFunc(o.rows, func(a, b []any) int {
		key := make(connect.Tuple, len(o.r.Key))
		for i, name := range o.r.Key {
			key[i] = b[o.at[name]]
		}
		return o.order(a, key)
	})
	if o.r.Limit > 0 && len(o.rows) > o.r.Limit {
		o.rows = slices.Clone(o.rows[:o.r.Limit])
	}
}

// end gives what was held back.
func (o *output) end() error {
	o.sort()
	for _, row := range o.rows {
		if err := o.give(o.wanted(row)); err != nil {
			return err
		}
		o.given++
		if o.enough() != nil {
			return nil
		}
	}
	return nil
}

func (o *output) wanted(row []any) connect.Row {
	out := make(connect.Row, len(o.r.Columns))
	for i, name := range o.r.Columns {
		out[i] = row[o.at[name]]
	}
	return out
}
