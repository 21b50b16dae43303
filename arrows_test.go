package avow_test

import (
	"fmt"
	"go/parser"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The house: which room may import which. A room is a top directory with all
// that is below it. It imports rooms on lines above its own, with the limits
// that stand here, and only the other people's modules listed for it. A new
// room, a new arrow or a new module is a change of the design: it is made here,
// on purpose, with its reason.

const module = "github.com/avowhq/avow"

type line int

const (
	words       line = iota // the root package
	foundations             // language, database, drivers of other systems, law as data
	instruments             // what decides, keeps, records and schedules
	duties                  // what is owed to people
	faces                   // what people and programs meet
	door                    // the command
)

var lineNames = [...]string{"words", "foundations", "instruments", "duties", "faces", "door"}

type room struct {
	line     line
	only     []string // of the foundations, only these; nil is all
	sideways []string // rooms on its own line that it may read
	modules  []string // other people's code
	pure     bool     // no network, no files, no database
}

// house is transcribed from the design. The words are the room "".
var house = map[string]room{
	"": {line: words},

	// x/image carries the fonts of the PDF notice.
	"policy": {line: foundations, pure: true, modules: []string{"github.com/goccy/go-yaml", "codeberg.org/go-pdf/fpdf", "golang.org/x/image"}},
	"store":  {line: foundations, modules: []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3"}},
	"connect": {line: foundations, modules: []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/go-sql-driver/mysql", "go.mongodb.org/mongo-driver", "gocloud.dev", "github.com/aws/aws-sdk-go-v2", "github.com/emersion/go-message",
		"github.com/goccy/go-yaml", "github.com/nyaruka/phonenumbers", "golang.org/x/net", "golang.org/x/sys"}},
	"law":      {line: foundations, pure: true, modules: []string{"github.com/goccy/go-yaml"}},
	"sdk":      {line: foundations}, // built files and their embed.go
	"examples": {line: foundations}, // policies as files and their embed.go

	"gate":   {line: instruments, only: []string{"policy", "law"}, pure: true},
	"vault":  {line: instruments, only: []string{"policy", "law", "store"}, modules: []string{"github.com/tink-crypto/tink-go/v2", "github.com/nyaruka/phonenumbers", "golang.org/x/net"}},
	"ledger": {line: instruments, only: []string{"policy", "law", "store"}, modules: []string{"golang.org/x/mod"}},
	// work keeps cursors and marks in tables, in the transactions of what it runs.
	"work":    {line: instruments, only: []string{"policy", "law", "store"}, sideways: []string{"ledger"}, modules: []string{"github.com/riverqueue/river"}},
	"datamap": {line: instruments, only: []string{"policy", "law", "connect"}},
	"stats":   {line: instruments, only: []string{"policy", "law"}},
	// mail's outbox is a table: a message is written in the transaction of its cause and sent after it.
	"mail": {line: instruments, only: []string{"policy", "law", "store"}, modules: []string{"github.com/emersion/go-smtp", "github.com/emersion/go-message", "github.com/emersion/go-sasl", "golang.org/x/net"}},

	"consent":  {line: duties},
	"collect":  {line: duties, sideways: []string{"consent"}},
	"outreach": {line: duties, sideways: []string{"consent"}, modules: []string{"github.com/emersion/go-smtp", "github.com/emersion/go-message", "github.com/emersion/go-sasl"}},
	"rights":   {line: duties},
	"retain":   {line: duties},
	"share":    {line: duties},
	"partner":  {line: duties, sideways: []string{"share"}},
	"incident": {line: duties, sideways: []string{"share"}},

	"api":  {line: faces, only: []string{"policy", "law"}, modules: []string{"github.com/danielgtaylor/huma/v2"}},
	"web":  {line: faces, only: []string{"policy", "law", "sdk"}},
	"edge": {line: faces, only: []string{"policy", "law", "sdk"}},

	"cmd": {line: door, modules: []string{"github.com/alecthomas/kong", "github.com/goccy/go-yaml", "github.com/prometheus/client_golang",
		"github.com/emersion/go-smtp", "github.com/emersion/go-message", "golang.org/x/net"}},
}

// anyRoom may be imported by every room but the words.
var anyRoom = []string{"golang.org/x/text", "golang.org/x/time", "golang.org/x/sync"}

// anyTest may be imported by tests and by packages that exist for tests.
var anyTest = []string{"github.com/google/go-cmp", "github.com/rogpeppe/go-internal", "github.com/chromedp/chromedp", "github.com/chromedp/cdproto",
	"github.com/emersion/go-smtp", "github.com/emersion/go-message", "github.com/emersion/go-sasl", "github.com/goccy/go-yaml",
	"github.com/jackc/pgx/v5", "modernc.org/sqlite", "github.com/go-sql-driver/mysql", "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/net", "golang.org/x/mod", "golang.org/x/tools/txtar",
	"github.com/xuri/excelize/v2"} // writes the spreadsheets that collect/intake reads

// impure is what a pure room does without.
var impure = []string{"net/http", "net/rpc", "net/smtp", "database/sql", "os", "syscall", "io/ioutil", "plugin"}

func TestArrows(t *testing.T) {
	for _, wrong := range checkArrows(t, os.DirFS(".")) {
		t.Error(wrong)
	}
}

// checkArrows reads every Go file of a tree and lists the imports that break
// the house, sorted.
func checkArrows(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var wrong []string
	for _, f := range goFiles(t, tree, parser.ImportsOnly) {
		name, ok := roomOf(path.Dir(f.path))
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %q is no room of the house; add it to the design and to arrows_test.go", f.path, name))
			continue
		}
		for _, spec := range f.ast.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := forbidden(name, f, target); why != "" {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s", f.path, f.fset.Position(spec.Pos()).Line, why))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// forbidden says why a file of a room may not import something, or nothing.
func forbidden(name string, f goFile, target string) string {
	r := house[name]
	switch {
	case target == "C":
		return "no cgo"
	case target == module || strings.HasPrefix(target, module+"/"):
		return forbiddenRoom(name, f, strings.TrimPrefix(strings.TrimPrefix(target, module), "/"))
	case isStandard(target):
		if r.pure && !f.test && f.ast.Name.Name != "main" && (target == "net" || under(impure, target)) {
			return fmt.Sprintf("%s is pure: it must not import %s", name, target)
		}
	case f.test && under(anyTest, target), under(r.modules, target), r.line != words && under(anyRoom, target):
	default:
		return fmt.Sprintf("%s may not import the module of %s", title(name), target)
	}
	return ""
}

func forbiddenRoom(name string, f goFile, dir string) string {
	target, ok := roomOf(dir)
	if !ok {
		return fmt.Sprintf("%q is no room of the house", target)
	}
	from, to := house[name], house[target]
	switch {
	case f.test:
		return ""
	case forTests(dir):
		return fmt.Sprintf("%s is for tests only", dir)
	case name == target:
		return ""
	case slices.Contains(from.sideways, target):
		return ""
	case to.line >= from.line:
		return fmt.Sprintf("%s (%s) may not import %s (%s)", title(name), lineNames[from.line], title(target), lineNames[to.line])
	case to.line == foundations && from.only != nil && !slices.Contains(from.only, target):
		return fmt.Sprintf("%s may not import %s; of the foundations it may import %s", name, target, strings.Join(from.only, ", "))
	}
	return ""
}

func title(room string) string {
	if room == "" {
		return "the words"
	}
	return room
}

// roomOf names the room a directory belongs to.
func roomOf(dir string) (string, bool) {
	name, _, _ := strings.Cut(dir, "/")
	if name == "." {
		name = ""
	}
	_, ok := house[name]
	return name, ok
}

// forTests reports whether a package exists for tests: storetest, webtest.
func forTests(dir string) bool { return strings.HasSuffix(path.Base(dir), "test") }

func isStandard(target string) bool {
	first, _, _ := strings.Cut(target, "/")
	return !strings.Contains(first, ".")
}

// under reports whether target is one of the paths or below one.
func under(paths []string, target string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return target == p || strings.HasPrefix(target, p+"/") })
}

// Each arrow is broken once here, so that the test is known to see it.
func TestArrowsAreSeen(t *testing.T) {
	const good = ""
	for _, c := range []struct{ file, imports, want string }{
		{"avow.go", "fmt", good},
		{"avow.go", "golang.org/x/text/language", "avow.go:1: the words may not import the module of golang.org/x/text"},
		{"avow.go", module + "/law", "the words (words) may not import law (foundations)"},
		{"policy/a.go", module, good},
		{"policy/a.go", "github.com/goccy/go-yaml/ast", good},
		{"policy/a.go", "net/url", good},
		{"policy/a.go", "os", "policy is pure: it must not import os"},
		{"policy/notice/a.go", "net/http/httptest", "policy is pure: it must not import net/http"},
		{"policy/notice/a.go", module + "/policy", good},
		{"policy/schema/main.go", "os", good},
		{"policy/a_test.go", "os", good},
		{"policy/a.go", module + "/store", "policy (foundations) may not import store (foundations)"},
		{"policy/a.go", module + "/gate", "policy (foundations) may not import gate (instruments)"},
		{"gate/a.go", module + "/policy", good},
		{"gate/a.go", "database/sql", "gate is pure"},
		{"gate/a.go", "net", "gate is pure"},
		{"gate/a.go", module + "/store", "gate may not import store; of the foundations it may import policy, law"},
		{"gate/a.go", module + "/vault", "gate (instruments) may not import vault (instruments)"},
		{"ledger/a.go", module + "/store", good},
		{"vault/a.go", module + "/store", good},
		{"vault/a.go", "github.com/tink-crypto/tink-go/v2/aead", good},
		{"ledger/a.go", "github.com/tink-crypto/tink-go/v2/aead", "ledger may not import the module of github.com/tink-crypto"},
		{"work/a.go", module + "/ledger", good},
		{"work/a.go", module + "/store", good},
		{"work/a.go", module + "/connect", "work may not import connect"},
		{"work/a.go", "github.com/riverqueue/river/riverdriver/riversqlite", good},
		{"ledger/a.go", "github.com/riverqueue/river", "ledger may not import the module of github.com/riverqueue/river"},
		{"ledger/a.go", module + "/work", "ledger (instruments) may not import work (instruments)"},
		{"datamap/a.go", module + "/connect", good},
		{"vault/a.go", module + "/connect", "vault may not import connect"},
		{"consent/a.go", module + "/store", good},
		{"consent/a.go", module + "/vault", good},
		{"consent/a.go", module + "/collect", "consent (duties) may not import collect (duties)"},
		{"collect/a.go", module + "/consent", good},
		{"outreach/a.go", module + "/consent", good},
		{"partner/a.go", module + "/share", good},
		{"incident/a.go", module + "/share", good},
		{"rights/a.go", module + "/consent", "rights (duties) may not import consent (duties)"},
		{"collect/a.go", "github.com/goccy/go-yaml", "collect may not import the module of github.com/goccy/go-yaml"},
		{"collect/a.go", "golang.org/x/time/rate", good},
		{"api/a.go", "github.com/danielgtaylor/huma/v2", good},
		{"web/a.go", "github.com/danielgtaylor/huma/v2", "web may not import the module of github.com/danielgtaylor"},
		{"web/a.go", module + "/rights", good},
		{"web/a.go", module + "/sdk/js", good},
		{"web/a.go", module + "/api", "web (faces) may not import api (faces)"},
		{"api/a.go", module + "/store", "api may not import store"},
		{"edge/a.go", module + "/store", "edge may not import store"},
		{"web/a_test.go", module + "/store/storetest", good},
		{"web/a.go", module + "/web/webtest", "web/webtest is for tests only"},
		{"web/a_test.go", module + "/web/webtest", good},
		{"cmd/avow/a.go", module + "/web/webtest", "web/webtest is for tests only"},
		{"web/webtest/a.go", "github.com/chromedp/chromedp", good},
		{"web/a.go", "github.com/chromedp/chromedp", "web may not import the module of github.com/chromedp/chromedp"},
		{"cmd/avow/a.go", module + "/store", good},
		{"cmd/avow/a.go", module + "/web", good},
		{"cmd/avow/a.go", "modernc.org/sqlite", "cmd may not import the module of modernc.org/sqlite"},
		{"web/a.go", module + "/cmd/avow", "web (faces) may not import cmd (door)"},
		{"util/a.go", "fmt", `"util" is no room of the house`},
		{"web/a.go", module + "/helpers", `"helpers" is no room of the house`},
		{"store/a.go", "C", "no cgo"},
		{"store/testdata/a.go", "C", good},
	} {
		name := "fixture"
		if strings.HasSuffix(c.file, "main.go") {
			name = "main"
		}
		tree := fstest.MapFS{c.file: {Data: []byte(fmt.Sprintf("package %s; import _ %q\n", name, c.imports))}}
		got := checkArrows(t, tree)
		switch {
		case c.want == good && len(got) > 0:
			t.Errorf("%s may import %s, but: %v", c.file, c.imports, got)
		case c.want != good && (len(got) != 1 || !strings.Contains(got[0], c.want)):
			t.Errorf("%s importing %s: got %v, want %q", c.file, c.imports, got, c.want)
		}
	}
	nested := fstest.MapFS{"bench/go.mod": {Data: []byte("module b\n")}, "bench/a.go": {Data: []byte("package b; import _ \"C\"\n")}}
	if got := checkArrows(t, nested); len(got) > 0 {
		t.Errorf("a nested module was read: %v", got)
	}
}
