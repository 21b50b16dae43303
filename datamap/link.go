package datamap

import "github.com/avowhq/avow/policy"

// Reference says that values of some columns are found in columns of another table
// (or of the same).
type Reference struct {
	policy.Pos
	// The columns here; without them the column of the reference's name.
	Columns []Word `key:"columns"`
	// What they point at: `customers.id`, `crm.contact.id` in another system, several in brackets.
	To []Word `key:"to,required"`
	// It is a reference only in rows where this holds: `owner_type = 'Customer'`.
	When Condition `key:"when"`
	// The columns may be empty, so that a row can be let go of before what it points at is deleted.
	Optional policy.Flag `key:"optional"`

	Name         string
	Table        *Table // that has the columns
	Target       *Table
	Here, There  []string // the columns, pairwise equal
	FromDatabase bool     // the database enforces it
}

// FreelyNamed says that the names of references are often those of columns.
func (Reference) FreelyNamed() {}

// Link is one way in which a row comes to concern a person.
type Link struct {
	policy.Pos
	Name     string
	Relation Relation
	Table    *Table
	// Either the person is found in the row itself,
	Identities []*Identity
	// or the row is tied to a row of From, by a reference of this table or, Incoming, of that one.
	Reference *Reference
	Incoming  bool
	From      *Table
}

// Columns are the columns of the link's own table that tie a row to the person.
func (l *Link) Columns() []string {
	switch {
	case l.Reference == nil:
		var out []string
		for _, id := range l.Identities {
			out = append(out, id.Column)
		}
		return out
	case l.Incoming:
		return l.Reference.There
	}
	return l.Reference.Here
}

// FromColumns are the columns of From that hold the same values, in the same order.
func (l *Link) FromColumns() []string {
	switch {
	case l.Reference == nil:
		return nil
	case l.Incoming:
		return l.Reference.Here
	}
	return l.Reference.There
}

func texts(words []Word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}
