package collect_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const (
	ann = "ann@mail.example"
	bob = "bob@mail.example"
)

// Each value keeps how it came.
func TestProvenance(t *testing.T) {
	each(t, func(h *house) {
		s := collecttest.Submission("purchase", "contact.name", "  Ann\u00a0Visitor ", "contact.email", "Ann@MAIL.example", "contact.address", "1 Quay\r\nLondon",
			"card.code", "123", "card.last-digits", "4242")
		r := h.Submit(s)
		if strings.Join(r.Fields, " ") != "contact.name contact.email contact.address card.last-digits" || r.Version != 1 || r.Shown || r.NeedsConfirmation {
			t.Errorf("the answer: %+v", r)
		}
		found := h.Found(ann)
		if len(found) != 1 || found[0].Verified {
			t.Fatalf("the giver is %+v; a form makes a claimed identity", found)
		}
		got := map[string]vault.Value{}
		for _, v := range h.values(found[0].Subject) {
			got[v.Category+"."+v.Field] = v
		}
		if _, kept := got["card.code"]; kept || len(got) != 4 {
			t.Errorf("kept: %v", got)
		}
		name, address := got["contact.name"], got["contact.address"]
		if name.Data != "Ann\u00a0Visitor" || address.Data != "1 Quay\nLondon" || got["contact.email"].Data != "Ann@mail.example" {
			t.Errorf("kept as %q, %q, %q", name.Data, address.Data, got["contact.email"].Data)
		}
		if name.Source != "you" || name.Point != "purchase" || name.Policy != "site" || name.Version != 1 || name.Basis != avow.Contract ||
			strings.Join(name.Purposes, " ") != "payments accounts" || !name.Claimed || name.At.IsZero() {
			t.Errorf("how it came: %+v", name)
		}
		events := h.events(found[0].Subject, ledger.Collected)
		if len(events) != 1 || events[0].ID != r.Reference || strings.Contains(string(events[0].Body), "Ann") || strings.Contains(string(events[0].Body), "4242") {
			t.Errorf("events: %s", events[0].Body)
		}
		if d := h.decide(found[0].Subject, "offers"); !d.Allowed {
			t.Errorf("the form makes a customer, and offers are refused: %v", d.Reason)
		}
	})
}

// What is collected for the accounts alone is there for nothing else (E31).
func TestOnlyFor(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(collecttest.Submission("invoice", "contact.name", "Ann", "contact.email", ann, "contact.address", "1 Quay"))
		who := h.Found(ann)[0].Subject
		g, _ := h.Register.Gate("site")
		for purpose, want := range map[string]gate.Reason{"accounts": gate.ByReason, "answer": gate.KeptForOthers} {
			r := gate.About(who, 0, h.Clock())
			g.Resolve(&gate.Names{Purpose: purpose, Data: []string{"contact.name"}}, &r)
			if d := g.Decide(&r); d.Reason != want {
				t.Errorf("%s: %v, want %v", purpose, d.Reason, want)
			}
		}
	})
}

// Double opt-in: nothing counts before the link is used, the link works once, and
// looking at it changes nothing.
func TestConfirmation(t *testing.T) {
	each(t, func(h *house) {
		if r := h.Submit(newsletter(ann, "newsletter", "panel")); !r.NeedsConfirmation || strings.Join(r.Consents, " ") != "newsletter panel" {
			t.Errorf("the answer: %+v", r)
		}
		who := h.Found(ann)[0].Subject
		if d := h.decide(who, "newsletter"); d.Allowed || d.Reason != gate.NoConsent {
			t.Errorf("an unconfirmed consent: %+v", d)
		}
		if d := h.decide(who, "panel"); !d.Allowed {
			t.Errorf("one act was enough for this: %+v", d)
		}
		token := h.link(ann)
		for range 2 {
			p, err := h.Forms.Look(bg, token)
			if err != nil || p.Title != "Privacy policy" || strings.Join(p.Asks, "|") != "Yes, send me the newsletter.|Yes, ask me." {
				t.Errorf("the page says %+v, %v", p, err)
			}
		}
		if h.decide(who, "newsletter").Allowed {
			t.Error("looking confirmed")
		}
		done, err := h.Forms.Confirm(bg, token)
		h.Check(err)
		if len(done.Receipts) != 2 || done.Receipts[0].Check() != nil || done.Receipts[0].Proof.Index < 0 {
			t.Errorf("receipts of what was confirmed: %+v", done.Receipts)
		}
		if d := h.decide(who, "newsletter"); !d.Allowed {
			t.Errorf("after the confirmation: %v", d.Reason)
		}
		if f := h.Found(ann); len(f) != 1 || !f[0].Verified {
			t.Errorf("who used the link holds the address: %+v", f)
		}
		if _, err := h.Forms.Confirm(bg, token); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("the second use: %v", err)
		}
		if _, err := h.Forms.Look(bg, token); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a look at a used link: %v", err)
		}
	})
}

func TestDoubleClick(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(newsletter(ann, "newsletter"))
		token := h.link(ann)
		var wg sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for range 8 {
			wg.Go(func() {
				_, err := h.Forms.Confirm(bg, token)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else if avow.KindOf(err) != avow.Unauthorized {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done != 1 || len(h.events(h.Found(ann)[0].Subject, ledger.ConsentConfirmed)) != 1 {
			t.Errorf("the link was used %d times", done)
		}
	})
}

func TestLateConfirmation(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(newsletter(ann, "newsletter"))
		token := h.link(ann)
		h.Pass(16 * time.Minute)
		if _, err := h.Forms.Confirm(bg, token); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("after 16 minutes: %v", err)
		}
		if _, err := h.Forms.Confirm(bg, "made-up"); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a made-up link: %v", err)
		}
	})
}

// Mallory types Ann's address. He learns nothing, overwrites nothing, and what he says
// in her name counts for nothing until she says so.
func TestTakeover(t *testing.T) {
	each(t, func(h *house) {
		first := newsletter(ann, "newsletter")
		first.Fields["contact.name"] = "Ann"
		h.Submit(first)
		_, err := h.Forms.Confirm(bg, h.link(ann))
		h.Check(err)
		holder := h.Found(ann)[0].Subject

		attack := newsletter("ANN@mail.example", "offers", "panel")
		attack.Fields["contact.name"], attack.Fields["contact.phone"] = "Mallory", "+442079460018"
		toKnown := h.Submit(attack)
		attack.Fields["contact.email"] = "nobody@mail.example"
		toUnknown := h.Submit(attack)
		toKnown.Reference, toUnknown.Reference = avow.ID{}, avow.ID{}
		if a, b := asJSON(t, toKnown), asJSON(t, toUnknown); a != b {
			t.Errorf("the answer tells who is known:\n%s\n%s", a, b)
		}

		for _, v := range h.values(holder) {
			if v.Data == "Mallory" || v.Field == "phone" {
				t.Errorf("a claim wrote into the holder's data: %s", v.Field)
			}
		}
		for _, purpose := range []string{"offers", "panel"} {
			if h.decide(holder, purpose).Allowed {
				t.Errorf("a claim consented to %s for the holder", purpose)
			}
		}
		if !h.decide(holder, "newsletter").Allowed {
			t.Error("a claim took the holder's consent away")
		}
		found := h.Found(ann)
		if len(found) != 2 || !found[0].Verified || found[0].Subject != holder {
			t.Errorf("found: %+v", found)
		}
	})
}

// A link confirms what its own form said, not what another form said under the same address.
func TestLinkConfirmsItsOwnForm(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(newsletter(ann, "newsletter"))
		hers := h.link(ann)
		h.Pass(time.Second)
		h.Submit(newsletter(ann, "offers")) // by somebody else
		_, err := h.Forms.Confirm(bg, hers)
		h.Check(err)
		who := h.Found(ann)[0].Subject
		if !h.decide(who, "newsletter").Allowed || h.decide(who, "offers").Allowed {
			t.Error("her link confirmed what somebody else asked for")
		}
	})
}

// A withdrawal before the confirmation is lifted by it, and one after it stands.
func TestWithdrawAfterConfirmation(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(newsletter(ann, "newsletter"))
		_, err := h.Forms.Confirm(bg, h.link(ann))
		h.Check(err)
		who := h.Found(ann)[0].Subject
		h.Check(h.Register.Do(bg, who, func(hand *consent.Hand) error {
			_, err := hand.Withdraw(consent.Choice{Policy: "site", Purpose: "newsletter"})
			return err
		}))
		if d := h.decide(who, "newsletter"); d.Allowed {
			t.Error("the withdrawal is not in the gate when it is acknowledged")
		}
		h.Submit(newsletter(ann, "newsletter")) // by somebody, unconfirmed
		for _, f := range h.Found(ann) {
			if d := h.decide(f.Subject, "newsletter"); d.Allowed {
				t.Error("an unconfirmed form lifted a withdrawal")
			}
		}
	})
}

// The program dies between the commit and the mail: the mail is not lost.
func TestCrashBeforeMail(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(newsletter(ann, "newsletter"))
		h.crash()
		if list := h.Letters(ann); len(list) != 1 {
			t.Fatalf("%d letters arrived after the crash", len(list))
		}
		_, err := h.Register.Load(bg)
		h.Check(err)
		_, err = h.Forms.Confirm(bg, h.link(ann))
		h.Check(err)
		if !h.decide(h.Found(ann)[0].Subject, "newsletter").Allowed {
			t.Error("the confirmation does not count")
		}
	})
}

// The version that was shown is the version that is recorded.
func TestFormToken(t *testing.T) {
	each(t, func(h *house) {
		v1, err := h.Register.Version("site", 1)
		h.Check(err)
		h.Pass(time.Date(2026, 5, 31, 20, 0, 0, 0, time.UTC).Sub(h.Clock()))
		token := h.Forms.FormToken(v1, "newsletter")
		h.publish("v2.yaml")
		h.Pass(6 * time.Hour) // version 2 is in force now
		s := newsletter(ann, "newsletter")
		s.FormToken = token
		if r := h.Submit(s); r.Version != 1 || !r.Shown {
			t.Errorf("shown under version 1: %+v", r)
		}
		if r := h.Submit(newsletter(bob, "newsletter")); r.Version != 2 || r.Shown {
			t.Errorf("not shown by us: %+v", r)
		}
		refused := func(name string, s collect.Submission) {
			if _, err := h.Forms.Accept(bg, s); avow.KindOf(err) != avow.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := collecttest.Submission("contact", "contact.email", ann, "messages.text", "Hello")
		other.FormToken = token
		refused("a token of another point", other)
		changed := s
		changed.FormToken = token[:20] + strings.ToUpper(token[20:])
		refused("a changed token", changed)
		h.Pass(19 * time.Hour)
		refused("a token of yesterday", s)
	})
}

func TestTrap(t *testing.T) {
	each(t, func(h *house) {
		real, trapped := newsletter(bob, "newsletter"), newsletter(ann, "newsletter")
		trapped.Trap = "https://spam.example"
		a, b := h.Submit(real), h.Submit(trapped)
		a.Reference, b.Reference = avow.ID{}, avow.ID{}
		if asJSON(t, a) != asJSON(t, b) {
			t.Error("a robot can tell that it was caught")
		}
		if len(h.Found(ann)) != 0 || len(h.Letters(ann)) != 0 {
			t.Error("something of a trapped submission was kept")
		}
	})
}

func TestLimits(t *testing.T) {
	each(t, func(h *house) {
		h.Limits = collect.Limits{PerRemote: 1, Burst: 3, PerPoint: 1, PointBurst: 5}
		h.crash()
		send := func(remote string) error {
			s := newsletter(ann, "newsletter")
			s.RemoteKey = remote
			_, err := h.Forms.Accept(bg, s)
			return err
		}
		for range 3 {
			h.Check(send("a"))
		}
		if err := send("a"); avow.KindOf(err) != avow.TooMany {
			t.Errorf("the fourth at once: %v", err)
		}
		h.Check(send("b"))
		h.Check(send("b"))
		if err := send("c"); avow.KindOf(err) != avow.TooMany {
			t.Errorf("the sixth at one point: %v", err)
		}
		h.Pass(time.Second)
		h.Check(send("a"))
		if n := len(h.Letters(ann)); n != 5 {
			t.Errorf("%d letters to one address; five an hour is enough", n)
		}
	})
}

// A form about a friend: the friend is a person of their own, who says nothing yet.
func TestAboutSomebodyElse(t *testing.T) {
	each(t, func(h *house) {
		s := collecttest.Submission("refer", "others.email", "fred@mail.example", "others.name", "Fred", "contact.email", ann)
		s.Confirmed = []string{"your friend wants to hear from us"}
		if _, err := h.Forms.Accept(bg, s); err != nil {
			t.Fatal(err)
		}
		fred := h.Found("fred@mail.example")
		if len(fred) != 1 {
			t.Fatalf("the friend: %+v", fred)
		}
		for _, v := range h.values(fred[0].Subject) {
			if v.Category == "contact" && v.Data == ann {
				t.Error("the friend's data holds the giver's")
			}
		}
		events := h.events(fred[0].Subject, ledger.Collected)
		if len(events) != 1 || !strings.Contains(string(events[0].Body), "your friend wants to hear from us") {
			t.Errorf("what the giver confirmed is not recorded: %v", events)
		}
	})
}

// A browser's opt-out is kept, now that it is known who asks.
func TestSignal(t *testing.T) {
	each(t, func(h *house) {
		s := collecttest.Submission("purchase", "contact.name", "Ann", "contact.email", ann, "contact.address", "1 Quay")
		s.Signals, s.Region = avow.GPC, "US-CA"
		h.Submit(s)
		if d := h.decide(h.Found(ann)[0].Subject, "offers"); d.Allowed {
			t.Error("an opt-out by signal is not honoured later")
		}
		s.Fields["contact.email"], s.Region = bob, "GB" // the policy ignores it where no law says otherwise
		h.Submit(s)
		if d := h.decide(h.Found(bob)[0].Subject, "offers"); !d.Allowed {
			t.Errorf("where the policy ignores the signal: %v", d.Reason)
		}
	})
}

func TestSpecialDataWithConsent(t *testing.T) {
	each(t, func(h *house) {
		s := collecttest.Submission("dinner", "contact.email", ann, "health.diet", "no nuts")
		s.Consents, s.Age = []string{"meals"}, 16
		h.Submit(s)
		for _, v := range h.values(h.Found(ann)[0].Subject) {
			if v.Field == "diet" && (v.Data != "no nuts" || v.Basis != avow.Consent) {
				t.Errorf("kept as %+v", v)
			}
			if v.Data == "16" {
				t.Error("the age was kept")
			}
		}
	})
}

// A point that verifies asks for the address to be confirmed, consent or not.
func TestVerifiedPoint(t *testing.T) {
	each(t, func(h *house) {
		if r := h.Submit(collecttest.Submission("register", "contact.email", ann)); !r.NeedsConfirmation {
			t.Errorf("the answer: %+v", r)
		}
		token := h.link(ann)
		if p, err := h.Forms.Look(bg, token); err != nil || len(p.Asks) != 0 || p.Title == "" {
			t.Errorf("the page: %+v, %v", p, err)
		}
		_, err := h.Forms.Confirm(bg, token)
		h.Check(err)
		if f := h.Found(ann); len(f) != 1 || !f[0].Verified {
			t.Errorf("found: %+v", f)
		}
	})
}

// Whoever leaves no address cannot be found, and what they wrote is kept as of one person.
func TestNobodyInParticular(t *testing.T) {
	each(t, func(h *house) {
		subjects := map[avow.ID]bool{}
		for _, answer := range []string{"Good boats.", "Bad anchors."} {
			r := h.Submit(collecttest.Submission("survey", "messages.text", answer))
			var who avow.ID
			h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
				e, err := h.Ledger.ByID(tx, r.Reference)
				who = e.Subject
				return err
			}))
			if v := h.values(who); len(v) != 1 || v[0].Data != answer {
				t.Errorf("kept: %+v", v)
			}
			subjects[who] = true
		}
		if len(subjects) != 2 {
			t.Error("two who left no address count as one")
		}
		if _, err := h.Forms.Accept(bg, collecttest.Submission("survey")); avow.KindOf(err) != avow.Invalid {
			t.Errorf("nothing filled in: %v", err)
		}
	})
}

// What the vault takes for an address, mail can be sent to.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"ann@mail.example", "Jürgen+x@Bücher.example", "😀@mail.example", "a!#$%&'*+-/=?^_`{|}~b@x-y.example", "ann@_dmarc.example", "ann@1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := vault.Identity{Kind: vault.Email, Value: s}.Normal()
		if err != nil {
			return
		}
		if address, _, err := mail.Address(id.Value); err != nil || address != id.Value {
			t.Errorf("the vault keeps %q, and mail says %q, %v", id.Value, address, err)
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
