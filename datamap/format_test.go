package datamap

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormat(t *testing.T) {
	in := `# about the shop

kind: sqlite
system:   shop
credentials: env:X   # the reader's
tables:
  orders:
    columns: {total: contact.name}
    # whose
    relation: owns
    key: id
`
	want := `# about the shop

system: shop
kind: sqlite
credentials: env:X   # the reader's
tables:
  orders:
    key: id
    # whose
    relation: owns
    columns: {total: contact.name}
`
	out, problems := Format([]byte(in))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
	if out, problems := Format([]byte("- one")); out != nil || !problems.Errors() {
		t.Errorf("a list is no system, got %q", out)
	}
}

// The examples are laid out as Format lays them out.
func TestExamplesAreFormatted(t *testing.T) {
	for _, file := range []string{"testdata/shop/shop.yaml", "testdata/chinook/chinook.yaml", "testdata/crm/crm.yaml", "testdata/crm/mail.yaml",
		"testdata/crm/archive.yaml", "../examples/harbour-demo/systems/shop.yaml"} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, problems := Format(src)
		if len(problems) > 0 {
			t.Fatal(file, problems)
		}
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, out, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(src), string(out)); diff != "" {
			t.Errorf("%s: (-file +formatted)\n%s", file, diff)
		}
		if !strings.HasPrefix(string(out), "#") {
			t.Errorf("%s lost the comment at its top", file)
		}
	}
}
