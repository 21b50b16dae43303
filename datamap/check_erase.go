package datamap

import (
	"slices"

	"github.com/avowhq/avow/policy"
)

// checkErase checks the rules of erasing against the relations, each other and
// what the policy promises.
func (b *builder) checkErase(t *Table) {
	switch {
	case !t.personal() && !t.Relation.Given(), t.Relation.Given() && !t.Relation.understood():
		return
	case t.Relation.Given() && !t.changes():
		b.onlyMentions(t)
		return
	case t.Relation.Given() && !t.Erase.Given() && !b.everyColumnHasRule(t):
		b.add(t.System, t.Pos, "no-erase", "it is not said what erasing a person means in "+policy.Quote(t.Name), t.Name,
			"write `erase: delete`, `clear`, `mask(hash)` or `{keep: {because: …, for: …}}`")
	}
	b.keepFits(t, t.Erase, b.inherited(t), "")
	for i := range t.Columns {
		b.columnRule(t, &t.Columns[i].Is)
	}
	b.keyIsMasked(t)
	b.deleteRefused(t)
}

func (b *builder) everyColumnHasRule(t *Table) bool {
	for i := range t.Columns {
		if !t.Columns[i].Is.Erase.Given() {
			return false
		}
	}
	return len(t.Columns) > 0
}

// onlyMentions reports rules in rows that are never erased through anybody they mention.
func (b *builder) onlyMentions(t *Table) {
	rules := []Rule{t.Erase}
	for i := range t.Columns {
		rules = append(rules, t.Columns[i].Is.Erase)
	}
	for _, r := range rules {
		if r.Given() {
			b.add(t.System, r.Pos, "erase-mention", "rows of "+policy.Quote(t.Name)+" only mention people, and nothing in them is erased through those", t.Name,
				"remove the rule, or write `shares` where a column is the person's own")
		}
	}
}

// inherited are the fields of the columns that have no rule of their own.
func (b *builder) inherited(t *Table) policy.FieldSet {
	var out policy.FieldSet
	for i := range t.Columns {
		if c := &t.Columns[i].Is; !c.Erase.Given() {
			out = out.Or(c.Fields)
		}
	}
	return out
}

func (b *builder) columnRule(t *Table, c *Column) {
	r := c.Erase
	switch {
	case !r.Given():
		r = t.Erase
	case r.Kind == Delete:
		b.add(t.System, r.Pos, "delete-column", "a column is not deleted", c.Name, "write `clear` for an empty value, or `erase: delete` with the table")
		return
	case t.Erase.Kind == Delete:
		b.add(t.System, r.Pos, "contradiction", "the rows of "+policy.Quote(t.Name)+" are deleted, so that "+policy.Quote(c.Name)+" cannot be "+past(r.Kind), c.Name,
			"write `erase: clear` with the table, or remove the rule of the column")
		return
	default:
		b.keepFits(t, r, c.Fields, c.Name)
	}
	if c.ReadOnly.Yes && (r.Kind == Clear || r.Kind == Mask) {
		b.add(t.System, c.ReadOnly.Pos, "contradiction", policy.Quote(c.Name)+" cannot be written, so that it cannot be "+past(r.Kind), c.Name, "write what may happen to it: `erase: {keep: {because: …, for: …}}`, or delete the row")
	}
	b.maskFits(t, c, r)
}

func past(k RuleKind) string {
	return map[RuleKind]string{Clear: "cleared", Mask: "masked", Keep: "kept", Delete: "deleted"}[k]
}

// maskFits checks that a mask makes values of the column's type.
func (b *builder) maskFits(t *Table, c *Column, r Rule) {
	if r.Kind != Mask || c.Type == "" {
		return
	}
	at := r.Pos
	switch c.Type {
	case "date", "time":
		if r.How == MaskYear {
			return
		}
	case "integer", "decimal", "boolean":
		if r.How == MaskBlank || (r.How == MaskText && c.Type != "boolean" && isNumber(r.Text)) {
			return
		}
	case "uuid", "object-id":
		if r.How == MaskRandom || r.How == MaskHash {
			return
		}
	default:
		if r.How != MaskYear && (!c.MaxLength.Set || len([]rune(r.Text)) <= c.MaxLength.N) {
			return
		}
	}
	b.add(t.System, at, "mask-type", r.String()+" does not fit "+policy.Quote(c.Name)+", which is "+c.Type, c.Name, "mask a date with `year`, a number with `blank`, a text with any other; or write `clear`")
}

// keyIsMasked reports a rule that would change what names the row.
func (b *builder) keyIsMasked(t *Table) {
	for i := range t.Columns {
		c := &t.Columns[i].Is
		if k := t.rule(c).Kind; (k == Clear || k == Mask) && slices.Contains(t.KeyColumns(), c.Name) {
			b.add(t.System, c.Pos, "key-changed", policy.Quote(c.Name)+" is part of the key and cannot be "+past(k), c.Name, "delete the row, or keep the column and say why")
		}
	}
}

// rule is what erasing does to a column: its own rule, else the table's.
func (t *Table) rule(c *Column) Rule {
	if c.Erase.Given() {
		return c.Erase
	}
	return t.Erase
}

// keepFits checks a reason to keep against the retention the policy publishes.
// Column is empty for the rule of a table.
func (b *builder) keepFits(t *Table, r Rule, fields policy.FieldSet, column string) {
	k := r.Keep.For
	if r.Kind != Keep {
		return
	}
	if k.Rule == "" {
		b.periodFits(t, k, fields)
		return
	}
	i := slices.IndexFunc(b.m.Policy.Retention, func(rule policy.CompiledRetention) bool { return rule.Name == k.Rule })
	if i < 0 {
		b.add(t.System, k.Pos, "unknown-retention", "the policy has no retention rule "+policy.Quote(k.Rule), k.Rule, policy.DidYouMean(k.Rule, b.retentionNames()))
		return
	}
	if missing := fields.Minus(b.m.Policy.Retention[i].Fields); !missing.Empty() {
		b.add(t.System, k.Pos, "keep-uncovered", "the policy's retention rule "+policy.Quote(k.Rule)+" says nothing of "+list(b.paths(missing)), k.Rule,
			"keep only what the rule is about: give the other columns an `erase` of their own, or change the rule")
	}
}

func (b *builder) paths(fields policy.FieldSet) []string {
	var out []string
	fields.Each(func(i int) { out = append(out, b.m.Policy.Fields[i].Path()) })
	return out
}

func (b *builder) retentionNames() []string {
	var out []string
	for _, r := range b.m.Policy.Retention {
		out = append(out, r.Name)
	}
	return out
}

// periodFits reports data that is kept longer than the policy promises anybody.
func (b *builder) periodFits(t *Table, k KeepUntil, fields policy.FieldSet) {
	if k.Until.Form != policy.UntilPeriod {
		return
	}
	var over []string
	fields.Each(func(i int) {
		if longest, promised := b.longest(i); promised && hours(k.Until.Period) > longest {
			over = append(over, b.m.Policy.Fields[i].Path())
		}
	})
	if len(over) > 0 {
		b.add(t.System, k.Pos, "keep-too-long", "the policy promises to keep "+list(over)+" for a shorter time", "", "keep it no longer than the policy says, by the name of its rule: "+list(b.retentionNames()))
	}
}

// longest is the longest time the policy keeps a field, in hours, when every rule
// about it has a period.
func (b *builder) longest(field int) (int, bool) {
	longest, found := 0, false
	for _, r := range b.m.Policy.Retention {
		if !r.Fields.Has(field) {
			continue
		}
		if r.Until.Form != policy.UntilPeriod {
			return 0, false
		}
		found, longest = true, max(longest, hours(r.Until.Period))
	}
	return longest, found
}

// hours is how long a period is, near enough to compare two.
func hours(p policy.Period) int {
	unit := map[policy.Unit]int{policy.Hours: 1, policy.Days: 24, policy.Weeks: 7 * 24, policy.Months: 30 * 24, policy.Years: 365 * 24}
	return p.N * unit[p.Unit]
}

// deleteRefused warns of rows that stay and point at rows that are deleted.
func (b *builder) deleteRefused(t *Table) {
	if !t.System.Relational() {
		return
	}
	for i := range t.References {
		r := &t.References[i].Is
		if r.Target == nil || r.Target == t || r.Target.System != t.System || r.Target.Erase.Kind != Delete || r.Optional.Yes || !t.stays() {
			continue
		}
		b.warn(t.System, r.Pos, "delete-refused", "rows of "+policy.Quote(t.Name)+" stay and point at rows of "+policy.Quote(r.Target.Name)+", which are deleted: a database that checks its references refuses that", r.Name,
			"write `erase: clear` or `mask` with "+policy.Quote(r.Target.Name)+", or `optional: yes` with the reference when the column may be empty")
	}
}

// stays reports whether rows outlive the erasure of their owner.
func (t *Table) stays() bool { return t.Erase.Kind != Delete && t.changes() }

// checkRetention checks that the rules named are the policy's, about data of this table.
func (b *builder) checkRetention(t *Table) {
	var held policy.FieldSet
	for i := range t.Columns {
		c := &t.Columns[i].Is
		held = held.Or(c.Fields)
		if c.Fields.And(b.m.Policy.NeverKept).Empty() {
			continue
		}
		b.add(t.System, c.Pos, "never-kept", "the policy says that "+list(b.paths(c.Fields.And(b.m.Policy.NeverKept)))+" is never kept, and "+policy.Quote(c.Name)+" keeps it", c.Name, "stop storing it, or change the policy")
	}
	for _, e := range t.Retention {
		i := slices.IndexFunc(b.m.Policy.Retention, func(r policy.CompiledRetention) bool { return r.Name == e.Key })
		switch {
		case i < 0:
			b.add(t.System, e.Pos, "unknown-retention", "the policy has no retention rule "+policy.Quote(e.Key), e.Key, policy.DidYouMean(e.Key, b.retentionNames()))
		case len(t.Columns) > 0 && b.m.Policy.Retention[i].Fields.And(held).Empty():
			b.add(t.System, e.Pos, "retention-elsewhere", "the retention rule "+policy.Quote(e.Key)+" is about other data than this table's", e.Key, "it is about "+list(b.paths(b.m.Policy.Retention[i].Fields)))
		default:
			b.checkMoments(t, &b.m.Policy.Retention[i], e.Is)
		}
		for _, w := range e.Is.words() {
			b.path(t, w.Pos, w.Text)
		}
	}
}
