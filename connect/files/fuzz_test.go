package files

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
)

// pieces takes a text apart, one byte at a time where slow is set.
func pieces(t *testing.T, k kind, name, text string, slow bool) ([]entry, error) {
	t.Helper()
	var in io.Reader = strings.NewReader(text)
	if slow {
		in = iotest.OneByteReader(in)
	}
	s := newScanner(k, name, in)
	var out []entry
	for {
		e, err := s.next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		e.raw = bytes.Clone(e.raw)
		out = append(out, e)
	}
}

func together(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.Write(e.raw)
	}
	return b.String()
}

// The pieces of a file are the file, whatever is in it, and changing one row changes no other.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{"id,name\n1,\"a\"\"b\n\",x\n2,y", "\xef\xbb\xbfa;b\r\n\r\n1;\"", "1,2\n3,4\n", "\xef\xbb\xbf1\n2\n", "a\tb\n\"x\"y\tz\n", "\"a\",b\n\"\",\"\n", "a\n\xff\xe9\n", "\r\r\n,\n"} {
		f.Add(text, "new \"value\",;\n")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 1<<16 || !utf8.ValidString(value) {
			return
		}
		before, err := pieces(t, csvFile, "f.csv", text, false)
		if err != nil {
			return
		}
		if got := together(before); got != text {
			t.Fatalf("%q became %q", text, got)
		}
		if slow, err := pieces(t, csvFile, "f.csv", text, true); err != nil || len(slow) != len(before) {
			t.Fatalf("read slowly: %d pieces, %v", len(slow), err)
		}
		for i, e := range before {
			r, ok := e.row.(*csvRow)
			if !ok {
				continue
			}
			column := r.s.names[len(r.s.names)-1]
			w := &editing{c: connect.Change{Set: []connect.Set{{Column: column, To: value}}}}
			now, err := r.edited(w, 0)
			if err != nil {
				continue // letters that the file's encoding lacks
			}
			if r.s.opens(now) != nil {
				return // refused
			}
			changed := together(before[:i]) + string(now) + together(before[i+1:])
			after, err := pieces(t, csvFile, "f.csv", changed, false)
			if err != nil || len(after) != len(before) {
				t.Fatalf("%q became %q: %d pieces of %d, %v", text, changed, len(after), len(before), err)
			}
			for j := range after {
				if j != i && !bytes.Equal(after[j].raw, before[j].raw) {
					t.Fatalf("%q: piece %d became %q", text, j, after[j].raw)
				}
			}
			if after[i].row == nil {
				t.Fatalf("%q: the row %q is none any more: %q", text, e.raw, now)
			}
			if got := connect.Text(after[i].row.value(column)); got != value {
				t.Fatalf("%q: %q was set, %q is there", text, value, got)
			}
			break
		}
	})
}

func FuzzMbox(f *testing.F) {
	for _, text := range []string{"From x\nTo: a@b\n\nhi\n\nFrom y\n\n", "odd\n\nFrom x\r\n\r\n", "From \n", "\nFrom x\nSubject: =?x?q?\n\n--\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := pieces(t, mbox, "f.mbox", text, false)
		if err != nil {
			t.Fatal(err)
		}
		if together(got) != text {
			t.Fatalf("%q became %q", text, together(got))
		}
		for i, e := range got {
			if e.row == nil {
				continue
			}
			if id, _ := e.row.value("id").(string); id == "" {
				t.Fatalf("%q: message %d has no id", text, i)
			}
			e.row.Tuples([]string{"from[]", "to[]", "body", "attachments[]"})
			rest := append(append([]entry(nil), got[:i]...), got[i+1:]...)
			again, err := pieces(t, mbox, "f.mbox", together(rest), false)
			if err != nil || len(again) != len(rest) {
				t.Fatalf("%q without message %d: %d of %d, %v", text, i, len(again), len(rest), err)
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"a":1.50,"b":[{"c":"<é>"},null,true],"a":-0e1}` + "\n\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := pieces(t, jsonLines, "f.jsonl", text, false)
		if err != nil {
			return
		}
		if together(got) != text {
			t.Fatalf("%q became %q", text, together(got))
		}
		for _, e := range got {
			r, ok := e.row.(*jsonRow)
			if !ok {
				continue
			}
			same := &editing{editor: match.NewEditor(connect.Change{Set: []connect.Set{{Column: "no such field"}}}, "", like, leaf)}
			if now, err := r.edited(same, 0); err != nil || !bytes.Equal(now, r.raw) {
				t.Fatalf("%q became %q: %v", r.raw, now, err)
			}
			if _, err := parse(encode(nil, r.object)); err != nil {
				t.Fatalf("%q is written so that nobody reads it: %v", r.raw, err)
			}
		}
	})
}
