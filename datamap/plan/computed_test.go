package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

// What a database computes from a text, or asks of JSON in a way that only a change shows, is
// tried before: the plan has something else that it takes, and the erasure is done.
func TestWhatIsComputedIsForeseen(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		made := map[string][]string{
			"postgresql": {`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(40), doc text, made text, must jsonb, mail text GENERATED ALWAYS AS (made::jsonb ->> 'email') STORED,
				needed text GENERATED ALWAYS AS (must ->> 'email') STORED NOT NULL, low text GENERATED ALWAYS AS (lower(name)) STORED)`, `CREATE INDEX by_doc ON person (((doc::jsonb) ->> 'email'))`},
			"mysql": {`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(40), doc longtext, made longtext, must json CHECK (json_exists(must, '$.email')), 
				mail varchar(60) GENERATED ALWAYS AS (json_unquote(json_extract(made, '$.email'))) STORED, mails varchar(60) GENERATED ALWAYS AS (json_unquote(json_extract(doc, '$.email'))) STORED)`},
			"sqlite": {`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(40), doc text, made text, must json, mail text GENERATED ALWAYS AS (json_extract(made, '$.email')) STORED,
				needed text GENERATED ALWAYS AS (json_extract(must, '$.email')) STORED NOT NULL)`, `CREATE INDEX by_doc ON person (json_extract(doc, '$.email'))`},
		}[c.Kind]
		const doc = `{"email": "ann@x.example", "list": ["Ann"]}`
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns:
    email: {is: contact.email, erase: clear}
    name: {is: contact.name, erase: clear}
    doc: messages.text
    made: messages.text
    must: messages.text
`, slices.Concat(made, []string{`INSERT INTO person (id, email, name, doc, made, must) VALUES (1, 'ann@x.example', 'Ann', '` + doc + `', '` + doc + `', '` + doc + `')`})...)
		p := w.erase("email=ann@x.example")
		for _, row := range w.all("person", "email", "name", "doc", "made", "must", "mail") {
			if strings.Contains(row, "ann@") || strings.Contains(row, "Ann") {
				t.Errorf("the person stands there still: %s\n%s", row, strings.Join(said(p), "\n"))
			}
		}
		if !strings.Contains(strings.Join(said(p), "\n"), " refuses it, instead: ") {
			t.Errorf("the plan says of no refusal: %s", strings.Join(said(p), "\n"))
		}
	})
}

// Whether JSON in a text that has to be JSON is erased does not hang on the letters of a name,
// and a document of which keys are asked keeps these and nothing of anybody.
func TestDocumentsStayDocuments(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		check := map[string][2]string{
			"postgresql": {"doc::json IS NOT NULL", "doc::jsonb ? 'email'"}, "sqlite": {"json_valid(doc)", "json_extract(doc, '$.email') IS NOT NULL"},
			"mysql": {"json_valid(doc) AND json_type(doc) = 'OBJECT'", "json_exists(doc, '$.email')"},
		}[c.Kind]
		escape := strings.NewReplacer(`\`, `\`)
		if c.Kind == "mysql" {
			escape = strings.NewReplacer(`\`, `\\`)
		}
		rows := func(table string) string {
			return escape.Replace(`INSERT INTO ` + table + ` VALUES (1, 'ann@x.example', '{"email": "ann@x.example", "ann@x.example": {"n": 42, "ok": true, "no": null}}'), (2, 'ann@x.example', '{"email": "ren\u00e9e@x.example", "tel": ["+31 6", 1e5]}')`)
		}
		w := sqlWorld(t, c, `
valid:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns: {email: {is: contact.email, erase: mask(email)}, doc: messages.text}
shaped:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns: {email: {is: contact.email, erase: mask(email)}, doc: messages.text}
`, `CREATE TABLE valid (id integer PRIMARY KEY, email varchar(60), doc text NOT NULL, CONSTRAINT is_json CHECK (`+check[0]+`))`,
			`CREATE TABLE shaped (id integer PRIMARY KEY, email varchar(60), doc text NOT NULL, CONSTRAINT is_shaped CHECK (`+check[1]+`))`, rows("valid"), rows("shaped"))
		w.erase("email=ann@x.example")
		wants(t, "where JSON is asked for", w.all("valid", "id", "doc"), "1|{}", "2|{}")
		wants(t, "where a key is asked for", w.all("shaped", "id", "doc"), `1|{"email":"xxx@x.xxxxxxx","xxx@x.xxxxxxx":{"n":0,"no":null,"ok":true}}`, `2|{"email":"xxxxx@x.xxxxxxx","tel":["+00 0",0]}`)
	})
}

// What a type's own parser calls an error of its own spoils that column alone.
func TestParsersOfExtensionsRefuse(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		if c.Kind != "postgresql" {
			return // the others have no types of extensions
		}
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(email)}
    h: {is: contact.name, erase: 'mask("erased")'}
    path: {is: contact.name, erase: 'mask("no path!")'}
`, `CREATE EXTENSION IF NOT EXISTS hstore`, `CREATE EXTENSION IF NOT EXISTS ltree`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), h hstore NOT NULL, path ltree)`,
			`INSERT INTO person VALUES (1, 'ann@x.example', '"name"=>"Ann"', 'Ann.Lee')`)
		p := w.erase("email=ann@x.example")
		if text := strings.Join(said(p), "\n"); !strings.Contains(text, "keep h, 1, refused: mask(text): the type hstore refuses it") || !strings.Contains(text, "clear path, 1, refused: mask(text): the type ltree refuses it") {
			t.Errorf("the plan says: %s", text)
		}
	})
}
