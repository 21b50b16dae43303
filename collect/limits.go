package collect

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bounds how often somebody may submit, and how often a point may be
// submitted to, per node. Zero values take the defaults.
type Limits struct {
	PerRemote  rate.Limit // a second, of one sender; default one in two seconds
	Burst      int        // at once, of one sender; default 20
	PerPoint   rate.Limit // a second, of one point; default 50
	PointBurst int        // at once, of one point; default 200
}

func (l Limits) orDefault() Limits {
	if l.PerRemote == 0 {
		l.PerRemote = 0.5
	}
	if l.Burst == 0 {
		l.Burst = 20
	}
	if l.PerPoint == 0 {
		l.PerPoint = 50
	}
	if l.PointBurst == 0 {
		l.PointBurst = 200
	}
	return l
}

// remembered bounds the senders whose allowance is remembered. The least recent one
// is forgotten first, and starts again with a full allowance.
const remembered = 1 << 14

// limiters are allowances by key.
type limiters struct {
	each  rate.Limit
	burst int

	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of *allowance, the most recent first
}

type allowance struct {
	key string
	*rate.Limiter
}

func newLimiters(each rate.Limit, burst int) *limiters {
	return &limiters{each: each, burst: burst, byKey: map[string]*list.Element{}, order: list.New()}
}

// allow takes one from a key's allowance.
func (l *limiters) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.byKey[key]
	if ok {
		l.order.MoveToFront(e)
	} else {
		e = l.order.PushFront(&allowance{key, rate.NewLimiter(l.each, l.burst)})
		l.byKey[key] = e
		if l.order.Len() > remembered {
			last := l.order.Back()
			delete(l.byKey, l.order.Remove(last).(*allowance).key)
		}
	}
	return e.Value.(*allowance).AllowN(now, 1)
}
