package law_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/law"
)

const explained = `EU General Data Protection Regulation: an answer within a month
asked: copy, received Mon 2 Feb 2026 (UTC); seen on Fri 20 Feb 2026: running
rule answer in gdpr.yaml, in force from 2018-05-25 and still is
    (An objection to direct marketing stops it at once; the month is for telling the person so.)

  Mon 2 Feb 2026 – Mon 9 Feb 2026  running (8 days, 7 counted)
    1 month from the receipt
    GDPR, Article 12(3), https://gdprhub.eu/index.php?title=Article_12_GDPR
  Tue 10 Feb 2026 – Sat 14 Feb 2026  paused (5 days)
    the person was asked for proof of who they are; these days do not count
    GDPR, Article 12(6); decision of the Berlin authority on a pause while identity is shown, https://blog.eprivacy.eu/?p=1491  UNCONFIRMED
    (One authority held so in one case. Nothing in the text of the regulation stops the clock; ask at once.)
  Sun 15 Feb 2026 – Sat 7 Mar 2026  running (21 days, 21 counted)
    1 month from the receipt
    GDPR, Article 12(3), https://gdprhub.eu/index.php?title=Article_12_GDPR
  Sun 8 Mar 2026 – Mon 9 Mar 2026  moved (2 days)
    the last day would be a day off (Saturday, Sunday); it moves to the next that is none
    Regulation (EEC, Euratom) No 1182/71, Article 3(4), https://eur-lex.europa.eu/eli/reg/1971/1182/oj
    (Public holidays are those of the member state. That the regulation governs periods of the GDPR is commonly held, as at https://blog.eprivacy.eu/?p=1491.)

answer by: Mon 9 Mar 2026, to the end of the day
more time: 2 months, to Thu 7 May 2026, where the request is complex or there are many of them, if the person is told by Sat 7 Mar 2026
    the notice says: that it takes longer; the reasons for the delay
cost: free; for requests that are manifestly unfounded or excessive, a reasonable fee or a refusal
complaint: the data protection authority of the member state https://www.edpb.europa.eu/about-edpb/about-edpb/members_en
UNCONFIRMED: of the 3 sources these dates rest on, 1 not checked.
`

func TestExplain(t *testing.T) {
	rs := load(t)
	d := clock(t, rs, request(t, "gdpr", "copy", "NL", "2026-02-02", "2026-02-10 identity-asked", "2026-02-14 identity-given"), "2026-02-20")
	if diff := cmp.Diff(explained, d.Explain()); diff != "" {
		t.Error(diff)
	}
	if got := d.Unconfirmed(); len(got) != 1 || !strings.Contains(got[0].Cites, "Berlin") {
		t.Errorf("unconfirmed: %v", got)
	}
}

// What is in doubt is said in the line it concerns.
func TestExplainSaysWhatIsInDoubt(t *testing.T) {
	rs := load(t)
	for _, c := range []struct {
		regime, region, right, received, at string
		moments                             []string
		want                                string
	}{
		{"lgpd", "BR", "remove", "2026-02-10", "2026-02-11", nil, "answer by: Wed 25 Feb 2026, to the end of the day  UNCONFIRMED"},
		{"texas", "US-TX", "copy", "2026-02-10", "2026-02-11", nil, "decided in 60 days  UNCONFIRMED"},
		{"colorado", "US-CO", "copy", "2026-02-10", "2026-02-11", nil, "decided in 45 days, extended by at most 60 days  UNCONFIRMED"},
		{"uk-gdpr", "GB", "copy", "2026-02-10", "2026-02-20", []string{"2026-02-11 identity-asked"}, "answer by, not before: Fri 20 Mar 2026"},
		{"uk-gdpr", "GB", "copy", "2026-02-10", "2026-02-20", []string{"2026-02-11 identity-asked"}, "the period begins when proof of who they are has come"},
		{"uk-gdpr", "GB", "copy", "2028-02-10", "2028-02-20", nil, "are known from 2026-01-01 to 2027-12-31"},
		{"virginia", "US-VA", "copy", "2026-01-01", "2026-03-01", nil, "more time: none; the person would have had to be told by Sun 15 Feb 2026"},
		{"virginia", "US-VA", "copy", "2026-01-01", "2026-03-01", []string{"2026-02-01 extended"}, "more time: the person was told; there is no more"},
		{"fadp", "CH", "copy", "2026-02-10", "2026-02-11", nil, "more time: to a day the person is told by Thu 12 Mar 2026"},
		{"pipeda", "CA", "copy", "2026-02-10", "2026-03-13", nil, "no answer in time counts as a refusal"},
		{"pipeda", "CA", "copy", "2026-02-10", "2026-03-14", []string{"2026-03-13 answered"}, "answer by: Thu 12 Mar 2026; done late"},
	} {
		d := clock(t, rs, request(t, c.regime, c.right, c.region, c.received, c.moments...), c.at)
		if got := d.Explain(); !strings.Contains(got, c.want) {
			t.Errorf("%s: want %q in\n%s", c.regime, c.want, got)
		}
	}
}

// Asked again on the day of the answer, the person is asked once on that day.
func TestExplainSaysAPauseOnce(t *testing.T) {
	d := clock(t, load(t), request(t, "gdpr", "copy", "NL", "2026-02-02", "2026-02-10 identity-asked", "2026-02-12 identity-given",
		"2026-02-12 identity-asked", "2026-02-14 identity-given"), "2026-02-20")
	var paused []law.Segment
	for _, s := range d.Segments {
		if s.Kind == law.ClockStops {
			paused = append(paused, s)
		}
	}
	if len(paused) != 1 || strings.Count(paused[0].Why, "proof") != 1 || d.Respond.On.String() != "2026-03-09" {
		t.Errorf("%s", d.Explain())
	}
}

func TestDeadlineAsJSON(t *testing.T) {
	d := clock(t, load(t), request(t, "ccpa", "copy", "US-CA", "2026-11-06", "2026-11-09 acknowledged"), "2026-11-10")
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"regime": "ccpa", "rule": "know", "right": "copy", "zone": "UTC", "received": "2026-11-06", "at": "2026-11-10", "standing": "running",
		"acknowledge": map[string]any{"on": "2026-11-23", "ends": "2026-11-24T00:00:00Z", "met": "2026-11-09T12:00:00Z", "confirmed": true},
		"respond":     map[string]any{"on": "2026-12-21", "ends": "2026-12-22T00:00:00Z", "confirmed": true},
		"longest":     map[string]any{"on": "2027-02-04", "ends": "2027-02-05T00:00:00Z", "confirmed": true},
		"extended":    false, "noticeBy": "2026-12-21",
	}
	segments, _ := got["segments"].([]any)
	delete(got, "segments")
	if diff := cmp.Diff(want, got); diff != "" || len(segments) != 1 {
		t.Errorf("%d segments; %s", len(segments), diff)
	}
}
