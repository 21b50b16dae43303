package connect

import (
	"testing"
	"time"
)

// What is no date is neither before nor after one: it is not compared as a text.
func TestHoldsOfMoments(t *testing.T) {
	noon := time.Date(2024, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		have   any
		than   any
		before bool
		after  bool
	}{
		{"2020-01-01", noon, true, false}, {"2024-11-22 13:00", noon, false, true}, {noon.Add(-1), noon, true, false}, {Date("2025-01-01"), noon, false, true},
		{"01/02/2020", noon, false, false}, {"31.12.2026", noon, false, false}, {"yesterday", noon, false, false}, {int64(20200101), noon, false, false}, {nil, noon, false, false}, {"", noon, false, false},
		{"2020-01-01", Date("2024-11-22"), true, false}, {"01/02/2020", Date("2024-11-22"), false, false}, {"99/02/2020", Date("2024-11-22"), false, false},
	} {
		value := func(string) any { return c.have }
		less, more := Cond{Op: Less, Column: "seen", Values: []any{c.than}}, Cond{Op: AtLeast, Column: "seen", Values: []any{c.than}}
		if got := less.Holds(value); got != c.before {
			t.Errorf("%v before %v: %v", c.have, c.than, got)
		}
		if got := more.Holds(value); got != c.after {
			t.Errorf("%v not before %v: %v", c.have, c.than, got)
		}
		if not := (Cond{Op: Not, Of: []Cond{less}}); not.Holds(value) != c.after {
			t.Errorf("not (%v before %v): %v", c.have, c.than, !c.after)
		}
	}
}
