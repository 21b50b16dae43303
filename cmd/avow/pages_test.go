package main

import (
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/web/webtest"
)

// browse opens a tab in which no script of a page runs, as in a browser that has
// scripts switched off: every page must do without.
func browse(t *testing.T) *webtest.Page {
	t.Helper()
	p := webtest.Browser(t).Tab()
	p.Scripts(false)
	return p
}

// TestPagesOfTheStory walks the demonstration by clicking and typing, as a
// newcomer does, and inspects every page on the way.
func TestPagesOfTheStory(t *testing.T) {
	s, _ := startDemo(t, "")
	w := walk{t: t, p: browse(t), base: s.url}

	w.open("/", "A promise, kept")
	w.p.Inspect("start")
	w.click(`a[href="/mailbox"]`, "Mailbox")
	w.p.Inspect("mailbox-empty")
	w.open("/", "A promise, kept")
	w.click(`main a[href="/policy/harbour"]`, "Privacy policy")
	w.p.Inspect("notice")

	w.open("/", "A promise, kept")
	w.click(`main a[href="/site"]`, "Everything for a safe landing")
	w.p.Inspect("site")
	w.click(`main a[href="/forms/newsletter"]`, "Newsletter")
	w.p.Inspect("form-newsletter")
	w.p.Fill("#contact-email", "not an address")
	w.click("main form button", "Newsletter")
	w.sees(".error", "not an e-mail address")
	w.p.Inspect("form-newsletter-wrong")
	w.p.Fill("#contact-name", "Ann Visitor")
	w.p.Fill("#contact-email", ann)
	w.p.Click("#consent-newsletter")
	w.click("main form button", "Thank you")
	w.p.Inspect("accepted")

	w.asks(ann, "newsletter", "No")
	w.letter("Please confirm", "Please confirm")
	w.p.Inspect("confirm")
	w.click("main form button", "Confirmed")
	w.p.Inspect("confirmed")
	w.asks(ann, "newsletter", "Yes")
	w.p.Inspect("start-yes")
	w.asks(ann, "advertiser", "No")
	w.p.Inspect("start-no")

	w.click(`main a[href="/privacy"]`, "Your data and choices")
	w.p.Inspect("privacy")
	w.p.Fill("#address", "not an address")
	w.click("main form button", "Your data and choices")
	w.sees("[role=alert]", "not an e-mail address")
	w.p.Inspect("privacy-wrong")
	w.p.Fill("#address", ann)
	w.click("main form button", "Look at your mail")
	w.p.Inspect("told")
	w.letter("Your link", "Open your data")
	w.p.Inspect("open")
	w.click("main form button", "Your data and choices")
	w.sees("main", "Ann Visitor")
	w.p.Inspect("me")
	w.click("button[name=withdraw]", "Your data and choices")
	w.sees("[role=status]", "true from now on")
	w.p.Inspect("me-changed")
	w.asks(ann, "newsletter", "No")
	w.open("/mailbox", "Mailbox")
	w.p.Inspect("mailbox")

	w.open("/privacy/me", "Your data and choices")
	w.p.Click("#sure")
	w.click(`form[action="/privacy/erase"] button`, "You are erased")
	w.p.Inspect("erased")
}

// TestPagesBesideTheStory inspects the pages the story does not come by.
func TestPagesBesideTheStory(t *testing.T) {
	s, _ := startDemo(t, "")
	w := walk{t: t, p: browse(t), base: s.url}

	for point, heading := range map[string]string{"white-paper": "White paper", "webinar": "Webinar", "competition": "Competition", "purchase": "Order", "contact": "Contact us"} {
		w.open("/forms/"+point, heading)
		w.p.Inspect("form-" + point)
	}
	w.open("/forms/competition", "Competition")
	w.p.Fill("#contact-name", "Cas Customer")
	w.p.Fill("#contact-email", cas)
	w.p.Fill("#entries-answer", "Forty-two")
	w.p.Fill("#age", "12")
	w.click("main form button", "Competition")
	w.sees(".error", "below 18")
	w.p.Inspect("form-competition-wrong")

	w.order()
	w.p.Inspect("accepted-order")
	w.enter()
	w.p.Inspect("me-customer")
	w.p.Click(`details.fix summary`)
	w.p.Inspect("me-correcting")
	w.p.Fill(`details.fix[open] input[type=text]`, "Cas van der Kade")
	w.click(`details.fix[open] button`, "Your data and choices")
	w.sees("[role=status]", "corrected")
	w.sees("main", "Cas van der Kade")
	w.p.Click("#sure")
	w.click(`form[action="/privacy/erase"] button`, "Erased, but for what a law keeps")
	w.p.Inspect("erased-kept")

	publishExample(t, s, "harbour-demo/v2.yaml")
	w.open("/policy/harbour/versions", "Privacy policy: versions and changes")
	w.sees("main", "widens")
	w.p.Inspect("versions")
	w.open("/policy/harbour/versions/1", "Privacy policy")
	w.p.Inspect("notice-version-1")
	w.open("/policy/harbour", "Privacy policy")
	w.p.Inspect("notice-version-2")

	w.open("/nowhere", "There is no such page")
	w.p.Inspect("not-found")
	w.open("/confirm?t=nothing", "This link does not work any more")
	w.p.Inspect("link-used")
	w.open("/privacy/me", "Your data and choices")
	w.sees("[role=alert]", "open your link first")
	w.p.Inspect("no-visit")
}

// TestKeyboardOnPages goes through pages with the tab key alone, and sees each time where it is.
func TestKeyboardOnPages(t *testing.T) {
	s, _ := startDemo(t, "")
	w := walk{t: t, p: browse(t), base: s.url}
	w.order()
	w.enter()
	w.p.Stops(25, 60)
	w.open("/", "A promise, kept")
	w.p.Stops(20, 60)
	w.open("/forms/purchase", "Order")
	w.p.Stops(15, 60)
	w.open("/policy/harbour", "Privacy policy")
	w.p.Stops(30, 30)
}

// TestPagesOfAPlainServer inspects what somebody sees who starts a server of their own.
func TestPagesOfAPlainServer(t *testing.T) {
	dir := t.TempDir()
	empty, _ := startPlain(t, dir, nil)
	w := walk{t: t, p: browse(t), base: empty.url}
	w.open("/", "avow is running")
	w.p.Inspect("welcome-empty")
	publishExample(t, empty, "harbour-demo/policy.yaml")
	publishExample(t, empty, "vendor-2021/policy.yaml")
	w.open("/", "Harbour")
	w.p.Inspect("welcome")
	w.click(`main a[href^="/policy/"]`, "Privacy policy")
}

const cas = "cas@customer.example"

// order buys something, so that there is something a law makes the shop keep.
func (w *walk) order() {
	w.t.Helper()
	w.open("/forms/purchase", "Order")
	w.p.Fill("#contact-name", "Cas Customer")
	w.p.Fill("#contact-email", cas)
	w.p.Fill("#contact-address", "2 Kade, Rotterdam")
	w.p.Fill("#orders-items", "1 ship's bell")
	w.click("main form button", "Thank you")
}

// enter opens the privacy centre by the link in a letter.
func (w *walk) enter() {
	w.t.Helper()
	w.open("/privacy", "Your data and choices")
	w.p.Fill("#address", cas)
	w.click("main form button", "Look at your mail")
	w.letter("Your link", "Open your data")
	w.click("main form button", "Your data and choices")
}

// walk is somebody who clicks through pages and says what they expect.
type walk struct {
	t    *testing.T
	p    *webtest.Page
	base string
}

// open goes to a page and expects its heading.
func (w *walk) open(path, heading string) {
	w.t.Helper()
	w.p.Go(w.base + path)
	w.headed(heading)
}

// click follows a link or presses a button, and expects the heading of what comes.
func (w *walk) click(selector, heading string) {
	w.t.Helper()
	w.p.ClickTo(selector)
	w.headed(heading)
}

func (w *walk) headed(heading string) {
	w.t.Helper()
	if at := w.p.URL(); contains(at, "visitor") || contains(at, "customer") || contains(at, "%40") {
		w.t.Errorf("a personal value stands in the address %s", at)
	}
	if h := w.p.Text("h1"); h != heading {
		w.t.Fatalf("%s is headed %q, want %q", w.p.URL(), h, heading)
	}
}

// sees expects a text in what a selector finds first.
func (w *walk) sees(selector, text string) {
	w.t.Helper()
	if got := w.p.Text(selector); !contains(got, text) {
		w.t.Fatalf("%s: %s says %q, without %q", w.p.URL(), selector, got, text)
	}
}

// asks asks on the start page what may be done with an address.
func (w *walk) asks(address, question, answer string) {
	w.t.Helper()
	w.open("/", "A promise, kept")
	w.p.Fill("#address", address)
	w.click(`button[value="`+question+`"]`, "A promise, kept")
	w.sees("#answer", answer)
}

// letter opens the newest letter whose subject begins so, by its link.
func (w *walk) letter(subject, heading string) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		w.open("/mailbox", "Mailbox")
		if w.p.Count("article") > 0 && contains(w.p.Text("article h2"), subject) {
			w.click("article a", heading)
			return
		}
	}
	w.t.Fatalf("no letter %q came", subject)
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
