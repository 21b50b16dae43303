package main

import (
	"os"
	"strings"
	"testing"
)

// TestPagesOfRequests asks, follows, fetches, is refused and is erased by clicking and typing, without scripts.
func TestPagesOfRequests(t *testing.T) {
	q := startQuay(t, ", remove: {when: request}, correct: {when: request}, stop-marketing: {when: at any time}")
	w := walk{t: t, p: browse(t), base: q.s.url}
	kim := q.token("kim", "officer")
	c := newCaller(t, q.s)

	w.open("/privacy", "Your data and choices")
	w.p.Inspect("requests-privacy")
	w.click(`main a[href="/privacy/ask"]`, "Ask us something")
	w.p.Click("details.card summary")
	w.p.Inspect("requests-ask")
	w.click(`a[href^="/privacy/ask/copy"]`, "Get a copy")
	w.p.Fill("#address", "not an address")
	w.click("main form button", "Get a copy")
	w.sees("[role=alert]", "not an e-mail address")
	w.p.Inspect("requests-ask-wrong")
	w.p.Fill("#address", ann)
	w.p.Fill("#wrote", "Everything since spring.")
	w.click("main form button", "Look at your mail")
	w.p.Inspect("requests-asked")
	number := w.p.Text(".number strong")
	letter := q.office.wait(t, ann, `(?s)`+number+`.*code (\d{8}).*(/privacy/request/open\?t=\S+)`)
	w.p.Fill("#code", "1234")
	w.click(`form[action$="/code"] button`, "Follow a request")
	w.sees("[role=alert]", "does not open that request")
	w.p.Inspect("requests-follow-wrong")
	w.open(letter[2], "Was it you?")
	w.p.Inspect("requests-open")
	w.click("main form button", "Your request "+number)
	c.at(w.id(c, number, kim), "closed", kim)
	w.open("/privacy/request", "Your request "+number)
	w.sees("main", "Download it")
	w.p.Inspect("requests-copy-ready")
	w.p.Stops(8, 40)
	w.click(`form[action$="/leave"] button`, "Your data and choices")
	w.open("/privacy/request", "Follow a request")
	w.p.Inspect("requests-follow")

	for path, heading := range map[string]string{"correct": "Have something corrected", "object": "Object to a use", "stop-marketing": "Stop marketing"} {
		w.open("/privacy/ask/"+path, heading)
		w.p.Inspect("requests-ask-" + path)
	}
	w.p.Fill("#address", "nobody@elsewhere.example")
	w.open("/privacy/ask/stop-marketing", "Stop marketing")
	w.p.Fill("#address", "nobody@elsewhere.example")
	w.click("main form button", "We have your request")
	w.p.Inspect("requests-stopped")

	q.refusedAndErased(w, kim)
}

// id finds a request by its number.
func (w *walk) id(c *caller, number, token string) string {
	w.t.Helper()
	for _, path := range []string{"/api/v1/requests", "/api/v1/requests?ended=true"} {
		for _, v := range answer[[]shownRequest](w.t, c.do(get, path, "", token)) {
			if v.Number == number {
				return v.Request
			}
		}
	}
	w.t.Fatalf("no request has the number %s", number)
	return ""
}

// refusedAndErased is the rest of the walk: a request that waits and is refused, and an erasure to its certificate.
func (q *quay) refusedAndErased(w walk, kim string) {
	if err := os.Rename(q.file("helpdesk.db"), q.file("gone.db")); err != nil {
		q.t.Fatal(err)
	}
	q.again()
	q.s.keys.Set(q.callers)
	w.base = q.s.url
	c := newCaller(q.t, q.s)
	made := c.do(post, "/api/v1/requests", `{"right":"correct","identities":[{"kind":"email","value":"ann@visitor.example"}],"livesIn":"US-VA",
		"corrections":[{"data":"contact.name","to":"Ann Elisabeth Visitor"}]}`, jsonType)
	made.wants(q.t, "asking by the interface", 201)
	number := answer[shownRequest](q.t, made).Number
	w.open(q.office.wait(q.t, ann, `(?s)`+number+`.*(/privacy/request/open\?t=\S+)`)[1], "Was it you?")
	w.click("main form button", "Your request "+number)
	q.stuck("helpdesk")
	w.open("/privacy/request", "Your request "+number)
	w.p.Click("section details summary")
	w.p.Inspect("requests-waits")
	c.do(post, "/api/v1/requests/"+w.id(c, number, kim)+"/refuse", `{"because":"The name is spelt as in the passport you showed us."}`, jsonType, kim).wants(q.t, "refusing", 200)
	w.open("/privacy/request", "Your request "+number)
	w.p.Inspect("requests-refused")
	w.p.Fill("#words", "I married since.")
	w.click(`form[action$="/appeal"] button`, "Your request "+number)
	w.p.Inspect("requests-appealed")

	if err := os.Rename(q.file("gone.db"), q.file("helpdesk.db")); err != nil {
		q.t.Fatal(err)
	}
	number, _ = c.ask("remove", "address", ann)
	w.open(q.office.wait(q.t, ann, `(?s)`+number+`.*(/privacy/request/open\?t=\S+)`)[1], "Was it you?")
	w.click("main form button", "Your request "+number)
	w.p.Inspect("requests-erasing")
	w.open(q.office.wait(q.t, ann, `(?s)was erased.*(/privacy/certificate\?k=\S+)`)[1], "Certificate of request "+number)
	w.p.Inspect("requests-certificate")
	w.open("/privacy/certificate?k=nothing", "This link does not work any more")
}

// TestPagesOfRequestsInAVisit asks from the page of somebody's data: for all systems, without showing again who they are.
func TestPagesOfRequestsInAVisit(t *testing.T) {
	q := startQuay(t, ", remove: {when: request, approved-by: officer}")
	w := walk{t: t, p: browse(t), base: q.s.url}
	kim := q.token("kim", "officer")
	c := newCaller(t, q.s)
	c.form("/collect/newsletter", "policy", "quay", "contact.email", ann, "consent.newsletter", "yes").wants(t, "subscribing", 200)
	w.open("/privacy", "Your data and choices")
	w.p.Fill("#address", ann)
	w.click("main form button", "Look at your mail")
	w.open(q.office.wait(t, ann, `(/privacy/open\?t=\S+)`)[1], "Open your data")
	w.click("main form button", "Your data and choices")
	w.sees("#requests + p", "You have asked us nothing yet")
	w.p.Inspect("requests-me")
	w.p.ClickTo(`form[action="/privacy/me/ask"] button.quiet`)
	number := strings.TrimPrefix(w.p.Text("h1"), "Your request ")
	v := c.at(w.id(c, number, kim), "closed", kim)
	if v.Right != "copy" || v.Door != "privacy-centre" {
		t.Errorf("the request is %+v", v)
	}
	w.open("/privacy/request", "Your request "+number)
	w.sees("main", "Download it")
	w.open("/privacy/ask/restrict", "Have it kept and not used")
	w.sees("form.card", ann)
	w.p.Inspect("requests-ask-visit")
	w.p.Fill("#wrote", "We are clearing up the address.")
	w.p.ClickTo("main form.card button")
	w.sees("h1", "Your request")
	w.sees(".eyebrow", "Have it kept and not used")
	w.open("/privacy/me", "Your data and choices")
	w.p.Click("#sure")
	w.p.ClickTo(`form[action="/privacy/me/ask"] button.stop`)
	number = strings.TrimPrefix(w.p.Text("h1"), "Your request ")
	id := w.id(c, number, kim)
	c.at(id, "approval", kim)
	w.open("/privacy/me", "Your data and choices")
	w.sees("#requests + section", "second person")
	w.p.Inspect("requests-me-listed")
	w.p.ClickTo(`form[action="/privacy/me/request"] button`)
	w.sees("main", "A second person looks")
	w.p.Inspect("requests-approval")
	w.click(`form[action$="/cancel"] button`, "Your request "+number)
	w.sees("[role=status]", "nothing was changed")
	w.p.Inspect("requests-cancelled")
	if got := q.text("shop.db", `SELECT name FROM customers WHERE id = 1`); got != "Ann Visitor" {
		t.Errorf("a cancelled erasure leaves %q", got)
	}
}
