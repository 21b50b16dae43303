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
	Rule    string   // its name, or `the type year(4)` for what a column's type does not take
	Columns []string // it speaks of; none where nobody can tell
	Rows    []int    // of Keys, in order; none when it is Unsure
	// Unsure says why nobody can tell whether the rule refuses anything.
	Unsure string
	// Words are the texts and numbers that stand in the rule: values it may take.
	Words []string
}
