package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// regionByName finds a country by its English name: "South Africa" is ZA.
func (d *decoder) regionByName(name string) (avow.Region, bool) {
	if d.countries == nil {
		d.countries = countriesByName()
	}
	code, ok := d.countries[strings.ToLower(name)]
	return code, ok
}

// countriesByName is every country under its English name in small letters.
func countriesByName() map[string]avow.Region {
	titles := display.Regions(language.English)
	byName := map[string]avow.Region{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := avow.Region([]rune{a, b})
			region, err := language.ParseRegion(string(code))
			if err == nil && code.Known() && code.Country() == code {
				byName[strings.ToLower(titles.Name(region))] = code
			}
		}
	}
	return byName
}

// suggestRegion helps with a country that was not understood.
func (d *decoder) suggestRegion(wrote string) string {
	if code, ok := otherNames[strings.ToUpper(strings.ReplaceAll(wrote, ".", ""))]; ok {
		return "did you mean " + quote(string(code)) + "?"
	}
	names := []string{"anywhere", "everyone-else"}
	for _, g := range avow.RegionGroups() {
		names = append(names, string(g))
	}
	names = slices.AppendSeq(names, maps.Keys(d.countries))
	slices.Sort(names)
	if near := nearest(wrote, names); near != "" {
		if code, country := d.countries[near]; country {
			near = string(code)
		}
		return "did you mean " + quote(near) + "?"
	}
	return "write the code of a country (`NL`, `US`), of a part of one (`US-CA`), `EU`, `EEA` or `anywhere`"
}

// otherNames are names people write that are not codes.
var otherNames = map[string]avow.Region{
	"UK": "GB", "ENGLAND": "GB-ENG", "SCOTLAND": "GB-SCT", "WALES": "GB-WLS", "NORTHERN IRELAND": "GB-NIR",
	"USA": "US", "AMERICA": "US", "HOLLAND": "NL", "EUROPEAN UNION": "EU", "CALIFORNIA": "US-CA",
}
