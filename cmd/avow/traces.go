package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/avowhq/avow/store"
)

// traces looks for a text in everything the database holds, and says where it found
// it: on SQLite in every file of the data directory, on PostgreSQL in every column of every table.
func (s *server) traces(ctx context.Context, text string) (where string, err error) {
	if s.Database != "" {
		return s.inTables(ctx, text)
	}
	err = filepath.WalkDir(s.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			where = filepath.Base(path)
		}
		return err
	})
	return where, err
}

// column is one column of a table, and whether it holds bytes.
type column struct {
	table, name string
	bytes       bool
}

func (s *server) inTables(ctx context.Context, text string) (where string, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		where = ""
		columns, err := store.Collect(tx, func(r *store.Rows) (c column, err error) {
			return c, r.Scan(&c.table, &c.name, &c.bytes)
		}, `SELECT c.table_name, c.column_name, c.data_type = 'bytea' FROM information_schema.columns c
			JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
			WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY 1, 2`)
		for _, c := range columns {
			if err != nil || where != "" {
				return err
			}
			where, err = c.holds(tx, text)
		}
		return err
	})
	return where, err
}

// holds names the column when some row of it contains a text.
func (c column) holds(tx *store.Tx, text string) (string, error) {
	name, table := quoted(c.name), quoted(c.table)
	found := `strpos(` + name + `::text, ?) > 0`
	if c.bytes {
		found = `position(convert_to(?, 'UTF8') IN ` + name + `) > 0`
	}
	var is bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM `+table+` WHERE `+found+`)`, text).Scan(&is)
	if err != nil || !is {
		return "", err
	}
	return "the column " + c.name + " of the table " + c.table, nil
}

// quoted writes a name as SQL does.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
