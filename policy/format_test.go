package policy

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
)

// sameDocument compares two documents without their places.
func sameDocument(t *testing.T, before, after []byte) {
	t.Helper()
	want, ps := Parse("before", before)
	got, again := Parse("after", after)
	if ps.Errors() != again.Errors() {
		t.Fatalf("before: %v\nafter: %v", ps, again)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(Pos{})); diff != "" {
		t.Errorf("the document changed:\n%s", diff)
	}
}

func TestFormatKeepsWhatIsSaid(t *testing.T) {
	formatted := 0
	for _, src := range append(seeds(t), shapes()...) {
		out, ps := Format(src)
		if ps.Errors() {
			for _, p := range ps {
				if p.Code == "cannot-format" {
					t.Errorf("%q cannot be formatted", src)
				}
			}
			continue
		}
		formatted++
		sameDocument(t, src, out)
		again, ps := Format(out)
		if ps.Errors() || !bytes.Equal(out, again) {
			t.Errorf("formatting a second time changed the text: %v\n%s", ps, cmp.Diff(string(out), string(again)))
		}
	}
	if formatted < 25 {
		t.Errorf("only %d texts were formatted", formatted)
	}
}

func TestFormatRefusesWhatItCannotRead(t *testing.T) {
	for _, src := range []string{"a: [b", "a: b\na: c\n", "a: &x b\n", ""} {
		if out, ps := Format([]byte(src)); out != nil || !ps.Errors() {
			t.Errorf("Format(%q) gave %q and %v", src, out, ps)
		}
	}
}

// TestFormat reads testdata/format/*.txtar: `x.yaml` must become `x.formatted`.
func TestFormat(t *testing.T) {
	files, err := filepath.Glob("testdata/format/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			in, want := archive.Files[i], &archive.Files[i+1]
			t.Run(in.Name, func(t *testing.T) {
				got, ps := Format(in.Data)
				if ps.Errors() {
					t.Fatal(ps)
				}
				if *update {
					want.Data = got
				}
				if diff := cmp.Diff(string(want.Data), string(got)); diff != "" {
					t.Errorf("wanted (-) and got (+):\n%s", diff)
				}
			})
		}
		if *update {
			writeArchive(t, file, archive)
		}
	}
}

// FuzzFormat holds what must be true of every text that can be formatted.
func FuzzFormat(f *testing.F) {
	for _, s := range append(seeds(f), shapes()...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		out, ps := Format(src)
		if ps.Errors() {
			if ps[0].Code == "cannot-format" {
				t.Fatalf("%q cannot be formatted", src)
			}
			return
		}
		again, ps := Format(out)
		if ps.Errors() || !bytes.Equal(out, again) {
			t.Fatalf("%q became %q and then %q (%v)", src, out, again, ps)
		}
	})
}
