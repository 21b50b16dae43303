package sqldb_test

import (
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// Where what is computed from a text refuses it, that is a refusal of the database and told as one:
// nothing is wrong on our side.
func TestWhatIsComputedRefuses(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		computed := map[string]string{"postgresql": "doc::jsonb ->> 'email'", "mysql": "json_unquote(json_extract(doc, '$.email'))", "sqlite": "json_extract(doc, '$.email')"}[c.Kind]
		connecttest.Exec(t, c, `CREATE TABLE people (id integer NOT NULL PRIMARY KEY, doc text, plain varchar(60), mail varchar(60) GENERATED ALWAYS AS (`+computed+`) STORED)`,
			`INSERT INTO people (id, doc, plain) VALUES (1, '{"email": "ann@x.example"}', 'Ann')`)
		src := open(t, c)
		change := func(column string) error {
			_, err := src.Change(t.Context(), []connect.Change{{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: connecttest.Tuples(int64(1)), Set: []connect.Set{{Column: column, To: "no JSON"}}}})
			return err
		}
		if err := change("doc"); avow.KindOf(err) != avow.Conflict || err == nil || strings.Contains(err.Error(), "no JSON") {
			t.Errorf("want a conflict without a value, got %v", err)
		}
		if err := change("plain"); err != nil {
			t.Error(err)
		}
		schema, err := src.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tried := schema.Table("people").Exclusions
		if len(tried) != 1 || len(tried[0].Unique) > 0 {
			t.Errorf("what is to be tried: %+v", tried)
		}
	})
}
