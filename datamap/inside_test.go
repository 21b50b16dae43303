package datamap

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

// What stands in a column of a database is one value: a path that leads into it is refused, wherever
// the map names it, and a column that is really called so is none.
func TestPathIntoAColumn(t *testing.T) {
	const leads = "leads into the column `body`, and JSON, lists and whatever else has parts are one value here: a column is mapped whole"
	for name, c := range map[string]struct{ old, new, at string }{
		"data":               {"{body: messages.text}", "{body.to: messages.text}", "27:15"},
		"an identity":        {"    key: id\n", "    key: id\n    identities: {body.to: member-number}\n", "23:18"},
		"free text":          {"free-text: body", "free-text: [body.to]", "28:17"},
		"a restriction":      {"free-text: body", "restriction: body.frozen", "28:18"},
		"a condition":        {"free-text: body", "when: body.kind = 'a'", "28:11"},
		"a reference":        {"recipient_id, to", "body.to, to", "23:66"},
		"what is pointed at": {"{columns: recipient_id, to: customers.id}", "{columns: recipient_id, to: letters.body.id}", "23:"},
		"a moment":           {"free-text: body", "retention: {messages: body.at}", "28:27"},
	} {
		if !strings.Contains(liveFile, c.old) {
			t.Fatal(c.old)
		}
		for _, kind := range []string{"postgresql", "mysql", "sqlite"} {
			s := liveSchema()
			s.Table("letters").Column("body").Kind = connect.JSON
			file := strings.Replace(liveFile, c.old, c.new, 1)
			got := inside(checkLive(t, strings.Replace(file, "postgresql", kind, 1), s))
			if !strings.Contains(got, "inside-column systems/shop.yaml:"+c.at) || !strings.Contains(got, ": error: `body.") || !strings.Contains(got, leads) {
				t.Errorf("%s, %s: %s", kind, name, got)
			}
		}
	}

	s := liveSchema()
	s.Table("letters").Column("body").Kind = connect.JSON
	const documents = "system: shop\nkind: mongodb\ncredentials: env:SHOP\ntables:\n  letters:\n    key: id\n    identities: {body.to: email}\n    relation: owns\n    erase: delete\n    columns: {body.to: contact.email}\n"
	if got := inside(checkLive(t, documents, s)); got != "" {
		t.Errorf("in documents: %s", got)
	}
	s.Table("letters").Columns = append(s.Table("letters").Columns, connect.Column{Name: "body.to", Kind: connect.TextKind, Nullable: true})
	if got := inside(checkLive(t, strings.Replace(liveFile, "{body: messages.text}", "{body.to: messages.text}", 1), s)); got != "" {
		t.Errorf("a column that is called so: %s", got)
	}
}

func inside(lines []string) string {
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "inside-column ") }), "\n")
}

// That a path with a list leads into a column the kind of the system tells alone; one with a dot may
// be a name, which only the database knows.
func TestPathIntoAColumnWithoutTheDatabase(t *testing.T) {
	for path, want := range map[string]string{
		"body[]":    "systems/shop.yaml:27:15: error: `body[]` leads into the column `body`",
		"body[].to": "systems/shop.yaml:27:15: error: `body[].to` leads into the column `body`",
		"body.to":   "systems/shop.yaml:27:15: warning: `body.to` leads into the column `body`",
		"body":      "",
	} {
		m, err := LoadText("systems/shop.yaml", []byte(strings.Replace(liveFile, "{body: messages.text}", `{"`+path+`": messages.text}`, 1)), testPolicy(t))
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, p := range m.Warnings {
				got += p.String()
			}
		}
		if !strings.HasPrefix(got, want) || want == "" && strings.Contains(got, "leads into") {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// Nobody is known by a whole document; a column that is computed of a part of it is one like any other.
func TestIdentityThatIsADocument(t *testing.T) {
	for kind, part := range map[string]string{"postgresql": "email->>'email'", "mysql": "json_value(email, '$.email')", "sqlite": "json_extract(email, '$.email')"} {
		for _, c := range []connect.Column{{Type: "jsonb", Kind: connect.JSON}, {Type: "text[]", Kind: connect.JSON}, {Type: "xml", Kind: connect.TextKind}, {Type: "hstore", Kind: connect.TextKind}, {Type: "text", Kind: connect.TextKind}} {
			s := liveSchema()
			email := s.Table("customers").Column("email")
			email.Type, email.Kind = c.Type, c.Kind
			got := inside(checkLive(t, strings.NewReplacer("postgresql", kind, "type: text, ", "").Replace(liveFile), s))
			want := "inside-column systems/shop.yaml:8:18: error: `email` of `customers` is " + c.Type + ", and nobody is known by the whole of it; have the database compute the part as a column of its own, such as `email varchar(254) GENERATED ALWAYS AS (" + part + ") STORED`"
			if c.Type == "text" && got != "" || c.Type != "text" && !strings.HasPrefix(got, want) {
				t.Errorf("%s, %s: %s", kind, c.Type, got)
			}
		}
	}
}

// The mask that is advised is one that the column takes.
func TestAdvisedMaskOfADocument(t *testing.T) {
	for name, change := range map[string]func(*connect.Table){
		"json": func(db *connect.Table) { db.Column("phone").Kind = connect.JSON },
		"text that is read as JSON": func(db *connect.Table) {
			db.Checks = []connect.Check{{Columns: []string{"phone"}, Text: "CHECK ((phone)::json IS NOT NULL)"}}
		},
	} {
		s := liveSchema()
		db := s.Table("customers")
		db.Column("phone").Nullable = false
		change(db)
		got := strings.Join(checkLive(t, liveFile, s), "\n")
		if !strings.Contains(got, "clear-refused systems/shop.yaml:15:7") || !strings.Contains(got, "write `erase: mask(\"{}\")`, or let") {
			t.Errorf("%s: %s", name, got)
		}
		for _, kind := range []string{"postgresql", "mysql", "sqlite"} {
			file := strings.NewReplacer("postgresql", kind, "phone: contact.phone", `phone: {is: contact.phone, erase: 'mask("{}")'}`).Replace(liveFile)
			if got := checkLive(t, file, s); len(got) > 0 {
				t.Errorf("%s, %s: what is advised is refused: %s", kind, name, strings.Join(got, "\n"))
			}
		}
	}
}
