package vault

import (
	"testing"
	"time"

	"github.com/avowhq/avow"
)

// An ended key is not taken in again, until too many others have ended since.
func TestEndsAreRemembered(t *testing.T) {
	c, now := newKeyCache(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ids := make([]avow.ID, endedSize+2)
	for i := range ids {
		ids[i] = avow.NewID(now)
	}
	c.drop(ids[0])
	c.drop(ids[:endedSize]...)
	for _, id := range ids[:endedSize] {
		if _, known := c.get(id, now); known != destroyed || c.put(id, &dataKey{}, 0, now) {
			t.Fatal("an ended key was taken in")
		}
	}
	c.drop(ids[endedSize:]...)
	if len(c.ended) != endedSize || len(c.order) != endedSize {
		t.Errorf("%d ends are remembered in %d places", len(c.ended), len(c.order))
	}
	for i, id := range ids {
		if _, known := c.get(id, now); (known == destroyed) != (i >= 2) {
			t.Errorf("end %d: %v", i, known)
		}
	}
}

// A key counts for a second after it was seen, and for a second after each answer that nothing was destroyed since.
func TestKeyIsHeldForASecond(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	late := noon.Add(time.Hour)
	id, other := avow.NewID(noon), avow.NewID(noon)
	held := func(then func(c *keyCache)) *keyCache {
		c := newKeyCache()
		c.put(id, &dataKey{}, 7, noon)
		then(c)
		return c
	}
	answer := func(number int64, at time.Time) func(*keyCache) { return func(c *keyCache) { c.answer(number, at) } }
	for _, c := range []struct {
		what string
		of   func(c *keyCache)
		at   time.Time
		want keyState
	}{
		{"at once", func(*keyCache) {}, noon, there},
		{"within a second", func(*keyCache) {}, noon.Add(time.Second - 1), there},
		{"after a second", func(*keyCache) {}, noon.Add(time.Second), doubtful},
		{"a clock set back", func(*keyCache) {}, noon.Add(-time.Second), doubtful},
		{"asked since", answer(7, late), late.Add(time.Second - 1), there},
		{"asked too long ago", answer(7, late), late.Add(time.Second), doubtful},
		{"asked by a clock set back", answer(7, noon.Add(-time.Hour)), noon.Add(-time.Hour), there},
		{"something was destroyed", answer(8, late), late, unknown},
		{"something was destroyed, just seen", answer(8, noon), noon, there},
		{"an older snapshot's answer", answer(6, late), late, doubtful},
		{"an older snapshot's answer, after a destruction", func(c *keyCache) { c.answer(8, late); c.answer(7, late) }, late, unknown},
		{"another key seen later", func(c *keyCache) { c.put(other, &dataKey{}, 7, late) }, late, there},
		{"another key seen after a destruction", func(c *keyCache) { c.put(other, &dataKey{}, 8, late) }, late, unknown},
		{"another key seen in an older snapshot", func(c *keyCache) { c.put(other, &dataKey{}, 6, late) }, late, doubtful},
		{"another key seen earlier", func(c *keyCache) { c.answer(7, late); c.put(other, &dataKey{}, 7, noon) }, late, there},
		{"destroyed", func(c *keyCache) { c.drop(id) }, noon, destroyed},
		{"cleared", func(c *keyCache) { c.clear() }, noon, unknown},
	} {
		if _, got := held(c.of).get(id, c.at); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}
