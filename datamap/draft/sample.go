package draft

import (
	"cmp"
	"context"
	"errors"

	"github.com/avowhq/avow/connect"
)

// The bounds of a sample.
const (
	usualSample = 200
	mostSample  = 5_000
	blobSample  = 12 // rows of which large values are read
	farRows     = 25 // rows read at each place behind the first ones
	farSteps    = 12
	backSteps   = 3
)

// Reader reads rows. A connect.Source is one; without one, names and types decide alone.
type Reader interface {
	Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error
}

// sample looks at some rows of a table. What the source refuses is noted with the table.
func (t *table) sample(ctx context.Context, src Reader, rows int) error {
	rows = min(max(0, cmp.Or(rows, usualSample)), mostSample)
	plain, large := t.split()
	for _, part := range []struct {
		columns []*column
		rows    int
	}{{plain, rows}, {large, min(rows, blobSample)}} {
		if len(part.columns) == 0 {
			continue
		}
		if err := t.look(ctx, src, part.columns, part.rows); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			t.unread = err.Error()
			return nil
		}
	}
	if t.rows == rows && rows > 0 {
		t.further(ctx, src, plain)
	}
	return ctx.Err()
}

// further looks at some rows that stand far behind the first ones, in a table whose key
// counts its rows: who came first is often for trial, or of another kind. It goes eight times
// as far each time, until there is nothing, and then halves the way back. What
// the source refuses is let be: the first rows were read.
func (t *table) further(ctx context.Context, src Reader, columns []*column) {
	if len(t.Key) != 1 || t.column(t.Key[0]).Kind != connect.Integer {
		return
	}
	key := t.column(t.Key[0])
	first, last := key.seen.bounds()
	near, way := last, last-first+1
	for range farSteps {
		far := near + way
		n, err := t.behind(ctx, src, columns, key.Name, far)
		if err != nil {
			return
		}
		if n == 0 {
			t.back(ctx, src, columns, key.Name, near, far)
			return
		}
		near, way = far, way*8
	}
}

// back looks between a place behind which there were rows and one behind which there were none.
func (t *table) back(ctx context.Context, src Reader, columns []*column, key string, near, far int64) {
	for range backSteps {
		between := near + (far-near)/2
		n, err := t.behind(ctx, src, columns, key, between)
		if err != nil {
			return
		}
		if n == 0 {
			far = between
		} else {
			near = between
		}
	}
}

// behind looks at some rows whose key is greater, and says how many there were.
func (t *table) behind(ctx context.Context, src Reader, columns []*column, key string, than int64) (n int, err error) {
	r := connect.Read{Table: t.Name, Key: []string{key}, After: connect.Tuple{than}, Limit: farRows}
	for _, c := range columns {
		r.Columns = append(r.Columns, c.Name)
	}
	err = src.Read(ctx, r, func(row connect.Row) error {
		if n++; n > farRows {
			return errEnough
		}
		t.row(columns, row)
		return nil
	})
	t.rows += min(n, farRows)
	return n, err
}

// split parts the columns whose values may be very large from the others.
func (t *table) split() (plain, large []*column) {
	for _, c := range t.columns {
		if c.Kind == connect.Binary && c.Length == 0 {
			large = append(large, c)
		} else {
			plain = append(plain, c)
		}
	}
	return plain, large
}

var errEnough = errors.New("enough rows")

func (t *table) look(ctx context.Context, src Reader, columns []*column, rows int) error {
	r := connect.Read{Table: t.Name, Sample: rows}
	for _, c := range columns {
		r.Columns = append(r.Columns, c.Name)
	}
	n := 0
	err := src.Read(ctx, r, func(row connect.Row) error {
		if n++; n > rows { // a source that cannot sample gives all
			return errEnough
		}
		t.row(columns, row)
		return nil
	})
	t.rows = max(t.rows, min(n, rows))
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func (t *table) row(columns []*column, row connect.Row) {
	name, value := -1, -1
	for i, c := range columns {
		switch {
		case c == t.keyName:
			name = i
		case c == t.keyValue:
			value = i
		}
		if c != t.keyValue {
			c.seen.add(row[i])
		}
	}
	if value < 0 {
		return
	}
	if name < 0 {
		columns[value].seen.add(row[value])
		return
	}
	columns[value].seen.rows++
	columns[value].seen.within(connect.Text(row[name])).add(row[value])
}

// pairs finds the two columns of a table whose rows are a name and a value.
func (t *table) pairs() {
	for _, c := range t.columns {
		if kindOf(c.Column)&written == 0 || len(c.tokens) == 0 {
			continue
		}
		last := c.tokens[len(c.tokens)-1]
		switch {
		case t.keyValue == nil && valueWords[last.text]:
			t.keyValue = c
		case t.keyName == nil && (last.means("key") || anyMeans(c.tokens, "key") && last.text != "data" || last.text == "name" && len(t.columns) <= 6):
			t.keyName = c
		}
	}
	if t.keyName == nil || t.keyValue == nil {
		t.keyName, t.keyValue = nil, nil
	}
}

var valueWords = map[string]bool{"value": true, "val": true, "wert": true, "valeur": true, "valor": true, "waarde": true, "answer": true, "antwort": true, "reponse": true, "respuesta": true, "valore": true, "content": true}
