package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// result writes the file and lists what is to be decided.
func (d *drafter) result() *Result {
	r := &Result{System: d.o.System}
	for _, t := range d.drafts {
		d.list(r, t)
	}
	r.File = []byte(d.file(r))
	r.Problems = d.check(r.File)
	return r
}

func (d *drafter) list(r *Result, t *drafted) {
	for _, c := range t.unsure {
		r.Unsure = append(r.Unsure, c.finding)
	}
	for _, c := range t.without {
		r.Without = append(r.Without, c.finding)
	}
	for _, c := range t.held {
		r.Columns = append(r.Columns, c.finding)
	}
	if t.unread != "" {
		r.Unread = append(r.Unread, Unread{t.Name, t.unread})
	} else if t.rows == 0 {
		r.Empty = append(r.Empty, t.Name)
	}
	switch {
	case t.stands():
	case len(t.columns) == 0 && t.unread != "": // nobody knows what is in it
	case len(t.held)+len(t.unsure)+len(t.without) == 0 && t.pairsPeople():
		r.Apart = append(r.Apart, Apart{t.Name, "its rows say who has to do with whom: write whose they are, or that they are not personal"})
	case len(t.held)+len(t.unsure)+len(t.without) == 0:
		if !t.View {
			r.NotPersonal = append(r.NotPersonal, t.Name)
		}
	case len(t.held) > 0 && t.View:
		r.Apart = append(r.Apart, Apart{t.Name, "it is a view: map the tables it shows"})
	case len(t.held) > 0 && len(t.kinds) > 0:
		r.Apart = append(r.Apart, Apart{t.Name, "its rows are about others by a kind and an id: write a reference for each kind, with its condition under `when`"})
	case len(t.held) > 0:
		r.Apart = append(r.Apart, Apart{t.Name, "no identity of a person leads to it"})
	}
}

// file writes the system.
func (d *drafter) file(r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Drafted from the database. Read every line: what is commented out is for you to decide.\nsystem: %s\n", scalar(d.o.System))
	if d.o.Title != "" {
		fmt.Fprintf(&b, "title: %s\n", scalar(d.o.Title))
	}
	fmt.Fprintf(&b, "kind: %s\n", cmp.Or(d.o.Kind, datamap.PostgreSQL))
	if c := d.credentials(); c != "" {
		fmt.Fprintf(&b, "credentials: %s\n", c)
	}
	if d.o.At != "" {
		fmt.Fprintf(&b, "at: %s\n", scalar(d.o.At))
	}
	if d.relational() {
		if d.o.Kind == datamap.PostgreSQL && d.j.schema.Within != "" {
			fmt.Fprintf(&b, "schema: %s\n", scalar(d.j.schema.Within))
		}
		b.WriteString("take-from-database: [keys, references]\n")
	}
	tables := "tables"
	if d.o.Kind == datamap.MongoDB {
		tables = "collections"
	}
	d.tables(&b, tables)
	if len(r.NotPersonal) > 0 {
		b.WriteString("not-personal:\n")
		for _, name := range r.NotPersonal {
			fmt.Fprintf(&b, "  - %s\n", scalar(name))
		}
	}
	return b.String()
}

func (d *drafter) relational() bool {
	return d.o.Kind != datamap.MongoDB && d.o.Kind != datamap.Files && d.o.Kind != datamap.HTTP && d.o.Kind != datamap.Manual
}

func (d *drafter) credentials() string {
	if d.o.Credentials != "" || d.o.Kind == datamap.Files {
		return d.o.Credentials
	}
	return "env:" + strings.ToUpper(notName.ReplaceAllString(d.o.System, "_")) + "_DSN"
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]`)

func (d *drafter) tables(b *strings.Builder, key string) {
	var standing, others []*drafted
	for _, t := range d.drafts {
		switch {
		case t.stands():
			standing = append(standing, t)
		case len(t.held)+len(t.unsure)+len(t.without) > 0 || t.pairsPeople():
			others = append(others, t)
		}
	}
	if len(standing) > 0 {
		fmt.Fprintf(b, "%s:\n", key)
	}
	for _, t := range standing {
		d.table(b, t)
	}
	for _, t := range others {
		fmt.Fprintf(b, "  # %s: %s\n", scalar(t.Name), whyApart(t))
		for _, c := range slices.Concat(t.held, t.unsure, t.without) {
			fmt.Fprintf(b, "  #   %s: %s  # %s\n", scalar(c.Name), cmp.Or(c.finding.Data, "…"), reasons(c.finding))
		}
	}
}

func whyApart(t *drafted) string {
	switch {
	case t.View:
		return "a view; map the tables it shows"
	case len(t.kinds) > 0:
		return "rows are about others by a kind and an id; write a reference for each kind, with its condition under `when`"
	case len(t.held) > 0:
		return "no identity of a person leads here; decide how a row belongs to somebody"
	case len(t.unsure)+len(t.without) == 0:
		return "rows say who has to do with whom; write whose they are, or put the table under `not-personal`"
	}
	return "not sure to be about people; decide, and put the table here or under `not-personal`"
}

func reasons(f Finding) string {
	return f.Sure.String() + ", " + string(f.What) + ": " + strings.Join(f.Why, "; ")
}

func (d *drafter) table(b *strings.Builder, t *drafted) {
	fmt.Fprintf(b, "  %s:\n", scalar(t.Name))
	d.key(b, t)
	if len(t.identities) > 0 {
		b.WriteString("    identities:\n")
		for _, id := range t.identities {
			fmt.Fprintf(b, "      %s: %s\n", scalar(id.column), id.kind)
		}
	}
	d.writeReferences(b, t)
	b.WriteString("    relation:\n")
	for _, l := range t.relation {
		fmt.Fprintf(b, "      %s: %s # %s\n", scalar(l.name), l.is, l.why)
	}
	if !t.owned() && len(t.held) > 0 {
		b.WriteString("    of: everyone # name the link whose a column is with the column: of: …\n")
	}
	d.erase(b, t)
	t.writeColumns(b)
	t.freeText(b)
}

// key writes what names a row when the database does not say it itself.
func (d *drafter) key(b *strings.Builder, t *drafted) {
	if len(t.Key) > 0 && d.relational() {
		return
	}
	switch guess := t.keyColumn(); {
	case len(t.Key) > 0:
		fmt.Fprintf(b, "    key: %s\n", list(t.Key))
	case len(t.Unique) > 0:
		fmt.Fprintf(b, "    key: %s # unique in the database, which has no primary key here\n", list(t.Unique[0]))
	case guess != "":
		fmt.Fprintf(b, "    key: %s # the database does not say that it is unique\n", scalar(guess))
	case d.relational() && len(t.columns) > 0:
		fmt.Fprintf(b, "    key: %s # nothing in the database names one row; decide\n", list(allNames(t.columns)))
	}
}

func allNames(cs []*column) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Name)
	}
	return out
}

// writeReferences writes those the links stand on and the database does not say itself.
func (d *drafter) writeReferences(b *strings.Builder, t *drafted) {
	head := false
	for _, r := range t.refs {
		if r.found == "" && d.relational() || !d.of[r.target].stands() || !d.used(t, r) {
			continue
		}
		if !head {
			b.WriteString("    references:\n")
			head = true
		}
		optional := ""
		if r.empty {
			optional = ", optional: yes"
		}
		fmt.Fprintf(b, "      %s: {to: %s%s} # not declared in the database: seen %s\n", scalar(strings.Join(r.columns, "+")), scalar(r.target.Name+"."+r.to[0]), optional, cmp.Or(r.found, "there"))
	}
}

func (d *drafter) used(t *drafted, r *reference) bool {
	for _, other := range d.drafts {
		for _, l := range other.relation {
			if l.ref == r {
				return true
			}
		}
	}
	return false
}

func (d *drafter) erase(b *strings.Builder, t *drafted) {
	switch {
	case !t.owned() && !t.shared:
		return
	case t.deletes:
		b.WriteString("    erase: delete\n")
		if books(t) {
			b.WriteString("    # Where the law asks for these rows: erase: {keep: {because: …, for: …}}, with a retention rule of the policy.\n")
		}
	default:
		b.WriteString("    erase: clear # rows that stay point here, or others share the row\n")
	}
}

// books reports whether rows are such as are kept for the tax office.
func books(t *drafted) bool { return anyMeans(t.words, "deal") }

func (t *drafted) writeColumns(b *strings.Builder) {
	if len(t.held) > 0 {
		b.WriteString("    columns:\n")
	}
	for _, c := range t.held {
		is := c.finding.Data
		why := reasons(c.finding)
		if r := t.rules[c]; r.text != "" {
			is = "{is: " + is + ", erase: " + r.text + "}"
			why += "; " + r.why
		}
		fmt.Fprintf(b, "      %s: %s # %s\n", scalar(c.Name), is, why)
	}
	for _, c := range t.unsure {
		fmt.Fprintf(b, "      # %s: %s # %s\n", scalar(c.Name), cmp.Or(c.finding.Data, "…"), reasons(c.finding))
	}
	for _, c := range t.without {
		fmt.Fprintf(b, "      # %s: … # the policy has no data for it. %s\n", scalar(c.Name), reasons(c.finding))
	}
}

func (t *drafted) freeText(b *strings.Builder) {
	var names []string
	for _, c := range t.held {
		if c.finding.What == Text || c.finding.What == Mixed && c.Kind != connect.JSON {
			names = append(names, c.Name)
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "    free-text: %s\n", list(names))
	}
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = scalar(name)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// scalar writes a text as YAML.
func scalar(s string) string {
	if plain.MatchString(s) && !slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off"}, strings.ToLower(s)) {
		return s
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return strconv.Quote(s) // as YAML writes them between double quotes
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// check loads the file and judges it against the schema it was drafted from.
func (d *drafter) check(file []byte) policy.Problems {
	name := "systems/" + d.o.System + ".yaml"
	m, err := datamap.LoadText(name, file, d.policy)
	if err != nil {
		if problems, ok := err.(policy.Problems); ok {
			return problems
		}
		return policy.Problems{{File: name, Code: "unreadable", Message: "the draft cannot be read"}}
	}
	return m.CheckLive(map[string]*connect.Schema{d.o.System: d.j.schema})
}
