package find

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/datamap"
)

// gtable is a table of a random world.
type gtable struct {
	system, name string
	composite    bool
	refs         []gref
	links        []string // name: relation
	names        []string
	identities   []string
	owns         bool
	state        bool
}

type gref struct {
	name   string
	to     *gtable
	code   bool // to a column that is no key
	asText bool
	when   string
}

func (t *gtable) keys() []string {
	if t.composite {
		return []string{"id", "part"}
	}
	return []string{"id"}
}

func (r gref) here() []string {
	if r.to.composite && !r.code {
		return []string{r.name + "_id", r.name + "_part"}
	}
	return []string{r.name + "_id"}
}

func (r gref) there() []string {
	if r.code {
		return []string{"code"}
	}
	return r.to.keys()
}

// generate makes tables that point at each other at random, in one or two systems.
func generate(r *rand.Rand) []*gtable {
	var out []*gtable
	systems := 1 + r.IntN(2)
	for i := range 2 + r.IntN(4) {
		out = append(out, &gtable{system: string(rune('a' + i%systems)), name: fmt.Sprint("t", i), composite: r.IntN(4) == 0, state: r.IntN(4) == 0})
	}
	for _, t := range out {
		for i := range r.IntN(4) {
			ref := gref{name: fmt.Sprint("r", i), to: out[r.IntN(len(out))], code: r.IntN(8) == 0}
			ref.asText = ref.to.system != t.system && r.IntN(2) == 0
			if r.IntN(4) == 0 {
				ref.when = "kind = 'x'"
			}
			t.refs = append(t.refs, ref)
		}
		for _, id := range []string{"email", "phone", "member"} {
			if r.IntN(3) == 0 {
				t.identities = append(t.identities, id)
			}
		}
	}
	out[0].identities = []string{"email"}
	for i, t := range out {
		tieUp(r, t, out, i == 0)
	}
	return out
}

// tieUp chooses how rows come to people.
func tieUp(r *rand.Rand, t *gtable, all []*gtable, first bool) {
	names := []string{}
	for _, ref := range t.refs {
		names = append(names, ref.name)
	}
	for _, o := range all {
		for _, ref := range o.refs {
			if ref.to == t && o != t {
				names = append(names, o.system+"."+o.name+"."+ref.name)
			}
		}
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:min(len(names), r.IntN(4))]
	if len(t.identities) > 0 {
		if len(t.identities) > 1 && r.IntN(2) == 0 {
			names = append(names, t.identities[0])
		}
		names = append(names, "itself")
	}
	for i, name := range names {
		relation := []string{"owns", "owns", "shares", "mentions"}[r.IntN(4)]
		if first && i == len(names)-1 {
			relation = "owns"
		}
		t.owns = t.owns || relation == "owns"
		t.links, t.names = append(t.links, fmt.Sprintf("%q: %s", name, relation)), append(t.names, name)
	}
}

// yaml writes the map of one system.
func yaml(r *rand.Rand, system, kind string, all []*gtable) string {
	var b strings.Builder
	fmt.Fprintf(&b, "system: %s\nkind: %s\ncredentials: env:X\ntables:\n", system, kind)
	for _, t := range all {
		if t.system != system {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    key: [%s]\n", t.name, strings.Join(t.keys(), ", "))
		if t.state {
			fmt.Fprintln(&b, "    when: state = 'p'")
		}
		if len(t.identities) > 0 {
			var ids []string
			for _, id := range t.identities {
				ids = append(ids, id+": "+map[string]string{"email": "email", "phone": "phone", "member": "{kind: member, compare: trimmed}"}[id])
			}
			fmt.Fprintf(&b, "    identities: {%s}\n", strings.Join(ids, ", "))
		}
		if len(t.refs) > 0 {
			fmt.Fprintln(&b, "    references:")
		}
		for _, ref := range t.refs {
			var to []string
			for _, c := range ref.there() {
				to = append(to, ref.to.system+"."+ref.to.name+"."+c)
			}
			when := ""
			if ref.when != "" {
				when = ", when: \"" + ref.when + "\""
			}
			fmt.Fprintf(&b, "      %s: {columns: [%s], to: [%s], optional: yes%s}\n", ref.name, strings.Join(ref.here(), ", "), strings.Join(to, ", "), when)
		}
		yamlLinks(r, &b, t)
	}
	return b.String()
}

func yamlLinks(r *rand.Rand, b *strings.Builder, t *gtable) {
	if len(t.links) == 0 {
		return
	}
	fmt.Fprintf(b, "    relation: {%s}\n", strings.Join(t.links, ", "))
	if slices.ContainsFunc(t.links, func(l string) bool { return !strings.HasSuffix(l, "mentions") }) {
		fmt.Fprintln(b, "    erase: clear")
	}
	if !t.owns && r.IntN(2) == 0 {
		fmt.Fprintln(b, "    of: everyone")
	}
	fmt.Fprintln(b, "    columns:")
	if slices.Contains(t.identities, "email") {
		fmt.Fprintln(b, "      email: contact.email")
	}
	if slices.Contains(t.identities, "phone") {
		fmt.Fprintln(b, "      phone: contact.phone")
	}
	if slices.Contains(t.identities, "member") {
		fmt.Fprintln(b, "      member: account.number")
	}
	fmt.Fprintf(b, "      d0: {is: contact.name, of: %q}\n      d1: {is: contact.name, of: everyone}\n      d2: contact.name\n", t.names[r.IntN(len(t.names))])
}

// ddl makes the tables of a system.
func ddl(system string, all []*gtable) []string {
	var out []string
	for _, t := range all {
		if t.system != system {
			continue
		}
		columns := []string{"id INTEGER NOT NULL", "part VARCHAR(40) NOT NULL"}
		for _, c := range []string{"code", "email", "phone", "member", "kind", "state", "d0", "d1", "d2", "free"} {
			columns = append(columns, c+" VARCHAR(40)")
		}
		for _, ref := range t.refs {
			for i, c := range ref.here() {
				kind := "VARCHAR(40)"
				if i == 0 && !ref.code && !ref.asText {
					kind = "INTEGER"
				}
				columns = append(columns, c+" "+kind)
			}
		}
		out = append(out, fmt.Sprintf("CREATE TABLE %s (%s, PRIMARY KEY (%s))", t.name, strings.Join(columns, ", "), strings.Join(t.keys(), ", ")))
	}
	return out
}

// fill makes rows, of which some are dirty: they point at others' rows, or at none.
func fill(r *rand.Rand, all []*gtable, people int) map[*gtable][]orow {
	out := map[*gtable][]orow{}
	for _, t := range all {
		for i := range 2 + r.IntN(12) {
			row := orow{"id": int64(i/2 + 1), "part": string(rune('a' + i%2))}
			if !t.composite {
				row["id"] = int64(i + 1)
			}
			row["code"] = []any{"c1", "c2", "c3", nil, ""}[r.IntN(5)]
			row["kind"] = []any{"x", "x", "y", nil}[r.IntN(4)]
			row["state"] = []any{"p", "p", "p", "q", nil}[r.IntN(5)]
			n := r.IntN(people)
			row["email"] = []any{fmt.Sprintf("P%d@x.example", n), fmt.Sprintf("p%d@x.example", n), nil, ""}[r.IntN(4)]
			if r.IntN(4) > 0 {
				n = r.IntN(people) // else the same person
			}
			row["phone"] = []any{fmt.Sprintf("+44 20 7946 000%d", n), fmt.Sprintf("020 7946 000%d", n), nil}[r.IntN(3)]
			row["member"] = []any{fmt.Sprintf("m%d ", n), fmt.Sprintf("m%d", n), nil}[r.IntN(3)]
			for _, c := range []string{"d0", "d1", "d2", "free"} {
				row[c] = fmt.Sprintf("%s.%s.%d.%s", t.system, t.name, i, c)
			}
			out[t] = append(out[t], row)
		}
	}
	for _, t := range all {
		for _, row := range out[t] {
			for _, ref := range t.refs {
				point(r, row, ref, out[ref.to])
			}
		}
	}
	return out
}

func point(r *rand.Rand, row orow, ref gref, targets []orow) {
	var values []any
	switch n := r.IntN(10); {
	case n < 7 && len(targets) > 0:
		to := targets[r.IntN(len(targets))]
		for _, c := range ref.there() {
			values = append(values, to[c])
		}
	case n < 8:
		values = []any{int64(77), "a"}
	default:
		values = []any{nil, "b"}
	}
	for i, c := range ref.here() {
		if _, number := values[i].(int64); number && (ref.asText || ref.code) {
			values[i] = connect.Text(values[i])
		}
		row[c] = values[i]
	}
}

func insert(t *gtable, row orow) string {
	var names, values []string
	for name, v := range row {
		names = append(names, name)
		switch v := v.(type) {
		case nil:
			values = append(values, "NULL")
		case int64:
			values = append(values, fmt.Sprint(v))
		default:
			values = append(values, "'"+v.(string)+"'")
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.name, strings.Join(names, ", "), strings.Join(values, ", "))
}

// randomWorld is a map nobody wrote and rows nobody typed; false when the map is none.
func randomWorld(t *testing.T, seed uint64, kind connecttest.Kind) (*world, Sources, bool) {
	r := rand.New(rand.NewPCG(seed, 7))
	all := generate(r)
	files := map[string]string{}
	for _, g := range all {
		if files[g.system+".yaml"] == "" {
			files[g.system+".yaml"] = yaml(r, g.system, map[string]string{"sqlite": "sqlite", "postgresql": "postgresql", "mariadb": "mysql"}[kind.Name], all)
		}
	}
	m, err := datamap.Load(folder(files), testPolicy(t))
	if err != nil {
		if !strings.Contains(err.Error(), "no identity of a person leads to") {
			t.Fatalf("seed %d: %v\n%s", seed, err, files)
		}
		return nil, nil, false
	}
	const people = 5
	rows := fill(r, all, people)
	w, sources := &world{m: m, rows: map[*datamap.Table][]orow{}}, Sources{}
	for _, s := range m.Systems {
		statements := ddl(s.Name.Text, all)
		for _, g := range all {
			if g.system != s.Name.Text {
				continue
			}
			w.rows[m.Table(g.system+"."+g.name)] = rows[g]
			for _, row := range rows[g] {
				statements = append(statements, insert(g, row))
			}
		}
		sources[s.Name.Text] = databaseOf(t, kind, s.Name.Text, statements...)
	}
	for i := range 1 + r.IntN(3) {
		p := Person{[]Identity{{"email", fmt.Sprintf("p%d@x.example", i)}}}
		if r.IntN(2) == 0 {
			p.Identities = append(p.Identities, Identity{"phone", fmt.Sprintf("020 7946 000%d", i)})
		}
		if r.IntN(2) == 0 {
			p.Identities = append(p.Identities, Identity{"member", fmt.Sprintf("m%d", i)})
		}
		if r.IntN(4) == 0 {
			p.Identities = append(p.Identities, Identity{"email", "p4@x.example"})
		}
		w.people = append(w.people, p)
	}
	return w, sources, true
}

// foundLines is what a search found, as the oracle writes it.
func foundLines(t *testing.T, f *Found) []string {
	var out []string
	for _, s := range f.Systems {
		if s.Away != nil {
			t.Fatal(s.Away)
		}
		for _, rows := range s.Tables {
			if rows.Err != nil || len(rows.Missed) > 0 {
				t.Fatal(rows.Table.Path(), rows.Err, rows.Missed)
			}
			n := 0
			err := rows.Each(func(r Row) error {
				n++
				for _, tie := range r.Ties {
					out = append(out, fmt.Sprintf("person %d %s %s by %s: %s, last %v", tie.Person, rows.Table.Path(), keyText(r.Key), tie.Link.Name, tie.Way, tie.Last))
				}
				return nil
			})
			if err != nil || n != rows.Len() {
				t.Fatalf("%d rows of %d, %v", n, rows.Len(), err)
			}
		}
	}
	for _, c := range f.Conflicts {
		out = append(out, fmt.Sprintf("person %d %s %s in conflict", c.Person, c.Table.Path(), keyText(c.Key)))
		if len(c.By) == 0 || len(c.Against) == 0 {
			out = append(out, "a conflict without a reason")
		}
	}
	slices.Sort(out)
	return out
}

func keyText(key connect.Tuple) string {
	var parts []string
	for _, v := range key {
		parts = append(parts, connect.Text(v))
	}
	return strings.Join(parts, "/")
}

// Over random maps and rows, a search finds exactly what the definitions say, and an
// export shows each row once and nothing that is only somebody else's.
func TestRandomWorlds(t *testing.T) {
	for _, kind := range connecttest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			seeds := uint64(150)
			if kind.Name != "sqlite" {
				seeds = 20 // making a database takes long
			}
			if testing.Short() {
				seeds /= 4
			}
			randomWorlds(t, kind, seeds)
		})
	}
}

func randomWorlds(t *testing.T, kind connecttest.Kind, seeds uint64) {
	var worlds, ties, conflicts, shown int
	for seed := range seeds {
		w, sources, ok := randomWorld(t, seed, kind)
		if !ok {
			continue
		}
		want := w.answer()
		worlds++
		s := searchIn(t, w.m, sources, Options{Batch: 1 + int(seed%7)})
		if diff := cmp.Diff(w.lines(want), foundLines(t, find(t, s, w.people...))); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
		for _, o := range []Options{{}, {ToShow: true}, {ToShow: true, Keep: 200}} {
			shown += checkExport(t, seed, w, want, searchIn(t, w.m, sources, o))
		}
		for person := range want.held {
			ties, conflicts = ties+len(want.held[person]), conflicts+len(want.conflicts[person])
		}
		for _, source := range sources {
			source.Close()
		}
	}
	t.Logf("%d worlds, %d ties, %d conflicts, %d cells shown", worlds, ties, conflicts, shown)
	if worlds < int(seeds)/3 || ties < int(seeds)*3 || conflicts < int(seeds)/4 {
		t.Error("too little to tell")
	}
}

// checkExport checks what every person is shown, and gives how many cells that were.
func checkExport(t *testing.T, seed uint64, w *world, want answer, s *Search) int {
	t.Helper()
	f, err := s.Find(t.Context(), w.people)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for person := range w.people {
		var got, should []string
		last := ""
		for _, r := range records(t, s, f, person) {
			name := r.Table.Path() + " " + keyText(r.Key) + " " + r.Relation.String()
			got = append(got, name)
			if r.Changed {
				t.Fatalf("seed %d: %s is said to have changed", seed, name)
			}
			if r.Table.Path() < last {
				t.Fatalf("seed %d: %s after %s", seed, r.Table.Path(), last)
			}
			shown += w.checkCells(t, seed, want, person, r)
		}
		rows := map[at]bool{}
		for key := range want.held[person] {
			rows[key.row] = true
		}
		for row := range rows {
			should = append(should, row.t.Path()+" "+w.name(row)+" "+want.held[person].closest(row).String())
		}
		slices.Sort(got)
		slices.Sort(should)
		if diff := cmp.Diff(should, got); diff != "" {
			t.Fatalf("seed %d, person %d: (-want +got)\n%s", seed, person, diff)
		}
	}
	return shown
}

// checkCells checks each cell of a record against whose it is.
func (w *world) checkCells(t *testing.T, seed uint64, want answer, person int, r Record) int {
	t.Helper()
	var row at
	for _, candidate := range w.present(r.Table) {
		if w.name(candidate) == keyText(r.Key) {
			row = candidate
		}
	}
	shown := 0
	for _, c := range r.Cells {
		should := w.mayShow(want.held[person], row, c.Name)
		if should != (c.Access == datamap.Shown) {
			t.Fatalf("seed %d, person %d: %s %s: %s is shown %v, should be %v", seed, person, r.Table.Path(), keyText(r.Key), c.Name, c.Access == datamap.Shown, should)
		}
		value := w.row(row)[c.Name]
		if !should {
			value = nil
		} else {
			shown++
		}
		if !cmp.Equal(c.Value, value) {
			t.Fatalf("seed %d: %s is %v, should be %v", seed, c.Name, c.Value, value)
		}
	}
	for name := range w.row(row) {
		in := slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.Name == name })
		if w.mayShow(want.held[person], row, name) && !in {
			t.Fatalf("seed %d: %s of %s is not exported", seed, name, r.Table.Path())
		}
	}
	return shown
}

// mayShow says by the definitions whether a person is shown a column of a row.
func (w *world) mayShow(h holding, row at, column string) bool {
	if slices.Contains(row.t.KeyColumns(), column) {
		return false
	}
	relation := h.closest(row)
	c := row.t.Column(column)
	if c == nil {
		if relation == datamap.Mentions {
			return false
		}
		if relation == datamap.Owns {
			return true
		}
		others := false
		for _, l := range row.t.Links {
			if !l.Incoming && slices.Contains(l.Columns(), column) {
				if _, mine := h[tying{row, l}]; mine {
					return true
				}
				others = true
			}
		}
		return !others
	}
	of := c.Of.Text
	if of == "" {
		of = row.t.Of.Text
	}
	hasOwner := slices.ContainsFunc(row.t.Links, func(l *datamap.Link) bool { return l.Relation == datamap.Owns })
	for _, l := range row.t.Links {
		if _, mine := h[tying{row, l}]; !mine {
			continue
		}
		switch {
		case of == l.Name, of == "everyone", of == "" && !hasOwner, of == "" && l.Relation == datamap.Owns:
			return true
		case l.From == nil && slices.Contains(l.Columns(), column):
			return true
		}
	}
	return false
}
