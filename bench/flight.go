package main

import (
	"slices"
	"sync"
	"time"
)

// rate is how many things were done a second, and what one took of the processor, in microseconds.
type rate struct{ perSecond, cpu float64 }

// tally is a round of things that were done.
type tally struct {
	done   float64
	passed time.Duration
}

// inFlight does something so many times, from so many places at once. It tells each
// place its number and how often it has done it before.
func inFlight(places, times int, do func(place, times int) error) (tally, error) {
	each := max(1, times/places)
	failed := make(chan error, places)
	var wg sync.WaitGroup
	began := time.Now()
	for place := range places {
		wg.Go(func() {
			for n := range each {
				if err := do(place, n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	t := tally{float64(places * each), time.Since(began)}
	select {
	case err := <-failed:
		return t, err
	default:
		return t, nil
	}
}

// lane is one of several things that are done in turns, round by round.
type lane struct {
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
