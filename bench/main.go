// Command bench measures, in one run, what decisions cost and what records cost.
//
// It asks the same questions of avow's gate and of three general decision engines, and measures the
// gate's table of subjects from a thousand to ten million. It writes events to SQLite and PostgreSQL
// beside the barest that could keep them, posts consents to a real server, proves
// events of a large log, and starts servers.
//
// What stays true: every engine gets the same policy and the same questions and
// must give the same answers as one reference function before it is timed; each
// but avow is handed the subject's state ready made, in the form it likes best;
// rounds of all that is compared are interleaved, so that a busy machine is busy for all.
//
// What it never does: pick the better of several runs, or measure with a limit of the
// product lifted. It reports medians.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

func main() {
	if packed() {
		return
	}
	out := flag.String("out", "", "the file the results are written to, besides standard output; RESULTS.md when everything is measured")
	rounds := flag.Int("rounds", 9, "rounds of each measurement of the gate")
	most := flag.Int("subjects", 10_000_000, "subjects in the largest table")
	only := flag.String("only", "", "the parts to measure, separated by commas: "+strings.Join(parts, ", ")+"; records is all but gate")
	c := config{}
	flag.StringVar(&c.dir, "dir", "", "where databases are made; a temporary directory when not set")
	flag.IntVar(&c.rounds, "record-rounds", 9, "rounds of each measurement of records")
	flag.Float64Var(&c.part, "part", 1, "how much is done in a round of records")
	flag.IntVar(&c.people, "people", 1_000_000, "people in the database that a server starts on")
	flag.Int64Var(&c.events, "events", 10_000_000, "events in the log of which some are proved")
	flag.DurationVar(&c.moment, "moment", 10*time.Second, "after which the memory of a server with nothing to do is looked at")
	flag.DurationVar(&c.while, "while", time.Minute, "after which it is looked at again")
	flag.StringVar(&c.binary, "avow", "", "the program to start; built from this repository when not set")
	profile := flag.String("profile", "", "a file for a profile of this process's time")
	flag.Parse()
	wanted, err := choose(*only)
	if err == nil {
		if *only == "" && *out == "" {
			*out = "RESULTS.md"
		}
		err = profiled(*profile, func() error {
			return withAvow(c, wanted, func(c config) error { return run(*out, *rounds, *most, c, wanted) })
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled writes where the time of what it does went, when a file is named.
func profiled(file string, do func() error) error {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}

// choose says which parts are wanted; all, when none is named.
func choose(only string) (func(part string) bool, error) {
	if only == "" {
		return func(string) bool { return true }, nil
	}
	var list []string
	for name := range strings.SplitSeq(only, ",") {
		switch {
		case name == "records":
			list = append(list, parts[1:]...)
		case slices.Contains(parts, name):
			list = append(list, name)
		default:
			return nil, fmt.Errorf("there is no part %q; there are %s", name, strings.Join(parts, ", "))
		}
	}
	return func(part string) bool { return slices.Contains(list, part) }, nil
}

func run(out string, rounds, most int, c config, wanted func(part string) bool) (err error) {
	r := &results{}
	if wanted("gate") {
		if err := r.measureGate(rounds, most); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(parts[1:], wanted) {
		if r.records, err = measureRecords(context.Background(), c, wanted); err != nil {
			return err
		}
	}
	if out == "" {
		r.write(os.Stdout)
		return nil
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	r.write(io.MultiWriter(f, os.Stdout))
	return f.Close()
}

func (r *results) measureGate(rounds, most int) (err error) {
	if r.world, err = newWorld(); err != nil {
		return err
	}
	for _, n := range []int{1_000, 1_000_000, 10_000_000} {
		if n <= most {
			progress("table of %d subjects", n)
			t, err := measureTable(r.world, n, rounds)
			if err != nil {
				return err
			}
			r.tables = append(r.tables, t)
		}
	}
	r.engines, err = measureEngines(r.world, rounds)
	return err
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
