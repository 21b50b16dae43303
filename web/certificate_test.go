package web

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/rights/cases"
)

// What was refused, and where nobody could look, stands on the page with its reason, and is not only in the text below.
func TestWhatWasNotDone(t *testing.T) {
	v := certificateView{}
	v.fill(&cases.Certificate{
		Tasks:      []cases.CertifiedTask{{What: "the letters in the cellar.", State: "refused", Why: "they are evidence"}, {What: "the shelf", State: "done"}},
		Recipients: []cases.CertifiedTask{{What: "Courier Ltd", State: "refused"}},
		Checked: []cases.CertifiedLook{{Kind: "check"}, {Kind: "sweep", Left: 1, Not: []cases.CertifiedGap{
			{System: "crm", Table: "notes", Why: "its service lists no rows"}, {System: "archive", Why: "people look there"}}}},
	})
	want := []string{"the letters in the cellar: they are evidence", "Courier Ltd",
		"No program could search the texts of crm, notes: its service lists no rows", "No program could search the texts of archive: people look there"}
	if !slices.Equal(v.Not, want) || v.Looked != 1 {
		t.Errorf("%d readings; not done: %q", v.Looked, v.Not)
	}
}
