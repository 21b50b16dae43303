package consent_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/consent/consenttest"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

func unmarshal(b []byte, v any) error { return json.Unmarshal(b, v) }

func TestPublish(t *testing.T) {
	each(t, func(h *house) {
		if p := h.publish("v1.yaml"); p.Number != 1 {
			t.Errorf("the first version has number %d", p.Number)
		}
		again, err := h.Register.Publish(bg, "v1.yaml", h.source("v1.yaml"))
		if err != nil || !again.Same || again.Policy.Number != 1 {
			t.Errorf("the same bytes: %+v, %v", again, err)
		}
		look, err := h.Register.Preview("v2.yaml", h.source("v2.yaml"))
		if err != nil || look.Policy.Number != 2 || len(look.Changes) == 0 {
			t.Errorf("a look at the next version: %+v, %v", look, err)
		}
		if p, err := h.Register.Version("site", 0); err != nil || p.Number != 1 {
			t.Errorf("looking published it: %v", err)
		}
		bad, err := h.Register.Publish(bg, "bad.yaml", bytes.Replace(h.source("v1.yaml"), []byte("uses: [contact, messages]"), []byte("uses: [contact, mesages]"), 1))
		if avow.KindOf(err) != avow.Invalid || !bad.Problems.Errors() {
			t.Errorf("a file with errors: %v", err)
		}
		early := strings.Replace(string(h.source("v2.yaml")), "2026-06-01", "2025-06-01", 1)
		if _, err := h.Register.Publish(bg, "early.yaml", []byte(early)); err == nil {
			t.Error("a version that begins before the one it follows was published")
		}
		h.publish("v2.yaml")
		list, err := h.Register.Versions(bg, "site")
		if err != nil || len(list) != 2 || list[1].Policy.Number != 2 || list[1].File != "v2.yaml" || list[1].Published.IsZero() {
			t.Errorf("versions: %+v, %v", list, err)
		}
	})
}

// A policy that promises to announce changes is held to it.
func TestHurriedChange(t *testing.T) {
	each(t, func(h *house) {
		promise := func(name string) []byte {
			return bytes.Replace(h.source(name), []byte("{apply-to: new-data}"), []byte("{apply-to: new-data, notice: 30 days}"), 1)
		}
		_, err := h.Register.Publish(bg, "v1.yaml", promise("v1.yaml"))
		h.Check(err)
		hurried := func() bool {
			v, err := h.Register.Preview("v2.yaml", promise("v2.yaml"))
			h.Check(err)
			for _, p := range v.Problems {
				if p.Code == "hurried-change" {
					return strings.Contains(p.String(), "30 days") && p.Warning && p.Line == 4
				}
			}
			return false
		}
		if hurried() {
			t.Error("four months ahead is not hurried")
		}
		h.Pass(time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC).Sub(h.Clock()))
		if !hurried() {
			t.Error("twelve days ahead is")
		}
	})
}

// Whoever reads the tables while people change their minds never brings back what
// was: an answer is right as soon as it is acknowledged, and stays so.
func TestReadersDoNotBringBackThePast(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		done := make(chan struct{})
		var wg sync.WaitGroup
		for _, read := range []func() error{
			func() error { _, err := h.Register.Load(bg); return err },
			func() error { _, err := h.Register.Refresh(bg, "site", ann); return err },
			func() error { return h.Register.CatchUp(bg) },
		} {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						if err := read(); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		for range 8 {
			h.give(ann, "newsletter")
			h.want(ann, "newsletter", true, gate.ByReason)
			h.withdraw(ann, "newsletter")
			for range 3 {
				h.want(ann, "newsletter", false, gate.Objected)
			}
		}
		close(done)
		wg.Wait()
		h.want(ann, "newsletter", false, gate.Objected)
	})
}

func TestVersionInForce(t *testing.T) {
	each(t, func(h *house) {
		if _, err := h.Register.Current("site", h.Clock()); avow.KindOf(err) != avow.NotFound {
			t.Errorf("a policy nobody published: %v", err)
		}
		h.publish("v1.yaml")
		h.publish("v2.yaml")
		for day, want := range map[string]int{"2026-01-01": 1, "2026-05-31": 1, "2026-06-01": 2} {
			at, _ := time.Parse(time.DateOnly, day)
			if p, err := h.Register.Current("site", at); err != nil || p.Number != want {
				t.Errorf("on %s: %v, %v", day, p, err)
			}
		}
		if _, err := h.Register.Current("site", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)); avow.KindOf(err) != avow.NotFound {
			t.Errorf("before the first version: %v", err)
		}
		if list := h.Register.Policies(h.Clock()); len(list) != 1 || list[0].Number != 1 {
			t.Errorf("in force: %v", list)
		}
	})
}

// A widening asks anew; what was collected keeps its words; objections go on.
func TestNewVersion(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann, bob := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)
		h.give(ann, "newsletter")
		h.object(bob, topic("news"))
		h.publish("v2.yaml")
		h.Pass(200 * 24 * time.Hour)
		h.want(ann, "newsletter", true, gate.ByReason) // as collected, under version 1
		h.want(bob, "newsletter", false, gate.Objected)
		h.write(func(tx *store.Tx) error { return h.hold(tx, ann, 2) }) // given again, under version 2
		h.want(ann, "newsletter", false, gate.NoConsent)
		prefs, err := h.Register.State(bg, ann)
		h.Check(err)
		if c := consentOf(prefs[0], "newsletter"); c.State != "" || !c.Changed {
			t.Errorf("the preference centre does not ask again: %+v", c)
		}
		h.give(ann, "newsletter")
		h.want(ann, "newsletter", true, gate.ByReason)
		h.give(bob, "newsletter")
	})
}

func consentOf(p consent.Preferences, purpose string) consent.ConsentChoice {
	for _, c := range p.Consents {
		if c.Purpose == purpose {
			return c
		}
	}
	return consent.ConsentChoice{}
}

// A purpose that a later version leaves out is still there for what was collected
// before, and can be withdrawn from.
func TestWithdrawFromWhatIsLeftOut(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "panel")
		src := h.source("v2.yaml")
		for _, line := range []string{"      panel: {title: Our panel, because: You chose to take part., basis: consent, uses: [contact.email]}\n", "  panel: {confirm: none, asks: \"Yes, ask me.\"}\n"} {
			if !bytes.Contains(src, []byte(line)) {
				t.Fatalf("the file has no line %q", line)
			}
			src = bytes.Replace(src, []byte(line), nil, 1)
		}
		src = bytes.Replace(src, []byte("consent: [newsletter, offers, panel]"), []byte("consent: [newsletter, offers]"), 1)
		_, err := h.Register.Publish(bg, "v2.yaml", src)
		h.Check(err)
		h.Pass(200 * 24 * time.Hour)
		h.want(ann, "panel", true, gate.ByReason)
		prefs, err := h.Register.State(bg, ann)
		h.Check(err)
		if c := consentOf(prefs[0], "panel"); c.State != "given" {
			t.Errorf("the preference centre: %+v", prefs[0].Consents)
		}
		if err := h.Register.Do(bg, ann, func(hand *consent.Hand) error { _, err := hand.Give(choice("panel")); return err }); avow.KindOf(err) != avow.Invalid {
			t.Errorf("consent to what is left out: %v", err)
		}
		h.withdraw(ann, "panel")
		h.want(ann, "panel", false, gate.NoConsent)
	})
}

// Everything is there again after a start: versions, states, choices.
func TestRestart(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann, bob := h.verified("ann@mail.example", 1), h.person("bob@mail.example", 1)
		h.give(ann, "newsletter")
		h.give(bob, "newsletter")
		h.publish("v2.yaml")
		h.restart()
		if p, err := h.Register.Version("site", 2); err != nil || p.Number != 2 {
			t.Fatalf("version 2: %v", err)
		}
		h.want(ann, "newsletter", false, gate.NotCached)
		held, err := h.Register.Load(bg)
		if err != nil || held != 2 {
			t.Errorf("%d people were loaded, %v", held, err)
		}
		h.want(ann, "newsletter", true, gate.ByReason)
		h.want(bob, "newsletter", false, gate.NoConsent)
	})
}

func TestDecideAsksTheDatabase(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		h.restart()
		g, _ := h.Register.Gate("site")
		r := h.request(g, ann, "newsletter", avow.Send, "contact.email")
		if d, err := h.Register.Decide(bg, "site", &r); err != nil || !d.Allowed {
			t.Errorf("%+v, %v", d, err)
		}
		h.want(ann, "newsletter", true, gate.ByReason)
		r.Subject = avow.NewID(h.Clock())
		if d, err := h.Register.Decide(bg, "site", &r); err != nil || d.Allowed {
			t.Errorf("about nobody: %+v, %v", d, err)
		}
	})
}

func TestExplainHasEvidence(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		given := h.give(ann, "newsletter")
		g, _ := h.Register.Gate("site")
		explain := func(purpose string) gate.Explanation {
			r := h.request(g, ann, purpose, avow.Send, "contact.email")
			st, err := h.Register.Refresh(bg, "site", ann)
			h.Check(err)
			x, err := g.Explain(bg, st, &r, h.Register.Evidence("site"))
			h.Check(err)
			return x
		}
		x := explain("newsletter")
		if len(x.Evidence) != 1 || x.Evidence[0].Event != given.ID || x.Evidence[0].Index != uint64(given.Proof.Index) {
			t.Errorf("evidence of the consent: %+v", x.Evidence)
		}
		h.withdraw(ann, "newsletter")
		if x = explain("newsletter"); x.Decision.Allowed || len(x.Evidence) == 0 || x.Evidence[0].What != "consent-withdrawn" {
			t.Errorf("evidence of the withdrawal: %+v", x.Evidence)
		}
		if x = explain("answer"); len(x.Evidence) == 0 || x.Evidence[0].What != "collected" {
			t.Errorf("evidence of the collection: %+v", x.Evidence)
		}
	})
}

// Two nodes on one database: what one writes, the other's gate knows after a look at the head.
func TestTwoNodes(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		other := h.beside()
		_, err := other.Register.Load(bg)
		h.Check(err)
		bob := h.verified("bob@mail.example", 1) // between the other's start and its first look
		h.give(bob, "newsletter")
		h.Check(other.Register.CatchUp(bg))
		other.want(ann, "newsletter", true, gate.ByReason)
		other.want(bob, "newsletter", false, gate.NotCached) // the database is asked about who is new
		_, err = other.Register.Refresh(bg, "site", bob)
		h.Check(err)
		other.want(bob, "newsletter", true, gate.ByReason)
		h.withdraw(ann, "newsletter")
		h.publish("v2.yaml")
		h.Check(other.Register.CatchUp(bg))
		other.want(ann, "newsletter", false, gate.Objected)
		if p, err := other.Register.Version("site", 0); err != nil || p.Number != 2 {
			t.Errorf("the other node has version %v, %v", p, err)
		}
		g, _ := other.Register.Gate("site")
		if !g.Fresh(other.Clock()) {
			t.Error("a gate that has just read the head is not fresh")
		}
	})
}

func TestPreferences(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		h.object(ann, topic("products"))
		h.object(ann, choice("debts"))
		list, err := h.Register.State(bg, ann)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		p := list[0]
		if c := consentOf(p, "newsletter"); c.State != "given" || c.Asks != "Yes, send me the newsletter." || c.Since.IsZero() || c.Until.IsZero() {
			t.Errorf("the consent: %+v", c)
		}
		if len(p.Topics) != 2 || p.Topics[0].Stopped || !p.Topics[1].Stopped {
			t.Errorf("topics: %+v", p.Topics)
		}
		states := map[string]string{}
		for _, o := range p.Objections {
			states[o.Purpose] = o.State
		}
		if len(states) != 3 || states["debts"] != "set" || states["answer"] != "" {
			t.Errorf("objections: %v", states)
		}
		if list, err := h.Register.State(bg, h.person("bob@mail.example", 1)); err != nil || consentOf(list[0], "newsletter").State != "" {
			t.Errorf("somebody else's choices: %+v, %v", list, err)
		}
	})
}

// Who was erased and comes back is not written to as if they had never said stop.
func TestSuppressionOutlivesErasure(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.object(ann, topic("products"))
		bob := h.verified("bob@mail.example", 1)
		forget := func(who avow.ID) (kept bool) {
			h.write(func(tx *store.Tx) (err error) { kept, err = h.Register.Forget(tx, who); return err })
			h.Check(h.Vault.Shred(bg, who))
			return kept
		}
		if !forget(ann) || forget(bob) {
			t.Error("who said stop is remembered, and nobody else")
		}
		g, _ := h.Register.Gate("site")
		if g.Len() != 0 {
			t.Errorf("the gate still holds %d people", g.Len())
		}
		back := func(address string) avow.ID {
			who := h.person(address, 1)
			h.do(who, func(hand *consent.Hand) error {
				if err := hand.Recall(email(address)); err != nil {
					return err
				}
				return hand.ShowFact("site", "customer", nil)
			})
			return who
		}
		h.want(back("Ann@mail.example"), "offers", false, gate.Objected)
		h.want(back("bob@mail.example"), "offers", true, gate.ByReason)
	})
}

// Opting out by address needs no proof, and works for who is unknown.
func TestStop(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		claimed := h.person("ann@mail.example", 1)
		if ann == claimed {
			t.Fatal("a claim found the holder")
		}
		for _, address := range []string{"ann@mail.example", "carl@mail.example"} {
			h.Check(h.Register.Stop(bg, email(address), topic("products")))
		}
		for _, who := range []avow.ID{ann, claimed} {
			h.do(who, func(hand *consent.Hand) error { return hand.ShowFact("site", "customer", nil) })
			h.want(who, "offers", false, gate.Objected)
		}
		carl := h.person("carl@mail.example", 1)
		h.do(carl, func(hand *consent.Hand) error { return hand.Recall(email("carl@mail.example")) })
		h.do(carl, func(hand *consent.Hand) error { return hand.ShowFact("site", "customer", nil) })
		h.want(carl, "offers", false, gate.Objected)
	})
}

// Somebody types another's address: what they say stays apart until the holder takes
// it over, and never lifts what the holder has stopped.
func TestJoin(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "panel")
		h.withdraw(ann, "newsletter")
		mallory := h.person("ann@mail.example", 1)
		h.do(mallory, func(hand *consent.Hand) error { return hand.Recall(email("ann@mail.example")) })
		h.give(mallory, "newsletter")
		h.object(mallory, topic("products"))
		h.do(ann, func(hand *consent.Hand) error { return hand.ShowFact("site", "customer", nil) })
		h.want(ann, "offers", true, gate.ByReason)
		h.want(mallory, "newsletter", false, gate.Objected)
		h.write(func(tx *store.Tx) error { return h.verify(tx, "ann@mail.example") })
		h.want(ann, "panel", true, gate.ByReason)
		h.want(ann, "newsletter", false, gate.Objected)
		h.want(ann, "offers", false, gate.Objected)
		h.want(mallory, "newsletter", false, gate.NotCached)
		h.give(ann, "newsletter") // by herself
		h.want(ann, "newsletter", true, gate.ByReason)
	})
}

// Many people at once; every answer is right when it returns.
func TestManyAtOnce(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		people := make([]avow.ID, 20)
		for i := range people {
			people[i] = h.verified(string(rune('a'+i))+"@mail.example", 1)
		}
		var wg sync.WaitGroup
		for _, who := range people {
			wg.Go(func() {
				for range 3 {
					h.give(who, "newsletter")
					h.want(who, "newsletter", true, gate.ByReason)
					h.withdraw(who, "newsletter")
					h.want(who, "newsletter", false, gate.Objected)
				}
			})
		}
		wg.Wait()
	})
}

// The rows hold no personal value, and the vault's own tests hold the rest.
func TestNothingPersonalInOurTables(t *testing.T) {
	c := storetest.SQLite(t)
	h := &house{consenttest.New(t, c, begin), t}
	h.Open()
	h.publish("v1.yaml")
	ann := h.verified("ann@mail.example", 1)
	h.object(ann, choice("debts"))
	h.do(ann, func(hand *consent.Hand) error {
		_, err := hand.Override(choice("debts"), "Ann Visitor owes us.")
		return err
	})
	h.Check(h.Vault.Close())
	h.Check(h.DB.Close())
	for name, raw := range files(t, c.Path) {
		for _, word := range []string{"ann@mail.example", "owes us"} {
			if bytes.Contains(raw, []byte(word)) {
				t.Errorf("%q can be read in %s", word, name)
			}
		}
	}
}

func files(t *testing.T, path string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files at %s: %v", path, err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		if out[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
