package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Whether an address is known changes neither status nor headers nor body, but for the number.
func TestRequestsTellNothing(t *testing.T) {
	q := startQuay(t, "")
	number := regexp.MustCompile(`\d{4}-\d{4}`)
	id := regexp.MustCompile(`"request":"[0-9a-z]{26}"`)
	same := func(what string, send func(c *caller, address string) reply) {
		t.Helper()
		var all []string
		for _, address := range []string{"ann@visitor.example", "nobody@elsewhere.example", "bob@visitor.example"} {
			c := newCaller(t, q.s)
			r := send(c, address)
			r.header.Del("Date")
			r.header.Del("X-Request-Id")
			r.header.Del("Content-Length") // that of the address, where it comes back
			body := id.ReplaceAllString(number.ReplaceAllString(r.body, "N"), "I")
			all = append(all, fmt.Sprint(r.status, r.header, body))
		}
		if all[0] != all[1] || all[0] != all[2] {
			t.Errorf("%s: three addresses get\n%s\n%s\n%s", what, all[0], all[1], all[2])
		}
	}
	same("the form", func(c *caller, address string) reply { _, r := c.ask("copy", "address", address); return r })
	same("an objection", func(c *caller, address string) reply { _, r := c.ask("object", "address", address); return r })
	same("the interface", func(c *caller, address string) reply {
		return c.do(post, "/api/v1/requests", `{"right":"copy","identities":[{"kind":"email","value":"`+address+`"}]}`, jsonType)
	})
	same("another link", func(c *caller, address string) reply {
		n, _ := c.ask("move", "address", address)
		return c.form("/privacy/request/link", "number", n)
	})
	same("a wrong code", func(c *caller, address string) reply {
		n, _ := c.ask("restrict", "address", address)
		return c.form("/privacy/request/code", "number", n, "code", "00000000")
	})
	for end := time.Now().Add(20 * time.Second); len(q.office.to("ann@visitor.example")) < 5 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if n := len(q.office.to("nobody@elsewhere.example")); n > 0 || len(q.office.to("ann@visitor.example")) < 5 {
		t.Errorf("%d letters to nobody, %d to somebody", n, len(q.office.to("ann@visitor.example")))
	}
}

// Who asks very often is stopped, and somebody else is not.
func TestRequestsAreBounded(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	c.form("/privacy/ask/copy", "policy", "quay", "address", "no address").wants(t, "no address", 422, "not an e-mail address")
	c.form("/privacy/ask/de-index", "policy", "quay", "address", ann).wants(t, "a right that is none here", 404)
	c.form("/privacy/ask/correct", "policy", "quay", "address", ann, "field", "contact.name", "to", " ").wants(t, "nothing that is right", 422, "Say what is right")
	c.form("/privacy/ask/copy", "policy", "quay", "address", ann, "wrote", strings.Repeat("x", 4001)).wants(t, "too long", 422, "4,000 characters")
	kim := q.token("kim", "officer")
	for field, body := range map[string]string{"agent": `{"right":"copy","identities":[{"kind":"email","value":"ann@visitor.example"}],"agent":"Bob\u0000","mandate":"a letter"}`,
		"identities": `{"right":"unrestrict","identities":[{"kind":"em\u0000ail","value":"x"}],"evidence":"seen","reason":"settled"}`} {
		r := c.do(post, "/api/v1/requests", body, jsonType, kim)
		isProblem(t, "a name that cannot be seen as "+field, r, 400)
		r.wants(t, "its field", 400, `"field":"`+field+`"`)
	}
	status := 0
	for i := 0; i < 60 && status != 429; i++ {
		status = c.form("/privacy/request/code", "number", "0000-0000", "code", fmt.Sprint(i)).status
	}
	if status != 429 {
		t.Errorf("after 60 tries the answer is %d", status)
	}
	for _, path := range []string{"/privacy/ask/copy", "/privacy/request/link", "/privacy/request/open", "/privacy/request/code", "/privacy/request/cancel", "/privacy/request/appeal",
		"/privacy/request/package", "/privacy/request/leave", "/privacy/certificate", "/privacy/me/ask", "/privacy/me/request"} {
		c.do(post, path, "policy=quay", "Content-Type: "+formType, "Sec-Fetch-Site: cross-site").wants(t, path+" from another site", 403)
	}
	for _, path := range []string{"/privacy/request", "/privacy/certificate?k=nothing", "/privacy/certificate?k=" + strings.Repeat("a", 400)} {
		if r := c.do(get, path, ""); r.status == 500 {
			t.Errorf("%s answers %d", path, r.status)
		}
	}
}

// Metrics tell how many requests there are and how many are late; the log is loud about these, and staff get a letter.
func TestRequestsOverdue(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	number, _ := c.ask("human-review", "address", ann)
	c.shows(q.office, ann, number)
	c.until("/privacy/request", `data-state="running"`)
	long := time.Now().AddDate(0, 0, -100)
	if err := q.s.db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE rights_cases SET received = ?, due = ?, remind = ? WHERE number = ?`, long, long.AddDate(0, 1, 0), long, number)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := q.s.watchOverRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	if log := q.book.String(); !strings.Contains(log, "OVERDUE") || !strings.Contains(log, number) || !strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the log is not loud about %s: %s", number, log)
	}
	q.office.wait(t, "team@quay.example", "OVERDUE: request "+number)
	w := httptest.NewRecorder()
	q.s.metrics.handler().ServeHTTP(w, httptest.NewRequest(get, "/metrics", nil))
	for _, line := range []string{`avow_requests{state="running"} 1`, "avow_requests_overdue 1"} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("metrics do not say %s", line)
		}
	}
	c.do(get, "/privacy/request", "").wants(t, "an overdue request", 200, "should have been answered")
}

// noPersonIn looks for values of people where none may stand.
func (q *quay) noPersonIn(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if contains(q.book.String(), text) {
			t.Errorf("the log of the server holds %q", text)
		}
	}
}

// What somebody stops is stopped in the gate, without showing who they are where the law asks
// none. Nothing of it is left to people where nobody receives data for themselves.
func TestRequestsToStop(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	c.form("/collect/newsletter", "policy", "quay", "contact.email", ann, "consent.newsletter", "yes").wants(t, "subscribing", 200)
	_, r := c.ask("stop-marketing", "address", "ANN@visitor.example")
	r.wants(t, "stopping", 200, "It counts")
	stopped := func() bool {
		ids, err := q.s.held(context.Background(), vault.Identity{Kind: vault.Email, Value: ann})
		if err != nil || len(ids) == 0 {
			t.Fatalf("%v, %v", ids, err)
		}
		list, err := q.s.consent.State(context.Background(), ids[0])
		if err != nil || len(list) != 1 || len(list[0].Topics) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0].Topics[0].Stopped
	}
	for end := time.Now().Add(20 * time.Second); !stopped() && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if !stopped() {
		t.Error("marketing goes on")
	}
	number, _ := c.ask("opt-out", "address", ann)
	kim := q.token("kim", "officer")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if r = c.do(get, "/api/v1/requests?ended=true", "", kim); strings.Contains(r.body, number) {
			break
		}
	}
	r.wants(t, "an opt-out, which the gate decides", 200, number)
	c.do(get, "/api/v1/requests/todo", "", kim).wants(t, "nothing is left to people", 200, `"open":[]`)
}
