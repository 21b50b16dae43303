package cases_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// The certificate says how each task ended: who did it, the files that show it by their hash,
// why it was refused; and where no program could search. It names nobody.
func TestTasksInTheCertificate(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.hits = []cases.Hit{
			{System: "paper", Not: "no program reaches it"}, {System: "crm", Table: "ties", Not: "it cannot be listed"},
			{System: "desk", Table: "tickets", Not: "it may not be read", Look: true}, {System: "desk", Table: "mails", Not: "it is too large", Look: true},
			{System: "shop", Table: "people", Column: "name", Rows: 2}}
		r := h.ask(law.Remove, ann)
		h.prove(ann)
		h.run()
		var looks []string
		for _, s := range h.steps(r) {
			if s.Kind == "task" && (s.About == "desk" || s.About == "shop" || s.About == "crm") {
				looks = append(looks, s.What)
				h.Check(h.desk.TaskDone(bg, r.ID, s.N, "ivy", "I looked"))
			}
		}
		if len(looks) != 2 || !strings.Contains(looks[0], "No program could search in tickets: it may not be read. Nor in mails: it is too large.") ||
			!strings.Contains(looks[1], "shop.people.name may name the person, in 2 rows") {
			t.Errorf("what people are asked to look through: %q", looks)
		}
		scan := []byte("a scan of the empty shelf of Ann")
		h.Check(h.desk.TaskDone(bg, r.ID, h.step(r, "task", "paper").N, "ivy", "shredded, for Ann", cases.Attachment{Name: "ann.pdf", Data: scan}))
		mailer := h.step(r, "task", "recipient mailer").N
		h.must(avow.Invalid, h.desk.TaskRefused(bg, r.ID, mailer, "ivy", "they do not know "+strings.ToUpper(ann)))
		h.Check(h.desk.TaskRefused(bg, r.ID, mailer, "ivy", "the mail service went out of business"))
		h.run()
		h.is(r, cases.Closed)

		cert, err := h.desk.Certificate(bg, r.ID)
		h.Check(err)
		hash := sha256.Sum256(scan)
		text := cert.Text()
		for _, want := range []string{"Look into the paper files: done, ", ", by ivy\n  shown by a file of 32 bytes, SHA-256 " + hex.EncodeToString(hash[:]),
			": refused, ", "because: the mail service went out of business", "  not swept: paper, no program reaches it\n", "  not swept: crm.ties, it cannot be listed\n", "  not swept: desk.tickets, "} {
			if !strings.Contains(text, want) {
				t.Errorf("the certificate does not say %q:\n%s", want, text)
			}
		}
		raw, err := h.desk.Raw(bg, r.ID)
		h.Check(err)
		if strings.Contains(raw, "ann.pdf") || strings.Contains(raw, "shredded") || strings.Contains(strings.ToLower(raw), "ann@") {
			t.Errorf("the certificate says whom it is about: %s", raw)
		}
		if last := h.letters(ann)[0]; !strings.Contains(last.Text, "not done: Tell mailer") || !strings.Contains(last.Text, "The reason: the mail service went out of business") ||
			last.Subject != "Your data was erased as far as it could be" {
			t.Errorf("the last letter, %q, says: %s", last.Subject, last.Text)
		}
	})
}

// A package knows what people could not look through, and why.
func TestRefusedTaskOfAPackage(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Copy, ann)
		pass := h.prove(ann)
		h.run()
		h.Check(h.desk.TaskRefused(bg, r.ID, h.step(r, "task", "paper").N, "ivy", "The binder was lost in a flood."))
		h.run()
		h.is(r, cases.Closed)
		var out bytes.Buffer
		h.Check(h.desk.Download(bg, pass.Token, &out))
		if text := unzipped(t, out.Bytes()); !strings.Contains(text, `"undone":[{"System":"paper","Why":"The binder was lost in a flood."}]`) {
			t.Errorf("the package does not know it: %s", text)
		}
	})
}
