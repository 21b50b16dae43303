package vault

import (
	"sync"
	"time"

	"github.com/avowhq/avow"
)

const (
	cacheSize = 1 << 15
	cacheTime = time.Second // for which an opened key is taken to be there still; then the database is asked
	endedSize = 1 << 12
)

// keyCache holds opened keys for a moment, and whose keys were destroyed of late: one
// that a read opened from an older snapshot is not taken in after its end was heard.
type keyCache struct {
	mu     sync.RWMutex
	keys   map[avow.ID]*dataKey
	ended  map[avow.ID]bool
	order  []avow.ID // of ended, a ring once it is full
	oldest int
}

func newKeyCache() *keyCache {
	return &keyCache{keys: map[avow.ID]*dataKey{}, ended: map[avow.ID]bool{}}
}

// get gives a key that may be used, or none; ended: it was destroyed, and need not be looked for.
func (c *keyCache) get(subject avow.ID, now time.Time) (k *dataKey, ended bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k = c.keys[subject]
	if k == nil || now.Sub(k.at).Abs() >= cacheTime {
		return nil, c.ended[subject]
	}
	return k, false
}

// put takes a key in that was there at a time, unless its end was heard since.
func (c *keyCache) put(subject avow.ID, k *dataKey, now time.Time) bool {
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
	k.at = now
	c.keys[subject] = k
	return true
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
