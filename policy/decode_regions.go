package policy

import (
	"strings"

	"github.com/avowhq/avow"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// regionByName finds a country by its English name: "South Africa" is ZA.
func regionByName(name string) (avow.Region, bool) {
	var found avow.Region
	eachCountry(func(code avow.Region, title string) bool {
		if strings.EqualFold(title, name) {
			found = code
		}
		return found == ""
	})
	return found, found != ""
}

// suggestRegion helps with a country that was not understood.
func suggestRegion(wrote string) string {
	if code, ok := otherNames[strings.ToUpper(strings.ReplaceAll(wrote, ".", ""))]; ok {
		return "did you mean " + quote(string(code)) + "?"
	}
	var names []string
	for _, g := range avow.RegionGroups() {
		names = append(names, string(g))
	}
	eachCountry(func(_ avow.Region, title string) bool {
		names = append(names, title)
		return true
	})
	if near := nearest(wrote, names); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return "write the code of a country (`NL`, `US`), of a part of one (`US-CA`), `EU`, `EEA` or `anywhere`"
}

// otherNames are names people write that are not codes.
var otherNames = map[string]avow.Region{
	"UK": "GB", "ENGLAND": "GB-ENG", "SCOTLAND": "GB-SCT", "WALES": "GB-WLS", "NORTHERN IRELAND": "GB-NIR",
	"USA": "US", "AMERICA": "US", "HOLLAND": "NL", "EUROPEAN UNION": "EU", "CALIFORNIA": "US-CA",
}

// eachCountry calls f with every country until it returns false.
func eachCountry(f func(code avow.Region, title string) bool) {
	names := display.Regions(language.English)
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := avow.Region([]rune{a, b})
			if !code.Known() {
				continue
			}
			if code == "EU" {
				continue
			}
			region, err := language.ParseRegion(string(code))
			if err == nil && !f(code, names.Name(region)) {
				return
			}
		}
	}
}
