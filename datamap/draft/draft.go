// Package draft writes the first map of a system: from what a database says of itself
// and from a bounded sample of its rows it judges which columns hold data about people,
// which data of the policy that is, whose rows they are, and what an erasure can do to
// them. Drift compares the same judgement with a map that exists.
//
// What stays true: every column is judged, and every judgement has its reasons; what is
// not sure is listed for a person to decide and stands in the file only as a comment; a
// drafted file is one that datamap.Load accepts, and its rules hold against the
// constraints of the database it was drafted from. A table that cannot be read, or has
// no rows, is judged by its names, types and references alone, and that is said.
//
// What it never does: keep a sampled value, write one into a file, a reason, an error or
// a log; change anything; decide a law's question, such as how long an invoice stays.
package draft

import (
	"context"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// Options says what is drafted. The zero value of everything but System and Kind is usual.
type Options struct {
	System      string       // its name in the map
	Kind        datamap.Kind // of the system
	Title       string
	Credentials string // where they are found, `env:SHOP_DSN`; without it a variable named after the system
	At          string // of files and services
	Sample      int    // rows read of each table; 0: 200
}

// Sureness is how sure a judgement is.
type Sureness uint8

// How sure a column is about people.
const (
	Not     Sureness = iota // it is not about people
	Unsure                  // a person has to decide
	Likely                  // names, types and place say so
	Certain                 // values say so too
)

var surenessNames = [...]string{"not", "unsure", "likely", "certain"}

func (s Sureness) String() string { return surenessNames[s] }

// MarshalText writes the word.
func (s Sureness) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is the judgement of one column.
type Finding struct {
	Table  string   `json:"table"`
	Column string   `json:"column"`
	What   Sort     `json:"what"`           // what it holds; empty when it is not about people
	Data   string   `json:"data,omitempty"` // the policy's category or field for it; empty when there is none
	Sure   Sureness `json:"sure"`
	Why    []string `json:"why"` // without any value
}

// Unread is a table of which no row could be read.
type Unread struct {
	Table string `json:"table"`
	Why   string `json:"why"`
}

// Result is a draft.
type Result struct {
	System      string          `json:"system"`
	File        []byte          `json:"-"`       // the systems file
	Columns     []Finding       `json:"columns"` // certain and likely: those stand in the file
	Unsure      []Finding       `json:"unsure"`  // a person decides: comments in the file
	Without     []Finding       `json:"without"` // about people, and the policy has no data for it: comments in the file
	NotPersonal []string        `json:"not_personal"`
	Apart       []Apart         `json:"apart"` // tables with personal columns that nothing ties to a person: comments in the file
	Empty       []string        `json:"empty"` // tables judged without a row
	Unread      []Unread        `json:"unread"`
	Problems    policy.Problems `json:"problems"` // what the file still gets said about by Load and CheckLive
}

// Apart is a table with personal columns that no identity leads to.
type Apart struct {
	Table string `json:"table"`
	Why   string `json:"why"`
}

// Draft reads the schema and a sample of src and drafts its map for a policy.
func Draft(ctx context.Context, p *policy.Policy, src connect.Source, o Options) (*Result, error) {
	schema, err := src.Describe(ctx)
	if err != nil {
		return nil, err
	}
	j, err := judge(ctx, schema, src, o.Sample)
	if err != nil {
		return nil, err
	}
	j.data(p)
	d := newDrafter(p, o, j)
	d.relate()
	d.rules()
	return d.result(), nil
}
