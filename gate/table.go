package gate

import (
	"encoding/binary"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/avowhq/avow"
)

// A slot is eight words, one cache line, without pointers: the collector never
// looks inside. A slot whose meta is zero is empty.
const (
	wordID0 = iota
	wordID1
	wordConsents
	wordObjections0
	wordObjections1
	wordUntil // Unix milliseconds; 0 none
	wordSeen
	wordMeta // profile id in the low half, flags in the high half
	slotWords
)

const flagRestricted = 1 << 32

type slot [slotWords]uint64

func (s *slot) profile() uint32 { return uint32(s[wordMeta]) }

// The table is split so that a growing part holds up few writers and little memory.
const (
	shardBits = 6
	shards    = 1 << shardBits
)

// A shard is open addressing with linear probing, its slots in the order of their
// home position. That order is what makes a miss end early, a delete leave no
// tombstone, and growth a single pass. It grows by a quarter at seven eighths
// full and shrinks when a third is empty, so that a subject costs 64/0.65 bytes at most.
//
// Readers take no lock: they read the words atomically and read again when the
// sequence has moved meanwhile. It is odd while a writer moves slots.
type shard struct {
	seq  atomic.Uint64
	body atomic.Pointer[[]uint64]
	mu   sync.Mutex
	n    int
	_    [32]byte // one shard a cache line
}

type slots struct{ part [shards]shard }

func idWords(id avow.ID) (a, b uint64) {
	return binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:])
}

func hash(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xc2b2ae3d27d4eb4f)
	return hi ^ lo
}

func (t *slots) shard(h uint64) *shard { return &t.part[h&(shards-1)] }

func home(h uint64, size int) int {
	hi, _ := bits.Mul64(h, uint64(size))
	return int(hi)
}

func load(body []uint64, i, word int) uint64 { return atomic.LoadUint64(&body[i*slotWords+word]) }

// probe finds a slot, or the position where it would have to go. Among writers it
// is exact; a reader's result counts only while the sequence stands still.
func probe(body []uint64, a, b, h uint64) (i int, found bool) {
	size := len(body) / slotWords
	if size == 0 {
		return 0, false
	}
	i = home(h, size)
	for dist := 0; ; dist++ {
		if load(body, i, wordMeta) == 0 || dist == size { // round once: a writer is moving slots under a reader
			return i, false
		}
		x, y := load(body, i, wordID0), load(body, i, wordID1)
		if x == a && y == b {
			return i, true
		}
		if distance(i, home(hash(x, y), size), size) < dist {
			return i, false
		}
		if i++; i == size {
			i = 0
		}
	}
}

func distance(i, home, size int) int {
	if i -= home; i < 0 {
		i += size
	}
	return i
}

// read copies a slot and, while it cannot change, what its profile points at.
func (t *slots) read(id avow.ID, profiles *directory, out *slot) (*view, bool) {
	a, b := idWords(id)
	h := hash(a, b)
	s := t.shard(h)
	for spins := 1; ; spins++ {
		seq := s.seq.Load()
		if seq&1 == 0 {
			v, found := s.tryRead(a, b, h, profiles, out)
			if s.seq.Load() == seq {
				return v, found
			}
		}
		if spins&15 == 0 {
			runtime.Gosched()
		}
	}
}

func (s *shard) tryRead(a, b, h uint64, profiles *directory, out *slot) (*view, bool) {
	p := s.body.Load()
	if p == nil {
		return nil, false
	}
	body := *p
	i, found := probe(body, a, b, h)
	if !found {
		return nil, false
	}
	at := body[i*slotWords : i*slotWords+slotWords : i*slotWords+slotWords]
	for w := range out {
		out[w] = atomic.LoadUint64(&at[w])
	}
	return profiles.load(out.profile()), true
}

// put writes a slot. old is what it replaced; stale reports that the table has
// seen a later state of the subject, and that nothing was done.
func (t *slots) put(n *slot) (old uint32, stale bool) {
	h := hash(n[wordID0], n[wordID1])
	s := t.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	body := s.words()
	i, found := probe(body, n[wordID0], n[wordID1], h)
	if found {
		if load(body, i, wordSeen) > n[wordSeen] {
			return 0, true
		}
		old = uint32(load(body, i, wordMeta))
		s.seq.Add(1)
		store(body, i, n)
		s.seq.Add(1)
		return old, false
	}
	if size := len(body) / slotWords; (s.n+1)*8 > size*7 {
		body = s.resize(size + max(size/4, 2))
		i, _ = probe(body, n[wordID0], n[wordID1], h)
	}
	s.seq.Add(1)
	insert(body, i, n)
	s.seq.Add(1)
	s.n++
	return 0, false
}

// remove takes a subject out and moves those behind it back towards their home.
func (t *slots) remove(id avow.ID) (old uint32) {
	a, b := idWords(id)
	h := hash(a, b)
	s := t.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	body := s.words()
	i, found := probe(body, a, b, h)
	if !found {
		return 0
	}
	old = uint32(load(body, i, wordMeta))
	s.seq.Add(1)
	closeGap(body, i)
	s.seq.Add(1)
	s.n--
	if size := len(body) / slotWords; size > smallest && s.n*100 < size*65 {
		s.resize(max(smallest, s.n*100/78))
	}
	return old
}

const smallest = 8 // slots of a shard that has any

func (s *shard) words() []uint64 {
	if p := s.body.Load(); p != nil {
		return *p
	}
	return nil
}

// resize copies the shard to a new place; readers go on with the old one until it is there.
func (s *shard) resize(size int) []uint64 {
	old := s.words()
	body := slices.Grow([]uint64(nil), max(size, smallest)*slotWords)
	body = body[:cap(body)/slotWords*slotWords]
	for i := 0; i < len(old); i += slotWords {
		if n := (*slot)(old[i:]); n[wordMeta] != 0 {
			at, _ := probe(body, n[wordID0], n[wordID1], hash(n[wordID0], n[wordID1]))
			insert(body, at, n)
		}
	}
	s.body.Store(&body)
	return body
}

// insert makes room at i by moving everything up to the next empty slot one on.
func insert(body []uint64, i int, n *slot) {
	size := len(body) / slotWords
	end := i
	for load(body, end, wordMeta) != 0 {
		if end++; end == size {
			end = 0
		}
	}
	for end != i {
		from := end - 1
		if from < 0 {
			from = size - 1
		}
		move(body, end, from)
		end = from
	}
	store(body, i, n)
}

// closeGap empties slot i.
func closeGap(body []uint64, i int) {
	size := len(body) / slotWords
	for {
		next := i + 1
		if next == size {
			next = 0
		}
		x, y, meta := load(body, next, wordID0), load(body, next, wordID1), load(body, next, wordMeta)
		if meta == 0 || home(hash(x, y), size) == next {
			store(body, i, &slot{})
			return
		}
		move(body, i, next)
		i = next
	}
}

func store(body []uint64, i int, n *slot) {
	for w := range n {
		atomic.StoreUint64(&body[i*slotWords+w], n[w])
	}
}

func move(body []uint64, to, from int) {
	for w := range slotWords {
		atomic.StoreUint64(&body[to*slotWords+w], load(body, from, w))
	}
}

// len counts the subjects.
func (t *slots) len() (n int) {
	for i := range t.part {
		s := &t.part[i]
		s.mu.Lock()
		n += s.n
		s.mu.Unlock()
	}
	return n
}

// bytes is what the slots take, empty ones included.
func (t *slots) bytes() (n int) {
	for i := range t.part {
		s := &t.part[i]
		s.mu.Lock()
		n += cap(s.words()) * 8
		s.mu.Unlock()
	}
	return n
}
