// Command bench asks the same questions of avow's gate and of three general
// decision engines, in one run, and measures the gate's table of subjects from a
// thousand to ten million.
//
// What stays true: every engine gets the same policy and the same questions and
// must give the same answers as one reference function before it is timed; each
// but avow is handed the subject's state ready made, in the form it likes best;
// rounds of all engines are interleaved, so that a busy machine is busy for all.
//
// What it never does: pick the better of several runs. It reports medians.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	out := flag.String("out", "RESULTS.md", "the file the results are written to, besides standard output")
	rounds := flag.Int("rounds", 9, "rounds of each measurement")
	most := flag.Int("subjects", 10_000_000, "subjects in the largest table")
	flag.Parse()
	if err := run(*out, *rounds, *most); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out string, rounds, most int) error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	r := &results{world: w}
	for _, n := range []int{1_000, 1_000_000, 10_000_000} {
		if n <= most {
			progress("table of %d subjects", n)
			t, err := measureTable(w, n, rounds)
			if err != nil {
				return err
			}
			r.tables = append(r.tables, t)
		}
	}
	if r.engines, err = measureEngines(w, rounds); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	r.write(io.MultiWriter(f, os.Stdout))
	return f.Close()
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
