package find

import "sync/atomic"

// rests is all that was read of the rows of one table besides what links stand on, as
// long as there is room. Of a table with too many rows nothing is kept: they are read
// again when they are shown.
type rests struct {
	bytes arena
	at    list[uint32] // row → its place + 1
	size  int64
	full  atomic.Bool
}

// keep takes the rest of a row, if room has not run out.
func (r *rests) keep(row uint32, rest []byte, room *atomic.Int64) error {
	if r.full.Load() {
		return nil
	}
	r.size += int64(len(rest)) + 4
	if room.Add(-int64(len(rest))-4) < 0 {
		room.Add(r.size)
		r.bytes, r.at = arena{}, list[uint32]{}
		r.full.Store(true)
		return nil
	}
	at, err := r.bytes.add(rest)
	if err != nil {
		return err
	}
	for r.at.n < int(row) {
		r.at.push(0)
	}
	r.at.push(at + 1)
	return nil
}

// of is the rest of a row, and of the next ones; false when it was not kept.
func (r *rests) of(row uint32) ([]byte, bool) {
	if int(row) >= r.at.n || *r.at.at(row) == 0 {
		return nil, false
	}
	return r.bytes.from(*r.at.at(row) - 1), true
}
