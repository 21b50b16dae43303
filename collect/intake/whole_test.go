package intake_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const mixed = "email,contact.name,kind,region,phone,consent.newsletter,consent.newsletter.at,consent.newsletter.evidence,objection.offers\n"

// mixedLine is one line of a file that is partly wrong. The name tells the line.
func mixedLine(rng *rand.Rand, line int) string {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	email := fmt.Sprintf("p%d@mail.example", rng.IntN(40))
	switch rng.IntN(12) {
	case 0:
		email = pick("", "nobody", "a@b@c", "=x@mail.example")
	case 1:
		return pick("one,two\n", "a\"b,,,,,,,,\n", strings.Repeat(",", 20)+"\n")
	}
	return strings.Join([]string{email, fmt.Sprintf("Name %d", line), pick("", "", "business", "individual", "robot"), pick("", "NL", "", "XX"),
		pick("", "", "+442079460018", "123"), pick("", "", "yes", "no", "withdrawn", "maybe"), pick("2025-05-05", "2025-05-05", "", "2099-01-01"),
		pick("form", "form", ""), pick("", "", "", "yes", "no")}, ",") + "\n"
}

// Whatever the file: either everything that the report calls accepted is there after
// the flip, or nothing is.
func TestAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		rounds, came := 40, 0
		if h.Config.DSN != "" {
			rounds = 8
		}
		for seed := range uint64(rounds) {
			if h.allOrNothing(rand.New(rand.NewPCG(seed, 7))) {
				came++
			}
			if t.Failed() {
				t.Fatalf("with seed %d", seed)
			}
		}
		if came == 0 || came == rounds {
			t.Errorf("%d of %d files came in: one side was not tried", came, rounds)
		}
		h.sound()
	})
}

func (h *house) allOrNothing(rng *rand.Rand) (came bool) {
	h.TB.Helper()
	var b strings.Builder
	b.WriteString(mixed)
	lines := 5 + rng.IntN(60)
	for i := range lines {
		b.WriteString(mixedLine(rng, i+2))
	}
	text := []byte(b.String())
	for range rng.IntN(3) * rng.IntN(4) { // some files are damaged on the way
		text[len(mixed)+rng.IntN(len(text)-len(mixed))] = byte(rng.IntN(256))
	}
	o := from("you")
	o.Allowed = []int{0, lines, 2 * lines}[rng.IntN(3)]
	before := h.imported()
	r, err := h.desk.Stage(bg, file(string(text)), o)
	if err != nil {
		if avow.KindOf(err) != avow.Refused || h.count("vault_imported") > 0 {
			h.TB.Errorf("refused otherwise: %v", err)
		}
		return false
	}
	if n := h.imported(); len(n) != len(before) {
		h.TB.Errorf("before the flip %d people more are there", len(n)-len(before))
	}
	_, err = h.desk.Flip(bg, r.ID, "staff")
	if r.Errors > o.Allowed {
		if avow.KindOf(err) != avow.Refused || len(h.imported()) != len(before) {
			h.TB.Errorf("%d errors, %d allowed, and the flip: %v", r.Errors, o.Allowed, err)
		}
		h.Check(h.desk.Discard(bg, r.ID, "staff"))
		return false
	}
	h.Check(err)
	h.theAccepted(r, before)
	h.settle(r.ID)
	h.theAccepted(r, before)
	return true
}

// theAccepted: each line without an error is there, with its name, and no other is.
func (h *house) theAccepted(r *intake.Report, before map[int]string) {
	h.TB.Helper()
	wrong := map[int]bool{}
	for _, f := range r.Findings {
		if f.Level == intake.Error {
			wrong[f.Line] = true
		}
	}
	if r.Lines != r.Accepted+len(wrong) {
		h.TB.Errorf("%d lines, %d accepted, %d wrong", r.Lines, r.Accepted, len(wrong))
	}
	if now := h.imported(); len(now) != r.Accepted+len(before) {
		h.TB.Errorf("%d lines are there, and the report says %d", len(now)-len(before), r.Accepted)
	}
}

// imported gives the names of all people who came by a file and are there, each under the index of its event.
func (h *house) imported() map[int]string {
	h.TB.Helper()
	out := map[int]string{}
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		list, err := h.Ledger.Read(tx, 0, 100_000)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Type != ledger.Imported {
				continue
			}
			family, err := h.Vault.Family(tx, e.Subject)
			if avow.KindOf(err) == avow.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			values, err := h.Vault.Values(tx, family[0])
			if err != nil {
				return err
			}
			if len(values) == 0 {
				return errors.New("somebody is there without what the file says of them")
			}
			out[int(e.Index)] = values[0].Data
		}
		return nil
	}))
	return out
}

// While a file is staged, flipped and settled, the same people fill in forms, prove
// their addresses and say stop. None of it is lost, on either side.
func TestLiveBesideAnImport(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const n = 90
		var text strings.Builder
		text.WriteString("email,contact.name,email.verified\n")
		for i := range n {
			fmt.Fprintf(&text, "p%d@mail.example,Listed %d,%s\n", i, i, []string{"", "yes", ""}[i%3])
		}
		address := func(i int) string { return fmt.Sprintf("p%d@mail.example", i) }
		var live sync.WaitGroup
		for worker := range 3 { // each person is of one worker
			live.Go(func() {
				for i := worker; i < n; i += 3 {
					if i%2 == 0 {
						h.claim(address(i))
					}
					if i%5 == 0 {
						h.verified(address(i))
					}
					if i%6 == 1 {
						h.object(address(i), "offers")
					}
				}
			})
		}
		r := h.stage(text.String(), from("you"))
		h.flip(r.ID)
		h.settle(r.ID)
		live.Wait()
		h.settle(r.ID)
		for i := range n {
			h.livedWell(i, address(i))
		}
		h.sound()
	})
}

func (h *house) claim(address string) {
	_, err := h.Forms.Accept(bg, collect.Submission{Policy: "site", Point: "newsletter",
		Fields: map[string]string{"contact.email": address, "contact.name": "Live"}, Consents: []string{"offers"}})
	if err != nil {
		h.TB.Error(err)
	}
}

func (h *house) livedWell(i int, address string) {
	h.TB.Helper()
	found := h.found(vault.Email, address)
	names, verified := "", 0
	for _, f := range found {
		names += " " + h.values(f.Subject)["contact.name"]
		if f.Verified {
			verified++
		}
		if i%6 == 1 && h.allowed(f.Subject, "offers", "contact.email") {
			h.TB.Errorf("person %d said stop, and is written to", i)
		}
	}
	switch {
	case len(found) == 0 || verified > 1 || len(found)-verified > 1:
		h.TB.Errorf("person %d is %d people, %d of them verified", i, len(found), verified)
	case !strings.Contains(names, fmt.Sprintf("Listed %d", i)):
		h.TB.Errorf("person %d lost what the list says: %s", i, names)
	case i%2 == 0 && !strings.Contains(names, "Live"):
		h.TB.Errorf("person %d lost what they gave: %s", i, names)
	}
}
