package main

import (
	"runtime/debug"
	"testing"
)

// Who says by the environment how much memory the program takes has the last word.
func TestSpareLeavesWhatIsSaid(t *testing.T) {
	const usual = 77
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	for _, c := range []struct {
		name, value string
		want        int
	}{{"GOGC", "", sparing}, {"GOGC", "100", usual}, {"GOGC", "off", usual}, {"GOMEMLIMIT", "2GiB", usual}} {
		t.Setenv("GOGC", "")
		t.Setenv("GOMEMLIMIT", "")
		t.Setenv(c.name, c.value)
		undo := spare()
		got := debug.SetGCPercent(c.want)
		undo()
		if after := debug.SetGCPercent(usual); got != c.want || after != usual {
			t.Errorf("%s=%s: %d percent while a package is made, %d after; want %d and %d", c.name, c.value, got, after, c.want, usual)
		}
	}
}
