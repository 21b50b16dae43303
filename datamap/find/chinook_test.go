package find

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/datamap"
)

// chinookMap is the map of the music shop for one kind of database.
func chinookMap(t *testing.T, kind string, schema *connect.Schema) *datamap.Map {
	t.Helper()
	text, err := os.ReadFile("../testdata/chinook/chinook.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapOf(t, map[string]string{"chinook.yaml": connecttest.ChinookMap(string(text), kind)}).Complete(map[string][]datamap.TableFacts{"chinook": datamap.FactsOf(schema)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// plain is a record without the differences of spelling between the databases.
func plain(r Record) string {
	name := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	cells := []string{}
	for _, c := range r.Cells {
		cells = append(cells, fmt.Sprintf("%s=%s%s", name(c.Name), connect.Text(c.Value), []string{"", "(redacted)", "(withheld)"}[c.Access]))
	}
	slices.Sort(cells)
	return fmt.Sprintf("%s %s %s %s", name(r.Table.Name), keyText(r.Key), r.Relation, strings.Join(cells, " "))
}

// A customer, an employee who supports customers and one who manages others get the same
// from each database.
func TestChinook(t *testing.T) {
	people := []Person{
		{[]Identity{{"email", "LUISG@embraer.com.br"}}},
		{[]Identity{{"email", "jane@chinookcorp.com"}}},
		{[]Identity{{"email", "nancy@chinookcorp.com"}, {"phone", "+1 (403) 262-3443"}}},
	}
	want := []map[string]int{
		{"customer owns": 1, "invoice owns": 7, "invoiceline owns": 38},
		{"employee owns": 1, "customer mentions": 21},
		{"employee owns": 1, "employee mentions": 2}, // the third is in conflict
	}
	var first [][]string
	for _, kind := range connecttest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			c := kind.Config(t)
			c.System = "chinook"
			connecttest.Chinook(t, c)
			source := open(t, c)
			schema, err := source.Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s := searchIn(t, chinookMap(t, c.Kind, schema), Sources{"chinook": source}, Options{ToShow: true})
			f, err := s.Find(t.Context(), people)
			if err != nil {
				t.Fatal(err)
			}
			// Nancy and Jane have one telephone: by it alone Jane's row is not Nancy's.
			if len(f.Conflicts) != 1 || f.Conflicts[0].Person != 2 || keyText(f.Conflicts[0].Key) != "3" || f.Conflicts[0].Against[0].Why != OtherIdentity {
				t.Fatalf("the conflicts are %v", f.Conflicts)
			}
			for person := range people {
				var got []string
				counts := map[string]int{}
				for _, r := range records(t, s, f, person) {
					line := plain(r)
					got = append(got, line)
					counts[strings.Fields(line)[0]+" "+r.Relation.String()]++
				}
				if diff := cmp.Diff(want[person], counts); diff != "" {
					t.Errorf("person %d: (-want +got)\n%s", person, diff)
				}
				if len(first) <= person {
					first = append(first, got)
				} else if diff := cmp.Diff(first[person], got); diff != "" {
					t.Errorf("person %d differs from the first database: (-first +this)\n%s", person, diff)
				}
			}
		})
	}
	if len(first) == 0 {
		return // it was said why
	}
	for _, line := range first[1] {
		if strings.HasPrefix(line, "customer") && !strings.Contains(line, "email=(redacted)") {
			t.Errorf("another person's data is shown: %s", line)
		}
	}
}
