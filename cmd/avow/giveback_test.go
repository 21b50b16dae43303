package main

import (
	"runtime"
	"testing"
)

// A server may always leave some garbage lying about, but for one that is told how much memory it takes.
func TestAllowSlack(t *testing.T) {
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	for _, c := range []struct {
		name, value string
		want        bool
	}{{"GOGC", "", true}, {"GOGC", "100", false}, {"GOMEMLIMIT", "2GiB", false}} {
		t.Setenv("GOGC", "")
		t.Setenv("GOMEMLIMIT", "")
		t.Setenv(c.name, c.value)
		before := allocated()
		undo := allowSlack()
		if got := allocated()-before >= slack; got != c.want {
			t.Errorf("%s=%s: slack %v, want %v", c.name, c.value, got, c.want)
		}
		undo()
	}
}
