package policy

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is found as what is wanted")

// TestProblems reads testdata/parse/*.txtar. A file `x.yaml` is a whole policy, a
// file `x.part` the part of one, to which the rest is added below; `x.problems` is
// what must be said of it.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checkArchive(t, archive)
		if *update {
			writeArchive(t, file, archive)
		}
	}
}

func writeArchive(t *testing.T, file string, archive *txtar.Archive) {
	t.Helper()
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func checkArchive(t *testing.T, archive *txtar.Archive) {
	for i := 0; i+1 < len(archive.Files); i += 2 {
		in, want := archive.Files[i], &archive.Files[i+1]
		name, _, _ := strings.Cut(in.Name, ".")
		if want.Name != name+".problems" {
			t.Fatalf("%s is not followed by %s.problems", in.Name, name)
		}
		t.Run(name, func(t *testing.T) {
			got := problemsOf(in)
			if *update {
				want.Data = []byte(got)
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("wanted (-) and found (+):\n%s", diff)
			}
		})
	}
}

// problemsOf is what Parse says of a case, a problem a line.
func problemsOf(in txtar.File) string {
	src := string(in.Data)
	if strings.HasSuffix(in.Name, ".part") {
		src += minimal
	}
	_, ps := Parse("f", []byte(src))
	if len(ps) == 0 {
		return ""
	}
	return ps.Error() + "\n"
}
