package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestMain lets this program be the process that makes a package.
func TestMain(m *testing.M) {
	if !packed() {
		m.Run()
	}
}

// All engines agree with the reference, and a small run writes a whole report.
func TestSmallRun(t *testing.T) {
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	small, err := measureTable(w, 1_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	engines, err := measureEngines(w, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	(&results{world: w, tables: []*table{small}, engines: engines}).write(&out)
	for _, want := range []string{"avow, by name", "cedar-go, pre-sliced", "OPA, partially evaluated", "casbin", "1000 subjects"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not speak of %s", want)
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Errorf("a number is missing:\n%s", &out)
	}
}

// Every part of the records can be measured, and all of it stands in the report.
func TestSmallRecords(t *testing.T) {
	c := config{dir: t.TempDir(), rounds: 1, part: 0.01, people: 300, events: 70_000}
	wanted, err := choose("records")
	if err != nil {
		t.Fatal(err)
	}
	var r *records
	err = withAvow(c, wanted, func(c config) (err error) {
		r, err = measureRecords(t.Context(), c, wanted)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r.write(&out)
	for _, want := range []string{"| 512 |", "PostgreSQL", "a consent taken back", "a form with a consent and a letter", "among 70000", "on 300 people", "on MariaDB", "three systems", "10000 rows of one person"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not speak of %s", want)
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Errorf("a number is missing:\n%s", &out)
	}
}

// A part that there is not is an error, not a run that measures nothing.
func TestChoose(t *testing.T) {
	wanted, err := choose("records")
	if err != nil || wanted("gate") || !wanted("proofs") {
		t.Errorf("records are not all but the gate: %v", err)
	}
	if _, err := choose("proof"); err == nil {
		t.Error("an unknown part was taken")
	}
}

// Questions whose answers are all alike would compare nothing.
func TestQuestionsDiffer(t *testing.T) {
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	yes := 0
	for _, q := range w.questions {
		if w.allowed(q) {
			yes++
		}
	}
	if yes < asked/5 || yes > asked*4/5 {
		t.Errorf("%d of %d questions are allowed", yes, asked)
	}
}

// BenchmarkEngines times one engine at a time: go test -bench Engines/avow
func BenchmarkEngines(b *testing.B) {
	w, err := newWorld()
	if err != nil {
		b.Fatal(err)
	}
	engines, err := makeEngines(w)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range engines {
		b.Run(strings.ReplaceAll(e.name, " ", "-"), func(b *testing.B) {
			used, i := spent(), 0
			for b.Loop() {
				e.decide(i % asked)
				i++
			}
			b.ReportMetric(float64(spent()-used)/float64(i), "cpu-ns/op")
		})
	}
}
