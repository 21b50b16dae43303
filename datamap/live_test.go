package datamap

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

const liveFile = `system: shop
kind: postgresql
credentials: env:SHOP
schema: public
take-from-database: [keys, references]
tables:
  customers:
    identities: {email: email}
    references: {invited_by: {to: customers.id, optional: yes}}
    relation: {itself: owns}
    erase: clear
    columns:
      email: {is: contact.email, erase: mask(email), type: text, max-length: 100}
      full_name: {is: contact.name, erase: mask("gone")}
      phone: contact.phone
      born: {is: contact.birthday, erase: mask(year)}
  orders:
    relation: {customer_id: owns}
    erase: delete
    columns: {total: orders.amount}
  letters:
    key: id
    references: {sender: {columns: sender_id, to: customers.id}, recipient: {columns: recipient_id, to: customers.id}}
    relation: {sender: shares, recipient: shares}
    of: everyone
    erase: delete
    columns: {body: messages.text}
    free-text: body
not-personal: [articles]
`

// liveSchema is a database that the file fits.
func liveSchema() *connect.Schema {
	text := func(name string, length int, nullable bool) connect.Column {
		return connect.Column{Name: name, Type: "character varying", Kind: connect.TextKind, Length: length, Nullable: nullable}
	}
	number := func(name string, nullable bool) connect.Column {
		return connect.Column{Name: name, Type: "integer", Kind: connect.Integer, Nullable: nullable}
	}
	day := connect.Column{Name: "born", Type: "date", Kind: connect.DateKind}
	return &connect.Schema{Within: "public", Tables: []connect.Table{
		{Name: "customers", Key: []string{"id"}, Unique: [][]string{{"email"}}, Indexes: [][]string{{"lower((email)::text)"}},
			Columns: []connect.Column{number("id", false), text("email", 120, false), text("full_name", 80, false), text("phone", 30, true), day, number("invited_by", true)}},
		{Name: "orders", Key: []string{"id"}, Indexes: [][]string{{"customer_id"}}, Columns: []connect.Column{number("id", false), number("customer_id", false), number("total", true)},
			References: []connect.Reference{{Columns: []string{"customer_id"}, Table: "customers", To: []string{"id"}, OnDelete: connect.NoAction}}},
		{Name: "letters", Key: []string{"id"}, Indexes: [][]string{{"sender_id"}, {"recipient_id", "id"}},
			Columns: []connect.Column{number("id", false), number("sender_id", true), number("recipient_id", true), text("body", 0, true)}},
		{Name: "articles", Key: []string{"id"}, Columns: []connect.Column{number("id", false)}},
	}}
}

func TestLiveFits(t *testing.T) {
	if got := checkLive(t, liveFile, liveSchema()); len(got) > 0 {
		t.Error(strings.Join(got, "\n"))
	}
}

// checkLive is what is said of a file against a schema, a line for each problem.
func checkLive(t *testing.T, file string, s *connect.Schema) []string {
	t.Helper()
	m, err := LoadText("systems/shop.yaml", []byte(file), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range m.CheckLive(map[string]*connect.Schema{"shop": s}) {
		out = append(out, p.Code+" "+p.String())
	}
	return out
}

func TestLiveFindsWhatDoesNotFit(t *testing.T) {
	table := func(s *connect.Schema, name string) *connect.Table { return s.Table(name) }
	column := func(s *connect.Schema, name, of string) *connect.Column { return s.Table(of).Column(name) }
	for name, c := range map[string]struct {
		change func(*connect.Schema)
		old    string // of the file
		new    string
		want   string
	}{
		"a table that is not there": {func(s *connect.Schema) { table(s, "letters").Name = "leters" }, "", "", "missing-table systems/shop.yaml:21:3: error: `shop` has no table `public.letters`; did you mean `leters`?"},
		"a column that is not there": {func(s *connect.Schema) { column(s, "phone", "customers").Name = "phones" }, "", "",
			"missing-column systems/shop.yaml:15:7: error: `customers` has no column `phone`; did you mean `phones`?"},
		"another type":      {func(s *connect.Schema) { column(s, "email", "customers").Kind = connect.Integer }, "", "", "wrong-type systems/shop.yaml:13:7: error"},
		"a shorter column":  {func(s *connect.Schema) { column(s, "email", "customers").Length = 60 }, "", "", "wrong-length systems/shop.yaml:13:"},
		"a key that is not": {func(s *connect.Schema) { table(s, "letters").Key = []string{"sender_id", "recipient_id"} }, "", "", "key-not-unique systems/shop.yaml:22:10: error: two rows of `letters` may have the same `id`"},
		"no better key":     {func(s *connect.Schema) { table(s, "letters").Key = nil }, "", "", "key-not-unique systems/shop.yaml:22:10: warning: nothing in the database keeps two rows of `letters` from having the same `id`"},
		"rows that are hidden": {func(s *connect.Schema) { table(s, "letters").Hides = "row security is on" }, "", "",
			"hidden-rows systems/shop.yaml:21:3: warning: row security is on; let the login see them: rows that it does not see are neither shown nor erased"},
		"no key": {func(s *connect.Schema) { table(s, "orders").Key = nil }, "", "", "no-key systems/shop.yaml:17:3: error"},
		"a reference of other types": {func(s *connect.Schema) { column(s, "sender_id", "letters").Kind = connect.UUID }, "", "",
			"types-differ systems/shop.yaml:23:18: error: `letters.sender_id` is integer and `customers.id` is integer"},
		"a column that may not be empty": {func(s *connect.Schema) { column(s, "phone", "customers").Nullable = false }, "", "",
			"clear-refused systems/shop.yaml:15:7: error: `phone` of `customers` may not be empty in the database; write `erase: mask(hash)`"},
		"a mask where only certain values stand": {func(s *connect.Schema) { column(s, "full_name", "customers").Strict = true }, "mask(\"gone\")", "mask(hash)",
			"mask-type systems/shop.yaml:14:44: error: `full_name` of `customers` takes only certain values, and mask(hash) is none of them; write `erase: mask(\"…\")` with a value that it takes"},
		"a mask that is too long": {func(s *connect.Schema) { column(s, "full_name", "customers").Length = 3 }, "", "", "mask-long systems/shop.yaml:14:44: error: mask(\"gone\") takes at least 4 characters"},
		"a mask of another type": {func(s *connect.Schema) { column(s, "born", "customers").Kind = connect.TextKind }, "", "",
			"mask-type systems/shop.yaml:16:"},
		"one mask for a unique column": {func(s *connect.Schema) { table(s, "customers").Unique = [][]string{{"email"}, {"full_name"}} }, "", "", "unique-mask systems/shop.yaml:14:44: error"},
		"masks that do not differ": {func(s *connect.Schema) {
			table(s, "customers").Unique = [][]string{{"email"}, {"full_name"}}
			column(s, "full_name", "customers").Length = 5
		}, "mask(\"gone\")", "mask(hash)", "unique-mask systems/shop.yaml:14:44: error: `full_name` of `customers` is unique, and masks"},
		"a part of the key that is masked": {func(s *connect.Schema) { table(s, "customers").Key = []string{"id", "full_name"} }, "", "",
			"key-changed systems/shop.yaml:"},
		"a generated column": {func(s *connect.Schema) { column(s, "phone", "customers").Generated = true }, "", "", "generated systems/shop.yaml:15:7: error"},
		"a masked column that others point at": {func(s *connect.Schema) {
			table(s, "letters").References = []connect.Reference{{Columns: []string{"body"}, Table: "customers", To: []string{"full_name"}}}
		}, "", "", "referenced systems/shop.yaml:14:"},
		"nobody can leave": {func(s *connect.Schema) { column(s, "sender_id", "letters").Nullable = false }, "", "", "untie-refused systems/shop.yaml:24:16: error"},
		"an unmapped table refuses": {func(s *connect.Schema) { pointAt(s, "claims", "orders", connect.NoAction) }, "", "",
			"delete-refused systems/shop.yaml:19:12: error: the database refuses to delete a row of `orders` while a row of `claims` points at it"},
		"an unmapped table goes along": {func(s *connect.Schema) { pointAt(s, "claims", "orders", connect.Cascade) }, "", "", "cascade systems/shop.yaml:19:12: error"},
		"a table without people goes along": {func(s *connect.Schema) {
			table(s, "articles").References = []connect.Reference{{Columns: []string{"id"}, Table: "orders", To: []string{"id"}, OnDelete: connect.Cascade}}
		}, "", "", "cascade systems/shop.yaml:19:12: warning"},
		"rows that stay refuse": {func(s *connect.Schema) {
			column(s, "recipient_id", "letters").Nullable = false
			table(s, "letters").References = []connect.Reference{{Columns: []string{"recipient_id"}, Table: "orders", To: []string{"id"}}}
		}, "of: everyone\n    erase: delete", "of: everyone\n    erase: clear", "delete-refused systems/shop.yaml:19:12: error: the database refuses to delete a row of `orders` while a row of `letters` points at it by `recipient_id`, and those rows stay"},
		"a search without an index": {func(s *connect.Schema) { table(s, "customers").Unique, table(s, "customers").Indexes = nil, nil }, "", "", "no-index systems/shop.yaml:8:18: warning: there is no index on `email`"},
		"a link without an index":   {func(s *connect.Schema) { table(s, "orders").Indexes = nil }, "", "", "no-index systems/shop.yaml:18:16: warning: there is no index on `customer_id`"},
		"a missing grant": {func(s *connect.Schema) {
			table(s, "orders").Lacks = map[connect.Op]string{connect.OpDelete: "GRANT DELETE ON orders TO reader", connect.OpUpdate: "GRANT UPDATE ON orders TO reader"}
		}, "", "", "no-grant systems/shop.yaml:17:3: warning: this login may not delete `orders`; `GRANT DELETE ON orders TO reader`"},
		"triggers that are not seen": {func(s *connect.Schema) {
			table(s, "orders").Lacks = map[connect.Op]string{connect.OpTriggers: "GRANT TRIGGER ON orders TO reader"}
		}, "", "", "no-grant systems/shop.yaml:17:3: warning: this login may not see the triggers of `orders`; `GRANT TRIGGER ON orders TO reader`"},
		"a table the map does not know":  {func(s *connect.Schema) { pointAt(s, "claims", "customers", connect.SetNull) }, "", "", "unknown-to-map systems/shop.yaml:1:9: warning: `claims` points at `customers`"},
		"a dismissed table that is gone": {func(s *connect.Schema) { table(s, "articles").Name = "goods" }, "", "", "missing-table systems/shop.yaml:29:16: warning"},
		"a reference that is gone":       {func(s *connect.Schema) { table(s, "orders").References = nil }, "", "", "unknown-link systems/shop.yaml:18:16: error"},
	} {
		t.Run(name, func(t *testing.T) {
			s := liveSchema()
			c.change(s)
			if c.old != "" && !strings.Contains(liveFile, c.old) {
				t.Fatal("the file has no such text")
			}
			got := checkLive(t, strings.Replace(liveFile, c.old, c.new, 1), s)
			if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, c.want) }) {
				t.Errorf("want %s\ngot  %s", c.want, strings.Join(got, "\n     "))
			}
			if strings.Contains(c.want, "may not delete") && strings.Contains(strings.Join(got, "\n"), "GRANT UPDATE") {
				t.Error("a grant is asked for that nothing needs")
			}
		})
	}
}

// pointAt adds a table that points at another.
func pointAt(s *connect.Schema, name, at string, on connect.OnDelete) {
	s.Tables = append(s.Tables, connect.Table{Name: name, Key: []string{"id"}, Columns: []connect.Column{{Name: "id", Kind: connect.Integer}, {Name: "to_id", Kind: connect.Integer, Nullable: true}},
		References: []connect.Reference{{Columns: []string{"to_id"}, Table: at, To: []string{"id"}, OnDelete: on}}})
}

// Everything is said at once, in the order of the file.
func TestLiveSaysAllAtOnce(t *testing.T) {
	s := liveSchema()
	s.Table("customers").Column("phone").Nullable = false
	s.Table("orders").Lacks = map[connect.Op]string{connect.OpRead: "GRANT SELECT ON orders TO reader"}
	s.Table("letters").Column("body").Name = "text"
	got := checkLive(t, liveFile, s)
	var codes []string
	for _, line := range got {
		code, _, _ := strings.Cut(line, " ")
		codes = append(codes, code)
	}
	if want := []string{"clear-refused", "no-grant", "missing-column"}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
}

func TestFactsOf(t *testing.T) {
	facts := FactsOf(liveSchema())
	if len(facts) != 4 || facts[1].Name != "orders" || !slices.Equal(facts[1].Key, []string{"id"}) || len(facts[1].References) != 1 || facts[1].References[0].Optional {
		t.Errorf("%+v", facts)
	}
}

// A table that is not there is said to be missing, and nothing else: that it has no key
// and ties to nobody follows. All else that is wrong is said beside it.
func TestLiveSaysThatATableIsMissing(t *testing.T) {
	file := strings.Replace(liveFile, "tables:\n", "tables:\n  parcels:\n    relation: {customer_id: owns}\n    erase: delete\n    columns: {label: contact.name}\n", 1)
	s := liveSchema()
	s.Table("customers").Column("phone").Name = "phones"
	got := checkLive(t, file, s)
	if len(got) != 2 || !strings.Contains(got[0], "missing-table systems/shop.yaml:") || !strings.Contains(got[0], "`public.parcels`") || !strings.Contains(got[1], "missing-column ") {
		t.Errorf("said is\n%s", strings.Join(got, "\n"))
	}

	// Everybody else's tables are there, and go on without it.
	m, err := LoadText("systems/shop.yaml", []byte(file), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := m.Complete(map[string][]TableFacts{"shop": FactsOf(liveSchema())})
	if err != nil {
		t.Fatalf("a table that is gone keeps the others from being read: %v", err)
	}
	reach, parcels := whole.Graph().From("email"), whole.Tables()[0]
	if parcels.Name != "parcels" || reach.Reaches(parcels) || !reach.Reaches(parcels.System.Table("orders")) {
		t.Errorf("reached are %v without %s", reach.Reaches(parcels.System.Table("orders")), parcels.Name)
	}
}

// Lines of a file have no key but the one the map names; messages of a mailbox have one.
func TestLiveKnowsFilesWithoutKeys(t *testing.T) {
	const file = "system: shop\nkind: files\nat: exports\ncollections:\n  log.jsonl:\n    identities: {who: email}\n    relation: owns\n    erase: delete\n    columns: {who: contact.email}\n"
	for key, want := range map[string]string{"": "no-key systems/shop.yaml:5:3: error: nothing names one row of `log.jsonl`", "id": ""} {
		s := &connect.Schema{Tables: []connect.Table{{Name: "log.jsonl", Columns: []connect.Column{{Name: "who", Kind: connect.TextKind}, {Name: "id", Kind: connect.TextKind}}}}}
		if key != "" {
			s.Tables[0].Key = []string{key}
		}
		got := strings.Join(checkLive(t, file, s), "\n")
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("with the key %q: %s; want %s", key, got, want)
		}
	}
}

// MariaDB has no index on an expression.
func TestIndexThatCanBeMade(t *testing.T) {
	for kind, want := range map[string]string{"postgresql": "create one on `lower(email)`", "sqlite": "create one on `lower(email)`", "mysql": "create one on `email`"} {
		s := liveSchema()
		s.Table("customers").Unique, s.Table("customers").Indexes = nil, nil
		got := strings.Join(checkLive(t, strings.Replace(liveFile, "kind: postgresql", "kind: "+kind, 1), s), "\n")
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %s", kind, got, want)
		}
	}
}

// What is said of a table that is missing takes nothing away that is said of others on its line.
func TestLiveSaysEachTableThatIsMissing(t *testing.T) {
	const one = "{key: id, identities: {email: email}, relation: owns, erase: delete, columns: {email: contact.email}}"
	file := "system: shop\nkind: sqlite\ncredentials: env:A\ntables: {a: " + one + ", b: " + one + ", customers: " + strings.Replace(one, "key: id", "key: nr", 1) + "}\n"
	var codes []string
	for _, line := range checkLive(t, file, &connect.Schema{Tables: liveSchema().Tables[:1]}) {
		code, _, _ := strings.Cut(line, " ")
		codes = append(codes, code)
	}
	if want := []string{"missing-table", "missing-table", "missing-column", "key-not-unique"}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
}

// MySQL hides tables and columns that a login has no grant for: that they are missing is not all there is to say.
func TestLiveKnowsWhatMySQLHides(t *testing.T) {
	s := liveSchema()
	s.Tables = slices.DeleteFunc(s.Tables, func(t connect.Table) bool { return t.Name == "letters" })
	s.Table("customers").Column("phone").Name = "other"
	got := strings.Join(checkLive(t, strings.Replace(liveFile, "kind: postgresql", "kind: mysql", 1), s), "\n")
	for _, want := range []string{"has no table `public.letters` that this login can see; correct the name, grant the login SELECT on `letters`, or remove", "has no column `phone` that this login can see; correct the name, grant the login SELECT on `customers`, or remove"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
