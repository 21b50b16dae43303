package draft

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"testing"
)

// What no database says and no name shows, letters and values do: most of such references are
// found, and hardly one that is none or another.
func TestUndeclaredReferences(t *testing.T) {
	right, missed := 0, 0
	var wrong []string
	for _, half := range []string{"strange", "apart", "tuned", "unseen"} {
		for _, file := range corpusFiles(t, half) {
			tables := readCorpus(t, file)
			src := openCorpus(t, "sqlite", tables)
			schema, err := src.Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			j, err := judge(t.Context(), schema, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				for _, c := range table.columns {
					to := pointsAt(j.table(table.name), c.name)
					switch {
					case c.declared, c.target == "" && !guessed(j.table(table.name), c.name):
					case to == c.target:
						right++
					case to == "":
						missed++
					default:
						wrong = append(wrong, path.Base(file)+" "+table.name+"."+c.name+": "+to+", not "+cmp.Or(c.target, "a reference"))
					}
				}
			}
		}
	}
	t.Logf("%d references found, %d missed, %d taken for others: %v", right, missed, len(wrong), wrong)
	if missed*3 > right || len(wrong)*20 > right {
		t.Error("too few are found, or too many are others")
	}
}

// guessed reports whether a column is taken for a reference for its values alone.
func guessed(t *table, column string) bool {
	return slices.ContainsFunc(t.refs, func(r *reference) bool {
		return slices.Equal(r.columns, []string{column}) && strings.HasPrefix(r.found, "by its values")
	})
}

// pointsAt is what a column alone points at.
func pointsAt(t *table, column string) string {
	for _, r := range t.refs {
		if len(r.columns) == 1 && r.columns[0] == column {
			return r.target.Name + "." + r.to[0]
		}
	}
	return ""
}

// Where several tables may be meant and no value tells which, none is taken: a row would be
// found by what is another's.
func TestReferenceThatMayBeAnothers(t *testing.T) {
	tables := readCorpus(t, "testdata/corpus/strange/fahrschule.txt")
	j, err := judge(t.Context(), schemaOf(tables), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	lesson := j.table("termin")
	if to := pointsAt(lesson, "nr1"); to != "" {
		t.Errorf("nr1 is taken for %s", to)
	}
	if c := lesson.column("beginn"); lesson.tie != tieOwned || c.finding.Sure == Not {
		t.Errorf("when a lesson begins is left out unsaid: %s", c.finding.Why)
	}
}
