package web_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/web/webtest"
)

// checker is the page that checks receipts, open in a browser whose connection is cut.
type checker struct {
	t *testing.T
	h *house
	p *webtest.Page
	// good are receipts of a consent, of something without a person, and of the first event.
	good []proof.Receipt
	log  *signed
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	c := &checker{t: t}
	c.h = newHouse(t, func(h *house) {
		consent := json.RawMessage(`{"privacyNotice":"https://quay.example/policy","language":"en","shown":"Yes, send me <the> newsletter & more.","purposes":[{"purpose":"newsletter","title":"Newsletter","lawfulBasis":"consent","piiInformation":["contact.email"],"retentionPeriod":"1 year"}],"piiControllers":[],"recipientThirdParties":[],"jurisdiction":"NL","storageLocations":[],"withdrawalMethod":"privacy centre","eventState":"given","validityDuration":"until withdrawn","entityId":"the person"}`)
		made := h.happen(ledger.Event{Type: ledger.ConsentGiven, Subject: avow.NewID(h.now), Policy: "harbour", Version: 1, Body: consent, Ours: true},
			ledger.Event{Type: ledger.Erased, Body: json.RawMessage(`{"values":3,"how":"Ünïcödé 🚢"}`)})
		for range 40 {
			made = append(made, h.happen(ledger.Event{Type: ledger.Collected, Policy: "harbour", Version: 1})...)
		}
		c.log = h.sign()
		h.config.Ledger = c.log
		for _, r := range []proof.Receipt{made[0], made[1], made[41]} {
			c.good = append(c.good, c.log.prove(t, r))
		}
	})
	c.p = webtest.Browser(t).Open(c.h.base + "/verify")
	for !c.h.icon.Load() { // the test's own limit ends a wait for what never comes
		time.Sleep(10 * time.Millisecond)
	}
	c.p.Offline(true)
	c.h.asked.Store(0)
	return c
}

// outcome is what the page shows of a receipt.
type outcome struct {
	Verdict string   `json:"verdict"`
	Steps   []string `json:"steps"`
	Says    string   `json:"says"`
	Focus   string   `json:"focus"`
}

// checkAll pastes texts one after the other, presses the button and reads the page.
func (c *checker) checkAll(texts []string, key string) []outcome {
	c.t.Helper()
	return webtest.Ask[[]outcome](c.p, `(async (texts, key) => {
		const result = document.getElementById("result"), out = [];
		document.getElementById("key").value = key;
		for (const text of texts) {
			result.dataset.verdict = "";
			document.getElementById("text").value = text;
			document.querySelector("#check button").click();
			while (result.dataset.verdict === "") await new Promise((done) => setTimeout(done, 1));
			out.push({verdict: result.dataset.verdict, steps: [...result.querySelectorAll(".checks li")].map((li) => li.dataset.state),
				says: result.querySelector(".verdict").textContent, focus: document.activeElement.id});
		}
		return out;
	})(`+asJSON(c.t, texts)+`, `+asJSON(c.t, key)+`)`)
}

func (c *checker) check(text, key string) outcome {
	c.t.Helper()
	return c.checkAll([]string{text}, key)[0]
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A good receipt is proved, with the connection cut, as it is and as it was pretty-printed;
// nothing is asked of the server.
func TestGoodReceipts(t *testing.T) {
	c := newChecker(t)
	for i, r := range c.good {
		pretty, err := json.MarshalIndent(r, "", "   ")
		c.h.check(err)
		for _, text := range []string{asJSON(t, r), string(pretty)} {
			if got := c.check(text, c.log.Key()); got.Verdict != "proved" || len(got.Steps) != 6 || got.Focus != "outcome" {
				t.Errorf("receipt %d: %+v", i, got)
			}
		}
		if err := r.Verify(c.log.Key()); err != nil { // the program says the same
			t.Errorf("receipt %d: %v", i, err)
		}
	}
	if n := c.h.asked.Load(); n != 0 {
		t.Errorf("the page asked the server %d times while it checked", n)
	}
	c.p.Inspect("verify-proved")
}

// Whatever is changed in a receipt, wherever, it is proved no more; a change that says
// something else is told from one that leaves a step out.
func TestSpoiltReceipts(t *testing.T) {
	c := newChecker(t)
	for _, r := range c.good {
		var names, texts []string
		for name, text := range spoilt(t, r) {
			names, texts = append(names, name), append(texts, text)
		}
		if len(texts) < 60 {
			t.Fatalf("only %d ways to spoil a receipt", len(texts))
		}
		for i, got := range c.checkAll(texts, c.log.Key()) {
			want := "broken"
			if strings.HasPrefix(names[i], "with more") || names[i] == "without proof.log" {
				want = "partly"
			}
			if got.Verdict != want {
				t.Errorf("%s: %+v, want %s\n%s", names[i], got, want, texts[i])
			}
		}
	}
	c.p.Inspect("verify-broken")
}

// spoilt is a receipt changed in every place there is, by what was changed.
func spoilt(t *testing.T, r proof.Receipt) map[string]string {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, r)), &whole); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	change(whole, "", func(name string) { out[name] = asJSON(t, whole) })
	for i, line := range strings.Split(r.Proof.Log, "\n") {
		worse := r
		worse.Proof.Log = strings.Replace(r.Proof.Log, line+"\n", other(line)+"\n", 1)
		out[fmt.Sprintf("line %d of proof.log", i)] = asJSON(t, worse)
		worse.Proof.Log = strings.Replace(r.Proof.Log, line+"\n", "", 1)
		out[fmt.Sprintf("without line %d of proof.log", i)] = asJSON(t, worse)
	}
	for _, b := range []struct {
		name string
		of   func(*proof.Receipt) *[]byte
	}{{"leaf", func(r *proof.Receipt) *[]byte { return &r.Proof.Leaf }}, {"salt", func(r *proof.Receipt) *[]byte { return &r.Proof.Salt }}} {
		for i := range *b.of(&r) {
			worse := r
			bytes := slices.Clone(*b.of(&r))
			bytes[i] ^= 0x40
			*b.of(&worse) = bytes
			out[fmt.Sprintf("byte %d of %s", i, b.name)] = asJSON(t, worse)
		}
	}
	for i := 0; i < len(r.Document); i += 3 {
		worse := r
		worse.Document = r.Document[:i] + string(rune('!'+(r.Document[i]+7)%90)) + r.Document[i+1:]
		out[fmt.Sprintf("letter %d of the document", i)] = asJSON(t, worse)
	}
	return out
}

// change changes, takes away and adds at every place of an object, and puts it back.
func change(o map[string]any, prefix string, changed func(name string)) {
	for _, k := range slices.Sorted(maps.Keys(o)) {
		was := o[k]
		for name, v := range others(was) {
			o[k] = v
			changed(prefix + k + " " + name)
		}
		delete(o, k)
		changed("without " + prefix + k)
		o[k] = was
		switch in := was.(type) {
		case map[string]any:
			change(in, prefix+k+".", changed)
		case []any:
			for i, v := range in {
				if in, ok := v.(map[string]any); ok {
					change(in, fmt.Sprintf("%s%s.%d.", prefix, k, i), changed)
				}
			}
		}
	}
	if prefix == "" || prefix == "proof." {
		o["paid"] = true
		changed("with more in " + prefix)
		delete(o, "paid")
	}
}

// others are values that are not this one.
func others(v any) map[string]any {
	switch v := v.(type) {
	case string:
		return map[string]any{"other": other(v), "empty": " ", "number": 1.0}
	case float64:
		return map[string]any{"more": v + 1, "less": v - 1, "part": v + 0.5, "text": fmt.Sprint(v)}
	case []any:
		return map[string]any{"longer": append(slices.Clone(v), "x"), "text": "x"}
	}
	return map[string]any{"text": "x", "none": nil, "list": []any{v}}
}

// other is a text with its last letter or digit changed.
func other(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		switch c := s[i]; {
		case c == 'Z' || c == 'z' || c == '9':
			return s[:i] + string(c-1) + s[i+1:]
		case c >= 'A' && c < 'Z', c >= 'a' && c < 'z', c >= '0' && c < '9':
			return s[:i] + string(c+1) + s[i+1:]
		}
	}
	return s + "x"
}

// A receipt proves nothing under another key, a spoilt key, or none; and nothing is
// green then.
func TestKeysOfReceipts(t *testing.T) {
	c := newChecker(t)
	text := asJSON(t, c.good[0])
	signer := func(origin string, seed byte) string {
		s, err := proof.NewSigner(origin, []byte(strings.Repeat(string(rune(seed)), 32)))
		c.h.check(err)
		return s.Key()
	}
	for name, k := range map[string]struct{ key, verdict string }{
		"none":             {"", "partly"},
		"spaces around":    {"  " + c.log.Key() + " \n\n", "proved"},
		"another":          {signer("quay.example/log", 8), "broken"},
		"of another log":   {signer("other.example/log", 7), "broken"},
		"a slip":           {other(c.log.Key()), "broken"},
		"no key":           {"hello", "broken"},
		"a witness beside": {c.log.Key() + "\n" + signer("witness.example", 9), "broken"}, // which has not signed
	} {
		if got := c.check(text, k.key); got.Verdict != k.verdict {
			t.Errorf("%s: %+v, want %s", name, got, k.verdict)
		}
	}
	c.check(text, "")
	c.p.Inspect("verify-not-proved")
}

// A browser that cannot do the arithmetic says so, and shows nothing green.
func TestBrowsersThatCannot(t *testing.T) {
	c := newChecker(t)
	for _, lacks := range []struct{ what, script string }{ // the second takes away more
		{"no Ed25519", `(async () => { crypto.subtle.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError")) })()`},
		{"no secure context", `(async () => { Object.defineProperty(crypto, "subtle", {value: undefined, configurable: true}) })()`},
	} {
		webtest.Ask[any](c.p, lacks.script)
		if got := c.check(asJSON(t, c.good[0]), c.log.Key()); got.Verdict != "partly" || !strings.Contains(got.Says, "Not proved") {
			t.Errorf("%s: %+v", lacks.what, got)
		}
		if said := c.p.Text("#said"); !strings.Contains(said, "Not proved") {
			t.Errorf("%s: what is read out: %q", lacks.what, said)
		}
	}
}

// A receipt whose proof belongs to another, or to a log that never was, is not proved.
func TestBorrowedProofs(t *testing.T) {
	c := newChecker(t)
	borrowed := c.good[0]
	borrowed.Proof.Log, borrowed.Proof.Index = c.good[2].Proof.Log, c.good[2].Proof.Index
	forged := c.good[0]
	forged.Proof.Salt = []byte(strings.Repeat("s", 32))
	forged.Document = strings.Replace(forged.Document, "newsletter", "everything", 1)
	leaf, err := proof.ParseLeaf(forged.Proof.Leaf)
	c.h.check(err)
	leaf.Commitment = proof.Commit(forged.Proof.Salt, []byte(forged.Document))
	forged.Proof.Leaf, forged.Consent = leaf.Bytes(), nil
	for name, r := range map[string]proof.Receipt{"borrowed": borrowed, "forged": forged} {
		if got := c.check(asJSON(t, r), c.log.Key()); got.Verdict != "broken" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What is no receipt is told in words.
func TestNoReceipts(t *testing.T) {
	c := newChecker(t)
	for _, text := range []string{"", "hello", "[]", "[1]", "null", `"x"`, "{}", `{"proof":{}}`, "<svg onload=alert(1)>", `{"__proto__":{"proof":{}}}`, strings.Repeat("[", 10_000)} {
		if got := c.check(text, c.log.Key()); got.Verdict != "broken" || !strings.HasSuffix(strings.TrimSpace(got.Says), ".") {
			t.Errorf("%.40q: %+v", text, got)
		}
	}
	if list := c.p.Problems(); len(list) > 0 {
		t.Errorf("the browser complains: %v", list)
	}
}

// A file of many, as in a copy, is checked whole; one bad receipt among them shows.
func TestManyReceipts(t *testing.T) {
	c := newChecker(t)
	file := filepath.Join(t.TempDir(), "receipts.json")
	c.h.check(os.WriteFile(file, []byte(asJSON(t, c.good)), 0o600))
	c.p.Upload("#file", file)
	if got := webtest.Ask[string](c.p, `(async () => { while (!document.getElementById("text").value) await new Promise((d) => setTimeout(d, 1)); return document.getElementById("text").value })()`); got != asJSON(t, c.good) {
		t.Fatalf("the file is not what is checked: %.80s", got)
	}
	if got := c.check(asJSON(t, c.good), c.log.Key()); got.Verdict != "proved" || !strings.Contains(got.Says, "3 receipts: 3 proved") {
		t.Errorf("%+v", got)
	}
	worse := slices.Clone(c.good)
	worse[1].Document = strings.Replace(worse[1].Document, "3", "2", 1)
	if got := c.check(asJSON(t, worse), c.log.Key()); got.Verdict != "broken" || !strings.Contains(got.Says, "2 proved, 0 not proved, 1 broken") {
		t.Errorf("%+v", got)
	}
	c.p.Inspect("verify-many")
}

// The page may run our script and nothing else, and cannot send anything anywhere.
func TestCheckingPolicy(t *testing.T) {
	c := newChecker(t)
	c.p.Offline(false)
	res, body := c.h.get("/verify")
	policy := res.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'none'", "form-action 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the page's policy %q lacks %s", policy, want)
		}
	}
	if strings.Count(string(body), "<script") != 1 || strings.Contains(string(body), " on") && strings.Contains(string(body), `onclick`) {
		t.Error("the page has a script of its own")
	}
	if res, _ := c.h.get("/log"); strings.Contains(res.Header.Get("Content-Security-Policy"), "script-src") {
		t.Error("another page may run scripts too")
	}
	beacon := base64.StdEncoding.EncodeToString([]byte("receipt"))
	sent := webtest.Ask[string](c.p, `fetch("/log/key?`+beacon+`").then(() => "sent", () => "refused")`)
	if n := c.h.asked.Load(); sent != "refused" && n > 2 {
		t.Errorf("the page could send: %s", sent)
	}
}

// Without scripts the page says so, and what to do.
func TestVerifyWithoutScripts(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Ledger = h.sign() })
	p := webtest.Browser(t).Tab()
	p.Scripts(false)
	p.Go(h.base + "/verify")
	if got := p.Text("noscript"); !strings.Contains(got, "cannot check anything") {
		t.Errorf("it says %q", got)
	}
	if p.Count("#check:not([hidden])") != 0 {
		t.Error("it shows a form that cannot do anything")
	}
	p.Inspect("verify-no-script")
}
