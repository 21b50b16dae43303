package datamap

import (
	"os"
	"testing"

	"github.com/avowhq/avow/policy"
)

// Whatever stands in a file, it is read or refused with places, never more.
func FuzzLoad(f *testing.F) {
	for _, file := range []string{"testdata/shop/shop.yaml", "testdata/chinook/chinook.yaml", "testdata/crm/crm.yaml"} {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src), "system: other\nkind: manual\n")
	}
	f.Add("system: a\nkind: sqlite\ntables: {a: {references: {x: a.x}, relation: {a.x: shares, itself: owns}}}", "")
	p := testPolicy(f)
	f.Fuzz(func(t *testing.T, one, other string) {
		m, err := Load(systems(map[string]string{"one.yaml": one, "other.yaml": other}), p)
		if err != nil {
			problems, ok := err.(policy.Problems)
			if !ok || !problems.Errors() || m != nil {
				t.Fatalf("%v, %v", m, err)
			}
			for _, p := range problems {
				if p.File == "" || p.Line < 1 || p.Column < 1 {
					t.Fatalf("no place: %+v", p)
				}
			}
			return
		}
		g := m.Graph()
		for _, s := range g.Systems() {
			if o := g.Order(s); len(o.Tables) != len(s.All()) {
				t.Fatalf("%d of %d tables are in the order", len(o.Tables), len(s.All()))
			}
		}
		for _, table := range m.Tables() {
			for _, l := range table.Links {
				l.Effect(l.Relation)
			}
		}
		if _, err := m.Complete(map[string][]TableFacts{"one": {{Name: "a", Key: []string{"id"}}}}); err != nil {
			if _, ok := err.(policy.Problems); !ok {
				t.Fatal(err)
			}
		}
	})
}

// An import is a map that Load reads or refuses with places.
func FuzzImportFides(f *testing.F) {
	f.Add("dataset: [{fides_key: a, collections: [{name: b, fields: [{name: c, data_categories: [user.email], fides_meta: {identity: email}}]}]}]")
	f.Add("dataset:\n- fides_key: a b\n  collections:\n  - name: \"it's\"\n    fields:\n    - {name: x, fields: [{name: y, fidesops_meta: {data_type: 'string[]', references: [{dataset: a b, field: \"it's.x.y\", direction: to}]}}]}\n")
	p := testPolicy(f)
	f.Fuzz(func(t *testing.T, in string) {
		out, _, err := ImportFides(p, FidesFile{"x.yml", []byte(in)})
		if err != nil {
			if _, ok := err.(policy.Problems); !ok || out != nil {
				t.Fatalf("%v, %v", out, err)
			}
			return
		}
		made := map[string]string{}
		for _, o := range out {
			made[o.File] = string(o.Text)
		}
		if _, err := Load(systems(made), p); err != nil {
			for _, p := range err.(policy.Problems) {
				if p.Line < 1 {
					t.Fatalf("no place: %+v", p)
				}
			}
		}
	})
}
