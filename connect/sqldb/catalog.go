package sqldb

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// catalog is what a database says of itself.
type catalog struct {
	schema connect.Schema
	tables []*table // those of schema, in the same order

	programs *programs // nil: they were not read yet
}

// table is one table, with what is needed to ask for it.
type table struct {
	*connect.Table
	schema, name string
	columns      []*column // those of Table, in the same order
	rules        []rule    // those of Table.Checks
	useless      bool      // nothing can be done with it, by anybody

	reading string // MySQL: the index that is being read, and whether it is unique
	unique  bool
}

// column is one column, with what is needed to read it and to compare it.
type column struct {
	connect.Column
	base      string // PostgreSQL: the type with its size, of a domain that it is made of
	collation string // SQLite: that it was made with
	cast      string // PostgreSQL: its type, quoted; MySQL: the type of a text, with its collation
	like      bool   // PostgreSQL: values of its type can be compared by the type, else by their text
	low       int64  // the least and the greatest integer it takes
	high      int64
	float     bool // a number without an exact form
	single    bool // MySQL: and of four bytes, of which it is given with fewer digits than it has
	loose     bool // the database takes different texts in it for the same
	shared    bool // SQLite: it takes values of any kind
	// An index begins with it, or with its lower(); to the database capitals do not count in it.
	indexed, lowered, capitals bool
}

// find finds a table by its name in the catalog, with Within or without.
func (c *catalog) find(name string) *table {
	found := c.schema.Table(name)
	if found == nil {
		return nil
	}
	i := slices.IndexFunc(c.tables, func(t *table) bool { return t.Table == found })
	return c.tables[i]
}

// put ends the building of a catalog.
func (c *catalog) put(tables []*table, within string) {
	slices.SortFunc(tables, func(a, b *table) int {
		return strings.Compare(a.schema+"\x00"+a.name, b.schema+"\x00"+b.name)
	})
	c.schema.Within = within
	c.schema.Tables = make([]connect.Table, len(tables))
	for i, t := range tables {
		for _, col := range t.columns {
			for _, index := range t.Indexes {
				col.indexed = col.indexed || index[0] == col.Name
				col.lowered = col.lowered || strings.EqualFold(index[0], "lower("+col.Name+")")
			}
			col.Loose = col.loose
			t.Columns = append(t.Columns, col.Column)
		}
		t.Checks = t.listed()
		c.schema.Tables[i] = *t.Table
		t.Table = &c.schema.Tables[i]
	}
	c.tables = tables
	c.settleWrites()
}

func newTable(schema, name, within string) *table {
	return &table{Table: &connect.Table{Name: nameOf(schema, name, within), Rows: -1}, schema: schema, name: name}
}

// nameOf is what a table is called outside of this package.
func nameOf(schema, name, within string) string {
	if schema == within {
		return connect.TableName("", name)
	}
	return connect.TableName(schema, name)
}

func (t *table) column(name string) *column {
	for _, c := range t.columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// lack notes that an operation is not allowed.
func (t *table) lack(op connect.Op, remedy string) {
	if t.Lacks == nil {
		t.Lacks = map[connect.Op]string{}
	}
	t.Lacks[op] = remedy
}

// broken notes that nothing can be done with a table, by anybody.
func (t *table) broken(why string) {
	t.useless = true
	for _, op := range []connect.Op{connect.OpRead, connect.OpUpdate, connect.OpDelete} {
		t.lack(op, why)
	}
}

func (c *column) lack(op connect.Op, remedy string) {
	if c.Lacks == nil {
		c.Lacks = map[connect.Op]string{}
	}
	c.Lacks[op] = remedy
}

// quoted is the name of a table as it stands in a statement.
func (t *table) quoted(d dialect) string {
	if t.schema == "" {
		return d.quote(t.name)
	}
	return d.quote(t.schema) + "." + d.quote(t.name)
}

// Describe reads the catalog anew.
func (s *source) Describe(ctx context.Context) (*connect.Schema, error) {
	c, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return &c.schema, nil
}

func (s *source) load(ctx context.Context) (*catalog, error) {
	c, err := s.dialect.describe(ctx, s.reads, s.config.Within)
	if err == nil {
		err = c.addComputed(ctx, s.dialect, s.reads)
	}
	if err != nil {
		return nil, s.fault(ctx, "describing", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog = c
	return c, nil
}

// forget drops the catalog: it is read again when it is needed.
func (s *source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog = nil
}

// known is the catalog, and whether it was read just now.
func (s *source) known(ctx context.Context) (c *catalog, fresh bool, err error) {
	s.mu.Lock()
	c = s.catalog
	s.mu.Unlock()
	if c != nil {
		return c, false, nil
	}
	c, err = s.load(ctx)
	return c, true, err
}

// table finds a table that has the columns. What is not known is looked for once more
// in the database, which may have changed.
func (s *source) table(ctx context.Context, name string, columns ...string) (*table, error) {
	c, fresh, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.within(c, name, columns)
	if err == nil || fresh {
		return t, err
	}
	if c, err = s.load(ctx); err != nil {
		return nil, err
	}
	return s.within(c, name, columns)
}

func (s *source) within(c *catalog, name string, columns []string) (*table, error) {
	t := c.find(name)
	if t == nil {
		return nil, avow.Errorf(avow.NotFound, "system %s has no table %s that this login can see", s.config.System, name)
	}
	for _, each := range columns {
		if t.column(each) == nil {
			return nil, avow.Errorf(avow.NotFound, "system %s: table %s has no column %s that this login can see", s.config.System, name, each)
		}
	}
	return t, nil
}
