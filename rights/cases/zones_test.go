package cases_test

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// at turns the clock forward to a moment.
func (h *house) at(moment string) {
	h.t.Helper()
	to, err := time.Parse(time.RFC3339, moment)
	h.Check(err)
	h.Pass(to.Sub(h.Clock()))
}

func byStaff(region avow.Region) func(*cases.Ask) {
	return func(a *cases.Ask) { a.Region, a.Door, a.By, a.Evidence = region, cases.Staff, "ivy", "ticket 12" }
}

// Who asks late in the evening asks on that day, wherever else it is the next one already.
func TestAskedLateInTheEvening(t *testing.T) {
	each(t, func(h *house) {
		h.at("2026-03-31T22:30:00Z")
		for region, want := range map[avow.Region]string{"PT": "2026-04-30", "NL": "2026-05-01", "FI": "2026-05-04"} { // in Finland the 1st of May is a holiday, and the 2nd a Saturday
			r := h.ask(law.Copy, "late-"+string(region)+"@mail.example", byStaff(region))
			clock, err := h.desk.Clock(bg, r.ID)
			h.Check(err)
			if got := clock[0].Respond.On.String(); got != want || !h.state(r).Due.Equal(clock[0].Respond.Ends) {
				t.Errorf("%s: due %s, want %s; %s", region, got, want, clock[0].Explain())
			}
		}
	})
}

// A law counts from the day on which it is in force where the person lives.
func TestLawBeginsWhereTheyLive(t *testing.T) {
	each(t, func(h *house) {
		h.at("2026-06-18T23:30:00Z") // in London it is the 19th
		if got := h.state(h.ask(law.Complain, ann, byStaff("GB"))).Regimes; !slices.Contains(got, "uk-gdpr") {
			t.Errorf("%v", got)
		}
	})
}

const laterInCalifornia = `
regime: ccpa
title: A law of the west
zone: America/Los_Angeles
authority: {kind: court, name: the court, at: "https://court.example", source: s}
sources: {s: {cites: section 1, at: "https://law.example", confirmed: "yes"}}
rules:
  answer: {title: an answer, rights: [copy], from: 2026-03-10, respond: {in: 45 days, source: s}}
`

// What comes in where a law begins only hours later is taken down without it.
func TestAskedHoursBeforeALaw(t *testing.T) {
	regimes, err := law.LoadFrom(fstest.MapFS{"ccpa.yaml": {Data: []byte(laterInCalifornia)}})
	if err != nil {
		t.Fatal(err)
	}
	tuned(t, func(c *cases.Config) { c.Regimes = regimes }, func(h *house) {
		h.at("2026-03-10T03:00:00Z")
		if got := h.state(h.ask(law.Copy, ann, byStaff("US-CA"))).Regimes; len(got) > 0 {
			t.Errorf("before: %v", got)
		}
		h.at("2026-03-10T08:00:00Z")
		if got := h.state(h.ask(law.Copy, bob, byStaff("US-CA"))).Regimes; !slices.Contains(got, "ccpa") {
			t.Errorf("after: %v", got)
		}
	})
}
