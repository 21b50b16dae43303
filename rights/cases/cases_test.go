package cases_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

func TestErasure(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.is(r, cases.Verifying)
		h.prove(ann)
		h.run()
		h.is(r, cases.Checking) // the paper files and the mail service wait for people
		for _, s := range h.shelves.names() {
			if n := h.shelves.count(s, "email = ?", ann); n != 0 {
				t.Errorf("%s has %d rows of Ann", s, n)
			}
			if n := h.shelves.count(s, "email = ? AND frozen = 0", bob); n != 2 {
				t.Errorf("%s has %d rows of Bob", s, n)
			}
		}
		h.Check(h.desk.TaskDone(bg, r.ID, h.step(r, "task", "paper").N, "ivy", "shredded, see box 4"))
		h.Check(h.desk.TaskRefused(bg, r.ID, h.step(r, "task", "recipient mailer").N, "ivy", "the mail service went out of business"))
		h.run()
		h.is(r, cases.Closed)
		h.gone(r)
		h.audit()
	})
}

// gone: nothing of Ann is left here, and the certificate proves what was done.
func (h *house) gone(r cases.Taken) {
	h.t.Helper()
	last := h.letters(ann)[0]
	if !strings.Contains(last.Text, "shop, people: 2 rows, deleted") || !strings.Contains(last.Text, "not done: Tell mailer") {
		h.t.Errorf("the last letter says: %s", last.Text)
	}
	cert, err := h.desk.Certificate(bg, r.ID)
	h.Check(err)
	if len(cert.Systems) != 3 || cert.Here.Values == 0 || !cert.Partial || len(cert.Checked) != 2 {
		h.t.Errorf("the certificate: %+v", cert)
	}
	raw, err := h.desk.Raw(bg, r.ID)
	h.Check(err)
	for _, secret := range []string{ann, "Ann", "mail.example"} {
		if strings.Contains(raw, secret) || strings.Contains(cert.Text(), secret) {
			h.t.Errorf("the certificate holds %s", secret)
		}
	}
	receipt, err := h.desk.Proof(bg, r.ID)
	h.Check(err)
	if !bytes.Contains([]byte(receipt.Document), []byte(hashText(raw))) {
		h.t.Errorf("the receipt does not hold the certificate's hash: %s", receipt.Document)
	}
	_, err = h.desk.Look(bg, r.ID, "ivy")
	h.must(avow.NotFound, err)
}

func TestAccess(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Copy, ann)
		pass := h.prove(ann)
		h.run()
		paper := h.step(r, "task", "paper")
		h.Check(h.desk.TaskDone(bg, r.ID, paper.N, "ivy", "scanned", cases.Attachment{Name: "file.txt", Data: []byte("a letter of 1999")}))
		h.run()
		h.is(r, cases.Closed)
		var out bytes.Buffer
		h.Check(h.desk.Download(bg, pass.Token, &out))
		text := unzipped(t, out.Bytes())
		for _, want := range []string{"shop people 1", "desk people 2", "Ann Visitor", "file.txt"} {
			if !strings.Contains(text, want) {
				t.Errorf("the package lacks %q: %s", want, text)
			}
		}
		if strings.Contains(text, "Bob") {
			t.Error("Bob is in Ann's package")
		}
		h.Pass(time.Hour)
		h.must(avow.Unauthorized, h.desk.Download(bg, pass.Token, &out))
		h.Check(h.desk.Send(bg, r.Number))
		pass = h.prove(ann)
		h.Check(h.desk.Download(bg, pass.Token, &out))
		h.Pass(15 * 24 * time.Hour)
		h.run()
		h.Check(h.desk.Send(bg, r.Number))
		h.run()
		files, err := filesIn(h.Dir + "/packages")
		h.Check(err)
		if len(files) > 0 {
			t.Errorf("after its time there is %v", files)
		}
		h.must(avow.Unauthorized, h.desk.Download(bg, pass.Token, &out))
		h.audit()
	})
}

func TestCorrectionRestrictionObjection(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Correct, ann, func(a *cases.Ask) { a.Corrections = []cases.Correction{{Data: "contact.name", To: "Ann Sailor"}} })
		h.prove(ann)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if n := h.shelves.count("crm", "name = 'Ann Sailor' AND email = ?", ann); n != 2 {
			t.Errorf("%d rows were put right", n)
		}
		for _, right := range []law.Right{law.Restrict, law.Object} {
			r := h.ask(right, ann)
			h.prove(ann)
			h.run()
			h.finishTasks(r)
			h.is(r, cases.Closed)
		}
		if n := h.shelves.count("desk", "frozen = 1"); n != 2 {
			t.Errorf("%d rows are restricted", n)
		}
		r = h.ask(law.StopMarketing, bob) // asks for nothing to be shown
		h.run()
		h.is(r, cases.Closed)
		h.audit()
	})
}

// finishTasks has people do what is left to them.
func (h *house) finishTasks(r cases.Taken) {
	h.t.Helper()
	for _, s := range h.steps(r) {
		if s.Kind == "task" && s.State == "open" {
			h.Check(h.desk.TaskDone(bg, r.ID, s.N, "ivy", "done"))
		}
	}
	h.run()
}

// A new address is shown to be theirs too, before anything is written to it.
func TestCorrectionOfAnAddress(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		const later = "ann@new.example"
		r := h.ask(law.Correct, ann, func(a *cases.Ask) { a.Corrections = []cases.Correction{{Data: "contact.email", From: ann, To: later}} })
		h.run()
		p, err := h.desk.Confirm(bg, h.link(later))
		h.Check(err)
		if p.Token != "" {
			t.Error("the new address alone lets somebody in")
		}
		h.is(r, cases.Verifying)
		_, err = h.desk.Confirm(bg, h.link(ann))
		h.Check(err)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if n := h.shelves.count("shop", "email = ?", later); n != 2 {
			t.Errorf("%d rows have the new address", n)
		}
	})
}

// One system is away for a week: nothing fails, nobody asks again, the others are done.
func TestSystemAway(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.run()
		h.shelves.setAway("crm", true)
		_, err := h.desk.Confirm(bg, h.link(ann))
		h.Check(err)
		h.run()
		h.is(r, cases.Planning) // nothing was changed: the ties to the system away must not be lost
		if s := h.step(r, "plan", ""); s.Class != "unavailable" || s.Tries == 0 {
			t.Errorf("%+v", s)
		}
		h.shelves.setAway("crm", false)
		h.Pass(time.Hour)
		h.shelves.cut = func(system string) { h.shelves.setAway("crm", true) } // away from the first change on
		h.run()
		h.shelves.mu.Lock()
		h.shelves.cut = nil
		h.shelves.mu.Unlock()
		for range 7 * 24 {
			h.Pass(time.Hour)
			h.run()
		}
		h.is(r, cases.Running)
		h.shelves.setAway("crm", false)
		h.Pass(time.Hour)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		for _, s := range h.shelves.names() {
			if n := h.shelves.count(s, "email = ?", ann); n != 0 {
				t.Errorf("%s has %d rows", s, n)
			}
		}
	})
}

// Staff can do without a system that stays away; what is in it is a task.
func TestWithout(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.prove(ann)
		h.shelves.setAway("desk", true)
		h.run()
		h.is(r, cases.Planning)
		h.Check(h.desk.Without(bg, r.ID, "desk", "ivy", "it is switched off for good"))
		h.run()
		h.step(r, "task", "desk")
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}

func TestApprovalIsByAnother(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.TwoPeople = nil }, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "ivy", "called from the number we have" })
		h.run()
		h.is(r, cases.Approval)
		if h.shelves.count("shop", "email = ?", ann) != 2 || h.shelves.count("shop", "frozen = 1") != 0 {
			t.Error("something was changed before the approval")
		}
		h.must(avow.Forbidden, h.desk.Approve(bg, r.ID, "ivy"))
		h.Check(h.desk.Reject(bg, r.ID, "max", "look again"))
		h.run()
		h.is(r, cases.Approval)
		h.Check(h.desk.Approve(bg, r.ID, "max"))
		h.must(avow.Conflict, h.desk.Approve(bg, r.ID, "max"))
		h.run()
		h.must(avow.Refused, h.desk.Cancel(bg, r.ID, "max"))
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}

// What is found again after the erasure is erased again, and people are asked in the end.
func TestLeftOver(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		once := false
		h.shelves.cut = func(system string) {
			if system == "desk" && !once {
				once = true
				h.shelves.put("shop", "ANN@mail.example", "Ann again") // came in between
			}
		}
		r := h.ask(law.Remove, ann)
		h.prove(ann)
		h.run()
		if n := h.shelves.count("shop", "lower(email) = ?", ann); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		h.finishTasks(r)
		h.is(r, cases.Closed)
		cert, err := h.desk.Certificate(bg, r.ID)
		h.Check(err)
		if len(cert.Checked) < 3 || cert.Checked[0].Left != 1 {
			t.Errorf("%+v", cert.Checked)
		}

		h.shelves.left = 10
		r = h.ask(law.Remove, bob)
		h.prove(bob)
		h.run()
		h.is(r, cases.Checking)
		if s := h.step(r, "task", ""); !strings.Contains(s.What, "still there") {
			t.Errorf("%+v", s)
		}
	})
}
