package draft

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
)

// mixture is a table in which people stand among other things, and what those are.
type mixture struct {
	others string
	tables []string
	names  []string // of the others
	mail   string   // before the domain of theirs
}

var mixtures = []mixture{
	{"firms", []string{"customers", "partners", "suppliers", "vendors", "companies", "dealers"}, []string{"Northern Tools Ltd", "Blue Bakery GmbH", "Fast Print Inc", "Old Mill LLC", "Harbour Freight S.A."}, "info"},
	{"places", []string{"offices", "branches", "locations", "sites", "stores", "departments"}, []string{"North Hall", "Harbour Depot", "Main Street Shop", "Old Town Office", "Airport Desk"}, "desk"},
	{"animals", []string{"animals", "pets", "patients"}, []string{"Fluffy", "Rocky", "Bella", "Tiger", "Snowball"}, "chip"},
	{"articles", []string{"products", "items", "articles", "parts"}, []string{"Desk Lamp", "Oak Table", "Steel Bolt 8 mm", "Garden Hose", "Wall Clock"}, "shop"},
	{"devices", []string{"devices", "terminals", "machines", "assets"}, []string{"Printer HP-230", "Router X4", "Scanner 12", "Door Lock 7", "Camera C9"}, "root"},
	{"tasks", []string{"jobs", "tasks", "queues"}, []string{"Nightly Backup", "Send Mails", "Clean Cache", "Build Index", "Sync Stock"}, "noreply"},
}

var (
	mixedGiven  = []string{"Anna", "Peter", "Maria", "James", "Sophie", "Thomas", "Laura"}
	mixedFamily = []string{"Miller", "Young", "Clark", "Hall", "Martin", "Weber", "Garcia"}
)

// rows are the rows of a mixture of which some in a hundred are people, spread evenly or
// behind all others; only people have a telephone.
func (m mixture) rows(n, share int, behind bool) (out []string) {
	for i := range n {
		person := i*37%100 < share
		if behind {
			person = i >= n*(100-share)/100
		}
		if given, family := mixedGiven[i%7], mixedFamily[i/7%7]; person {
			out = append(out, fmt.Sprintf("(%d, '%s %s', '%s.%s%d@example.org', '%d Mill Street', '020 7946 %04d')", i+1, given, family, strings.ToLower(given), strings.ToLower(family), i, i+1, i))
			continue
		}
		out = append(out, fmt.Sprintf("(%d, 'X%d %s', '%s@site%d.example', NULL, NULL)", i+1, i, m.names[i%len(m.names)], m.mail, i))
	}
	return out
}

// mixedDraft drafts a database of one such table.
func mixedDraft(t *testing.T, table string, rows []string) *Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mixed.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, name TEXT, email TEXT, street TEXT, phone TEXT); INSERT INTO %s VALUES %s", table, table, strings.Join(rows, ", "))); err != nil {
		t.Fatal(err)
	}
	src, err := sqldb.Open(t.Context(), connect.Config{System: "mixed", Kind: "sqlite", Secret: file})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	return draftOf(t, src, datamap.SQLite)
}

// leftOut are the columns of rows, some of them people's, that a draft neither takes in nor lists.
func leftOut(r *Result) (out []string) {
	for _, column := range []string{"name", "email", "street", "phone"} {
		if !slices.ContainsFunc(slices.Concat(r.Columns, r.Unsure, r.Without), func(f Finding) bool { return f.Column == column }) {
			out = append(out, column)
		}
	}
	return out
}

// Where people stand among firms, places, animals, articles, devices or tasks nothing of
// them is left out unsaid, however few they are and whatever the table is called.
func TestPeopleAmongOthers(t *testing.T) {
	for _, m := range mixtures {
		for _, table := range m.tables {
			for _, share := range []int{5, 30, 60} {
				if out := leftOut(mixedDraft(t, table, m.rows(200, share, false))); len(out) > 0 {
					t.Errorf("%d people of a hundred among %s in %s: left out %v", share, m.others, table, out)
				}
			}
		}
	}
}

// Where there are no people among them, what the others are called is left out.
func TestOthersAlone(t *testing.T) {
	for _, m := range mixtures {
		for _, table := range []string{"customers", "suppliers", "offices", "animals", "products", "machines"} {
			if !slices.Contains(m.tables, table) {
				continue
			}
			if r := mixedDraft(t, table, m.rows(200, 0, false)); !slices.Contains(leftOut(r), "name") {
				t.Errorf("%s in %s: %v %v", m.others, table, r.Columns, r.Unsure)
			}
		}
	}
}

// People who stand behind a thousand rows of others are seen, too.
func TestPeopleBehindOthers(t *testing.T) {
	for _, m := range mixtures {
		for _, share := range []int{20, 50} {
			table := m.tables[0]
			if out := leftOut(mixedDraft(t, table, m.rows(1_500, share, true))); len(out) > 0 {
				t.Errorf("%d people of a hundred behind %s in %s: left out %v", share, m.others, table, out)
			}
		}
	}
}
