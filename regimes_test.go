package avow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow"
)

func TestRegimesFor(t *testing.T) {
	named := []avow.Regime{"ccpa", "pipeda", "quebec", "gdpr", "uk-gdpr", "made-up"}
	for _, c := range []struct {
		region avow.Region
		want   []avow.Regime
	}{
		{"NL", []avow.Regime{"gdpr"}},
		{"NO", []avow.Regime{"gdpr"}},
		{"GB-SCT", []avow.Regime{"uk-gdpr"}},
		{"US-CA", []avow.Regime{"ccpa"}},
		{"US-NY", nil},
		{"US", nil},
		{"CA-QC", []avow.Regime{"quebec", "pipeda"}},
		{"CA-ON", []avow.Regime{"pipeda"}},
		{"JP", nil},
		{"", []avow.Regime{"gdpr"}}, // the strictest of those named
	} {
		var got []avow.Regime
		for _, f := range avow.RegimesFor(c.region, named) {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.region, got, c.want)
		}
	}
	if got := avow.RegimesFor("", []avow.Regime{"nevada", "ccpa"}); len(got) != 1 || got[0].Name != "ccpa" {
		t.Errorf("nobody knows where: %v", got)
	}
	if got := avow.RegimesFor("NL", nil); len(got) != 0 {
		t.Errorf("no law named: %v", got)
	}
}

// What the table says of each law can be looked up and used.
func TestRegimes(t *testing.T) {
	seen := map[avow.Regime]bool{}
	for _, f := range avow.Regimes() {
		if seen[f.Name] || f.Title == "" || len(f.Covers) == 0 {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		if got, ok := avow.RegimeByName(f.Name); !ok || got.Title != f.Title {
			t.Errorf("%s is not found", f.Name)
		}
		for _, c := range f.Covers {
			if !avow.Region(c).Known() {
				t.Errorf("%s covers %q", f.Name, c)
			}
		}
		if _, err := time.Parse(time.DateOnly, f.Ended); f.Ended != "" && err != nil {
			t.Errorf("%s ended on %q", f.Name, f.Ended)
		}
	}
	if _, ok := avow.RegimeByName("made-up"); ok {
		t.Error("a law that does not exist is found")
	}
	avow.Regimes()[0].Name = "changed"
	if avow.Regimes()[0].Name != "gdpr" {
		t.Error("a caller can change the table")
	}
}
