package sqldb

import (
	"context"
	"time"
)

// Now is the time by the clock of the database's server. A SQLite file has none of its own.
func (s *source) Now(ctx context.Context) (time.Time, error) {
	query := s.dialect.clock()
	if query == "" {
		return time.Time{}, nil
	}
	var micros int64
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := s.reads.QueryRowContext(ctx, query).Scan(&micros); err != nil {
		return time.Time{}, s.fault(ctx, "asking for the time", err)
	}
	return time.UnixMicro(micros).UTC(), nil
}
