package find

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// run is one search while it goes on.
type run struct {
	*Search
	ctx     context.Context
	stop    context.CancelCauseFunc
	known   *known
	tables  map[*datamap.Table]*table
	parts   []*part
	systems map[*datamap.System]*system
	keep    atomic.Int64 // bytes of whole rows that may still be kept
	mention sync.Mutex   // of all tables, while mentions are read
}

// system is what a search knows of one system.
type system struct {
	source connect.Source
	turn   chan struct{} // as many as reads may run at the same time

	mu   sync.Mutex
	away error
}

func (s *system) gone() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away
}

func (s *Search) run(ctx context.Context, k *known) *run {
	r := &run{Search: s, known: k, tables: s.tables(), systems: map[*datamap.System]*system{}}
	r.ctx, r.stop = context.WithCancelCause(ctx)
	r.keep.Store(int64(s.Options.Keep))
	r.parts = parts(s.Graph.Map.Tables(), r.tables)
	for _, each := range s.Graph.Map.Systems {
		r.systems[each] = s.system(each)
	}
	return r
}

func (s *Search) system(of *datamap.System) *system {
	out := &system{source: s.Sources[of.Name.Text], turn: make(chan struct{}, s.Options.Parallel)}
	if out.source == nil && datamap.Kind(of.Kind) != datamap.Manual {
		if why := s.Away[of.Name.Text]; why != nil {
			out.away = avow.Errorf(avow.Unavailable, "system %s could not be worked with, and what it holds is not among what was found: %s", of.Name.Text, avow.MessageOf(why))
			return out
		}
		out.away = avow.Errorf(avow.Unavailable, "system %s could not be opened; what it holds is not among what was found", of.Name.Text)
	}
	return out
}

// all takes the links of all parts, each when those it hangs on are done, and then the
// links that only mention people.
func (r *run) all() error {
	defer r.stop(nil)
	var wg sync.WaitGroup
	for _, p := range r.parts {
		wg.Go(func() {
			defer close(p.done)
			for _, before := range p.after {
				<-before.done
			}
			if r.ctx.Err() == nil {
				r.safely(func() { r.part(p) })
			}
		})
	}
	wg.Wait()
	if r.ctx.Err() == nil {
		r.mentions()
	}
	if err := context.Cause(r.ctx); err != nil {
		return interrupted(err)
	}
	return nil
}

// safely has a panic end the search with an error, and not the program.
func (r *run) safely(f func()) {
	if err := avow.Unpanicked(func() error { f(); return nil }); err != nil {
		r.stop(err)
	}
}

// interrupted is why a search or an export did not come to its end.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return avow.Errorf(avow.Canceled, "the search was stopped before its end: %w", err)
	}
	return err
}

// reads runs several reads at the same time, as many as their systems bear.
type reads struct {
	*run
	sync.WaitGroup
}

// start waits for a turn and then runs a read beside the others. Prepare makes what to
// ask for once it is its turn; false ends the matter.
func (r *reads) start(t *table, prepare func() bool, read func()) bool {
	turn := r.systems[t.System].turn
	select {
	case turn <- struct{}{}:
	case <-r.ctx.Done():
		return false
	}
	if !r.readable(t) || !prepare() {
		<-turn
		return false
	}
	r.Go(func() {
		defer func() { <-turn }()
		r.safely(read)
	})
	return true
}

// readable reports that nothing speaks yet against reading a table.
func (r *run) readable(t *table) bool {
	return r.systems[t.System].source != nil && r.systems[t.System].gone() == nil && t.unreadable() == nil && r.ctx.Err() == nil
}

// errEnough ends a read whose answer is known.
var errEnough = errors.New("enough")

// read asks a system, and notes what is wrong with the table or the whole system.
func (r *run) read(t *table, ask connect.Read, each func(connect.Row) error) {
	s := r.systems[t.System]
	err := s.source.Read(r.ctx, ask, each)
	switch {
	case err == nil || errors.Is(err, errEnough) || r.ctx.Err() != nil:
	case avow.KindOf(err) == avow.TooLarge:
		r.stop(err)
	default:
		if avow.KindOf(err) == avow.Unavailable {
			s.mu.Lock()
			s.away = err
			s.mu.Unlock()
		}
		t.fail(err)
	}
}

// both joins two conditions.
func both(a, b *connect.Cond) *connect.Cond {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &connect.Cond{Op: connect.And, Of: []connect.Cond{*a, *b}}
}
