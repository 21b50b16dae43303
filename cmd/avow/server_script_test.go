package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/avowhq/avow/store/storetest"
)

// TestServerScripts runs testdata/server/*.txtar: commands that start servers, and
// the requests that reach them. ADDR is a free address of this machine for each script;
// POSTGRES is an empty database for those whose name says so; MAIL is a mail server. What is fetched keeps its cookies.
func TestServerScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/server",
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "fetch": fetch, "postform": postForm, "await": await, "sqlite": sqlite, "letter": awaitLetter, "keep": keepAs, "signed": signedByAgent},
		Condition: func(name string) (bool, error) {
			if name == "postgres" {
				return len(storetest.Kinds(t)) > 1, nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Setup: func(env *testscript.Env) error {
			examples, err := filepath.Abs("../../examples")
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close()
			env.Setenv("EXAMPLES", examples)
			env.Setenv("ADDR", l.Addr().String())
			office, stop, err := openPostOffice()
			if err != nil {
				return err
			}
			env.Defer(stop)
			env.Setenv("MAIL", office.addr)
			env.Values["office"] = office
			jar, err := cookiejar.New(nil)
			if err != nil {
				return err
			}
			env.Values["client"] = &http.Client{Jar: jar}
			for _, k := range storetest.Kinds(t) {
				if strings.Contains(filepath.Base(env.WorkDir), "postgres") && k.Name != "SQLite" {
					if c := k.Config(t); c.DSN != "" {
						env.Setenv("POSTGRES", c.DSN)
					}
				}
			}
			return nil
		},
	})
}

// await asks an address until somebody listens there: `await http://ADDR/readyz`; or until the
// page says something: `await URL TEXT [Header: value]`.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: await URL [TEXT [Header: value]...]")
	}
	if len(args) > 1 {
		awaitText(ts, args[0], args[1], args[2:])
		return
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get(args[0]); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	ts.Fatalf("nobody answers at %s", args[0])
}

// fetch gets a page and keeps it in the file answer: `fetch 200 URL [Header: value]`.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fetch STATUS URL [Header: value]...")
	}
	r, err := http.NewRequest(http.MethodGet, args[1], nil)
	ts.Check(err)
	keep(ts, args[0], r, args[2:])
}

// postForm posts a body and keeps the answer: `postform 200 URL BODY [Header: value]`.
func postForm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: postform STATUS URL BODY [Header: value]...")
	}
	r, err := http.NewRequest(http.MethodPost, args[1], strings.NewReader(args[2]))
	ts.Check(err)
	r.Header.Set("Content-Type", formType)
	keep(ts, args[0], r, args[3:])
}

func keep(ts *testscript.TestScript, status string, r *http.Request, headers []string) {
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := ts.Value("client").(*http.Client).Do(r)
	ts.Check(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), b, 0o600))
	if got := fmt.Sprint(res.StatusCode); got != status {
		ts.Fatalf("%s %s answered %s, want %s:\n%.500s", r.Method, r.URL.Path, got, status, b)
	}
}

func awaitText(ts *testscript.TestScript, url, text string, headers []string) {
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		ts.Check(err)
		keep(ts, "200", r, headers)
		if strings.Contains(ts.ReadFile("answer"), text) {
			return
		}
	}
	ts.Fatalf("%s never said %s:\n%.2000s", url, text, ts.ReadFile("answer"))
}

// awaitLetter waits for a letter and keeps what an expression finds in it: `letter NAME ADDRESS EXPRESSION`.
func awaitLetter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: letter NAME ADDRESS EXPRESSION")
	}
	find, err := regexp.Compile("(?s)" + args[2])
	ts.Check(err)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, l := range ts.Value("office").(*postOffice).to(args[1]) {
			if found := find.FindStringSubmatch(l.Subject + "\n" + l.Text); found != nil {
				ts.Setenv(args[0], found[1])
				return
			}
		}
	}
	ts.Fatalf("no letter to %s has %s", args[1], args[2])
}

// keepAs keeps what an expression finds in a file: `keep NAME FILE EXPRESSION`.
func keepAs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: keep NAME FILE EXPRESSION")
	}
	find, err := regexp.Compile(args[2])
	ts.Check(err)
	found := find.FindStringSubmatch(ts.ReadFile(args[1]))
	if found == nil {
		ts.Fatalf("%s has nothing like %s:\n%.2000s", args[1], args[2], ts.ReadFile(args[1]))
	}
	ts.Setenv(args[0], found[1])
}
