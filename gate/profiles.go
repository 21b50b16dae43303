package gate

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A profile is what many subjects have in common: kind, region, facts and what is
// held under which words. It is interned, counted by the subjects that have it,
// and given up with the last of them.
type profile struct {
	state State // without what is each subject's own
	refs  int
	hash  uint64
	next  uint32 // the next profile with the same hash
}

// profileBytes is about what one costs, with its days.
const profileBytes = 700

// A directory finds a profile's first day by id without a lock.
type directory struct{ chunks []atomic.Pointer[chunk] }

const chunkSize = 256

type chunk [chunkSize]atomic.Pointer[day]

func (d *directory) load(id uint32) *day {
	c := d.chunks[id/chunkSize].Load()
	if c == nil {
		return nil
	}
	return c[id%chunkSize].Load()
}

func (d *directory) store(id uint32, first *day) {
	at := &d.chunks[id/chunkSize]
	if at.Load() == nil {
		at.Store(new(chunk))
	}
	at.Load()[id%chunkSize].Store(first)
}

// profiles are interned under a lock that readers never take. An id is reused
// only after no slot has it; a reader that saw the old one reads again, because
// the slot it came from has changed.
type profiles struct {
	dir    directory
	mu     sync.Mutex
	max    int
	rules  *Rules
	floor  int
	byID   []profile // index 0 is nobody
	unused []uint32
	byHash map[uint64]uint32
}

func (p *profiles) init(limit int) {
	p.max = limit
	p.byID = make([]profile, 1)
	p.byHash = map[uint64]uint32{}
	p.dir.chunks = make([]atomic.Pointer[chunk], (limit+chunkSize)/chunkSize+1)
}

func (p *profiles) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byID) - 1 - len(p.unused)
}

// acquire gives the id of a state's profile and counts one more subject; 0 when
// there is no room for another one, or no rules yet.
func (p *profiles) acquire(s *State) uint32 {
	h := hashOf(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rules == nil {
		return 0
	}
	for id := p.byHash[h]; id != 0; id = p.byID[id].next {
		if same(&p.byID[id].state, s) {
			p.byID[id].refs++
			return id
		}
	}
	return p.add(h, s)
}

func (p *profiles) add(h uint64, s *State) uint32 {
	var id uint32
	switch {
	case len(p.unused) > 0:
		id = p.unused[len(p.unused)-1]
		p.unused = p.unused[:len(p.unused)-1]
	case len(p.byID) <= p.max:
		id = uint32(len(p.byID))
		p.byID = append(p.byID, profile{})
	default:
		return 0
	}
	common := State{Kind: s.Kind, Region: s.Region, Facts: s.Facts, Holdings: slices.Clone(s.Holdings)}
	p.byID[id] = profile{state: common, refs: 1, hash: h, next: p.byHash[h]}
	p.byHash[h] = id
	p.dir.store(id, p.rules.daysOf(&common, p.floor, len(p.rules.versions)-1))
	return id
}

// release counts one subject less.
func (p *profiles) release(id uint32) {
	if id == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[id].refs--; p.byID[id].refs > 0 {
		return
	}
	p.unlink(id)
	p.byID[id] = profile{}
	p.dir.store(id, nil)
	p.unused = append(p.unused, id)
}

func (p *profiles) unlink(id uint32) {
	h, next := p.byID[id].hash, p.byID[id].next
	first := p.byHash[h]
	switch {
	case first == id && next == 0:
		delete(p.byHash, h)
	case first == id:
		p.byHash[h] = next
	default:
		for at := first; ; at = p.byID[at].next {
			if p.byID[at].next == id {
				p.byID[at].next = next
				return
			}
		}
	}
}

// recompile brings every profile to new rules. Readers meanwhile decide by the
// old rules or the new ones, never by a mixture: a day carries its rules.
func (p *profiles) recompile(rules *Rules, floor int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules, p.floor = rules, floor
	for id := 1; id < len(p.byID); id++ {
		if p.byID[id].refs > 0 {
			p.dir.store(uint32(id), rules.daysOf(&p.byID[id].state, floor, len(rules.versions)-1))
		}
	}
}

func same(a, b *State) bool {
	return a.Kind == b.Kind && a.Region == b.Region && a.Facts == b.Facts && slices.Equal(a.Holdings, b.Holdings)
}

func hashOf(s *State) uint64 {
	h := mix(uint64(s.Kind), s.Facts)
	for i := range len(s.Region) {
		h = mix(h, uint64(s.Region[i]))
	}
	for i := range s.Holdings {
		x := &s.Holdings[i]
		h = mix(h^uint64(x.Version), uint64(x.Source)<<32^uint64(uint32(x.Agreement)))
		for w := range x.Fields {
			h = mix(h^x.Fields[w], x.OnlyFor[w])
		}
	}
	return h
}

func mix(a, b uint64) uint64 { return hash(a, b^0xff51afd7ed558ccd) }
