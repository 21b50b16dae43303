package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one sender may read of the public log: somebody who checks all of it is quick,
// and a crowd is not stopped by one.
const (
	readsPerSecond = 200
	readsAtOnce    = 2000
)

// rememberedReaders bounds the senders whose allowance is remembered.
const rememberedReaders = 1 << 13

// readers are allowances by sender. When there are too many, those who have not been
// heard of since the last time are forgotten.
type readers struct {
	mu       sync.Mutex
	now, was map[string]*rate.Limiter
}

// allow takes one from a sender's allowance.
func (l *readers) allow(sender string, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, ok := l.now[sender]
	if !ok {
		if mine, ok = l.was[sender]; !ok {
			mine = rate.NewLimiter(readsPerSecond, readsAtOnce)
		}
		if l.now == nil || len(l.now) >= rememberedReaders {
			l.was, l.now = l.now, map[string]*rate.Limiter{}
		}
		l.now[sender] = mine
	}
	return mine.AllowN(at, 1)
}
