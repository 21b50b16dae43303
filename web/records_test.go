package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/web"
	"github.com/avowhq/avow/web/webtest"
)

// The start page says how the records are, in each state; only an audit that came to
// its end and found nothing is shown as sound.
func TestStateOfRecords(t *testing.T) {
	at := time.Date(2026, 2, 1, 11, 0, 0, 0, time.UTC)
	found := web.Finding{Index: 17, Event: avow.NewID(at), What: "the consent was <changed> in the database"}
	for name, c := range map[string]struct {
		state web.Records
		err   error
		want  []string
		not   []string
	}{
		"not audited":           {web.Records{}, nil, []string{`data-records="unknown"`, "not been audited"}, []string{"sound", "damaged"}},
		"sound":                 {web.Records{Audited: at, Covered: 3}, nil, []string{`data-records="sound"`, "3 events audited on 1 February 2026, 11:00 UTC"}, []string{"damaged"}},
		"failed":                {web.Records{Audited: at, Failed: "the database is away"}, nil, []string{`data-records="unknown"`, "could not be finished: the database is away"}, []string{"sound"}},
		"damaged":               {web.Records{Audited: at, Findings: []web.Finding{found}}, nil, []string{`data-records="damaged"`, `role="alert"`, "<strong>Event 17.</strong> The consent was &lt;changed&gt; in the database. <code", found.Event.String(), "one event"}, []string{"sound"}},
		"damaged, then failed":  {web.Records{Audited: at, Failed: "the disk is full", Findings: []web.Finding{found}}, nil, []string{`data-records="damaged"`, "Event 17"}, []string{"sound"}},
		"the log itself":        {web.Records{Audited: at, Findings: []web.Finding{{Index: -1, What: "the root is not the one that was signed"}}}, nil, []string{"<strong>The log.</strong> The root"}, []string{"Event -1"}},
		"everything is damaged": {web.Records{Audited: at, Findings: many(1000), More: 7}, nil, []string{"1000 events", "And 987 more", "Event 19."}, []string{"Event 20."}},
		"nobody can tell":       {web.Records{}, avow.Errorf(avow.Unavailable, "the database is away"), []string{`data-records="unknown"`, "the database is away"}, []string{"sound"}},
	} {
		h := newHouse(t, func(h *house) {
			h.config.Records = func(context.Context) (web.Records, error) { return c.state, c.err }
		})
		res, body := h.get("/")
		for _, want := range c.want {
			if res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
				t.Errorf("%s: %s, without %q", name, res.Status, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(string(body), not) {
				t.Errorf("%s: says %q", name, not)
			}
		}
	}
}

func many(n int) (list []web.Finding) {
	for i := range n {
		list = append(list, web.Finding{Index: int64(i), What: fmt.Sprintf("body %d does not open", i)})
	}
	return list
}

// The page about the log says who else has seen it, and how to check it; where the
// lines are for auditors it names no tool that needs them.
func TestLogPage(t *testing.T) {
	at := time.Date(2026, 2, 1, 11, 0, 0, 0, time.UTC)
	h := newHouse(t, func(h *house) {
		log := h.sign()
		h.config.Ledger = log
		h.config.Records = func(context.Context) (web.Records, error) {
			return web.Records{Origin: "quay.example/log", Key: log.Key(), Size: 12, At: at, Audited: at, Covered: 12, Findings: many(25),
				Witnesses: []web.Witness{{Name: "witness.example", Size: 10, At: at}}}, nil
		}
	})
	p := webtest.Browser(t).Open(h.base + "/log")
	if got := p.Text("main"); !strings.Contains(got, "witness.example, up to event 10") || strings.Contains(got, "unwitnessed") || !strings.Contains(got, "fsck") {
		t.Errorf("it says %s", got)
	}
	p.Inspect("log-witnessed")
	closed := newHouse(t, func(h *house) {
		h.config.Ledger = h.sign()
		h.config.Auditor = func(*http.Request) error { return avow.Errorf(avow.Unauthorized, "no") }
	})
	if _, body := closed.get("/log"); strings.Contains(string(body), "fsck") || !strings.Contains(string(body), "for auditors with a token") {
		t.Error("it names a tool that cannot read the lines")
	}
}
