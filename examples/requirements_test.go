package examples_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/avowhq/avow/examples"
	"github.com/avowhq/avow/policy"
)

// row is what an organisation does with personal data, and where the files say it.
type row struct {
	Row     string         `yaml:"row"`
	Keys    []string       `yaml:"keys"`
	Counts  map[string]int `yaml:"counts"`
	Kept    string         `yaml:"kept"`
	Missing string         `yaml:"missing"`
}

// rowNames are the rows there must be: E01 to E43 and M01 to M15.
func rowNames() []string {
	var out []string
	for i := range 43 {
		out = append(out, fmt.Sprintf("E%02d", i+1))
	}
	for i := range 15 {
		out = append(out, fmt.Sprintf("M%02d", i+1))
	}
	return out
}

func TestEveryRequirementIsExpressed(t *testing.T) {
	rows := requirements(t)
	docs := documents(t)
	for _, name := range rowNames() {
		t.Run(name, func(t *testing.T) {
			r, ok := rows[name]
			if !ok {
				t.Fatal("the row is not in requirements.yaml")
			}
			if r.Row == "" || r.Kept == "" || len(r.Keys) == 0 {
				t.Error("a row needs its text, keys that express it, and what keeps it")
			}
			for _, key := range r.Keys {
				if len(at(t, docs, key)) == 0 {
					t.Errorf("%s: nothing is there", key)
				}
			}
			for key, want := range r.Counts {
				if got := len(at(t, docs, key)); got != want {
					t.Errorf("%s: %d, want %d", key, got, want)
				}
			}
		})
	}
	for name := range rows {
		if !slices.Contains(rowNames(), name) {
			t.Errorf("%s is no row", name)
		}
	}
}

// at resolves `FILE: PATH` or `FILE: PATH = VALUE`.
func at(t *testing.T, docs map[string]*policy.Document, key string) []found {
	t.Helper()
	file, path, ok := strings.Cut(key, ": ")
	doc := docs[file]
	if !ok || doc == nil {
		t.Errorf("%q does not name a file and a path in it", key)
		return nil
	}
	return resolve(doc, path)
}

func requirements(t *testing.T) map[string]row {
	t.Helper()
	src, err := examples.Read("requirements.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rows map[string]row
	if err := yaml.UnmarshalWithOptions(src, &rows, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return rows
}

// documents are the example files by the names that requirements.yaml gives them.
func documents(t *testing.T) map[string]*policy.Document {
	t.Helper()
	out := map[string]*policy.Document{}
	for name, path := range map[string]string{
		"vendor-2021":    "vendor-2021/policy.yaml",
		"vendor-2017":    "vendor-2017/policy.yaml",
		"vendor-2017/v2": "vendor-2017/v2.yaml",
	} {
		out[name] = document(t, path)
	}
	return out
}

func document(t *testing.T, path string) *policy.Document {
	t.Helper()
	src, err := examples.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, problems := policy.Parse(path, src)
	if doc == nil {
		t.Fatal(problems)
	}
	return doc
}

// The test of the test: a path that leads nowhere finds nothing.
func TestResolveFindsWhatIsWritten(t *testing.T) {
	doc := document(t, "vendor-2021/policy.yaml")
	for path, want := range map[string]int{
		"signals.dnt":                      1,
		"signals.dnt = no-cookies":         1,
		"signals.dnt = ignored":            0,
		"signals.DNT":                      0,
		"ends":                             0,
		"data.*":                           5,
		"data.contact":                     1,
		"data.nobody":                      0,
		"data.*.about":                     1,
		"never.sell.*":                     1,
		"never.follow-across-sites":        0,
		"sources.collected-by":             0,
		"staff.*.follow-the-sun = yes":     1,
		"complaints.*.binding = no":        0,
		"organisation.entities.uk.serves.": 0,
	} {
		if got := len(resolve(doc, path)); got != want {
			t.Errorf("%s: %d parts, want %d", path, got, want)
		}
	}
}

// E07: 24 entries, 23 purposes, 28 rows, and the bases by row.
func TestPurposesAreAsCounted(t *testing.T) {
	doc := document(t, "vendor-2021/policy.yaml")
	entries := map[string]int{}
	bases := map[string]int{}
	for _, group := range doc.PurposeGroups {
		for _, p := range group.Is.Purposes {
			for _, listed := range append([]string{group.Key}, groups(p.Is.AlsoListedIn)...) {
				entries[listed]++
				for _, r := range reasons(p.Is) {
					bases[basesOf(r.Basis.Individual)+" / "+basesOf(r.Basis.Business)]++
				}
			}
		}
	}
	wantCounts(t, "entries", entries, map[string]int{
		"relationship": 1, "delivery": 4, "contract": 7, "risk": 5, "innovation": 5, "marketing": 2,
	}, 24)
	wantCounts(t, "rows", bases, map[string]int{
		"legitimate-interests / legitimate-interests":                                       14,
		"legal-obligation + legitimate-interests / legal-obligation + legitimate-interests": 5,
		"not-applicable / legitimate-interests":                                             4,
		"contract + legitimate-interests / legitimate-interests":                            2,
		"legal-obligation + legitimate-interests / legitimate-interests":                    1,
		"consent / not-applicable":                                                          1,
		"consent + legitimate-interests / legitimate-interests":                             1,
	}, 28)
}

// E07: the 2017 document states no basis at all, neither for the whole nor for one purpose.
func TestNoBasisIsStated(t *testing.T) {
	doc := document(t, "vendor-2017/policy.yaml")
	terms := slices.Clone(doc.DefaultBasis.Individual)
	for _, group := range doc.PurposeGroups {
		for _, p := range group.Is.Purposes {
			terms = append(terms, p.Is.Basis.Individual...)
		}
	}
	for _, term := range terms {
		if got := term.Basis.String(); got != "notice" {
			t.Errorf("line %d states %s as a basis", term.Line, got)
		}
	}
}

func reasons(p policy.Purpose) []policy.Reason {
	if len(p.Reasons) > 0 {
		return p.Reasons
	}
	return []policy.Reason{p.Reason}
}

// basesOf is a list of bases without their conditions, in one order.
func basesOf(terms []policy.BasisTerm) string {
	var out []string
	for _, t := range terms {
		out = append(out, t.Basis.String())
	}
	slices.Sort(out)
	return strings.Join(out, " + ")
}

func wantCounts(t *testing.T, what string, got, want map[string]int, total int) {
	t.Helper()
	sum := 0
	for key, n := range got {
		sum += n
		if n != want[key] {
			t.Errorf("%s: %q %d times, want %d", what, key, n, want[key])
		}
	}
	if sum != total {
		t.Errorf("%s: %d in all, want %d", what, sum, total)
	}
}
