package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server that starts without the checkpoint kept outside the database says what that means and what to do, and begins a new one.
// An audit says it too; what other commands do does not hide it.
func TestStartWithoutTheCheckpoint(t *testing.T) {
	const said = "the checkpoint kept outside the database is missing"
	dir := t.TempDir()
	file := filepath.Join(dir, "keys", "checkpoint")
	start := func(warns bool) where {
		t.Helper()
		s, book := startPlain(t, dir, nil, "harbour-demo/policy.yaml")
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		if got := book.String(); strings.Contains(got, said) != warns {
			t.Errorf("it warns: %v. The server says:\n%s", !warns, got)
		} else if warns {
			for _, part := range []string{`"level":"WARN"`, `"file":"` + file, "could not be noticed", "avow verify --earlier", "a witness", "written anew", `"events":`} {
				if !strings.Contains(got, part) {
					t.Errorf("the warning does not say %q", part)
				}
			}
		}
		if _, err := os.Stat(file); err != nil {
			t.Errorf("the checkpoint is not kept: %v", err)
		}
		return s.where
	}
	audit := func(w where, asJSON bool) string {
		t.Helper()
		var out bytes.Buffer
		c := auditCommand{where: w, JSON: asJSON}
		if err := c.Run(context.Background(), &terminal{out: &out, err: &out}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	start(false)
	w := start(false)
	if got := audit(w, false); strings.Contains(got, "MISSING") || !strings.Contains(got, "All is as it was recorded.") {
		t.Errorf("with the checkpoint the audit says %s", got)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	house, err := openHouse(context.Background(), w, "", (&logBook{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := house.close(); err != nil {
		t.Fatal(err)
	}
	got := audit(w, false)
	for _, part := range []string{"MISSING " + file, "could not be noticed", "avow verify --earlier", "All that is there is as it was recorded."} {
		if !strings.Contains(got, part) {
			t.Errorf("without the checkpoint the audit does not say %q: %s", part, got)
		}
	}
	var a audited
	if err := json.Unmarshal([]byte(audit(w, true)), &a); err != nil || a.Missing != file || a.Outside != -1 {
		t.Errorf("as JSON the audit says %+v, %v", a, err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a command or an audit hid that it is missing: %v", err)
	}
	start(true)
	start(false)
}
