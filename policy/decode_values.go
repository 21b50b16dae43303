package policy

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

func (f *Flag) read(d *decoder, n *node) {
	f.Pos, f.Set = n.Pos, true
	text, ok := d.text(n, "`yes` or `no`")
	if !ok {
		return
	}
	switch text {
	case "yes", "true":
		f.Yes = true
	case "no", "false":
	default:
		d.add(n.Pos, "bad-flag", quote(text)+" is neither yes nor no", text, "write `yes` or `no`")
	}
}

const maxNumber = 1_000_000_000

func (v *Number) read(d *decoder, n *node) {
	v.Pos, v.Set = n.Pos, true
	text, ok := d.text(n, "a number")
	if !ok {
		return
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || count > maxNumber || !digits(text) {
		d.add(n.Pos, "bad-number", quote(text)+" is not a whole number", text, "write digits alone, such as `20`")
		return
	}
	v.N = count
}

func digits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

var datePattern = regexp.MustCompile(`^(\d{4})-(\d{2})(?:-(\d{2}))?$`)

func (v *Date) read(d *decoder, n *node) {
	v.Pos = n.Pos
	text, ok := d.text(n, "a date")
	if !ok {
		return
	}
	m := datePattern.FindStringSubmatch(text)
	if m == nil {
		d.add(n.Pos, "bad-date", quote(text)+" is not a date", text, "write year, month and day: `2026-11-30`")
		return
	}
	year, _ := strconv.Atoi(m[1])
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(m[3])
	if !onCalendar(year, month, day, m[3] != "") {
		d.add(n.Pos, "bad-date", "there is no such day as "+quote(text), text, "write year, month and day: `2026-11-30`")
		return
	}
	v.Year, v.Month, v.Day = year, month, day
}

// onCalendar reports whether a day, or a month when no day is given, exists.
func onCalendar(year, month, day int, withDay bool) bool {
	if year < 1900 || month < 1 || month > 12 {
		return false
	}
	if !withDay {
		return true
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return day >= 1 && t.Day() == day
}

var periodPattern = regexp.MustCompile(`^(?:within )?(\d{1,5}) (hour|day|week|month|year)s?$`)

// parsePeriod reads `30 days`, `1 month`, `within 72 hours`.
func parsePeriod(text string) (Period, bool) {
	m := periodPattern.FindStringSubmatch(text)
	if m == nil {
		return Period{}, false
	}
	count, _ := strconv.Atoi(m[1])
	return Period{N: count, Unit: Unit(m[2] + "s")}, true
}

func (v *Period) read(d *decoder, n *node) {
	v.Pos = n.Pos
	text, ok := d.text(n, "a period")
	if !ok {
		return
	}
	p, ok := parsePeriod(text)
	if !ok {
		d.badPeriod(n, text)
		return
	}
	v.N, v.Unit = p.N, p.Unit
}

func (d *decoder) badPeriod(n *node, text string) {
	d.add(n.Pos, "bad-period", quote(text)+" is not a period", text, "write a number and `hours`, `days`, `weeks`, `months` or `years`: `30 days`")
}

func (r *RegimeRef) read(d *decoder, n *node) {
	r.Pos = n.Pos
	text, ok := d.text(n, "the short name of a law")
	if !ok {
		return
	}
	if _, known := avow.RegimeByName(avow.Regime(text)); !known {
		d.add(n.Pos, "unknown-regime", "unknown law "+quote(text), text, didYouMean(text, regimeNames()))
		return
	}
	r.Regime = avow.Regime(text)
}

func regimeNames() []string {
	var names []string
	for _, r := range avow.Regimes() {
		names = append(names, string(r.Name))
	}
	return names
}

func (p *Places) read(d *decoder, n *node) {
	p.Pos = n.Pos
	if n.kind == scalarNode && p.words(n) {
		return
	}
	p.Regions = eachItem(d, n, func(item *node) (avow.Region, bool) { return d.region(p, item) })
}

// words takes a description of a place that is not the name of one: it begins with
// a small letter and has several words.
func (p *Places) words(n *node) bool {
	first, _, several := strings.Cut(n.text, " ")
	if !several || first == "" || strings.ToLower(first) != first {
		return false
	}
	p.Words = n.text
	return true
}

// region reads one place: a code, the name of a group or country, or one of two words.
func (d *decoder) region(p *Places, n *node) (avow.Region, bool) {
	text, ok := d.text(n, "a country or region")
	if !ok {
		return "", false
	}
	switch text {
	case "anywhere":
		p.Anywhere = true
		return "", false
	case "everyone-else":
		p.EveryoneElse = true
		return "", false
	}
	if r := avow.Region(text); r.Known() {
		return r, true
	}
	if r, ok := d.regionByName(text); ok {
		return r, true
	}
	d.add(n.Pos, "unknown-region", "unknown country or region "+quote(text), text, d.suggestRegion(text))
	return "", false
}
