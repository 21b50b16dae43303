package saas

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// limiter lets so many requests begin within any span of its time.
type limiter struct {
	places chan struct{}
	per    time.Duration
}

func newLimiter(r rate) *limiter {
	if r.requests == 0 {
		return nil
	}
	return &limiter{places: make(chan struct{}, r.requests), per: r.per}
}

// wait takes a place, which is free again after the time.
func (l *limiter) wait(ctx context.Context) error {
	if l == nil {
		return nil
	}
	select {
	case l.places <- struct{}{}:
		time.AfterFunc(l.per, func() { <-l.places })
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The bounds of waiting for a service that is busy.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 2 * time.Minute
)

// pause is how long to wait before another attempt: what the service says (rfc:9110#10.2.3),
// else longer each time and never the same for two who wait. False when it is too long.
func pause(h http.Header, attempt int) (time.Duration, bool) {
	if said := h.Get("Retry-After"); said != "" {
		if d, ok := retryAfter(said, h.Get("Date")); ok {
			return d, d <= longestPause
		}
	}
	d := firstPause << min(attempt, 6)
	return d/2 + rand.N(d/2), true
}

// retryAfter reads seconds, or a date beside the date of the answer itself.
func retryAfter(said, date string) (time.Duration, bool) {
	if n, err := strconv.Atoi(said); err == nil && n >= 0 && n < 1<<30 {
		return time.Duration(n) * time.Second, true
	}
	at, err := http.ParseTime(said)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(date)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
