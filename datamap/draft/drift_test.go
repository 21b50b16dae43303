package draft

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
)

// driftOf drafts a map of a schema of the corpus, and compares it with the schema as
// another hand has changed it since.
func driftOf(t *testing.T, file string, edit func(string) string, change func([]*corpusTable) []*corpusTable) *Report {
	t.Helper()
	tables := readCorpus(t, file)
	r := draftOf(t, openCorpus(t, "sqlite", tables), datamap.SQLite)
	m, err := datamap.LoadText("systems/corpus.yaml", []byte(edit(string(r.File))), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	src := openCorpus(t, "sqlite", change(tables))
	schema, err := src.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := Drift(t.Context(), m, map[string]Live{"corpus": {Schema: schema, Rows: src}})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func same(tables []*corpusTable) []*corpusTable { return tables }
func asIs(text string) string                   { return text }

func TestNoDrift(t *testing.T) {
	report := driftOf(t, "testdata/corpus/tuned/shop.txt", asIs, same)
	if report.Fails || strings.Contains(report.Text(), "FAIL") {
		t.Errorf("a fresh draft drifts:\n%s", report.Text())
	}
}

func TestDrift(t *testing.T) {
	const shop = "testdata/corpus/tuned/shop.txt"
	for name, c := range map[string]struct {
		edit   func(string) string
		change func([]*corpusTable) []*corpusTable
		want   Difference
	}{
		"a new column": {asIs, func(ts []*corpusTable) []*corpusTable {
			ts[0].columns = append(ts[0].columns, corpusColumn{name: "c9", kind: "varchar(40)", label: "P", values: "iban"})
			return ts
		}, Difference{Table: "customers", Column: "c9", Change: Undeclared, What: Bank, Sure: Certain, Fails: true}},
		"a new table about people": {asIs, func(ts []*corpusTable) []*corpusTable {
			return append(ts, &corpusTable{name: "leads", rows: 20, lang: "en", columns: []corpusColumn{{name: "id", kind: "int", values: "seq", key: true}, {name: "mail", kind: "text", values: "email"}}})
		}, Difference{Table: "leads", Column: "mail", Change: Undeclared, What: Email, Sure: Certain, Fails: true}},
		"a new table of things": {asIs, func(ts []*corpusTable) []*corpusTable {
			return append(ts, &corpusTable{name: "colours", rows: 3, lang: "en", columns: []corpusColumn{{name: "id", kind: "int", values: "seq", key: true}}})
		}, Difference{Table: "colours", Change: NewTable}},
		"a column that is gone": {asIs, func(ts []*corpusTable) []*corpusTable {
			ts[0].columns = slices.DeleteFunc(ts[0].columns, func(c corpusColumn) bool { return c.name == "phone" })
			return ts
		}, Difference{Table: "customers", Column: "phone", Change: GoneColumn, Fails: true}},
		"a table that is gone": {asIs, func(ts []*corpusTable) []*corpusTable {
			return slices.DeleteFunc(ts, func(t *corpusTable) bool { return t.name == "addresses" })
		}, Difference{Table: "addresses", Change: GoneTable, Fails: true}},
		"a personal column in a dismissed table": {asIs, func(ts []*corpusTable) []*corpusTable {
			for _, t := range ts {
				if t.name == "categories" {
					t.columns = append(t.columns, corpusColumn{name: "owner_email", kind: "text", values: "email", required: true})
				}
			}
			return ts
		}, Difference{Table: "categories", Column: "owner_email", Change: Dismissed, What: Email, Sure: Certain}},
		"a column somebody took out of the map": {func(text string) string { return dropLine(text, "      last_name: ") }, same,
			Difference{Table: "customers", Column: "last_name", Change: Undeclared, What: Name, Fails: true}},
	} {
		t.Run(name, func(t *testing.T) {
			report := driftOf(t, shop, c.edit, c.change)
			if !slices.ContainsFunc(report.Differences, func(d Difference) bool { return c.want.like(d) }) || report.Fails != c.want.Fails {
				t.Errorf("no %+v in (fails %v)\n%s", c.want, report.Fails, report.Text())
			}
		})
	}
}

// Whatever a map names of a table is missed when it is gone, and a view that somebody mapped is a table like others.
func TestDriftOfAllThatAMapNames(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		connecttest.Exec(t, c, "CREATE TABLE people (id int PRIMARY KEY, email varchar(50), note varchar(50), phone varchar(30))", "CREATE VIEW faces AS SELECT id, email, phone FROM people", "CREATE VIEW others AS SELECT phone FROM people")
		m, err := datamap.LoadText("s.yaml", []byte("system: s\nkind: "+c.Kind+`
credentials: env:A
tables:
  people:
    key: nr
    when: state = 'p'
    identities: {email: email, member: member}
    references: {boss: people.nr}
    relation: {itself: owns, boss: mentions}
    erase: clear
    columns: {email: contact.email, phone: contact.phone, profile.name: contact.name}
    free-text: [remarks]
    restriction: frozen
    stops: {opt-out: dns}
    retention: {all: seen}
  faces: {key: id, identities: {email: email}, relation: owns, erase: clear, columns: {email: contact.email}}
`), testPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		src, err := open.Source(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		schema, err := src.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := Drift(t.Context(), m, map[string]Live{"s": {Schema: schema, Rows: src}})
		if err != nil {
			t.Fatal(err)
		}
		var gone, more []string
		for _, d := range r.Differences {
			switch {
			case d.Change == GoneColumn && d.Fails:
				gone = append(gone, d.Column)
			case d.Change == Undeclared && d.Fails:
				more = append(more, d.Table+"."+d.Column)
			}
			if hides := strings.Contains(strings.Join(d.Why, ""), "may not see"); d.Change == GoneColumn && hides != (c.Kind == "mysql") {
				t.Errorf("of a column that is gone it is said why: %q", d.Why)
			}
		}
		slices.Sort(gone)
		if want := []string{"boss", "dns", "frozen", "member", "nr", "profile.name", "remarks", "seen", "state"}; !slices.Equal(gone, want) {
			t.Errorf("gone are %q, want %q", gone, want)
		}
		if !slices.Contains(more, "faces.phone") || slices.ContainsFunc(more, func(s string) bool { return strings.HasPrefix(s, "others") }) {
			t.Errorf("undeclared are %q", more)
		}
	})
}

// like compares what a test says of a difference.
func (d Difference) like(o Difference) bool {
	return o.System == "corpus" && o.Table == d.Table && o.Column == d.Column && o.Change == d.Change && o.What == d.What && o.Fails == d.Fails && (d.Sure == Not || o.Sure == d.Sure)
}

func dropLine(text, prefix string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, prefix) }), "\n")
}

// No sampled value stands in a draft, in what is said of it, or in a report.
func TestNoValueGetsOut(t *testing.T) {
	for _, half := range []string{"tuned", "unseen"} {
		for _, file := range corpusFiles(t, half) {
			tables := readCorpus(t, file)
			src := openCorpus(t, "sqlite", tables)
			r := draftOf(t, src, datamap.SQLite)
			said, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			empty, err := datamap.LoadText("systems/corpus.yaml", []byte("system: corpus\nkind: sqlite\ncredentials: env:A\n"), testPolicy(t))
			if err != nil {
				t.Fatal(err)
			}
			schema, err := src.Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			report, err := Drift(t.Context(), empty, map[string]Live{"corpus": {Schema: schema, Rows: src}})
			if err != nil {
				t.Fatal(err)
			}
			all := string(said) + string(r.File) + report.Text()
			for value := range personalValues(t, src, tables) {
				if strings.Contains(all, value) {
					t.Errorf("%s: a value stands in the draft: %q", file, value)
				}
			}
		}
	}
}

// personalValues are the texts of all columns labelled as personal that are long
// enough not to be a word of the file by chance.
func personalValues(t *testing.T, src connect.Source, tables []*corpusTable) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, table := range tables {
		for _, c := range table.columns {
			if c.label != "P" {
				continue
			}
			err := src.Read(t.Context(), connect.Read{Table: table.name, Columns: []string{c.name}}, func(row connect.Row) error {
				if s := connect.Text(row[0]); len(s) >= 7 && s != "contact" {
					out[s] = true
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// A path into a column of a database names nothing that is there, and does not speak for the column.
func TestDriftOfAPathIntoAColumn(t *testing.T) {
	const mapped = "system: shop\nkind: %s\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n  customer:\n    identities: {email: email}\n    relation: owns\n    erase: delete\n    columns: {email: contact.email, shipping.email: contact.email}\n"
	for _, k := range connecttest.Kinds(t) {
		c := k.Config(t)
		connecttest.Exec(t, c, "CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL, shipping json)", `INSERT INTO customer VALUES (1, 'ann@x.example', '{"email": "ann@x.example"}')`)
		src, err := sqldb.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		m, err := datamap.LoadText("systems/shop.yaml", []byte(fmt.Sprintf(mapped, c.Kind)), testPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := src.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		report, err := Drift(t.Context(), m, map[string]Live{"shop": {Schema: schema, Rows: src}})
		if err != nil {
			t.Fatal(err)
		}
		text := report.Text()
		for _, want := range []string{"FAIL  shop.customer.shipping.email: gone column (`shipping` is one value, and is mapped whole)\n", "FAIL  shop.customer.shipping: undeclared column: "} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", k.Name, want, text)
			}
		}
	}
}

// A moment that stood in another table is missed when its column or the table is gone.
func TestDriftOfMomentsElsewhere(t *testing.T) {
	for name, c := range map[string]struct{ orders, why string }{
		"its column":   {"CREATE TABLE orders (id int PRIMARY KEY, customer_id int, note varchar(50))", "orders has no column bought"},
		"its table":    {"CREATE TABLE others (id int PRIMARY KEY)", "the table orders is gone"},
		"nothing does": {"CREATE TABLE orders (id int PRIMARY KEY, customer_id int, note varchar(50), bought date)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			connecttest.Each(t, func(t *testing.T, config connect.Config) {
				connecttest.Exec(t, config, "CREATE TABLE people (id int PRIMARY KEY, email varchar(50))", c.orders)
				report := driftFrom(t, config, `
tables:
  people: {key: id, identities: {email: email}, relation: owns, erase: clear, columns: {email: contact.email}, retention: {all: orders.bought}}
  orders: {key: id, references: {customer: {columns: customer_id, to: people.id}}, relation: {customer: owns}, erase: clear, columns: {note: contact.name}}
`)
				var said []string
				for _, d := range report.Differences {
					if d.Table == "people" {
						said = append(said, fmt.Sprint(d.Column, d.Change, d.Fails, strings.Contains(strings.Join(d.Why, ""), c.why)))
					}
				}
				if want := "orders.bought" + string(GoneColumn) + "true true"; c.why == "" && len(said) > 0 || c.why != "" && (len(said) != 1 || said[0] != want) {
					t.Errorf("%q:\n%s", said, report.Text())
				}
			})
		})
	}
}

// driftFrom compares a database with a map without its head.
func driftFrom(t *testing.T, c connect.Config, tables string) *Report {
	t.Helper()
	m, err := datamap.LoadText("s.yaml", []byte("system: s\nkind: "+c.Kind+"\ncredentials: env:A"+tables), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	src, err := open.Source(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	schema, err := src.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := m.Complete(map[string][]datamap.TableFacts{"s": datamap.FactsOf(schema)})
	if err == nil {
		m = whole
	}
	report, err := Drift(t.Context(), m, map[string]Live{"s": {Schema: schema, Rows: src}})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A key inside a mapped document whose name speaks of data that the map does not say of it is a note. No key is said that may be
// somebody's own name or address.
func TestDriftInsideADocument(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		kind := map[string]string{"postgresql": "jsonb"}[c.Kind]
		if kind == "" {
			kind = "json"
		}
		connecttest.Exec(t, c, "CREATE TABLE people (id int PRIMARY KEY, email varchar(50), profile "+kind+")",
			`INSERT INTO people VALUES (1, 'ann@x.example', '{"email": "ann@x.example", "address": {"phone": "+31 20 555 0101"}, "colour": "red", "of": {"cyd@x.example": 1}}')`,
			`INSERT INTO people VALUES (2, 'bob@x.example', '{"email": "bob@x.example", "address": {"phone": "+31 20 555 0102"}, "colour": "blue", "of": {"cyd@x.example": 2}}')`)
		for is, want := range map[string]string{"contact.email": "note  s.people.profile: undeclared key: likely, phone (its key `phone`; the column is mapped as other data)\n", "contact": ""} {
			report := driftFrom(t, c, "\ntables:\n  people: {key: id, identities: {email: email}, relation: owns, erase: clear, columns: {email: contact.email, profile: "+is+"}}\n")
			text := report.Text()
			if report.Fails || want == "" && strings.Contains(text, "key") || !strings.Contains(text, want) || strings.Contains(text, "cyd") || strings.Count(text, "undeclared") > 1 {
				t.Errorf("%s:\n%s", is, text)
			}
		}
	})
}

// A file that cannot be read is said to be unread, by a draft and when nobody mapped it; it is not said to be without personal data.
func TestUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"people.csv": "id,email\n1,ann@harbour.example\n2,bob@harbour.example\n", "odd.csv": "id,email,email\n1,cyd@harbour.example,\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := files.Open(t.Context(), connect.Config{System: "exports", Kind: "files", At: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	r, err := Draft(t.Context(), testPolicy(t), src, Options{System: "exports", Kind: datamap.Files, At: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Unread) != 1 || !strings.HasPrefix(r.Unread[0].Why, "odd.csv:1: ") || slices.Contains(r.NotPersonal, "odd.csv") {
		t.Errorf("%+v; without personal data: %v", r.Unread, r.NotPersonal)
	}
	m, err := datamap.LoadText("systems/exports.yaml", r.File, testPolicy(t))
	if err != nil {
		t.Fatalf("%v\n%s", err, r.File)
	}
	schema, err := src.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := Drift(t.Context(), m, map[string]Live{"exports": {Schema: schema, Rows: src}})
	if err != nil {
		t.Fatal(err)
	}
	if text := report.Text(); !strings.Contains(text, "exports.odd.csv: unread table (odd.csv:1: ") {
		t.Error(text)
	}
}
