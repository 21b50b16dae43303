package main

import (
	"fmt"
	"time"
)

// progress shows how far long work has come, on standard error, about once a second
// and only when it takes longer than that.
func (t *terminal) progress(doing, what string) func(done, total int64) {
	last := time.Now()
	shown := false
	return func(done, total int64) {
		if shown && total > 0 && done >= total {
			shown = false
			fmt.Fprintf(t.err, "\r%s: %d of %d %s\n", doing, done, total, what)
			return
		}
		if time.Since(last) < time.Second {
			return
		}
		last, shown = time.Now(), true
		fmt.Fprintf(t.err, "\r%s: %d of %d %s", doing, done, total, what)
	}
}
