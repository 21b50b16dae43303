package cases_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// What anybody piles up under somebody's address keeps staff, who know who asks, from nothing.
func TestPiledUpRequestsStopNoStaff(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for range 5 {
			h.ask(law.Remove, ann)
		}
		_, err := h.desk.Take(bg, cases.Ask{Right: law.Remove, Policy: "site", Region: "NL", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: ann}}})
		h.must(avow.TooMany, err)
		r := h.ask(law.Remove, ann, byStaff("NL"))
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}
