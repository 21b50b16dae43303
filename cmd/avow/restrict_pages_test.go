package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// restricts has the shop mark whose data is kept and not used.
func (q *quay) restricts() {
	q.t.Helper()
	q.exec("shop.db", `ALTER TABLE customers ADD COLUMN processing TEXT NOT NULL DEFAULT 'active'`)
	text := strings.Replace(quayShop, "    erase: clear\n", "    erase: clear\n    restriction: {column: processing, set: frozen, lift: active}\n", 1)
	if err := os.WriteFile(q.file("systems/shop.yaml"), []byte(text), 0o600); err != nil {
		q.t.Fatal(err)
	}
	q.again()
	q.s.keys.Set(q.callers)
}

// visit opens Ann's data by the link in her mail.
func (w *walk) visit(office *postOffice) {
	w.t.Helper()
	w.open("/privacy", "Your data and choices")
	w.p.Fill("#address", ann)
	w.click("main form button", "Look at your mail")
	w.open(office.wait(w.t, ann, `(/privacy/open\?t=\S+)`)[1], "Open your data")
	w.click("main form button", "Your data and choices")
}

// TestPagesOfARestriction restricts, changes her mind and has her data used again, without scripts, while one system is away.
func TestPagesOfARestriction(t *testing.T) {
	q := startQuay(t, "")
	kim := q.token("kim", "officer")
	q.restricts()
	c := newCaller(t, q.s)
	c.form("/collect/newsletter", "policy", "quay", "contact.email", ann, "consent.newsletter", "yes").wants(t, "subscribing", 200)
	w := walk{t: t, p: browse(t), base: q.s.url}
	w.visit(q.office)
	if w.p.Count(".restricted") != 0 {
		t.Error("a restriction is shown that nobody asked for")
	}
	w.open("/privacy/me/use-again", "Your data and choices")
	w.open("/privacy/ask/restrict", "Have it kept and not used")
	w.p.ClickTo("main form.card button")
	number := strings.TrimPrefix(w.p.Text("h1"), "Your request ")
	c.at(w.id(c, number, kim), "closed", kim)
	if got := q.text("shop.db", `SELECT processing FROM customers WHERE id = 1`); got != "frozen" {
		t.Fatalf("the shop says %q", got)
	}
	if err := os.Rename(q.file("helpdesk.db"), q.file("gone.db")); err != nil {
		t.Fatal(err)
	}
	q.again()
	q.s.keys.Set(q.callers)
	w.base, c = q.s.url, newCaller(t, q.s)
	w.open("/privacy/me", "Your data and choices")
	w.sees(".restricted", "because you asked for that")
	w.p.Inspect("restriction-mine")
	w.click(".restricted a.button", "Use my data again")
	w.p.Inspect("restriction-end")
	w.p.Stops(8, 40)
	w.click("main a.button", "Your data and choices")
	w.click(".restricted a.button", "Use my data again")
	w.click("main form.card button", "Your data and choices")
	w.sees("[role=status]", "used again as soon as all our systems know")
	w.sees(".restricted", "You asked us to use it again")
	if w.p.Count(".restricted a.button") != 0 {
		t.Error("what has begun to end is offered again")
	}
	w.p.Inspect("restriction-ending")
	number = regexp.MustCompile(`\d{4}-\d{4}`).FindString(w.p.Text(".restricted"))
	id := w.id(c, number, kim)
	q.stuck("helpdesk")
	if got := q.text("shop.db", `SELECT processing FROM customers WHERE id = 1`); got != "frozen" {
		t.Errorf("before every system was read the shop says %q", got)
	}
	if err := os.Rename(q.file("gone.db"), q.file("helpdesk.db")); err != nil {
		t.Fatal(err)
	}
	c.at(id, "closed", kim)
	if got := q.text("shop.db", `SELECT processing FROM customers WHERE id = 1`); got != "active" {
		t.Errorf("at the end the shop says %q", got)
	}
	q.office.wait(t, ann, `your data is used again, as the privacy policy says`)
	w.open("/privacy/me", "Your data and choices")
	if w.p.Count(".restricted") != 0 {
		t.Error("at the end a restriction is shown")
	}
	w.sees("#history + p + .card", "You had your data used again")
	w.open("/privacy/me/use-again", "Your data and choices")

	made := c.do(post, "/api/v1/requests", `{"right":"restrict","identities":[{"kind":"email","value":"ann@visitor.example"}],"evidence":"a dispute over a bill"}`, jsonType, kim)
	made.wants(t, "restricting by staff", 201)
	c.at(answer[shownRequest](t, made).Request, "closed", kim)
	w.open("/privacy/me", "Your data and choices")
	w.sees(".restricted", "our staff can tell you")
	if w.p.Count(".restricted a.button") != 0 {
		t.Error("what staff restricted is offered to her to end")
	}
	w.p.Inspect("restriction-by-staff")
	w.open("/privacy/me/use-again", "Your data and choices")

	// Staff are about to end it: she reads that first, and says no.
	c.do(post, "/api/v1/requests", `{"right":"unrestrict","identities":[{"kind":"email","value":"ann@visitor.example"}],"evidence":"the bill is paid","reason":"The dispute over your bill is settled."}`, jsonType, kim).
		wants(t, "lifting by staff", 201)
	w.open("/privacy/me", "Your data and choices")
	w.sees(".restricted .lifted", "The dispute over your bill is settled.")
	w.p.Inspect("restriction-ended-by-staff")
	no := q.office.wait(t, ann, `stays as it is, and nothing ends: \S+(/privacy/ask/restrict)`)[1]
	w.click(".restricted .lifted a", "Have it kept and not used")
	w.open(no, "Have it kept and not used")
	w.p.ClickTo("main form.card button")
	number = strings.TrimPrefix(w.p.Text("h1"), "Your request ")
	c.at(w.id(c, number, kim), "closed", kim)
	w.open("/privacy/me", "Your data and choices")
	w.sees(".restricted", "our staff can tell you")
	if w.p.Count(".restricted .lifted") != 0 {
		t.Error("she said no, and reads that it ends")
	}
}
