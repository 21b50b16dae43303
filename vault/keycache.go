package vault

import (
	"sync"
	"time"

	"github.com/avowhq/avow"
)

const (
	cacheSize = 1 << 15
	cacheTime = time.Second // for which an answer of the database about keys is taken to be true still
	endedSize = 1 << 12
)

// keyCache holds opened keys, and whose keys were destroyed of late: one that a read
// opened from an older snapshot is not taken in after its end was heard.
//
// Every destruction of keys counts one further in the database. A key was there when
// the count was its number; as long as the latest count asked for is the same, it is there.
type keyCache struct {
	mu     sync.RWMutex
	keys   map[avow.ID]*dataKey
	number int64     // of destructions, the highest heard of in an answer
	asked  time.Time // when that was the answer
	ended  map[avow.ID]bool
	order  []avow.ID // of ended, a ring once it is full
	oldest int
}

func newKeyCache() *keyCache {
	return &keyCache{keys: map[avow.ID]*dataKey{}, ended: map[avow.ID]bool{}}
}

// keyState is what is known of a subject's key.
type keyState int

const (
	unknown   keyState = iota // the database has to be asked for the key
	doubtful                  // it is held, and may be used if nothing was destroyed meanwhile: see answer
	there                     // it may be used
	destroyed                 // it need not be looked for
)

// get gives a key that may be used, or says what is known of it.
func (c *keyCache) get(subject avow.ID, now time.Time) (*dataKey, keyState) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k := c.keys[subject]
	switch {
	case k == nil && c.ended[subject]:
		return nil, destroyed
	case k == nil:
		return nil, unknown
	case fresh(k.at, now), k.number == c.number && fresh(c.asked, now):
		return k, there
	case k.number == c.number:
		return nil, doubtful
	}
	return nil, unknown
}

func fresh(at, now time.Time) bool { return now.Sub(at).Abs() < cacheTime }

// put takes a key in that was there at a time, when so many destructions had been counted, unless its end was heard since.
func (c *keyCache) put(subject avow.ID, k *dataKey, number int64, at time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended[subject] {
		return false
	}
	for old := range c.keys { // any other: the order of a map is random enough
		if len(c.keys) < cacheSize {
			break
		}
		delete(c.keys, old)
	}
	k.at, k.number = at, number
	c.keys[subject] = k
	if number > c.number || at.After(c.asked) {
		c.hear(number, at)
	}
	return true
}

// answer takes in how many destructions had been counted at a time.
func (c *keyCache) answer(number int64, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hear(number, at)
}

// hear passes over a count from an older snapshot. An equal one counts even if it was asked for
// earlier than the last: clocks are set back.
func (c *keyCache) hear(number int64, at time.Time) {
	if number >= c.number {
		c.number, c.asked = number, at
	}
}

// drop ends keys for good: a destroyed key never comes back.
func (c *keyCache) drop(subjects ...avow.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range subjects {
		delete(c.keys, s)
		c.end(s)
	}
}

// end remembers an end, and forgets the oldest one where there are too many.
func (c *keyCache) end(subject avow.ID) {
	if c.ended[subject] {
		return
	}
	c.ended[subject] = true
	if len(c.order) < endedSize {
		c.order = append(c.order, subject)
		return
	}
	delete(c.ended, c.order[c.oldest])
	c.order[c.oldest] = subject
	c.oldest = (c.oldest + 1) % endedSize
}

func (c *keyCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.keys)
}
