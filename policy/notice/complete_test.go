package notice

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"html"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/avowhq/avow/policy"
)

// Every text of a policy file that is meant for people stands in every rendering.
func TestEveryTextIsPrinted(t *testing.T) {
	for name, p := range policies(t) {
		texts := textsOf(p.Document)
		if len(texts) < 20 {
			t.Fatalf("%s: only %d texts found in the document", name, len(texts))
		}
		for form, text := range map[string]string{
			"HTML": htmlText(rendered(t, HTML, p, Options{})), "Markdown": markdownText(rendered(t, Markdown, p, Options{})),
			"JSON": jsonText(t, rendered(t, JSON, p, Options{})), "PDF": pdfText(t, p),
		} {
			text = squeezed(text)
			for _, want := range texts {
				if !strings.Contains(text, squeezed(want.text)) {
					t.Errorf("%s, %s: %s is left out: %q", name, form, want.path, want.text)
				}
			}
		}
	}
}

// notForReaders are texts that machines read, and texts that are names of
// something else in the file or the language, which is printed instead.
func notForReaders(path, text string, d *policy.Document) bool {
	if path == "Systems" || strings.HasSuffix(path, ".ShownBy") {
		return true // files of the data map; the facts that show who somebody is
	}
	if text == "dpo" || path == "Cookies.RefuseBy" && text == "browser" {
		return true
	}
	name, field, _ := strings.Cut(text, ".")
	if c, ok := d.Data.Get(name); ok && strings.HasSuffix(path, ".Learns") {
		return field == "" || slices.ContainsFunc(c.Fields, func(r policy.Ref) bool { return r.Name == field })
	}
	if strings.HasSuffix(path, ".About") || strings.HasSuffix(path, ".Is.Uses") {
		_, person := d.People.Get(text)
		_, recipient := d.Recipients.Get(text)
		return person || recipient
	}
	_, document := d.Organisation.OtherPolicies.Get(text)
	return document
}

type found struct{ path, text string }

// textsOf walks a document and collects its texts, in the language that prevails.
func textsOf(d *policy.Document) []found {
	var out []found
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch v.Kind() {
		case reflect.Struct:
			if text, ok := v.Interface().(policy.Text); ok {
				s := text.Plain
				if en, ok := text.In.Get("en"); ok {
					s = *en
				}
				if s != "" && !notForReaders(path, s, d) {
					out = append(out, found{path, s})
				}
				return
			}
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), path)
			}
		}
	}
	walk(reflect.ValueOf(*d), "")
	return out
}

// squeezed drops what renderings may change: spaces, dashes, case and the full stop.
func squeezed(s string) string {
	s = strings.TrimSuffix(strings.TrimSpace(printableText(s)), ".")
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(s))
}

var tag = regexp.MustCompile(`<[^>]*>`)

func htmlText(page string) string {
	_, body, _ := strings.Cut(page, "<body>")
	return html.UnescapeString(tag.ReplaceAllString(body, ""))
}

var (
	mdLink   = regexp.MustCompile(`\]\([^)]*\)`)
	mdEscape = regexp.MustCompile("\\\\([\\\\`*_{}\\[\\]()#+!|~$.=-])")
)

func markdownText(md string) string {
	md = tag.ReplaceAllString(md, "")
	md = mdLink.ReplaceAllString(md, "]")
	md = strings.NewReplacer(`\[`, "\x01", `\]`, "\x02", `\*`, "\x03").Replace(md)
	md = strings.NewReplacer("[", "", "]", "", "**", "").Replace(md)
	md = strings.NewReplacer("\x01", "[", "\x02", "]", "\x03", "*").Replace(md)
	return html.UnescapeString(mdEscape.ReplaceAllString(md, "$1"))
}

func jsonText(t *testing.T, text string) string {
	t.Helper()
	var m Machine
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	m.Notice.eachInline(func(in Inline) { out.WriteString(in.String() + "\n") })
	return out.String()
}

// pdfText draws the notice on pages so tall that nothing is cut in two, and reads
// the text back out of the file.
func pdfText(t *testing.T, p *policy.Policy) string {
	t.Helper()
	n := Build(p, Options{})
	d, err := newPDF(n, Fonts{}, 5000)
	if err != nil {
		t.Fatal(err)
	}
	d.notice(n)
	var file bytes.Buffer
	if err := d.file.Output(&file); err != nil {
		t.Fatal(err)
	}
	return drawnText(t, file.Bytes())
}

var (
	stream = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
	shown  = regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\) ?Tj`)
)

func drawnText(t *testing.T, file []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range stream.FindAllSubmatch(file, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // not compressed: a font's table
		}
		content, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(content, []byte("Tj")) {
			continue
		}
		for _, s := range shown.FindAllSubmatch(content, -1) {
			out.WriteString(utf16Text(s[1]))
		}
	}
	if out.Len() == 0 {
		t.Fatal("no text found in the PDF")
	}
	return out.String()
}

// utf16Text reads a string of a PDF: bytes with backslashes, big-endian UTF-16.
func utf16Text(s []byte) string {
	var raw []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == 'r' {
				raw = append(raw, '\r')
				continue
			}
		}
		raw = append(raw, s[i])
	}
	var units []uint16
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}
