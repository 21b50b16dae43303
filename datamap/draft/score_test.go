package draft

import (
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// score is how well columns were judged. A column is flagged when it is certain or
// likely; one that a person is asked about is neither found nor falsely flagged.
type score struct {
	personal, found, asked int // labelled P; of those flagged; of those unsure
	others, wrong, doubted int // labelled -; of those flagged; of those unsure
	lines                  []string
}

func (s *score) add(o score) {
	s.personal, s.found, s.asked = s.personal+o.personal, s.found+o.found, s.asked+o.asked
	s.others, s.wrong, s.doubted = s.others+o.others, s.wrong+o.wrong, s.doubted+o.doubted
	s.lines = append(s.lines, o.lines...)
}

func (s *score) recall() float64   { return float64(s.found) / float64(s.personal) }
func (s *score) mistakes() float64 { return float64(s.wrong) / float64(s.others) }

func (s *score) String() string {
	return fmt.Sprintf("%d of %d personal columns found (%.3f), %d asked about; %d of %d others flagged (%.3f), %d asked about",
		s.found, s.personal, s.recall(), s.asked, s.wrong, s.others, s.mistakes(), s.doubted)
}

// rate compares a draft with the labels.
func rate(file string, labels map[string]string, r *Result) score {
	var s score
	found := map[string]Finding{}
	for _, list := range [][]Finding{r.Columns, r.Unsure, r.Without} {
		for _, f := range list {
			found[f.Table+"."+f.Column] = f
		}
	}
	for name, label := range labels {
		f := found[name]
		line := fmt.Sprintf("%s %s %s: %s %s (%s)", file, label, name, f.Sure, f.What, strings.Join(f.Why, "; "))
		switch label {
		case "P":
			s.personal++
			if f.Sure >= Likely {
				s.found++
				continue
			}
			if f.Sure == Unsure {
				s.asked++
			}
			s.lines = append(s.lines, line)
		case "-":
			s.others++
			if f.Sure >= Likely {
				s.wrong++
				s.lines = append(s.lines, line)
			} else if f.Sure == Unsure {
				s.doubted++
				s.lines = append(s.lines, line)
			}
		}
	}
	return s
}

func labelsOf(tables []*corpusTable) map[string]string {
	out := map[string]string{}
	for _, t := range tables {
		for _, c := range t.columns {
			out[t.name+"."+c.name] = c.label
		}
	}
	return out
}

func testPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	const file = "testdata/policy.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load(file, text, nil)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

func draftOf(t testing.TB, src connect.Source, kind datamap.Kind) *Result {
	t.Helper()
	r, err := Draft(t.Context(), testPolicy(t), src, Options{System: "corpus", Kind: kind, Credentials: "env:CORPUS"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func scoreHalf(t *testing.T, half, kind string) score {
	var all score
	for _, file := range corpusFiles(t, half) {
		tables := readCorpus(t, file)
		r := draftOf(t, openCorpus(t, kind, tables), datamap.Kind(kind))
		one := rate(path.Base(file), labelsOf(tables), r)
		t.Logf("%s: %s", path.Base(file), &one)
		all.add(one)
		if out := os.Getenv("DRAFTS"); out != "" {
			os.WriteFile(path.Join(out, path.Base(file)+".yaml"), r.File, 0o644)
		}
		for _, p := range r.Problems {
			if !p.Warning && p.Code != "key-not-unique" { // tables of the corpus that have no key
				t.Errorf("%s: the draft does not hold: %v\n", file, p)
			}
		}
	}
	t.Logf("%s on %s: %s", half, kind, &all)
	return all
}

// New schemas begin in the half `unseen`, labelled before they are first judged. What
// is mended after that makes the numbers of the half better than they are for a schema
// nobody has seen: of five such halves 0.85, 0.82, 0.87, 0.85 and 0.90 of the personal
// columns were found the first time, and 0.01 to 0.03 of the others flagged. Schemas of
// known public systems, which are not kept here, gave 0.86 and 0.82 before the last
// change, 0.88 of those set aside while it was made, and 0.79 of six more; tables of
// marks and courses, whose columns have names of their own, gave a tenth of theirs. A half
// whose misses were looked at moves to `tuned` when the next is written.
func TestCorpus(t *testing.T) {
	for _, half := range []string{"tuned", "unseen"} {
		t.Run(half, func(t *testing.T) {
			s := scoreHalf(t, half, "sqlite")
			if s.recall() < .95 || s.mistakes() > .05 {
				t.Error(&s)
			}
			t.Log(strings.Join(s.lines, "\n"))
			if s.personal < 50 || s.others < 50 {
				t.Errorf("the half is too small to say anything: %d and %d", s.personal, s.others)
			}
		})
	}
}
