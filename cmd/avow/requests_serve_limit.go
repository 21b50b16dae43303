package main

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/avowhq/avow"
)

// What somebody nobody knows may ask of us: enough for an office behind one address, and too
// little to try codes or to fill a table.
const (
	asksAtOnce = 40
	asksEvery  = 15 * time.Second
	knownAsker = 1 << 13
)

// askLimit is an allowance for each sender. When there are too many, those who have not
// been heard of since the last time are forgotten.
type askLimit struct {
	clock func() time.Time

	mu       sync.Mutex
	now, was map[string]*rate.Limiter
}

// allow takes one from a sender's allowance: TooMany when there is none left.
func (l *askLimit) allow(sender string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, ok := l.now[sender]
	if !ok {
		if mine, ok = l.was[sender]; !ok {
			mine = rate.NewLimiter(rate.Every(asksEvery), asksAtOnce)
		}
		if l.now == nil || len(l.now) >= knownAsker {
			l.was, l.now = l.now, map[string]*rate.Limiter{}
		}
		l.now[sender] = mine
	}
	if !mine.AllowN(l.clock(), 1) {
		return avow.Errorf(avow.TooMany, "from where you are, a lot was asked just now; try again in a minute")
	}
	return nil
}
