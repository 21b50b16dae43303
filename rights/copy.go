package rights

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow/ledger"
)

//go:embed copy.html
var pageSource string

var page = template.Must(template.New("copy").Funcs(template.FuncMap{
	"day":  func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"word": func(s any) string { return strings.ReplaceAll(toString(s), "-", " ") },
}).Parse(pageSource))

func toString(v any) string {
	switch s := v.(type) {
	case string:
		return s
	case ledger.Type:
		return string(s)
	}
	return ""
}

// Copy writes everything held of whoever has the session as a ZIP file (gdpr:15(3),
// gdpr:20): a page to read, the same as JSON and CSV, the receipts, and a manifest with
// the SHA-256 of each file. That it was handed over is an event, recorded before the first byte.
func (d *Desk) Copy(ctx context.Context, session string, w io.Writer) error {
	rec, err := d.look(ctx, session, ledger.CopyHandedOver, "copy")
	if err != nil {
		return err
	}
	return d.pack(rec, w)
}

func (d *Desk) pack(rec Record, w io.Writer) error {
	z := zip.NewWriter(w)
	m := manifest{Made: rec.At, Files: []packed{}}
	for _, f := range []struct {
		name, says string
		write      func(io.Writer) error
	}{
		{"index.html", "everything held about you, to read", func(w io.Writer) error {
			return page.Execute(w, struct {
				Record
				Organisation string
			}{rec, d.Organisation})
		}},
		{"data.json", "the same for machines", func(w io.Writer) error { return asJSON(w, rec) }},
		{"data.csv", "the values as a table", func(w io.Writer) error { return asCSV(w, rec) }},
		{"receipts.json", "receipts of what was recorded; each can be checked without us", func(w io.Writer) error { return asJSON(w, rec.Receipts) }},
	} {
		p, err := pack(z, rec.At, f.name, f.write)
		if err != nil {
			return err
		}
		p.Says = f.says
		m.Files = append(m.Files, p)
	}
	if _, err := pack(z, rec.At, "manifest.json", func(w io.Writer) error { return asJSON(w, m) }); err != nil {
		return err
	}
	return z.Close()
}

type manifest struct {
	Made  time.Time `json:"made"`
	Files []packed  `json:"files"`
}

type packed struct {
	Name   string `json:"name"`
	Says   string `json:"says"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

func pack(z *zip.Writer, at time.Time, name string, write func(io.Writer) error) (packed, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return packed{}, err
	}
	sum := sha256.Sum256(b.Bytes())
	f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	if err != nil {
		return packed{}, err
	}
	p := packed{Name: name, Size: b.Len(), SHA256: hex.EncodeToString(sum[:])}
	_, err = b.WriteTo(f)
	return p, err
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
	c.Write([]string{"policy", "category", "field", "value", "source", "point", "collected", "notice version", "lawful basis", "purposes"})
	for _, k := range rec.Categories {
		for _, v := range k.Values {
			var purposes []string
			for _, u := range v.Purposes {
				purposes = append(purposes, u.Name)
			}
			c.Write([]string{k.Policy, k.Name, v.Field, harmless(v.Value), v.Source, v.Point, v.At.UTC().Format(time.RFC3339), strconv.Itoa(v.Version), v.Basis, strings.Join(purposes, " ")})
		}
	}
	c.Flush()
	return c.Error()
}

func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=@\t\r+-", rune(s[0])) {
		return s
	}
	if len(s) > 1 && strings.ContainsRune("+-", rune(s[0])) && strings.IndexFunc(s[1:], func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		return s // a telephone number
	}
	return "'" + s
}
