package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"
)

// settled is how long after the start nothing of it goes on any more.
const settled = 3 * time.Second

// giveBack returns to the system what only the start needed: buffers in which migrations
// were read, which are pooled and go with the second collection, and the pages of the
// program's own file with everything that runs once.
func giveBack(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settled):
		runtime.GC()
		debug.FreeOSMemory()
		forgetPages()
	}
}
