package connect

import "context"

// Foresight is a Source that can tell, without changing anything, what its rules would
// refuse of an update. A login that may only read is enough.
type Foresight interface {
	// Foresee judges an update as if it were done now: its Key, Keys and Set; what else
	// limits it does not count. It reads the rows once, and only of tables that have rules.
	// One Refusal is given for each rule. No rows of a table are changed, and none are locked.
	Foresee(ctx context.Context, c Change) ([]Refusal, error)

	// Takes judges values alone: the To of each Set, by the types of the columns and by those
	// rules of the table that speak of nothing but the columns that are set. No row is read.
	Takes(ctx context.Context, table string, sets []Set) ([]Refusal, error)
}

// Refusal is what one rule of a table would refuse.
type Refusal struct {
	Rule    string   // its name; `the type year(4)` for what a column's type does not take, "the trigger `stays`"
	Columns []string // it speaks of; none where nobody can tell
	Rows    []int    // of Keys, in order; none when it is Unsure
	// Whole says that it refuses the rows whatever would be written.
	Whole bool
	// Unsure says why nobody can tell whether the rule refuses anything.
	Unsure string
	// Words are the texts and numbers that stand in the rule: values it may take.
	Words []string
}

// MostRehearsed is how many rows of a step are tried: they are locked meanwhile.
const MostRehearsed = 5000

// Rehearsal is a Source that can try a step and take it back. What a trigger refuses, or a
// rule that holds between rows, shows in no other way.
type Rehearsal interface {
	// Rehearse does changes as Change would, in a transaction that is taken back whatever
	// comes of it. It waits for others no longer than a second, takes no more than some
	// seconds, and tries no more than MostRehearsed rows. What is refused is left out of the rest,
	// so that everything else is tried as it would be without it. It is possible with a
	// source that is opened for reading only: nothing is changed.
	Rehearse(ctx context.Context, changes []Change) (Rehearsed, error)
}

// Rehearsed is what trying a step showed.
type Rehearsed struct {
	Objections []Objection // in the order of the changes
	// Unsure says why it was not tried, or not to its end: nothing is known then.
	Unsure string
}

// Objection is what the database did not do of one change, though it was asked to: it
// refused the rows, passed them over, or put something else into Columns.
type Objection struct {
	Change int // of those that were tried
	Refusal
}
