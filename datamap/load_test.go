package datamap

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/policy"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// testPolicy is the policy the maps of the tests are judged by.
func testPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	return loadPolicy(t, "testdata/policy.yaml")
}

func loadPolicy(t testing.TB, file string) *policy.Policy {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load(file, src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

// systems makes a folder of a policy from files, which lie in systems/ there.
func systems(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range files {
		out["systems/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// folder is the systems of an example.
func folder(t testing.TB, dir string) fs.FS {
	t.Helper()
	files := map[string]string{}
	names, err := fs.Glob(os.DirFS(dir), "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no systems in %s (%v)", dir, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(path.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return systems(files)
}

var examples = []string{"testdata/shop", "testdata/chinook", "testdata/crm"}

func TestExamplesLoad(t *testing.T) {
	for _, dir := range examples {
		m, err := Load(folder(t, dir), testPolicy(t))
		if err != nil {
			t.Errorf("%s:\n%v", dir, err)
			continue
		}
		for _, w := range m.Warnings {
			t.Errorf("%s: %v", dir, w)
		}
	}
}

func TestDemoLoads(t *testing.T) {
	const dir = "../examples/harbour-demo"
	m, err := Load(os.DirFS(dir), loadPolicy(t, dir+"/policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Systems) != 1 || len(m.Warnings) > 0 {
		t.Errorf("%d systems, warnings: %v", len(m.Systems), m.Warnings)
	}
}

// Each archive is a case: the files of systems/, and what is said of them. The
// comment of an archive says what it is about.
func TestProblems(t *testing.T) {
	files, err := fs.Glob(os.DirFS("testdata"), "*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	p := testPolicy(t)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			archive, err := txtar.ParseFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]string{}
			want := ""
			for _, f := range archive.Files {
				if f.Name == "problems" {
					want = string(f.Data)
					continue
				}
				in[f.Name] = string(f.Data)
			}
			got := said(Load(systems(in), p))
			if os.Getenv("UPDATE") != "" {
				update(t, "testdata/"+file, archive, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// said is everything that is reported, one problem a line.
func said(m *Map, err error) string {
	var problems policy.Problems
	if err != nil {
		problems = err.(policy.Problems)
	} else {
		problems = m.Warnings
	}
	if len(problems) == 0 {
		return ""
	}
	return problems.Error() + "\n"
}

func update(t *testing.T, file string, a *txtar.Archive, got string) {
	t.Helper()
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == "problems" })
	a.Files = append(a.Files, txtar.File{Name: "problems", Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A password written into the file by mistake is not repeated by what is said of it.
func TestCredentialsAreNotRepeated(t *testing.T) {
	const secret = "hunter2"
	for _, line := range []string{
		"credentials: postgres://app:hunter2@db/shop",
		"credentials: {dsn: hunter2}",
		"credentials: [hunter2]",
		"credentials: env:hunter2 hunter2",
		"credentials: file://app:hunter2@db",
		"at: s3://key:hunter2@bucket\ncredentials: env:X",
	} {
		_, err := Load(systems(map[string]string{"a.yaml": "system: a\nkind: postgresql\n" + line + "\n"}), testPolicy(t))
		if err == nil {
			t.Errorf("%q is taken", line)
			continue
		}
		for _, p := range err.(policy.Problems) {
			if strings.Contains(p.String()+p.Text, secret) {
				t.Errorf("%q: %s (%s)", line, p, p.Text)
			}
		}
	}
}
