package rights_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"html"
	"io"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
	"golang.org/x/net/html/atom"

	xhtml "golang.org/x/net/html"
)

// nasty are texts that break what does not quote them.
var nasty = []string{
	`<script>alert("Ann")</script>`, `</td></table><h1>x`, `"quoted", 'and' \back\`, "two\nlines", `=HYPERLINK("http://evil.example";"x")`,
	"Ünïcödé 名前 🚢", `{{.Organisation}}`, `&lt;already&gt;`, "trailing comma,", `-1+cmd|' /C calc'!A0`,
}

// Every text that was put in comes out, in each file and to the letter; nothing of
// a second person who put in as much is there.
func TestCopyIsWholeAndNobodyElses(t *testing.T) {
	each(t, func(h *house) {
		for i, text := range nasty {
			h.submit("contact", nil, "contact.email", ann, "contact.name", "Ann "+string(rune('A'+i)), "messages.text", text)
			h.submit("contact", nil, "contact.email", bob, "contact.name", "Bob "+string(rune('A'+i)), "messages.text", "Bob writes "+text)
		}
		h.submit("newsletter", []string{"newsletter", "panel"}, "contact.email", ann)
		bobs := h.see(h.enter(bob))
		session := h.enter(ann)
		rec := h.see(session)
		files := h.copy(session)

		var data rights.Record
		h.Check(json.Unmarshal(files["data.json"], &data))
		if data.Format != rights.Format || len(data.Identities) != 1 || len(data.History) != len(rec.History) || len(data.Notices) != 1 || len(data.Notices[0].SHA256) != 64 {
			t.Errorf("data.json: %d identities, %d events of %d, %+v", len(data.Identities), len(data.History), len(rec.History), data.Notices)
		}
		rows, err := csv.NewReader(bytes.NewReader(files["data.csv"])).ReadAll()
		h.Check(err)
		var cells, values []string
		for _, row := range rows {
			cells = append(cells, row[3])
		}
		for _, c := range data.Categories {
			for _, v := range c.Values {
				values = append(values, v.Value)
			}
		}
		page := text(t, files["index.html"])
		for i, want := range nasty {
			for _, want := range []string{want, "Ann " + string(rune('A'+i)), ann} {
				in := func(list []string) bool {
					return strings.Contains("\x00"+strings.Join(list, "\x00")+"\x00", "\x00"+want+"\x00")
				}
				if !in(values) || !in(cells) && !in(quoted(cells)) || !strings.Contains(page, want) {
					t.Errorf("%q is lacking: json %v, csv %v, page %v", want, in(values), in(cells), strings.Contains(page, want))
				}
			}
		}
		for _, cell := range cells[1:] {
			if pack.Runs(cell) {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
		h.nothingOf(bobs, files)
	})
}

// quoted are cells without the apostrophe that makes a formula harmless.
func quoted(cells []string) (out []string) {
	for _, c := range cells {
		if strings.HasPrefix(c, "'") {
			out = append(out, c[1:])
		}
	}
	return out
}

// nothingOf looks for everything that is only in one person's record in another's files.
func (h *house) nothingOf(rec rights.Record, files map[string][]byte) {
	h.t.Helper()
	words := []string{rec.Subject.String()}
	for _, id := range rec.Identities {
		words = append(words, id.Value)
	}
	for _, c := range rec.Categories {
		for _, v := range c.Values {
			words = append(words, v.ID.String(), v.Value, html.EscapeString(v.Value), strings.Trim(asJSON(h.t, v.Value), `"`))
		}
	}
	for _, e := range rec.History {
		words = append(words, e.ID.String())
	}
	if len(words) < 50 {
		h.t.Fatalf("only %d words to look for", len(words))
	}
	for name, body := range files {
		for _, word := range words {
			if bytes.Contains(body, []byte(word)) {
				h.t.Errorf("%s holds %q of somebody else", name, word)
			}
		}
	}
}

// text is what a reader sees of a page; a script, a form or something loaded from
// elsewhere in it fails the test.
func text(t *testing.T, page []byte) string {
	t.Helper()
	var b strings.Builder
	z := xhtml.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			if z.Err() != io.EOF {
				t.Error(z.Err())
			}
			return b.String()
		case xhtml.TextToken:
			b.WriteString(html.UnescapeString(string(z.Raw())))
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			tag := z.Token()
			switch tag.DataAtom {
			case atom.Script, atom.Form, atom.Img, atom.Iframe, atom.Link, atom.Object:
				t.Errorf("the page has a <%s>", tag.Data)
			}
			for _, a := range tag.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" {
					t.Errorf("the page has %s=%q", a.Key, a.Val)
				}
			}
		}
	}
}

// What gdpr:15(1) wants told stands on the page.
func TestCopyTellsWhatTheLawWants(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.submit("purchase", nil, "contact.name", "Ann Buyer", "contact.email", ann, "contact.address", "1 Quay Street")
		page := text(t, h.copy(h.enter(ann))["index.html"])
		for _, want := range []string{
			"What Quay holds about you", "Contact details", "E-mail address", "Our newsletter", "You asked for it.", "The law has us.", // (a), (b)
			"Mail service (processor), in NL, safeguard: standard clauses; for: Our newsletter.", // (c), gdpr:15(2)
			"24 months after we collect it, then erased", "7 years after we",                     // (d)
			"put right, erased, or its use restricted", "dpo@quay.example", // (e)
			"You, at Order", "under version 1 of the notice", // (g)
			"Address; Name, for Keep accounts and nothing else", // what stays
			"You gave data", "A one-time link was sent to your address.",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	})
}

// A session opens its own person's data and nobody else's, however long the words
// that are sent in its place.
func TestSessionIsOnesOwn(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		anns, bobs := h.enter(ann), h.enter(bob)
		if rec := h.see(bobs); strings.Contains(asJSON(t, rec), "Ann") || rec.Identities[0].Value != bob {
			t.Error("Bob sees Ann")
		}
		if err := h.desk.Correct(bg, bobs, "contact.phone", "+442079460019"); avow.KindOf(err) != avow.Invalid {
			t.Errorf("Bob corrects a field that only Ann has: %v", err)
		}
		h.Check(h.desk.Correct(bg, bobs, "contact.name", "Robert"))
		if rec := h.see(anns); !strings.Contains(asJSON(t, rec), "Ann Visitor") || strings.Contains(asJSON(t, rec), "Robert") {
			t.Error("Bob's correction reached Ann")
		}
		long := strings.Repeat(anns, 1<<15)
		for name, token := range map[string]string{"long": long, "cut": anns[:42], "more": anns + "A", "a link": h.ask(ann)} {
			if _, err := h.desk.Who(bg, token); avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := h.desk.Enter(bg, token+"x"); avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("%s as a link: %v", name, err)
			}
		}
		done, err := h.desk.Erase(bg, bobs)
		if err != nil || done.Values != 3 {
			t.Errorf("%+v, %v", done, err)
		}
		if rec := h.see(anns); len(rec.Categories) != 2 {
			t.Error("Ann went with Bob")
		}
	})
}

// A long history is shown in part and handed over whole; a copy of much is made as well.
func TestMuchIsBounded(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		session := h.enter(ann)
		who, err := h.desk.Who(bg, session)
		h.Check(err)
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
			for range 700 {
				if _, err := h.Ledger.Append(tx, ledger.Event{Type: ledger.Sent, Subject: who}); err != nil {
					return err
				}
			}
			for i := range 90 {
				_, err := h.Vault.Put(tx, vault.Value{Subject: who, Category: "messages", Field: "text", Policy: "site", Version: 1, Data: strings.Repeat(string(rune('a'+i%26)), 30000+i)})
				if err != nil {
					return err
				}
			}
			return nil
		}))
		rec := h.see(session)
		if len(rec.History) != 500 || rec.Earlier < 200 || len(rec.Receipts) != 0 {
			t.Errorf("%d events shown, %d earlier, %d receipts", len(rec.History), rec.Earlier, len(rec.Receipts))
		}
		files := h.copy(session)
		var list []*ledger.Receipt
		h.Check(json.Unmarshal(files["receipts.json"], &list))
		if len(list) != len(rec.History)+rec.Earlier || len(files["data.csv"]) < 90*30000 {
			t.Errorf("%d receipts, %d bytes of values", len(list), len(files["data.csv"]))
		}
	})
}

// part is the files that stand in the package of a request beside what systems hold.
func (h *house) part(put func(context.Context, avow.ID, string, *pack.Archive) error, who avow.ID) map[string]string {
	h.t.Helper()
	var b bytes.Buffer
	a := pack.NewArchive(&b, pack.Manifest{})
	h.Check(put(bg, who, "avow", a))
	h.Check(a.Close())
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	h.Check(err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		h.Check(err)
		text, err := io.ReadAll(r)
		h.Check(err)
		out[f.Name] = string(text)
	}
	return out
}

// What is taken elsewhere is what somebody gave for a consent or a contract, and not the rest of what is held (gdpr:20(1)).
func TestPortablePart(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		who, err := h.desk.Who(bg, h.enter(ann))
		h.Check(err)
		const question = "Is the blue boat sold?" // is answered in our own interest
		all := h.part(h.desk.PutFor, who)
		if page := all["avow/index.html"]; !strings.Contains(page, question) || strings.Contains(page, "This is all") || len(all) != 6 {
			t.Errorf("a part of a package says that it is all there is, or lacks something: %s", page)
		}
		some := h.part(h.desk.PutPortableFor, who)
		data := some["avow/data.json"]
		if len(some) != 3 || !strings.Contains(data, ann) || !strings.Contains(data, "Ann Visitor") || !strings.Contains(some["avow/data.csv"], "Ann Visitor") {
			t.Errorf("what Ann gave is lacking: %v", some)
		}
		for name, text := range some {
			if strings.Contains(text, question) || strings.Contains(text, "history") || strings.Contains(text, "mustKeep") {
				t.Errorf("%s holds what is not to be taken elsewhere: %s", name, text)
			}
		}
		bobs, err := h.desk.Who(bg, h.enter(bob))
		h.Check(err)
		if none := h.part(h.desk.PutPortableFor, bobs); len(none) != 1 {
			t.Errorf("Bob takes elsewhere what he did not give for a consent or a contract: %v", none)
		}
	})
}
