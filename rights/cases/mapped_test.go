package cases_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// mapped are three systems of a data map, each a real database: the shop on PostgreSQL where avow is.
type mapped struct {
	*house
	configs map[string]store.Config
	dbs     map[string]*store.DB

	mu       sync.Mutex
	away     map[string]bool
	meddling []write // what an application does right after avow did something
}

type write struct{ system, statement string }

var tables = map[string][]string{
	"shop": {
		`CREATE TABLE customers (id BIGINT PRIMARY KEY, email TEXT, name TEXT, state TEXT)`,
		`CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT NOT NULL REFERENCES customers (id), address TEXT)`,
		`CREATE TABLE invoices (id BIGINT PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL)`,
	},
	"crm":  {`CREATE TABLE contacts (id BIGINT PRIMARY KEY, shop_id BIGINT, name TEXT, phone TEXT)`},
	"desk": {`CREATE TABLE tickets (id BIGINT PRIMARY KEY, email TEXT, text TEXT)`},
}

var rows = map[string][]string{
	"shop": {
		`INSERT INTO customers VALUES (1, 'Ann@mail.example', 'Ann Visitor', 'active'), (2, 'bob@mail.example', 'Bob Other', 'active')`,
		`INSERT INTO orders VALUES (10, 1, '1 Kade'), (11, 1, '1 Kade'), (12, 2, '2 Kade')`,
		`INSERT INTO invoices VALUES (20, 'ann@mail.example', 'Ann Visitor'), (21, 'bob@mail.example', 'Bob Other')`,
	},
	"crm":  {`INSERT INTO contacts VALUES (5, 1, 'Ann', '+31201234567'), (6, 2, 'Bob', '+31207654321')`},
	"desk": {`INSERT INTO tickets VALUES (7, 'ann@mail.example', 'where is it?'), (8, 'bob@mail.example', 'I met ann@mail.example')`},
}

func eachMapped(t *testing.T, test func(m *mapped)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		m := &mapped{configs: map[string]store.Config{}, dbs: map[string]*store.DB{}, away: map[string]bool{}}
		for name, statements := range tables {
			m.configs[name] = storetest.SQLite(t)
			if name == "shop" && c.DSN != "" {
				m.configs[name] = storetest.PostgreSQL(t)
			}
			m.dbs[name] = storetest.OpenConfig(t, m.configs[name])
			for _, s := range append(slices.Clone(statements), rows[name]...) {
				if err := m.exec(name, s); err != nil {
					t.Fatal(err)
				}
			}
		}
		m.house = newHouse(t, c, func(c *cases.Config) {
			e := m.engine(t)
			c.Engine, c.Pack = e, e.Pack(c.Desk, t.TempDir())
		})
		test(m)
	})
}

func (m *mapped) engine(t *testing.T) *systems.Engine {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load("policy.yaml", src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	loaded, err := datamap.Load(os.DirFS("testdata"), p)
	if err != nil {
		t.Fatal(err)
	}
	e := systems.New(systems.Config{Map: loaded, Region: "NL", Open: func(ctx context.Context, s *datamap.System) (connect.Source, error) {
		name := s.Name.Text
		k := connect.Config{System: name, Kind: "sqlite", Secret: m.configs[name].Path, Region: "NL"}
		if m.configs[name].DSN != "" {
			k.Kind, k.Secret = "postgresql", m.configs[name].DSN
		}
		src, err := open.Source(ctx, k)
		return &sometimes{src, m, name}, err
	}})
	t.Cleanup(func() { e.Close() })
	return e
}

// sometimes is a system that can be away.
type sometimes struct {
	connect.Source
	m    *mapped
	name string
}

func (s *sometimes) isAway() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.away[s.name] {
		return avow.Errorf(avow.Unavailable, "%s is away", s.name)
	}
	return nil
}

func (s *sometimes) Describe(ctx context.Context) (*connect.Schema, error) {
	if err := s.isAway(); err != nil {
		return nil, err
	}
	return s.Source.Describe(ctx)
}

func (s *sometimes) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	if err := s.isAway(); err != nil {
		return err
	}
	return s.Source.Read(ctx, r, each)
}

func (s *sometimes) Change(ctx context.Context, list []connect.Change) ([]connect.Result, error) {
	if err := s.isAway(); err != nil {
		return nil, err
	}
	out, err := s.Source.Change(ctx, list)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if len(s.m.meddling) > 0 && s.m.meddling[0].system == s.name && err == nil {
		err = s.m.exec(s.name, s.m.meddling[0].statement)
		s.m.meddling = s.m.meddling[1:]
	}
	return out, err
}

func (m *mapped) setAway(name string, away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away[name] = away
}

func (m *mapped) exec(system, statement string) error {
	return m.dbs[system].Write(bg, func(tx *store.Tx) error { _, err := tx.Exec(statement); return err })
}

func (m *mapped) text(system, query string) (out string) {
	m.t.Helper()
	err := m.dbs[system].Read(bg, func(tx *store.Tx) error {
		list, err := store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) }, query)
		out = strings.Join(list, " ")
		return err
	})
	m.Check(err)
	return out
}

// left is what the systems hold, in one text.
func (m *mapped) left() string {
	return m.text("shop", `SELECT email || ' ' || name || ' ' || state FROM customers ORDER BY id`) + "; " +
		m.text("shop", `SELECT CAST(id AS TEXT) || ' ' || address FROM orders ORDER BY id`) + "; " + m.text("shop", `SELECT name FROM invoices ORDER BY id`) + "; " +
		m.text("crm", `SELECT name FROM contacts ORDER BY id`) + "; " + m.text("desk", `SELECT text FROM tickets ORDER BY id`)
}

const afterErasure = "bob@mail.example Bob Other active; 12 2 Kade; erased Bob Other; Bob; I met ann@mail.example"

// Ann is known in the systems alone: the link goes to the spelling that stands there,
// everything that is hers goes from all three, and nothing of anybody else's.
func TestMappedErasure(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		r := m.ask(law.Remove, ann)
		m.run()
		_, err := m.desk.Confirm(bg, m.link("Ann@mail.example"))
		m.Check(err)
		m.setAway("crm", true)
		m.run()
		m.is(r, cases.Planning)
		m.setAway("crm", false)
		m.Pass(time.Hour)
		m.run()
		m.is(r, cases.Checking) // the paper files, and a text of Bob's that names Ann
		if got := m.left(); got != afterErasure {
			t.Errorf("left: %s", got)
		}
		if s := m.step(r, "task", "desk"); !strings.Contains(s.What, "desk.tickets.text") {
			t.Errorf("%+v", s)
		}
		m.finishTasks(r)
		m.is(r, cases.Closed)
		cert, err := m.desk.Certificate(bg, r.ID)
		m.Check(err)
		if len(cert.Systems) != 3 || cert.Systems[0].System != "desk" && cert.Systems[2].System == "desk" {
			t.Errorf("%+v", cert.Systems)
		}
		if strings.Contains(strings.ToLower(cert.Text()), "mail.example") || strings.Contains(cert.Text(), "Ann") {
			t.Errorf("the certificate holds a value: %s", cert.Text())
		}
		m.replayed(t)
		m.audit()
	})
}

// replayed: the shop and the help desk come back from a backup, and Ann with them.
func (m *mapped) replayed(t *testing.T) {
	t.Helper()
	since := m.Clock().Add(-24 * time.Hour)
	m.Check(m.exec("shop", `INSERT INTO customers VALUES (1, 'Ann@mail.example', 'Ann Visitor', 'active')`))
	m.Check(m.exec("shop", `INSERT INTO orders VALUES (10, 1, '1 Kade')`))
	m.Check(m.exec("desk", `INSERT INTO tickets VALUES (7, 'ANN@MAIL.example', 'where is it?')`))
	back, err := m.desk.Replay(bg, since, nil, "max", true)
	m.Check(err)
	if len(back) != 1 || !slices.Equal(back[0].Tables, []string{"desk.tickets", "shop.customers"}) || !back[0].Request.IsZero() {
		t.Fatalf("a dry run finds %+v", back)
	}
	back, err = m.desk.Replay(bg, m.Clock().Add(time.Hour), nil, "max", false)
	m.Check(err)
	if len(back) != 0 {
		t.Errorf("erased after the backup: %+v", back)
	}
	back, err = m.desk.Replay(bg, since, []string{"shop", "desk"}, "max", false)
	m.Check(err)
	if len(back) != 1 || back[0].Request.IsZero() {
		t.Fatalf("%+v", back)
	}
	m.run()
	again := cases.Taken{ID: back[0].Request}
	m.finishTasks(again)
	if got := m.left(); got != afterErasure {
		t.Errorf("left after the replay: %s", got)
	}
	if n := len(m.letters("Ann@mail.example")); n != 2 {
		t.Errorf("%d letters", n) // the link and the end, and none of the replay
	}
}

// What all systems hold of Ann is packed, and nothing of Bob; what she may take elsewhere is what she gave, on a contract or consent.
func TestMappedAccess(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		m.Submit(collecttest.Submission("contact", "contact.email", ann, "contact.name", "Ann Visitor", "messages.text", "Is it sold?"))
		for _, right := range []law.Right{law.Copy, law.Move} {
			r := m.ask(right, ann)
			pass := m.prove(ann)
			m.setAway("desk", true)
			m.run()
			for _, s := range m.steps(r) {
				if s.Kind == "task" {
					m.Check(m.desk.TaskDone(bg, r.ID, s.N, "ivy", "scanned", cases.Attachment{Name: "1999.txt", Data: []byte("an old letter")}))
				}
			}
			m.run()
			m.is(r, cases.Running) // one system is away: the package waits
			m.setAway("desk", false)
			m.Pass(time.Minute)
			m.run()
			m.is(r, cases.Closed)
			var out bytes.Buffer
			m.Check(m.desk.Download(bg, pass.Token, &out))
			m.isHers(t, right, unzipped(t, out.Bytes()))
		}
		m.audit()
	})
}

func (m *mapped) isHers(t *testing.T, right law.Right, text string) {
	t.Helper()
	want := []string{"Ann Visitor", "1 Kade", "an old letter", "paper/1999.txt"}
	if right == law.Copy {
		want = append(want, "where is it?", "Is it sold?")
	} else if strings.Contains(text, "where is it?") {
		t.Error("what is used on neither consent nor contract is to be taken elsewhere")
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s: the package lacks %q", right, w)
		}
	}
	for _, other := range []string{"Bob", "2 Kade"} {
		if strings.Contains(text, other) {
			t.Errorf("%s: the package holds %q", right, other)
		}
	}
}

// Corrections and restrictions are done in the systems.
func TestMappedCorrection(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		r := m.ask(law.Correct, ann, func(a *cases.Ask) {
			a.Corrections = []cases.Correction{{Data: "contact.name", From: "Ann Visitor", To: "Ann Sailor"}}
		})
		m.run()
		_, err := m.desk.Confirm(bg, m.link("Ann@mail.example"))
		m.Check(err)
		m.run()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		restricted := m.ask(law.Restrict, ann)
		m.run()
		_, err = m.desk.Confirm(bg, m.link("Ann@mail.example"))
		m.Check(err)
		m.run()
		m.finishTasks(restricted)
		m.is(restricted, cases.Closed)
		if got := m.text("shop", `SELECT name || ' ' || state FROM customers ORDER BY id`); got != "Ann Sailor frozen Bob Other active" {
			t.Errorf("%s", got)
		}
	})
}

// The shop comes back from a backup of before a restriction and an objection: what stands of them is marked again, however often that is done, and what was
// lifted is not. Nobody is written to, asked or given anything for it, and it keeps nobody from lifting it later.
func TestMappedMarksAreSetAgain(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		state := func() string { return m.text("shop", `SELECT state FROM customers ORDER BY id`) }
		for _, right := range []law.Right{law.Restrict, law.Object} {
			since := m.Clock()
			m.Pass(time.Hour)
			m.exec("shop", `UPDATE customers SET state = 'active'`)
			r := m.ask(right, ann, func(a *cases.Ask) {
				a.Door, a.By, a.Evidence = cases.Staff, "kim", "a letter"
				if right == law.Object {
					a.Of = []string{"answer"}
				}
			})
			m.run()
			m.finishTasks(r)
			m.is(r, cases.Closed)
			if got := state(); got != "frozen active" {
				t.Fatalf("%s: %s", right, got)
			}
			m.Check(m.exec("shop", `UPDATE customers SET state = 'active'`))
			letters := len(m.letters(ann))
			replay := func(since time.Time, dry bool, want int) []cases.Replayed {
				t.Helper()
				back, err := m.desk.Replay(bg, since, []string{"shop"}, "max", dry)
				m.Check(err)
				if len(back) != want || want == 1 && (back[0].Right != right || back[0].Was != r.ID || back[0].Request.IsZero() != dry) {
					t.Errorf("%s: it finds %+v, want %d", right, back, want)
				}
				m.run()
				return back
			}
			replay(m.Clock().Add(time.Hour), false, 0)
			replay(since, true, 1)
			if got := state(); got != "active active" {
				t.Errorf("%s, after a dry run: %s", right, got)
			}
			for range 2 {
				if back := replay(since, false, 1); len(back) == 1 {
					m.is(cases.Taken{Number: m.number(back[0].Request)}, cases.Closed)
				}
				if got := state(); got != "frozen active" {
					t.Errorf("%s, set again: %s", right, got)
				}
			}
			if n := len(m.letters(ann)); n != letters {
				t.Errorf("%s: %d letters more", right, n-letters)
			}
			if right != law.Restrict {
				continue
			}
			lift := m.ask(cases.Lift, ann, func(a *cases.Ask) {
				a.Door, a.By, a.Evidence, a.Reason, a.Told = cases.Staff, "kim", "a letter", "It was put right.", "by telephone"
			})
			m.run()
			m.finishTasks(lift)
			m.is(lift, cases.Closed)
			if got := state(); got != "active active" {
				t.Errorf("lifted: %s", got)
			}
			replay(since, false, 0)
		}
		m.audit()
	})
}

func (m *mapped) number(id avow.ID) string {
	m.t.Helper()
	o, err := m.desk.ByID(bg, id)
	m.Check(err)
	return o.Number
}
