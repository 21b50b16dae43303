package avow_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	_ "modernc.org/sqlite"
)

// The documentation is run. In README.md, CONTRIBUTING.md and docs/ a fenced block says
// what it is in its first line:
//
//	sh run          run with sh in the document's own directory; it must succeed
//	sh run exit 1   as above; it must end with this code
//	text output     what the run above printed; a line of "..." stands for any lines
//	yaml file NAME  written to NAME in the document's directory (any language)
//	sql database NAME  run in the SQLite database NAME of the document's directory
//
// The blocks of one document share a directory, in which `examples` is the
// repository's. The program avow is built once and first in PATH.

type block struct {
	doc  string
	line int
	info []string
	text string
}

func (b block) is(words ...string) bool {
	return len(b.info) > len(words) && slices.Equal(b.info[1:1+len(words)], words)
}

func (b block) at() string { return fmt.Sprintf("%s:%d", b.doc, b.line) }

func TestDocsRun(t *testing.T) {
	tree := os.DirFS(".")
	runnable := map[string][]block{}
	for _, b := range docBlocks(t, tree) {
		if b.is("run") || b.is("output") || b.is("file") || b.is("database") {
			runnable[b.doc] = append(runnable[b.doc], b)
		}
	}
	if len(runnable) == 0 {
		return
	}
	bin := buildAvow(t)
	for doc, blocks := range runnable {
		t.Run(doc, func(t *testing.T) {
			for _, wrong := range runBlocks(t, bin, blocks) {
				t.Error(wrong)
			}
		})
	}
}

func buildAvow(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(bin, "avow"), "./cmd/avow")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the documentation has commands to run, and cmd/avow does not build: %v\n%s", err, out)
	}
	return bin
}

// runBlocks carries out the blocks of one document and lists what was not as written.
func runBlocks(t *testing.T, bin string, blocks []block) (wrong []string) {
	t.Helper()
	dir := t.TempDir()
	examples, err := filepath.Abs("examples")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(examples, filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	printed := ""
	for _, b := range blocks {
		switch {
		case b.is("file") && len(b.info) == 3:
			if err := writeBlock(dir, b); err != nil {
				t.Fatal(err)
			}
		case b.is("database") && len(b.info) == 3:
			if err := runSQL(filepath.Join(dir, b.info[2]), b.text); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", b.at(), err))
			}
		case b.is("run"):
			code := 0
			printed, code = runBlock(t, bin, dir, b)
			if want := exitCode(b); code != want {
				wrong = append(wrong, fmt.Sprintf("%s: ended with %d, want %d:\n%s", b.at(), code, want, printed))
			}
		case b.is("output"):
			if !matches(b.text, printed) {
				wrong = append(wrong, fmt.Sprintf("%s: the documentation says:\n%s\nit printed:\n%s", b.at(), b.text, printed))
			}
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %q is no kind of block", b.at(), strings.Join(b.info, " ")))
		}
	}
	return wrong
}

func writeBlock(dir string, b block) error {
	name := filepath.Join(dir, filepath.FromSlash(b.info[2]))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(b.text), 0o644)
}

func runSQL(file, statements string) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statements)
	return err
}

func runBlock(t *testing.T, bin, dir string, b block) (string, int) {
	t.Helper()
	cmd := exec.Command("sh", "-eu", "-c", b.text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+dir, "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", b.at(), err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func exitCode(b block) int {
	if b.is("run", "exit") && len(b.info) == 4 {
		if n, err := strconv.Atoi(b.info[3]); err == nil {
			return n
		}
	}
	return 0
}

// matches compares an output with what a document shows of it.
func matches(shown, printed string) bool {
	var pattern strings.Builder
	pattern.WriteString(`^`)
	for _, line := range strings.Split(strings.TrimSpace(shown), "\n") {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
		} else {
			pattern.WriteString(regexp.QuoteMeta(strings.TrimRight(line, " ")) + `[ ]*\n`)
		}
	}
	return regexp.MustCompile(pattern.String() + `$`).MatchString(strings.TrimSpace(printed) + "\n")
}

// docNames lists the documents a reader is meant to follow.
func docNames(t *testing.T, tree fs.FS) []string {
	t.Helper()
	return slices.DeleteFunc(treeFiles(t, tree), func(name string) bool {
		top := name == "README.md" || name == "CONTRIBUTING.md"
		return path.Ext(name) != ".md" || !top && !strings.HasPrefix(name, "docs/")
	})
}

func docBlocks(t *testing.T, tree fs.FS) (blocks []block) {
	t.Helper()
	for _, doc := range docNames(t, tree) {
		blocks = append(blocks, fencedBlocks(doc, readText(t, tree, doc))...)
	}
	return blocks
}

func fencedBlocks(doc, text string) (blocks []block) {
	var open *block
	for i, line := range strings.SplitAfter(text, "\n") {
		switch {
		case !strings.HasPrefix(line, "```") && open != nil:
			open.text += line
		case !strings.HasPrefix(line, "```"):
		case open == nil:
			open = &block{doc: doc, line: i + 1, info: strings.Fields(strings.TrimPrefix(line, "```"))}
		default:
			blocks = append(blocks, *open)
			open = nil
		}
	}
	return blocks
}

var (
	docLink = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	docTest = regexp.MustCompile("`((?:Test|Fuzz|Benchmark|Example)[A-Z]\\w*)`")
	docMake = regexp.MustCompile("(?:^|[`(\\s])make ([a-z]+)`")
)

// TestDocsPointAtSomething: every link inside the repository, every test and every target of
// make that a document names is there.
func TestDocsPointAtSomething(t *testing.T) {
	for _, wrong := range checkPointers(t, os.DirFS(".")) {
		t.Error(wrong)
	}
}

func checkPointers(t *testing.T, tree fs.FS) (wrong []string) {
	t.Helper()
	var code, targets strings.Builder
	for _, f := range goFiles(t, tree, 0) {
		code.WriteString(f.text)
	}
	if makefile, err := fs.ReadFile(tree, "Makefile"); err == nil {
		targets.Write(makefile)
	}
	for _, doc := range docNames(t, tree) {
		text := readText(t, tree, doc)
		for _, m := range docLink.FindAllStringSubmatch(text, -1) {
			if _, err := fs.Stat(tree, path.Join(path.Dir(doc), m[1])); err != nil && !strings.Contains(m[1], ":") {
				wrong = append(wrong, fmt.Sprintf("%s: the link to %s leads nowhere", doc, m[1]))
			}
		}
		for _, m := range docTest.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(code.String(), "\nfunc "+m[1]+"(") {
				wrong = append(wrong, fmt.Sprintf("%s: there is no %s", doc, m[1]))
			}
		}
		for _, m := range docMake.FindAllStringSubmatch(text, -1) {
			if !strings.Contains("\n"+targets.String(), "\n"+m[1]+":") {
				wrong = append(wrong, fmt.Sprintf("%s: there is no make %s", doc, m[1]))
			}
		}
	}
	return wrong
}

func TestDocsAreSeen(t *testing.T) {
	const fence = "```"
	text := strings.NewReplacer("~~~", fence).Replace(`# A document
~~~yaml file sub/a.yaml
a: 1
~~~
~~~sh run
cat sub/a.yaml; test -d "$HOME"; echo b: 2; echo c
~~~
~~~text output
a: 1
...
c
~~~
~~~sh run exit 3
exit 3
~~~
~~~sh
not run
~~~
`)
	tree := fstest.MapFS{"docs/a.md": {Data: []byte(text)}, "other.md": {Data: []byte("~~~sh run\nfalse\n~~~\n")}}
	all := docBlocks(t, tree)
	if len(all) != 5 || all[1].line != 5 {
		t.Fatalf("blocks: %+v", all)
	}
	if wrong := runBlocks(t, t.TempDir(), all[:4]); len(wrong) > 0 {
		t.Errorf("a document that is true: %v", wrong)
	}
	for _, c := range []struct{ name, text, want string }{
		{"a command that fails", "~~~sh run\nfalse\n~~~\n", "ended with 1, want 0"},
		{"a command that should fail", "~~~sh run exit 1\ntrue\n~~~\n", "ended with 0, want 1"},
		{"a later command of a block", "~~~sh run\nfalse\ntrue\n~~~\n", "ended with 1"},
		{"another output", "~~~sh run\necho a\necho b\n~~~\n~~~text output\na\n~~~\n", "the documentation says"},
		{"a kind that does not exist", "~~~sh run\n~~~\n~~~yaml file\n~~~\n", `"yaml file" is no kind of block`},
	} {
		blocks := fencedBlocks("a.md", strings.ReplaceAll(c.text, "~~~", fence))
		if wrong := runBlocks(t, t.TempDir(), blocks); len(wrong) != 1 || !strings.Contains(wrong[0], c.want) {
			t.Errorf("%s: got %v, want %q", c.name, wrong, c.want)
		}
	}
}

func TestDocPointersAreSeen(t *testing.T) {
	tree := fstest.MapFS{
		"README.md":      {Data: []byte("[a](docs/a.md#top) [gone](docs/b.md) [out](https://example.org/x) `TestA` `TestGone` `make test` `make gone`\n")},
		"docs/a.md":      {Data: []byte("[up](../README.md)\n")},
		"Makefile":       {Data: []byte("test:\n")},
		"gate/a_test.go": {Data: []byte("package gate\n\nfunc TestA(t *testing.T) {}\n")},
	}
	got := checkPointers(t, tree)
	want := []string{"README.md: the link to docs/b.md leads nowhere", "README.md: there is no TestGone", "README.md: there is no make gone"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
