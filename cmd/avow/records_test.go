package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/web/webtest"
)

// TestAdministratorIsFoundOut clicks through the steps of the story that end in a red
// page, without scripts, and looks at it as everybody may meet it.
func TestAdministratorIsFoundOut(t *testing.T) {
	s, _ := startDemo(t, "")
	w := walk{t: t, p: browse(t), base: s.url}
	w.open("/", "A promise, kept")
	w.click(`form[action="/demo/insider"] button`, "There is no such page") // nobody has chosen anything
	w.sees("main", "Nobody has chosen")
	w.subscribe()
	w.open("/", "A promise, kept")
	w.click(`form[action="/demo/insider"] button`, "A promise, kept")
	w.sees(".alarm", "Event ")
	w.sees(".alarm", "changed")
	w.p.Inspect("start-red")
	w.open("/log", "The log")
	w.sees(".alarm", "Event ")
	w.p.Inspect("log-red")
	w.open("/", "A promise, kept")
	w.click(`form[action="/demo/insider/undo"] button`, "A promise, kept")
	w.sees(".records", "each is what was recorded")
	if w.p.Count(".alarm") != 0 {
		t.Error("the page is still red")
	}
	w.p.Inspect("start-sound")
	w.open("/log", "The log")
	w.sees("main", "unwitnessed")
	w.p.Inspect("log")
}

// When the person chooses again while their row is edited, undoing the edit leaves what they chose.
func TestUndoLeavesWhatWasChosenSince(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.known(ann)
	c.form("/confirm", "t", c.token(ann, "/confirm")).wants(t, "confirming", http.StatusOK)
	c.enter(ann)
	c.form("/demo/insider").wants(t, "editing", http.StatusSeeOther)
	c.form("/demo/insider").wants(t, "editing twice", http.StatusConflict, "edited already")
	c.form("/privacy/choices", "policy", "harbour", "give", "newsletter").wants(t, "choosing again", http.StatusSeeOther)
	c.form("/demo/insider/undo").wants(t, "undoing", http.StatusSeeOther)
	c.do(get, "/", "").wants(t, "the start page", http.StatusOK, `data-records="sound"`)
	c.do(get, "/privacy/me", "").wants(t, "the privacy centre", http.StatusOK, "you said yes")
	c.form("/demo/insider/undo").wants(t, "undoing twice", http.StatusConflict, "Nothing was edited")
}

// subscribe says yes to the newsletter, and confirms it.
func (w *walk) subscribe() {
	w.t.Helper()
	w.open("/forms/newsletter", "Newsletter")
	w.p.Fill("#contact-email", cas)
	w.p.Click("#consent-newsletter")
	w.click("main form button", "Thank you")
	w.letter("Please confirm", "Please confirm")
	w.click("main form button", "Confirmed")
}

// TestReceiptFromHistory takes the receipts of somebody's history from a real server, and
// checks them in a browser and with the program's own verifier, before and after the person is erased.
func TestReceiptFromHistory(t *testing.T) {
	s, _ := startDemo(t, "")
	w := walk{t: t, p: webtest.Browser(t).Tab(), base: s.url}
	w.subscribe()
	c := newCaller(t, s)
	c.enter(cas)
	c.form("/privacy/choices", "policy", "harbour", "withdraw", "newsletter").wants(t, "taking it back", http.StatusSeeOther)
	var receipts []string
	for _, event := range regexp.MustCompile(`name="event" value="([^"]+)"`).FindAllStringSubmatch(c.do(get, "/privacy/me", "").body, -1) {
		r := c.form("/privacy/receipt", "event", event[1])
		r.wants(t, "a receipt", http.StatusOK, event[1])
		if r.header.Get("Content-Disposition") == "" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("a receipt came with %v", r.header)
		}
		receipts = append(receipts, r.body)
	}
	if len(receipts) < 5 {
		t.Fatalf("%d receipts", len(receipts))
	}
	c.form("/privacy/receipt", "event", "nonsense").wants(t, "no event", http.StatusNotFound)
	c.do(get, "/privacy/me", "").wants(t, "the history", http.StatusOK, "You took a receipt")
	check := func() {
		t.Helper()
		w.open("/verify", "Check a receipt")
		w.p.Offline(true)
		defer w.p.Offline(false)
		for _, text := range receipts {
			r, err := proof.ParseReceipt([]byte(text))
			if err != nil {
				t.Fatalf("%v: %.200s", err, text)
			}
			if err := r.Verify(s.ledger.Key()); err != nil {
				t.Errorf("%s: %v", r.EventType, err)
			}
			if got := w.checks(text); got != "proved" {
				t.Errorf("%s: the page says %s", r.EventType, got)
			}
		}
	}
	check()
	w.p.Inspect("verify")
	w.enter()
	w.p.Inspect("me-receipts")
	w.p.Click("#sure")
	w.click(`form[action="/privacy/erase"] button`, "You are erased")
	check()
}

// checks pastes a receipt and gives the verdict of the page.
func (w *walk) checks(receipt string) string {
	w.t.Helper()
	text, err := json.Marshal(receipt)
	if err != nil {
		w.t.Fatal(err)
	}
	return webtest.Ask[string](w.p, `(async () => {
		const result = document.getElementById("result");
		result.dataset.verdict = "";
		document.getElementById("text").value = `+string(text)+`;
		document.querySelector("#check button").click();
		while (result.dataset.verdict === "") await new Promise((done) => setTimeout(done, 1));
		return result.dataset.verdict;
	})()`)
}

// Another site's page can neither take a receipt nor play the administrator.
func TestOtherSitesTakeNoReceipts(t *testing.T) {
	s, _ := startDemo(t, "")
	for _, path := range []string{"/privacy/receipt", "/demo/insider", "/demo/insider/undo"} {
		r, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(url.Values{"event": {"x"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %s", path, res.Status)
		}
	}
}

// A server that is no demonstration gives entries to auditors alone, and has no administrator to play.
func TestPlainServerHandsOutHashes(t *testing.T) {
	s, _ := startPlain(t, t.TempDir(), nil, "harbour-demo/policy.yaml")
	size := int64(0)
	for path, want := range map[string]int{"/log/checkpoint": 200, "/log/key": 200, "/log": 200, "/verify": 200, "/log/tile/entries/000.p/1": 401, "/demo/insider": 404} {
		res, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, res.Status, want)
		}
	}
	state, err := s.records(context.Background())
	if size = state.Size; err != nil || size < 1 || state.Origin == "" {
		t.Fatalf("%+v, %v", state, err)
	}
	res, err := http.Get(fmt.Sprintf("%s/log/tile/0/000.p/%d", s.url, size))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("hashes: %s", res.Status)
	}
}
