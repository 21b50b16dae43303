package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// TestDescribe: keys of several columns, what is unique, indexes over expressions, what
// becomes of rows that point at others, triggers, views and what is computed.
func TestDescribe(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			trigger := map[string][]string{
				"sqlite":     {`CREATE TRIGGER keep BEFORE DELETE ON child BEGIN SELECT 1; END`},
				"postgresql": {`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`, `CREATE TRIGGER keep BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION f()`, `CREATE INDEX low ON child (lower(note))`},
				"mysql":      {"CREATE TRIGGER keep BEFORE DELETE ON child FOR EACH ROW SET @x = 1"},
			}[c.Kind]
			if c.Kind == "sqlite" {
				trigger = append(trigger, `CREATE INDEX low ON child (lower("note"))`)
			}
			connecttest.Exec(t, c, slices.Concat([]string{
				`CREATE TABLE parent (a integer NOT NULL, b varchar(10) NOT NULL, PRIMARY KEY (a, b))`,
				`CREATE TABLE child (id integer NOT NULL PRIMARY KEY, pa integer, pb varchar(10), up integer, note varchar(30) NOT NULL, twice integer GENERATED ALWAYS AS (id * 2) STORED, UNIQUE (pa, note),
					FOREIGN KEY (pa, pb) REFERENCES parent (a, b) ON DELETE CASCADE, FOREIGN KEY (up) REFERENCES child (id) ON DELETE SET NULL)`,
				`CREATE VIEW seen AS SELECT id, count(*) AS n FROM child GROUP BY id`,
			}, trigger)...)
			schema, err := open(t, c).Describe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			child, seen := schema.Table("child"), schema.Table("seen")
			if got := schema.Table("parent").Key; !slices.Equal(got, []string{"a", "b"}) {
				t.Errorf("key %v", got)
			}
			if fmt.Sprint(child.Unique) != "[[pa note]]" {
				t.Errorf("unique %v", child.Unique)
			}
			var references []string
			for _, r := range child.References {
				references = append(references, fmt.Sprintln(r.Columns, r.Table, r.To, r.OnDelete))
			}
			slices.Sort(references)
			if got := strings.Join(references, ""); got != "[pa pb] parent [a b] cascade\n[up] child [id] set null\n" {
				t.Errorf("references %s", got)
			}
			if len(child.Triggers) != 1 || child.Triggers[0].Name != "keep" || !slices.Equal(child.Triggers[0].On, []connect.Op{connect.OpDelete}) {
				t.Errorf("triggers %v", child.Triggers)
			}
			if !child.Column("twice").Generated || child.Column("note").Length != 30 || child.Column("note").Nullable || !child.Column("pb").Nullable {
				t.Errorf("columns %+v", child.Columns)
			}
			if c.Kind != "mysql" && !slices.ContainsFunc(child.Indexes, func(i []string) bool { return slices.Equal(i, []string{"lower(note)"}) }) {
				t.Errorf("indexes %v", child.Indexes)
			}
			if !seen.View || seen.Lacks[connect.OpDelete] == "" || seen.Lacks[connect.OpRead] != "" {
				t.Errorf("the view is %+v", seen)
			}
		})
	}
}
