package main

import (
	"testing"
	"time"
)

// The schedule is carried out once in the night, and not by day.
func TestRetainByNight(t *testing.T) {
	s, _ := startPlain(t, t.TempDir(), func(c *serverConfig) { c.RetainAt = -1 }, "harbour-demo/policy.yaml")
	count := func() int {
		t.Helper()
		list, err := s.retain.Runs(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := count()
	hour := time.Now().UTC().Hour()
	for _, c := range []struct{ at, want int }{{-1, 0}, {(hour + 12) % 24, 0}, {hour, 1}, {hour, 1}} {
		if err := s.retainAfter(t.Context(), c.at); err != nil {
			t.Fatal(err)
		}
		if got := count() - before; got != c.want {
			t.Errorf("at %d of the clock, %d hours after the hour of the night: %d runs, want %d", hour, (hour-c.at+24)%24, got, c.want)
		}
	}
	list, err := s.retain.Runs(t.Context(), 1)
	if err != nil || len(list) != 1 || list[0].By != "schedule" || list[0].Ended.IsZero() {
		t.Errorf("the last run: %+v, %v", list, err)
	}
}
