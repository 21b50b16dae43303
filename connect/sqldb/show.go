package sqldb

import (
	"context"
	"reflect"
	"time"

	"github.com/avowhq/avow/connect"
)

// shown is how many elements of a list people get to see.
const shown = 5

// Show writes the statements of the changes without sending them. The catalog is read
// if it was not before.
func (s *source) Show(changes []connect.Change) ([]connect.Statement, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	works, err := s.works(ctx, changes)
	if err != nil {
		return nil, err
	}
	var out []connect.Statement
	for i, w := range works {
		if w.nothing() {
			continue
		}
		for _, c := range w.chunks(s.dialect) {
			statement, err := w.statement(s.dialect, c)
			if next := toldBy(s.dialect, works, i); next != nil {
				statement, err = w.telling(s.dialect, c, next)
			}
			if err != nil {
				return nil, err
			}
			out = append(out, show(statement))
		}
	}
	return out, nil
}

func show(w *writer) connect.Statement {
	out := connect.Statement{Text: w.String(), Values: []any{}}
	for _, v := range w.values {
		list := reflect.ValueOf(v)
		if _, bytes := v.([]byte); bytes || list.Kind() != reflect.Slice {
			out.Values = append(out.Values, v)
			continue
		}
		if list.Len() > shown {
			out.Cut += list.Len() - shown
			list = list.Slice(0, shown)
		}
		out.Values = append(out.Values, list.Interface())
	}
	if len(out.Values) > 100 {
		out.Cut += len(out.Values) - 100
		out.Values = out.Values[:100]
	}
	return out
}
