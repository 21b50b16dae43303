package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap/find"
)

// eachEngine runs a test in a database of each kind, made of the statements.
func eachEngine(t *testing.T, statements []string, tables string, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			test(t, worldOf(t, k.Config(t), statements, tables))
		})
	}
}

// worldOf makes one system of a database.
func worldOf(t *testing.T, c connect.Config, statements []string, tables string) *world {
	t.Helper()
	c.System, c.Region = "shop", "NL"
	connecttest.Exec(t, c, statements...)
	src, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	w := &world{t: t, sources: find.Sources{"shop": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	w.load(map[string]string{"shop.yaml": "system: shop\nkind: " + c.Kind + "\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n" + indented(tables)})
	return w
}

// column is what stands in a column of each row, in the order of the keys.
func (w *world) column(table, name string) []string {
	w.t.Helper()
	byKey := map[string]string{}
	err := w.sources["shop"].Read(w.t.Context(), connect.Read{Table: table, Columns: []string{"id", name}}, func(r connect.Row) error {
		byKey[connect.Text(r[0])] = connect.Text(r[1])
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for n := range len(byKey) {
		out = append(out, byKey[connect.Text(int64(n+1))])
	}
	return out
}

// saidOf are the lines of a plan that speak of a column.
func saidOf(p *Plan, column string) (out []string) {
	for _, e := range p.Entries(false) {
		if slices.Contains(e.Columns, column) {
			one := Plan{Systems: []*SystemPlan{{Groups: []*Group{{Table: e.Table, Rows: e.Rows, Lines: []Line{{Columns: e.Columns, Action: e.Action, How: e.How, Refused: e.Refused, Instead: e.Instead}}}}}}}
			out = append(out, said(&one)...)
		}
	}
	return out
}

// A map that leads into a column, which no check has seen, stops no plan, and hides nothing of the column.
func TestPathIntoAColumnIsSaid(t *testing.T) {
	const absent = "the table has no such column"
	eachEngine(t, []string{"CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL, shipping json)",
		`INSERT INTO customer VALUES (1, 'ann@x.example', '{"email": "ann@x.example", "city": "Hull"}')`}, `
customer:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: {is: contact.email, erase: mask(email)}, shipping.email: contact.email, shipping.city: {is: contact.address, erase: mask(hash)}}
`, func(t *testing.T, w *world) {
		who := people("email=ann@x.example")
		s, f := w.found(who)
		var shown []string
		err := s.Export(t.Context(), f, 0, func(r find.Record) error {
			for _, c := range r.Cells {
				shown = append(shown, c.Name+"="+connect.Text(c.Value))
			}
			return nil
		})
		if err != nil || !slices.Contains(shown, `shipping={"city":"Hull","email":"ann@x.example"}`) {
			t.Errorf("shown is %s, %v", shown, err)
		}
		if got := f.Systems[0].Tables[0].Unshown(); !strings.Contains(got, "`shipping.email`, `shipping.city`") || !strings.Contains(got, absent) {
			t.Errorf("of what cannot be shown it is said: %q", got)
		}
		p := w.erase("email=ann@x.example")
		for _, name := range []string{"shipping.email", "shipping.city"} {
			got := strings.Join(saidOf(p, name), "\n")
			if !strings.Contains(got, "keep shipping.city shipping.email, 1, refused: "+absent) || !strings.Contains(got, "the map names `shipping.email`") {
				t.Errorf("the plan says of %s:\n%s", name, got)
			}
		}
	})
}
