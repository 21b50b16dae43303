package datamap

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/policy"
	"github.com/google/go-cmp/cmp"
)

// ways is a table's ways as a person would write them.
func ways(r Reach, t *Table) []string {
	var out []string
	for _, w := range r.Ways(t) {
		var names []string
		for _, l := range w.Links {
			names = append(names, l.Table.Name+"/"+l.Name)
		}
		out = append(out, w.Relation.String()+": "+strings.Join(names, " > "))
	}
	return out
}

func load(t testing.TB, dir string) *Map {
	t.Helper()
	m, err := Load(folder(t, dir), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWays(t *testing.T) {
	chinook, err := load(t, "testdata/chinook").Complete(chinookFacts())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m     *Map
		table string
		kinds []string
		want  []string
	}{
		{load(t, "testdata/shop"), "shop.customers", nil, []string{"owns: customers/itself", "mentions: customers/itself > customers/invited_by"}},
		{load(t, "testdata/shop"), "shop.addresses", nil, []string{"shares: customers/itself > addresses/customers.home"}},
		{load(t, "testdata/shop"), "shop.order_lines", nil, []string{"owns: customers/itself > orders/customer > order_lines/order_id"}},
		{load(t, "testdata/shop"), "shop.messages", nil, []string{"shares: customers/itself > messages/sender"}},
		{load(t, "testdata/shop"), "shop.messages", []string{"passport"}, nil},
		{load(t, "testdata/crm"), "crm.contacts", []string{"phone"}, []string{"owns: contacts/itself"}},
		{load(t, "testdata/crm"), "mail.subscribers", []string{"phone"}, nil},
		{load(t, "testdata/crm"), "crm.opportunities", []string{"email"}, []string{"shares: contacts/itself > opportunities/buyer", "mentions: contacts/itself > opportunities/referrer"}},
		{load(t, "testdata/crm"), "mail.campaigns", nil, []string{"mentions: subscribers/itself > campaigns/owner"}},
		{chinook, "chinook.Customer", nil, []string{"owns: Customer/itself", "mentions: Employee/itself > Customer/SupportRepId"}},
		{chinook, "chinook.Employee", nil, []string{"owns: Employee/itself", "mentions: Employee/itself > Employee/ReportsTo"}},
		{chinook, "chinook.InvoiceLine", nil, []string{"owns: Customer/itself > Invoice/CustomerId > InvoiceLine/InvoiceId"}},
	} {
		g := c.m.Graph()
		r := g.Reach
		if c.kinds != nil {
			r = g.From(c.kinds...)
		}
		if diff := cmp.Diff(c.want, ways(r, c.m.Table(c.table))); diff != "" {
			t.Errorf("%s %v: (-want +got)\n%s", c.table, c.kinds, diff)
		}
	}
}

func chinookFacts() map[string][]TableFacts {
	return map[string][]TableFacts{"chinook": {
		{Name: "Customer", Key: []string{"CustomerId"}, References: []ReferenceFacts{{Columns: []string{"SupportRepId"}, Table: "Employee", To: []string{"EmployeeId"}, Optional: true}}},
		{Name: "Employee", Key: []string{"EmployeeId"}, References: []ReferenceFacts{{Columns: []string{"ReportsTo"}, Table: "Employee", To: []string{"EmployeeId"}, Optional: true}}},
		{Name: "Invoice", Key: []string{"InvoiceId"}, References: []ReferenceFacts{{Columns: []string{"CustomerId"}, Table: "Customer", To: []string{"CustomerId"}}}},
		{Name: "InvoiceLine", Key: []string{"InvoiceLineId"}, References: []ReferenceFacts{{Columns: []string{"InvoiceId"}, Table: "Invoice", To: []string{"InvoiceId"}}}},
	}}
}

// Without the database's references nothing is said of what hangs on them; with
// them, what is missing is an error.
func TestComplete(t *testing.T) {
	m := load(t, "testdata/chinook")
	facts := chinookFacts()
	facts["chinook"][2].References = nil
	facts["chinook"][3].Key = nil
	_, err := m.Complete(facts)
	if err == nil {
		t.Fatal("a missing key and a missing reference are not seen")
	}
	for _, want := range []string{"no way to a person is called `CustomerId`", "nothing names one row of `InvoiceLine`"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in\n%v", want, err)
		}
	}
	facts = chinookFacts()
	facts["chinook"][3].References[0].Table = "Receipt"
	if _, err := m.Complete(facts); err == nil {
		t.Error("a reference to a table that is not mapped is taken")
	}
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		dir, system         string
		tables, clear, self []string
		cycles              int
	}{
		{"testdata/shop", "shop", []string{"order_lines", "messages", "notes", "orders", "customers", "addresses"}, nil, []string{"customers.invited_by"}, 0},
		{"testdata/crm", "mail", []string{"opens", "issues", "campaigns", "subscribers"}, []string{"campaigns.first_issue"}, nil, 1},
	} {
		m := load(t, c.dir)
		o := m.Graph().Order(m.System(c.system))
		got := tableNames(o.Tables)
		if diff := cmp.Diff(c.tables, got); diff != "" {
			t.Errorf("%s: %s", c.dir, diff)
		}
		if diff := cmp.Diff(c.clear, referenceNames(o.Clear)); diff != "" {
			t.Errorf("%s: %s", c.dir, diff)
		}
		if diff := cmp.Diff(c.self, referenceNames(o.Self)); diff != "" {
			t.Errorf("%s: %s", c.dir, diff)
		}
		if len(o.Cycles) != c.cycles || len(o.Stuck) != 0 {
			t.Errorf("%s: cycles %v, stuck %v", c.dir, o.Cycles, o.Stuck)
		}
	}
	m := load(t, "testdata/crm")
	var names []string
	for _, s := range m.Graph().Systems() {
		names = append(names, s.Name.Text)
	}
	if want := []string{"archive", "crm", "mail"}; !slices.Equal(names, want) {
		t.Errorf("systems %v, want %v", names, want)
	}
}

func tableNames(ts []*Table) []string {
	var out []string
	for _, t := range ts {
		out = append(out, t.Name)
	}
	return out
}

func referenceNames(rs []*Reference) []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.Table.Name+"."+r.Name)
	}
	return out
}

// random is a map that nobody wrote: tables that point at each other at random.
func random(r *rand.Rand) *Map {
	s := &System{Name: Word{Text: "s"}}
	n := 1 + r.IntN(6)
	for i := range n {
		s.all = append(s.all, &Table{System: s, Name: fmt.Sprint("t", i)})
	}
	for _, t := range s.all {
		if r.IntN(3) == 0 {
			kind := []string{"email", "phone"}[r.IntN(2)]
			t.Links = append(t.Links, &Link{Name: itself, Relation: Relation(1 + r.IntN(3)), Table: t, Identities: []*Identity{{Kind: Word{Text: kind}}}})
		}
		for i := range r.IntN(4) {
			ref := Reference{Name: fmt.Sprint("r", i), Table: t, Target: s.all[r.IntN(n)]}
			ref.Optional.Yes = r.IntN(2) == 0
			t.References = append(t.References, policy.Entry[Reference]{Key: ref.Name, Is: ref})
		}
	}
	for _, t := range s.all {
		for i := range t.References {
			ref := &t.References[i].Is
			l := &Link{Name: ref.Name, Relation: Relation(1 + r.IntN(3)), Reference: ref, Table: t, From: ref.Target}
			if r.IntN(3) == 0 {
				l.Incoming, l.Table, l.From = true, ref.Target, t
			}
			if r.IntN(3) > 0 {
				l.Table.Links = append(l.Table.Links, l)
			}
		}
	}
	return &Map{Systems: []*System{s}}
}

// slowReach says by the definition whether rows of a table can be reached in a
// relation by a walk of at most so many links.
func slowReach(m *Map, kinds []string, t *Table, want Relation, most int) bool {
	if most == 0 {
		return false
	}
	for _, l := range t.Links {
		if l.From == nil {
			if l.Relation == want && slices.Contains(kinds, l.Identities[0].Kind.Text) {
				return true
			}
			continue
		}
		for _, before := range []Relation{Owns, Shares} {
			if max(before, l.Relation) == want && slowReach(m, kinds, l.From, before, most-1) {
				return true
			}
		}
	}
	return false
}

func TestReachIsTheSlowOne(t *testing.T) {
	reached := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 4))
		m := random(r)
		kinds := [][]string{{"email"}, {"phone"}, {"email", "phone"}}[r.IntN(3)]
		reach := m.Graph().From(kinds...)
		for _, table := range m.Tables() {
			for rel := Owns; rel <= Mentions; rel++ {
				i := slices.IndexFunc(reach.Ways(table), func(w Way) bool { return w.Relation == rel })
				if want := slowReach(m, kinds, table, rel, min(2*len(m.Tables()), 7)); (i >= 0) != want {
					t.Fatalf("seed %d, %v: %s %s is reached %v, should be %v", seed, kinds, rel, table.Name, i >= 0, want)
				}
				if i >= 0 {
					reached++
					checkWay(t, reach.Ways(table)[i])
				}
			}
		}
	}
	if reached < 300 {
		t.Errorf("only %d ways were compared", reached)
	}
}

// checkWay checks that a way is one: it starts at identities, hangs together, and
// is as distant as its most distant link.
func checkWay(t *testing.T, w Way) {
	t.Helper()
	relation := Unrelated
	var at *Table
	for i, l := range w.Links {
		if l.From != at || (i == 0) != (len(l.Identities) > 0) || relation == Mentions {
			t.Fatalf("the way %v breaks at %s", w, l.Name)
		}
		at, relation = l.Table, max(relation, l.Relation)
	}
	if at != w.Table || relation != w.Relation {
		t.Fatalf("the way ends at %v %v, not at %v %v", at, relation, w.Table, w.Relation)
	}
}

// Every order is right, clears no reference that could have stayed, and is stuck
// only when no order of all there are would do.
func TestOrderIsRight(t *testing.T) {
	cleared, stuck := 0, 0
	for seed := range uint64(400) {
		m := random(rand.New(rand.NewPCG(seed, 5)))
		s := m.Systems[0]
		o := m.Graph().Order(s)
		if len(o.Tables) != len(s.all) {
			t.Fatalf("seed %d: %d of %d tables are in the order", seed, len(o.Tables), len(s.all))
		}
		if possible := anyOrder(s.all); possible == (len(o.Stuck) > 0) {
			t.Fatalf("seed %d: an order is possible: %v, stuck: %v", seed, possible, o.Stuck)
		}
		cleared, stuck = cleared+len(o.Clear), stuck+len(o.Stuck)
		if len(o.Stuck) > 0 {
			continue
		}
		if bad := broken(o.Tables, o.Clear); bad != nil {
			t.Fatalf("seed %d: %s of %s is broken by the order %v", seed, bad.Name, bad.Table.Name, tableNames(o.Tables))
		}
		for i := range o.Clear {
			fewer := slices.Delete(slices.Clone(o.Clear), i, i+1)
			if orderKeeping(s.all, nil, fewer) {
				t.Fatalf("seed %d: %s need not be cleared", seed, o.Clear[i].Name)
			}
		}
	}
	if cleared < 20 || stuck < 20 {
		t.Errorf("%d references were cleared and %d circles stuck: too few to tell", cleared, stuck)
	}
}

// broken is a reference that an order would break: what it points at goes first.
func broken(order []*Table, clear []*Reference) *Reference {
	for i, t := range order {
		for j := range t.References {
			r := &t.References[j].Is
			if r.Target != t && !slices.Contains(clear, r) && slices.Index(order, r.Target) < i {
				return r
			}
		}
	}
	return nil
}

// anyOrder tries all orders, with every reference cleared that may be empty.
func anyOrder(tables []*Table) bool {
	var optional []*Reference
	for _, t := range tables {
		for i := range t.References {
			if r := &t.References[i].Is; r.Optional.Yes {
				optional = append(optional, r)
			}
		}
	}
	return orderKeeping(tables, nil, optional)
}

// orderKeeping tries all orders, with these references cleared.
func orderKeeping(rest, order []*Table, clear []*Reference) bool {
	if len(rest) == 0 {
		return broken(order, clear) == nil
	}
	for i := range rest {
		without := slices.Delete(slices.Clone(rest), i, i+1)
		if orderKeeping(without, append(slices.Clone(order), rest[i]), clear) {
			return true
		}
	}
	return false
}
