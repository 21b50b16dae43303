package avow_test

import (
	"testing"

	"github.com/avowhq/avow"
)

func TestRegionKnown(t *testing.T) {
	for region, want := range map[avow.Region]bool{
		"NL": true, "GB-SCT": true, "US-CA": true, "FR-75": true, "EU": true, "EEA": true, "Europe": true, "North America": true,
		"": false, "XX": false, "nl": false, "UK": false, "NLD": false, "US-": false, "US-CALI": false, "US-ca": false, "US-C ": false, "EU-NL": false, "L ": false,
	} {
		if region.Known() != want {
			t.Errorf("%q known: %v", region, !want)
		}
	}
	for _, g := range avow.RegionGroups() {
		if !g.Known() || g.Country() != "" {
			t.Errorf("%q is not known as a group", g)
		}
	}
}

func TestRegionWithin(t *testing.T) {
	for _, c := range []struct {
		region, of avow.Region
		want       bool
	}{
		{"NL", "NL", true}, {"NL", "EU", true}, {"NL", "EEA", true}, {"NL", "Europe", true}, {"NL", "North America", false},
		{"GB-SCT", "GB", true}, {"GB", "GB-SCT", false}, {"GB-SCT", "GB-ENG", false}, {"GB-SCT", "Europe", true}, {"GB", "EEA", false},
		{"NO", "EEA", true}, {"NO", "EU", false}, {"CH", "EEA", false}, {"CH", "Europe", true},
		{"EU", "EEA", true}, {"EEA", "EU", false}, {"EEA", "Europe", true}, {"EU", "EU", true}, {"EU", "NL", false},
		{"US-CA", "North America", true}, {"US-CA", "US", true},
		{"", "EU", false}, {"NL", "", false}, {"", "", false},
	} {
		if c.region.Within(c.of) != c.want {
			t.Errorf("%q within %q: %v", c.region, c.of, !c.want)
		}
	}
}

func TestAdequate(t *testing.T) {
	for _, c := range []struct {
		from, to avow.Region
		want     bool
	}{
		{"NL", "NL", true}, {"NL", "DE", true}, {"NL", "IS", true}, {"NL", "EU", true}, {"NL", "EEA", true},
		{"NL", "GB", true}, {"NL", "GB-SCT", true}, {"NL", "CH", true}, {"NL", "JP", true}, {"NL", "GI", false}, {"NL", "MC", false},
		{"NL", "US", false}, {"NL", "US-CA", false}, {"NL", "IN", false}, {"NL", "Europe", false}, {"EU", "JP", true},
		{"GB", "NL", true}, {"GB", "EEA", true}, {"GB-SCT", "GB-ENG", true}, {"GB", "GI", true}, {"GB", "JP", true}, {"GB", "BR", false}, {"GB", "US", false}, {"GB", "Europe", false},
		{"CH", "NL", true}, {"CH", "EEA", true}, {"CH", "GB", true}, {"CH", "MC", true}, {"CH", "GI", true}, {"CH", "CA", true}, {"CH", "JP", false}, {"CH", "KR", false}, {"CH", "US", false},
		{"US-CA", "US-NY", true}, {"US", "US-NY", true}, {"US", "CA", false}, {"US", "North America", false}, {"US", "NL", false},
		{"", "NL", false}, {"NL", "", false}, {"", "", false}, {"NL", "XX", false}, {"XX", "NL", false},
	} {
		if avow.Adequate(c.from, c.to) != c.want {
			t.Errorf("from %q to %q adequate: %v", c.from, c.to, !c.want)
		}
	}
}
