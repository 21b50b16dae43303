package main

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// engine answers the i-th question.
type engine struct {
	name   string
	how    string // what it is given
	decide func(i int) bool
}

// cost is the medians of a measurement, per operation.
type cost struct {
	wall, cpu, allocs, bytes float64
}

// spent is process time so far, of all threads: robust against neighbours on the
// machine, and the collector's work is in it.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// threadSpent is the time of this thread alone, to measure a reader beside writers.
func threadSpent() time.Duration {
	const rusageThread = 1
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// once measures n operations.
func once(n int, clock func() time.Duration, op func(i int)) cost {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wall, cpu := time.Now(), clock()
	for i := range n {
		op(i)
	}
	used, passed := clock()-cpu, time.Since(wall)
	runtime.ReadMemStats(&after)
	each := func(x float64) float64 { return x / float64(n) }
	return cost{each(float64(passed)), each(float64(used)), each(float64(after.Mallocs - before.Mallocs)), each(float64(after.TotalAlloc - before.TotalAlloc))}
}

func medians(list []cost) cost {
	pick := func(of func(cost) float64) float64 {
		values := make([]float64, len(list))
		for i := range list {
			values[i] = of(list[i])
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return cost{pick(func(c cost) float64 { return c.wall }), pick(func(c cost) float64 { return c.cpu }),
		pick(func(c cost) float64 { return c.allocs }), pick(func(c cost) float64 { return c.bytes })}
}

// measured is an engine with what it costs.
type measured struct {
	engine
	cost
}

const budget = 300 * time.Millisecond // of one round of one engine

// measureEngines checks every engine against the reference, then times them in
// interleaved rounds.
func measureEngines(w *world, rounds int) ([]measured, error) {
	engines, err := makeEngines(w)
	if err != nil {
		return nil, err
	}
	sizes := make([]int, len(engines))
	for e := range engines {
		for i, q := range w.questions {
			if got := engines[e].decide(i); got != w.allowed(q) {
				return nil, fmt.Errorf("%s answers %v to question %d, the reference %v", engines[e].name, got, i, !got)
			}
		}
		trial := once(asked, spent, func(i int) { engines[e].decide(i % asked) })
		sizes[e] = max(asked, int(float64(budget)/max(trial.cpu, 1)))
	}
	all := make([][]cost, len(engines))
	for round := range rounds {
		progress("engines, round %d of %d", round+1, rounds)
		for e := range engines {
			runtime.GC()
			all[e] = append(all[e], once(sizes[e], spent, func(i int) { engines[e].decide(i % asked) }))
		}
	}
	out := make([]measured, len(engines))
	for e := range engines {
		out[e] = measured{engines[e], medians(all[e])}
	}
	return out, nil
}

func makeEngines(w *world) ([]engine, error) {
	var out []engine
	for _, make := range []func(*world) ([]engine, error){avowEngines, cedarEngines, opaEngines, casbinEngines} {
		list, err := make(w)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}
