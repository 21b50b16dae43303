package gate

import (
	"maps"
	"slices"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// An atlas numbers the regions a rule can tell apart, so that where a person
// lives is an index. Index 0 is the unknown region. A part of a country that no
// regime and no safeguard names is its country.
type atlas struct {
	regions   []avow.Region
	countries [26 * 26]int16
	others    map[avow.Region]int16 // groups and parts of countries
	adequate  [][]uint64            // [person][place], as avow.Adequate
	regimes   map[avow.Regime][]bool
}

var common = sync.OnceValue(newAtlas)

// atlasFor gives the atlas for regions that are named besides those of the regimes.
func atlasFor(named []avow.Region) *atlas {
	a := common()
	for _, r := range named {
		if a.regions[a.class(r)] != r {
			return a.with(named)
		}
	}
	return a
}

// with adds regions to an atlas.
func (a *atlas) with(named []avow.Region) *atlas {
	b := &atlas{regions: slices.Clone(a.regions), countries: a.countries, others: maps.Clone(a.others), regimes: map[avow.Regime][]bool{}}
	for _, r := range named {
		b.add(r)
	}
	b.draw(a)
	return b
}

func newAtlas() *atlas {
	a := &atlas{regions: []avow.Region{""}, others: map[avow.Region]int16{}, regimes: map[avow.Regime][]bool{}}
	for x := byte('A'); x <= 'Z'; x++ {
		for y := byte('A'); y <= 'Z'; y++ {
			if r := avow.Region([]byte{x, y}); r.Known() {
				a.countries[letters(r)] = int16(len(a.regions))
				a.regions = append(a.regions, r)
			}
		}
	}
	for _, r := range avow.RegionGroups() {
		a.add(r)
	}
	for _, f := range avow.Regimes() {
		for _, c := range f.Covers {
			a.add(avow.Region(c))
		}
	}
	a.draw(&atlas{})
	return a
}

func (a *atlas) add(r avow.Region) {
	if a.regions[a.class(r)] != r && r.Known() {
		a.others[r] = int16(len(a.regions))
		a.regions = append(a.regions, r)
	}
}

// draw finds what holds between regions and of each; what is drawn already is copied.
func (a *atlas) draw(drawn *atlas) {
	words, done := (len(a.regions)+63)/64, len(drawn.regions)
	for i, from := range a.regions {
		row, start := make([]uint64, words), 0
		if i < done {
			copy(row, drawn.adequate[i])
			start = done
		}
		for j := start; j < len(a.regions); j++ {
			if avow.Adequate(from, a.regions[j]) {
				row[j>>6] |= 1 << (j & 63)
			}
		}
		a.adequate = append(a.adequate, row)
	}
	for _, f := range avow.Regimes() {
		covers := make([]bool, len(a.regions))
		copy(covers, drawn.regimes[f.Name])
		for i := max(1, done); i < len(covers); i++ {
			covers[i] = len(avow.RegimesFor(a.regions[i], []avow.Regime{f.Name})) > 0
		}
		a.regimes[f.Name] = covers
	}
}

func letters(r avow.Region) int { return int(r[0]-'A')*26 + int(r[1]-'A') }

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

// class is the index of a region; 0 for one that is not known.
func (a *atlas) class(r avow.Region) int {
	if len(r) < 2 {
		return 0
	}
	if len(r) > 2 {
		if i, ok := a.others[r]; ok {
			return int(i)
		}
		if r[2] != '-' || !r.Known() {
			return 0
		}
	}
	if !upper(r[0]) || !upper(r[1]) {
		return 0
	}
	return int(a.countries[letters(r)])
}

func (a *atlas) within(person, place int) bool {
	return a.adequate[person][place>>6]&(1<<(place&63)) != 0
}

// isGroup reports whether a region is several countries: nowhere one can be.
func isGroup(r avow.Region) bool { return r.Country() == "" }

// reach is what of one version depends on where the person lives.
type reach struct {
	recipients policy.PurposeSet // a bit per recipient: every place of it may be reached
	roles      uint64            // a bit per role, the same
	asks       bool              // a regime of the person asks for consent
	optOut     bool              // a regime of the person gives GPC effect
}

func (a *atlas) reach(p *policy.Policy, class int) reach {
	var out reach
	for i := range p.Recipients {
		if c := &p.Recipients[i]; c.Declared && a.recipientReached(c, class) {
			out.recipients.Add(i)
		}
	}
	for i := range p.Roles {
		if c := &p.Roles[i]; c.Declared && a.roleReached(c, class) {
			out.roles |= 1 << i
		}
	}
	for _, f := range avow.Regimes() {
		if class == 0 || !a.named(p, f.Name) || !a.regimes[f.Name][class] {
			continue
		}
		out.asks, out.optOut = out.asks || f.AsksConsent, out.optOut || f.GPC
	}
	if class == 0 {
		for _, f := range avow.RegimesFor("", p.Regimes) {
			out.asks, out.optOut = f.AsksConsent, f.GPC
		}
	}
	return out
}

func (a *atlas) named(p *policy.Policy, name avow.Regime) bool {
	for _, r := range p.Regimes {
		if r == name {
			return true
		}
	}
	return false
}

// gdpr:44. A recipient may have data when each of its places is in the person's
// region or adequate for it, or a safeguard stands. Without a place and without
// NotStated it is where its law holds.
func (a *atlas) recipientReached(c *policy.CompiledRecipient, class int) bool {
	safe := a.stands(&c.Safeguard, class)
	switch {
	case c.Anywhere:
		return safe
	case c.NotStated:
		return safe && class != 0
	}
	return safe || a.allWithin(class, c.Places)
}

func (a *atlas) roleReached(c *policy.CompiledRole, class int) bool {
	if !c.Anywhere && len(c.Places) == 0 {
		return true // with the person: no transfer
	}
	return a.stands(&c.Safeguard, class) || !c.Anywhere && a.allWithin(class, c.Places)
}

func (a *atlas) allWithin(person int, places []avow.Region) bool {
	for _, p := range places {
		if !a.within(person, a.class(p)) {
			return false
		}
	}
	return true
}

func (a *atlas) stands(s *policy.Standing, class int) bool {
	if !s.Stands || len(s.Regions) == 0 {
		return s.Stands
	}
	for _, r := range s.Regions {
		if a.regions[class].Within(r) {
			return true
		}
	}
	return false
}

// stated reports whether a place is one of those stated.
func stated(place avow.Region, in []avow.Region) bool {
	for _, r := range in {
		if place == r || !isGroup(place) && place.Within(r) {
			return true
		}
	}
	return false
}
