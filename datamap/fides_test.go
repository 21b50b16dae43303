package datamap

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/avowhq/avow/policy"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// Each archive holds files of Fides, then what is made of them, what is said of
// that, and what Load says of what is made.
func TestImportFides(t *testing.T) {
	names, err := fs.Glob(os.DirFS("testdata/fides"), "*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	p := testPolicy(t)
	for _, name := range names {
		file := "testdata/fides/" + name
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var in []FidesFile
		want := &txtar.Archive{Comment: a.Comment}
		for _, f := range a.Files {
			if strings.HasSuffix(f.Name, ".yml") {
				in = append(in, FidesFile{f.Name, f.Data})
				want.Files = append(want.Files, f)
			}
		}
		got := &txtar.Archive{Comment: a.Comment, Files: want.Files}
		out, warnings, err := ImportFides(p, in...)
		if err != nil {
			t.Fatal(file, err)
		}
		made := map[string]string{}
		for _, o := range out {
			made[o.File] = string(o.Text)
			got.Files = append(got.Files, txtar.File{Name: o.File, Data: o.Text})
		}
		got.Files = append(got.Files, txtar.File{Name: "warnings", Data: []byte(warnings.Error() + "\n")},
			txtar.File{Name: "problems", Data: []byte(said(Load(systems(made), p)))})
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(got))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", file, diff)
		}
	}
}

func TestImportFidesRefuses(t *testing.T) {
	for _, text := range []string{"", "dataset: []", "a: b", "- x", "dataset: [", "dataset: no"} {
		_, _, err := ImportFides(testPolicy(t), FidesFile{"x.yml", []byte(text)})
		problems, ok := err.(policy.Problems)
		if !ok || !problems.Errors() || problems[0].File != "x.yml" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestImportFidesRefusesACollectionTwice(t *testing.T) {
	text := "dataset:\n- fides_key: shop\n  collections:\n  - {name: people, fields: [{name: a}]}\n  - {name: orders, fields: [{name: b}]}\n  - {name: people, fields: [{name: c}]}\n"
	out, _, err := ImportFides(testPolicy(t), FidesFile{"x.yml", []byte(text)})
	want := "x.yml:6:5: error: `people` stands a second time; the first is on line 4; put both into one"
	if len(out) != 0 || err == nil || err.Error() != want {
		t.Errorf("made %d files, and said %v; want %s", len(out), err, want)
	}
	if out, _, err = ImportFides(testPolicy(t), FidesFile{"x.yml", []byte(strings.Replace(text, "name: people, fields: [{name: c}", "name: People, fields: [{name: c}", 1))}); err != nil || len(out) != 1 {
		t.Errorf("names differ in a capital: %v", err)
	}
}

// What has no name is refused with its place, all at once; nothing is made of the rest.
func TestImportFidesRefusesWhatHasNoName(t *testing.T) {
	text := "dataset:\n- fides_key: shop\n  collections:\n  - names: people\n    fields: [{name: a}]\n  - name: orders\n    fields: [{named: b}]\n"
	out, _, err := ImportFides(testPolicy(t), FidesFile{"x.yml", []byte(text)})
	want := "x.yml:4:5: error: this collection has no name; write it behind `name:`\nx.yml:7:14: error: this field has no name; write it behind `name:`"
	if len(out) != 0 || err == nil || err.Error() != want {
		t.Errorf("made %d files, and said %v; want %s", len(out), err, want)
	}
}

// Fides takes `user.contact` for the beginning of `user.contacted`, too. A word of a
// category is a whole word here.
func TestFidesCategoriesAreWholeWords(t *testing.T) {
	text := "dataset:\n- fides_key: shop\n  collections:\n  - name: people\n    fields:\n    - {name: id, fides_meta: {primary_key: true}}\n    - {name: mail, data_categories: [user.contact.email], fides_meta: {identity: email}}\n" +
		"    - {name: mailed, data_categories: [user.contact.emailed]}\n    - {name: kept, data_categories: [systemic.email]}\n    - {name: left, data_categories: [system.email]}\n"
	out, warnings, err := ImportFides(testPolicy(t), FidesFile{"x.yml", []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	for want, in := range map[string]string{"mail: {is: contact.email}": string(out[0].Text), "kept: {is: contact.email}": string(out[0].Text),
		"mailed: {is: user.contact.emailed}": string(out[0].Text), "no data for `user.contact.emailed`": warnings.Error(), "left out: `left`": strings.ReplaceAll(warnings.Error(), "`id`, ", "")} {
		if !strings.Contains(in, want) {
			t.Errorf("it does not say %q:\n%s", want, in)
		}
	}
}
