package plan

import (
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// gtable is a table of a world that nobody designed.
type gtable struct {
	name  string
	email bool // it has an identity
	erase string
	refs  []gref
	must  bool // its data may not be empty
	links []string
	owns  bool
}

type gref struct {
	name     string
	to       int
	required bool
	cascade  string
	mapped   bool
}

var grelations = []string{"owns", "owns", "shares", "mentions"}

func generate(r *rand.Rand) []*gtable {
	n := 2 + r.IntN(4)
	var out []*gtable
	for i := range n {
		t := &gtable{name: fmt.Sprint("t", i), email: i == 0 || r.IntN(3) == 0, must: r.IntN(3) == 0, erase: []string{"delete", "delete", "clear", "mask(hash)"}[r.IntN(4)]}
		if t.email {
			t.link("itself", []string{"owns", "owns", "shares"}[r.IntN(3)])
		}
		for j := range r.IntN(3) + min(i, 1) {
			ref := gref{name: fmt.Sprint("r", j), to: r.IntN(n), required: r.IntN(3) == 0, mapped: r.IntN(5) > 0}
			if j == 0 && i > 0 {
				ref.to, ref.mapped = r.IntN(i), true
			}
			ref.cascade = []string{"", "", " ON DELETE CASCADE", " ON DELETE SET NULL"}[r.IntN(4)]
			if ref.required && strings.HasSuffix(ref.cascade, "NULL") {
				ref.cascade = ""
			}
			t.refs = append(t.refs, ref)
			if ref.mapped && (j == 0 || r.IntN(2) == 0) {
				t.link(ref.name, grelations[r.IntN(4)])
			}
		}
		out = append(out, t)
	}
	// Some are tied by what points at them.
	for i, t := range out {
		for _, ref := range t.refs {
			if to := out[ref.to]; ref.mapped && ref.to != i && r.IntN(6) == 0 {
				to.link(t.name+"."+ref.name, grelations[1+r.IntN(2)])
			}
		}
	}
	return out
}

func (t *gtable) link(name, relation string) {
	t.links = append(t.links, name+": "+relation)
	t.owns = t.owns || relation == "owns"
}

func schemaOf(ts []*gtable) string {
	var out strings.Builder
	for _, t := range ts {
		null := ""
		if t.must {
			null = " NOT NULL"
		}
		fmt.Fprintf(&out, "CREATE TABLE %s (id INTEGER PRIMARY KEY, email TEXT, data TEXT%s", t.name, null)
		for _, ref := range t.refs {
			required := ""
			if ref.required {
				required = " NOT NULL"
			}
			fmt.Fprintf(&out, ", %s INTEGER%s REFERENCES %s(id)%s", ref.name, required, ts[ref.to].name, ref.cascade)
		}
		out.WriteString(");\n")
	}
	return out.String()
}

func systemOf(ts []*gtable) string {
	var out strings.Builder
	out.WriteString("system: w\nkind: sqlite\ncredentials: env:X\ntables:\n")
	for _, t := range ts {
		fmt.Fprintf(&out, "  %s:\n    key: id\n", t.name)
		if t.email {
			out.WriteString("    identities: {email: email}\n")
		}
		t.writeReferences(&out, ts)
		if len(t.links) == 0 {
			continue
		}
		fmt.Fprintf(&out, "    relation: {%s}\n", strings.Join(t.links, ", "))
		if !t.owns {
			out.WriteString("    of: everyone\n")
		}
		if slices.ContainsFunc(t.links, func(l string) bool { return !strings.HasSuffix(l, "mentions") }) {
			fmt.Fprintf(&out, "    erase: %s\n", t.erase)
		}
		columns := "data: orders.items"
		if t.email {
			columns += ", email: contact.email"
		}
		fmt.Fprintf(&out, "    columns: {%s}\n", columns)
	}
	return out.String()
}

func (t *gtable) writeReferences(out *strings.Builder, ts []*gtable) {
	var refs []string
	for _, ref := range t.refs {
		if ref.mapped {
			refs = append(refs, fmt.Sprintf("%s: {to: %s.id, optional: %s}", ref.name, ts[ref.to].name, map[bool]string{true: "no", false: "yes"}[ref.required]))
		}
	}
	if len(refs) > 0 {
		fmt.Fprintf(out, "    references: {%s}\n", strings.Join(refs, ", "))
	}
}

// fill makes rows that point at each other at random.
func fill(r *rand.Rand, ts []*gtable) string {
	count := make([]int, len(ts))
	for i := range ts {
		count[i] = 2 + r.IntN(6)
	}
	var out strings.Builder
	for i, t := range ts {
		for id := 1; id <= count[i]; id++ {
			email := "NULL"
			if t.email && r.IntN(3) > 0 {
				email = fmt.Sprintf("'p%d@x.example'", r.IntN(4))
			}
			fmt.Fprintf(&out, "INSERT INTO %s VALUES (%d, %s, 'data %d of %s'", t.name, id, email, id, t.name)
			for _, ref := range t.refs {
				if ref.required || r.IntN(3) > 0 {
					fmt.Fprintf(&out, ", %d", 1+r.IntN(count[ref.to]))
				} else {
					out.WriteString(", NULL")
				}
			}
			out.WriteString(");\n")
		}
	}
	return out.String()
}

// dump is every row: table and key → column → value.
func dump(t *testing.T, db *sql.DB, ts []*gtable) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for _, g := range ts {
		names := []string{"id", "email", "data"}
		for _, ref := range g.refs {
			names = append(names, ref.name)
		}
		for _, row := range rowsOf(t, db, "SELECT "+strings.Join(names, ", ")+" FROM "+g.name) {
			values := strings.Split(row, "|")
			cells := map[string]string{}
			for i, name := range names {
				cells[name] = values[i]
			}
			out[g.name+"/"+values[0]] = cells
		}
	}
	return out
}

// Over worlds that nobody designed: erasing somebody changes nothing that another
// person's access returned, theirs alone excepted, nor any row that is not theirs; the
// database's own references hold; nothing is left; and doing it again changes nothing.
func TestErasureTouchesNobodyElse(t *testing.T) {
	worlds, changed, partial := 0, 0, 0
	file := t.TempDir() + "/w.db"
	for seed := uint64(0); worlds < 150 && seed < 3000; seed++ {
		r := rand.New(rand.NewPCG(seed, 9))
		ts := generate(r)
		m, err := datamap.Load(fs.FS(fstest.MapFS{"systems/w.yaml": {Data: []byte(systemOf(ts))}}), testPolicy(t))
		if err != nil {
			continue
		}
		worlds++
		name := fmt.Sprint(file, seed)
		c, p := oneWorld(t, fmt.Sprintf("seed %d\n%s\n%s", seed, schemaOf(ts), systemOf(ts)), name, ts, m, fill(r, ts))
		changed, partial = changed+c, partial+p
		if t.Failed() {
			return
		}
	}
	if worlds < 150 || changed < 200 || partial < 15 {
		t.Errorf("%d worlds, %d rows changed, %d plans partial: too few to tell", worlds, changed, partial)
	}
}

func oneWorld(t *testing.T, label, file string, ts []*gtable, m *datamap.Map, rows string) (changed, partial int) {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_pragma=foreign_keys(off)&_pragma=synchronous(off)&_pragma=journal_mode(memory)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("BEGIN;" + schemaOf(ts) + rows + "COMMIT"); err != nil {
		t.Fatal(label, err)
	}
	src, err := sqldb.Open(t.Context(), connect.Config{System: "w", Kind: "sqlite", Secret: file})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	w := &world{t: t, m: m, sources: find.Sources{"w": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	who := people("email=p0@x.example", "email=p1@x.example", "email=p2@x.example", "email=p3@x.example")
	before := dump(t, db, ts)
	search, all := w.found(who)
	_, own := w.found(who[:1])
	shown := map[int][]find.Record{}
	for q := 1; q < len(who); q++ {
		search.Options.ToShow = true
		err := search.Export(t.Context(), all, q, func(r find.Record) error { shown[q] = append(shown[q], r); return nil })
		if err != nil {
			t.Fatal(label, err)
		}
	}
	p := w.plan(who[:1])
	run := func(what string, p *Plan) {
		if _, err := p.Systems[0].Run(t.Context(), src); err != nil {
			text, _ := p.MarshalJSON()
			t.Fatalf("%s: %v\n%s\n%s\n%s", what, err, label, rows, text)
		}
	}
	run("first", p)
	after := dump(t, db, ts)
	fail := func(format string, args ...any) {
		t.Helper()
		text, _ := p.MarshalJSON()
		t.Errorf("%s\n%s\n%s\n%s", fmt.Sprintf(format, args...), label, rows, text)
	}
	mine, alone := ownRows(t, own), aloneBy(t, all)
	for key, row := range before {
		if maps.Equal(row, after[key]) {
			continue
		}
		changed++
		if !mine[key] {
			fail("%s is not theirs and has changed: %v, %v", key, row, after[key])
		}
	}
	for q, records := range shown {
		for _, r := range records {
			key := r.Table.Name + "/" + connect.Text(r.Key[0])
			if r.Relation == datamap.Mentions && mine[key] {
				continue
			}
			for _, c := range r.Cells {
				if alone[key+"."+c.Name] {
					continue // it says that person 0 is there, and nobody else
				}
				if was := before[key][c.Name]; c.Access == datamap.Shown && after[key][c.Name] != was && c.Value != nil {
					fail("person %d was shown %s.%s = %s, and it is %q", q, key, c.Name, was, after[key][c.Name])
				}
			}
		}
	}
	if broken := rowsOf(t, db, "PRAGMA foreign_key_check"); len(broken) > 0 {
		fail("references are broken: %v", broken)
	}
	// What a row was in conflict about may be gone now, and the row clearly theirs.
	settled := len(own.Conflicts) == 0
	if left := w.check(p, who[:1]); len(left) > 0 && settled {
		fail("there is left: %+v", left)
	}
	run("again", p)
	if again := dump(t, db, ts); !maps.EqualFunc(after, again, maps.Equal) {
		fail("run again, the plan changes more")
	}
	run("planned again", w.plan(who[:1]))
	if again := dump(t, db, ts); settled && !maps.EqualFunc(after, again, maps.Equal) {
		fail("planned again, more is changed")
	}
	if p.Partial() {
		partial = 1
	}
	return changed, partial
}

// ownRows are the rows that somebody owns or shares.
func ownRows(t *testing.T, f *find.Found) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, s := range f.Systems {
		for _, rows := range s.Tables {
			err := rows.Each(func(r find.Row) error {
				if slices.ContainsFunc(r.Ties, func(tie find.Tie) bool { return tie.Way != datamap.Mentions }) {
					out[rows.Table.Name+"/"+connect.Text(r.Key[0])] = true
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// aloneBy are the columns by which person 0, and nobody else, comes to share a row.
func aloneBy(t *testing.T, f *find.Found) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, s := range f.Systems {
		for _, rows := range s.Tables {
			err := rows.Each(func(r find.Row) error {
				for _, tie := range r.Ties {
					others := slices.ContainsFunc(r.Ties, func(o find.Tie) bool { return o.Link == tie.Link && o.Person != 0 })
					for _, name := range tie.Link.Columns() {
						if tie.Person == 0 && tie.Link.Relation != datamap.Mentions && !tie.Link.Incoming && !others {
							out[rows.Table.Name+"/"+connect.Text(r.Key[0])+"."+name] = true
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}
