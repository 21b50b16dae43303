package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// results is everything a run found.
type results struct {
	world   *world
	tables  []*table
	engines []measured
	records *records
}

func (r *results) write(w io.Writer) {
	if r.engines != nil {
		r.writeGate(w)
	}
	if r.records != nil {
		r.records.write(w)
	}
}

func (r *results) writeGate(w io.Writer) {
	fmt.Fprintf(w, "# What a decision costs\n\n`make bench` writes this file. %s, %s/%s, %d processors (%s). Medians; CPU is process time, which neighbours on the machine do not change much. ",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor())
	fmt.Fprintf(w, "The policy has %d purposes, %d categories and both kinds of people. Every engine's answers to %d random questions were equal to one reference before it was timed.\n\n",
		len(r.world.purposes), len(r.world.categories), asked)
	r.writeEngines(w)
	r.writeTables(w)
	r.writeTargets(w)
	fmt.Fprintln(w)
}

func (r *results) writeEngines(w io.Writer) {
	fmt.Fprintln(w, "## The same questions, engine by engine\n\n| engine | what it is given | ns/op | CPU ns/op | allocs/op | B/op | CPU, times avow by name |\n|---|---|--:|--:|--:|--:|--:|")
	base := r.engines[0].cpu
	for _, e := range r.engines {
		fmt.Fprintf(w, "| %s | %s | %.0f | %.0f | %.0f | %.0f | %.1f |\n", e.name, e.how, e.wall, e.cpu, e.allocs, e.bytes, e.cpu/base)
	}
	fmt.Fprintf(w, "\n%s.\n\n", strings.Join(versions(), ", "))
}

func (r *results) writeTables(w io.Writer) {
	row := func(name string, cell func(t *table) string) {
		cells := make([]string, len(r.tables))
		for i, t := range r.tables {
			cells[i] = cell(t)
		}
		fmt.Fprintf(w, "| %s | %s |\n", name, strings.Join(cells, " | "))
	}
	fmt.Fprintln(w, "## The table of subjects\n\nA million random subjects are asked about in random order, so that nothing is in a cache: most of a look-up is waiting for memory. How long that takes differs from run to run on a shared machine; the row that reads one word says how long it was in this one.")
	fmt.Fprintln(w)
	row("", func(t *table) string { return fmt.Sprintf("%d subjects", t.subjects) })
	row("---", func(t *table) string { return "--:" })
	row("profiles among them", func(t *table) string { return fmt.Sprint(t.profiles) })
	row("a decision by index, CPU ns (wall)", func(t *table) string { return both(t.index) })
	row("a decision by name, CPU ns (wall)", func(t *table) string { return both(t.name) })
	row("a decision by index beside a writer that never stops, CPU ns (wall)", func(t *table) string { return both(t.writing) })
	row("a decision by index among 256 asked together, CPU ns (wall)", func(t *table) string { return both(t.many) })
	row("for comparison: reading one word at random in as much memory, CPU ns (wall)", func(t *table) string { return both(t.read) })
	row("writes a second meanwhile, at most", func(t *table) string { return fmt.Sprintf("%.0f", t.writes) })
	row("allocations a decision", func(t *table) string { return fmt.Sprintf("%.2f", max(t.index.allocs, t.name.allocs)) })
	row("loading all, from nothing, wall (CPU)", func(t *table) string { return spans(t.load, t.loadCPU) })
	row("replacing one, CPU ns", func(t *table) string { return fmt.Sprintf("%.0f", t.replace.cpu) })
	row("deleting one, CPU ns", func(t *table) string { return fmt.Sprintf("%.0f", t.remove.cpu) })
	row("heap, bytes a subject", func(t *table) string { return fmt.Sprintf("%.1f", t.heap) })
	row("table while growing, from half its size on, bytes a subject: mean (worst)", func(t *table) string { return fmt.Sprintf("%.1f (%.1f)", t.mean, t.worst) })
	row("table after nine tenths were deleted, bytes a subject", func(t *table) string { return fmt.Sprintf("%.1f", t.afterDeletes) })
	row("a forced collection, wall (CPU)", func(t *table) string { return spans(t.gcWall, t.gcCPU) })
	row("the same without the table", func(t *table) string { return spans(t.idleWall, t.idleCPU) })
	fmt.Fprintln(w)
}

func both(c cost) string { return fmt.Sprintf("%.0f (%.0f)", c.cpu, c.wall) }

func spans(wall, cpu time.Duration) string {
	return wall.Round(10*time.Microsecond).String() + " (" + cpu.Round(10*time.Microsecond).String() + ")"
}

func (r *results) writeTargets(w io.Writer) {
	fmt.Fprintln(w, "## Aims\n\n| aim | found | |\n|---|---|---|")
	base := r.engines[0].cpu
	last := r.tables[len(r.tables)-1]
	aim(w, "by name: at most 100 ns", base, 100, false, "%.0f ns")
	aim(w, fmt.Sprintf("with look-up among %d, one at a time: at most 500 ns of CPU", last.subjects), max(last.index.cpu, last.name.cpu), 500, false, "%.0f ns")
	aim(w, fmt.Sprintf("with look-up among %d, many together: at most 500 ns of CPU", last.subjects), last.many.cpu, 500, false, "%.0f ns")
	fmt.Fprintf(w, "| for comparison: one random read in as much memory took | %.0f ns | |\n", last.read.cpu)
	for _, t := range r.tables {
		aim(w, fmt.Sprintf("%d subjects: at most 100 bytes each, on average while growing and when full", t.subjects), max(t.mean, t.heap), 100, false, "%.1f bytes")
	}
	aim(w, fmt.Sprintf("the collector's cost is flat: at most 2 ms of CPU more with %d subjects than with %d", last.subjects, r.tables[0].subjects),
		float64(last.gcCPU-r.tables[0].gcCPU)/1e6, 2, false, "%.2f ms")
	for _, want := range []struct {
		engine string
		times  float64
	}{{"cedar-go, pre-sliced", 15}, {"cedar-go, all policies", 70}, {"OPA, partially evaluated", 175}} {
		for _, e := range r.engines {
			if e.name == want.engine {
				aim(w, fmt.Sprintf("%s: at least %.0f times as much", want.engine, want.times), e.cpu/base, want.times, true, "%.0f times")
			}
		}
	}
}

func versions() (out []string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, d := range info.Deps {
		switch d.Path {
		case "github.com/cedar-policy/cedar-go", "github.com/open-policy-agent/opa", "github.com/casbin/casbin/v2":
			out = append(out, strings.TrimPrefix(d.Path, "github.com/")+" "+d.Version)
		}
	}
	return out
}

// processor is what the machine calls its processor.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
