package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/connect/connecttest"
)

// A customer, an employee who supports customers and one who manages others get the same
// answers from the command line on each database: access, plan, erasure; with invoices kept
// and with invoices deleted.
func TestMusicShop(t *testing.T) {
	for name, file := range map[string]string{"kept": "../../datamap/testdata/chinook/chinook.yaml", "deleted": "../../datamap/plan/testdata/chinook-deleted.yaml"} {
		t.Run("invoices "+name, func(t *testing.T) {
			var kinds []string
			var all [][]string
			for _, kind := range connecttest.Kinds(t) {
				t.Run(kind.Name, func(t *testing.T) {
					kinds, all = append(kinds, kind.Name), append(all, musicShop(t, kind, file))
				})
			}
			for i := range all {
				if len(all[i]) < 150 {
					t.Errorf("%s: only %d lines", kinds[i], len(all[i]))
				}
				if diff := gocmp.Diff(all[0], all[i]); diff != "" {
					t.Errorf("%s (-) and %s (+) differ: %s", kinds[0], kinds[i], diff)
				}
			}
		})
	}
}

// musicShop is what the commands print about three people on one database, a line an entry.
func musicShop(t *testing.T, kind connecttest.Kind, file string) (out []string) {
	c := kind.Config(t)
	connecttest.Chinook(t, c)
	yaml, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile("../../datamap/testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	system := strings.Replace(connecttest.ChinookMap(string(yaml), c.Kind), "credentials: file:/run/secrets/chinook", "credentials: env:CHINOOK", 1)
	for name, content := range map[string]string{"policy.yaml": string(policy), "systems/chinook.yaml": system} {
		if err := writeNew(filepath.Join(dir, name), []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CHINOOK", c.Secret)
	at := func(args ...string) []string {
		return append(args, "--policy", filepath.Join(dir, "policy.yaml"), "--json", "--region", "CA")
	}
	kept := []string{"--data", filepath.Join(dir, "data"), "--keys", filepath.Join(dir, "keys"), "--out", filepath.Join(dir, "out")}
	for _, who := range []string{"luisg@embraer.com.br", "jane@chinookcorp.com", "nancy@chinookcorp.com"} {
		identity := []string{"--identity", "email=" + who}
		out = append(out, "access of "+who)
		out = append(out, entriesOf(t, at(append([]string{"rights", "access", "--dry-run"}, identity...)...))...)
		out = append(out, "plan for "+who)
		out = append(out, entriesOf(t, at(append([]string{"rights", "plan"}, identity...)...))...)
		out = append(out, "erasure of "+who)
		out = append(out, entriesOf(t, at(append(append([]string{"rights", "erase"}, identity...), kept...)...))...)
		if list := entriesOf(t, at(append([]string{"rights", "access", "--dry-run"}, identity...)...)); len(list) > 0 {
			t.Errorf("%s is found after the erasure: %v", who, list)
		}
	}
	return out
}

// entriesOf runs a command and gives its entries in a spelling and an order common to the databases.
func entriesOf(t *testing.T, args []string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, &terminal{strings.NewReader(""), &out, &errs}); code != exitFine {
		t.Fatalf("%v ended with %d:\n%s%s", args, code, out.String(), errs.String())
	}
	var list []struct {
		System, Table, Action, How, Reason, Until, Refused, Instead string
		Key                                                         map[string]any
		Columns, Redacted, Withheld                                 []string
	}
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatalf("%v: %v in %s", args, err, out.String())
	}
	lines := make([]string, len(list))
	for i, e := range list {
		for _, columns := range [][]string{e.Columns, e.Redacted, e.Withheld} {
			slices.SortFunc(columns, func(a, b string) int { return cmp.Compare(spelling(a), spelling(b)) })
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = spelling(string(line))
	}
	slices.Sort(lines)
	return lines
}

// spelling takes out how the scripts differ in naming things.
func spelling(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
