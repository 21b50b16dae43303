// Package find says which rows of the mapped systems concern a person, and shows them.
//
// It takes the links of the map from the identities of some people, reading each
// system for thousands of values at once, until nothing new is found; what it keeps of
// a row is its key, whose it is and by which links, in some thirty bytes.
//
// What stays true: a row is found once, however many ways lead to it. A row that one
// owning link ties to a person and another to somebody else is nobody's until a person
// has decided: it is listed as a conflict, it is not shown, and nothing is found through
// it. What could not be read is reported for the table or the system, and all the rest
// is found without it. What is exported is the person's, or says what was left out.
//
// What it never does: change a row, decide what becomes of one, log, or put the value of
// a row in an error.
package find

import (
	"context"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Person is somebody whose rows are sought. A person is named by their place in the
// slice that is handed in.
type Person struct {
	Identities []Identity
}

// Identity is one value by which somebody is known. Several of one kind are all theirs.
type Identity struct {
	Kind  string // of the map: `email`, `phone`, `member-number`
	Value string
}

// Sources are the opened systems by their names. One that is missing or nil is away.
type Sources map[string]connect.Source

// Options are the bounds of a search, and what it is for. The zero Options are those
// of a search whose rows are to be changed.
type Options struct {
	Region string // the country of phone numbers without a country code: `GB`
	// ToShow says that the rows are to be exported, not changed: whole rows are kept from
	// the first read, and nobody asks who else shares them (Tie.Last is never true).
	ToShow bool
	Keep   int // ToShow: how many bytes of whole rows are kept, past which rows are read again; 0: 8 MiB
	Batch  int // values a read; 0: 5000
	// Parallel is how many reads of one system run at the same time; 0: 4.
	Parallel int
}

// Search is a map with the systems it is about. It is safe for concurrent use.
type Search struct {
	Graph   *datamap.Graph
	Sources Sources
	Schemas map[string]*connect.Schema // by system; one that is missing says nothing of its tables
	Options Options
	Away    map[string]error // why a system is not among the sources, where somebody knows
}

// New is a search in these systems.
func New(g *datamap.Graph, sources Sources, schemas map[string]*connect.Schema, o Options) *Search {
	return &Search{Graph: g, Sources: sources, Schemas: schemas, Options: o.usual()}
}

func (o Options) usual() Options {
	if o.Keep == 0 {
		o.Keep = 8 << 20
	}
	if o.Batch <= 0 {
		o.Batch = 5000
	}
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	return o
}

// Find seeks the rows of all these people at once. An error is one of the context or of
// what was asked; what a system refuses stands in Found.
func (s *Search) Find(ctx context.Context, people []Person) (*Found, error) {
	k, err := newKnown(s.Graph, s.Options.Region, people)
	if err != nil {
		return nil, err
	}
	r := s.run(ctx, k)
	if err := r.all(); err != nil {
		return nil, err
	}
	return r.found(), nil
}
