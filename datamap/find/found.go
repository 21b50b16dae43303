package find

import (
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Found is what concerns some people.
type Found struct {
	People    []Person
	Systems   []SystemFound // in the order of the map
	Conflicts []Conflict    // by table, key and person
	// Unknown are the kinds of identities that were handed in and that no table of the
	// map knows people by.
	Unknown []string
	// Unreached are the tables that only identities of other kinds lead to.
	Unreached []*datamap.Table
}

// SystemFound is what was found in one system.
type SystemFound struct {
	System *datamap.System
	// Away is why nothing can be read there now. It is nil for a manual system, which no
	// program ever reads.
	Away   error
	Tables []*Rows // of all its tables, in the order of the file
}

// Rows are the rows of one table that concern somebody.
type Rows struct {
	Table *datamap.Table
	// Err is why the table could not be read, or not to its end; what was found before stays.
	Err error
	// Missed are the links that could not be taken because the rows they start at, or
	// the system, could not be read: there may be more rows than these.
	Missed []*datamap.Link
	// Absent are columns that the map has and the table has not.
	Absent []string
	// Key and Linked name the columns of Row.Key and Row.Linked. A table without a key has
	// all that was read of a row for its key.
	Key, Linked []string
}

// Row is one row.
type Row struct {
	Key    connect.Tuple
	Linked connect.Tuple // the values that links stand on and were judged by
	Ties   []Tie         // by person, then the closest first
}

// Tie is one way in which a row concerns one person.
type Tie struct {
	Person int
	Link   *datamap.Link
	Way    datamap.Relation // of the whole way, which may be more distant than the link's own
	Last   bool             // nobody but the people sought shares or owns the row
}

// Conflict is a row that is tied to a person by an owning link and to somebody else by
// another. It is left alone until somebody has decided whose it is: giving the person
// the identity that is missing, or correcting the row, settles it.
type Conflict struct {
	Table   *datamap.Table
	Key     connect.Tuple
	Person  int
	By      []*datamap.Link // that lead to the person
	Against []Against
}

// Against is why a row is perhaps not the person's.
type Against struct {
	Link *datamap.Link
	Why  Why
}

// Why says what speaks against a row.
type Why string

// What may speak against it.
const (
	OtherIdentity Why = "other identity"    // it bears another value of a kind that is known of the person
	PointsAway    Why = "points elsewhere"  // it points at a row that is not the person's, or that is not there
	PointedAt     Why = "others point here" // a row that is not the person's points at it
	CannotTell    Why = "cannot be told"    // the rows that could tell cannot be read now
)

// Rows are those of one table; nil for a table of another map.
func (f *Found) Rows(t *datamap.Table) *Rows {
	for _, s := range f.Systems {
		if s.System != t.System {
			continue
		}
		for _, r := range s.Tables {
			if r.Table == t {
				return r
			}
		}
	}
	return nil
}

// Len is how many rows concern somebody.
func (r *Rows) Len() int { return 0 }

// Each gives every row once, in the order of the keys. An error of each ends it and is
// returned.
func (r *Rows) Each(each func(Row) error) error { return nil }
