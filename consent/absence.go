package consent

import (
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
)

// absence remembers who left the gates while somebody was reading states: a state
// that was read before they left must not come back after.
type absence struct {
	mu    sync.Mutex
	reads int
	gone  map[avow.ID]bool
}

func (a *absence) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone == nil {
		a.gone = map[avow.ID]bool{}
	}
	a.reads++
}

func (a *absence) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reads--; a.reads == 0 {
		clear(a.gone)
	}
}

func (a *absence) left(id avow.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reads > 0 {
		a.gone[id] = true
	}
}

func (a *absence) has(id avow.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.gone[id]
}

// state is a person's state under one policy.
type state struct {
	series *series
	state  gate.State
}

// set gives the gates states that were folded in a transaction that is on disk now. One
// folded under versions that are not the latest any more is let go of: the database knows.
func (r *Register) set(states []state) {
	for i := range states {
		s := &states[i]
		if r.find(s.series.name) != s.series || !s.series.gate.Set(&s.state) {
			r.absent.left(s.state.Subject)
			s.series.gate.Delete(s.state.Subject)
		}
	}
}

// setRead gives the gates states that were read between absent.begin and absent.end;
// it returns how many are held.
func (r *Register) setRead(states []state) (held int) {
	for i := range states {
		s := &states[i]
		switch {
		case !s.series.gate.Set(&s.state):
			r.absent.left(s.state.Subject)
		case r.absent.has(s.state.Subject):
			s.series.gate.Delete(s.state.Subject)
		default:
			held++
		}
	}
	return held
}

// letGo has the gates forget somebody who is not there any more.
func (r *Register) letGo(id avow.ID) {
	r.absent.left(id)
	for _, s := range r.all() {
		s.gate.Delete(id)
	}
}
