package cases_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// erase has somebody erased, from the first word to the last.
func (h *house) erase(address string) cases.Taken {
	h.t.Helper()
	r := h.ask(law.Remove, address)
	h.prove(address)
	h.run()
	h.finishTasks(r)
	h.is(r, cases.Closed)
	return r
}

// Somebody who was erased and came back by themselves is not erased by a replay.
func TestReplayLeavesWhoCameBack(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		was := h.erase(ann)
		since := h.Clock().Add(-time.Hour)
		h.Pass(time.Hour)
		h.Submit(collecttest.Submission("contact", "contact.email", ann, "messages.text", "I am back"))
		h.shelves.put("shop", ann, "Ann Again")
		back, err := h.desk.Replay(bg, since, nil, "max", false)
		h.Check(err)
		if len(back) != 1 || back[0].Was != was.ID || !back[0].Again || !back[0].Request.IsZero() {
			t.Errorf("%+v", back)
		}
		h.run()
		if h.shelves.count("shop", "email = ?", ann) != 1 {
			t.Error("who came back was erased")
		}
		_, err = h.desk.Take(bg, cases.Ask{Right: law.Remove, Policy: "site", Door: cases.Replay, Identities: []cases.Identity{{Kind: "email", Value: bob}}})
		h.must(avow.Invalid, err) // nobody else comes by that door
		h.must(avow.Invalid, func() error { _, err := h.desk.Replay(bg, since, nil, "", false); return err }())
	})
}

// A package that was cut short or changed does not open as something else.
func TestDamagedPackage(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Copy, ann)
		pass := h.prove(ann)
		h.run()
		h.finishTasks(r)
		files, err := filesIn(filepath.Join(h.Dir, "packages"))
		h.Check(err)
		if len(files) != 1 {
			t.Fatal(files)
		}
		file := filepath.Join(h.Dir, "packages", files[0])
		whole, err := os.ReadFile(file)
		h.Check(err)
		if bytes.Contains(whole, []byte("Ann")) || bytes.HasPrefix(whole, []byte("PK")) {
			t.Error("it lies in the clear")
		}
		for _, bad := range [][]byte{whole[:len(whole)-1], whole[:20], {}, append(bytes.Clone(whole), 0), flipped(whole)} {
			h.Check(os.WriteFile(file, bad, 0o600))
			var out bytes.Buffer
			h.must(avow.Internal, h.desk.Download(bg, pass.Token, &out))
		}
	})
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// What people have to do, and what is stuck, is listed; requests are acknowledged.
func TestWhatStaffSee(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence, a.Region = cases.Staff, "ivy", "ticket", "US-CA" })
		h.shelves.setAway("crm", true)
		h.run()
		stuck, err := h.desk.Stuck(bg, 10)
		h.Check(err)
		if len(stuck) != 1 || stuck[0].Request.Number != r.Number || stuck[0].Step.Trouble != "crm is away" {
			t.Errorf("%+v", stuck)
		}
		clock, err := h.desk.Clock(bg, r.ID)
		h.Check(err)
		if clock[0].Acknowledge.Met.IsZero() || !strings.Contains(h.letters(ann)[0].Text, "It was taken down") {
			t.Errorf("not acknowledged: %s", clock[0].Explain())
		}
		h.shelves.setAway("crm", false)
		h.Check(h.desk.Retry(bg, r.ID, h.step(r, "plan", "").N))
		h.run()
		todo, err := h.desk.ToDo(bg, 10)
		h.Check(err)
		if len(todo) != 2 || todo[0].Step.About != "paper" {
			t.Errorf("%+v", todo)
		}
		h.must(avow.NotFound, h.desk.TaskDone(bg, r.ID, 999, "ivy", "done"))
		h.must(avow.Invalid, h.desk.TaskDone(bg, r.ID, todo[0].Step.N, "ivy", ""))
		h.Pass(3 * 24 * time.Hour)
		h.Check(h.desk.Watch(bg))
		if l := h.letters(staffMail); len(l) != 1 || !strings.Contains(l[0].Subject, "is late") {
			t.Errorf("%+v", l)
		}
		list, err := h.desk.List(bg, false, 0, 10)
		h.Check(err)
		if len(list) != 1 || list[0].ID != r.ID {
			t.Errorf("%+v", list)
		}
	})
}

// Nothing of anybody stands in this room's tables in the clear, while a request runs and after.
func TestNothingInTheClear(t *testing.T) {
	each(t, func(h *house) {
		if h.Config.Path == "" {
			return // the bytes of the SQLite file are looked through
		}
		h.people()
		r := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Wrote = "because of Hortensia" })
		h.prove(ann)
		h.run()
		h.Check(h.desk.TaskDone(bg, r.ID, h.step(r, "task", "paper").N, "ivy", "Hortensia's box"))
		for _, name := range []string{h.Config.Path, h.Config.Path + "-wal"} {
			b, err := os.ReadFile(name)
			h.Check(err)
			for _, secret := range []string{ann, "Hortensia"} {
				if bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s holds %s", filepath.Base(name), secret)
				}
			}
		}
	})
}
