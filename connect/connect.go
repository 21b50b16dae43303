// Package connect reaches the systems in which personal data really stands: databases,
// files, services. Each is a Source, and every Source behaves the same; what one
// cannot do it says in its Schema, before anything is tried.
//
// What stays true: a name from a map is only ever sent as a name and a value as a
// value, so that no text of a person or of a file becomes part of a query. One Change
// is done whole or not at all where the Schema says Atomic, and doing it again changes
// nothing more. A read asks for all values together, never one by one, and gives rows
// as they come. An error names the system, the table or the column and what to do, and
// holds no value of anybody and no credential.
//
// What it never does: decide whose a row is or what becomes of it, follow a reference,
// keep anything, or log.
package connect

import "context"

// Source is one opened system. It is safe for concurrent use. Every method returns an
// *avow.Error: Unavailable when the system is away or too slow (asking again later may
// succeed), Forbidden when the login may not (the message is the exact grant that is
// missing), NotFound for a table or column that is not there, Conflict when the system
// refuses a change (a constraint, which is named), Invalid for what cannot be asked of
// this system, Canceled when the context ended.
type Source interface {
	// Describe reads which tables there are, what holds between them, and what this
	// login may do with each.
	Describe(ctx context.Context) (*Schema, error)

	// Read gives each row that r asks for to each, once, as it comes. An error of each
	// ends the reading and is returned as it is. Memory does not grow with the rows.
	Read(ctx context.Context, r Read, each func(Row) error) error

	// Change does all changes in their order as one step. A deadlock or a failure to
	// serialise is tried again here; after Unavailable it is not known whether the
	// step was done, and doing it again is right. There is one Result for each Change.
	Change(ctx context.Context, changes []Change) ([]Result, error)

	// Show is what Change would send, for people to read. Values stand as parameters.
	Show(changes []Change) ([]Statement, error)

	Close() error
}

// Statement is one command as it is sent to a system.
type Statement struct {
	Text   string `json:"text"`             // SQL, or what the system has in its place
	Values []any  `json:"values,omitempty"` // its parameters, in order; long lists are cut
	Cut    int    `json:"cut,omitempty"`    // how many parameters are not shown
}
