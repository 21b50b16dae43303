package ledger

import (
	"slices"
	"sync"

	"github.com/avowhq/avow/store"
)

// mostLately bounds the events that are kept in memory for those who follow the log.
const mostLately = 4096

// lately is a run of events that this program appended, up to the last of them.
type lately struct {
	mu     sync.Mutex
	briefs []Brief
}

// add takes in events that are on disk now. What another node appended in between ends the run, and a new one begins.
func (r *lately) add(events []*pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.briefs); n > 0 && r.briefs[n-1].Index+1 != events[0].event.Index {
		r.briefs = r.briefs[:0]
	}
	if len(r.briefs) >= 2*mostLately {
		r.briefs = slices.Delete(r.briefs, 0, len(r.briefs)-mostLately)
	}
	for _, p := range events {
		r.briefs = append(r.briefs, Brief{p.event.Index, p.event.Type, p.event.Subject})
	}
}

// span gives the events from one index up to another; false when they are not all in the run.
func (r *lately) span(from, to int64) ([]Brief, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.briefs) == 0 {
		return nil, false
	}
	first := r.briefs[0].Index
	if from < first || to < from || to > first+int64(len(r.briefs)) {
		return nil, false
	}
	return slices.Clone(r.briefs[from-first : to-first]), true
}

// Lately is Briefs for who follows the log as it grows: of what this program appended itself,
// only how far the log goes is read.
func (l *Ledger) Lately(tx *store.Tx, from int64, limit int) ([]Brief, error) {
	size, err := l.Size(tx)
	if err != nil {
		return nil, err
	}
	if list, ok := l.lately.span(from, min(size, from+int64(limit))); ok {
		return list, nil
	}
	return l.Briefs(tx, from, limit)
}
