package retain

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store/storetest"
)

const severalPolicy = `
avow: v1
policy: shop
title: Privacy policy
effective: 2015-01-01
organisation:
  name: Tidewater
  contact: {email: privacy@tidewater.example}
  entities: {nl: {name: Tidewater B.V., in: NL, serves: everyone-else}}
data:
  contact: {title: Contact details, fields: [email], identifies: [email]}
  a: {title: A, fields: [note, more]}
  b: {title: B, fields: [note]}
  c: {title: C, fields: [note]}
  d: {title: D, fields: [note]}
  e: {title: E, fields: [note]}
  f: {title: F, fields: [note]}
sources:
  you: {title: You, yields: [contact, a, b, c, d, e, f]}
purpose-groups:
  shop:
    title: The shop
    purposes:
      shop: {title: Run the shop, because: You buy from us., basis: contract, uses: [contact, a, b, c, d, e, f]}
      accounts: {title: Keep books, because: Tax law demands it., basis: legal-obligation, uses: [a]}
collect:
  purchase: {title: Order, source: you, needs: [contact.email], for: [shop]}
retention:
  contact: {until: 24 months after last-contact, then: erase}
  a: {until: {latest: [6 months after last-contact, 1 year after purchase]}, then: erase}
  b: {until: {earliest: [6 months after last-contact, 1 year after purchase]}, then: erase}
  c: {until: {latest: [{earliest: [8 months after last-contact, 300 days after purchase]}, 26 weeks after collection]}, then: erase}
  d: {until: {latest: [6 months after last-contact, 1 month after delivery]}, then: erase}
  e: {until: {earliest: [6 months after last-contact, {latest: [1 month after delivery, 3 months after purchase]}]}, then: erase}
  f: {until: {earliest: [end of legal duty, {latest: [6 months after purchase, 2 weeks after last-contact, 1 year after purchase]}]}, then: erase}
  books: {of: [a.note], for: accounts, until: {latest: [{earliest: [15 months after purchase, 9 months after collection]}, 9 months after last-contact]}, then: erase}
regimes: [gdpr]
signals: {dnt: ignored, gpc: ignored}
`

// severalTable is a table of a test with the rules that are carried out on it. It has the moments
// `seen` (with a time), `bought` (a day) and `made` (with a time).
type severalTable struct {
	name, retention string
	rules           []string
	far             []string // the events whose moments stand in the table o_name, which refers to it
}

var severalTables = []severalTable{
	{"a", "{a: {last-contact: seen, purchase: bought}}", []string{"a"}, nil},
	{"b", "{b: {last-contact: seen, purchase: bought}}", []string{"b"}, nil},
	{"c", "{c: {last-contact: seen, purchase: bought, collection: made}}", []string{"c"}, nil},
	{"d", "{d: {last-contact: seen}}", []string{"d"}, nil},
	{"e", "{e: {last-contact: seen, purchase: bought}}", []string{"e"}, nil},
	{"f", "{f: {last-contact: seen, purchase: bought}}", []string{"f"}, nil},
	{"both", "{a: {last-contact: seen, purchase: bought}, books: {purchase: bought, collection: made, last-contact: seen}}", []string{"a", "books"}, nil},
	{"short", "{a: seen}", nil, nil}, // which event is meant, nobody knows
}

// happened are the moments of a row; those that are missing never happened.
type happened map[string]time.Time

// ended is what must come of a row by an end, found out the slow way: whether it has come by a day.
func (m happened) ended(u policy.Until, today time.Time) bool {
	switch u.Form {
	case policy.UntilPeriod:
		from, ok := m[u.After]
		if !ok {
			return false
		}
		end := slowEnd(dayOf(from), u.Period)
		if u.After != "purchase" {
			end = end.Add(day) // within a day: the whole of it
		}
		return !end.After(today)
	case policy.UntilLatest:
		for _, of := range u.Of {
			if !m.ended(of, today) {
				return false
			}
		}
		return true
	case policy.UntilEarliest:
		for _, of := range u.Of {
			if m.ended(of, today) {
				return true
			}
		}
	}
	return false
}

// slowEnd goes day by day, and month by month.
func slowEnd(from time.Time, p policy.Period) time.Time {
	days := map[policy.Unit]int{policy.Days: 1, policy.Weeks: 7}[p.Unit] * p.N
	for range days {
		from = from.Add(day)
	}
	months := map[policy.Unit]int{policy.Months: 1, policy.Years: 12}[p.Unit] * p.N
	y, m, d := from.Date()
	for range months {
		if m++; m > time.December {
			y, m = y+1, time.January
		}
	}
	for time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Month() != m {
		d--
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// randomRows fills a table, and gives what happened in each row.
func (h *house) randomRows(r *rand.Rand, table string, n int) (out []happened) {
	h.t.Helper()
	var values []string
	for i := range n {
		row := happened{}
		text := map[string]string{}
		for _, event := range []string{"last-contact", "purchase", "collection"} {
			text[event] = "NULL"
			if r.IntN(5) == 0 {
				continue
			}
			at := today.Add(-time.Duration(r.IntN(500*24*60)) * time.Minute)
			layout := time.DateTime
			if event == "purchase" {
				at, layout = dayOf(at), time.DateOnly
			}
			row[event], text[event] = at, "'"+at.Format(layout)+"'"
		}
		out = append(out, row)
		values = append(values, fmt.Sprintf("(%d, 'p%d@x.example', 'x', 'y', %s, %s, %s)", i, i, text["last-contact"], text["purchase"], text["collection"]))
	}
	h.exec("INSERT INTO t_" + table + " (id, email, note, more, seen, bought, made) VALUES " + strings.Join(values, ", "))
	return out
}

// newSeveral is a house with such tables.
func newSeveral(t *testing.T, c connect.Config, list []severalTable) *house {
	t.Helper()
	h := newHouseOf(t, storetest.SQLite(t), today, severalPolicy)
	h.shop = c
	var tables []connecttest.Table
	var text strings.Builder
	fmt.Fprintf(&text, "system: shop\nkind: %s\ncredentials: env:X\ntake-from-database: [keys]\ntables:\n", c.Kind)
	for _, s := range list {
		note := connecttest.Column{Name: "note", Kind: connect.TextKind, Length: 20}
		tables = append(tables, connecttest.Table{Name: "t_" + s.name, Key: []string{"id"}, Columns: []connecttest.Column{{Name: "id", Kind: connect.Integer, Must: true}, {Name: "email", Kind: connect.TextKind, Length: 100},
			note, {Name: "more", Kind: connect.TextKind, Length: 20}, {Name: "seen", Kind: connect.TimeKind}, {Name: "bought", Kind: connect.DateKind}, {Name: "made", Kind: connect.TimeKind}}})
		data := "a.note, more: a.more"
		if len(s.rules) == 1 {
			data = s.rules[0] + ".note"
		}
		fmt.Fprintf(&text, "  t_%s:\n    identities: {email: email}\n    relation: owns\n    erase: clear\n    columns: {email: contact.email, note: %s}\n    retention: %s\n", s.name, data, s.retention)
		if len(s.far) > 0 {
			tables = append(tables, connecttest.Table{Name: "o_" + s.name, Key: []string{"id"}, Columns: []connecttest.Column{{Name: "id", Kind: connect.Integer, Must: true}, {Name: "owner", Kind: connect.Integer},
				{Name: "seen", Kind: connect.TimeKind}, {Name: "bought", Kind: connect.DateKind}, {Name: "made", Kind: connect.TimeKind}, {Name: "state", Kind: connect.TextKind, Length: 10}},
				References: []connect.Reference{{Name: "owner_" + s.name, Columns: []string{"owner"}, Table: "t_" + s.name, To: []string{"id"}}}})
			fmt.Fprintf(&text, "  o_%[1]s:\n    references: {owner: {to: t_%[1]s.id, when: state = 'paid'}}\n", s.name)
		}
	}
	connecttest.Create(t, h.shop, tables...)
	h.shop.System = "shop"
	src, err := sqldb.Open(t.Context(), h.shop)
	h.check(err)
	t.Cleanup(func() { src.Close() })
	h.src = &watched{Source: src}
	p, err := h.reg.Version("shop", 0)
	h.check(err)
	h.m, err = datamap.Load(fstest.MapFS{"systems/shop.yaml": {Data: []byte(text.String())}}, p)
	h.check(err)
	return h
}

// What counts from several events ends as the slow way says, in each SQL database: by the latest or
// the earliest of them, inside each other, where some never happened and some have no column.
func TestSeveralEventsAgreeWithTheSlowWay(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			h := newSeveral(t, k.Config(t), severalTables)
			random := rand.New(rand.NewPCG(7, uint64(len(k.Name))))
			slow := h.slowWay()
			for _, s := range severalTables {
				left := slow.judge(s, "both", h.randomRows(random, s.name, 80))
				if some := left < 80; some == (s.name == "d" || s.name == "short") || left == 0 {
					t.Fatalf("%s: %d of 80 rows stay: this tests nothing", s.name, left)
				}
			}
			h.wantMonths(slow.months)
			report := h.run(Options{})
			if report.Left() > 0 || len(report.Away) > 0 || slices.Max(h.src.changes) > 3 {
				t.Errorf("left %d, away %q, batches of %d", report.Left(), report.Away, slices.Max(h.src.changes))
			}
			slow.agree("both")
			h.wantUnknown(report)
		})
	}
}

// slowWay is what becomes of rows, each looked at by itself.
type slowWay struct {
	*house
	rules  map[string]policy.Until
	stays  map[string]string // table → the rows whose note stays
	more   []string          // rows of one table in which `a` runs, whatever becomes of what `books` is about too
	months map[string]int    // what ends when
}

func (h *house) slowWay() *slowWay {
	w := &slowWay{h, map[string]policy.Until{}, map[string]string{}, nil, map[string]int{}}
	for _, r := range h.m.Policy.Retention {
		w.rules[r.Name] = r.Until
	}
	return w
}

// judge goes through the rows of a table, and says how many stay. Of the one called both, two rules are about different columns.
func (w *slowWay) judge(s severalTable, both string, rows []happened) int {
	var left []string
	for id, row := range rows {
		over := len(s.rules) > 0
		for _, name := range s.rules {
			over = over && row.ended(w.rules[name], dayOf(today))
		}
		if s.name == both && !row.ended(w.rules["a"], dayOf(today)) {
			w.more = append(w.more, fmt.Sprint(id))
		}
		if !over {
			left = append(left, fmt.Sprint(id))
		}
		if len(s.rules) == 1 {
			w.countMonths(w.months, "t_"+s.name, s.rules[0], w.rules[s.rules[0]], row)
		}
	}
	w.stays[s.name] = strings.Join(left, " ")
	return len(left)
}

// agree compares with what a run has left, and expects that there is nothing to do for another.
func (w *slowWay) agree(both string) {
	w.t.Helper()
	for name, ids := range w.stays {
		w.wantRows("SELECT id FROM t_"+name+" WHERE note IS NOT NULL ORDER BY id", ids)
	}
	w.wantRows("SELECT id FROM t_"+both+" WHERE more IS NOT NULL ORDER BY id", strings.Join(w.more, " "))
	n := len(w.src.changes)
	if w.run(Options{}); len(w.src.changes) > n {
		w.t.Errorf("run again it made %d changes", len(w.src.changes)-n)
	}
}

// countMonths counts a row in the month in which it ends, of three.
func (h *house) countMonths(counts map[string]int, table, rule string, u policy.Until, row happened) {
	months := []string{Overdue, "2026-11", "2026-12", "2027-01"}
	for i, end := range []string{"2026-11-22", "2026-11-30", "2026-12-31", "2027-01-31"} {
		if row.ended(u, on(h.t, end)) {
			counts[table+" "+rule+" "+months[i]]++
			return
		}
	}
}

func (h *house) wantMonths(want map[string]int) {
	h.t.Helper()
	list, away, err := h.desk.Calendar(h.t.Context(), 3)
	h.check(err)
	got := map[string]int{}
	for _, m := range list {
		if !strings.HasSuffix(m.Table, "both") {
			got[m.Table+" "+m.Rule+" "+m.Month] = m.Rows
		}
	}
	if len(away) > 0 || fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Errorf("the calendar is\n  %v\nwant\n  %v\naway %q", got, want, away)
	}
}

// wantUnknown wants what cannot be counted to be said, with the cut-offs of what can.
func (h *house) wantUnknown(r *Report) {
	h.t.Helper()
	var got []string
	for _, e := range r.Entries {
		if e.Rule != "" && strings.HasPrefix(e.Refused, nobodyKnows) {
			got = append(got, fmt.Sprintf("%s %s: %s; %s", e.Table, e.Rule, strings.TrimPrefix(e.Refused, nobodyKnows+": "), e.Instead))
		}
		if e.Table == "t_c" && e.Action != "keep" && e.Before != "(2026-03-22 (last-contact) or 2026-01-27 (purchase)) and 2026-05-24 (collection)" {
			h.t.Errorf("from before %s", e.Before)
		}
	}
	want := []string{
		"t_d d: the rule counts from last-contact and delivery, and the map names no column for `delivery`; it is left as it is",
		"t_e e: the rule counts from last-contact and delivery and purchase, and the map names no column for `delivery`; it ends by the others alone",
		"t_short a: the rule counts from last-contact and purchase, and the map names no column for `last-contact`, `purchase`; it is left as it is"}
	if !slices.Equal(got, want) {
		h.t.Errorf("nobody knows\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
