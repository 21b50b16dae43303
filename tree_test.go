package avow_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// goFile is one parsed file of a tree.
type goFile struct {
	path string
	test bool // a test file, or of a package that exists for tests
	ast  *ast.File
	fset *token.FileSet
	text string
}

// goFiles parses the Go files of a tree that belong to its module. It reads them
// itself: a test that asked the go command would stay cached when a file changes.
func goFiles(t *testing.T, tree fs.FS, mode parser.Mode) []goFile {
	t.Helper()
	var files []goFile
	for _, name := range treeFiles(t, tree) {
		if path.Ext(name) != ".go" {
			continue
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, name, text, mode|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "//go:build ignore\n") {
			test := strings.HasSuffix(name, "_test.go") || forTests(path.Dir(name))
			files = append(files, goFile{path: name, test: test, ast: parsed, fset: fset, text: string(text)})
		}
	}
	return files
}

// treeFiles lists the files of a tree that are the project's own: not those of
// nested modules, test data, hidden directories, or what is built or installed.
func treeFiles(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path.Base(name) == ".git": // a file in a checkout beside the first one
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			names = append(names, name)
		case name != "." && foreign(tree, name):
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func foreign(tree fs.FS, dir string) bool {
	base := path.Base(dir)
	if slices.Contains([]string{"testdata", "node_modules", "vendor", "bin", "tmp"}, base) || strings.HasPrefix(base, ".") && base != ".ci" {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

// In a checkout beside the first one .git is a file, with a path of the machine in it.
func TestTreeLeavesGitOut(t *testing.T) {
	names := treeFiles(t, fstest.MapFS{".git": {Data: []byte("gitdir: somewhere")}, "a.md": {}, "b/.git/config": {}, "b/c.go": {}})
	if !slices.Equal(names, []string{"a.md", "b/c.go"}) {
		t.Errorf("%v", names)
	}
}
