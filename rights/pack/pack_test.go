package pack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

var made = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func shop(t *testing.T) *datamap.Map {
	t.Helper()
	src, err := os.ReadFile("../../datamap/testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load("policy.yaml", src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "systems"), os.DirFS("../../datamap/testdata/shop")); err != nil {
		t.Fatal(err)
	}
	m, err := datamap.Load(os.DirFS(folder), p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func cellOf(t *datamap.Table, name string, v any) find.Cell {
	return find.Cell{Name: name, Column: t.Column(name), Value: v}
}

// records are a customer, one order, and a message that somebody else wrote.
func records(m *datamap.Map) []find.Record {
	customers, orders, messages := m.Table("shop.customers"), m.Table("shop.orders"), m.Table("shop.messages")
	return []find.Record{
		{Table: customers, Key: connect.Tuple{int64(7)}, Relation: datamap.Owns, Via: "itself", Cells: []find.Cell{
			cellOf(customers, "email", "ann@example.com"), cellOf(customers, "full_name", "<b>Ann</b>"),
			cellOf(customers, "born", connect.Date("1980-02-29")), cellOf(customers, "created", made)}},
		{Table: orders, Key: connect.Tuple{int64(1)}, Relation: datamap.Owns, Via: "customer", Cells: []find.Cell{
			cellOf(orders, "total", connect.Decimal("5.9")), cellOf(orders, "invoice_name", "=cmd|' /C calc'!A0")}},
		{Table: orders, Key: connect.Tuple{int64(2)}, Relation: datamap.Owns, Via: "customer", Changed: true},
		{Table: messages, Key: connect.Tuple{int64(3)}, Relation: datamap.Shares, Via: "recipient", Cells: []find.Cell{
			{Name: "body", Column: messages.Column("body"), Access: datamap.Redacted}, cellOf(messages, "recipient_name", "Ann")}},
	}
}

// A value that JSON has no word for is a text, and the rest of the package is there.
func TestNumbersWithoutEnd(t *testing.T) {
	m := shop(t)
	orders := m.Table("shop.orders")
	list := []find.Record{{Table: orders, Key: connect.Tuple{math.Inf(1)}, Relation: datamap.Owns, Via: "customer",
		Cells: []find.Cell{cellOf(orders, "total", math.NaN()), cellOf(orders, "extra", map[string]any{"a": []any{math.Inf(-1)}}), cellOf(orders, "bytes", []byte("Zoë")), cellOf(orders, "picture", []byte{0xff, 1})}}}
	if data := files(t, packed(t, Options{Policy: m.Policy, Made: made}, list))["data.json"]; !strings.Contains(data, `{"total":"NaN","extra":{"a":["-Inf"]},"bytes":"Zoë","picture":"/wE="}`) {
		t.Errorf("the package says %s", data)
	}
}

func packed(t *testing.T, o Options, list []find.Record) *Writer {
	t.Helper()
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, rec := range list {
		if err := w.Add(rec); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// files opens a package and holds each file against the manifest.
func files(t *testing.T, w *Writer) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := w.WriteZIP(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	var m Manifest
	if err := json.Unmarshal([]byte(out["manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != len(out)-1 || m.Format != Format {
		t.Errorf("the manifest lists %d of %d files", len(m.Files), len(out)-1)
	}
	for _, f := range m.Files {
		sum := sha256.Sum256([]byte(out[f.Name]))
		if f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(out[f.Name])) {
			t.Errorf("%s is not what the manifest says", f.Name)
		}
	}
	return out
}

func TestPackage(t *testing.T) {
	m := shop(t)
	w := packed(t, Options{Policy: m.Policy, Made: made, Identities: []string{"email: ann@example.com"},
		Received: []Received{{"Parcel Ltd", []string{"contact.address"}, made}}, Missing: []string{"The wall of the office is looked through by hand."}}, records(m))
	out := files(t, w)

	var data struct {
		Categories []category
		Records    []struct {
			System, Table, Relation, Via string
			Key, Columns                 map[string]any
			Redacted                     []string
		}
		Received []Received
		Missing  []string
	}
	d := json.NewDecoder(strings.NewReader(out["data.json"]))
	d.UseNumber()
	if err := d.Decode(&data); err != nil {
		t.Fatalf("%v in %s", err, out["data.json"])
	}
	if len(data.Records) != 3 || len(data.Received) != 1 || len(data.Missing) != 1 || len(data.Categories) < 2 {
		t.Fatalf("%+v", data)
	}
	first, total, message := data.Records[0], data.Records[1].Columns["total"], data.Records[2]
	if first.Key["id"] != json.Number("7") || first.Columns["created"] != "2026-11-22T10:00:00Z" || first.Columns["full_name"] != "<b>Ann</b>" || total != json.Number("5.9") {
		t.Errorf("%+v, %v", first, total)
	}
	if _, shown := message.Columns["body"]; shown || len(message.Redacted) != 1 {
		t.Errorf("the other's text: %+v", message)
	}
	for _, c := range data.Categories {
		if len(c.Purposes) == 0 && len(c.Kept) == 0 {
			t.Errorf("nothing is told of %s", c.Name)
		}
	}

	lines, err := csv.NewReader(strings.NewReader(out["csv/shop.orders.csv"])).ReadAll()
	if err != nil || len(lines) != 2 || strings.Join(lines[0], ",") != "relation,id,total,invoice_name" || strings.Join(lines[1], ",") != "owns,1,5.9,'=cmd|' /C calc'!A0" {
		t.Errorf("%q, %v", lines, err)
	}
	page := out["index.html"]
	for _, want := range []string{"ann@example.com", "&lt;b&gt;Ann&lt;/b&gt;", "1980-02-29", "somebody else&#39;s", "Parcel Ltd", "by hand", "3 records", "What else your records say"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "<b>Ann") || strings.Contains(page, "<script") {
		t.Error("the page runs what a record says")
	}

	folder := filepath.Join(t.TempDir(), "out")
	if err := w.WriteFolder(folder); err != nil {
		t.Fatal(err)
	}
	for name, text := range out {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(got) != text {
			t.Errorf("%s differs in the folder: %v", name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "data.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v %v", info, err)
	}
}

func TestNothingFound(t *testing.T) {
	m := shop(t)
	out := files(t, packed(t, Options{Policy: m.Policy, Made: made}, nil))
	if !json.Valid([]byte(out["data.json"])) || !strings.Contains(out["index.html"], "No records of you were found") {
		t.Errorf("%s", out["data.json"])
	}
}

// A policy that names no place to complain takes nobody's right to (gdpr:15(1)(f)).
func TestRightToComplainIsTold(t *testing.T) {
	p := *shop(t).Policy
	document := *p.Document
	p.Document = &document
	for says, steps := range map[string]policy.Entries[policy.ComplaintStep]{
		"You can complain to the data protection authority":         nil,
		`<a href="https://watch.example">https://watch.example</a>`: {{Key: "watch", Is: policy.ComplaintStep{URL: "https://watch.example"}}},
	} {
		document.Complaints = steps
		out := files(t, packed(t, Options{Policy: &p, Made: made}, nil))
		if !strings.Contains(out["index.html"], says) || strings.Count(out["index.html"], "complain") != 1 {
			t.Errorf("the page does not say, once, %q:\n%s", says, out["index.html"])
		}
	}
}

// TestManyRecords packs more than may be held in memory, and finds nothing of them on the disk.
func TestManyRecords(t *testing.T) {
	m := shop(t)
	temp := t.TempDir()
	w := packed(t, Options{Policy: m.Policy, Made: made, Temp: temp}, nil)
	orders := m.Table("shop.orders")
	const rows = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range rows {
		if err := w.Add(find.Record{Table: orders, Key: connect.Tuple{int64(i)}, Relation: datamap.Owns, Via: "customer",
			Cells: []find.Cell{cellOf(orders, "invoice_name", fmt.Sprintf("Annabel Visitor %d", i)), cellOf(orders, "total", connect.Decimal("5.9"))}}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d records take %d bytes of memory", rows, grown)
	}
	if list, err := os.ReadDir(temp); err != nil || len(list) > 0 {
		t.Errorf("there is a file to be found: %v %v", list, err)
	}
	if raw := raw(t, w.tables[0].csv); bytes.Contains(raw, []byte("Annabel")) || len(raw) < rows {
		t.Error("what lies on the disk can be read")
	}
	out := files(t, w)
	if n := strings.Count(out["csv/shop.orders.csv"], "\r\n"); n != rows+1 {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(out["index.html"], fmt.Sprint(rows-200)+" more") || len(out["index.html"]) > 1<<20 {
		t.Error("the page is too long, or hides that there is more")
	}
}

func raw(t *testing.T, s *spool) []byte {
	t.Helper()
	if err := s.w.Flush(); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 1<<20)
	n, err := s.file.ReadAt(out, 0)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return out[:n]
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{"shop.orders": "shop.orders", "../../etc/passwd": "_.._etc_passwd", "": "_", "..": "_", "a/b\\c": "a_b_c", "Bestellungen (alt)": "Bestellungen__alt_",
		"con": "_con", "COM1.txt": "_COM1.txt", "console.csv": "console.csv", "dot.": "dot", "Ame\u0301lie\u202e\n": "Ame\u0301lie__",
		strings.Repeat("x", 300) + ".pdf": strings.Repeat("x", 196) + ".pdf", strings.Repeat("ж", 150): strings.Repeat("ж", 100)} {
		if got := fileName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// Whatever files are called, each is in the package under a name of its own, and none beside it.
func TestNamesInAPackage(t *testing.T) {
	m := shop(t)
	var names []string
	add := func(name string) func(*Archive) error {
		names = append(names, name)
		return func(a *Archive) error {
			return a.Add(name, "by hand", func(w io.Writer) error { _, err := io.WriteString(w, name); return err })
		}
	}
	w := packed(t, Options{Policy: m.Policy, Made: made, Also: []func(*Archive) error{add("attached/letters/.."), add("attached/letters/."), add(`attached/letters/..\..\evil.exe`), add("../../etc/passwd"),
		add("attached/Scan.pdf"), add("attached/scan.pdf"), add("attached/scan.pdf"), add("data.json"), add("Manifest.json"), add("/etc/passwd")}}, nil)
	out, seen := files(t, w), map[string]bool{}
	if len(out) != len(names)+3 {
		t.Errorf("%d files of %d", len(out), len(names)+3)
	}
	for name := range out {
		if !filepath.IsLocal(name) || strings.ContainsAny(name, `\:`) || seen[strings.ToLower(name)] {
			t.Errorf("there is a file %q", name)
		}
		seen[strings.ToLower(name)] = true
	}
	for dir := range out {
		if seen[strings.ToLower(filepath.Dir(dir))] {
			t.Errorf("%q is a file and a folder", filepath.Dir(dir))
		}
	}
	folder := filepath.Join(t.TempDir(), "out")
	if err := w.WriteFolder(folder); err != nil {
		t.Error(err)
	}
}

// Two tables whose names differ by what no file's name has are two files.
func TestTablesOfOneName(t *testing.T) {
	m := shop(t)
	orders := *m.Table("shop.orders")
	orders.Name = "Customers"
	list := append(records(m)[:1:1], find.Record{Table: &orders, Key: connect.Tuple{int64(1)}, Relation: datamap.Owns, Cells: []find.Cell{cellOf(&orders, "total", connect.Decimal("-5.9"))}})
	out := files(t, packed(t, Options{Policy: m.Policy, Made: made, Rows: -1}, list))
	if out["csv/shop.customers.csv"] == "" || !strings.Contains(out["csv/shop.Customers-2.csv"], "\r\nowns,1,-5.9\r\n") {
		t.Errorf("%q", out)
	}
}

// The tables say what the JSON says: what is less than nothing is a number, and an end of a line is what it was.
func TestTablesSayTheSame(t *testing.T) {
	m := shop(t)
	orders := m.Table("shop.orders")
	text := "one\ntwo\rthree\r\nfour"
	out := files(t, packed(t, Options{Policy: m.Policy, Made: made}, []find.Record{{Table: orders, Key: connect.Tuple{int64(7)}, Relation: datamap.Owns,
		Cells: []find.Cell{cellOf(orders, "total", connect.Decimal("-12.5")), cellOf(orders, "invoice_name", text)}}}))
	if got, want := out["csv/shop.orders.csv"], "relation,id,total,invoice_name\r\nowns,7,-12.5,\""+text+"\"\r\n"; got != want {
		t.Errorf("%q is not %q", got, want)
	}
}

// What only a later record of a table has is a column of it too, and what is beyond all columns is in the last one.
func TestEveryFieldIsAColumn(t *testing.T) {
	m := shop(t)
	orders := m.Table("shop.orders")
	rec := func(id int64, cells ...find.Cell) find.Record {
		return find.Record{Table: orders, Key: connect.Tuple{id}, Relation: datamap.Owns, Cells: cells}
	}
	cell := func(name string, v any) find.Cell { return find.Cell{Name: name, Value: v} }
	list := []find.Record{rec(1, cell("total", "5")), rec(2, cell("note", "a\nb"), cell("id", int64(2))), rec(3), rec(4, cell("born", "1980"), cell("total", "6"), find.Cell{Name: "friend", Access: datamap.Redacted})}
	out := files(t, packed(t, Options{Policy: m.Policy, Made: made}, list))
	if got, want := out["csv/shop.orders.csv"], "relation,id,total,note,born,friend\r\nowns,1,5,,,\r\nowns,2,,\"a\nb\",,\r\nowns,3,,,,\r\nowns,4,6,,1980,(somebody else's)\r\n"; got != want {
		t.Errorf("%q is not %q", got, want)
	}
	for i := range mostColumns {
		list = append(list, rec(int64(5+i), cell("f"+strconv.Itoa(i), "v"+strconv.Itoa(i))))
	}
	list[2].Cells, list[3].Cells[1].Value = []find.Cell{cell("id", int64(3))}, "=6"
	lines, err := csv.NewReader(strings.NewReader(files(t, packed(t, Options{Policy: m.Policy, Made: made}, list))["csv/shop.orders.csv"])).ReadAll()
	if err != nil || len(lines) != len(list)+1 || len(lines[0]) != 2+mostColumns+1 {
		t.Fatalf("%v: %d lines of %d", err, len(lines), len(lines[0]))
	}
	for i := range mostColumns {
		line, want := lines[5+i], "v"+strconv.Itoa(i)
		if at := slices.Index(line, want); (at < 0 || lines[0][at] != "f"+strconv.Itoa(i)) && line[len(line)-1] != `{"f`+strconv.Itoa(i)+`":"`+want+`"}` {
			t.Fatalf("%s is in no column: %q", want, line[len(line)-1])
		}
	}
	if lines[0][len(lines[0])-1] != further || lines[1][len(lines[0])-1] != "" || lines[4][2] != "'=6" {
		t.Errorf("%q, %q", lines[0][len(lines[0])-3:], lines[4][:6])
	}
}

// The page names what else is in the package: whoever reads that nothing was found does not miss it.
func TestPageNamesWhatIsBeside(t *testing.T) {
	m := shop(t)
	also := []func(*Archive) error{func(a *Archive) error {
		return a.Add("attached/letters/a scan.pdf", "added by hand", func(io.Writer) error { return nil })
	}}
	page := files(t, packed(t, Options{Policy: m.Policy, Made: made, Also: also}, nil))["index.html"]
	for _, want := range []string{`<a href="attached/letters/a_scan.pdf">`, "No records of you were found in the systems that programs read", `id="beside"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s: %s", want, page)
		}
	}
	portable := files(t, packed(t, Options{Policy: m.Policy, Made: made, Portable: true}, records(m)))["index.html"]
	if strings.Contains(portable, "holds about you") || !strings.Contains(portable, "It is not all that is held about you") || strings.Contains(portable, "beside") {
		t.Errorf("what is taken elsewhere is called all there is: %s", portable)
	}
}
