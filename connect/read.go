package connect

import "errors"

// Read asks for rows of one table.
type Read struct {
	Table   string
	Columns []string // the columns or paths to give
	// A row is given when one of Any holds (every row when there are none), each of All
	// holds, and When holds.
	Any  []In
	All  []In
	When *Cond
	// With Key, rows come in the order of these columns; those up to After are left out
	// and at most Limit are given (0: no bound).
	Key   []string
	After Tuple
	Limit int
	// Sample asks for at most this many rows, whichever come cheapest.
	Sample int
}

// Whole is a column that systems without a fixed schema (MongoDB, files) give of each row:
// every field there is, also those nobody described, as a map of path → text. Of a message
// it is what can be read as text. Others have no such column.
const Whole = "*"

// ErrBudget stands behind an Unavailable error where asking again would end the same way:
// one step takes more requests than the description of a service allows.
var ErrBudget = errors.New("more requests than one step may take")

// In holds for a row whose columns have, together, the values of one of the tuples.
// A row with nothing in one of the columns is never meant. There may be a million
// tuples; the source sends them in as few commands as it can.
type In struct {
	Columns []string
	Tuples  []Tuple
	Compare Compare
}

// Compare is how a column is compared with a value that a person gave. A source may
// give rows that only nearly match; Same decides.
type Compare string

// The comparisons. The zero Compare is Exact.
const (
	Exact      Compare = "exact"
	Trimmed    Compare = "trimmed"     // white space around it does not count
	IgnoreCase Compare = "ignore-case" // nor capitals
	Digits     Compare = "digits"      // only digits count
	Email      Compare = "email"       // the same mailbox as mail is sent
	Phone      Compare = "phone"       // the same number, however it is written
	// AsStored is how the system itself compares the column, as its foreign keys do: it knows
	// best. Only SQL has it; to others it is Exact.
	AsStored Compare = "as stored"
)

// Cond is a condition on one row, the same for all systems.
type Cond struct {
	Op     CondOp
	Of     []Cond // And, Or: two or more; Not: one
	Column string
	Values []any // OneOf: one or more; IsEmpty: none; the others one
}

// CondOp is one operation of a condition. A comparison with a row's empty column holds never, and neither does its Not.
type CondOp string

// The operations.
const (
	And      CondOp = "and"
	Or       CondOp = "or"
	Not      CondOp = "not"
	Equal    CondOp = "="
	NotEqual CondOp = "!="
	Less     CondOp = "<"
	AtMost   CondOp = "<="
	More     CondOp = ">"
	AtLeast  CondOp = ">="
	OneOf    CondOp = "in"
	IsEmpty  CondOp = "is empty" // nothing, or an empty text
)
