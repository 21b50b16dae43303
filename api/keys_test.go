package api

import (
	"net/http/httptest"
	"testing"

	"github.com/avowhq/avow"
)

// Only an auditor's token opens the entries of the log.
func TestAuditor(t *testing.T) {
	auditor, a := NewToken("court", []string{AuditorRole})
	both, b := NewToken("court and press", []string{"press", AuditorRole})
	shop, c := NewToken("shop", []string{SystemRole})
	var keys Keys
	keys.Set([]Caller{a, b, c})
	for _, test := range []struct {
		header string
		want   avow.ErrorKind
	}{
		{"Bearer " + auditor, 0}, {"bearer " + both, 0}, {"Bearer " + shop, avow.Forbidden},
		{"", avow.Unauthorized}, {"Bearer ", avow.Unauthorized}, {"Bearer " + auditor + "x", avow.Unauthorized}, {"Basic " + auditor, avow.Unauthorized},
	} {
		r := httptest.NewRequest("GET", "/log/tile/entries/000", nil)
		if test.header != "" {
			r.Header.Set("Authorization", test.header)
		}
		err := keys.Auditor(r)
		if (err == nil) != (test.want == 0) || err != nil && avow.KindOf(err) != test.want {
			t.Errorf("%.12q: %v, want %v", test.header, err, test.want)
		}
	}
}
