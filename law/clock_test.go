package law_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
)

// noon is the middle of a day in a zone.
func noon(t testing.TB, day string, z *time.Location) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", day+" 12:00", z)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// request is a case in UTC, with moments as `2026-02-10 identity-asked`, those of
// one day a minute apart; an extension may name its day behind: `2026-02-10
// extended 2026-05-01`.
func request(t testing.TB, regime, right, region, received string, moments ...string) law.Case {
	t.Helper()
	c := law.Case{Regime: avow.Regime(regime), Right: law.Right(right), Region: avow.Region(region), Zone: time.UTC, Received: noon(t, received, time.UTC)}
	for i, m := range moments {
		f := strings.Fields(m)
		moment := law.Moment{What: law.Event(f[1]), At: noon(t, f[0], time.UTC).Add(time.Duration(i) * time.Minute)}
		if len(f) == 3 {
			d, err := law.ParseDate(f[2])
			if err != nil {
				t.Fatal(err)
			}
			moment.Until = d
		}
		c.Moments = append(c.Moments, moment)
	}
	return c
}

func clock(t testing.TB, rs *law.Regimes, c law.Case, at string) *law.Deadline {
	t.Helper()
	d, err := rs.Clock(c, noon(t, at, time.UTC).Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestClockByRegime(t *testing.T) {
	rs := load(t)
	for _, c := range []struct{ regime, right, region, received, acknowledge, respond, longest string }{
		{"gdpr", "copy", "NL", "2026-01-31", "", "2026-03-02", "2026-04-30"}, // 28 February is a Saturday
		{"gdpr", "remove", "FR", "2028-01-31", "", "2028-02-29", "2028-05-01"},
		{"uk-gdpr", "copy", "GB", "2026-03-06", "", "2026-04-07", "2026-06-08"},     // Easter Monday; Saturday
		{"uk-gdpr", "copy", "GB-SCT", "2026-03-06", "", "2026-04-06", "2026-06-08"}, // no holiday in Scotland
		{"uk-gdpr", "copy", "GB", "2026-01-31", "", "2026-03-02", "2026-04-30"},
		{"uk-gdpr", "complain", "GB", "2026-11-24", "2026-12-24", "", ""},
		{"uk-gdpr", "complain", "GB", "2026-11-25", "2026-12-29", "", ""}, // Christmas, a weekend, a substitute day
		{"ccpa", "copy", "US-CA", "2026-11-06", "2026-11-23", "2026-12-21", "2027-02-04"},
		{"ccpa", "correct", "US-CA", "2026-11-07", "2026-11-23", "2026-12-22", "2027-02-05"},
		{"ccpa", "opt-out", "US-CA", "2026-12-18", "", "2027-01-12", ""},
		{"ccpa", "limit", "US-CA", "2026-06-01", "", "2026-06-23", ""}, // Juneteenth
		{"nevada", "opt-out", "US-NV", "2026-06-01", "", "2026-07-31", "2026-08-30"},
		{"virginia", "copy", "US-VA", "2026-01-01", "", "2026-02-15", "2026-04-01"},
		{"texas", "remove", "US-TX", "2026-01-01", "", "2026-02-15", "2026-04-01"},
		{"connecticut", "move", "US-CT", "2026-01-01", "", "2026-02-15", "2026-04-01"},
		{"colorado", "correct", "US-CO", "2028-01-01", "", "2028-02-15", "2028-03-31"}, // leap year
		{"oregon", "recipients", "US-OR", "2026-01-01", "", "2026-02-15", "2026-04-01"},
		{"pipeda", "copy", "CA-ON", "2026-02-10", "", "2026-03-12", "2026-04-11"},
		{"quebec", "copy", "CA-QC", "2026-02-10", "", "2026-03-12", ""},
		{"quebec", "de-index", "CA-QC", "2026-02-10", "", "2026-03-12", ""},
		{"lgpd", "copy", "BR", "2026-02-10", "", "2026-02-25", ""},
		{"lgpd", "remove", "BR", "2026-02-10", "", "2026-02-25", ""},
		{"popia", "remove", "ZA", "2026-02-19", "", "2026-03-23", ""},  // a holiday on Saturday, then Sunday
		{"popia", "correct", "ZA", "2026-02-12", "", "2026-03-14", ""}, // a Saturday like any other
		{"popia", "copy", "ZA", "2026-02-20", "", "2026-03-23", "2026-04-21"},
		{"australia", "copy", "AU", "2026-02-10", "", "2026-03-12", ""},
		{"fadp", "copy", "CH", "2026-02-10", "", "2026-03-12", ""},
		{"singapore", "correct", "SG", "2026-02-10", "", "2026-03-12", ""},
	} {
		d := clock(t, rs, request(t, c.regime, c.right, c.region, c.received), c.received)
		if d.Acknowledge.On.String() != c.acknowledge || d.Respond.On.String() != c.respond || d.Longest.On.String() != c.longest {
			t.Errorf("%s %s in %s of %s: got %q %q %q, want %q %q %q", c.regime, c.right, c.region, c.received,
				d.Acknowledge.On, d.Respond.On, d.Longest.On, c.acknowledge, c.respond, c.longest)
		}
	}
}

func TestClockWithEvents(t *testing.T) {
	rs := load(t)
	for _, c := range []struct {
		name, regime, right, region, received string
		moments                               []string
		at, respond                           string
		standing                              law.Standing
	}{
		{"a pause", "gdpr", "copy", "NL", "2026-02-02", []string{"2026-02-10 identity-asked", "2026-02-14 identity-given"}, "2026-02-20", "2026-03-09", law.Running}, // five days, then a weekend
		{"pauses that overlap", "gdpr", "copy", "NL", "2026-02-02",
			[]string{"2026-02-10 identity-asked", "2026-02-12 clarification-asked", "2026-02-14 identity-given", "2026-02-18 clarification-given"}, "2026-02-20", "2026-03-11", law.Running},
		{"asking twice", "gdpr", "copy", "NL", "2026-02-02",
			[]string{"2026-02-10 identity-asked", "2026-02-13 identity-asked", "2026-02-18 identity-given"}, "2026-02-20", "2026-03-11", law.Running},
		{"an open pause", "gdpr", "copy", "NL", "2026-02-02", []string{"2026-02-10 identity-asked"}, "2026-02-20", "2026-03-13", law.Waiting},
		{"an answer nobody asked for", "gdpr", "copy", "NL", "2026-02-02", []string{"2026-02-10 identity-given"}, "2026-02-20", "2026-03-02", law.Running},
		{"what is not known yet", "gdpr", "copy", "NL", "2026-02-02", []string{"2026-02-25 identity-asked"}, "2026-02-20", "2026-03-02", law.Running},
		{"asking too late", "gdpr", "copy", "NL", "2026-02-02", []string{"2026-03-04 identity-asked"}, "2026-03-20", "2026-03-02", law.Overdue},
		{"the month begins with the proof", "uk-gdpr", "copy", "GB", "2026-02-06", []string{"2026-02-06 identity-asked", "2026-02-20 identity-given"}, "2026-02-21", "2026-03-20", law.Running},
		{"it has not begun", "uk-gdpr", "copy", "GB", "2026-02-06", []string{"2026-02-06 identity-asked"}, "2026-02-21", "2026-03-23", law.Waiting},
		{"asking for proof too late", "uk-gdpr", "copy", "GB", "2026-02-06", []string{"2026-03-09 identity-asked", "2026-03-10 identity-given"}, "2026-03-11", "2026-03-06", law.Overdue},
		{"the latest of proof and fee", "uk-gdpr", "copy", "GB", "2026-02-06",
			[]string{"2026-02-07 identity-asked", "2026-02-08 fee-asked", "2026-02-12 identity-given", "2026-02-10 fee-agreed"}, "2026-02-21", "2026-03-12", law.Running},
		{"both days of the question do not count", "uk-gdpr", "copy", "GB", "2026-02-06",
			[]string{"2026-02-16 clarification-asked", "2026-02-17 clarification-given"}, "2026-02-21", "2026-03-09", law.Running}, // Sunday the 8th
		{"verification stops nothing in California", "ccpa", "copy", "US-CA", "2026-01-01", []string{"2026-01-02 identity-asked"}, "2026-01-20", "2026-02-15", law.Running},
		{"Nevada begins with the verified request", "nevada", "opt-out", "US-NV", "2026-06-01", []string{"2026-06-01 identity-asked", "2026-06-11 identity-given"}, "2026-06-12", "2026-08-10", law.Running},
		{"a fee agreed in Switzerland", "fadp", "copy", "CH", "2026-02-10", []string{"2026-02-12 fee-asked", "2026-02-15 fee-agreed"}, "2026-02-16", "2026-03-17", law.Running},
		{"told in time", "gdpr", "copy", "NL", "2026-01-31", []string{"2026-02-28 extended"}, "2026-03-10", "2026-04-30", law.Running},
		{"told too late", "gdpr", "copy", "NL", "2026-01-31", []string{"2026-03-01 extended"}, "2026-03-10", "2026-03-02", law.Overdue},
		{"told twice", "virginia", "copy", "US-VA", "2026-01-01", []string{"2026-02-01 extended", "2026-02-10 extended"}, "2026-03-10", "2026-04-01", law.Running},
		{"told in time after a pause", "gdpr", "copy", "NL", "2026-02-02",
			[]string{"2026-02-10 identity-asked", "2026-02-14 identity-given", "2026-03-05 extended"}, "2026-03-10", "2026-05-07", law.Running},
		{"the day that was told", "fadp", "copy", "CH", "2026-02-10", []string{"2026-03-10 extended 2026-05-04"}, "2026-03-20", "2026-05-04", law.Running},
		{"a day that was told and is earlier", "fadp", "copy", "CH", "2026-02-10", []string{"2026-03-10 extended 2026-03-11"}, "2026-03-20", "2026-03-12", law.Overdue},
		{"no day was told", "singapore", "copy", "SG", "2026-02-10", []string{"2026-03-10 extended"}, "2026-03-20", "2026-03-12", law.Overdue},
		{"no extension in Quebec", "quebec", "copy", "CA-QC", "2026-02-10", []string{"2026-03-01 extended"}, "2026-03-11", "2026-03-12", law.Running},
		{"silence is a refusal", "pipeda", "copy", "CA-ON", "2026-02-10", nil, "2026-03-13", "2026-03-12", law.Refusal},
		{"answered in time", "pipeda", "copy", "CA-ON", "2026-02-10", []string{"2026-03-12 answered"}, "2026-05-13", "2026-03-12", law.Done},
		{"answered late", "pipeda", "copy", "CA-ON", "2026-02-10", []string{"2026-03-13 answered"}, "2026-05-13", "2026-03-12", law.Late},
		{"answered while waiting", "gdpr", "copy", "NL", "2026-02-02", []string{"2026-02-10 identity-asked", "2026-02-12 answered"}, "2026-06-01", "2026-03-05", law.Done},
		{"a complaint has no day for its outcome", "uk-gdpr", "complain", "GB", "2026-11-02", []string{"2026-11-03 acknowledged"}, "2027-01-01", "", law.Unlimited},
		{"a complaint nobody acknowledged", "uk-gdpr", "complain", "GB", "2026-11-02", nil, "2027-01-01", "", law.Overdue},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := clock(t, rs, request(t, c.regime, c.right, c.region, c.received, c.moments...), c.at)
			if d.Respond.On.String() != c.respond || d.Standing != c.standing {
				t.Errorf("got %s %s, want %s %s\n%s", d.Respond.On, d.Standing, c.respond, c.standing, d.Explain())
			}
		})
	}
}

func TestAppeal(t *testing.T) {
	rs := load(t)
	for _, c := range []struct {
		regime, region string
		moments        []string
		want, note     string
	}{
		{"virginia", "US-VA", []string{"2026-03-01 appealed"}, "2026-04-30", ""},
		{"connecticut", "US-CT", []string{"2026-03-01 appealed"}, "2026-04-30", ""},
		{"colorado", "US-CO", []string{"2026-03-01 appealed"}, "2026-04-15", ""},
		{"colorado", "US-CO", []string{"2026-03-01 appealed", "2026-04-15 appeal-extended"}, "2026-06-14", ""},
		{"colorado", "US-CO", []string{"2026-03-01 appealed", "2026-04-16 appeal-extended"}, "2026-04-15", "it was due by Wed 15 Apr 2026"},
		{"oregon", "US-OR", []string{"2026-03-01 appealed", "2026-03-02 appeal-extended"}, "2026-04-15", "the law knows no extension"},
		{"gdpr", "NL", []string{"2026-03-01 appealed"}, "", "the law knows no appeal"},
		{"virginia", "US-VA", nil, "", ""},
		{"virginia", "US-VA", []string{"2026-03-01 appealed", "2026-03-20 appealed"}, "2026-04-30", ""},
		{"virginia", "US-VA", []string{"2026-03-01 appealed", "2026-03-10 appeal-decided", "2026-03-20 appealed"}, "2026-05-19", ""},
		{"colorado", "US-CO", []string{"2026-03-01 appealed", "2026-03-02 appeal-extended", "2026-03-10 appeal-decided", "2026-03-20 appealed"}, "2026-05-04", ""},
	} {
		d := clock(t, rs, request(t, c.regime, "copy", c.region, "2026-01-01", c.moments...), "2026-05-01")
		notes := strings.ToLower(strings.Join(d.Notes, "\n"))
		if d.Appeal.On.String() != c.want || !strings.Contains(notes, strings.ToLower(c.note)) {
			t.Errorf("%s %v: got %q, want %q; notes: %s", c.regime, c.moments, d.Appeal.On, c.want, notes)
		}
	}
}

// The rule is the one in force on the day of receipt, and that is a day where the person lives.
func TestRuleByReceipt(t *testing.T) {
	rs := load(t)
	late := time.Date(2026, 2, 4, 23, 30, 0, 0, time.UTC)
	for name, want := range map[string]string{"Europe/London": "answer-before-2026", "Europe/Paris": "answer", "America/New_York": "answer-before-2026"} {
		d, err := rs.Clock(law.Case{Regime: "uk-gdpr", Right: law.Copy, Zone: zone(t, name), Received: late}, late)
		if err != nil || d.Rule.Name != want {
			t.Errorf("%s: got %v, %v, want %s", name, d, err, want)
		}
	}
}

// Where a law covers several time zones, the days are those of the region.
func TestZoneOfARegion(t *testing.T) {
	rs := load(t)
	for _, c := range []struct{ regime, region, want string }{
		{"gdpr", "PT", "Europe/Lisbon"}, {"gdpr", "PT-20", "Atlantic/Azores"}, {"gdpr", "PT-11", "Europe/Lisbon"}, {"gdpr", "NL", "Europe/Brussels"},
		{"gdpr", "", "Europe/Brussels"}, {"pipeda", "CA-BC", "America/Vancouver"}, {"pipeda", "CA", "America/Toronto"}, {"australia", "AU-WA", "Australia/Perth"},
	} {
		g, err := rs.Regime(avow.Regime(c.regime))
		if err != nil || g.ZoneOf(avow.Region(c.region)) != c.want {
			t.Errorf("%s in %q: got %s, %v, want %s", c.regime, c.region, g.ZoneOf(avow.Region(c.region)), err, c.want)
		}
	}
}

// A day lasts until it is over where the person lives, also when it has another length.
func TestDeadlineInThePersonsZone(t *testing.T) {
	rs := load(t)
	received := time.Date(2026, 2, 8, 7, 30, 0, 0, time.UTC)
	for _, c := range []struct{ zone, received, respond, ends string }{
		{"America/Los_Angeles", "2026-02-07", "2026-03-24", "2026-03-25T07:00:00Z"}, // after summer time began
		{"UTC", "2026-02-08", "2026-03-25", "2026-03-26T00:00:00Z"},
		{"Pacific/Auckland", "2026-02-08", "2026-03-25", "2026-03-25T11:00:00Z"},
	} {
		d, err := rs.Clock(law.Case{Regime: "ccpa", Right: law.Remove, Zone: zone(t, c.zone), Received: received}, received)
		if err != nil {
			t.Fatal(err)
		}
		if d.Received.String() != c.received || d.Respond.On.String() != c.respond || d.Respond.Ends.UTC().Format(time.RFC3339) != c.ends {
			t.Errorf("%s: got %s, %s, %s", c.zone, d.Received, d.Respond.On, d.Respond.Ends.UTC().Format(time.RFC3339))
		}
		if d.Respond.Over(d.Respond.Ends.Add(-time.Nanosecond)) || !d.Respond.Over(d.Respond.Ends) {
			t.Errorf("%s: the deadline is over at another moment than its end", c.zone)
		}
	}
}

func TestClockErrors(t *testing.T) {
	rs := load(t)
	good := request(t, "gdpr", "copy", "NL", "2026-02-02")
	for _, c := range []struct {
		name   string
		change func(*law.Case)
		kind   avow.ErrorKind
		want   string
	}{
		{"no such regime", func(c *law.Case) { c.Regime = "moon" }, avow.NotFound, `no regime "moon"; known: `},
		{"an old regime", func(c *law.Case) { c.Regime = "dpd-1995" }, avow.NotFound, "It ended on 25 May 2018"},
		{"a right it has not", func(c *law.Case) { c.Right = law.OptOut }, avow.NotFound, `gdpr has no deadline for "opt-out"; it has: copy, correct,`},
		{"before the law", func(c *law.Case) { c.Received = time.Date(2018, 5, 24, 9, 0, 0, 0, time.UTC) }, avow.NotFound, "the first is of 2018-05-25"},
		{"no zone", func(c *law.Case) { c.Zone = nil }, avow.Invalid, "time zone is missing"},
		{"no receipt", func(c *law.Case) { c.Received = time.Time{} }, avow.Invalid, "the day of receipt is missing"},
		{"a far receipt", func(c *law.Case) { c.Received = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }, avow.Invalid, "outside of the years"},
		{"no such event", func(c *law.Case) { c.Moments = []law.Moment{{What: "eaten", At: c.Received}} }, avow.Invalid, `unknown event "eaten"`},
		{"too early", func(c *law.Case) {
			c.Moments = []law.Moment{{What: law.Answered, At: c.Received.Add(-time.Second)}}
		}, avow.Invalid, "answered is before the receipt"},
		{"too many", func(c *law.Case) { c.Moments = make([]law.Moment, 1001) }, avow.TooLarge, "at most 1000 events"},
	} {
		bad := good
		c.change(&bad)
		_, err := rs.Clock(bad, good.Received)
		if avow.KindOf(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %v: %q", c.name, err, c.kind, c.want)
		}
		var e *avow.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is not an error for people", c.name, err)
		}
	}
}

func TestRemind(t *testing.T) {
	d := clock(t, load(t), request(t, "virginia", "copy", "US-VA", "2026-01-01"), "2026-01-01")
	var got []string
	for _, day := range d.Remind(3, 14, 3, 45, 46, -1, 0) {
		got = append(got, day.String())
	}
	if want := "2026-01-01 2026-02-01 2026-02-12 2026-02-15"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestCharge(t *testing.T) {
	rs := load(t)
	for _, c := range []struct {
		regime, right string
		earlier       []string
		free, known   bool
		counted       int
	}{
		{"gdpr", "copy", []string{"2026-01-01", "2026-01-02"}, true, true, 0},
		{"virginia", "copy", nil, true, true, 0},
		{"virginia", "copy", []string{"2026-01-01"}, true, true, 1},
		{"virginia", "copy", []string{"2026-01-01", "2026-02-01"}, false, true, 2},
		{"virginia", "copy", []string{"2025-03-10", "2026-02-01"}, true, true, 1}, // twelve months are over
		{"virginia", "copy", []string{"2025-03-11", "2026-02-01"}, false, true, 2},
		{"connecticut", "copy", []string{"2026-03-09"}, false, true, 1},
		{"connecticut", "copy", []string{"2026-03-11"}, true, true, 0}, // not earlier
		{"pipeda", "copy", nil, false, true, 0},
		{"nevada", "opt-out", nil, false, false, 0},
	} {
		var earlier []time.Time
		for _, day := range c.earlier {
			earlier = append(earlier, noon(t, day, time.UTC))
		}
		got, err := rs.Charge(request(t, c.regime, c.right, "", "2026-03-10"), earlier)
		if err != nil || got.Free != c.free || got.Known != c.known || got.Earlier != c.counted {
			t.Errorf("%s %v: got %+v, %v", c.regime, c.earlier, got, err)
		}
	}
}
