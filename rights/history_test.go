package rights

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow/ledger"
)

// Where a request went is told with its number; an answer that is no request's is a look at the data.
func TestWordsOfRequests(t *testing.T) {
	for _, c := range []struct {
		what ledger.Type
		body string
		want string
	}{
		{"request-moved", `{"request":"correct","number":"1524-0667","state":"planning","was":"verifying","door":"privacy-centre"}`,
			"What concerns you was looked for, for your request 1524-0667"},
		{ledger.RequestAnswered, `{"request":"remove","number":"1524-0667","state":"closed"}`, "Your request 1524-0667 was answered"},
		{ledger.RequestRefused, `{"request":"remove","number":"1524-0667","state":"refused","by":"dora"}`, "Your request 1524-0667 was refused (by: dora)"},
		{ledger.CopyHandedOver, `{"request":"copy","number":"1524-0667","state":"closed"}`, "You took a copy of your data, by request 1524-0667"},
		{ledger.RecipientsTold, `{"request":"remove","number":"1524-0667","state":"running"}`, "Recipients were told of a change, by request 1524-0667"},
		{"restriction-end-told", `{"request":"unrestrict","number":"1524-0667","state":"planning"}`, "You were told that the restriction of your data ends, and why, by request 1524-0667"},
		{"request-moved", `{"request":"remove","number":"1524-0667","state":"of another version"}`, "Your request went on"},
		{ledger.RequestAnswered, `{"request":"access"}`, "You looked at your data"},
		{ledger.RequestAnswered, ``, "You looked at your data"},
	} {
		if got := new(words).event(Happening{Type: c.what, Body: []byte(c.body)}); got != c.want {
			t.Errorf("%s: %q, want %q", fmt.Sprint(c.what, c.body), got, c.want)
		}
	}
}
