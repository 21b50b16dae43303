package systems

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// eachDatabase runs a test over a database of each kind.
func eachDatabase(t *testing.T, tables string, statements []string, test func(t *testing.T, e *Engine, r cases.Request)) {
	t.Helper()
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			connecttest.Exec(t, c, statements...)
			e := over(t, reach{"shop": c}, mapOf("system: shop\nkind: "+c.Kind+"\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n"+tables))
			test(t, e, cases.Request{Case: avow.ID{1}, Policy: "site", Shown: true, Key: []byte("a key of a case of a test"), Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
				Identities: []cases.Identity{{Kind: "email", Value: annsAddress}}})
		})
	}
}

// Where a map leads into a column, the package holds the column whole and says what is not in it.
func TestPackageSaysWhatTheMapNamesInVain(t *testing.T) {
	eachDatabase(t, `  customer:
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: {is: contact.email, erase: mask(email)}, shipping.street: contact.address}
`, []string{"CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL, shipping json)", `INSERT INTO customer VALUES (1, 'ann@mail.example', '{"street": "Quay 1"}')`},
		func(t *testing.T, e *Engine, r cases.Request) {
			r.Right = law.Copy
			var out bytes.Buffer
			if _, err := e.Pack(nil, t.TempDir())(t.Context(), r, nil, &out); err != nil {
				t.Fatal(err)
			}
			z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
			if err != nil {
				t.Fatal(err)
			}
			f, err := z.Open("data.json")
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"Quay 1", "shop.customer: the map names `shipping.street`, and the table has no such column"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("no %q in %s", want, text)
				}
			}
		})
}

// A correction writes over no document and no list: that the value stands in one is told, and is a task.
func TestCorrectionInADocumentIsATask(t *testing.T) {
	eachDatabase(t, `  customer:
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, shipping: contact.name, mails: contact.name}
`, []string{"CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL, shipping json, mails text)",
		`INSERT INTO customer VALUES (1, 'ann@mail.example', '{"name": "Ann Vistor", "for": "Bob"}', 'Ann Vistor; Bob')`},
		func(t *testing.T, e *Engine, r cases.Request) {
			r.Right, r.Corrections = law.Correct, []cases.Correction{{Data: "contact.name", From: "Ann Vistor", To: "Ann Visitor"}}
			parts, err := e.Capture(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			var tasks []string
			for _, p := range parts {
				if p.Task != nil {
					tasks = append(tasks, p.Task.Do)
				}
				if p.Captured != nil {
					if _, err := e.Run(t.Context(), r, p.System, p.Captured); err != nil {
						t.Fatal(err)
					}
				}
			}
			const why = " was left as it is in 1 row of the person's: the old value stands inside, and it holds more than that. Look, and put right contact.name there, and nothing else."
			wantLines(t, "tasks", tasks, "shop.customer.shipping"+why, "shop.customer.mails"+why)
			var held []string
			s, f, err := e.find(t.Context(), r, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Export(t.Context(), f, 0, func(rec find.Record) error {
				for _, c := range rec.Cells {
					held = append(held, c.Name+": "+connect.Text(c.Value))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(held)
			wantLines(t, "held", held, "email: ann@mail.example", `shipping: {"for":"Bob","name":"Ann Vistor"}`, "mails: Ann Vistor; Bob")
		})
}
