package rights_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
	"github.com/jackc/pgx/v5"
)

const (
	home    = "ann@home.example"
	mallory = "mallory@mail.example"
)

func mailTo(address string) vault.Identity {
	return vault.Identity{Kind: vault.Email, Value: address}
}

// add adds an address, and gives the token of the letter that went to it.
func (h *house) add(session, address string) string {
	h.t.Helper()
	before := h.letters(address)
	h.Check(h.desk.AddAddress(bg, session, mailTo(address)))
	list := h.letters(address)
	if len(list) == len(before) {
		return ""
	}
	token := collecttest.Token(list[0].Text, addressPage)
	if token == "" {
		h.t.Fatalf("no link in %q", list[0].Text)
	}
	return token
}

// both makes another address a person's own.
func (h *house) both(session, address string) {
	h.t.Helper()
	h.Check(h.desk.ConfirmAddress(bg, session, h.add(session, address)))
}

func (h *house) wants(what string, err error, kind avow.ErrorKind) {
	h.t.Helper()
	if avow.KindOf(err) != kind {
		h.t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

// sound checks that the tables say what the events say, and that the log is whole.
func (h *house) sound() {
	h.t.Helper()
	found, err := h.Register.Check(bg, nil)
	h.Check(err)
	a, err := h.Ledger.Audit(bg, ledger.AuditOptions{})
	h.Check(err)
	if len(found)+len(a.Findings) > 0 {
		h.t.Errorf("the records do not agree: %v %v", found, a.Findings)
	}
}

// addresses are what finds somebody, those they showed to hold with a star.
func (h *house) addresses(session string) (list []string) {
	h.t.Helper()
	for _, id := range h.see(session).Identities {
		star := ""
		if id.Verified {
			star = "*"
		}
		list = append(list, id.Value+star)
	}
	return list
}

func TestAddAnAddress(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		s := h.enter(ann)
		token := h.add(s, home)
		if letter := h.letters(home)[0]; !strings.Contains(letter.Text, "do nothing") || strings.Contains(letter.Text, "Ann") || strings.Contains(letter.Text, ann) {
			t.Errorf("the letter to somebody who may be a stranger: %q", letter.Text)
		}
		if h.ask(home) != "" {
			t.Error("an address that was only added is sent a link to the data")
		}
		if got := h.addresses(s); !slices.Equal(got, []string{ann + "*", home}) {
			t.Errorf("before: %q", got)
		}
		h.Check(h.desk.ConfirmAddress(bg, s, token))
		h.wants("the link used twice", h.desk.ConfirmAddress(bg, s, token), avow.Unauthorized)
		if got := h.addresses(s); !slices.Equal(got, []string{ann + "*", home + "*"}) {
			t.Errorf("after: %q", got)
		}
		if rec := h.see(h.enter(home)); !strings.Contains(asJSON(t, rec), "Ann Visitor") {
			t.Error("the new address does not open her data")
		}
		rec := h.see(s)
		if count(rec, rights.AddressAdded) != 1 || count(rec, ledger.IdentityVerified) < 2 {
			t.Errorf("her history: %+v", rec.History)
		}
		if h.letterNamed("Another address") == "" {
			t.Error("her old address is not told")
		}
		h.wants("her own address", h.desk.AddAddress(bg, s, mailTo("ANN@home.example")), avow.Invalid)
		for _, id := range []vault.Identity{mailTo("not an address"), {Kind: vault.Phone, Value: "+442079460018"}, {}} {
			h.wants("no e-mail address", h.desk.AddAddress(bg, s, id), avow.Invalid)
		}
		h.sound()
	})
}

// Whoever uses a link in a visit that it was not made for gets nothing, and gives nothing away.
func TestAddressLinksOfOthers(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		h.submit("contact", nil, "contact.email", mallory, "contact.name", "Mallory", "messages.text", "Hello")
		anns, evil := h.enter(ann), h.enter(mallory)

		victims := h.add(evil, ann) // arrives in Ann's mail
		h.wants("a link that somebody else asked for, in Ann's visit", h.desk.ConfirmAddress(bg, anns, victims), avow.Forbidden)
		own := h.add(evil, "mallory@other.example") // Mallory reads it, and has Ann press it
		h.wants("Mallory's link in Ann's visit", h.desk.ConfirmAddress(bg, anns, own), avow.Forbidden)
		h.wants("a link to the data as one to an address", h.desk.ConfirmAddress(bg, evil, h.ask(ann)), avow.Unauthorized)
		if _, err := h.desk.Enter(bg, victims); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a link to an address opens the data: %v", err)
		}
		for name, token := range map[string]string{"none": "", "made up": "x", "cut": own[1:], "long": strings.Repeat(own, 1000)} {
			h.wants(name, h.desk.ConfirmAddress(bg, evil, token), avow.Unauthorized)
		}
		h.wants("no visit", h.desk.ConfirmAddress(bg, "", own), avow.Unauthorized)
		if got := h.addresses(anns); !slices.Equal(got, []string{ann + "*"}) {
			t.Errorf("Ann's addresses: %q", got)
		}
		if rec := asJSON(t, h.see(evil)); strings.Contains(rec, "Ann Visitor") || strings.Contains(rec, "boat") {
			t.Error("Mallory sees Ann's data")
		}
		h.wants("removing somebody else's address", h.desk.RemoveAddress(bg, evil, mailTo(bob)), avow.NotFound)
		h.wants("removing nobody's address", h.desk.RemoveAddress(bg, evil, mailTo("nobody@mail.example")), avow.NotFound)
		h.Check(h.desk.ConfirmAddress(bg, evil, own)) // what was refused elsewhere was not used up
		h.sound()
	})
}

func TestAddressLinksTooLate(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		s := h.enter(ann)
		token := h.add(s, home)
		h.Check(h.desk.RemoveAddress(bg, s, mailTo(home)))
		h.wants("the address was removed", h.desk.ConfirmAddress(bg, s, token), avow.Unauthorized)
		token = h.add(s, home)
		h.Pass(16 * time.Minute)
		h.wants("after 16 minutes", h.desk.ConfirmAddress(bg, s, token), avow.Unauthorized)
		token = h.add(s, home)
		h.Check(h.desk.Leave(bg, s))
		h.wants("she has left", h.desk.ConfirmAddress(bg, s, token), avow.Unauthorized)
		h.Check(h.desk.ConfirmAddress(bg, h.enter(ann), token)) // she came again
		token = h.add(h.enter(ann), "ann@third.example")
		s = h.enter(ann)
		_, err := h.desk.Erase(bg, s)
		h.Check(err)
		h.wants("she is erased", h.desk.ConfirmAddress(bg, s, token), avow.Unauthorized)
		for name, err := range map[string]error{"adds": h.desk.AddAddress(bg, s, mailTo(home)), "removes": h.desk.RemoveAddress(bg, s, mailTo(home)),
			"names an employer": h.desk.CorrectEmployer(bg, s, "Quay")} {
			h.wants("whoever has no visit "+name, err, avow.Unauthorized)
		}
		h.sound()
	})
}

// In whichever order things happen, Mallory sees nothing of the person whose address she adds, and
// that person sees all of theirs.
func TestAddressTakeoverInEveryOrder(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		n := 0
		permute([]string{"enters", "adds", "claims", "removes"}, func(order []string) {
			n++
			victim, evil := fmt.Sprintf("victim%d@mail.example", n), fmt.Sprintf("mallory%d@mail.example", n)
			h.submit("contact", nil, "contact.email", victim, "contact.name", "Victoria", "messages.text", "A secret")
			h.submit("contact", nil, "contact.email", evil, "contact.name", "Mallory", "messages.text", "Hello")
			s := h.enter(evil)
			token, hers := "", ""
			for _, step := range order {
				switch step {
				case "enters":
					hers = h.enter(victim)
				case "adds":
					token = h.add(s, victim)
				case "claims":
					h.submit("contact", nil, "contact.email", victim, "contact.name", "Not Victoria", "messages.text", "Give me everything")
				case "removes":
					if err := h.desk.RemoveAddress(bg, s, mailTo(victim)); err != nil && avow.KindOf(err) != avow.NotFound {
						t.Error(err)
					}
				}
			}
			h.wants("her visit takes nothing over", h.desk.ConfirmAddress(bg, hers, token), map[bool]avow.ErrorKind{true: avow.Unauthorized, false: avow.Forbidden}[slices.Index(order, "removes") > slices.Index(order, "adds")])
			if rec := asJSON(t, h.see(s)); strings.Contains(rec, "Victoria") || strings.Contains(rec, "secret") || strings.Contains(rec, "everything") {
				t.Errorf("%v: Mallory sees %s", order, rec)
			}
			if rec := asJSON(t, h.see(hers)); !strings.Contains(rec, "A secret") || strings.Contains(rec, "Mallory") {
				t.Errorf("%v: Victoria sees %s", order, rec)
			}
		})
		if n != 24 {
			t.Errorf("%d orders", n)
		}
		h.sound()
	})
}

func permute(list []string, f func([]string)) {
	if len(list) < 2 {
		f(list)
		return
	}
	for i := range list {
		rest := slices.Concat(list[:i], list[i+1:])
		permute(rest, func(order []string) { f(append([]string{list[i]}, order...)) })
	}
}

// Two people turn out to be one: both addresses were shown to be theirs.
func TestAddressOfSomebodyWhoIsTheSame(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		anns, bobs := h.enter(ann), h.enter(bob)
		annID, bobID := h.Found(ann)[0].Subject, h.Found(bob)[0].Subject
		h.Check(h.Register.Do(bg, annID, func(x *consent.Hand) error {
			_, err := x.Confirm(consent.Choice{Policy: "site", Purpose: "newsletter"})
			return err
		}))
		h.Check(h.Register.Do(bg, bobID, func(x *consent.Hand) error {
			_, err := x.Withdraw(consent.Choice{Policy: "site", Purpose: "newsletter"})
			return err
		}))
		if !h.decide(annID, "newsletter", "contact.email").Allowed {
			t.Fatal("Ann said yes to the newsletter")
		}
		h.both(anns, bob)
		for _, session := range []string{anns, bobs, h.enter(bob)} {
			if got := h.addresses(session); !slices.Equal(got, []string{ann + "*", bob + "*"}) && !slices.Equal(got, []string{bob + "*", ann + "*"}) {
				t.Errorf("addresses: %q", got)
			}
			rec := h.see(session)
			if text := asJSON(t, rec); rec.Subject != annID || !strings.Contains(text, "boat") || !strings.Contains(text, "anchor") || count(rec, ledger.Joined) == 0 {
				t.Errorf("one of the two sees too little: %s", text)
			}
		}
		if h.decide(annID, "newsletter", "contact.email").Allowed || h.decide(bobID, "newsletter", "contact.email").Allowed {
			t.Error("a consent counts that one of the two took back")
		}
		for _, who := range []string{ann, bob} {
			told := slices.ContainsFunc(subjects(h, who), func(s string) bool { return strings.HasPrefix(s, "Another address") })
			if told != (who == ann) {
				t.Errorf("%s is told: %v", who, told)
			}
		}
		h.sound()
	})
}

func subjects(h *house, address string) (list []string) {
	for _, l := range h.letters(address) {
		list = append(list, l.Subject)
	}
	return list
}

func TestAddressesOnTwoNodes(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		desks := []*rights.Desk{h.desk, h.another().desk}
		at := func(do func(i int, d *rights.Desk) error) (errs []error) {
			errs = make([]error, len(desks))
			var wg sync.WaitGroup
			for i, d := range desks {
				wg.Go(func() { errs[i] = do(i, d) })
			}
			wg.Wait()
			return errs
		}
		visits := []string{h.enter(ann), h.enter(ann)}
		token := h.add(visits[0], home)
		errs := at(func(i int, d *rights.Desk) error { return d.ConfirmAddress(bg, visits[i], token) })
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("one link at two nodes: %v", errs)
		}
		list := []string{ann, home}
		errs = at(func(i int, d *rights.Desk) error { return d.RemoveAddress(bg, visits[0], mailTo(list[i])) })
		if (errs[0] == nil) == (errs[1] == nil) || len(h.addresses(visits[0])) != 1 {
			t.Errorf("both addresses removed at once: %v", errs)
		}

		left := strings.TrimSuffix(h.addresses(visits[0])[0], "*")
		two := []string{visits[0], h.enter(bob)}
		tokens := []string{h.add(two[0], bob), h.add(two[1], left)}
		errs = at(func(i int, d *rights.Desk) error { return d.ConfirmAddress(bg, two[i], tokens[i]) })
		for _, err := range errs {
			h.Check(err)
		}
		if a, b := h.see(two[0]), h.see(two[1]); a.Subject != b.Subject || len(a.Identities) != 2 {
			t.Errorf("two who each verified the other's address: %v and %v", a.Identities, b.Identities)
		}

		third := "ann@third.example"
		token = h.add(two[0], third)
		errs = at(func(i int, d *rights.Desk) error {
			if i == 0 {
				return d.ConfirmAddress(bg, two[0], token)
			}
			return d.RemoveAddress(bg, two[0], mailTo(third))
		})
		if errs[1] != nil || errs[0] != nil && avow.KindOf(errs[0]) != avow.Unauthorized || slices.ContainsFunc(h.addresses(two[0]), func(s string) bool { return strings.HasPrefix(s, third) }) {
			t.Errorf("verified and removed at once: %v, left %q", errs, h.addresses(two[0]))
		}
		h.sound()
	})
}

// stall locks the rows of a query on PostgreSQL: begun returns when somebody waits for them,
// until release. On SQLite one who writes waits for the other anyway, and both do nothing.
func (h *house) stall(query string, args ...any) (begun, release func()) {
	h.t.Helper()
	if h.DB.Kind() != store.PostgreSQL {
		return func() {}, func() {}
	}
	conn, err := pgx.Connect(bg, h.Config.DSN)
	h.Check(err)
	h.t.Cleanup(func() { conn.Close(bg) })
	tx, err := conn.Begin(bg)
	h.Check(err)
	_, err = tx.Exec(bg, query, args...)
	h.Check(err)
	begun = func() {
		for waits := false; !waits; {
			h.Check(tx.QueryRow(bg, "SELECT EXISTS (SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))) FROM pg_sleep(0.01)").Scan(&waits))
		}
	}
	return begun, func() { h.Check(tx.Rollback(bg)) }
}

// Two showed each other's address to be theirs at two nodes, and one of them becomes the other
// when the second has begun: it is their own link still.
func TestAddressConfirmedWhileJoined(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		anns, bobs := h.enter(ann), h.enter(bob)
		toBob, toAnn := h.add(anns, bob), h.add(bobs, ann)
		second, other := make(chan error, 1), h.another()
		hash := sha256.Sum256([]byte(toAnn))
		begun, release := h.stall("SELECT hash FROM vault_links WHERE hash = $1 FOR UPDATE", hash[:])
		go func() { second <- other.desk.ConfirmAddress(bg, bobs, toAnn) }()
		begun()
		err := h.desk.ConfirmAddress(bg, anns, toBob)
		release()
		h.Check(err)
		h.Check(<-second)
		if a, b := h.see(anns), h.see(bobs); a.Subject != b.Subject || len(a.Identities) != 2 {
			t.Errorf("two who each verified the other's address: %v and %v", a.Identities, b.Identities)
		}
		h.sound()
	})
}

// Whoever adds an address learns nothing about it: not by the answer, not by their own history, even
// when so many links were asked for that none leaves.
func TestAddingDoesNotTellWhoIsKnown(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		h.submit("contact", nil, "contact.email", mallory, "contact.name", "Mallory", "messages.text", "Hello")
		for _, address := range []string{bob, "nobody@mail.example"} {
			for range 5 {
				h.Check(h.desk.Ask(bg, mailTo(address)))
			}
		}
		s := h.enter(mallory)
		before := len(h.see(s).History)
		for address, letters := range map[string]int{bob: 0, "nobody@mail.example": 1} {
			if got := h.add(s, address) != ""; got != (letters == 1) {
				t.Errorf("%s gets a letter: %v", address, got)
			}
		}
		rec := h.see(s)
		for _, e := range rec.History[:len(rec.History)-before] {
			if e.Type != rights.AddressAdded {
				t.Errorf("the history has %s", e.Type)
			}
		}
		if len(rec.History) != before+2 || len(rec.Identities) != 3 || rec.Identities[1].Verified || rec.Identities[2].Verified {
			t.Errorf("%d events, %v", len(rec.History)-before, rec.Identities)
		}
		h.sound()
	})
}

func TestAddingIsLimited(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		s := h.enter(ann)
		for i := range 10 {
			address := fmt.Sprintf("other%d@mail.example", i)
			h.Check(h.desk.AddAddress(bg, s, mailTo(address)))
			h.Check(h.desk.RemoveAddress(bg, s, mailTo(address)))
		}
		h.wants("an eleventh link within an hour", h.desk.AddAddress(bg, s, mailTo(home)), avow.TooMany)
		if len(h.letters(home)) != 0 {
			h.t.Error("a letter left")
		}
		h.Pass(61 * time.Minute)
		if h.add(h.enter(ann), home) == "" {
			h.t.Error("no letter an hour later")
		}
	})
}

func TestRemoveAnAddress(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		s := h.enter(ann)
		h.wants("the last address", h.desk.RemoveAddress(bg, s, mailTo(ann)), avow.Refused)
		phone := vault.Identity{Kind: vault.Phone, Value: "+442079460018"}
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
			_, err := h.Vault.VerifyAs(tx, h.Found(ann)[0].Subject, phone)
			return err
		}))
		h.wants("the last address a link can be sent to", h.desk.RemoveAddress(bg, s, mailTo(ann)), avow.Refused)
		h.Check(h.desk.AddAddress(bg, s, mailTo(home)))
		h.wants("the last one beside one that was only added", h.desk.RemoveAddress(bg, s, mailTo(ann)), avow.Refused)
		rec := h.see(s)
		for _, id := range rec.Identities {
			if rec.Removable(id) != (id.Value != ann) {
				t.Errorf("%s can be removed: %v", id.Value, rec.Removable(id))
			}
		}
		h.both(s, home)
		others := h.enter(ann)
		h.Check(h.desk.RemoveAddress(bg, s, mailTo("Ann@MAIL.example")))
		if _, err := h.desk.Who(bg, others); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a visit goes on that began with the address: %v", err)
		}
		if got := h.addresses(s); !slices.Equal(got, []string{phone.Value + "*", home + "*"}) {
			t.Errorf("%q", got)
		}
		if h.ask(ann) != "" || len(h.Found(ann)) != 0 || count(h.see(s), rights.AddressRemoved) != 1 {
			t.Error("the address still finds her, or nothing is recorded")
		}
		if h.letterNamed("opens your data no more") == "" {
			t.Error("the address is not told")
		}
		h.Check(h.desk.RemoveAddress(bg, s, phone))
		h.wants("again", h.desk.RemoveAddress(bg, s, phone), avow.NotFound)
		h.wants("a customer number", h.desk.RemoveAddress(bg, s, vault.Identity{Kind: "customer", Value: "7"}), avow.Refused)
		h.wants("no address", h.desk.RemoveAddress(bg, s, mailTo("x")), avow.Invalid)
		h.sound()
	})
}

// Nobody becomes one with somebody whose keys are about to be destroyed.
func TestAddressOfSomebodyWhoIsBeingErased(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		anns, bobs := h.enter(ann), h.enter(bob)
		token := h.add(anns, bob)
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error { return h.desk.EraseUpToKeys(tx, bobs) }))
		h.Check(h.desk.ConfirmAddress(bg, anns, token))
		h.Check(h.desk.Resume(bg))
		if rec := asJSON(t, h.see(anns)); !strings.Contains(rec, "Ann Visitor") || strings.Contains(rec, "Bob") {
			t.Errorf("Ann: %s", rec)
		}
		h.sound()
	})
}

// Somebody who names an address hears nothing of what others say under it, and decides nothing
// about it.
func TestNamingAnAddressSaysNothingAboutIt(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		h.submit("newsletter", []string{"newsletter"}, "contact.email", mallory, "contact.name", "Mallory")
		h.enter(ann)
		news := consent.Choice{Policy: "site", Topic: "news"}
		gone := "gone@mail.example"
		h.Check(h.Register.Stop(bg, mailTo(gone), news)) // of somebody nobody knows any more
		s := h.enter(mallory)
		who, err := h.desk.Who(bg, s)
		h.Check(err)
		for _, address := range []string{ann, bob, gone} { // verified, claimed, remembered
			h.Check(h.desk.AddAddress(bg, s, mailTo(address)))
		}
		for _, address := range []string{ann, bob} {
			h.Check(h.Register.Stop(bg, mailTo(address), news))
		}
		if rec := h.see(s); count(rec, ledger.Objected) != 0 {
			t.Errorf("Mallory hears what others say: %+v", rec.History)
		}
		if n := h.events(h.Found(ann)[0].Subject, ledger.Objected); n != 1 {
			t.Errorf("Ann's objection is %d events", n)
		}
		h.Check(h.Register.Do(bg, who, func(x *consent.Hand) error { _, err := x.Allow(news); return err }))
		h.submit("newsletter", []string{"newsletter"}, "contact.email", gone, "contact.name", "Gus")
		if h.events(h.Found(gone)[0].Subject, consent.ObjectionsRecalled) != 1 {
			t.Error("Mallory allowed again what somebody else had stopped")
		}
		for _, f := range vault.Holders(h.Found(ann)) {
			if f.Subject == who {
				t.Error("a decision about Ann's address is about Mallory")
			}
		}
		h.sound()
	})
}
