package connecttest

import (
	"context"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// testClock: a clock that is told is that of a server on this machine, which goes on, whatever zone it is in.
func testClock(t *testing.T, s System) {
	keeper, ok := s.Make(t, People()).(connect.Timekeeper)
	if !ok {
		return
	}
	before := time.Now()
	now, err := keeper.Now(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if now.IsZero() {
		return
	}
	if now.Before(before.Add(-time.Second)) || now.After(time.Now().Add(time.Second)) {
		t.Errorf("it is %s, and the system says %s", before.UTC(), now.UTC())
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := keeper.Now(ended); avow.KindOf(err) != avow.Canceled {
		t.Errorf("asked in vain: %v", err)
	}
}
