package main

import (
	"context"
	"os"
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

// slack is how many bytes of garbage may always lie about in a server, beside as many as are in use.
const slack = 24 << 20

// allowSlack makes that so until it is undone. Garbage is collected when as much has piled up as is
// in use, and a server that holds little would do so many times a second. So it holds memory
// that counts as used and is never touched: no page of it is ever taken from the system.
func allowSlack() (undo func()) {
	if memoryIsSet() {
		return func() {}
	}
	untouched := make([]byte, slack)
	return func() { runtime.KeepAlive(untouched) }
}

// memoryIsSet: who runs the program says how much memory it takes, and has the last word.
func memoryIsSet() bool { return os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" }
