package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// rate is how many things were done a second, and what one took of the processor, in microseconds.
type rate struct{ perSecond, cpu float64 }

// tally is a round of things that were done.
type tally struct {
	done   float64
	passed time.Duration
}

// inFlight does something from so many places at once for a while. It tells each
// place its number and how often it has done it before. The time ends with the last answer, not with
// the last question.
func inFlight(places int, spell time.Duration, do func(place, times int) error) (tally, error) {
	var wg sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, places)
	began := time.Now()
	until := began.Add(spell)
	for place := range places {
		wg.Go(func() {
			n := 0
			defer func() { done.Add(int64(n)) }()
			for ; time.Now().Before(until); n++ {
				if err := do(place, n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	passed := time.Since(began)
	select {
	case err := <-failed:
		return tally{}, err
	default:
	}
	return tally{max(1, float64(done.Load())), passed}, nil
}

// lane is one of several things that are done in turns, round by round.
type lane struct {
	name   string
	flight int
	each   int // events in one of what is done
	run    func() (tally, error)
	clock  func() time.Duration // the processor's, of whoever does the work
	rounds []rate               // of events
}

// round runs a lane once.
func (l *lane) round() (rate, error) {
	used := l.clock()
	t, err := l.run()
	events := t.done * float64(l.each)
	return rate{events / t.passed.Seconds(), float64((l.clock() - used).Microseconds()) / events}, err
}

// inTurns runs a round of every lane, then the next round, so that a machine that
// is busy for a while is so for all. The first round warms them up and does not count.
func inTurns(what string, rounds int, lanes []*lane) error {
	for round := range rounds + 1 {
		progress("%s, round %d of %d", what, round, rounds)
		for _, l := range lanes {
			r, err := l.round()
			if err != nil {
				return err
			}
			if round > 0 {
				l.rounds = append(l.rounds, r)
			}
		}
	}
	return nil
}

func (l *lane) perSecond() float64 { return l.median(func(r rate) float64 { return r.perSecond }) }

func (l *lane) cpu() float64 { return l.median(func(r rate) float64 { return r.cpu }) }

func (l *lane) median(of func(rate) float64) float64 {
	values := make([]float64, len(l.rounds))
	for i, r := range l.rounds {
		values[i] = of(r)
	}
	return middle(values)
}

// of is the median of what each round has of another lane's same round, as a share.
func (l *lane) of(other *lane) float64 {
	values := make([]float64, len(l.rounds))
	for i, r := range l.rounds {
		values[i] = r.perSecond / other.rounds[i].perSecond
	}
	return middle(values)
}

func middle[T ~int64 | ~float64](list []T) T {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
