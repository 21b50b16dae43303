package connect

import (
	"context"
	"time"
)

// Timekeeper is a Source whose server has a clock, and tells it to every login. It is a second
// witness of what time it is: what is ended by the clock of this machine alone is ended by one witness.
type Timekeeper interface {
	// Now is the time by the server's clock; zero where the system has no other clock than this machine's.
	Now(ctx context.Context) (time.Time, error)
}
