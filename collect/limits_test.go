package collect

import (
	"strconv"
	"testing"
	"time"
)

// Whoever floods us with made-up senders costs a bounded amount of memory, and
// does not lift the limit of a sender who is still sending.
func TestLimitersAreBounded(t *testing.T) {
	now := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiters(1, 2)
	for i := range 3 * remembered {
		l.allow(strconv.Itoa(i), now)
		if i < 2 {
			l.allow("steady", now)
		}
		if i >= 2 && i%1000 == 0 && l.allow("steady", now) {
			t.Fatalf("after %d others a sender got more than a burst", i)
		}
	}
	if len(l.byKey) != remembered || l.order.Len() != remembered {
		t.Errorf("%d senders are remembered, at most %d should be", len(l.byKey), remembered)
	}
	if !l.allow("steady", now.Add(time.Second)) {
		t.Error("a second later one more is allowed")
	}
}
