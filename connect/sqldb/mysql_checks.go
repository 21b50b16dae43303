package sqldb

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/avowhq/avow/connect"
)

// rules reads the rules of all tables out of the statements that would make them: whoever
// may read a table may read that, and a login that may only read sees none of the rules elsewhere.
func (b *mysqlCatalog) rules() error {
	for _, t := range b.tables {
		if t.View || t.useless {
			continue
		}
		var name, text string
		err := each(b.ctx, b.db, "SHOW CREATE TABLE "+t.quoted(mysql{}), func(scan scanner) error { return scan(&name, &text) })
		switch {
		case err == nil:
			t.cutRules(lexer{text, true})
			t.jsonColumns()
		case (mysql{}).fault(err).lacks:
			t.addRule(rule{Check: connect.Check{Name: "CHECK", Unsure: fmt.Sprintf("this login may not see the rules of the table: it needs GRANT SELECT ON %s TO %s", t.quoted(mysql{}), b.user)}})
		default:
			return err
		}
	}
	return nil
}

// jsonColumns finds MariaDB's columns of JSON, which are texts with a rule.
func (t *table) jsonColumns() {
	var rest []rule
	for _, r := range t.rules {
		m := mysqlJSON.FindStringSubmatch(r.expr)
		if m == nil {
			rest = append(rest, r)
			continue
		}
		if c := t.column(strings.ReplaceAll(m[1], "``", "`")); c != nil {
			c.isJSON()
		}
	}
	t.rules = rest
}

func (c *column) isJSON() { c.Kind, c.Length, c.loose, c.cast = connect.JSON, 0, false, "" }

var fraction = regexp.MustCompile(`^time\((\d)\)`)

// mysqlLimits notes what of its kind a type takes, and what of it says nothing.
func mysqlLimits(c *column, data string) {
	switch data {
	case "year":
		c.Range = &connect.Range{Least: 1901, Most: 2155}
	case "bit":
		if c.Kind == connect.Integer {
			c.Range = &connect.Range{Least: 1, Most: c.high}
		}
	case "timestamp":
		c.Range = &connect.Range{Least: 1, Most: 1<<31 - 1}
	case "decimal":
		c.digits(c.Type)
	case "float":
		c.Range = &connect.Range{Least: -1 << 24, Most: 1 << 24} // more digits are rounded
	case "enum":
		c.enumerate(mysqlMembers(c.Type))
	case "set":
		c.enumerate(mysqlMembers(c.Type))
		c.blank("")
	case "time":
		c.Strict = true
		c.blank("00:00:00")
		if m := fraction.FindStringSubmatch(c.Type); m != nil && m[1] != "0" {
			n, _ := strconv.Atoi(m[1])
			c.blank("00:00:00." + strings.Repeat("0", n))
		}
	case "inet4":
		c.Strict = true
		c.blank("0.0.0.0")
	case "inet6":
		c.Strict = true
		c.blank("::")
	default:
		c.Strict = c.Strict || c.Kind == connect.Binary && (strings.Contains(data, "geom") || strings.HasSuffix(data, "point") || strings.HasSuffix(data, "linestring") || strings.HasSuffix(data, "polygon"))
		if c.Kind == connect.Integer && c.high > 0 {
			c.Range = &connect.Range{Least: c.low, Most: c.high}
		}
	}
}

// mysqlMembers are those of an enumeration or a set, in the statement's words: enum('a','b').
func mysqlMembers(kind string) []string {
	l := lexer{kind, true}
	tokens, err := l.tokens()
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range tokens {
		if t.kind == textToken {
			out = append(out, l.plain(t))
		}
	}
	return out
}
