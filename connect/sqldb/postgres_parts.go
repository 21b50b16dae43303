package sqldb

import (
	"slices"

	"github.com/avowhq/avow/connect"
)

// Rows of a partitioned table stand in its partitions, and a table that others inherit from
// shows theirs. What is changed in the one is held to what stands with the other: its
// triggers, its rules, and the references to it alone.

// postgresParts are such tables, each with one that shows its rows.
const postgresParts = `
SELECT i.inhrelid::bigint, i.inhparent::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE c.relkind IN ('r', 'p', 'f')
ORDER BY i.inhrelid, i.inhseqno`

// postgresShown are all tables with those that show their rows, themselves among them.
const postgresShown = `
WITH RECURSIVE shown AS (
  SELECT c.oid AS part, c.oid AS by FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION
  SELECT shown.part, i.inhparent FROM shown JOIN pg_inherits i ON i.inhrelid = shown.by)`

// postgresRequired are the columns that may not be empty in such a table, and may be in the other.
const postgresRequired = `
SELECT a.attrelid::bigint, a.attname FROM pg_attribute a JOIN pg_inherits i ON i.inhrelid = a.attrelid
JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT p.attnotnull ORDER BY a.attrelid, a.attnum`

// postgresPartitioned are the columns by which rows are put into partitions; there may be
// none for some value. A part that is computed has no name.
const postgresPartitioned = `
SELECT p.partrelid::bigint, a.attname FROM pg_partitioned_table p CROSS JOIN LATERAL unnest(p.partattrs::int2[]) AS u(num)
LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = u.num AND u.num > 0 ORDER BY p.partrelid`

func (b *postgresCatalog) part(scan scanner) error {
	var id, parent int64
	err := scan(&id, &parent)
	b.parents[id] = append(b.parents[id], parent)
	return err
}

// wholes are the tables of the catalog that show the rows of another beside their own.
func (b *postgresCatalog) wholes(id int64) (out []*table) {
	seen := map[int64]bool{id: true}
	for next := []int64{id}; len(next) > 0; next = next[1:] {
		for _, parent := range b.parents[next[0]] {
			if seen[parent] {
				continue
			}
			seen[parent] = true
			next = append(next, parent)
			if t := b.byID[parent]; t != nil {
				out = append(out, t)
			}
		}
	}
	return out
}

// refer adds a reference: of a partition to the table whose rows it has, and to each that
// shows the row that is pointed at.
func (b *postgresCatalog) refer(from, to int64, r connect.Reference) {
	froms, targets := b.wholes(from), b.wholes(to)
	if t := b.byID[from]; t != nil {
		froms = []*table{t}
	}
	if t := b.byID[to]; t != nil {
		targets = slices.Insert(targets, 0, t)
	}
	for _, t := range froms {
		n := len(t.References)
		for _, target := range targets {
			if target.has(r.To) {
				r.Table = target.Name
				t.References = append(t.References, r)
			}
		}
		if len(t.References) == n {
			t.References = append(t.References, r) // to what this login does not see
		}
	}
}

func (t *table) has(columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool { return t.column(name) == nil })
}

// fires adds the trigger of a table to those that show its rows. One of the same name is
// theirs, which has its like in every partition.
func (b *postgresCatalog) fires(id int64, trigger connect.Trigger) {
	for _, t := range b.wholes(id) {
		if !slices.ContainsFunc(t.Triggers, func(o connect.Trigger) bool { return o.Name == trigger.Name && slices.Equal(o.On, trigger.On) }) {
			t.Triggers = append(t.Triggers, trigger)
		}
	}
}

// holds adds a rule of a table to those that show its rows. It is none of theirs, which
// would hold for every row: whether it refuses one is tried.
func (b *postgresCatalog) holds(id int64, x connect.Exclusion) {
	for _, t := range b.wholes(id) {
		if t.has(x.Columns) && !slices.ContainsFunc(t.Exclusions, func(o connect.Exclusion) bool { return o.Name == x.Name && slices.Equal(o.Columns, x.Columns) }) {
			t.Exclusions = append(t.Exclusions, x)
		}
	}
}

func (b *postgresCatalog) required(scan scanner) error {
	var id int64
	var name string
	err := scan(&id, &name)
	b.holds(id, connect.Exclusion{Name: postgresNotNull(name), Columns: []string{name}})
	return err
}

func postgresNotNull(column string) string { return "NOT NULL of " + column }

func (b *postgresCatalog) partitioned(scan scanner) error {
	var id int64
	var name *string
	err := scan(&id, &name)
	for _, t := range append(b.wholes(id), b.byID[id]) {
		if t == nil {
			continue
		}
		x := connect.Exclusion{Name: "PARTITION BY"}
		if name != nil {
			x.Columns = []string{*name}
		}
		t.Exclusions = append(t.Exclusions, x)
	}
	return err
}
