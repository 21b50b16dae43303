package avow_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

type houseRule struct {
	name  string
	check func(*testing.T, fs.FS) []string
}

// The rules of the house that a reader should be able to rely on. Each reads the
// whole tree and lists what breaks it.
var houseRules = []houseRule{
	{"clock", ruleClock},
	{"columns", ruleColumns},
	{"package comment", rulePackageComment},
	{"package name", rulePackageName},
	{"init", ruleInit},
	{"skip", ruleSkip},
	{"citations", ruleCitations},
	{"places", rulePlaces},
	{"length", ruleLength},
	{"unfinished", ruleUnfinished},
}

func TestHouseRules(t *testing.T) {
	for _, rule := range houseRules {
		t.Run(rule.name, func(t *testing.T) {
			for _, wrong := range rule.check(t, os.DirFS(".")) {
				t.Error(wrong)
			}
		})
	}
}

// ruleClock: time is handed in, so that a test can say when it is. Only the
// command and the database read a clock.
func ruleClock(t *testing.T, tree fs.FS) (wrong []string) {
	for _, f := range goFiles(t, tree, 0) {
		if name, _ := roomOf(path.Dir(f.path)); f.test || name == "cmd" || name == "store" {
			continue
		}
		clock := importName(f, "time")
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && isIdent(sel.X, clock) && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
				wrong = append(wrong, at(f, n, "time."+sel.Sel.Name+" reads the clock; take a time or a func() time.Time"))
			}
			return true
		})
	}
	return wrong
}

var everyColumn = regexp.MustCompile(`(?i)\bselect\s+(?:distinct\s+)?(?:\w+\.)?\*`)

// ruleColumns: a query names its columns, so that code runs with the old and the new tables.
func ruleColumns(t *testing.T, tree fs.FS) []string {
	return grep(t, tree, []string{".go", ".sql"}, everyColumn, "a query that takes every column; name them")
}

// rulePackageComment: every package says what it is for.
func rulePackageComment(t *testing.T, tree fs.FS) (wrong []string) {
	documented := map[string]bool{}
	for _, f := range goFiles(t, tree, 0) {
		if dir := path.Dir(f.path); !strings.HasSuffix(f.path, "_test.go") {
			documented[dir] = documented[dir] || f.ast.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			wrong = append(wrong, dir+": no file has a package comment; say what the room is for, what stays true, and what it never does")
		}
	}
	slices.Sort(wrong)
	return wrong
}

var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "service", "services", "misc", "shared"}

// rulePackageName: a package is named after its subject.
func rulePackageName(t *testing.T, tree fs.FS) (wrong []string) {
	for _, f := range goFiles(t, tree, 0) {
		if name := strings.TrimSuffix(f.ast.Name.Name, "_test"); slices.Contains(emptyNames, name) {
			wrong = append(wrong, fmt.Sprintf("%s: package %s says nothing about its subject", f.path, name))
		}
	}
	return wrong
}

// ruleInit: nothing happens because a package was imported.
func ruleInit(t *testing.T, tree fs.FS) (wrong []string) {
	for _, f := range goFiles(t, tree, 0) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				wrong = append(wrong, at(f, d, "func init; let the caller ask for it"))
			}
		}
	}
	return wrong
}

// ruleSkip: a test that cannot run fails and says why.
func ruleSkip(t *testing.T, tree fs.FS) (wrong []string) {
	for _, f := range goFiles(t, tree, 0) {
		if !f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				wrong = append(wrong, at(f, n, "a skipped test passes; let it fail and say why"))
			}
			return true
		})
	}
	return wrong
}

// places are paths of one machine and hosts of registries: a file that names one works only there.
var places = regexp.MustCompile(`(?:^|[^0-9A-Za-z_.])/(?:work|root|home|Users)/\w|` + `\b(?:proxy\.golang|sum\.golang|registry\.npmjs|registry\.yarnpkg|deb\.debian|pypi)\.org\b|"resolved":`)

// rulePlaces: no file depends on one machine or one registry.
func rulePlaces(t *testing.T, tree fs.FS) []string {
	return grep(t, tree, nil, places, "a path of one machine or the host of a registry")
}

const longest = 600

// ruleLength: a file can be read in one sitting, unless it is generated.
func ruleLength(t *testing.T, tree fs.FS) (wrong []string) {
	for _, name := range treeFiles(t, tree) {
		if !slices.Contains([]string{".go", ".sql", ".ts", ".js", ".css", ".html", ".sh"}, path.Ext(name)) {
			continue
		}
		text := readText(t, tree, name)
		if n := strings.Count(text, "\n"); n > longest && !generated.MatchString(text) {
			wrong = append(wrong, fmt.Sprintf("%s: %d lines; at most %d", name, n, longest))
		}
	}
	return wrong
}

var (
	generated  = regexp.MustCompile(`(?m)^\W*Code generated .* DO NOT EDIT\.`)
	unfinished = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME)\b`)
)

// ruleUnfinished: what is left to do stands in an issue.
func ruleUnfinished(t *testing.T, tree fs.FS) []string {
	return grep(t, tree, []string{".go", ".sql", ".ts", ".js", ".css", ".html", ".sh"}, unfinished, "unfinished work; finish it or write an issue")
}

// grep lists the places of a pattern in files with one of the extensions, or in all text files.
func grep(t *testing.T, tree fs.FS, extensions []string, pattern *regexp.Regexp, why string) (wrong []string) {
	t.Helper()
	for _, name := range treeFiles(t, tree) {
		if extensions != nil && !slices.Contains(extensions, path.Ext(name)) || name == "houserules_test.go" {
			continue
		}
		text := readText(t, tree, name)
		for _, m := range pattern.FindAllStringIndex(text, -1) {
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s", name, strings.Count(text[:m[0]], "\n")+1, why))
		}
	}
	return wrong
}

// readText reads a file; one that is not text is empty.
func readText(t *testing.T, tree fs.FS, name string) string {
	t.Helper()
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return ""
	}
	return string(text)
}

// importName is what a file calls a package, or nothing when it does not import it.
func importName(f goFile, target string) string {
	for _, spec := range f.ast.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p == target {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(target)
		}
	}
	return ""
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && name != "" && id.Name == name
}

func at(f goFile, n ast.Node, why string) string {
	return fmt.Sprintf("%s:%d: %s", f.path, f.fset.Position(n.Pos()).Line, why)
}

// Each rule is broken once here, and kept once by something that looks alike.
func TestHouseRulesAreSeen(t *testing.T) {
	long := strings.Repeat("// line\n", longest)
	for _, c := range []struct{ rule, file, breaks, keeps string }{
		{"clock", "web/a.go", "package web\nimport \"time\"\nvar t = time.Now\n", "package web\nimport \"time\"\nvar t = time.Unix\n"},
		{"clock", "gate/a.go", "package gate\nimport clock \"time\"\nvar t = clock.Since(x)\n", "package gate\nvar t = time.Now()\n"},
		{"columns", "store/a.go", "package store\nconst q = `select\n * from t`\n", "package store\nconst q = `SELECT count(*) FROM t`\n"},
		{"columns", "store/a.sql", "CREATE VIEW v AS SELECT t.* FROM t;\n", "SELECT a FROM t;\n"},
		{"package comment", "web/a.go", "package web\n", "// Package web is what people meet.\npackage web\n"},
		{"package name", "web/helpers/a.go", "package helpers\n", "package help\n"},
		{"init", "web/a.go", "package web\nfunc init() {}\n", "package web\nfunc (x T) init() {}\n"},
		{"skip", "web/a_test.go", "package web\nfunc TestA(t *T) { t.Skip(\"no\") }\n", "package web\nfunc TestA(t *T) { t.Fatal(\"no\") }\n"},
		{"citations", "web/a.go", "package web // gdpr" + ":99(9)\n", "package web // gdpr:17(3)(e)\n"},
		{"citations", "web/a.sql", "-- moon" + ":7(1)\n", "-- localhost:8080\n"},
		{"places", "docs/a.md", "cd /ho" + "me/ada/avow\n", "cd avow; go test ./work/ && curl localhost/privacy/\n"},
		{"places", "test/package-lock.json", `{"resol` + `ved": "x"}`, `{"integrity": "x"}`},
		{"length", "web/a.go", long + "package web\n", "// Code generated by a tool. DO NOT EDIT.\n" + long + "package web\n"},
		{"unfinished", "web/a.css", "/* TO" + "DO */\n", "/* to do */\n"},
	} {
		rule := houseRules[slices.IndexFunc(houseRules, func(r houseRule) bool { return r.name == c.rule })]
		if got := rule.check(t, fstest.MapFS{c.file: {Data: []byte(c.breaks)}}); len(got) != 1 || !strings.Contains(got[0], path.Dir(c.file)) {
			t.Errorf("%s: %q should break it, got %v", c.rule, c.breaks, got)
		}
		if got := rule.check(t, fstest.MapFS{c.file: {Data: []byte(c.keeps)}}); len(got) != 0 {
			t.Errorf("%s: %q should keep it, got %v", c.rule, c.keeps, got)
		}
	}
}
