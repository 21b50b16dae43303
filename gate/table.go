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

// live is what of a slot is a subject's own.
type live struct {
	consents   uint64
	objections [2]uint64
	until      int64 // Unix milliseconds; 0 none
	restricted bool
}

// The table is split so that a growing part holds up few writers and little memory.
const (
	shardBits = 6
	shards    = 1 << shardBits
)

// A shard is open addressing with linear probing. A delete moves those behind it
// back towards their home, so that no tombstone is left. It grows by a quarter at
// seven eighths full and shrinks when a third is empty: a subject costs 64/0.65
// bytes at most.
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

// probe finds a slot, or the empty one where it would have to go. Among writers it
// is exact; a reader's result counts only while the sequence stands still.
func probe(body []uint64, a, b, h uint64) (i int, found bool) {
	size := len(body) / slotWords
	if size == 0 {
		return 0, false
	}
	i = home(h, size)
	fetch(body, i)
	for n := 0; ; n++ {
		s := (*[slotWords]uint64)(body[i*slotWords:])
		if atomic.LoadUint64(&s[wordID1]) == b && atomic.LoadUint64(&s[wordID0]) == a && atomic.LoadUint64(&s[wordMeta]) != 0 {
			return i, true
		}
		if atomic.LoadUint64(&s[wordMeta]) == 0 || n == size { // round once: a writer is moving slots under a reader
			return i, false
		}
		if i++; i == size {
			i = 0
		}
	}
}

// read copies what a slot says and, while it cannot change, what its profile points at.
func (t *slots) read(id avow.ID, profiles *directory, out *live) (*day, bool) {
	a, b := idWords(id)
	h := hash(a, b)
	s := t.shard(h)
	for spins := 1; ; spins++ {
		seq := s.seq.Load()
		if seq&1 == 0 {
			d, found := s.tryRead(a, b, h, profiles, out)
			if s.seq.Load() == seq {
				return d, found
			}
		}
		if spins&15 == 0 {
			runtime.Gosched()
		}
	}
}

func (s *shard) tryRead(a, b, h uint64, profiles *directory, out *live) (*day, bool) {
	p := s.body.Load()
	if p == nil {
		return nil, false
	}
	body := *p
	i, found := probe(body, a, b, h)
	if !found {
		return nil, false
	}
	at := (*slot)(body[i*slotWords:])
	meta := atomic.LoadUint64(&at[wordMeta])
	out.consents = atomic.LoadUint64(&at[wordConsents])
	out.objections[0] = atomic.LoadUint64(&at[wordObjections0])
	out.objections[1] = atomic.LoadUint64(&at[wordObjections1])
	out.until = int64(atomic.LoadUint64(&at[wordUntil]))
	out.restricted = meta&flagRestricted != 0
	return profiles.load(uint32(meta)), true
}

// touch begins to fetch a subject's slot from memory. Nothing waits for it.
func (t *slots) touch(id avow.ID) {
	a, b := idWords(id)
	h := hash(a, b)
	if body := t.shard(h).words(); len(body) > 0 {
		fetch(body, home(h, len(body)/slotWords))
	}
}

// fetch begins to read a slot and the three after it: where one is not the subject's,
// the next is there already instead of a wait for memory later.
func fetch(body []uint64, i int) {
	i *= slotWords
	atomic.LoadUint64(&body[i+wordMeta])
	if i+4*slotWords <= len(body) {
		atomic.LoadUint64(&body[i+slotWords+wordMeta])
		atomic.LoadUint64(&body[i+2*slotWords+wordMeta])
		atomic.LoadUint64(&body[i+3*slotWords+wordMeta])
	}
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
		body = s.resize(grown(size))
		i, _ = probe(body, n[wordID0], n[wordID1], h)
	}
	s.seq.Add(1)
	store(body, i, n)
	s.seq.Add(1)
	s.n++
	return 0, false
}

// seen is the ledger index of a subject's state.
func (t *slots) seen(id avow.ID) (uint64, bool) {
	a, b := idWords(id)
	h := hash(a, b)
	s := t.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	body := s.words()
	i, found := probe(body, a, b, h)
	if !found {
		return 0, false
	}
	return load(body, i, wordSeen), true
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
		s.resize(max(smallest, s.n*100/78+1)) // one slot is always empty
	}
	return old
}

const smallest = 2 // slots of a shard that has any

func (s *shard) words() []uint64 {
	if p := s.body.Load(); p != nil {
		return *p
	}
	return nil
}

// grown is the next size: small shards grow by less, their copying costs nothing.
func grown(size int) int {
	if size < 64 {
		return size + max(size/8, 1)
	}
	return size + size/4
}

// resize copies the shard to a new place; readers go on with the old one until it is there.
func (s *shard) resize(size int) []uint64 {
	old := s.words()
	body := newBody(max(size, smallest) * slotWords)
	for i := 0; i < len(old); i += slotWords {
		if n := (*slot)(old[i:]); n[wordMeta] != 0 {
			copy(body[place(body, n)*slotWords:], n[:]) // nobody reads it yet
		}
	}
	s.body.Store(&body)
	return body
}

// newBody makes empty slots: at least as many as asked for, and all that fit into
// the memory that is taken anyway.
func newBody(words int) []uint64 {
	body := slices.Grow([]uint64(nil), words)
	return body[:cap(body)/slotWords*slotWords]
}

// place is the first empty slot from a subject's home on.
func place(body []uint64, n *slot) int {
	size := len(body) / slotWords
	i := home(hash(n[wordID0], n[wordID1]), size)
	for body[i*slotWords+wordMeta] != 0 {
		if i++; i == size {
			i = 0
		}
	}
	return i
}

// closeGap empties slot i and moves into it whoever would no longer be found
// behind it (Knuth, The Art of Computer Programming, 6.4, algorithm R).
func closeGap(body []uint64, i int) {
	size := len(body) / slotWords
	for j := i; ; {
		if j++; j == size {
			j = 0
		}
		if load(body, j, wordMeta) == 0 {
			store(body, i, &slot{})
			return
		}
		at := home(hash(load(body, j, wordID0), load(body, j, wordID1)), size)
		if distance(j, at, size) >= distance(j, i, size) {
			move(body, i, j)
			i = j
		}
	}
}

func distance(i, home, size int) int {
	if i -= home; i < 0 {
		i += size
	}
	return i
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
