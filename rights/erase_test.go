package rights_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// step is a statement of an erasure that the database refuses.
type step struct {
	verb, table string
	after       bool // it comes after the transaction that decides
}

var steps = []step{
	{"DELETE", "vault_values", false},
	{"DELETE", "vault_links", false},
	{"INSERT", "consent_suppressed", false},
	{"DELETE", "consent_choices", false},
	{"INSERT", "ledger_events", false},
	{"INSERT", "mail_outbox", false},
	{"DELETE", "rights_sessions", false},
	{"INSERT", "rights_erasures", false},
	{"UPDATE", "vault_keys", true},
	{"DELETE", "vault_identities", false},
	{"DELETE", "vault_subjects", true},
	{"UPDATE", "rights_erasures", true},
}

// breakIt makes the database refuse a step until the returned function is called.
func (h *house) breakIt(s step) (mend func()) {
	h.t.Helper()
	name := "broken"
	statements := []string{"CREATE TRIGGER " + name + " BEFORE " + s.verb + " ON " + s.table + " BEGIN SELECT RAISE(ABORT, 'broken on purpose'); END"}
	undo := "DROP TRIGGER " + name
	if h.DB.Kind() == store.PostgreSQL {
		statements = []string{"CREATE OR REPLACE FUNCTION broken() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''broken on purpose''; END' LANGUAGE plpgsql",
			"CREATE TRIGGER " + name + " BEFORE " + s.verb + " ON " + s.table + " FOR EACH ROW EXECUTE FUNCTION broken()"}
		undo += " ON " + s.table
	}
	run := func(statement string) {
		if raw := h.raw(); raw != nil && s.table == "vault_keys" {
			_, err := raw.Exec(statement)
			h.Check(err)
			return
		}
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error { _, err := tx.Exec(statement); return err }))
	}
	for _, statement := range statements {
		run(statement)
	}
	return func() { run(undo) }
}

// Wherever an erasure fails, it has either not begun, or it is finished: when
// the person presses the button again, or at the next start.
func TestEraseFailsAtEachStep(t *testing.T) {
	for _, s := range steps {
		ways := []string{"again"}
		if s.after {
			ways = append(ways, "start", "resume")
		}
		for _, way := range ways {
			t.Run(s.verb+" "+s.table+" "+way, func(t *testing.T) {
				each(t, func(h *house) { h.failAt(s, way) })
			})
		}
	}
}

func (h *house) failAt(s step, way string) {
	t := h.t
	h.people()
	session := h.enter(ann)
	who, err := h.desk.Who(bg, session)
	h.Check(err)
	h.Check(h.Register.Do(bg, who, func(hand *consent.Hand) error {
		_, err := hand.Object(consent.Choice{Policy: "site", Topic: "products"})
		return err
	}))
	h.ask(ann)
	before, letters := h.see(session), len(h.letters(ann))
	mend := h.breakIt(s)
	done, err := h.desk.Erase(bg, session)
	if err == nil {
		t.Fatalf("nothing failed: %+v", done)
	}
	if strings.Contains(avow.MessageOf(err), "broken on purpose") || strings.Contains(err.Error(), ann) {
		t.Errorf("the error says too much: %v", err)
	}
	if !s.after {
		mend()
		if now := h.see(session); asJSON(t, now) != asJSON(t, h.sameBut(before, now)) || len(h.letters(ann)) != letters {
			t.Error("it failed before it began, and something changed")
		}
		done, err = h.desk.Erase(bg, session)
		if err != nil || !done.Complete || done.Values != 4 {
			t.Errorf("the second time: %+v, %v", done, err)
		}
		h.gone(who, letters+1)
		return
	}
	if avow.KindOf(err) != avow.Unavailable || done.Values != 4 || len(h.dump()["vault_values"]) == 0 {
		t.Errorf("after it began: %+v, %v", done, err)
	}
	mend()
	switch way {
	case "again":
		second, err := h.desk.Erase(bg, session)
		if err != nil || !second.Complete || second.Event != done.Event {
			t.Errorf("the second time: %+v, %v", second, err)
		}
	case "start":
		h.restart()
	case "resume":
		h.Check(h.desk.Resume(bg))
	}
	h.gone(who, letters+1)
}

// sameBut is a record but for the time of the look and what is told of it.
func (h *house) sameBut(before, now rights.Record) rights.Record {
	before.At, before.History, before.Receipts = now.At, now.History, now.Receipts
	return before
}

// gone: nobody is left, one event and one letter say so, and doing it again changes nothing.
func (h *house) gone(who avow.ID, letters int) {
	h.t.Helper()
	if len(h.Found(ann)) != 0 || h.openKeys([]avow.ID{who}) != 0 {
		h.t.Error("she is still there")
	}
	for _, table := range h.tablesWith(who[:]) {
		if table != "ledger_events" && table != "vault_keys" {
			h.t.Errorf("%s still names her", table)
		}
	}
	if n := len(h.letters(ann)); n != letters {
		h.t.Errorf("%d letters, want %d", n, letters)
	}
	if n := h.events(who, ledger.Erased); n != 1 {
		h.t.Errorf("the erasure is %d events", n)
	}
	h.Pass(time.Minute + time.Second) // as long as this node may hold a key that another destroyed
	if a, err := h.Ledger.Audit(bg, ledger.AuditOptions{}); err != nil || !a.Sound() || a.Erased == 0 || a.Unnamed != 0 {
		h.t.Errorf("the log after it: %+v, %v", a, err)
	}
	h.Check(h.desk.Resume(bg))
}

func (h *house) events(who avow.ID, what ledger.Type) (n int) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		n = 0
		entries, err := h.Ledger.BySubject(tx, who)
		for _, e := range entries {
			if e.Type == what {
				n++
			}
		}
		return err
	}))
	return n
}

// The button is pressed many times at once, on two nodes: one erasure, one event, one
// letter, and everybody gets the same answer.
func TestEraseIsPressedTwice(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		session := h.enter(ann)
		who, err := h.desk.Who(bg, session)
		h.Check(err)
		letters := len(h.letters(ann))
		other := h.another()
		var wg sync.WaitGroup
		var mu sync.Mutex
		events := map[avow.ID]int{}
		for i := range 10 {
			desk := []*rights.Desk{h.desk, other.desk}[i%2]
			wg.Go(func() {
				done, err := desk.Erase(bg, session)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || !done.Complete {
					t.Errorf("%+v, %v", done, err)
				}
				events[done.Event]++
			})
		}
		wg.Wait()
		if len(events) != 1 {
			t.Errorf("%d answers", len(events))
		}
		h.gone(who, letters+1)
		h.Pass(31 * time.Minute)
		if _, err := h.desk.Erase(bg, session); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("half an hour later: %v", err)
		}
		h.Check(h.desk.Resume(bg))
		if left := h.dump()["rights_erasures"]; len(left) != 0 {
			t.Errorf("what is remembered of it half an hour later: %q", left)
		}
	})
}

// another is a second node on the same data.
func (h *house) another() *house {
	h.t.Helper()
	other := &house{House: h.Beside(), t: h.t}
	other.open()
	return other
}

// Two visits of one person: whichever is first erases, the other has ended.
func TestEraseFromTwoVisits(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		visits := []string{h.enter(ann), h.enter(ann)}
		who, err := h.desk.Who(bg, visits[0])
		h.Check(err)
		other := h.another()
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, desk := range []*rights.Desk{h.desk, other.desk} {
			wg.Go(func() { _, errs[i] = desk.Erase(bg, visits[i]) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || avow.KindOf(errors.Join(errs...)) != avow.Unauthorized {
			t.Errorf("%v; %v", errs[0], errs[1])
		}
		if n := h.events(who, ledger.Erased); n != 1 {
			t.Errorf("the erasure is %d events", n)
		}
	})
}

// Who was erased and comes back is somebody new, but for what they had stopped.
func TestErasedTwice(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		first := h.enter(ann)
		was, err := h.desk.Who(bg, first)
		h.Check(err)
		h.Check(h.Register.Do(bg, was, func(hand *consent.Hand) error {
			_, err := hand.Object(consent.Choice{Policy: "site", Topic: "products"})
			return err
		}))
		done, err := h.desk.Erase(bg, first)
		if err != nil || !done.Suppressed {
			t.Fatalf("%+v, %v", done, err)
		}
		h.submit("contact", nil, "contact.email", ann, "messages.text", "I am back.")
		s := h.enter(ann)
		rec := h.see(s)
		if rec.Subject == was || len(rec.Categories) != 2 || strings.Contains(asJSON(t, rec), "blue boat") || len(rec.History) > 6 {
			t.Errorf("she is not somebody new: %s", asJSON(t, rec))
		}
		if d := h.decide(rec.Subject, "offers", "contact.email"); d.Allowed {
			t.Error("what she had stopped goes on")
		}
		done, err = h.desk.Erase(bg, s)
		if err != nil || !done.Complete || done.Values != 2 || !done.Suppressed {
			t.Errorf("the second time: %+v, %v", done, err)
		}
		if err := h.desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: ann}); err != nil {
			t.Error(err)
		}
	})
}
