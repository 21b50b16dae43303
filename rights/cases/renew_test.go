package cases_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
	"github.com/avowhq/avow/store"
)

// corrected has the desk go on with the map as it is after an edit of one file.
func (m *mapped) corrected(file, old, now string) {
	m.t.Helper()
	files := fstest.MapFS{}
	m.Check(fs.WalkDir(os.DirFS("testdata"), "systems", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if name == "systems/"+file {
			if !strings.Contains(string(text), old) {
				m.t.Fatalf("%s does not hold %q", name, old)
			}
			text = []byte(strings.Replace(string(text), old, now, 1))
		}
		files[name] = &fstest.MapFile{Data: text}
		return err
	}))
	src, err := os.ReadFile(filepath.Join("testdata", "policy.yaml"))
	m.Check(err)
	p, problems := policy.Load("policy.yaml", src, nil)
	if p == nil {
		m.t.Fatal(problems)
	}
	loaded, err := datamap.Load(files, p)
	m.Check(err)
	e := systems.New(systems.Config{Map: loaded, Region: "NL", Open: func(ctx context.Context, s *datamap.System) (connect.Source, error) {
		k := connect.Config{System: s.Name.Text, Kind: "sqlite", Secret: m.configs[s.Name.Text].Path, Region: "NL"}
		if m.configs[s.Name.Text].DSN != "" {
			k.Kind, k.Secret = "postgresql", m.configs[s.Name.Text].DSN
		}
		return open.Source(ctx, k)
	}})
	m.t.Cleanup(func() { e.Close() })
	m.desk.Engine = e
}

// A system refuses what was planned, after another was erased through which alone its rows
// are reached. The map is corrected: the plan is made anew from what was captured, a
// second person approves what it does otherwise, and nothing of the person is lost.
func TestCorrectedMapIsPlannedAnew(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		m.desk.TwoPeople = []law.Right{law.Remove}
		m.Check(m.exec("crm", `CREATE TRIGGER stays BEFORE DELETE ON contacts BEGIN SELECT RAISE(ABORT, 'contacts stay'); END`))
		r := m.ask(law.Remove, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "ivy", "ticket 7" })
		m.run()
		m.is(r, cases.Approval)
		m.Check(m.desk.Approve(bg, r.ID, "max"))
		m.run()
		m.is(r, cases.Running)
		if s := m.step(r, "run", "crm"); s.Trouble == "" || !strings.Contains(m.left(), "; Ann Bob; ") {
			t.Fatalf("the trigger refuses nothing: %+v, %s", s, m.left())
		}
		if got := m.text("shop", `SELECT name FROM customers ORDER BY id`); got != "Bob Other" {
			t.Fatalf("the shop is not erased: %s", got)
		}

		m.corrected("crm.yaml", "erase: delete", "erase: clear")
		m.Pass(2 * time.Hour)
		m.run()
		m.is(r, cases.Approval)
		if got := m.left(); !strings.Contains(got, "; Ann Bob; ") {
			t.Errorf("it was done before it was approved: %s", got)
		}
		if err := m.desk.Reject(bg, r.ID, "max", "no"); err == nil {
			t.Error("what was captured could be thrown away")
		}
		m.Check(m.desk.Approve(bg, r.ID, "max"))
		m.is(r, cases.Running)
		m.run()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := m.text("crm", `SELECT CAST(id AS TEXT) || coalesce(name, '-') || coalesce(phone, '-') FROM contacts ORDER BY id`); got != "5-- 6Bob+31207654321" {
			t.Errorf("the contacts are %s", got)
		}
		cert, err := m.desk.Certificate(bg, r.ID)
		m.Check(err)
		i := slices.IndexFunc(cert.Systems, func(s cases.CertifiedSystem) bool { return s.System == "crm" })
		if i < 0 || cert.Systems[i].Tables[0].Action != "clear" {
			t.Errorf("the certificate says %+v", cert.Systems)
		}
		m.recorded(cases.Replanned, 1)
		m.audit()
	})
}

// A map that is corrected where nothing changes of what is done asks nobody again.
func TestCorrectedWordsAskNobodyAgain(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		m.desk.TwoPeople = []law.Right{law.Remove}
		r := m.ask(law.Remove, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "ivy", "ticket 7" })
		m.run()
		m.Check(m.desk.Approve(bg, r.ID, "max"))
		m.corrected("shop.yaml", "system: shop", "# The shop.\nsystem: shop")
		m.run()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := m.left(); got != afterErasure {
			t.Errorf("left: %s", got)
		}
	})
}

// recorded counts the events of a kind in the log.
func (m *mapped) recorded(what ledger.Type, want int) {
	m.t.Helper()
	var n int
	m.Check(m.DB.Read(bg, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(id) FROM ledger_events WHERE type = ?`, string(what)).Scan(&n)
	}))
	if n != want {
		m.t.Errorf("%d events of %s, want %d", n, what, want)
	}
}
