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
		if _, ended := c.get(id, now); !ended || c.put(id, &dataKey{}, now) {
			t.Fatal("an ended key was taken in")
		}
	}
	c.drop(ids[endedSize:]...)
	if len(c.ended) != endedSize || len(c.order) != endedSize {
		t.Errorf("%d ends are remembered in %d places", len(c.ended), len(c.order))
	}
	for i, id := range ids {
		if _, ended := c.get(id, now); ended != (i >= 2) {
			t.Errorf("end %d: %v", i, ended)
		}
	}
}

func TestKeyIsHeldForASecond(t *testing.T) {
	c, now := newKeyCache(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	id := avow.NewID(now)
	c.put(id, &dataKey{}, now)
	for after, want := range map[time.Duration]bool{0: true, time.Second - 1: true, time.Second: false, -time.Second: false} {
		if k, ended := c.get(id, now.Add(after)); ended || (k != nil) != want {
			t.Errorf("after %v: %v", after, k)
		}
	}
	c.clear()
	if k, _ := c.get(id, now); k != nil {
		t.Error("held after clear")
	}
}
