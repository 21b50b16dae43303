package law

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/avowhq/avow"
)

// Calendar is the days off in a region: its weekend, and its holidays in the
// years it covers.
type Calendar struct {
	Name        avow.Region
	Title       string
	Weekend     []time.Weekday
	From, Until Date // what it covers
	Holidays    []Holiday
	File        string
	index       map[Date]int
}

// Holiday is one public holiday, on the day it is observed.
type Holiday struct {
	On     Date
	Name   string
	Source Source
}

// bareCalendar is for regions whose holidays are not known here: Saturday and
// Sunday are days off, and nothing else is.
func bareCalendar() *Calendar {
	return &Calendar{Title: "weekends alone", Weekend: []time.Weekday{time.Saturday, time.Sunday}}
}

// Holiday finds the holiday on a day.
func (c *Calendar) Holiday(on Date) (Holiday, bool) {
	i, ok := c.index[on]
	if !ok {
		return Holiday{}, false
	}
	return c.Holidays[i], true
}

// Works reports whether a day is neither at the weekend nor a holiday.
func (c *Calendar) Works(on Date) bool {
	_, holiday := c.Holiday(on)
	return !holiday && !slices.Contains(c.Weekend, on.Weekday())
}

// Covers reports whether the holidays of a day's year are known.
func (c *Calendar) Covers(on Date) bool {
	return !c.From.IsZero() && !on.Before(c.From) && !on.After(c.Until)
}

// rests reports whether a period may not end on a day, under a rule.
func (c *Calendar) rests(on Date, rule RollRule) bool {
	if rule == PastSunday {
		_, holiday := c.Holiday(on)
		return holiday || on.Weekday() == time.Sunday
	}
	return !c.Works(on)
}

// Calendars gives every calendar of holidays, by name.
func (rs *Regimes) Calendars() []*Calendar { return slices.Clone(rs.calendars) }

func (rs *Regimes) calendarNamed(name avow.Region) *Calendar {
	for _, c := range rs.calendars {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Calendar is the calendar for a person in a region: of the region, else of its
// country. known is false where there is none, and weekends alone are days off.
func (rs *Regimes) Calendar(of avow.Region) (c *Calendar, known bool) {
	for _, name := range []avow.Region{of, of.Country()} {
		if c := rs.calendarNamed(name); name != "" && c != nil {
			return c, true
		}
	}
	return bareCalendar(), false
}

func (r *reader) calendar(root ast.Node) *Calendar {
	c := &Calendar{File: r.file, index: map[Date]int{}}
	var usual Source
	ignore := func(ast.Node) {}
	f := form{
		"calendar": read(r, &c.Name, region), "title": r.text(&c.Title), "sources": ignore,
		"weekend": list(r, &c.Weekend, weekday),
		"from":    read(r, &c.From, ParseDate), "until": read(r, &c.Until, ParseDate),
		"source": r.source(&usual), "days": ignore,
	}
	r.group(root, f, "calendar", "title", "weekend", "from", "until", "source", "sources", "days")
	if len(c.Weekend) > 3 {
		r.wrong(root, "a weekend has at most 3 days")
	}
	for _, p := range r.pairs(root) {
		if p.Key.String() == "days" {
			r.holidays(c, p.Value, usual)
		}
	}
	return c
}

func weekday(s string) (time.Weekday, error) {
	names := make([]string, 7)
	for d := time.Sunday; d <= time.Saturday; d++ {
		names[d] = d.String()
	}
	name, err := oneOf(names...)(s)
	return time.Weekday(slices.Index(names, name)), err
}

// holidays reads `2026-01-01: New Year's Day`, or a group with the name and a
// source of its own.
func (r *reader) holidays(c *Calendar, n ast.Node, usual Source) {
	for _, p := range r.pairs(n) {
		h := Holiday{Source: usual}
		read(r, &h.On, ParseDate)(p.Key)
		if _, group := p.Value.(*ast.MappingNode); group {
			r.group(p.Value, form{"name": r.text(&h.Name), "source": r.source(&h.Source)}, "name", "source")
		} else {
			r.text(&h.Name)(p.Value)
		}
		if !c.Covers(h.On) {
			r.wrong(p.Key, "%s is outside of what the calendar covers, %s to %s", h.On, c.From, c.Until)
		}
		if last := len(c.Holidays) - 1; last >= 0 && !h.On.After(c.Holidays[last].On) {
			r.wrong(p.Key, "%s does not come after %s; keep the days in order", h.On, c.Holidays[last].On)
		}
		c.index[h.On] = len(c.Holidays)
		c.Holidays = append(c.Holidays, h)
	}
}
