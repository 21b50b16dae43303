package policy

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestCheck reads testdata/check/*.txtar: after each policy `x.yaml` comes
// `x.problems`, what must be said of it.
func TestCheck(t *testing.T) {
	eachPair(t, "testdata/check/*.txtar", ".yaml", ".problems", func(t *testing.T, in txtar.File) string {
		_, ps := Load(in.Name, in.Data, nil)
		if len(ps) == 0 {
			return ""
		}
		return ps.Error() + "\n"
	})
}

// TestCompiled reads testdata/compile/*.txtar: after each policy `x.yaml` comes
// `x.summary`, what it compiles to. A later policy of an archive is the next version
// of the one before it.
func TestCompiled(t *testing.T) {
	var before *Policy
	name := ""
	eachPair(t, "testdata/compile/*.txtar", ".yaml", ".summary", func(t *testing.T, in txtar.File) string {
		p := load(t, string(in.Data), nil)
		if before != nil && p.Name == name {
			p = load(t, string(in.Data), before)
		}
		before, name = p, p.Name
		return summary(p)
	})
}

// eachPair runs a case for each input of the archives and compares what it gives
// with the file after it.
func eachPair(t *testing.T, pattern, in, out string, run func(t *testing.T, in txtar.File) string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			input, want := archive.Files[i], &archive.Files[i+1]
			name := strings.TrimSuffix(input.Name, in)
			if want.Name != name+out {
				t.Fatalf("%s: %s is not followed by %s", file, input.Name, name+out)
			}
			t.Run(name, func(t *testing.T) {
				got := run(t, input)
				if *update {
					want.Data = []byte(got)
				}
				if d := cmp.Diff(string(want.Data), got); d != "" {
					t.Errorf("wanted (-) and found (+):\n%s", d)
				}
			})
		}
		if *update {
			writeArchive(t, file, archive)
		}
	}
}
