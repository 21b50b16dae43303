package policy

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/avowhq/avow"
	"golang.org/x/tools/txtar"
)

// FuzzCompile: whatever can be read compiles twice to the same, or says what is
// wrong; the tables are sound, alone and as the next version of something else;
// and a difference can be told.
func FuzzCompile(f *testing.F) {
	seeds := compileSeeds(f)
	for i := range seeds {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), []byte("\x00\x40\x00\x10\x01\x20\x01\x30\x02\x50\x03\x60"))
	}
	base := load(f, good(f), nil)
	f.Fuzz(func(t *testing.T, seed byte, edits []byte) {
		src := edited(seeds[int(seed)%len(seeds)], edits)
		doc, _ := Parse("f", src)
		if doc == nil { // what can be read of it is judged all the same
			p, ps := Load("f", src, base)
			if _, again := Load("f", src, base); p != nil || !ps.Errors() || !reflect.DeepEqual(ps, again) {
				t.Fatalf("a policy: %t, problems: %v", p != nil, ps)
			}
			return
		}
		p, ps := Compile(doc, src, nil)
		again, psAgain := Compile(doc, src, nil)
		if !reflect.DeepEqual(p, again) || !reflect.DeepEqual(ps, psAgain) {
			t.Fatal("two compilations differ")
		}
		if (p == nil) != ps.Errors() {
			t.Fatalf("a policy: %t, errors: %t", p != nil, ps.Errors())
		}
		if p != nil {
			sound(t, p)
			if d := Diff(p, p); len(d) > 0 {
				t.Fatalf("it differs from itself:\n%s", changesText(d))
			}
		}
		doc.Policy.Name, doc.Effective = base.Name, base.Document.Effective
		if next, _ := Compile(doc, src, base); next != nil {
			sound(t, next)
			Diff(base, next)
			Diff(next, base)
		}
	})
}

var word = regexp.MustCompile(`[A-Za-z0-9.*-]+`)

// edited makes another policy of one: every five bytes say which word or line to
// change, and how, so that what comes out can mostly still be read.
func edited(src, edits []byte) []byte {
	for len(edits) >= 5 && len(src) > 0 {
		how, a, b := edits[0], int(edits[1])<<8|int(edits[2]), int(edits[3])<<8|int(edits[4])
		edits = edits[5:]
		if how%4 == 3 {
			lines := bytes.SplitAfter(src, []byte("\n"))
			i := a % len(lines)
			src = slices.Concat(slices.Concat(lines[:i]...), slices.Concat(lines[i+1:]...))
			continue
		}
		words := word.FindAllIndex(src, -1)
		if len(words) == 0 {
			return src
		}
		// A word takes the place of another, mostly of one that stands near.
		i := a % len(words)
		j := b % len(words)
		if how%4 == 1 {
			j = (i + b%40) % len(words)
		}
		from, to := words[i], words[j]
		src = slices.Concat(src[:from[0]], src[to[0]:to[1]], src[from[1]:])
	}
	return src
}

func compileSeeds(f *testing.F) [][]byte {
	var list [][]byte
	for _, pattern := range []string{"testdata/good.yaml", "../examples/*/policy.yaml", "../examples/*/v2.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			list = append(list, src)
		}
	}
	for _, pattern := range []string{"testdata/check/*.txtar", "testdata/compile/*.txtar"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				f.Fatal(err)
			}
			for _, x := range archive.Files {
				list = append(list, x.Data)
			}
		}
	}
	return list
}

// sound checks what everything that reads a Policy relies on.
func sound(t *testing.T, p *Policy) {
	t.Helper()
	if len(p.Fields) > MaxFields || len(p.Purposes) > MaxPurposes || len(p.Recipients) > MaxRecipients || len(p.Roles) > MaxRoles ||
		len(p.Facts) > MaxFacts || len(p.Consents) > MaxConsentLanes || len(p.Objections) > MaxObjectionLanes {
		t.Fatal("a table is past its bound")
	}
	for i := range p.Purposes {
		soundPurpose(t, p, i)
	}
	fields := p.declaredFields()
	for _, r := range p.Recipients {
		if !fields.Covers(r.Receives) || !r.Declared && !r.For.Empty() {
			t.Fatalf("recipient %s", r.Name)
		}
	}
	for _, point := range p.Points {
		if point.Source < 0 || point.Source >= len(p.Sources) || !fields.Covers(point.takes()) || point.Makes >= len(p.Facts) {
			t.Fatalf("collection point %s", point.Name)
		}
	}
	for i, c := range p.Clauses {
		if c.Key == "" || i > 0 && p.Clause(c.Key) == 0 {
			t.Fatalf("clause %d", i)
		}
	}
	for i, l := range p.Consents {
		if l.Current != (p.Purposes[l.Purpose].ConsentLane == i) {
			t.Fatalf("consent lane %d is current: %t", i, l.Current)
		}
	}
}

func soundPurpose(t *testing.T, p *Policy, i int) {
	t.Helper()
	q := &p.Purposes[i]
	if q.Declared && q.Ended || !q.Declared && len(q.Reasons) > 0 || q.Clause >= len(p.Clauses) || q.ConsentLane >= len(p.Consents) ||
		q.OnceLane >= len(p.Objections) || q.To >= len(p.Recipients) || q.ApprovedBy >= len(p.Roles) {
		t.Fatalf("purpose %d: %+v", i, q)
	}
	eachGrounds(q, func(list []Ground) {
		for _, g := range list {
			if g.Basis == avow.BasisNone || g.Basis == avow.NotApplicable || (g.Basis == avow.Consent) != (g.Lane >= 0) || g.Lane >= 0 && g.Lane != q.ConsentLane {
				t.Fatalf("purpose %s: ground %+v", q.Name, g)
			}
		}
	})
	for _, r := range q.Reasons {
		if r.Fields.Empty() && q.Kind != Duty && q.Kind != DisclosureOnEvent {
			t.Fatalf("purpose %s: a reason without data", q.Name)
		}
		if r.ObjectionLane >= len(p.Objections) || r.ObjectionLane >= 0 && p.Objections[r.ObjectionLane].Purpose != i || r.Marketing && r.ObjectionLane < 0 {
			t.Fatalf("purpose %s: objection lane %d", q.Name, r.ObjectionLane)
		}
		for act := range r.Grounds {
			if !reflect.DeepEqual(r.Grounds[act][avow.KindUnknown], r.Grounds[act][avow.Individual]) {
				t.Fatalf("purpose %s: an unknown kind is not held as an individual", q.Name)
			}
		}
	}
}

// TestRandomEdits changes a few words of the good policy at random, again and
// again. What compiles is a later version: sound, and different in words that hold
// both ways.
func TestRandomEdits(t *testing.T) {
	first := load(t, good(t), nil)
	random := rand.New(rand.NewPCG(7, 11))
	compiled := 0
	for range 700 {
		edits := make([]byte, 5*(1+random.IntN(3)))
		for i := range edits {
			edits[i] = byte(random.Uint32())
		}
		src := edited(first.Source, edits)
		next, _ := Load("f", src, first)
		if next == nil {
			continue
		}
		compiled++
		sound(t, next)
		testBothWays(t, first, next)
		if same := sameWords(reflect.ValueOf(*first.Document), reflect.ValueOf(*next.Document)); same != (len(Diff(first, next)) == 0) && next.Effective.Equal(first.Effective) && next.Document.Updated.begins().Equal(first.Document.Updated.begins()) {
			t.Errorf("the documents say the same: %t, and the difference says:\n%s", same, changesText(Diff(first, next)))
		}
		if t.Failed() {
			t.Fatalf("of this policy:\n%s", src)
		}
	}
	if compiled < 100 {
		t.Errorf("only %d of the edits compile", compiled)
	}
	t.Logf("%d compiled", compiled)
}
