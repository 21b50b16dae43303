package connect

// Change is one kind of change to rows that are named by their keys. It is an
// idempotent function of them: done twice it has the effect of once.
type Change struct {
	Kind  ChangeKind
	Table string
	Key   []string // the columns that name one row
	Keys  []Tuple
	// A row is changed only while each of Guard holds, When holds, and there is no row as
	// one of Unless says; else it is left as it is and not counted.
	Guard  []In
	When   *Cond
	Unless []Exists
	// ByGuard says that hardly a row has a value of the first Guard and none of Keys: a
	// source that finds rows faster by it may.
	ByGuard bool
	Set     []Set // Update: what the columns hold afterwards
	// Elements: in the lists of a document only the elements that match one of these are
	// changed (for Update of a path through a list); without it all of them.
	Elements []In
}

// ChangeKind is what is done to a row.
type ChangeKind string

// The kinds.
const (
	Delete ChangeKind = "delete"
	Update ChangeKind = "update"
)

// Set is what becomes of one column.
type Set struct {
	Column string
	To     any   // for all rows
	Each   []any // or for each of Keys
}

// Exists holds when Table has a row whose Columns are, pairwise, what the changed
// row's Of are, for which When holds, and whose Key is none of But.
type Exists struct {
	Table   string
	Columns []string
	Of      []string
	When    *Cond
	Key     []string
	But     []Tuple
}

// Result says what a Change did.
type Result struct {
	Changed int64 // rows that were changed; those that already were as wanted may count or not
}
