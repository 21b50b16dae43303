package rights

import (
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"html/template"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/store"
)

//go:embed copy.html
var pageSource string

var page = template.Must(template.New("copy").Funcs(template.FuncMap{
	"day":      func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"word":     func(s string) string { return strings.ReplaceAll(s, "-", " ") },
	"join":     func(list []string) string { return strings.Join(list, ", ") },
	"list":     func(list []string) string { return strings.Join(list, "; ") },
	"contacts": contacts,
}).Parse(pageSource))

func contacts(list []Notice) (out []string) {
	for _, n := range list {
		if n.Contact != "" {
			out = with(out, n.Contact)
		}
	}
	return out
}

// Copy writes everything held of whoever has the session as a ZIP file (gdpr:15(3),
// gdpr:20(1)): a page to read, the same as JSON and CSV, the events and their receipts, and a manifest with
// the SHA-256 of each file. Nothing of anybody else is in it (gdpr:15(4)). That it was handed over is an event, recorded before the first byte.
func (d *Desk) Copy(ctx context.Context, session string, w io.Writer) error {
	var subject avow.ID
	if err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		subject, err = d.act(tx, session)
		return err
	}); err != nil {
		return err
	}
	rec, err := d.read(ctx, subject, 0)
	if err != nil {
		return err
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.handedOver(tx, session, rec) }); err != nil {
		return err
	}
	return d.pack(rec, w)
}

func (d *Desk) handedOver(tx *store.Tx, session string, rec Record) error {
	if _, err := d.who(tx, session); err != nil {
		return err
	}
	_, err := d.record(tx, ledger.Event{Type: ledger.CopyHandedOver, Subject: rec.Subject}, noteOf(rec))
	return err
}

func noteOf(rec Record) note {
	n := note{Request: "copy", Events: len(rec.History), Identities: len(rec.Identities)}
	for _, c := range rec.Categories {
		n.Values += len(c.Values)
	}
	return n
}

// Own puts everything held here of somebody into a package that answers a request of
// theirs (gdpr:15), beside what other systems hold: the files of Copy, in a folder; movable: only what they may take elsewhere (gdpr:20). That it is handed over is an event,
// recorded before the first byte, with who answers and why.
func (d *Desk) Own(ctx context.Context, subject avow.ID, by, because, folder string, movable bool, a *pack.Archive) error {
	if err := stated(by, because); err != nil {
		return err
	}
	rec, err := d.read(ctx, subject, 0)
	if err != nil {
		return err
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error {
		n := noteOf(rec)
		n.Way, n.By, n.Evidence = "staff", by, because
		_, err := d.record(tx, ledger.Event{Type: ledger.CopyHandedOver, Subject: rec.Subject}, n)
		return err
	}); err != nil {
		return err
	}
	if movable {
		return d.putPortable(rec, folder, a)
	}
	return d.put(rec, folder, a)
}

func (d *Desk) pack(rec Record, w io.Writer) error {
	a := pack.NewArchive(w, pack.Manifest{Format: Format, Made: rec.At, Organisation: d.Organisation, Notices: rec.Notices})
	if err := d.put(rec, "", a); err != nil {
		return err
	}
	return a.Close()
}

// file is one file of a copy.
type file struct {
	name, says string
	write      func(io.Writer) error
}

// put adds the files of a copy to an archive; in a folder they are a part of it.
func (d *Desk) put(rec Record, folder string, a *pack.Archive) error {
	all := "everything held about you, to read"
	if folder != "" {
		all = "what we hold about you beside these systems, to read"
	}
	return putFiles(folder, a, []file{
		{"index.html", all, func(w io.Writer) error { return page.Execute(w, pageData{rec, d.Organisation, folder != ""}) }},
		{"data.json", "the same for machines", func(w io.Writer) error { return asJSON(w, rec) }},
		{"data.csv", "the values as a table", func(w io.Writer) error { return asCSV(w, rec) }},
		{"events.json", "what happened, the newest first", func(w io.Writer) error { return asJSON(w, rec.History) }},
		{"receipts.json", "receipts of what was recorded; each can be checked without us", func(w io.Writer) error { return asJSON(w, rec.Receipts) }},
	})
}

// putPortable adds what somebody may take elsewhere, and nothing that was made of it since (gdpr:20(1)); no file where there is none.
func (d *Desk) putPortable(rec Record, folder string, a *pack.Archive) error {
	rec.Categories = portable(rec.Categories)
	if len(rec.Categories) == 0 {
		return nil
	}
	return putFiles(folder, a, []file{
		{"data.json", "what you gave us beside these systems, for machines", func(w io.Writer) error {
			return asJSON(w, struct {
				Format     string     `json:"format"`
				At         time.Time  `json:"at"`
				Identities []Identity `json:"identities"`
				Categories []Category `json:"categories"`
			}{rec.Format, rec.At, rec.Identities, rec.Categories})
		}},
		{"data.csv", "the same as a table", func(w io.Writer) error { return asCSV(w, rec) }},
	})
}

// portable is what of some categories can be taken elsewhere.
func portable(list []Category) []Category {
	out := []Category{}
	for _, c := range list {
		c.Values = slices.DeleteFunc(slices.Clone(c.Values), func(h Held) bool { return !h.Portable })
		if len(c.Values) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func putFiles(folder string, a *pack.Archive, list []file) error {
	for _, f := range list {
		if err := a.Add(path.Join(folder, f.name), f.says, f.write); err != nil {
			return err
		}
	}
	return nil
}

type pageData struct {
	Record
	Organisation string
	Part         bool // of a package that has more
}

func asJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// asCSV writes one line a value (rfc:4180). A text that a spreadsheet would run
// instead of showing gets an apostrophe before it; the JSON has it as it is.
func asCSV(w io.Writer, rec Record) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	c.Write([]string{"policy", "category", "field", "value", "source", "point", "collected", "notice version", "lawful basis", "purposes", "recipients", "kept", "id"})
	for _, k := range rec.Categories {
		for _, v := range k.Values {
			var why, who []string
			for _, u := range v.Purposes {
				why = append(why, u.Name)
			}
			for _, r := range v.Recipients {
				who = append(who, r.Name)
			}
			c.Write(pack.Harmless(k.Policy, k.Name, v.Field, v.Value, v.Source, v.Point, v.At.UTC().Format(time.RFC3339), strconv.Itoa(v.Version),
				v.Basis, strings.Join(why, " "), strings.Join(who, " "), strings.Join(v.Kept, "; "), v.ID.String()))
		}
	}
	c.Flush()
	return c.Error()
}
