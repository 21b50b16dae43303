package main

import (
	"net/url"
	"strings"
	"testing"
)

// What is wrong in a form stands in the form, with what was typed, in a visit as well as without; and what is not on the list stops nothing.
func TestFormsOfRequestsSayWhatIsWrong(t *testing.T) {
	q := startQuay(t, ", correct: {when: request}")
	c := newCaller(t, q.s)
	const long = "It is about the parcel of last week."
	wrong := func(what, path string, visit bool, text string, fields ...string) {
		t.Helper()
		fields = append(fields, "policy", "quay", "wrote", long)
		if visit {
			fields = append(fields, "visit", "yes")
		} else {
			fields = append(fields, "address", ann)
		}
		c.form(path, fields...).wants(t, what, 422, text, long, `role="alert"`)
	}
	for _, visit := range []bool{false, true} {
		if visit {
			c.form("/collect/newsletter", "policy", "quay", "contact.email", ann, "consent.newsletter", "yes").wants(t, "subscribing", 200)
			c.form("/privacy/link", "address", ann).wants(t, "asking for a link", 200)
			c.form("/privacy/open", "t", q.office.wait(t, ann, `/privacy/open\?t=(\S+)`)[1]).wants(t, "opening it", 303)
		}
		wrong("nothing in the place of something", "/privacy/ask/correct", visit, "Say what is right", "field", "contact.name", "to", " ")
		wrong("no address", "/privacy/ask/correct", visit, "What is right is an e-mail address", "field", "contact.email", "to", "nowhere")
		wrong("what nobody can see", "/privacy/ask/correct", visit, "characters that nobody can see", "field", "contact.name", "to", "An\x00n")
		wrong("what is not on the list any more", "/privacy/ask/object", visit, "not on our list any more", "of", "gone")
	}
	c.do(get, "/privacy/me", "").wants(t, "the page of their data", 200, "You have asked us nothing yet")

	for _, path := range []string{"/privacy/request/link", "/privacy/request/code"} {
		r := c.form(path, "number", "4821-773x", "code", "12345678")
		r.wants(t, path, 422, "not the number of a request", `value="4821-773x"`)
		if strings.Contains(r.body, "on its way") {
			t.Error("a letter is promised that cannot come")
		}
	}
}

// Whoever leaves a request has closed it, also for somebody who kept what opened it.
func TestLeavingARequestClosesIt(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	number, _ := c.ask("copy", "address", ann)
	c.shows(q.office, ann, number)
	c.until("/privacy/request", "Download it")
	at, err := url.Parse(q.s.url)
	if err != nil {
		t.Fatal(err)
	}
	kept := "Cookie: "
	for _, cookie := range c.client.Jar.Cookies(at) {
		kept += cookie.String() + "; "
	}
	other := newCaller(t, q.s)
	other.do(post, "/privacy/request/package", "", kept).wants(t, "before", 200)
	c.form("/privacy/request/leave").wants(t, "leaving", 303)
	other.do(post, "/privacy/request/package", "", kept).wants(t, "the package afterwards", 401)
	other.do(get, "/privacy/request", "", kept).wants(t, "the page afterwards", 401, "Ask for a new link")
	c.form("/privacy/request/leave").wants(t, "leaving again", 303)
}
