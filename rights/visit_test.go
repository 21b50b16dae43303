package rights_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func TestAskDoesNotTellWhoIsKnown(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for address, letters := range map[string]int{ann: 2, "nobody@mail.example": 0} { // Ann has the newsletter's letter already
			if err := h.desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}); err != nil {
				t.Errorf("%v", err)
			}
			if n := len(h.letters(address)); n != letters {
				t.Errorf("%d letters, want %d", n, letters)
			}
		}
		if len(h.Found("nobody@mail.example")) != 0 {
			t.Error("asking made a person")
		}
		for _, id := range []vault.Identity{{Kind: vault.Email, Value: "not an address"}, {Kind: vault.Phone, Value: "+442079460018"}, {}} {
			if err := h.desk.Ask(bg, id); avow.KindOf(err) != avow.Invalid {
				t.Errorf("what is no address: %v", err)
			}
		}
	})
}

func TestAskIsLimited(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for range 10 {
			h.Check(h.desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: bob}))
		}
		if n := len(h.letters(bob)); n != 5 {
			t.Errorf("%d letters to one address within an hour", n)
		}
	})
}

func TestLinkWorksOnce(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		token := h.ask(ann)
		var wg sync.WaitGroup
		var mu sync.Mutex
		entered := 0
		for range 8 {
			wg.Go(func() {
				_, err := h.desk.Enter(bg, token)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					entered++
				} else if avow.KindOf(err) != avow.Unauthorized {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if entered != 1 {
			t.Errorf("the link was used %d times", entered)
		}
		late := h.ask(ann)
		h.Pass(16 * time.Minute)
		if _, err := h.desk.Enter(bg, late); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("after 16 minutes: %v", err)
		}
	})
}

// A link for one thing does not open another.
func TestConfirmationLinkOpensNothing(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		_, rest, _ := strings.Cut(h.letters(ann)[0].Text, "/confirm?t=")
		token, _, _ := strings.Cut(rest, "\n")
		if _, err := h.desk.Enter(bg, strings.TrimSpace(token)); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a confirmation link opened the data: %v", err)
		}
		if _, err := h.Forms.Confirm(bg, h.ask(ann)); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a link to the data confirmed something: %v", err)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		s := h.enter(ann)
		if who, err := h.desk.Who(bg, s); err != nil || who != h.Found(ann)[0].Subject {
			t.Errorf("at the desk: %v, %v", who, err)
		}
		h.Check(h.desk.Leave(bg, s))
		h.Check(h.desk.Leave(bg, s))
		late := h.enter(ann)
		h.Pass(31 * time.Minute)
		for name, token := range map[string]string{"left": s, "too late": late, "made up": "x", "empty": ""} {
			_, err := h.desk.See(bg, token)
			if avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("%s: %v", name, err)
			}
			if err := h.desk.Correct(bg, token, "contact.name", "X"); avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("%s corrects: %v", name, err)
			}
			if _, err := h.desk.Erase(bg, token); avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("%s erases: %v", name, err)
			}
			if err := h.desk.Copy(bg, token, io.Discard); avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("%s copies: %v", name, err)
			}
		}
	})
}

func TestSee(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		s := h.enter(ann)
		rec := h.see(s)
		values := map[string]rights.Held{}
		for _, c := range rec.Categories {
			for _, v := range c.Values {
				values[c.Name+"."+v.Field] = v
			}
			if c.Title == c.Name || len(c.Kept) == 0 {
				t.Errorf("category %s says too little: %+v", c.Name, c)
			}
		}
		for path, want := range map[string]string{"contact.email": ann, "contact.name": "Ann Visitor", "contact.phone": "+442079460018", "messages.text": "Is the blue boat sold?"} {
			v := values[path]
			if v.Value != want || v.Source != "You" || v.Version != 1 || v.At.IsZero() || len(v.Purposes) == 0 {
				t.Errorf("%s: %+v", path, v)
			}
		}
		if len(values) != 4 || len(rec.Identities) != 1 || !rec.Identities[0].Verified || rec.Identities[0].Value != ann {
			t.Errorf("%d values, %+v", len(values), rec.Identities)
		}
		if rec.Categories[0].Recipients[0] != "Mail service" || values["contact.name"].Purposes[0].Title != "Our newsletter" {
			t.Errorf("in the notice's words: %+v", rec.Categories[0])
		}
		if len(rec.Choices) == 0 || strings.Contains(asJSON(t, rec), "Bob") || strings.Contains(asJSON(t, rec), "anchor") {
			t.Error("the record lacks choices, or holds somebody else's data")
		}
		again := h.see(s)
		h.Pass(61 * time.Second)
		later := h.see(s)
		if n, m, k := count(rec, ledger.RequestAnswered), count(again, ledger.RequestAnswered), count(later, ledger.RequestAnswered); n != 1 || m != 1 || k != 2 {
			t.Errorf("looks in the history: %d, at once again %d, a minute later %d", n, m, k)
		}
		for i, e := range later.History[1:] {
			if e.Index >= later.History[i].Index || e.Words == "" || e.ID.IsZero() {
				t.Errorf("event %d is out of order, or says nothing: %+v", i+1, e)
			}
		}
	})
}

func count(rec rights.Record, what ledger.Type) (n int) {
	for _, h := range rec.History {
		if h.Type == what {
			n++
		}
	}
	return n
}

// What somebody else claimed under an address is not shown until the holder of the
// address comes, and then it is the holder's to see.
func TestTakeover(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.enter(ann)
		h.submit("contact", nil, "contact.email", "Ann@MAIL.example", "contact.name", "Mallory", "messages.text", "Send me everything.")
		list := h.letters(ann)
		for _, l := range list {
			if l.To != ann {
				t.Errorf("a letter went to %s", l.To)
			}
		}
		s := h.enter(ann)
		if rec := h.see(s); !strings.Contains(asJSON(t, rec), "Mallory") {
			t.Error("the holder does not see what was claimed under her address")
		}
	})
}

func TestCopy(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.submit("contact", nil, "contact.email", ann, "messages.text", "=1+1")
		s := h.enter(ann)
		files := h.copy(s)
		var m struct {
			Files []struct {
				Name, SHA256 string
				Size         int
			}
		}
		h.Check(json.Unmarshal(files["manifest.json"], &m))
		if len(m.Files) != 5 || len(files) != 6 {
			t.Errorf("the manifest: %+v", m)
		}
		for _, f := range m.Files {
			sum := sha256.Sum256(files[f.Name])
			if hex.EncodeToString(sum[:]) != f.SHA256 || len(files[f.Name]) != f.Size {
				t.Errorf("%s is not what the manifest says", f.Name)
			}
		}
		var rec rights.Record
		h.Check(json.Unmarshal(files["data.json"], &rec))
		rows, err := csv.NewReader(bytes.NewReader(files["data.csv"])).ReadAll()
		h.Check(err)
		if len(rows) != 6 || len(rec.Categories) != 2 {
			t.Errorf("%d lines, %d categories", len(rows), len(rec.Categories))
		}
		for _, word := range []string{ann, "Ann Visitor", "+442079460018", "Is the blue boat sold?"} {
			for _, name := range []string{"index.html", "data.json", "data.csv"} {
				text := strings.ReplaceAll(string(files[name]), "&#43;", "+")
				if !strings.Contains(text, word) {
					t.Errorf("%s lacks %q", name, word)
				}
			}
		}
		if !bytes.Contains(files["data.csv"], []byte(",'=1+1,")) || !bytes.Contains(files["data.json"], []byte(`"=1+1"`)) {
			t.Error("a formula is harmless in the table, and as it was in the JSON")
		}
		for name, text := range files {
			if bytes.Contains(text, []byte("Bob Other")) || bytes.Contains(text, []byte("Where is my anchor")) || bytes.Contains(text, []byte(bob)) {
				t.Errorf("%s holds somebody else's data", name)
			}
		}
		for _, r := range h.receipts(files) {
			h.Check(r.Check())
		}
		if n := count(h.see(s), ledger.CopyHandedOver); n != 1 {
			t.Errorf("the copy is %d events", n)
		}
	})
}

func (h *house) copy(session string) map[string][]byte {
	h.t.Helper()
	var b bytes.Buffer
	h.Check(h.desk.Copy(bg, session, &b))
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	h.Check(err)
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		h.Check(err)
		files[f.Name], err = io.ReadAll(r)
		h.Check(err)
	}
	return files
}

func (h *house) receipts(files map[string][]byte) []*ledger.Receipt {
	h.t.Helper()
	var list []*ledger.Receipt
	h.Check(json.Unmarshal(files["receipts.json"], &list))
	if len(list) < 4 {
		h.t.Errorf("%d receipts", len(list))
	}
	return list
}

func TestCorrect(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.submit("contact", nil, "contact.email", ann, "contact.name", "Anne", "messages.text", "Hello")
		s := h.enter(ann)
		h.Check(h.desk.Correct(bg, s, "contact.name", " Ann Navigator "))
		rec := h.see(s)
		var names []string
		for _, v := range rec.Categories[0].Values {
			if v.Field == "name" {
				names = append(names, v.Value)
			}
		}
		if strings.Join(names, ", ") != "Ann Navigator, Ann Navigator" || count(rec, ledger.Corrected) != 1 {
			t.Errorf("names: %q", names)
		}
		for path, want := range map[string]avow.ErrorKind{"contact.email": avow.Refused, "contact.phone": avow.Refused, "contact.shoe": avow.Invalid, "card.code": avow.Invalid} {
			if err := h.desk.Correct(bg, s, path, "x"); avow.KindOf(err) != want {
				t.Errorf("%s: %v, want %v", path, err, want)
			}
		}
		for _, bad := range []string{"", "  ", strings.Repeat("a", 2001), "a\x00b"} {
			if err := h.desk.Correct(bg, s, "contact.name", bad); avow.KindOf(err) != avow.Invalid {
				t.Errorf("%d characters: %v", len(bad), err)
			}
		}
		if d := h.decide(rec.Subject, "newsletter", "contact.name"); d.Reason == gate.NotHeld {
			t.Error("the gate lost the corrected name")
		}
	})
}

func TestErase(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		s := h.enter(ann)
		who, err := h.desk.Who(bg, s)
		h.Check(err)
		h.Check(h.Register.Do(bg, who, func(hand *consent.Hand) error {
			_, err := hand.Object(consent.Choice{Policy: "site", Topic: "products"})
			return err
		}))
		receipts := h.receipts(h.copy(s))
		done, err := h.desk.Erase(bg, s)
		if err != nil || !done.Complete || done.Values != 4 || done.Identities != 1 || !done.Suppressed || len(done.Kept) != 0 {
			t.Fatalf("%+v, %v", done, err)
		}
		if len(h.Found(ann)) != 0 {
			t.Error("the address still finds somebody")
		}
		if d := h.decide(who, "answer", "contact.email"); d.Reason != gate.NotCached {
			t.Errorf("the gate still knows them: %v", d.Reason)
		}
		if _, err := h.desk.See(bg, s); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("the session goes on: %v", err)
		}
		for _, r := range receipts {
			h.Check(r.Check()) // without us, and after our copy is gone
		}
		if l := h.letters(ann)[0]; l.Subject != "Your data was erased" {
			t.Errorf("the last letter: %s", l.Subject)
		}
		h.nothingOpens(who)
		if token := h.ask(ann); token != "" {
			t.Error("a link was sent to somebody who was erased")
		}
		if len(h.Found(bob)) != 1 {
			t.Error("somebody else was erased")
		}
	})
}

// nothingOpens looks at what is left of somebody: events whose bodies do not open,
// but the erasure's own, which names and counts.
func (h *house) nothingOpens(who avow.ID) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		entries, err := h.Ledger.BySubject(tx, who)
		if err != nil {
			return err
		}
		for _, e := range entries {
			event, err := h.Ledger.Open(tx, e)
			switch {
			case e.Type == ledger.Erased && (err != nil || !strings.Contains(string(event.Body), `"values":4`)):
				h.t.Errorf("the record of the erasure: %s, %v", event.Body, err)
			case e.Type != ledger.Erased && err == nil:
				h.t.Errorf("%s still opens", e.Type)
			}
		}
		if len(entries) < 5 {
			h.t.Errorf("%d events are left in the log", len(entries))
		}
		return nil
	}))
}

// The last step is cut short: the next start finishes it.
func TestEraseIsFinishedAfterACrash(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		s := h.enter(ann)
		who, err := h.desk.Who(bg, s)
		h.Check(err)
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error { return h.desk.EraseUpToKeys(tx, s) }))
		h.restart()
		if len(h.Found(ann)) != 0 {
			t.Error("the person is still there after the start")
		}
		h.nothingOpens(who)
		h.Check(h.desk.Resume(bg))
	})
}

// What must be kept is kept for that alone, and the person is told.
func TestEraseKeepsWhatMustBe(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.submit("purchase", nil, "contact.name", "Ann Visitor", "contact.email", ann, "contact.address", "1 Quay Street")
		s := h.enter(ann)
		who, err := h.desk.Who(bg, s)
		h.Check(err)
		done, err := h.desk.Erase(bg, s)
		h.Check(err)
		if done.Complete || len(done.Kept) != 1 || strings.Join(done.Kept[0].Fields, " ") != "contact.address contact.name" ||
			strings.Join(done.Kept[0].For, " ") != "Keep accounts" || done.Kept[0].Because != "Tax law demands it." {
			t.Errorf("kept: %+v", done)
		}
		rec := h.see(h.enter(ann))
		if len(rec.Categories) != 1 || len(rec.Categories[0].Values) != 2 {
			t.Errorf("left: %+v", rec.Categories)
		}
		for purpose, want := range map[string]gate.Reason{"accounts": gate.ByReason, "answer": gate.KeptForOthers, "payments": gate.KeptForOthers} {
			if d := h.decide(who, purpose, "contact.name"); d.Reason != want {
				t.Errorf("%s: %v, want %v", purpose, d.Reason, want)
			}
		}
		if d := h.decide(who, "newsletter", "contact.email"); d.Allowed {
			t.Error("the newsletter goes on")
		}
		if text := h.letterNamed("must be kept"); !strings.Contains(text, "Tax law demands it.") || !strings.Contains(text, "Address, Name, for: Keep accounts") {
			t.Errorf("the letter does not tell what is kept:\n%s", text)
		}
		again, err := h.desk.Erase(bg, h.enter(ann))
		if err != nil || again.Values != 0 || len(again.Kept) != 1 || again.Kept[0].Values != 2 {
			t.Errorf("erased again: %+v, %v", again, err)
		}
		h.Pass(7*366*24*time.Hour + time.Hour) // now its time is over
		done, err = h.desk.Erase(bg, h.enter(ann))
		if err != nil || !done.Complete {
			t.Errorf("after seven years: %+v, %v", done, err)
		}
	})
}

// After an erasure no file holds a word of the person's, in any form we could find.
func TestRawFilesAfterErasure(t *testing.T) {
	c := store.Config{Path: filepath.Join(t.TempDir(), "avow.db")}
	h := newHouse(t, c)
	h.people()
	s := h.enter(ann)
	h.Check(h.desk.Correct(bg, s, "contact.name", "Ann Navigator"))
	h.copy(s)
	if _, err := h.desk.Erase(bg, s); err != nil {
		t.Fatal(err)
	}
	if len(h.letters(ann)) == 0 || !strings.Contains(h.letters(ann)[0].Text, "is gone") && !strings.Contains(h.letters(ann)[0].Text, "are gone") {
		t.Error("the last letter did not leave")
	}
	h.Check(h.Vault.Close())
	h.Check(h.DB.Close())
	names, err := filepath.Glob(filepath.Join(h.Dir, "*"))
	h.Check(err)
	more, err := filepath.Glob(c.Path + "*")
	h.Check(err)
	for _, name := range append(names, more...) {
		raw, err := os.ReadFile(name)
		h.Check(err)
		for _, word := range []string{ann, "Ann Visitor", "Ann Navigator", "+442079460018", "blue boat", s} {
			if bytes.Contains(raw, []byte(word)) {
				t.Errorf("%q can be read in %s", word, filepath.Base(name))
			}
		}
	}
}

// letterNamed is the text of the newest letter to Ann with some words in its subject.
func (h *house) letterNamed(words string) string {
	h.t.Helper()
	for _, l := range h.letters(ann) {
		if strings.Contains(l.Subject, words) {
			return l.Text
		}
	}
	h.t.Errorf("no letter about %q", words)
	return ""
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
