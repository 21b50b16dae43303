// Package pack makes what a person is handed: all that the mapped systems hold about
// them, as a page to read and print, as JSON and CSV for machines, with a manifest of
// hashes, and with what the law wants told beside it (gdpr:15(1), gdpr:15(2), gdpr:20(1)).
//
// What stays true: each record that is added is in the JSON and in the CSV, and in the
// page unless there are very many of its table, which the page then says. What is
// somebody else's is neither shown nor hinted at beyond that something was left out.
// Memory does not grow with the records. What lies on the disk meanwhile is sealed
// with a key that only the running program has.
//
// What it never does: look anything up, decide what is shown, or keep anything.
package pack

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

// Format names the form of data.json. A change that takes a key away or gives it
// another meaning gets a new name; new keys do not.
const Format = "avow-package/1"

// Options say what a package is, for whom, and what is told beside the records.
type Options struct {
	Policy *policy.Policy
	Made   time.Time
	// Title is what the page is called; empty: what the organisation holds about you.
	Title string
	// Portable says that the records are what can be taken elsewhere (gdpr:20), and not all there is.
	Portable bool
	// Identities are how the person is found, as they are to be shown: `email: ann@example.com`.
	Identities []string
	// Received are those who did receive data of the person, as the ledger has it.
	Received []Received
	// Missing are systems or tables that could not be read or are looked after by hand, in words.
	Missing []string
	// Also adds further files.
	Also []func(*Archive) error
	// Temp is the folder for what is put together meanwhile, sealed; empty: the system's.
	Temp string
	// Rows is how many rows of one table the page shows; 0: 200.
	Rows int
}

// Received is one recipient who did receive data (gdpr:15(1)(c)).
type Received struct {
	Recipient string    `json:"recipient"`
	What      []string  `json:"what"`
	At        time.Time `json:"at"`
}

// Writer gathers records, in the order find gives them, and writes the package at the end.
type Writer struct {
	o      Options
	json   *spool
	tables []*table
	count  int64
}

// table is what was added of one table.
type table struct {
	Of     *datamap.Table
	csv    *spool
	file   string   // the name of the CSV in the package
	keys   []string // columns of the key that the records themselves do not have
	head   []string // of the CSV beside the first columns
	loose  bool     // a last column has what is beyond mostColumns
	rows   int64
	shown  []row // the first, for the page
	fields policy.FieldSet
	left   bool // something in it is another person's
}

// row is one record as the page shows it.
type row struct {
	Key      string
	Relation datamap.Relation
	Cells    []cell
}

type cell struct {
	Name   string
	Column *datamap.Column
	Text   string
	Left   string // why it is not shown
}

// New is a package with nothing in it yet. Close it in any case.
func New(o Options) (*Writer, error) {
	if o.Rows == 0 {
		o.Rows = 200
	}
	s, err := newSpool(o.Temp)
	if err != nil {
		return nil, err
	}
	return &Writer{o: o, json: s}, nil
}

// Missing says, in words, what could not be read to its end, known when all else was.
func (w *Writer) Missing(list []string) { w.o.Missing = append(w.o.Missing, list...) }

// Len is how many records were added.
func (w *Writer) Len() int64 { return w.count }

// Add puts a record in. Records of one table come one after the other. A row that is
// no longer the person's is not in the package.
func (w *Writer) Add(rec find.Record) error {
	if rec.Changed {
		return nil
	}
	t := w.table(rec.Table)
	if t == nil {
		var err error
		if t, err = w.open(rec); err != nil {
			return err
		}
	}
	if t != w.tables[len(w.tables)-1] {
		return fmt.Errorf("records of %s come apart", rec.Table.Path())
	}
	w.count++
	t.rows++
	if err := w.addJSON(t, rec); err != nil {
		return err
	}
	if err := t.addCSV(rec); err != nil {
		return err
	}
	t.note(rec, w.o.Rows)
	return nil
}

func (w *Writer) table(of *datamap.Table) *table {
	i := slices.IndexFunc(w.tables, func(t *table) bool { return t.Of == of })
	if i < 0 {
		return nil
	}
	return w.tables[i]
}

// open begins a table.
func (w *Writer) open(rec find.Record) (*table, error) {
	s, err := newSpool(w.o.Temp)
	if err != nil {
		return nil, err
	}
	t := &table{Of: rec.Table, csv: s}
	for _, c := range rec.Cells {
		t.head = append(t.head, c.Name)
	}
	for _, name := range keyNames(rec) {
		if !slices.Contains(t.head, name) {
			t.keys = append(t.keys, name)
		}
	}
	w.tables = append(w.tables, t)
	return t, nil
}

// note keeps what the page shows of a record.
func (t *table) note(rec find.Record, most int) {
	r := row{Key: keyText(rec), Relation: rec.Relation}
	for _, c := range rec.Cells {
		if c.Column != nil {
			t.fields = t.fields.Or(c.Column.Fields)
		}
		left := leftOut(c.Access)
		t.left = t.left || left != ""
		r.Cells = append(r.Cells, cell{c.Name, c.Column, short(shownText(c.Value)), left})
	}
	if len(t.shown) < most {
		t.shown = append(t.shown, r)
	}
}

// longest is how much of a value the page shows, in characters.
const longest = 2000

func short(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + " … (the rest is in the files)"
	}
	return s
}

func leftOut(a datamap.Access) string {
	switch a {
	case datamap.Redacted:
		return "somebody else's"
	case datamap.Withheld:
		return "withheld: it may speak of somebody else"
	}
	return ""
}

func keyText(rec find.Record) string {
	parts := make([]string, len(rec.Key))
	for i, v := range rec.Key {
		parts[i] = textOf(v)
	}
	return strings.Join(parts, ", ")
}

// shownText is a value for people.
func shownText(v any) string {
	switch v := v.(type) {
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.UTC().Format(time.DateOnly)
		}
		return v.UTC().Format("2006-01-02 15:04:05 UTC")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return textOf(v)
}

// WriteZIP writes the package as one ZIP file.
func (w *Writer) WriteZIP(to io.Writer) error { return w.write(NewArchive(to, w.manifest())) }

// WriteFolder writes the package into a folder.
func (w *Writer) WriteFolder(folder string) error { return w.write(NewFolder(folder, w.manifest())) }

func (w *Writer) manifest() Manifest {
	return Manifest{Format: Format, Made: w.o.Made, Organisation: w.organisation(), Notices: []Notice{NoticeOf(w.o.Policy)}}
}

// write puts the page last: it names all that is beside it.
func (w *Writer) write(a *Archive) error {
	if err := a.Add("data.json", "the records for machines", w.data); err != nil {
		return err
	}
	for _, t := range w.tables {
		t.file = a.free("csv/" + t.Of.Path() + ".csv")
		if err := a.Add(t.file, fmt.Sprintf("%s of %s as a table", counted(t.rows), t.Of.Path()), t.writeCSV); err != nil {
			return err
		}
	}
	own := len(a.Manifest.Files)
	for _, add := range w.o.Also {
		if err := add(a); err != nil {
			return err
		}
	}
	beside := slices.Clone(a.Manifest.Files[own:])
	if err := a.Add("index.html", "what was found, to read and print", func(to io.Writer) error { return w.page(to, beside) }); err != nil {
		return err
	}
	return a.Close()
}

func counted(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}

// Close lets go of what lies on the disk.
func (w *Writer) Close() error {
	err := w.json.close()
	for _, t := range w.tables {
		if closed := t.csv.close(); err == nil {
			err = closed
		}
	}
	return err
}
