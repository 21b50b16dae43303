package plan

import (
	"fmt"
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
		fix := w.rectify(who, Correction{Data: "contact.address", To: "York"})
		if got := strings.Join(saidOf(fix, "shipping.city"), "\n"); !strings.Contains(got, absent) {
			t.Errorf("a correction says %s", got)
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

// What a column holds beside the value that is corrected is never written over: a document, a list, XML,
// other people's data. Somebody looks; what is one value is still put right.
func TestCorrectionLeavesWhatHoldsMore(t *testing.T) {
	const more, inside, one = "it holds more than the one value", "the old value stands inside, and it holds more than that", ""
	values := []struct{ value, without, with string }{
		{"ann@x.example", one, one},
		{" ann@x.example ", one, one},
		{"ann@x.example, bob@x.example", more, inside},
		{"bob@x.example ann@x.example", more, inside},
		{"ann@x.example\nbob@x.example", more, inside},
		{"Ann <ann@x.example>", more, inside},
		{`{"buyer":{"email":"ann@x.example"},"for":"bob@x.example"}`, more, inside},
		{`["ann@x.example"]`, more, inside},
		{"eyJlbWFpbCI6ImFubkB4LmV4YW1wbGUiLCJuYW1lIjoiQm9iIn0=", more, inside},
		{"<person><email>ann@x.example</email><name>Bob</name></person>", more, inside},
		{`a:1:{s:5:"email";s:13:"ann@x.example";}`, more, inside},
		{`"email"=>"ann@x.example", "name"=>"Bob"`, more, inside},
		{"(ann@x.example,Bob)", more, inside},
		{"bob@x.example;", more, "other"},
		{`{"for":"bob@x.example"}`, more, "other"},
	}
	statements := []string{"CREATE TABLE customer (id int PRIMARY KEY, member varchar(20) NOT NULL, email varchar(200))"}
	for i, v := range values {
		statements = append(statements, fmt.Sprintf("INSERT INTO customer VALUES (%d, 'M-100', '%s')", i+1, v.value))
	}
	eachEngine(t, statements, `
customer:
  identities: {member: member-number}
  relation: owns
  erase: clear
  columns: {member: contact.phone, email: contact.email}
`, func(t *testing.T, w *world) {
		was := w.column("customer", "email")
		for _, from := range []string{"ann@x.example", ""} {
			p := w.rectify(people("member-number=M-100"), Correction{Data: "contact.email", From: from, To: "anne@x.example"})
			left := map[string]string{}
			for _, e := range p.Entries(true) {
				if e.Action == Keep {
					left[connect.Text(e.Key["id"])] = e.Refused
				}
			}
			now := w.column("customer", "email")
			for i, v := range values {
				want := v.without
				if from != "" {
					want = v.with
				}
				key := connect.Text(int64(i + 1))
				switch {
				case want == one && now[i] != "anne@x.example":
					t.Errorf("from %q: %q is not put right but %q: %s", from, v.value, now[i], left[key])
				case want != one && now[i] != was[i]:
					t.Errorf("from %q: %q was written over: %q", from, v.value, now[i])
				case want != "other" && left[key] != want && now[i] == was[i]:
					t.Errorf("from %q: of %q it is said %q, not %q", from, v.value, left[key], want)
				case want == "other" && left[key] != "":
					t.Errorf("from %q: of %q it is said %q", from, v.value, left[key])
				}
			}
			if n := len(p.ByHand()); n == 0 {
				t.Errorf("from %q: nobody looks", from)
			}
		}
	})
}

// The same in columns of types that have parts. What is wrong is also found in a column that is about
// other data: no request names that, and nothing would say so later.
func TestCorrectionLeavesDocuments(t *testing.T) {
	kinds := map[string][]string{
		"sqlite": {"json", `'{"email":"ann@x.example","for":["bob@x.example"]}'`},
		"mysql":  {"json", `'{"email":"ann@x.example","for":["bob@x.example"]}'`},
		"postgresql": {"json", `'{"email":"ann@x.example","for":["bob@x.example"]}'`, "jsonb", `'{"email":"ann@x.example","for":["bob@x.example"]}'`, "text[]", `'{ann@x.example,bob@x.example}'`,
			"xml", `'<p><email>ann@x.example</email><for>bob@x.example</for></p>'`, "card", `'(ann@x.example,bob@x.example)'`},
	}
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			if c.Kind == "postgresql" {
				connecttest.Exec(t, c, "CREATE TYPE card AS (email text, other text)")
			}
			types := kinds[c.Kind]
			for i := 0; i < len(types); i += 2 {
				table := fmt.Sprintf("t%d", i)
				tables := table + ":\n  identities: {member: member-number}\n  relation: owns\n  erase: clear\n  columns: {member: contact.phone, a: contact.email, b: [contact.email, contact.name], c: messages.text}\n"
				w := worldOf(t, c, []string{fmt.Sprintf("CREATE TABLE %s (id int PRIMARY KEY, member varchar(20) NOT NULL, a %s, b %s, c %s)", table, types[i], types[i], types[i]),
					fmt.Sprintf("INSERT INTO %s VALUES (1, 'M-100', %[2]s, %[2]s, %[2]s)", table, types[i+1])}, tables)
				was := w.column(table, "a")[0]
				for _, from := range []string{"ann@x.example", "", "zoe@x.example"} {
					for _, to := range []string{"anne@x.example", ""} {
						p := w.rectify(people("member-number=M-100"), Correction{Data: "contact.email", From: from, To: to})
						for _, column := range []string{"a", "b", "c"} {
							if now := w.column(table, column)[0]; now != was {
								t.Errorf("%s, from %q to %q: %s is written over: %s", types[i], from, to, column, now)
							}
							looks := slices.ContainsFunc(p.ByHand(), func(e Entry) bool { return slices.Contains(e.Columns, column) })
							if want := from == "ann@x.example" || from == "" && column != "c"; looks != want {
								t.Errorf("%s, from %q to %q: somebody looks at %s: %v\n%s", types[i], from, to, column, looks, strings.Join(said(p), "\n"))
							}
						}
					}
				}
			}
		})
	}
}
