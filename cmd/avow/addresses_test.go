package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const casAtHome = "cas@home.customer.example"

// TestPagesOfAddresses goes through all that a person does about the addresses that find
// them, and inspects each page on the way.
func TestPagesOfAddresses(t *testing.T) {
	s, _ := startDemo(t, "")
	w := walk{t: t, p: browse(t), base: s.url}
	w.order()
	w.enter()
	w.employed(s, cas, "Harbour Ltd")
	const me = "Your data and choices"

	w.open("/privacy/me", me)
	w.p.Fill("#another", "not an address")
	w.click(`form[action="/privacy/addresses"] button`, me)
	w.sees("#another-error", "not an e-mail address")
	w.p.Inspect("addresses-wrong")
	w.p.Fill("#another", casAtHome)
	w.click(`form.card[action="/privacy/addresses"] button`, me)
	w.sees("[role=status]", "on its way")
	w.sees("main", "not shown to be yours")
	w.p.Inspect("addresses-added")

	w.letter("Is this address yours", "Is this address yours?")
	w.sees("form", "You are here as "+cas)
	w.p.Inspect("address-link")
	w.p.Stops(6, 30)
	link := w.p.URL()
	w.open("/privacy/me", me)
	w.sees("main", "not shown to be yours") // opening the link changed nothing
	w.p.Go(link)
	w.click("main form button", me)
	w.sees("[role=status]", "The address is yours")
	if w.p.Count(".choice .wait") != 0 {
		t.Error("the address still waits")
	}
	w.p.Inspect("addresses-mine")
	w.p.Stops(25, 80)

	w.p.Click(`details.fix:has(#employer) summary`)
	w.p.Inspect("employer")
	w.p.Fill("#employer", "Pier Ltd")
	w.click(`form[action="/privacy/employer"] button`, me)
	w.sees("main", "Pier Ltd")
	w.click(`form[action="/privacy/addresses/remove"] button`, me)
	w.sees("[role=status]", "removed")
	w.sees("main", "It is the only one, so it stays")
	w.p.Inspect("addresses-one")

	w.p.Go(link)
	w.click("main form button", "This link does not work any more")
	w.click(`a[href="/privacy"]`, me)
	w.open("/privacy/me", me)
	w.click(`form[action="/privacy/leave"] button`, me)
	w.p.Go(link)
	w.sees("form", "Go on in the browser where your data is open")
	w.p.Inspect("address-link-no-visit")
	w.click("main form button", me)
	w.sees("[role=alert]", "open your link first")
}

// employed says for whom somebody acts, as an import does.
func (w *walk) employed(s *server, address, employer string) {
	w.t.Helper()
	err := s.db.Write(w.t.Context(), func(tx *store.Tx) error {
		found, err := s.vault.Find(tx, vault.Identity{Kind: vault.Email, Value: address})
		if err != nil {
			return err
		}
		return s.vault.SetEmployer(tx, found[0].Subject, employer)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAddressFormsOfOtherSites(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.known(ann)
	c.enter(ann).wants(t, "entering", 303)
	c.form("/privacy/addresses", "address", "anna@visitor.example").wants(t, "adding", 303)
	token := c.token("anna@visitor.example", "/privacy/address")
	for _, path := range []string{"/privacy/addresses", "/privacy/addresses/remove", "/privacy/address", "/privacy/employer"} {
		for _, header := range []string{"Sec-Fetch-Site: cross-site", "Origin: https://elsewhere.example"} {
			c.do(post, path, "sure=yes&kind=email&address=anna%40visitor.example&t="+token, "Content-Type: "+formType, header).wants(t, path+" with "+header, 403)
		}
		newCaller(t, s).form(path, "sure", "yes", "kind", "email", "address", "anna@visitor.example", "t", token).wants(t, path+" without a visit", 401)
	}
	c.do(get, "/privacy/address?sure=yes&t="+token, "").wants(t, "a link that is only opened", 200, "You are here as", ann)
	c.do(get, "/privacy/me", "").wants(t, "after all of that", 200, "not shown to be yours")
	c.form("/privacy/address", "t", token).wants(t, "without being sure", 200, "You are here as", ann)
	c.form("/privacy/address", "t", token, "sure", "yes").wants(t, "in her visit", 303)
	c.form("/privacy/address", "t", token, "sure", "yes").wants(t, "again", 401)
}

// TestAddressOfSomebodyElse looks at what somebody is answered who adds an address.
func TestAddressOfSomebodyElse(t *testing.T) {
	s, book := startDemo(t, "")
	victim := newCaller(t, s)
	victim.known(ann)
	victim.enter(ann).wants(t, "entering", 303)
	c := newCaller(t, s)
	c.form("/collect/contact", "policy", "harbour", "contact.email", "eve@visitor.example", "contact.name", "Eve Other", "messages.text", "Hello").wants(t, "writing", 200)
	c.enter("eve@visitor.example").wants(t, "entering", 303)

	seen := map[string]reply{}
	for _, address := range []string{ann, "nobody@visitor.example"} {
		r := c.form("/privacy/addresses", "address", address)
		r.header.Del("Date")
		r.header.Del("X-Request-Id")
		seen[address] = r
	}
	known, unknown := seen[ann], seen["nobody@visitor.example"]
	if known.status != 303 || known.body != unknown.body || fmt.Sprint(known.header) != fmt.Sprint(unknown.header) {
		t.Errorf("the answers differ:\n%d %v\n%d %v", known.status, known.header, unknown.status, unknown.header)
	}
	me := c.do(get, "/privacy/me", "").body
	if strings.Contains(me, "Ann Visitor") {
		t.Error("Eve sees Ann's name")
	}
	shown := func(address string) string {
		_, rest, _ := strings.Cut(me, "<p><strong><bdi>"+address)
		row, _, _ := strings.Cut(rest, `<div class="choice">`)
		row, _, _ = strings.Cut(row, "</section>")
		return strings.ReplaceAll(row, address, "X")
	}
	if row := shown(ann); !strings.Contains(row, "not shown to be yours") || row != shown("nobody@visitor.example") {
		t.Errorf("the page tells which is known: %q and %q", row, shown("nobody@visitor.example"))
	}

	for address, people := range map[string]int{ann: 1, "nobody@visitor.example": 0, "eve@visitor.example": 1} {
		ids, err := s.held(t.Context(), vault.Identity{Kind: vault.Email, Value: address})
		if err != nil || len(ids) != people {
			t.Errorf("a decision about %s is about %d people, want %d: %v", address, len(ids), people, err)
		}
	}

	token := victim.token(ann, "/privacy/address")
	victim.form("/privacy/address", "t", token, "sure", "yes").wants(t, "Eve's link in Ann's visit", 403, "nothing was changed")
	if strings.Contains(victim.do(get, "/privacy/me", "").body, "Eve Other") {
		t.Error("Ann was joined with Eve")
	}
	for _, secret := range []string{"eve@", "ann@", "nobody@", token} {
		if strings.Contains(book.String(), secret) {
			t.Errorf("%q stands in the log", secret)
		}
	}
}
