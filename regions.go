package avow

import (
	"slices"
	"strings"
)

// Region is where somebody lives or where something happens: an ISO 3166-1
// country ("NL"), an ISO 3166-2 part of one ("US-CA", "GB-SCT"), or a group of
// countries that a policy may name ("EU", "EEA", "Europe", "North America").
// The empty region is unknown.
type Region string

const (
	eu      = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
	eea     = eu + " IS LI NO"
	europe  = eea + " GB CH AD AL BA BY FO GG GI IM JE MC MD ME MK RS SM TR UA VA XK RU"
	america = "US CA MX"

	// Decisions in force that a country's protection is adequate (gdpr:45). The
	// United States is not among them: its decision covers certified recipients
	// only, which a policy declares as a scheme.
	adequateForEU = "AD AR CA CH FO GB GG IL IM JE JP KR NZ UY BR"
	// uk-gdpr:45, Data Protection Act 2018 schedule 21.
	adequateForUK = eea + " AD AR CA CH FO GG GI IL IM JE JP KR NZ UY"
	// fadp:16(1), annex 1 of the Data Protection Ordinance. The United States stands
	// there for certified recipients only.
	adequateForCH = eea + " AD AR CA FO GB GG GI IL IM JE MC NZ UY"
)

// RegionGroups are the names of groups that stand for several countries.
var regionGroups = map[Region]string{
	"EU": eu, "EEA": eea, "Europe": europe, "North America": america,
}

const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY " +
	"HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// Country is the country of a region: "US" of "US-CA"; a group has none.
func (r Region) Country() Region {
	if c, _, part := strings.Cut(string(r), "-"); part {
		return Region(c)
	}
	if _, group := regionGroups[r]; group {
		return ""
	}
	return r
}

// Known reports whether the region is a country, a part of one, or a group.
func (r Region) Known() bool {
	if _, ok := regionGroups[r]; ok {
		return true
	}
	c, part, has := strings.Cut(string(r), "-")
	if has && (len(part) < 1 || len(part) > 3) {
		return false
	}
	return len(c) == 2 && has2(countries, c) && strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// Within reports whether everybody in r is also in of.
func (r Region) Within(of Region) bool {
	if r == "" || of == "" {
		return false
	}
	if r == of || r.Country() == of {
		return true
	}
	list, ok := regionGroups[of]
	if !ok {
		return false
	}
	if own, group := regionGroups[r]; group {
		for _, c := range strings.Fields(own) {
			if !has2(list, c) {
				return false
			}
		}
		return true
	}
	return has2(list, string(r.Country()))
}

// Adequate reports whether data about a person in from may be in to without a
// safeguard: inside the same country or economic area, or by a decision that the
// country's protection is adequate (gdpr:45, uk-gdpr:45, fadp:16(1)). A group of
// countries is adequate when each of them is. An unknown place, and a person whose
// region is unknown, are never adequate.
func Adequate(from, to Region) bool {
	if from == "" || to == "" {
		return false
	}
	if to.Within(from) || (from.Country() != "" && to.Within(from.Country())) || from.Within("EEA") && to.Within("EEA") {
		return true
	}
	decided := decidedFor(from)
	if list, group := regionGroups[to]; group {
		return !slices.ContainsFunc(strings.Fields(list), func(c string) bool { return !has2(decided, c) && c != string(from.Country()) })
	}
	return has2(decided, string(to.Country()))
}

// decidedFor lists the countries that were found adequate for people in a region.
func decidedFor(from Region) string {
	switch {
	case from.Within("EEA"):
		return eea + " " + adequateForEU
	case from.Within("GB"):
		return adequateForUK
	case from.Within("CH"):
		return adequateForCH
	}
	return ""
}

// RegionGroups lists the groups of countries a policy may name.
func RegionGroups() []Region { return []Region{"EU", "EEA", "Europe", "North America"} }

// RegimesFor gives the regimes, of those a policy names, that cover a person in
// a region. An unknown region gets the strictest one named.
func RegimesFor(r Region, named []Regime) []RegimeFacts {
	var out []RegimeFacts
	for _, f := range regimes {
		if !contains(named, f.Name) {
			continue
		}
		if r == "" {
			return []RegimeFacts{f}
		}
		for _, c := range f.Covers {
			if r.Within(Region(c)) {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

func contains(list []Regime, r Regime) bool {
	for _, x := range list {
		if x == r {
			return true
		}
	}
	return false
}

func has2(list, code string) bool {
	for ; len(list) >= 2; list = list[min(3, len(list)):] {
		if list[:2] == code {
			return true
		}
	}
	return false
}
