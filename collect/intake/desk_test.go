package intake_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const consented = "email,contact.name,consent.newsletter,consent.newsletter.at,consent.newsletter.evidence,consent.newsletter.verified\n"

func TestPeopleComeInWhole(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := consented +
			"ann@mail.example,Ann,yes,2025-06-01," + ground + ",yes\n" +
			"bob@mail.example,Bob,yes,2025-06-01," + ground + ",\n"
		r := h.stage(text, from("you"))
		if r.State != intake.Staged || r.Lines != 2 || r.Accepted != 2 || r.People != 2 || r.Errors != 0 {
			t.Fatalf("staged: %+v", r)
		}
		if got := codes(r); !slices.Equal(got, []string{"3 consent.newsletter unconfirmed"}) {
			t.Error(got)
		}
		h.nobodyThere(ann, bob)
		h.flip(r.ID)
		for _, settled := range []bool{false, true} {
			if settled {
				h.settle(r.ID)
			}
			if !h.send(ann, "newsletter") || h.send(bob, "newsletter") {
				t.Errorf("settled %v: Ann gave a consent that was confirmed at the source, Bob one that nobody confirmed", settled)
			}
			if got := h.values(h.one(ann)); got["contact.name"] != "Ann" || got["contact.email"] != ann {
				t.Error(settled, got)
			}
		}
		if !strings.Contains(h.copyOf(ann), "Ann") {
			t.Error("Ann's copy lacks what was imported")
		}
		h.receipts(r)
		h.sound()
	})
}

// nobodyThere: before the flip nobody finds anything.
func (h *house) nobodyThere(addresses ...string) {
	h.TB.Helper()
	for _, a := range addresses {
		if list := h.found(vault.Email, a); len(list) > 0 {
			h.TB.Errorf("somebody staged is found: %v", list)
		}
		if c := h.copyOf(a); c != "" {
			h.TB.Errorf("somebody staged is given a copy: %s", c)
		}
	}
	if n, err := h.Register.Load(bg); n > 0 || err != nil {
		h.TB.Errorf("the gates hold %d people, %v", n, err)
	}
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		people, err := store.Collect(tx, func(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }, `SELECT subject FROM intake_people`)
		if err != nil || len(people) == 0 {
			h.TB.Error("nobody is staged", err)
		}
		for _, id := range people {
			if _, err := h.Vault.Subject(tx, id); avow.KindOf(err) != avow.NotFound {
				h.TB.Errorf("somebody staged is there: %v", err)
			}
		}
		return nil
	}))
}

func (h *house) receipts(r *intake.Report) {
	h.TB.Helper()
	got := h.events(h.one(ann), ledger.Imported)
	if len(got) != 1 || !strings.Contains(got[0], r.Hash) || !strings.Contains(got[0], `"line":2`) || !strings.Contains(got[0], `"source":"you"`) {
		h.TB.Errorf("the event of the import: %v", got)
	}
	if strings.Contains(got[0], "Ann") || strings.Contains(got[0], "@") {
		h.TB.Errorf("the event holds a value: %v", got)
	}
	given := h.events(h.one(ann), ledger.ConsentGiven)
	if len(given) != 1 || !strings.Contains(given[0], ground) || !strings.Contains(given[0], "2025-06-01") {
		h.TB.Errorf("the evidence of the consent: %v", given)
	}
	flips := h.events(avow.ID{}, ledger.ImportFlipped)
	if len(flips) != 1 || !strings.Contains(flips[0], `"people":2`) || !strings.Contains(flips[0], r.Hash) {
		h.TB.Errorf("the event of the flip: %v", flips)
	}
	for _, table := range []string{"intake_people", "intake_addresses"} {
		if n := h.count(table); n > 0 {
			h.TB.Errorf("%d rows stay in %s", n, table)
		}
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		before := h.size()
		r := h.dry("email\nann@mail.example\nnobody\n", from("you"))
		if r.Accepted != 1 || r.Errors != 1 || r.OK() || !r.ID.IsZero() || r.State != intake.Checked {
			t.Errorf("%+v", r)
		}
		if h.count("intake_imports")+h.count("intake_findings")+h.count("vault_imported") > 0 || h.size() != before {
			t.Error("a dry run wrote something")
		}
	})
}

func (h *house) size() (n int64) {
	h.Check(h.DB.Read(bg, func(tx *store.Tx) (err error) { n, err = h.Ledger.Size(tx); return err }))
	return n
}

func TestErrorsRefuseTheFile(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := "email\nann@mail.example\nnobody\n"
		r, err := h.desk.Stage(bg, file(text), from("you"))
		if avow.KindOf(err) != avow.Refused || r == nil || r.Errors != 1 || h.count("vault_imported") > 0 {
			t.Fatal(r, err)
		}
		o := from("you")
		o.Allowed = 1
		r = h.bring(text, o)
		if r.State != intake.Settled || r.Accepted != 1 || r.Errors != 1 || !slices.Equal(codes(r), []string{"3 email value"}) {
			t.Errorf("%+v", r)
		}
		if len(h.found(vault.Email, ann)) != 1 {
			t.Error("the line without an error did not come in")
		}
	})
}

// Two lines that were apart turn out to be one person's only while they are staged:
// that is an error like any other, and refuses the flip.
func TestALineAboutTwoPeople(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := "email,email.verified,phone,phone.verified\nann@mail.example,yes,,\n,,+442079460018,yes\nann@mail.example,yes,+442079460018,yes\n"
		r := h.stage(text, from("you"))
		if r.People != 2 || r.Errors != 1 || !slices.Equal(codes(r), []string{"4 two-people"}) {
			t.Fatalf("%+v", r)
		}
		if _, err := h.desk.Flip(bg, r.ID, "staff"); avow.KindOf(err) != avow.Refused {
			t.Error(err)
		}
		h.nobodyThere(ann)
	})
}

func TestOnePersonOnSeveralLines(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := "email,contact.name,phone,consent.panel,consent.panel.at,consent.panel.evidence,objection.topic:products\n" +
			"ann@mail.example,Ann,,yes,2025-01-01,form,\n" +
			"ANN@mail.example,Ann Visitor,+442079460018,no,,,\n" +
			"bob@mail.example,,,no,,,\n" +
			"bob@mail.example,,,yes,2025-01-01,form,yes\n"
		r := h.bring(text, from("you"))
		want := []string{"3 joined", "3 consent.panel contradicts", "5 joined", "5 consent.panel contradicts"}
		if got := codes(r); !slices.Equal(got, want) || r.People != 2 {
			t.Errorf("%+v", got)
		}
		if got := h.values(h.one(ann)); len(got["contact.name"]) != len("Ann|Ann Visitor") || got["contact.phone"] != "+442079460018" {
			t.Error(got)
		}
		if h.send(ann, "panel") || h.send(bob, "panel") || h.send(bob, "offers") || !h.send(ann, "offers") {
			t.Error("of two lines that contradict each other the no holds")
		}
	})
}

func TestWhoSaidStopStaysStopped(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.object("gone@mail.example", "offers") // of nobody who is there: remembered
		h.holder("held@mail.example")
		h.object("held@mail.example", "offers")
		h.Pass(time.Hour)
		r := h.stage("email\ngone@mail.example\nheld@mail.example\nlater@mail.example\nnew@mail.example\nfree@mail.example\n", from("you"))
		h.object("later@mail.example", "offers")
		h.holder("new@mail.example") // came while the file was staged,
		h.object("new@mail.example", "offers")
		h.flip(r.ID)
		for _, settled := range []bool{false, true} {
			if settled {
				h.settle(r.ID)
			}
			for _, a := range []string{"gone", "held", "later", "new"} {
				for _, f := range h.found(vault.Email, a+"@mail.example") {
					if h.allowed(f.Subject, "offers", "contact.email") {
						t.Errorf("settled %v: %s was stopped and is not", settled, a)
					}
				}
			}
			if !h.send("free@mail.example", "offers") {
				t.Errorf("settled %v: nobody stopped this one", settled)
			}
		}
	})
}

// holder makes somebody who has shown to hold an address.
func (h *house) holder(address string) avow.ID {
	h.TB.Helper()
	_, err := h.Forms.Accept(bg, collect.Submission{Policy: "site", Point: "newsletter", Fields: map[string]string{"contact.email": address}, Consents: []string{"offers"}})
	h.Check(err)
	return h.verified(address)
}

func TestSettlingKeepsTheRulesOfClaimAndVerify(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		holder := h.holder(ann)
		text := "email,contact.name,email.verified,consent.offers,consent.offers.at,consent.offers.evidence\n" +
			"ann@mail.example,Not Ann,,yes,2025-01-01,list\n" +
			"bob@mail.example,Bob,yes,yes,2025-01-01,list\n"
		h.holder(bob)
		h.bring(text, from("you"))
		if got := h.values(holder); strings.Contains(got["contact.name"], "Not Ann") {
			t.Error("a list put something into what the holder of an address is told")
		}
		if n := len(h.found(vault.Email, ann)); n != 2 {
			t.Errorf("%d people have Ann's address", n)
		}
		if got := h.values(h.one(bob)); got["contact.name"] != "Bob" {
			t.Error("what was proved at the source did not join its holder", got)
		}
		if got := h.events(h.one(bob), ledger.Joined); len(got) != 1 {
			t.Error("no event says that two became one")
		}
	})
}

func TestAnImportIsDiscardedWithItsKeys(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.stage(consented+"ann@mail.example,Ann,yes,2025-06-01,"+ground+",\n", from("sellers"))
		h.Check(h.desk.Discard(bg, r.ID, "staff"))
		h.Check(h.desk.Discard(bg, r.ID, "staff")) // again is nothing
		for _, table := range []string{"intake_people", "intake_addresses", "intake_duties", "vault_imported", "vault_beside", "vault_values", "consent_choices", "consent_subjects"} {
			if n := h.count(table); n > 0 {
				t.Errorf("%d rows stay in %s", n, table)
			}
		}
		if n := len(h.events(avow.ID{}, ledger.ImportDiscarded)); n != 1 {
			t.Errorf("%d events say that the import was discarded", n)
		}
		h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
			list, err := h.Ledger.Read(tx, 0, 100)
			for _, e := range list {
				if e.Type == ledger.Imported {
					if _, err := h.Ledger.Open(tx, e); avow.KindOf(err) != avow.NotFound {
						t.Error("what was discarded can still be opened")
					}
				}
			}
			return err
		}))
		h.sound()
		if _, err := h.desk.Flip(bg, r.ID, "staff"); avow.KindOf(err) != avow.Refused {
			t.Error(err)
		}
		h.bring(consented+"ann@mail.example,Ann,yes,2025-06-01,"+ground+",\n", from("sellers")) // a discarded file may come again
	})
}

// sound: nothing in the database is other than what was recorded.
func (h *house) sound() {
	h.TB.Helper()
	a, err := h.Ledger.Audit(bg, ledger.AuditOptions{})
	h.Check(err)
	for _, f := range a.Findings {
		h.TB.Errorf("audit: event %d: %s", f.Index, f.What)
	}
	findings, err := h.Register.Check(bg, nil)
	h.Check(err)
	for _, f := range findings {
		h.TB.Errorf("consent: event %d: %s", f.Index, f.What)
	}
}

func TestAFileComesOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := "email\nann@mail.example\n"
		r := h.stage(text, from("you"))
		if again := h.stage(text, from("you")); again.ID != r.ID || h.count("vault_imported") != 1 {
			t.Error("staging twice is staging once")
		}
		if _, err := h.desk.Stage(bg, file(text), from("sellers")); avow.KindOf(err) != avow.Conflict {
			t.Error(err)
		}
		h.flip(r.ID)
		h.flip(r.ID)
		if n := len(h.events(avow.ID{}, ledger.ImportFlipped)); n != 1 {
			t.Errorf("flipped %d times", n)
		}
		h.settle(r.ID)
		if _, err := h.desk.Stage(bg, file(text), from("you")); avow.KindOf(err) != avow.Conflict {
			t.Error(err)
		}
		if err := h.desk.Discard(bg, r.ID, "staff"); avow.KindOf(err) != avow.Refused {
			t.Error(err)
		}
		o := from("you")
		o.Again = true
		h.bring(text, o)
		if n := h.count("vault_subjects"); n != 1 || h.one(ann).IsZero() {
			t.Errorf("a file that came again made somebody anew: there are %d people", n)
		}
	})
}

func TestAFileThatIsNotStagedWholeIsNotFlipped(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.half(people(1200))
		if _, err := h.desk.Flip(bg, id, "staff"); avow.KindOf(err) != avow.Refused {
			t.Error(err)
		}
		h.Check(h.desk.Discard(bg, id, "staff"))
		if n := h.count("vault_imported") + h.count("intake_people"); n > 0 {
			t.Errorf("%d people stay", n)
		}
	})
}

func TestPeopleAreTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := "email,contact.name,phone\nann@mail.example,Ann,\n,Cy,+442079460018\n"
		r := h.stage(text, from("sellers"))
		if n, err := h.desk.Tell(bg, 100); n > 0 || err != nil {
			t.Errorf("%d people of a file that is not true were written to, %v", n, err)
		}
		h.flip(r.ID)
		h.settle(r.ID)
		due, err := h.desk.Duties(bg, "", 10)
		h.Check(err)
		if len(due) != 2 || !due[0].Due.Equal(begin.AddDate(0, 1, 0)) || due[0].Overdue || due[0].State != intake.DutyWaiting {
			t.Fatalf("%+v", due)
		}
		h.Pass(32 * 24 * time.Hour)
		if counts, err := h.desk.DutyCounts(bg); err != nil || counts["overdue"] != 2 {
			t.Error(counts, err)
		}
		_, err = h.desk.Tell(bg, 100)
		h.Check(err)
		list := h.Letters(ann)
		if len(list) != 1 || !strings.Contains(list[0].Text, "Sellers of addresses") || !strings.Contains(list[0].Text, "Contact details (name, email)") ||
			!strings.Contains(list[0].Text, "https://quay.example/policy/site") {
			t.Fatalf("%+v", list)
		}
		if n := len(h.events(h.one(ann), ledger.Told)); n != 0 {
			t.Error("told before the letter has left")
		}
		for n := 1; n > 0; {
			n, err = h.desk.Tell(bg, 100)
			h.Check(err)
		}
		counts, err := h.desk.DutyCounts(bg)
		if err != nil || counts["told"] != 1 || counts["cannot"] != 1 || counts["overdue"] != 1 {
			t.Error(counts, err)
		}
		if got := h.events(h.one(ann), ledger.Told); len(got) != 1 || !strings.Contains(got[0], `"source":"sellers"`) {
			t.Error(got)
		}
		if len(h.Letters(ann)) != 1 {
			t.Error("she was written to twice")
		}
	})
}
