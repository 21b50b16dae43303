package plan

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap/find"
)

// neutral is a name without the differences of spelling between the databases.
func neutral(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

// chinookWorld is the music shop on one database.
func chinookWorld(t *testing.T, kind connecttest.Kind, file string) *world {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := kind.Config(t)
	connecttest.Chinook(t, c)
	c.System, c.Region = "chinook", "CA"
	src, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	w := &world{t: t, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}, sources: find.Sources{"chinook": src}}
	w.load(map[string]string{"chinook.yaml": connecttest.ChinookMap(string(text), c.Kind)})
	return w
}

// chinookState is every row of the four tables with people in them, as texts.
func chinookState(w *world) []string {
	w.t.Helper()
	out := []string{}
	for _, table := range w.m.System("chinook").All() {
		schema := w.schemas()["chinook"].Table(table.Name)
		var columns []string
		for _, c := range schema.Columns {
			columns = append(columns, c.Name)
		}
		for _, row := range connecttest.All(w.t, w.sources["chinook"], connect.Read{Table: table.Name, Columns: columns}) {
			line := neutral(table.Name)
			for i, v := range row {
				line += fmt.Sprintf(" %s=%s", neutral(columns[i]), connect.Text(v))
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// chinookPlan is a plan, row by row, in a spelling and an order common to the databases.
func chinookPlan(p *Plan) []string {
	out := []string{}
	for _, e := range p.Entries(true) {
		key := ""
		for _, v := range e.Key {
			key = fmt.Sprintf("%06s", connect.Text(v))
		}
		columns := strings.Fields(neutral(strings.Join(e.Columns, " ")))
		slices.Sort(columns)
		out = append(out, fmt.Sprintf("%s %s %s%s %v %s|%s|%s|%s", neutral(e.Table), key, e.Action, e.How, columns, neutral(e.Reason), e.Until, neutral(e.Refused), e.Instead))
	}
	slices.Sort(out)
	return out
}

// changedRows are the rows that are other than before, and those that are gone.
func changedRows(before, after []string) (changed, gone int) {
	for _, row := range before {
		if slices.Contains(after, row) {
			continue
		}
		words := strings.SplitN(row, " ", 3)
		still := slices.ContainsFunc(after, func(s string) bool { return strings.HasPrefix(s, words[0]+" "+words[1]+" ") })
		if still {
			changed++
		} else {
			gone++
		}
	}
	return changed, gone
}

// erasure is one erasure in the music shop and what it leaves.
type erasure struct {
	who           string
	changed, gone int
	partial       bool
}

// A customer, an employee who supports customers and one who manages others are erased
// with the same plan and leave the same rows on each database: with invoices kept,
// masked, and with invoices deleted.
func TestChinook(t *testing.T) {
	for file, erasures := range map[string][]erasure{
		// The customer's row and seven invoices; the lines are kept for the tax office.
		"../testdata/chinook/chinook.yaml": {{"email=LUISG@embraer.com.br", 8, 0, false}, {"email=jane@chinookcorp.com", 1, 0, false}, {"email=nancy@chinookcorp.com", 1, 0, false}},
		// The customer, seven invoices and their 38 lines. Whom Jane supports and Nancy
		// manages stays as it is, and points at them; Robert supports nobody.
		"testdata/chinook-deleted.yaml": {{"email=LUISG@embraer.com.br", 0, 46, false}, {"email=jane@chinookcorp.com", 1, 0, true}, {"email=nancy@chinookcorp.com", 1, 0, true}, {"email=robert@chinookcorp.com", 0, 1, false}},
	} {
		var all [][]string
		for _, kind := range connecttest.Kinds(t) {
			t.Run(filepath.Base(file)+" "+kind.Name, func(t *testing.T) {
				w := chinookWorld(t, kind, file)
				var got []string
				for _, e := range erasures {
					got = append(got, chinookErase(t, w, e)...)
				}
				all = append(all, got)
			})
		}
		for i := range all {
			if diff := gocmp.Diff(masksAside(all[0]), masksAside(all[i])); diff != "" {
				t.Errorf("%s: the plans or the rows differ (-first +%d): %s", file, i, diff)
			}
		}
	}
}

// chinookErase erases one person, and gives the plan and the rows there are then.
func chinookErase(t *testing.T, w *world, e erasure) []string {
	t.Helper()
	before := chinookState(w)
	p := w.erase(e.who)
	after := chinookState(w)
	if changed, gone := changedRows(before, after); changed != e.changed || gone != e.gone || p.Partial() != e.partial {
		t.Errorf("%s: %d rows changed and %d are gone, want %d and %d; partial %v\n%s", e.who, changed, gone, e.changed, e.gone, p.Partial(), strings.Join(said(p), "\n"))
	}
	w.run(p)
	if diff := gocmp.Diff(after, chinookState(w)); diff != "" {
		t.Errorf("%s: run again, the plan changes more: %s", e.who, diff)
	}
	return append(chinookPlan(p), after...)
}

// masksAside takes out of rows what depends on how a database spells its tables, and
// the blanks that only one of the scripts has at the end of a city.
func masksAside(rows []string) []string {
	mask := regexp.MustCompile(`=[a-z2-7]{20}@erased\.invalid`)
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = strings.ReplaceAll(mask.ReplaceAllString(row, "=masked"), "  ", " ")
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}
