package datamap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/avowhq/avow/policy"
)

// categories are the data of the policy behind some categories of Fides. One that
// the policy has no name for keeps its own, so that Load asks for it.
func (im *importer) categories(t *fidesTable, column string, all []Word) []string {
	var out []string
	for _, w := range all {
		if w.Text == "system" || strings.HasPrefix(w.Text, "system.") || w.Text == "" {
			continue
		}
		name, ok := im.category(w.Text)
		if !ok {
			name = w.Text
			im.warn(w.Pos, "unknown-category", "the policy has no data for "+policy.Quote(w.Text)+", which "+policy.Quote(t.name+"."+column)+" holds", w.Text, "name the category or field of the policy that it is")
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// fidesWords are last parts of Fides categories whose data policies call otherwise.
var fidesWords = map[string][]string{
	"phone_number": {"phone", "telephone"}, "email": {"email", "e-mail"},
	"street": {"address"}, "city": {"address"}, "state": {"address"}, "postal_code": {"address"}, "country": {"address"}, "address": {"address"},
	"date_of_birth": {"birthday", "date-of-birth"}, "first": {"name"}, "last": {"name"}, "organization": {"company", "employer"}, "job_title": {"position", "job-role"},
}

// category finds the policy's own name of a Fides category: the same two last
// words, or the last word where one field of the policy alone bears it.
func (im *importer) category(name string) (string, bool) {
	parts := strings.Split(name, ".")
	last := parts[len(parts)-1]
	words := append([]string{last, strings.ReplaceAll(last, "_", "-")}, fidesWords[last]...)
	if len(parts) > 1 {
		for _, w := range words {
			if path := parts[len(parts)-2] + "." + w; im.declared(path) {
				return path, true
			}
		}
	}
	for _, w := range words {
		if path := im.onlyField(w); path != "" {
			return path, true
		}
	}
	if im.declared(last) && last != "user" {
		return last, true
	}
	return "", false
}

func (im *importer) declared(name string) bool {
	_, _, ok := im.policy.Data(name)
	return ok
}

func (im *importer) onlyField(name string) string {
	found := ""
	for _, f := range im.policy.Fields {
		if !f.Declared || f.Name != name {
			continue
		}
		if found != "" {
			return ""
		}
		found = f.Path()
	}
	return found
}

// assemble turns edges into references and relations, when all tables are known.
func (im *importer) assemble() {
	for _, e := range im.edges {
		im.file = e.file
		im.edge(e)
	}
	for _, s := range im.datasets {
		im.file = s.file
		for _, t := range s.tables {
			im.related(t)
		}
	}
}

// edge carries a reference over. Fides knows the direction in which rows are
// looked for, not what they are to the person: that is assumed, and said.
func (im *importer) edge(e fidesEdge) {
	collection, field, dotted := strings.Cut(e.ref.Field.Text, ".")
	target := im.tables[e.ref.Dataset.Text+"."+collection]
	if !dotted || target == nil {
		im.warn(e.ref.At(), "not-carried-over", "the reference to "+policy.Quote(e.ref.Dataset.Text+"."+e.ref.Field.Text)+" is not carried over: there is no such table among the files", e.ref.Field.Text, "import that dataset too")
		return
	}
	path, known := target.paths[strings.ReplaceAll(field, "[]", "")]
	if !known {
		im.warn(e.ref.At(), "not-carried-over", "the reference to "+policy.Quote(e.ref.Field.Text)+" is not carried over: "+policy.Quote(target.name)+" has no such field", e.ref.Field.Text, "correct the name")
		return
	}
	name := e.from.referenceName(e.column)
	to := collection + "." + path
	if target.dataset != e.from.dataset {
		to = systemOf(target.dataset) + "." + to
	}
	value := scalar(to)
	if name != e.column {
		value = "{columns: " + scalar(e.column) + ", to: " + scalar(to) + "}"
	}
	e.from.references = append(e.from.references, line{name, value})
	if target == e.from {
		im.warn(e.ref.At(), "assumed", "the reference of "+policy.Quote(e.from.name)+" to itself is followed as a mention only", name, "write `owns` where the rows are the person's own")
		e.from.relations = append(e.from.relations, line{name, "mentions"})
		return
	}
	if e.ref.Direction.Text == "to" {
		link := e.from.name + "." + name
		if target.dataset != e.from.dataset {
			link = systemOf(e.from.dataset) + "." + link
		}
		target.relations = append(target.relations, line{link, "shares"})
		im.warn(e.ref.At(), "assumed", "rows of "+policy.Quote(target.name)+" that "+policy.Quote(e.from.name+"."+e.column)+" points at are taken for shared by all whose rows point at them", name, "write `owns` where each has one owner")
		return
	}
	e.from.relations = append(e.from.relations, line{name, "owns"})
	e.from.owned = true
	also := ""
	if e.ref.Direction.Text != "from" {
		also = "; the way back, which Fides takes as well, is not carried over"
	}
	im.warn(e.ref.At(), "assumed", "rows of "+policy.Quote(e.from.name)+" are taken for the person's own whose row of "+policy.Quote(target.name)+" they point at"+also, name, "write `shares` or `mentions` where they are not")
}

// referenceName is a name that the table has not got yet.
func (t *fidesTable) referenceName(column string) string {
	name := column
	for n := 2; slices.ContainsFunc(t.references, func(l line) bool { return l.key == name }); n++ {
		name = fmt.Sprintf("%s-%d", column, n)
	}
	return name
}

// related completes what a table says of people.
func (im *importer) related(t *fidesTable) {
	if len(t.identities) > 0 {
		t.relations = append([]line{{itself, "owns"}}, t.relations...)
		im.warn(t.at, "assumed", "rows of "+policy.Quote(t.name)+" are taken for the person's own whom their identities name", t.name, "write `shares` or `mentions` where they are not")
	}
	if len(t.columns) == 0 && t.changes() {
		im.warn(t.at, "assumed", "nothing in "+policy.Quote(t.name)+" is personal, and its rows are people's; `"+t.erase+"` is assumed", t.name, "write `delete` where the rows go with the person")
	}
	if len(t.relations) == 0 && len(t.columns) > 0 {
		im.warn(t.at, "no-relation", "nothing ties "+policy.Quote(t.name)+" to a person", t.name, "write its identity or reference, and its relation")
	}
}

func (im *importer) write() ([]Imported, error) {
	var out []Imported
	taken := map[string]bool{}
	for _, s := range im.datasets {
		im.file = s.file
		text, problems := Format([]byte(im.system(s)))
		if problems.Errors() {
			return nil, problems
		}
		file := systemOf(s.Key.Text)
		for n := 2; taken[file]; n++ {
			im.warn(s.At(), "twice", "another dataset is called "+policy.Quote(s.Key.Text)+" as well", s.Key.Text, "give one of the systems another name")
			file = fmt.Sprintf("%s-%d", systemOf(s.Key.Text), n)
		}
		taken[file] = true
		out = append(out, Imported{file + ".yaml", text})
	}
	return out, nil
}

func (im *importer) system(s *fidesSystem) string {
	name := systemOf(s.Key.Text)
	kind, tables := "postgresql", "tables"
	if slices.ContainsFunc(s.tables, func(t *fidesTable) bool { return t.nested }) {
		kind, tables = "mongodb", "collections"
	}
	im.warn(s.At(), "assumed", "a dataset does not say what kind of system it is: "+policy.Quote(kind)+" with its credentials in "+policy.Quote(variable(name))+" is assumed", name, "correct `kind` and `credentials`")
	var b strings.Builder
	fmt.Fprintf(&b, "# Imported from the Fides dataset %s. What was assumed stands in the import's warnings.\n\nsystem: %s\nkind: %s\ncredentials: env:%s\n", scalar(s.Key.Text), name, kind, variable(name))
	if s.Name != "" {
		fmt.Fprintf(&b, "title: %s\n", scalar(string(s.Name)))
	}
	if s.schema != "" {
		fmt.Fprintf(&b, "schema: %s\n", scalar(s.schema))
	}
	if len(s.after) > 0 {
		fmt.Fprintf(&b, "erase-after: %s\n", inBrackets(s.after))
	}
	if i := slices.IndexFunc(s.tables, func(t *fidesTable) bool { return len(t.key) == 0 && t.changes() }); i >= 0 && kind == "postgresql" {
		im.warn(s.tables[i].at, "assumed", "nothing names one row of "+policy.Quote(s.tables[i].name)+"; the database's own keys are assumed", s.tables[i].name, "write `key: …` where the database has none")
		b.WriteString("take-from-database: keys\n")
	}
	if len(s.tables) == 0 {
		tables += ": {}\n"
	} else {
		tables += ":\n"
	}
	b.WriteString(tables)
	for _, t := range s.tables {
		t.write(&b)
	}
	return b.String()
}

// changes reports whether a person's erasure may touch rows of the table.
func (t *fidesTable) changes() bool {
	return slices.ContainsFunc(t.relations, func(l line) bool { return l.value != "mentions" })
}

func (t *fidesTable) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %s:\n", scalar(t.name))
	if t.says != "" {
		fmt.Fprintf(b, "    says: %s\n", scalar(t.says))
	}
	if len(t.key) > 0 {
		fmt.Fprintf(b, "    key: %s\n", inBrackets(t.key))
	}
	block(b, "identities", t.identities)
	block(b, "references", t.references)
	block(b, "relation", t.relations)
	if !t.owned && len(t.relations) > 0 && len(t.columns) > 0 {
		b.WriteString("    of: everyone\n")
	}
	if t.changes() || len(t.columns) > 0 && len(t.relations) == 0 {
		fmt.Fprintf(b, "    erase: %s\n", scalar(t.erase))
	}
	block(b, "columns", t.columns)
	if t.says == "" && len(t.key)+len(t.identities)+len(t.references)+len(t.relations)+len(t.columns) == 0 {
		b.WriteString("    key: []\n")
	}
}

func block(b *strings.Builder, key string, lines []line) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "    %s:\n", key)
	for _, l := range lines {
		fmt.Fprintf(b, "      %s: %s\n", scalar(l.key), l.value)
	}
}

func inBrackets(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = scalar(w)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// scalar writes a text as YAML.
func scalar(s string) string {
	if plainScalar.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// all is every word, shown to a person.
func all(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = policy.Quote(w)
	}
	return strings.Join(quoted, ", ")
}
