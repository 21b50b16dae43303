package connect

// Schema is what a system says of itself, to this login.
type Schema struct {
	Product string // with its version, for people
	Atomic  bool   // a Change is one transaction
	Within  string // the schema or database of tables whose names have none
	Tables  []Table
}

// Table finds a table by its name, with Within or without; nil when there is none.
func (s *Schema) Table(name string) *Table {
	within := TableName(s.Within, "")
	for i := range s.Tables {
		if t := &s.Tables[i]; t.Name == name || t.Name == within+name || within+t.Name == name {
			return t
		}
	}
	return nil
}

// Table is one table, collection or file.
type Table struct {
	Name       string // of a database as TableName writes it, with its schema where that is another than Within
	View       bool   // it shows rows of others
	Inherited  bool   // it shows rows of other tables beside its own, for which its keys do not hold
	Piecemeal  bool   // what is done to its rows is done at once and never taken back, whatever the others do: MyISAM
	Columns    []Column
	Key        []string   // the primary key; none when there is none
	Unique     [][]string // sets of columns that no two rows share, the key not among them
	Indexes    [][]string // columns by which rows are found without reading the whole table; `lower(email)` for one over an expression
	References []Reference
	Triggers   []Trigger
	Checks     []Check
	Exclusions []Exclusion
	Rows       int64 // about how many; -1 when nobody knows
	// What this login lacks: operation → what would give it, such as
	// `GRANT UPDATE ON orders TO reader`. An operation that is not in it is allowed.
	Lacks map[Op]string
	// Hides tells why this login may not see every row, and what would show them; empty
	// when it sees all.
	Hides string
	// Withholds are the operations for which the system may pass over rows that it shows, or
	// refuse them, to this login: policies of row security. Of which rows shows when it is tried.
	Withholds []Op
}

// Column finds a column by its name; nil when there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Op is what a login may be allowed to do with a table.
type Op string

// The operations.
const (
	OpRead   Op = "read"
	OpUpdate Op = "update"
	OpDelete Op = "delete"
	// OpTriggers is nothing that is done to rows: what a trigger does to them is found
	// beforehand only where the login sees it.
	OpTriggers Op = "see the triggers of"
)

// Column is one column, or a field of a document by its path: `profile.phones[]`.
type Column struct {
	Name      string
	Type      string // in the system's own words
	Kind      Kind
	Length    int  // how many characters or bytes fit; 0 when it has no bound
	Nullable  bool // it may be empty
	Generated bool // the system computes it
	Loose     bool // the system takes different texts in it for the same: capitals, accents, blanks at the end
	Strict    bool // it takes only certain values of its kind: those of an enumeration, addresses, ranges
	// Blank is, of a Strict column, the value that says nothing, written as it is read:
	// `00:00:00`. Nil where nobody knows of one.
	Blank *string
	// Takes are all texts that a Strict column takes, where it names them.
	Takes []string
	Range *Range // of numbers and moments; nil where it takes what any of its kind does
	// What this login lacks for this column alone, where it may do the operation with others of the table.
	Lacks map[Op]string
}

// Range is the whole numbers a column takes, beside zero; of moments the seconds since
// 1970, and zero is none of them then.
type Range struct{ Least, Most int64 }

// Kind is what sort of value a column holds.
type Kind string

// The kinds, in the words of the map's `type`.
const (
	TextKind    Kind = "text"
	Integer     Kind = "integer"
	DecimalKind Kind = "decimal"
	Boolean     Kind = "boolean"
	DateKind    Kind = "date"
	TimeKind    Kind = "time"
	Binary      Kind = "binary"
	UUID        Kind = "uuid"
	ObjectID    Kind = "object-id"
	JSON        Kind = "json"
)

// Reference is a foreign key.
type Reference struct {
	Name     string
	Columns  []string
	Table    string // it points at
	To       []string
	OnDelete OnDelete
	OnUpdate OnDelete // the same when the values it points at are changed
	Deferred bool     // it is held at the end of the transaction, or can be
}

// OnDelete is what a system does to a row when the row it points at is deleted.
type OnDelete string

// What may happen.
const (
	NoAction   OnDelete = "no action" // the deletion is refused
	Cascade    OnDelete = "cascade"
	SetNull    OnDelete = "set null"
	SetDefault OnDelete = "set default"
)

// Trigger is a program of the database that runs when rows change.
type Trigger struct {
	Name string
	On   []Op // OpUpdate, OpDelete
	// Writes are the tables that its text plainly says it writes to, in order.
	Writes []string
}

// Check is a rule that the system has for each row of a table.
type Check struct {
	Name    string
	Columns []string // it speaks of; none where nobody can tell
	Text    string   // in the system's own words, for people
	// Unsure says why nobody can tell beforehand what it refuses; empty when that can be asked.
	Unsure string
}

// Exclusion is a rule that holds between rows and that no set of Unique tells: EXCLUDE, or
// a unique index over some of the rows, over an expression, or over what the system computes.
type Exclusion struct {
	Name    string
	Columns []string // it speaks of; none where nobody can tell
	Unique  []string // those of which two rows may not have the same, in some form of it
	Plain   bool     // which is that of Unique itself, or in letters of one size
}
