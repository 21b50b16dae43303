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
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/store/storetest"
)

// farTables are tables of which some moments stand in rows that refer to theirs.
var farTables = []severalTable{
	{"fa", "{a: {last-contact: seen, purchase: o_fa.bought}}", []string{"a"}, []string{"purchase"}},
	{"fb", "{b: {last-contact: o_fb.owner.seen, purchase: bought}}", []string{"b"}, []string{"last-contact"}},
	{"fc", "{c: {last-contact: o_fc.seen, purchase: o_fc.bought, collection: o_fc.made}}", []string{"c"}, []string{"last-contact", "purchase", "collection"}},
	{"fe", "{e: {last-contact: seen, purchase: o_fe.bought}}", []string{"e"}, []string{"purchase"}},
	{"ff", "{f: {last-contact: seen, purchase: o_ff.bought}}", []string{"f"}, []string{"purchase"}},
	{"fboth", "{a: {last-contact: seen, purchase: o_fboth.bought}, books: {purchase: o_fboth.bought, collection: made, last-contact: seen}}", []string{"a", "books"}, []string{"purchase"}},
}

// farRows fills the table that refers to another, and corrects what happened: of each event the
// latest, when all that refer say when. What is not paid does not refer.
func (h *house) farRows(r *rand.Rand, table string, rows []happened, far []string) {
	h.t.Helper()
	var values []string
	for owner, row := range rows {
		for _, event := range far {
			delete(row, event)
		}
		open := map[string]bool{}
		for range r.IntN(4) {
			state := []string{"paid", "paid", "paid", "open"}[r.IntN(4)]
			text := map[string]string{"last-contact": "NULL", "purchase": "NULL", "collection": "NULL"}
			for _, event := range far {
				if r.IntN(8) == 0 {
					open[event] = open[event] || state == "paid"
					continue
				}
				at := today.Add(-time.Duration(r.IntN(600*24*60)) * time.Minute)
				layout := time.DateTime
				if event == "purchase" {
					at, layout = dayOf(at), time.DateOnly
				}
				text[event] = "'" + at.Format(layout) + "'"
				if old, ok := row[event]; state == "paid" && (!ok || at.After(old)) {
					row[event] = at
				}
			}
			values = append(values, fmt.Sprintf("(%d, %d, %s, %s, %s, '%s')", len(values), owner, text["last-contact"], text["purchase"], text["collection"], state))
		}
		for event := range open {
			if open[event] {
				delete(row, event)
			}
		}
	}
	h.exec("INSERT INTO " + table + " (id, owner, seen, bought, made, state) VALUES " + strings.Join(values, ", "))
}

// What counts from the latest row that refers to one ends as the slow way says, in each SQL
// database, in the calendar and in a run; nothing does of which one such row says nothing.
func TestMomentsElsewhereAgreeWithTheSlowWay(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			h := newSeveral(t, k.Config(t), farTables)
			random := rand.New(rand.NewPCG(11, uint64(len(k.Name))))
			slow := h.slowWay()
			for _, s := range farTables {
				rows := h.randomRows(random, s.name, 80)
				h.farRows(random, "o_"+s.name, rows, s.far)
				if left := slow.judge(s, "fboth", rows); left == 80 || left == 0 {
					t.Fatalf("%s: %d of 80 rows stay: this tests nothing", s.name, left)
				}
			}
			h.wantMonths(slow.months)
			dry := h.run(Options{Dry: true})
			report := h.run(Options{})
			if report.Left() > 0 || len(report.Away) > 0 || slices.Max(h.src.changes) > 3 {
				t.Errorf("left %d, away %q, batches of %d", report.Left(), report.Away, slices.Max(h.src.changes))
			}
			once := func(line string) bool { return strings.HasPrefix(line, "shop.t_fboth books") } // in a run the note went by the other rule
			if a, b := slices.DeleteFunc(said(dry), once), said(report); !slices.Equal(a, b) {
				t.Errorf("a dry run said\n  %s\nand the run\n  %s", strings.Join(a, "\n  "), strings.Join(b, "\n  "))
			}
			slow.agree("fboth")
		})
	}
}

const farShop = `system: shop
kind: %s
credentials: env:X
take-from-database: [keys, references]
tables:
  customers:
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email}
    retention: {contact: orders.bought}
  orders:
    relation: {customer_id: owns}
    erase: delete
    columns: {mail: contact.email}
    retention: {contact: bought}
  parts:
    relation: {order_id: owns}
    erase: delete
    columns: {mail: contact.email}
    retention: {contact: made}
`

// eachFarShop runs a test on customers whose orders say when they end, in each SQL database there is.
func eachFarShop(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			h := newHouseOf(t, storetest.SQLite(t), today, severalPolicy)
			h.shop = k.Config(t)
			number := func(name string) connecttest.Column { return connecttest.Column{Name: name, Kind: connect.Integer} }
			text := func(name string) connecttest.Column {
				return connecttest.Column{Name: name, Kind: connect.TextKind, Length: 50}
			}
			day := func(name string) connecttest.Column { return connecttest.Column{Name: name, Kind: connect.DateKind} }
			id := connecttest.Column{Name: "id", Kind: connect.Integer, Must: true}
			to := func(column, table string) []connect.Reference {
				return []connect.Reference{{Name: "of_" + table, Columns: []string{column}, Table: table, To: []string{"id"}}}
			}
			connecttest.Create(t, h.shop,
				connecttest.Table{Name: "customers", Key: []string{"id"}, Columns: []connecttest.Column{id, text("email")}},
				connecttest.Table{Name: "orders", Key: []string{"id"}, Columns: []connecttest.Column{id, number("customer_id"), text("mail"), day("bought")}, References: to("customer_id", "customers")},
				connecttest.Table{Name: "parts", Key: []string{"id"}, Columns: []connecttest.Column{id, number("order_id"), text("mail"), day("made")}, References: to("order_id", "orders")})
			h.open(farShop)
			test(h)
		})
	}
}

// open opens the mapped shop by a map.
func (h *house) open(text string) {
	h.t.Helper()
	h.shop.System = "shop"
	src, err := sqldb.Open(h.t.Context(), h.shop)
	h.check(err)
	h.t.Cleanup(func() { src.Close() })
	h.src = &watched{Source: src}
	p, err := h.reg.Version("shop", 0)
	h.check(err)
	h.m, err = datamap.Load(fstest.MapFS{"systems/shop.yaml": {Data: fmt.Appendf(nil, text, h.shop.Kind)}}, p)
	h.check(err)
}

// Rows and those that tell when they end go together, by the same rule: neither keeps the other,
// and no moment is lost. Where it is unknown nothing goes.
func TestMomentsElsewhereGoAlong(t *testing.T) {
	const alongMost = 70 // the orders of one customer are one step
	eachFarShop(t, func(h *house) {
		h.exec("INSERT INTO customers (id, email) VALUES (1, 'p1@x.example'), (2, 'p2@x.example'), (3, 'p3@x.example'), (4, 'p4@x.example'), (5, 'p5@x.example'), (6, 'p6@x.example'), (7, 'p7@x.example')",
			"INSERT INTO orders (id, customer_id, mail, bought) VALUES (11, 1, 'x', '2020-01-01'), (12, 1, 'x', '2021-01-01'), (21, 2, 'x', '2020-01-01'), (22, 2, 'x', '2026-01-01'), "+
				"(41, 4, 'x', '2020-01-01'), (42, 4, 'x', NULL), (51, 5, 'x', '2020-01-01'), (61, 6, 'x', '2020-01-01')",
			"INSERT INTO parts (id, order_id, mail, made) VALUES (511, 51, 'x', '2026-01-01')")
		var many []string
		for i := range 70 {
			many = append(many, fmt.Sprintf("(%d, 7, 'x', '2019-01-01')", 1000+i))
		}
		h.exec("INSERT INTO orders (id, customer_id, mail, bought) VALUES " + strings.Join(many, ", "))
		_, err := h.desk.Place(h.t.Context(), Hold{Kind: Legal, Because: "A claim.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: "p6@x.example"}}})
		h.check(err)
		const cleared = "shop.orders contact: clear mail 1, refused: delete: 1 row of `parts` that stays points at it by a reference, instead: clear"
		held := []string{"shop.customers contact: keep email 0, held 1: A claim.", "shop.orders contact: keep mail 0, held 1: A claim."}
		want := []string{"shop.customers contact: delete email 3", held[0], cleared, "shop.orders contact: delete mail 74", held[1], "shop.orders contact: untie customer_id 1"}
		h.wantSaid(h.run(Options{Dry: true}), want...)
		h.wantSaid(h.run(Options{}), want...)
		h.wantRows("SELECT id FROM customers ORDER BY id", "2 3 4 6")
		h.wantRows("SELECT id, customer_id FROM orders ORDER BY id", "22|2 42|4 51|- 61|6")
		h.wantSaid(h.run(Options{}), held[0], cleared, held[1])
		if most := slices.Max(h.src.changes); most > alongMost {
			t.Errorf("%d rows of a table in one step", most)
		}
	})
}

// What comes between the look and the change is not lost, and the row stays: a new order, one that
// loses its moment, one of which the moment moves.
func TestMomentsElsewhereHoldOnlyWhileDue(t *testing.T) {
	for name, change := range map[string]string{
		"a new order":         "INSERT INTO orders (id, customer_id, mail, bought) VALUES (90, 2, 'x', '2026-11-22')",
		"a new, open order":   "INSERT INTO orders (id, customer_id, mail) VALUES (90, 2, 'x')",
		"a moment that moves": "UPDATE orders SET bought = '2026-11-22' WHERE id = 21",
		"a moment that goes":  "UPDATE orders SET bought = NULL WHERE id = 21",
	} {
		t.Run(name, func(t *testing.T) {
			eachFarShop(t, func(h *house) {
				h.exec("INSERT INTO customers (id, email) VALUES (1, 'p1@x.example'), (2, 'p2@x.example'), (3, 'p3@x.example')",
					"INSERT INTO orders (id, customer_id, mail, bought) VALUES (11, 1, 'x', '2020-01-01'), (21, 2, 'x', '2020-01-01'), (31, 3, 'x', '2020-01-01')")
				h.src.before = func(n int) error {
					if n == 1 {
						h.exec(change)
					}
					return nil
				}
				if r := h.run(Options{}); r.Left() == 0 {
					t.Errorf("it is said that all went: %v", said(r))
				}
				h.wantRows("SELECT id FROM customers", "2")
				if h.rows("SELECT id FROM orders WHERE customer_id = 2") == "" {
					t.Error("the order is lost")
				}
				h.src.before = nil
				h.run(Options{})
				h.wantRows("SELECT id FROM customers", "2")
			})
		})
	}
}

// An order that somebody is still writing while its customer goes is waited for and kept, also
// where the database would delete it with the customer.
func TestMomentsElsewhereWaitForWhatIsWritten(t *testing.T) {
	eachFarShop(t, func(h *house) {
		h.exec("DROP TABLE parts", "DROP TABLE orders")
		connecttest.Create(t, h.shop, connecttest.Table{Name: "orders", Key: []string{"id"}, Columns: []connecttest.Column{{Name: "id", Kind: connect.Integer, Must: true}, {Name: "customer_id", Kind: connect.Integer},
			{Name: "mail", Kind: connect.TextKind, Length: 50}, {Name: "bought", Kind: connect.DateKind}},
			References: []connect.Reference{{Name: "of_customers", Columns: []string{"customer_id"}, Table: "customers", To: []string{"id"}, OnDelete: connect.Cascade}}})
		before, _, _ := strings.Cut(farShop, "  parts:")
		h.open(before)
		h.exec("INSERT INTO customers (id, email) VALUES (1, 'p1@x.example'), (2, 'p2@x.example')",
			"INSERT INTO orders (id, customer_id, mail, bought) VALUES (11, 1, 'x', '2020-01-01'), (21, 2, 'x', '2020-01-01')")
		db := connecttest.Handle(t, h.shop)
		written := make(chan error, 1)
		h.src.before = func(n int) error {
			if n > 1 {
				return nil
			}
			tx, err := db.Begin()
			if err == nil {
				_, err = tx.Exec("INSERT INTO orders (id, customer_id, mail, bought) VALUES (90, 2, 'x', '2026-11-22')")
			}
			if err != nil {
				return err
			}
			go func() {
				time.Sleep(300 * time.Millisecond)
				written <- tx.Commit()
			}()
			return nil
		}
		h.run(Options{})
		h.check(<-written)
		h.wantRows("SELECT id FROM customers", "2")
		h.wantRows("SELECT id FROM orders", "90")
	})
}
