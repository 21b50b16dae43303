package retain

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// restricted is why what somebody wants only kept is not ended by a schedule.
const restricted = "it is restricted: whom it is about wants it kept (gdpr:18)"

// guard is what of one policy's systems is held, as it was found at the beginning.
type guard struct {
	rows   map[*datamap.Table]map[string]string // key → why
	unsure map[*datamap.Table]string            // whose held rows cannot be told now, and why
	tables map[string]string                    // path → why
	data   []heldData
	all    string // why nothing ends
}

type heldData struct {
	fields policy.FieldSet
	why    string
}

// stand is the holds at one moment.
type stand struct {
	mark       [2]int64
	holds      []Hold
	subjects   map[avow.ID][]*Hold // in avow's own records
	restricted []find.Person
}

// most bounds how many restricted people a run knows at once: each is sought in all systems.
const most = 100_000

// stand reads what is held, and who is restricted in avow's own records.
func (d *Desk) stand(ctx context.Context) (out *stand, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		out = &stand{subjects: map[avow.ID][]*Hold{}}
		if out.mark, err = mark(tx); err != nil {
			return err
		}
		if out.holds, err = d.standing(tx); err != nil {
			return err
		}
		for i := range out.holds {
			found, err := d.subjects(tx, &out.holds[i])
			if err != nil {
				return err
			}
			for _, id := range found {
				out.subjects[id] = append(out.subjects[id], &out.holds[i])
			}
		}
		return d.addRestricted(tx, out)
	})
	return out, err
}

func (d *Desk) addRestricted(tx *store.Tx, out *stand) error {
	if d.AllRestricted == nil {
		return nil
	}
	for after := (avow.ID{}); ; {
		ids, err := d.AllRestricted(tx, after, 1000)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			known, err := d.Vault.Identities(tx, id)
			if avow.KindOf(err) == avow.NotFound && err != nil {
				continue // gone, or staged
			}
			if err != nil {
				return err
			}
			var p find.Person
			for _, k := range known {
				p.Identities = append(p.Identities, find.Identity{Kind: k.Kind, Value: k.Value})
			}
			out.restricted = append(out.restricted, p)
		}
		if after = ids[len(ids)-1]; len(out.restricted) > most {
			return avow.Errorf(avow.TooLarge, "more than %d people have their data restricted; the schedule cannot look for all of them", most)
		}
	}
}

// guard finds what is held in the systems of a policy.
func (st *stand) guard(ctx context.Context, s Systems) (*guard, error) {
	g := &guard{rows: map[*datamap.Table]map[string]string{}, unsure: map[*datamap.Table]string{}, tables: map[string]string{}}
	for _, h := range st.holds {
		switch {
		case h.About:
		case len(h.Tables) > 0:
			for _, path := range h.Tables {
				g.tables[path] = h.Because
			}
		case len(h.Data) > 0:
			g.data = append(g.data, heldData{dataOf(s.policy(), h.Data), h.Because})
		default:
			g.all = h.Because
		}
	}
	if g.all != "" {
		return g, nil
	}
	held, err := rowsOfHeld(ctx, s.Search, st.holds)
	if err != nil {
		return nil, err
	}
	g.take(held, func(t *datamap.Table, n int) string {
		h := held.holds[n]
		if len(h.Tables) > 0 && !slices.Contains(h.Tables, t.Path()) || len(h.Data) > 0 && dataOf(s.policy(), h.Data).And(fieldsOf(t)).Empty() {
			return ""
		}
		return h.Because
	})
	return g, g.takeRestricted(ctx, s, st.restricted)
}

func dataOf(p *policy.Policy, names []string) (out policy.FieldSet) {
	for _, name := range names {
		if fields, _, ok := p.Data(name); ok {
			out = out.Or(fields)
		}
	}
	return out
}

func fieldsOf(t *datamap.Table) (out policy.FieldSet) {
	for i := range t.Columns {
		out = out.Or(t.Columns[i].Is.Fields)
	}
	return out
}

// take takes what was found, with why it is held, and the tables of which not all could be read.
func (g *guard) take(r *heldRows, why func(t *datamap.Table, person int) string) {
	for t, keys := range r.keys {
		for key, people := range keys {
			for _, n := range people {
				g.hold(t, key, why(t, n))
			}
		}
	}
	if r.found == nil {
		return
	}
	for _, sys := range r.found.Systems {
		for _, t := range sys.Tables {
			missed := slices.ContainsFunc(t.Missed, func(l *datamap.Link) bool { return l.From == nil || l.From.System.Kind != string(datamap.Manual) })
			if t.Err != nil || sys.Away != nil || missed {
				g.unsure[t.Table] = "which of its rows are held cannot be told now: a system or table that leads here cannot be read"
			}
		}
	}
}

func (g *guard) hold(t *datamap.Table, key, why string) {
	if why == "" {
		return
	}
	if g.rows[t] == nil {
		g.rows[t] = map[string]string{}
	}
	if g.rows[t][key] == "" {
		g.rows[t][key] = why
	}
}

// takeRestricted holds what is restricted: of people avow knows, and what a system's own
// column says, with all else of the people in those rows.
func (g *guard) takeRestricted(ctx context.Context, s Systems, people []find.Person) error {
	people = slices.Clone(people)
	for _, t := range s.Search.Graph.Map.Tables() {
		if t.Restriction.Line == 0 {
			continue
		}
		if s.Search.Sources[t.System.Name.Text] == nil {
			g.doubt(s, "the system "+t.System.Name.Text+" is away")
			continue
		}
		more, err := g.flagged(ctx, s, t)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			g.doubt(s, avow.MessageOf(err))
			continue
		}
		people = append(people, more...)
	}
	if len(people) == 0 {
		return nil
	}
	r := &heldRows{keys: map[*datamap.Table]map[string][]int{}}
	if err := r.find(ctx, s.Search, people); err != nil {
		return err
	}
	g.take(r, func(*datamap.Table, int) string { return restricted })
	return nil
}

// doubt holds what there is of everybody: the people whose restriction cannot be read have rows in any table.
func (g *guard) doubt(s Systems, why string) {
	for _, t := range s.Search.Graph.Map.Tables() {
		if g.unsure[t] == "" {
			g.unsure[t] = "which of its rows are restricted cannot be told now: " + why
		}
	}
}

var errMany = errors.New("many")

// flagged holds the rows whose own column says that they are restricted, and gives whom they are about.
func (g *guard) flagged(ctx context.Context, s Systems, t *datamap.Table) (people []find.Person, err error) {
	key := keyOf(s.Search, t)
	column := t.Restriction.Column.Text
	read := connect.Read{Table: t.Name, Columns: append(slices.Clone(key), t.Identities.Keys()...),
		When: &connect.Cond{Op: connect.Equal, Column: column, Values: []any{flag(t, kindOf(s.Search, t, column))}}}
	err = s.Search.Sources[t.System.Name.Text].Read(ctx, read, func(row connect.Row) error {
		g.hold(t, keyText(connect.Tuple(row[:len(key)])), restricted)
		var p find.Person
		for i := range t.Identities {
			if text := connect.Text(row[len(key)+i]); strings.TrimSpace(text) != "" {
				p.Identities = append(p.Identities, find.Identity{Kind: t.Identities[i].Is.Kind.Text, Value: text})
			}
		}
		if len(p.Identities) > 0 {
			people = append(people, p)
		}
		if len(people) > most {
			return errMany
		}
		return nil
	})
	if errors.Is(err, errMany) {
		err = avow.Errorf(avow.TooLarge, "more than %d of its rows are", most)
	}
	return people, err
}

// flag is what a column of restriction holds when it is set.
func flag(t *datamap.Table, kind connect.Kind) any {
	word := t.Restriction.Set.Text
	switch kind {
	case connect.Boolean:
		return word == "" || word == "true" || word == "yes" || word == "1"
	case connect.Integer:
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			return n
		}
		return int64(1)
	}
	if word == "" {
		return "true"
	}
	return word
}

// keyOf are the columns that name a row.
func keyOf(s *find.Search, t *datamap.Table) []string {
	if names := t.KeyColumns(); len(names) > 0 {
		return names
	}
	if schema := s.Schemas[t.System.Name.Text]; schema != nil && schema.Table(t.Name) != nil {
		return schema.Table(t.Name).Key
	}
	return nil
}

// kindOf is the kind of a column; empty when there is none such.
func kindOf(s *find.Search, t *datamap.Table, column string) connect.Kind {
	if c := t.Column(column); c != nil && c.Type != "" {
		return connect.Kind(c.Type)
	}
	if schema := s.Schemas[t.System.Name.Text]; schema != nil && schema.Table(t.Name) != nil {
		if c := schema.Table(t.Name).Column(column); c != nil {
			return c.Kind
		}
	}
	return ""
}
