package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
)

func folder(t *testing.T, contents map[string]string) (connect.Source, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	s, err := files.Open(t.Context(), connect.Config{System: "exports", Kind: "files", At: dir, Region: "GB", Tables: []string{"exports/*.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

func text(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func by(column string, values ...any) connect.Change {
	return connect.Change{Kind: connect.Delete, Key: []string{column}, Keys: connecttest.Tuples(values...)}
}

func sets(c connect.Change, sets ...connect.Set) connect.Change {
	c.Kind, c.Set = connect.Update, sets
	return c
}

func set(column string, to any) connect.Set { return connect.Set{Column: column, To: to} }

// What is not changed keeps its bytes: quotation marks, ends of lines, blanks, order, what is odd.
func TestBytes(t *testing.T) {
	elements := func(c connect.Change, in ...connect.In) connect.Change { c.Elements = in; return c }
	for name, c := range map[string]struct {
		file, before, after string
		change              connect.Change
	}{
		"a row goes":                    {"p.csv", "id,name\r\n1,\"Ann \"\"A\"\"\"\r\n2,Bob\n 3 ,  Cyd\r\n\r\n4,=1+2,extra\n5", "id,name\r\n1,\"Ann \"\"A\"\"\"\r\n 3 ,  Cyd\r\n\r\n4,=1+2,extra\n5", by("id", "2")},
		"the last, without an end":      {"p.csv", "id;name\n1;\"a;b\"\n2;x", "id;name\n1;\"a;b\"\n", by("id", 2)},
		"a field":                       {"p.csv", "\xef\xbb\xbfid,name,mail\n1,\"Ann\",a@x\n2, \"Bob\" ,b@x\n", "\xef\xbb\xbfid,name,mail\n1,\"-\",a@x\n2, \"Bob\" ,b@x\n", sets(by("id", "1"), set("name", "-"))},
		"a field that needs marks":      {"p.tsv", "id\tname\n1\tAnn\n2\tBob\n", "id\tname\n1\t\"a\"\"\t\nb\"\n2\tBob\n", sets(by("id", "1"), set("name", "a\"\t\nb"))},
		"cleared":                       {"p.csv", "id|name|n\n1|Ann|=cmd()\n", "id|name|n\n1||=cmd()\n", sets(by("id", "1"), set("name", nil))},
		"a short row":                   {"p.csv", "id,name,n\n1\n2,b,c\n", "id,name,n\n1,,x\n2,b,c\n", sets(by("id", "1"), set("n", "x"))},
		"a row of two lines":            {"p.csv", "id,note\n1,\"a\n\nb\"\n2,\"c\r\nd\"\n", "id,note\n2,\"c\r\nd\"\n", by("id", "1")},
		"no names, one empty":           {"p.csv", "1,,ann@x\n2,,bob@x\n", "2,,bob@x\n", by("column3", "ann@x")},
		"no names":                      {"p.csv", "1,ann@harbour.example\n2,bob@harbour.example\n", "2,bob@harbour.example\n", by("column2", "ann@harbour.example")},
		"no names behind a mark":        {"p.csv", "\xef\xbb\xbf1,a@x\n2,b@x\n", "\xef\xbb\xbf2,b@x\n", by("column1", "1")},
		"another encoding":              {"p.csv", "id,name\n1,Ren\xe9\n2,J\xf6rg\n", "id,name\n1,Ren\xe9\n2,\xe4\n", sets(by("id", "2"), set("name", "ä"))},
		"another encoding, below":       {"p.csv", "id,name\n1,Rene\n2,J\xf6rg\n", "id,name\n1,Ren\xe9\n2,J\xf6rg\n", sets(by("id", "1"), set("name", "Ren\u00e9"))},
		"both encodings":                {"p.csv", "id,name,town\n1,Rene,K\u00f6ln\n2,J\xf6rg,\n", "id,name,town\n1,Ren\u00e9,K\u00f6ln\n2,J\xf6rg,\n", sets(by("id", "1"), set("name", "Ren\u00e9"))},
		"documents of another encoding": {"p.jsonl", "{\"id\":1,\"mail\":\"a@x\",\"town\":\"M\xfcnchen\"}\n", "{\"id\":1,\"mail\":\"-\",\"town\":\"M\xfcnchen\"}\n", sets(by("id", "1"), set("mail", "-"))},
		"a document goes":               {"p.jsonl", "{\"id\":1}\n\n { \"id\" : 2 , \"x\": 1.50 }\r\n{\"id\":3}", "{\"id\":1}\n\n{\"id\":3}", by("id", "2")},
		"fields of documents":           {"p.jsonl", "{\"id\": 1, \"b\": {\"mail\": \"x\", \"n\": 1.50}, \"a\": \"<é\\u0041>\"}\r\n{ \"id\":2 }\n", "{\"id\":1,\"b\":{\"n\":1.50},\"a\":\"<éA>\"}\r\n{ \"id\":2 }\n", sets(by("id", "1"), set("b.mail", nil))},
		"an element of documents": {"p.jsonl", `{"id":1,"to":[{"who":"ann","n":1},{"who":"bob","n":2}]}` + "\n", `{"id":1,"to":[{"who":"bob","n":2}]}` + "\n",
			elements(sets(by("id", 1), set("to[]", nil)), connecttest.In("to[].who", "ann"))},
		"a message goes":    {"p.mbox", letters[0] + letters[1] + letters[2], letters[0] + letters[2], by("id", "two@harbour.example")},
		"the first message": {"p.mbox", "odd\n\n" + letters[0] + letters[1], "odd\n\n" + letters[1], by("id", "one@harbour.example")},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := folder(t, map[string]string{c.file: c.before, "other.csv": "id\n1\n2\n"})
			c.change.Table = c.file
			for again := range 2 {
				result := connecttest.Do(t, s, c.change)
				if want := int64(1 - again); result[0].Changed != want {
					t.Errorf("time %d: %d were changed", again+1, result[0].Changed)
				}
				if got := text(t, dir, c.file); got != c.after {
					t.Errorf("time %d:\ngot  %q\nwant %q", again+1, got, c.after)
				}
			}
			if got := text(t, dir, "other.csv"); got != "id\n1\n2\n" {
				t.Errorf("another file: %q", got)
			}
			at, err := os.Stat(filepath.Join(dir, c.file))
			if err != nil || at.Mode().Perm() != 0o640 {
				t.Errorf("the file may be read by others now: %v %v", at.Mode(), err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// Whoever sweeps a file sees letters of another encoding as they are, and what stands behind the last name under a name of its own.
func TestWhole(t *testing.T) {
	s, _ := folder(t, map[string]string{"p.jsonl": "{\"id\":2,\"town\":\"M\xfcnchen\"}\n", "p.csv": "id,column3\n1,ann@x,bob@x,cyd@x\n"})
	for file, wants := range map[string][]string{"p.jsonl": {"M\u00fcnchen"}, "p.csv": {"ann@x", "bob@x", "cyd@x"}} {
		text := fmt.Sprint(connecttest.All(t, s, connect.Read{Table: file, Columns: []string{connect.Whole}}))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s is not in %s", want, text)
			}
		}
	}
}

// Where two columns have one name, or one has none, nothing is read and nothing changed: the line is said, and no value.
func TestDoubtfulNames(t *testing.T) {
	for name, c := range map[string]struct{ file, text, where string }{
		"twice":                 {"p.csv", "id,mail,mail\n1,ann@x,bob@x\n", "p.csv:1: columns 2 and 3 "},
		"twice, blanks around":  {"p.csv", "\n\nid;mail; mail \n1;ann@x;bob@x\n", "p.csv:3: columns 2 and 3 "},
		"none":                  {"p.csv", ",id,mail\n0,1,ann@x\n", "p.csv:1: column 1 "},
		"none at the end":       {"p.tsv", "\xef\xbb\xbfid\tmail\t\n1\tann@x\t\n", "p.tsv:1: column 3 "},
		"only blanks":           {"p.csv", "id,\" \"\n1,ann@x\n", "p.csv:1: column 2 "},
		"a field twice":         {"p.jsonl", "{\"id\":1}\n{\"id\":2,\"secret\":\"ann@x\",\"secret\":\"bob@x\"}\n", "p.jsonl:2:33: "},
		"a field twice, inside": {"p.jsonl", "{\"id\":1,\"of\":[{\"secret\":1,\"secret\":2}]}\n", "p.jsonl:1:34: "},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := folder(t, map[string]string{c.file: c.text})
			gone := by("id", "1")
			gone.Table = c.file
			_, changing := s.Change(t.Context(), []connect.Change{gone})
			reading := s.Read(t.Context(), connect.Read{Table: c.file, Columns: []string{"id"}}, func(connect.Row) error { return nil })
			for _, err := range []error{reading, changing} {
				connecttest.WantKind(t, err, avow.Invalid, "secret", "mail ", "ann", dir)
				if !strings.HasPrefix(avow.MessageOf(err), c.where) {
					t.Errorf("%v, not %s", err, c.where)
				}
			}
			if got := text(t, dir, c.file); got != c.text {
				t.Errorf("%q", got)
			}
		})
	}
}

// A file that nobody mapped and nobody can read keeps no other from being described.
func TestDoubtfulBeside(t *testing.T) {
	const odd = "id,mail,mail\n1,ann@x,bob@x\n"
	s, dir := folder(t, map[string]string{"p.csv": "id,name\n1,Ann\n", "odd.csv": odd})
	schema, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at := schema.Table("odd.csv"); len(at.Columns) > 0 || !strings.HasPrefix(at.Lacks[connect.OpRead], "odd.csv:1: ") {
		t.Errorf("%+v", at)
	}
	if at := schema.Table("p.csv"); len(at.Columns) != 2 || at.Lacks[connect.OpRead] != "" {
		t.Errorf("%+v", at)
	}
	mapped, err := files.Open(t.Context(), connect.Config{System: "exports", At: dir, Tables: []string{"odd.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	defer mapped.Close()
	_, err = mapped.Describe(t.Context())
	connecttest.WantKind(t, err, avow.Invalid)
}

// A field that only a late document has, or only a later file, is a column of a table that the map has; of very many none is missing.
func TestLateFields(t *testing.T) {
	var many, late strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&late, "{\"id\":%d}\n", i)
		fmt.Fprintf(&many, "{\"id\":%d,\"of\":{\"f%d\":[%d]}}\n", i, i, i)
	}
	late.WriteString("{\"id\":3000,\"late\":{\"mail\":\"ann@x\"}}\n")
	_, dir := folder(t, map[string]string{"late.jsonl": late.String(), "many.jsonl": many.String(), "days/1.jsonl": "{\"id\":1}\n", "days/2.jsonl": "{\"id\":2,\"mail\":\"ann@x\"}\n",
		"weeks/1.csv": "id,name\n1,Ann\n", "weeks/2.csv": "name,id,mail\nBob,2,bob@x\n"})
	s, err := files.Open(t.Context(), connect.Config{System: "exports", At: dir, Tables: []string{"late.jsonl", "many.jsonl", "days/*.jsonl", "weeks/*.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	schema, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]string{"late.jsonl": "id late.mail", "days/*.jsonl": "id mail file", "weeks/*.csv": "id name mail file"} {
		var names []string
		for _, c := range schema.Table(table).Columns {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s", table, got)
		}
	}
	at := schema.Table("many.jsonl")
	if at.Column("of.f1[]") == nil || at.Column("of") == nil || len(at.Columns) > 2100 || at.Rows != 3000 {
		t.Errorf("%d columns, %d rows", len(at.Columns), at.Rows)
	}
	got := connecttest.All(t, s, connect.Read{Table: "many.jsonl", Columns: []string{"of"}, All: []connect.In{connecttest.In("id", "2999")}})
	if text := fmt.Sprint(got); !strings.Contains(text, "f2999") {
		t.Error(text)
	}
}

// A table of several files; only the one with the row is written.
func TestPattern(t *testing.T) {
	s, dir := folder(t, map[string]string{"exports/a.csv": "id,name\n1,Ann\n", "exports/b.csv": "name,id\nBob,2\n", "exports/deep/c.csv": "id\n1\n", "other.csv": "id\n1\n"})
	before, err := os.Stat(filepath.Join(dir, "exports/a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	got := connecttest.All(t, s, connect.Read{Table: "exports/*.csv", Columns: []string{"id", "name", "file"}})
	if len(got) != 2 || connecttest.Texts(got, 0) != "1 2" || connecttest.Texts(got, 1) != "Ann Bob" || connecttest.Texts(got, 2) != "exports/a.csv exports/b.csv" {
		t.Errorf("%v", got)
	}
	c := by("id", "2")
	c.Table = "exports/*.csv"
	connecttest.Do(t, s, c)
	after, err := os.Stat(filepath.Join(dir, "exports/a.csv"))
	if err != nil || !os.SameFile(before, after) || text(t, dir, "exports/b.csv") != "name,id\n" {
		t.Errorf("%v; %q", err, text(t, dir, "exports/b.csv"))
	}
	schema, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range schema.Tables {
		names = append(names, table.Name)
	}
	if got := strings.Join(names, " "); got != "exports/*.csv exports/deep/c.csv other.csv" {
		t.Error(got)
	}
}

func TestErrors(t *testing.T) {
	s, dir := folder(t, map[string]string{"p.csv": "id,name\n1,Ann\n", "bad.jsonl": "{\"id\":1}\nnot json secret\n", "wide.csv": "\xff\xfei\x00d\x00\n\x00", "m.mbox": letters[0], "mark.csv": "id,name\n1,\"Ann secret\n2,Bob\n",
		"open.csv": "id,name\n1,\"" + strings.Repeat("x\n", 9<<20) + "\n"})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out.csv")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		table string
		kind  avow.ErrorKind
	}{
		"no file": {"q.csv", avow.NotFound}, "a folder up": {"../p.csv", avow.NotFound}, "a root": {"/etc/passwd", avow.NotFound}, "no kind": {"p.xlsx", avow.NotFound}, "a link out": {"out.csv", avow.NotFound},
		"no json": {"bad.jsonl", avow.Invalid}, "utf-16": {"wide.csv", avow.Invalid}, "an open mark": {"open.csv", avow.TooLarge}, "no pattern": {"[.csv", avow.Invalid}, "a mark not closed": {"mark.csv", avow.Invalid},
	} {
		err := s.Read(t.Context(), connect.Read{Table: c.table, Columns: []string{"id"}}, func(connect.Row) error { return nil })
		connecttest.WantKind(t, err, c.kind, "secret", dir)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for name, c := range map[string]connect.Change{
		"no key":             {Kind: connect.Delete, Table: "p.csv", Keys: []connect.Tuple{{1}}},
		"the key":            sets(by("id", 1), set("id", 2)),
		"a part of a letter": sets(by("id", "one@harbour.example"), set("subject", "-")),
	} {
		if c.Table == "" {
			c.Table = map[bool]string{true: "m.mbox", false: "p.csv"}[strings.HasPrefix(name, "a part")]
		}
		_, err := s.Change(t.Context(), []connect.Change{c})
		connecttest.WantKind(t, err, avow.Invalid)
	}
	c := sets(by("id", 1), set("nobody", 2))
	c.Table = "p.csv"
	_, err := s.Change(t.Context(), []connect.Change{c})
	connecttest.WantKind(t, err, avow.NotFound)
	if got := text(t, dir, "p.csv"); got != "id,name\n1,Ann\n" {
		t.Errorf("%q", got)
	}
}

// A file without a line of names must not come to look as if it had one.
func TestNoNames(t *testing.T) {
	s, dir := folder(t, map[string]string{"p.csv": "Ann,ann@harbour.example\nBob,\"x;y;z\"\n", "twice.csv": "Ann,ann@harbour.example\nBob,Bob\n"})
	was := text(t, dir, "p.csv")
	c := sets(by("column1", "Ann"), set("column2", "-"))
	c.Table = "p.csv"
	gone := by("column1", "Ann")
	gone.Table = "p.csv"
	doubtful := by("column1", "Ann")
	doubtful.Table = "twice.csv"
	for _, c := range []connect.Change{c, gone, doubtful} {
		_, err := s.Change(t.Context(), []connect.Change{c})
		connecttest.WantKind(t, err, avow.Invalid, "ann@")
	}
	if text(t, dir, "p.csv") != was {
		t.Errorf("%q", text(t, dir, "p.csv"))
	}
}

// What others write meanwhile is not lost: the file is read again.
func TestChangedMeanwhile(t *testing.T) {
	s, dir := folder(t, map[string]string{"p.csv": "id,name\n1,Ann\n2,Bob\n"})
	at := filepath.Join(dir, "p.csv")
	n := 0
	meddled := files.Meddle(s, func() {
		if n++; n == 1 {
			f, err := os.OpenFile(at, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(f, "3,Cyd\n")
			f.Close()
		}
	})
	c := by("id", "2")
	c.Table = "p.csv"
	connecttest.Do(t, meddled, c)
	if got := text(t, dir, "p.csv"); got != "id,name\n1,Ann\n3,Cyd\n" || n < 2 {
		t.Errorf("%q after %d tries", got, n)
	}
	always := files.Meddle(s, func() { n++; os.WriteFile(at, []byte("id,name\n1,Ann"+strings.Repeat("!", n)+"\n"), 0o640) })
	c = by("id", "1")
	c.Table = "p.csv"
	_, err := always.Change(context.Background(), []connect.Change{c})
	connecttest.WantKind(t, err, avow.Conflict, "Ann")
}

var errStopped = errors.New("stopped")

// Wherever writing stops, the old file is there or the new one, and doing it again ends it.
func TestStopped(t *testing.T) {
	const before, after = "id,name\n1,Ann\n2,Bob\n3,Cyd\n", "id,name\n1,Ann\n3,Cyd\n"
	for stop := range 40 {
		s, dir := folder(t, map[string]string{"p.csv": before})
		c := by("id", "2")
		c.Table = "p.csv"
		_, err := files.StopAfter(s, stop, errStopped).Change(t.Context(), []connect.Change{c})
		if got := text(t, dir, "p.csv"); err != nil && got != before || err == nil && got != after {
			t.Fatalf("stopped after %d bytes: %v, %q", stop, err, got)
		}
		connecttest.Do(t, s, c)
		if got := text(t, dir, "p.csv"); got != after {
			t.Fatalf("after %d bytes and again: %q", stop, got)
		}
	}
}
