package draft

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
)

// How likeness.txt is made: `go test ./datamap/draft -run TestLearn -learn FOLDERS`. It was
// made of testdata/corpus, of testdata/learned, which is ours and written in the manner of
// programs of many kinds, and of 116 schemas of other people's programs, which are theirs
// and not here. With `-onward` it learns more from what it knows: so it did from 20
// databases of other people with their rows, which are not here either, and from
// testdata/learned and testdata/corpus/tuned once more, so that they are not forgotten.
// What it is measured by it was not made of (docs/systems.md).
var (
	learnFrom = flag.String("learn", "", "make likeness.txt anew from the labelled schemas of these folders, with commas between them; what follows a name with `=` is how much they count; a file that ends in .tsv lists databases, each with its kind, its connection string and a file of labels; a folder that ends in + counts also with rows made for it")
	onward    = flag.Bool("onward", false, "begin with the weights of likeness.txt as it is")
)

const (
	rounds   = 6
	stride   = .1
	shrink   = .01 // of a weight at each step, so that what is rare says little
	rarest   = 8   // marks of fewer columns say nothing
	lightest = 8   // hundredths: lighter weights are left out
)

// labelled is a column of a schema with its label.
type labelled struct {
	marks  []string // in order, so that the same is learned each time
	people bool
	judged Sureness // by rules
	counts float64
}

// learned is a logistic regression over marks.
type learned struct {
	weights map[string]float64
	began   map[string]float64 // what they were before
	moved   map[string]float64 // squares of how far so far (AdaGrad)
}

func (l *learned) sum(marks []string) float64 {
	s := 0.0
	for _, m := range marks {
		s += l.weights[m]
	}
	return s
}

// step moves the weights of one column's marks towards its label.
func (l *learned) step(c labelled) {
	wrong := 1 / (1 + math.Exp(-l.sum(c.marks)))
	if c.people {
		wrong--
	}
	for _, m := range c.marks {
		if l.moved[m] == 0 {
			continue // too rare
		}
		g := c.counts*wrong + shrink*(l.weights[m]-l.began[m])
		l.moved[m] += g * g
		l.weights[m] -= stride * g / math.Sqrt(l.moved[m])
	}
}

func learn(columns []labelled) *learned { return learnOn(nil, columns) }

// learnOn learns more, from weights that were learned before.
func learnOn(began map[string]float64, columns []labelled) *learned {
	l := &learned{map[string]float64{}, began, map[string]float64{}}
	maps.Copy(l.weights, began)
	seen := map[string]int{}
	for _, c := range columns {
		for _, m := range c.marks {
			if seen[m]++; seen[m] == rarest {
				l.moved[m] = 1
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		for _, i := range r.Perm(len(columns)) {
			l.step(columns[i])
		}
	}
	return l
}

// text is the file of the weights.
func (l *learned) text() string {
	var b strings.Builder
	for _, m := range slices.Sorted(maps.Keys(l.weights)) {
		if n := int(math.Round(100 * l.weights[m])); max(n, -n) >= lightest {
			fmt.Fprintf(&b, "%s\t%d\n", m, n)
		}
	}
	return b.String()
}

// labelledIn are the labelled columns of schemas, judged as a database that has no rows.
func labelledIn(t *testing.T, counts float64, files ...string) (out []labelled) {
	for _, file := range files {
		tables := readCorpus(t, file)
		j, err := byRules(t.Context(), schemaOf(tables), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		labels := labelsOf(tables)
		out = append(out, labelledOf(j, counts, func(c *column) string { return labels[c.table.Name+"."+c.Name] })...)
	}
	return out
}

// labelledLive are the labelled columns of databases, judged with their rows. A line of
// the list is a kind, a connection string and a file whose lines are a table, a column and
// its label.
func labelledLive(t *testing.T, counts float64, list string) (out []labelled) {
	for _, db := range fieldsIn(t, list) {
		within := map[string]string{"postgresql": "public"}[db[0]]
		src, err := sqldb.Open(t.Context(), connect.Config{System: "live", Kind: db[0], Secret: db[1], Within: within})
		if err != nil {
			t.Fatal(err)
		}
		schema, err := src.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		j, err := byRules(t.Context(), schema, src, 0)
		if err := errors.Join(err, src.Close()); err != nil {
			t.Fatal(err)
		}
		labels := map[string]string{}
		for _, f := range fieldsIn(t, db[2]) {
			labels[strings.ToLower(f[0]+"."+f[1])] = f[2]
		}
		out = append(out, labelledOf(j, counts, func(c *column) string {
			return labels[strings.ToLower(bareName(c.table.Name)+"."+c.Name)]
		})...)
	}
	return out
}

// labelledMade are the labelled columns of schemas, judged with rows made for them.
func labelledMade(t *testing.T, counts float64, files ...string) (out []labelled) {
	for _, file := range files {
		tables := readCorpus(t, file)
		src := openCorpus(t, "sqlite", tables)
		schema, err := src.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		j, err := byRules(t.Context(), schema, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		labels := labelsOf(tables)
		out = append(out, labelledOf(j, counts, func(c *column) string { return labels[bareName(c.table.Name)+"."+c.Name] })...)
	}
	return out
}

// fieldsIn are the lines of a file with three fields or more.
func fieldsIn(t *testing.T, file string) (out [][]string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) >= 3 {
			out = append(out, f)
		}
	}
	return out
}

// labelledOf are the columns of a judgement that have a label.
func labelledOf(j *judgement, counts float64, label func(*column) string) (out []labelled) {
	for _, table := range j.tables {
		ofTable := slices.Sorted(maps.Keys(table.marks()))
		for _, c := range table.columns {
			if is := label(c); is == "P" || is == "-" {
				out = append(out, labelled{append(slices.Sorted(maps.Keys(c.marks())), ofTable...), is == "P", c.finding.Sure, counts})
			}
		}
	}
	return out
}

func schemasIn(t *testing.T, folder string) []string {
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas in %s: %v", folder, err)
	}
	return files
}

// What is learned of some schemas holds of others: more is found, and less of what is about nobody is flagged.
func TestLearn(t *testing.T) {
	if *learnFrom != "" {
		makeLikeness(t)
	}
	var of, apart []labelled
	for i, file := range schemasIn(t, "testdata/learned/*") {
		switch i % 30 {
		case 0, 7, 14, 21:
			of = append(of, labelledIn(t, 1, file)...)
		case 29:
			apart = append(apart, labelledIn(t, 1, file)...)
		}
	}
	l := learn(of)
	var found, flagged, byRules, flaggedByRules, people, others float64
	count := func(n *float64, is bool) {
		if is {
			*n++
		}
	}
	for _, c := range apart {
		like := l.sum(c.marks) > 0
		if c.people {
			people++
			count(&found, like)
			count(&byRules, c.judged > Not)
		} else {
			others++
			count(&flagged, like)
			count(&flaggedByRules, c.judged > Not)
		}
	}
	t.Logf("of %.0f columns about people %.3f, by rules alone %.3f; of %.0f others %.3f, by rules alone %.3f", people, found/people, byRules/people, others, flagged/others, flaggedByRules/others)
	if found/people < .85 || flagged/others > .12 || found < byRules {
		t.Error("what was learned does not hold")
	}
}

func makeLikeness(t *testing.T) {
	var columns []labelled
	for _, each := range strings.Split(*learnFrom, ",") {
		folder, share, _ := strings.Cut(each, "=")
		counts, err := strconv.ParseFloat(share, 64)
		if err != nil {
			counts = 1
		}
		if strings.HasSuffix(folder, ".tsv") {
			columns = append(columns, labelledLive(t, counts, folder)...)
			continue
		}
		folder, rows := strings.CutSuffix(folder, "+")
		columns = append(columns, labelledIn(t, counts, schemasIn(t, folder)...)...)
		if rows {
			columns = append(columns, labelledMade(t, counts, schemasIn(t, folder)...)...)
		}
	}
	var began map[string]float64
	if *onward {
		began = present()
	}
	if err := os.WriteFile("likeness.txt", []byte(learnOn(began, columns).text()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("made of %d columns", len(columns))
}

// present are the weights of likeness.txt as it is.
func present() map[string]float64 {
	out := map[string]float64{}
	for mark, n := range likeness() {
		out[mark] = float64(n) / 100
	}
	return out
}

// Every line of likeness.txt is a mark of a kind that columns have, and its weight.
func TestLikenessIsRead(t *testing.T) {
	kinds := map[string]bool{}
	for _, file := range []string{"testdata/corpus/tuned/shop_de2.txt", "testdata/corpus/tuned/clinic.txt"} {
		for _, c := range labelledMade(t, 1, file) {
			for _, m := range c.marks {
				kind, _, _ := strings.Cut(m, ":")
				kinds[kind] = true
			}
		}
	}
	lines := strings.Split(strings.TrimSuffix(likenessList, "\n"), "\n")
	if len(lines) != len(likeness()) || !slices.IsSorted(lines) {
		t.Errorf("%d lines, %d weights, in order: %v", len(lines), len(likeness()), slices.IsSorted(lines))
	}
	used := map[string]bool{}
	for m := range likeness() {
		kind, _, _ := strings.Cut(m, ":")
		used[kind] = true
		if !kinds[kind] {
			t.Errorf("no column has marks such as %q", m)
		}
	}
	for kind := range kinds {
		if !used[kind] {
			t.Errorf("no mark of the kind %q says anything", kind)
		}
	}
}

// What no rule knows is listed where columns like it are about people, and what a rule
// only suspects is not where they are about nobody.
func TestLikeness(t *testing.T) {
	tables := readCorpus(t, "testdata/likeness.txt")
	j, err := judge(t.Context(), schemaOf(tables), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	labels := labelsOf(tables)
	for _, table := range j.tables {
		for _, c := range table.columns {
			name := table.Name + "." + c.Name
			if is := labels[name]; is != "?" && (is == "P") != (c.finding.Sure > Not) {
				t.Errorf("%s: %s, %s", name, c.finding.Sure, strings.Join(c.finding.Why, "; "))
			}
		}
	}
}

// schemaOf is what a database that has these tables would say of itself.
func schemaOf(tables []*corpusTable) *connect.Schema {
	out := &connect.Schema{}
	for _, t := range tables {
		table := connect.Table{Name: t.name}
		for _, c := range t.columns {
			_, room, _ := strings.Cut(c.kind, "(")
			column := connect.Column{Name: c.name, Type: c.kind, Kind: kindNamed(c.kind), Nullable: !c.required && !c.key}
			fmt.Sscan(strings.TrimSuffix(room, ")"), &column.Length)
			table.Columns = append(table.Columns, column)
			if c.key {
				table.Key = append(table.Key, c.name)
			}
			if to, column, ok := strings.Cut(c.target, "."); ok && c.declared {
				table.References = append(table.References, connect.Reference{Columns: []string{c.name}, Table: to, To: []string{column}})
			}
		}
		out.Tables = append(out.Tables, table)
	}
	return out
}

// kindNamed is the kind of a type, by what databases call it.
func kindNamed(name string) connect.Kind {
	name, _, _ = strings.Cut(strings.ToLower(name), "(")
	for _, k := range []struct {
		part string
		kind connect.Kind
	}{
		{"bool", connect.Boolean}, {"bit", connect.Boolean}, {"int", connect.Integer}, {"serial", connect.Integer}, {"year", connect.Integer},
		{"num", connect.DecimalKind}, {"dec", connect.DecimalKind}, {"float", connect.DecimalKind}, {"double", connect.DecimalKind}, {"real", connect.DecimalKind}, {"money", connect.DecimalKind},
		{"time", connect.TimeKind}, {"date", connect.DateKind}, {"blob", connect.Binary}, {"bytea", connect.Binary}, {"binary", connect.Binary}, {"uuid", connect.UUID}, {"json", connect.JSON},
	} {
		if strings.Contains(name, k.part) && name != "interval" && name != "point" {
			return k.kind
		}
	}
	return connect.TextKind
}
