package datamap

import (
	"strconv"

	"github.com/avowhq/avow/connect"
)

// Cond is the condition as a source reads it; nil when it holds for every row.
func (c Condition) Cond() *connect.Cond {
	if c.Test == nil {
		return nil
	}
	out := c.Test.cond()
	return &out
}

func (t *Test) cond() connect.Cond {
	out := connect.Cond{Op: connect.CondOp(t.Op), Column: t.Column}
	for _, each := range t.Tests {
		out.Of = append(out.Of, each.cond())
	}
	for _, v := range t.Values {
		out.Values = append(out.Values, v.value())
	}
	return out
}

// value is the literal as a value of a row; a number too long for 64 bits stays exact.
func (v Value) value() any {
	switch v.Kind {
	case NumberValue:
		if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			return n
		}
		return connect.Decimal(v.Text)
	case BooleanValue:
		return v.Text == "true"
	}
	return v.Text
}
