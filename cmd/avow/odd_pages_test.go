package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// What people are called and what staff write to them, where pages come apart by it.
var (
	oddAddress = strings.Repeat("longer.", 8) + "n@" + strings.Repeat("very-long-name.", 12) + "example"
	oddName    = "Ἀννα-María " + strings.Repeat("Wolfeschlegelsteinhausen", 6) + " 👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈"
	oddRight   = "آنا بنت یوسف (Ann) \u200fשלום\u200e <b>&amp;</b>"
	oddStreet  = "1 Kade\nback house\n" + strings.Repeat("x", 300)
	oddReason  = "We wrote to you on 3 March:\n\n- " + strings.Repeat("Donaudampfschiff", 20) + "\n- لأنك طلبت ذلك من قبل 🙂\n\nhttps://quay.example/" + strings.Repeat("a-long-way/", 30)
)

// startOdd starts the quay with what it does not have: a form with a name and a street, and forty systems that are people's to look through.
func startOdd(t *testing.T) *quay {
	t.Helper()
	q := startQuay(t, "")
	if err := q.s.stop(); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(quayPolicy, "%s", ", correct: {when: request}, restrict: {when: request}", 1)
	text = strings.Replace(text, "needs: contact.email,", "needs: contact.email, may-have: [contact.name, contact.address],", 1)
	text = strings.Replace(text, "uses: [contact.email],", "uses: [contact],", 1)
	q.write("policy.yaml", text)
	for i := range 40 {
		q.write(fmt.Sprintf("systems/binder%02d.yaml", i), fmt.Sprintf("system: binder%02d\ntitle: %s %d\nkind: manual\ntask: {who: archive, do: Look through the binder., within: 5 days}\n", i, "Binder", i))
	}
	q.s, q.book = startPlain(t, t.TempDir(), func(c *serverConfig) {
		c.Policy, c.Systems, c.SMTP = []string{q.file("policy.yaml")}, q.dir, "smtp+plain://"+q.office.addr
	})
	return q
}

// asks has staff take something down for somebody.
func (q *quay) asks(right law.Right, address string) cases.Taken {
	q.t.Helper()
	r, err := q.s.requests.Take(context.Background(), cases.Ask{Right: right, Policy: "quay", Door: cases.Staff, By: "kim", Evidence: "a letter",
		Identities: []cases.Identity{{Kind: "email", Value: address}}})
	if err != nil {
		q.t.Fatal(err)
	}
	return r
}

// TestPagesOfOddContents looks at the pages of requests with contents that are hard to lay out: names without a gap, from right to left,
// of many parts; a great many requests of one person; one with more than forty steps; what staff write in several lines.
func TestPagesOfOddContents(t *testing.T) {
	q := startOdd(t)
	kim := q.token("kim", "officer")
	bg := context.Background()
	c := newCaller(t, q.s)
	c.form("/collect/newsletter", "policy", "quay", "contact.email", oddAddress, "contact.name", oddName, "contact.address", oddStreet, "consent.newsletter", "yes").wants(t, "subscribing", 200)
	w := walk{t: t, p: browse(t), base: q.s.url}
	w.open("/privacy", "Your data and choices")
	w.p.Fill("#address", oddAddress)
	w.click("main form button", "Look at your mail")
	w.open(q.office.wait(t, oddAddress, `(/privacy/open\?t=\S+)`)[1], "Open your data")
	w.click("main form button", "Your data and choices")
	w.sees("main", "🏳️\u200d🌈")
	w.p.Inspect("odd-me")

	if n := w.p.Count(`details.fix textarea`); n != 1 {
		t.Errorf("%d values are corrected in several lines, one has them", n)
	}
	name := `details.fix:has(input[value*="Wolfe"])`
	w.p.Click(name + " summary")
	w.p.Fill(name+" input[type=text]", oddRight)
	w.click(name+" button", "Your data and choices")
	w.sees(`[data-label=Value] bdi`, "back house")
	w.sees("main", "آنا بنت یوسف")
	w.p.Inspect("odd-me-right-to-left")

	for range 200 {
		r := q.asks(law.Restrict, oddAddress)
		if err := q.s.requests.Cancel(bg, r.ID, "kim"); err != nil {
			t.Fatal(err)
		}
	}
	steps := q.asks(law.Copy, oddAddress)
	c.at(steps.ID.String(), "running", kim)
	w.open("/privacy/me", "Your data and choices")
	w.p.Inspect("odd-me-many")
	if n := w.p.Count(`form[action="/privacy/me/request"]`); n != cases.MostMine {
		t.Errorf("%d requests are listed", n)
	}
	w.sees("main", "The newest 50 are listed. An older one opens by its number.")
	w.sees("main", "40 earlier requests")
	w.sees("main", "earlier events")
	if n := w.p.Count(`details.older:not([open])`); n != 2 {
		t.Errorf("%d lists are folded", n)
	}
	w.p.ClickTo(`form[action="/privacy/me/request"] button`)
	w.sees("h1", steps.Number)
	w.p.Inspect("odd-request-steps")

	refused := q.asks(law.Restrict, oddAddress)
	if err := q.s.requests.Refuse(bg, refused.ID, "kim", oddReason); err != nil {
		t.Fatal(err)
	}
	w.open("/privacy/me", "Your data and choices")
	w.p.ClickTo(`form[action="/privacy/me/request"] button`)
	w.sees("h1", refused.Number)
	w.sees("main", "🙂")
	w.p.Inspect("odd-request-refused")
}
