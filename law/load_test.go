package law_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
)

func load(t testing.TB) *law.Regimes {
	t.Helper()
	rs, err := law.Load()
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// Every regime the policy language knows has rules, or says why it has none.
func TestEveryRegimeIsCoveredOrListed(t *testing.T) {
	rs := load(t)
	for _, f := range avow.Regimes() {
		left := slices.ContainsFunc(rs.NotCovered(), func(n law.NotCovered) bool { return n.Regime == f.Name && n.Why != "" })
		g, err := rs.Regime(f.Name)
		switch {
		case err != nil && !left:
			t.Errorf("%s is neither covered nor listed as not covered", f.Name)
		case err != nil && !strings.Contains(err.Error(), "no deadlines are kept"):
			t.Errorf("%s: the error does not say why: %v", f.Name, err)
		case err == nil && len(g.Rules) == 0:
			t.Errorf("%s has no rules", f.Name)
		case err == nil && f.Ended != "":
			t.Errorf("%s ended and has rules", f.Name)
		}
	}
}

func sourcesOf(g *law.Regime) (all []law.Source) {
	all = append(all, g.Authority.Source)
	for _, r := range g.Rules {
		if r.Acknowledge != nil {
			all = append(all, r.Acknowledge.Source)
		}
		if r.Respond != nil {
			all = append(all, r.Respond.Source)
		}
		for _, p := range r.Pauses {
			all = append(all, p.Source)
		}
		if r.Extend != nil {
			all = append(all, r.Extend.Source)
		}
		if r.Roll != nil {
			all = append(all, r.Roll.Source)
		}
		if r.Silence != nil {
			all = append(all, r.Silence.Source)
		}
		if r.Fee != nil {
			all = append(all, r.Fee.Source)
		}
		if r.Appeal != nil {
			all = append(all, r.Appeal.Source)
		}
	}
	return all
}

func TestEveryRuleHasASource(t *testing.T) {
	rs := load(t)
	for _, g := range rs.All() {
		for _, s := range sourcesOf(g) {
			if s.Cites == "" || !strings.HasPrefix(s.At, "http") {
				t.Errorf("%s: a rule without a citation or an address: %+v", g.Name, s)
			}
		}
		for _, zone := range append(slices.Collect(maps.Values(g.Zones)), g.Zone) {
			if _, err := time.LoadLocation(zone); err != nil {
				t.Errorf("%s: %v", g.Name, err)
			}
		}
	}
	for _, c := range rs.Calendars() {
		for _, h := range c.Holidays {
			if h.Name == "" || h.Source.Cites == "" || h.Source.At == "" {
				t.Errorf("%s: %+v has no name or no source", c.Name, h)
			}
		}
	}
}

// The rules of a right follow each other without a gap: what is in force today
// has been since its first rule.
func TestRulesHaveNoGaps(t *testing.T) {
	for _, g := range load(t).All() {
		for _, right := range law.Rights() {
			var rules []law.Rule
			for _, r := range g.Rules {
				if slices.Contains(r.Rights, right) {
					rules = append(rules, r)
				}
			}
			slices.SortFunc(rules, func(a, b law.Rule) int { return strings.Compare(a.From.String(), b.From.String()) })
			for i, r := range rules {
				if last := i == len(rules)-1; last != r.Until.IsZero() || !last && rules[i+1].From != r.Until.AddDays(1) {
					t.Errorf("%s, %s: after %s", g.Name, right, r.Name)
				}
			}
		}
	}
}

// An observed holiday is on the day it is kept: each is in the years the calendar covers.
func TestHolidays(t *testing.T) {
	rs := load(t)
	for _, c := range []struct{ region, day, want string }{
		{"GB", "2026-12-28", "Boxing Day (substitute day)"},
		{"GB-SCT", "2026-11-30", "Saint Andrew's Day"},
		{"GB", "2026-11-30", ""},
		{"US-CA", "2026-07-03", "Independence Day (observed)"},
		{"US-CA", "2027-06-18", "Juneteenth National Independence Day (observed)"},
		{"BR", "2026-11-20", "National Day of Zumbi and Black Awareness"},
		{"BR", "2026-02-17", ""}, // carnival is optional
		{"ZA", "2027-03-22", "Human Rights Day (Monday after)"},
		{"CA-QC", "2026-06-24", "Saint John the Baptist Day"},
		{"CA-ON", "2026-09-30", "National Day for Truth and Reconciliation"},
		{"SG", "2026-11-09", "Deepavali (Monday after)"},
		{"AU", "2027-01-26", "Australia Day"},
		{"CH", "2026-05-14", "Ascension Day"},
		{"NL", "2026-04-27", "King's Day"},
		{"DE-BY", "2026-04-03", "Good Friday"},
		{"DE-BY", "2026-01-06", ""}, // not of the whole country
		{"FR", "2027-07-14", "National Day"},
		{"IE", "2026-02-02", "Saint Brigid's Day"},
		{"IE", "2026-04-03", ""}, // Good Friday is none there
		{"GR", "2026-04-13", "Easter Monday"},
		{"NO", "2026-05-17", ""},
	} {
		cal, known := rs.Calendar(avow.Region(c.region))
		if known == (c.region == "NO") {
			t.Errorf("%s: known is %v", c.region, known)
		}
		h, _ := cal.Holiday(date(t, c.day))
		if h.Name != c.want {
			t.Errorf("%s on %s: got %q, want %q", c.region, c.day, h.Name, c.want)
		}
	}
}

// The law that is asked most often is that of twenty-seven countries, each with holidays of its own.
func TestEveryMemberStateHasHolidays(t *testing.T) {
	rs := load(t)
	for _, state := range strings.Fields("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE") {
		cal, known := rs.Calendar(avow.Region(state))
		christmas, kept := cal.Holiday(date(t, "2027-12-25"))
		if !known || !kept || christmas.Name == "" || cal.Works(date(t, "2026-01-01")) {
			t.Errorf("%s: known %v, Christmas %q", state, known, christmas.Name)
		}
	}
}

const small = `regime: gdpr
title: A law
zone: UTC
authority: {kind: court, name: A court, source: a}
sources:
  a: {cites: Article 1, at: "https://law.example/1", confirmed: "no"}
rules:
  answer:
    title: an answer
    rights: [copy]
    from: 2020-01-01
    respond: {in: 1 month, source: a}
`

func tree(regime string) fstest.MapFS {
	return fstest.MapFS{
		"a.yaml": {Data: []byte(regime)},
		"holidays/gb.yaml": {Data: []byte("calendar: GB\ntitle: here\nweekend: [Saturday, Sunday]\nfrom: 2026-01-01\nuntil: 2026-12-31\n" +
			"source: a\nsources:\n  a: {cites: An Act, at: \"https://law.example\", confirmed: \"yes\"}\ndays:\n  2026-05-01: May Day\n")},
	}
}

func TestLoadErrors(t *testing.T) {
	if _, err := law.LoadFrom(tree(small)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "    title: an answer\n", "    titel: an answer\n", `a.yaml:9:5: unknown key "titel"; known here: acknowledge, appeal,`},
		{"missing key", "zone: UTC\n", "", `"zone" is missing`},
		{"unknown regime", "regime: gdpr", "regime: gdrp", `a.yaml:1:9: the policy language knows no regime "gdrp"`},
		{"unknown right", "[copy]", "[copy, fly]", `a.yaml:10:20: unknown word "fly"; known here: copy, correct`},
		{"bad period", "1 month", "one month", `a.yaml:12:19: "one month" is not a period`},
		{"as-told answer", "1 month", "as-told", "only an extension can be as-told"},
		{"bad date", "2020-01-01", "2020-02-30", `a.yaml:11:11: "2020-02-30" is not a date`},
		{"unknown source", "1 month, source: a", "1 month, source: b", `a.yaml:12:36: unknown source "b"; known here: a`},
		{"no source", "1 month, source: a", "1 month", `"source" is missing`},
		{"no citation", "cites: Article 1, ", "", `"cites" is missing`},
		{"unsure", `confirmed: "no"`, `confirmed: "maybe"`, `unknown word "maybe"; known here: yes, no`},
		{"no address", "https://law.example/1", "a shelf", `"a shelf" is not a web address`},
		{"unused source", "sources:\n", "sources:\n  b: {cites: Article 2, at: \"https://law.example/2\", confirmed: \"no\"}\n", `a.yaml:6:3: nothing refers to the source "b"`},
		{"no term", "    respond: {in: 1 month, source: a}\n", "", "a rule has `acknowledge` or `respond`, or both"},
		{"ends before it begins", "    from: 2020-01-01\n", "    from: 2020-01-01\n    until: 2019-01-01\n", "before it begins on 2020-01-01"},
		{"a list for a text", "title: A law", "title: [A, law]", "want a text"},
		{"a text for a group", "{kind: court, name: A court, source: a}", "a court", "want a group of keys"},
		{"no calendar", "zone: UTC\n", "zone: UTC\ncalendar: FR\n", `there is no calendar "FR"`},
		{"no region", "zone: UTC\n", "zone: UTC\ncalendar: Narnia\n", `"Narnia" is not a region`},
		{"two rules for one right", "rules:\n", "rules:\n  other: {title: another, rights: [copy], from: 2021-01-01, respond: {in: 2 months, source: a}}\n", `the rules "other" and "answer" are both about copy`},
		{"a fee without a time", "    rights: [copy]\n", "    rights: [copy]\n    fee: {free: 2, source: a}\n", "say with `each: 12 months`"},
		{"a key twice", "title: A law", "title: A law\ntitle: Another", "already defined"},
		{"no YAML", "title: A law", "title: {A law", "this is not YAML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(small, c.old, c.new, 1)
			if text == small {
				t.Fatal("nothing was changed")
			}
			_, err := law.LoadFrom(tree(text))
			var ps law.Problems
			if !errors.As(err, &ps) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestLoadReportsAll(t *testing.T) {
	text := strings.NewReplacer("1 month", "soon", "[copy]", "[fly]", "zone: UTC", "zoon: UTC", "2020-01-01", "then").Replace(small)
	_, err := law.LoadFrom(tree(text))
	if err == nil || strings.Count(err.Error(), "a.yaml:") != 5 {
		t.Errorf("want five problems, got:\n%v", err)
	}
}

func TestHolidayErrors(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"out of its years", "2026-05-01", "2027-05-01", "is outside of what the calendar covers"},
		{"out of order", "  2026-05-01: May Day\n", "  2026-05-01: May Day\n  2026-04-01: Another\n", "keep the days in order"},
		{"no week", "[Saturday, Sunday]", "[Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]", "a weekend has at most 3 days"},
		{"no such weekday", "Sunday]", "Someday]", `unknown word "Someday"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tree(small)
			f := files["holidays/gb.yaml"]
			f.Data = []byte(strings.Replace(string(f.Data), c.old, c.new, 1))
			if _, err := law.LoadFrom(files); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRightsOfADay(t *testing.T) {
	g, err := load(t).Regime("quebec")
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string][]law.Right{
		"2023-09-21": nil,
		"2023-09-22": {law.Copy, law.Correct, law.Remove, law.DeIndex},
		"2024-09-22": {law.Copy, law.Correct, law.Remove, law.Move, law.DeIndex},
	} {
		if got := g.Rights(date(t, day)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", day, got, want)
		}
	}
}
