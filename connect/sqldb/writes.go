package sqldb

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// writes are the tables that the text of a program says it writes to: INSERT INTO, REPLACE
// INTO, MERGE INTO and UPDATE … SET, with their schema where the text has one. What stands in
// a text between quotes is put together while it runs, and is none of them.
func (l lexer) writes() (out []string) {
	tokens, err := l.tokens()
	if err != nil {
		return nil
	}
	tokens = slices.DeleteFunc(tokens, func(t token) bool { return t.kind == remark })
	for i, t := range tokens {
		name := ""
		switch {
		case l.is(t, "insert"), l.is(t, "replace"), l.is(t, "merge"):
			if into := l.past(tokens, i+1, between...); into < len(tokens) && l.is(tokens[into], "into") {
				name, _ = l.table(tokens, into+1)
			}
		case l.is(t, "update"):
			name = l.updated(tokens, l.past(tokens, i+1, between...))
		}
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// between are words that may stand before the name of a table.
var between = []string{"or", "abort", "fail", "ignore", "replace", "rollback", "low_priority", "high_priority", "delayed", "only"}

// past is the place behind some words.
func (l lexer) past(tokens []token, at int, words ...string) int {
	for at < len(tokens) && slices.ContainsFunc(words, func(w string) bool { return l.is(tokens[at], w) }) {
		at++
	}
	return at
}

// updated is the table of an UPDATE whose SET follows at once or behind another name for it:
// else it is that of FOR UPDATE, ON UPDATE or DO UPDATE.
func (l lexer) updated(tokens []token, at int) string {
	if at < len(tokens) && l.is(tokens[at], "set") {
		return ""
	}
	name, next := l.table(tokens, at)
	for range 3 { // people AS p SET
		if name == "" || next >= len(tokens) || tokens[next].kind == signToken {
			return ""
		}
		if l.is(tokens[next], "set") {
			return name
		}
		next++
	}
	return ""
}

// table reads the name of a table, and gives the place behind it.
func (l lexer) table(tokens []token, at int) (name string, next int) {
	var parts []string
	for at < len(tokens) && (tokens[at].kind == wordToken || tokens[at].kind == nameToken) {
		parts = append(parts, l.plain(tokens[at]))
		if at++; at >= len(tokens) || !l.is(tokens[at], ".") {
			break
		}
		at++
	}
	switch len(parts) {
	case 0:
		return "", at
	case 1:
		return connect.TableName("", parts[0]), at
	}
	return connect.TableName(parts[len(parts)-2], parts[len(parts)-1]), at
}

// settleWrites calls the tables that triggers write to as the catalog does.
func (c *catalog) settleWrites() {
	for _, t := range c.tables {
		for i := range t.Triggers {
			writes := slices.Clone(t.Triggers[i].Writes)
			for j, name := range writes {
				writes[j] = c.meant(name, t)
			}
			t.Triggers[i].Writes = writes
		}
	}
}

// meant is the table that a trigger of another one means by a name, as the catalog calls it:
// without a schema it is one of the usual schema, or of its own table's.
func (c *catalog) meant(name string, of *table) string {
	schema, bare := connect.SplitTable(name)
	schemas := []string{schema}
	if schema == "" {
		schemas = []string{c.schema.Within, of.schema}
	}
	for _, s := range schemas {
		for _, t := range c.tables {
			if strings.EqualFold(t.name, bare) && (strings.EqualFold(t.schema, s) || t.schema == "") {
				return t.Name
			}
		}
	}
	return name
}
