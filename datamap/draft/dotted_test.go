package draft

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
)

// A table with a dot in its name is another than that of a schema, to the draft, the check, the
// drift and whoever reads and changes rows.
func TestTablesWithADotInTheirNames(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			dotted := connecttest.Quote(c.Kind, "sales.customer")
			connecttest.Exec(t, c, "CREATE TABLE "+dotted+" (id int PRIMARY KEY, email varchar(60) NOT NULL)", "INSERT INTO "+dotted+" VALUES (1, 'ann@x.example'), (2, 'bob@x.example')",
				"CREATE TABLE letters (id int PRIMARY KEY, writer int NOT NULL, phone varchar(20), FOREIGN KEY (writer) REFERENCES "+dotted+" (id))", "INSERT INTO letters VALUES (1, 1, '+31612345678')")
			names := []string{`"sales.customer"`}
			if c.Kind == "postgresql" {
				connecttest.Exec(t, c, "CREATE SCHEMA sales", "CREATE TABLE sales.customer (id int PRIMARY KEY, email varchar(60) NOT NULL)", "INSERT INTO sales.customer VALUES (3, 'cid@x.example')",
					`CREATE SCHEMA "x.y"`, `CREATE TABLE "x.y".customer (id int PRIMARY KEY, email varchar(60) NOT NULL)`, `INSERT INTO "x.y".customer VALUES (4, 'dee@x.example')`)
				names = append(names, "sales.customer", `"x.y".customer`)
			}
			src, err := sqldb.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { src.Close() })
			p := testPolicy(t)
			r, err := Draft(t.Context(), p, src, Options{System: "shop", Kind: datamap.Kind(c.Kind)})
			if err != nil {
				t.Fatal(err)
			}
			m, err := datamap.LoadText("systems/shop.yaml", r.File, p)
			if err != nil {
				t.Fatalf("%v in\n%s", err, r.File)
			}
			schema, err := src.Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range m.CheckLive(map[string]*connect.Schema{"shop": schema}) {
				if !problem.Warning {
					t.Errorf("the draft is refused: %+v", problem)
				}
			}
			emails := map[string]string{`"sales.customer"`: "ann@x.example bob@x.example", "sales.customer": "cid@x.example", `"x.y".customer`: "dee@x.example"}
			for _, name := range names {
				table := m.Table("shop." + name)
				if table == nil {
					t.Fatalf("the draft has no %s:\n%s", name, r.File)
				}
				if got := connecttest.Texts(connecttest.All(t, src, connect.Read{Table: table.Name, Columns: []string{"email"}, Key: []string{"id"}}), 0); got != emails[name] {
					t.Errorf("in %s there is %s", name, got)
				}
			}
			if refs := schema.Table("letters").References; len(refs) != 1 || refs[0].Table != `"sales.customer"` || schema.Table(refs[0].Table).Column("email") == nil {
				t.Errorf("letters refer to %+v", refs)
			}
			drift := func() string {
				t.Helper()
				now, err := src.Describe(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				report, err := Drift(t.Context(), m, map[string]Live{"shop": {Schema: now, Rows: src}})
				if err != nil {
					t.Fatal(err)
				}
				return report.Text()
			}
			if text := drift(); strings.Contains(text, "FAIL") {
				t.Errorf("a fresh draft drifts:\n%s", text)
			}
			connecttest.Do(t, src, connect.Change{Kind: connect.Update, Table: `"sales.customer"`, Key: []string{"id"}, Keys: connecttest.Tuples(2), Set: []connect.Set{{Column: "email", To: "x"}}})
			connecttest.Exec(t, c, "DROP TABLE letters", "DROP TABLE "+dotted)
			if text := drift(); !strings.Contains(text, `shop."sales.customer": gone table`) || strings.Contains(text, "shop.sales.customer: gone") {
				t.Errorf("it drifts:\n%s", text)
			}
		})
	}
}
