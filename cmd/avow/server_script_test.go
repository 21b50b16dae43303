package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/avowhq/avow/store/storetest"
)

// TestServerScripts runs testdata/server/*.txtar: commands that start servers, and
// the requests that reach them. ADDR is a free address of this machine for each script;
// POSTGRES is an empty database for those whose name says so.
func TestServerScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/server",
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "fetch": fetch, "postform": postForm, "await": await},
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

// await asks an address until somebody listens there: `await http://ADDR/readyz`.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await URL")
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
	res, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), b, 0o600))
	if got := fmt.Sprint(res.StatusCode); got != status {
		ts.Fatalf("%s %s answered %s, want %s:\n%.500s", r.Method, r.URL.Path, got, status, b)
	}
}
