package datamap

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// checkConditions finds conditions that compare a column with what cannot stand in it. A
// database refuses them, and the table could not be read.
func (l *live) checkConditions(t *Table, db *connect.Table) {
	if !l.system.Relational() {
		return
	}
	l.checkCondition(t, db, t.When)
	for i := range t.References {
		l.checkCondition(t, db, t.References[i].Is.When)
	}
}

func (l *live) checkCondition(t *Table, db *connect.Table, c Condition) {
	c.each(func(test *Test) {
		in := db.Column(test.Column)
		if in == nil {
			return
		}
		for _, v := range test.Values {
			if !l.fits(in, v.Text, v.Kind == NumberValue) {
				l.add(l.system, c.Pos, "wrong-value", policy.Quote(test.Column)+" of "+policy.Quote(t.Name)+" is "+in.Type+", and the condition compares it with "+v.String()+", which cannot be one", v.Text, valueAdvice(in))
			}
		}
	})
}

// fits reports whether a text is how a value of the column may be written.
func (l *live) fits(in *connect.Column, text string, number bool) bool {
	switch in.Kind {
	case connect.Integer:
		return wholeNumber(in, text)
	case connect.DecimalKind:
		return isDecimal(text)
	case connect.Boolean:
		_, err := strconv.ParseBool(text)
		_, small := strconv.ParseInt(text, 10, 8)
		return err == nil && text != "T" && text != "F" || number && small == nil && Kind(l.system.Kind) == MySQL // where it is a small number
	case connect.DateKind:
		at, ok := connect.ParseTime(text)
		return ok && at.Equal(at.Truncate(24*time.Hour))
	case connect.TimeKind:
		_, ok := connect.ParseTime(text)
		return ok
	case connect.UUID:
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		return err == nil && len(b) == 16 && len(text) == 36
	}
	return true
}

func wholeNumber(in *connect.Column, text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		_, wide := strconv.ParseUint(text, 10, 64)
		return wide == nil // an unsigned column holds twice as much
	}
	return strconv.FormatInt(n, 10) == text && (in.Range == nil || n == 0 || in.Range.Least <= n && n <= in.Range.Most)
}

func isDecimal(text string) bool {
	whole, part, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return whole+part != "" && strings.Trim(whole+part, "0123456789") == ""
}

func valueAdvice(in *connect.Column) string {
	switch in.Kind {
	case connect.Boolean:
		return "write `true` or `false`"
	case connect.DateKind:
		return "write `'2026-11-22'`"
	case connect.TimeKind:
		return "write `'2026-11-22 10:00:00'`"
	case connect.UUID:
		return "write all of its digits and dashes in quotes"
	}
	return "write a number that fits"
}

// checkMarks finds columns that cannot hold what says that a person's data is only kept, or what
// they stopped: the mark would be refused, and only avow's own gate would say no.
func (l *live) checkMarks(t *Table, db *connect.Table) {
	for _, r := range t.marks() {
		if in := db.Column(r.Column.Text); in != nil && l.system.Relational() {
			l.checkMark(t, db, r, in)
		}
	}
}

func (l *live) checkMark(t *Table, db *connect.Table, r Restriction, in *connect.Column) {
	what := policy.Quote(in.Name) + " of " + policy.Quote(t.Name)
	switch {
	case in.Generated:
		l.add(l.system, r.Column.Pos, "generated", what+" is computed by the database and cannot be marked", in.Name, "name a column that can be written")
		return
	case slices.Contains(db.Key, in.Name):
		l.add(l.system, r.Column.Pos, "key-changed", what+" is part of the primary key and cannot be marked", in.Name, "name a column of its own")
		return
	}
	for _, w := range []Word{r.Set, r.Lift} {
		if w.Text != "" && !l.holds(in, w.Text) {
			l.add(l.system, w.Pos, "wrong-value", what+" is "+in.Type+", and "+policy.Quote(w.Text)+" cannot be one", w.Text, "write under `set` and `lift` what the column takes")
		}
	}
	usual := in.Kind == connect.Integer || l.holds(in, "true") && l.holds(in, "false")
	if !usual && (r.Set.Text == "" || r.Lift.Text == "") {
		l.add(l.system, r.Column.Pos, "wrong-value", what+" is "+in.Type+", and without `set` and `lift` it gets `true` and `false`", in.Name, "write `{column: "+in.Name+", set: …, lift: …}` with what the column takes")
	}
}

// holds reports whether a mark can stand in a column.
func (l *live) holds(in *connect.Column, text string) bool {
	switch {
	case in.Kind == connect.Binary, in.Kind == connect.JSON:
		return false
	case in.Strict && len(in.Takes) > 0:
		return slices.Contains(in.Takes, text)
	}
	return l.fits(in, text, false) && (in.Length == 0 || in.Kind != connect.TextKind || utf8.RuneCountInString(text) <= in.Length)
}
