package gate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// decisionPath is the files in which a decision is made: every statement of them
// must be reached by the tests, and by the short ones alone.
var decisionPath = []string{"ask.go", "check.go", "compile.go", "decide.go", "names.go", "places.go", "profiles.go", "reasons.go", "rules.go", "table.go", "view.go"}

func TestDecisionPathIsCovered(t *testing.T) {
	if testing.Short() {
		return // this is what the test below runs
	}
	profile := filepath.Join(t.TempDir(), "cover")
	out, err := exec.Command("go", "test", "-short", "-count=1", "-coverprofile", profile, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(lines)) {
		place, counts, _ := strings.Cut(strings.TrimSpace(line), " ")
		file, _, _ := strings.Cut(filepath.Base(place), ":")
		seen[file] = true
		for _, want := range decisionPath {
			if file == want && strings.HasSuffix(counts, " 0") {
				t.Errorf("no test reaches %s", filepath.Base(place))
			}
		}
	}
	for _, want := range decisionPath {
		if !seen[want] {
			t.Errorf("%s is not in the coverage profile", want)
		}
	}
}
