package cases_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
)

// A system that cannot ever be opened as it is set up is something else than one that is away: staff are told at once
// what to put right, and the person that they need not ask again. Nothing is lost, and it goes on when it is put right.
func TestWrongSystemIsSaidLoudly(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		r := m.ask(law.Remove, ann)
		m.run()
		pass, err := m.desk.Confirm(bg, m.link("Ann@mail.example"))
		m.Check(err)
		right := m.configs["crm"]
		m.configs["crm"] = store.Config{} // a connection string that names nothing
		m.run()
		m.is(r, cases.Planning)
		m.waits(r, true, "invalid", "crm cannot be worked with until somebody puts it right")
		m.tells(pass, "our staff have to put something right first")
		m.writes(1, "names no file")

		m.Pass(time.Hour)
		m.run()
		m.writes(1, "") // once a day
		m.Pass(24 * time.Hour)
		m.run()
		m.writes(2, "names no file")

		m.configs["crm"] = right
		m.setAway("crm", true)
		m.Pass(2 * time.Hour)
		m.run()
		m.waits(r, false, "unavailable", "crm cannot be worked with now")
		pass, err = m.newPass(r)
		m.Check(err)
		m.tells(pass, "cannot be reached now")
		m.writes(2, "")

		m.setAway("crm", false)
		m.Pass(time.Hour)
		m.run()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := m.left(); got != afterErasure {
			t.Errorf("left: %s", got)
		}
	})
}

// A login that the server does not know is said; put right, it is taken up without a new start.
func TestWrongLoginIsTakenUpWhenPutRight(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		right := m.configs["shop"]
		wrong := store.Config{}
		if right.DSN != "" {
			u, err := url.Parse(right.DSN)
			m.Check(err)
			u.User = url.User("nobody_of_that_name")
			wrong.DSN = u.String()
		}
		m.configs["shop"] = wrong
		r := m.ask(law.Remove, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "ivy", "ticket 7" })
		m.run()
		m.is(r, cases.Planning)
		stuck, err := m.desk.Stuck(bg, 10)
		m.Check(err)
		if len(stuck) != 1 || !stuck[0].Step.Mend || !strings.Contains(stuck[0].Step.Trouble, "shop cannot be worked with until somebody puts it right") {
			t.Fatalf("%+v", stuck)
		}
		m.configs["shop"] = right
		m.Check(m.desk.Retry(bg, r.ID, stuck[0].Step.N))
		m.run()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := m.left(); got != afterErasure {
			t.Errorf("left: %s", got)
		}
	})
}

// A login is ended while the server runs, and another one is set up: it is used at the next try, though the system was opened before.
func TestNewLoginIsTakenUp(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		admin := m.configs["shop"].DSN
		if admin == "" {
			return // a file knows no logins
		}
		u, err := url.Parse(admin)
		m.Check(err)
		old, fresh := "old_"+strings.TrimPrefix(u.Path, "/"), "fresh_"+strings.TrimPrefix(u.Path, "/")
		login := func(name string) store.Config {
			m.Check(m.exec("shop", `CREATE ROLE `+name+` LOGIN`))
			m.Check(m.exec("shop", `GRANT ALL ON ALL TABLES IN SCHEMA public TO `+name))
			t.Cleanup(func() { m.exec("shop", `DROP OWNED BY `+name+`; DROP ROLE `+name) })
			as := *u
			as.User = url.User(name)
			return store.Config{DSN: as.String()}
		}
		m.configs["shop"] = login(old)
		r := m.ask(law.Remove, ann)
		m.run() // reads the shop
		_, err = m.desk.Confirm(bg, m.link("Ann@mail.example"))
		m.Check(err)
		m.Check(m.exec("shop", `ALTER ROLE `+old+` NOLOGIN`))
		m.text("shop", `SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity WHERE usename = '`+old+`'`)
		m.run()
		m.is(r, cases.Planning)
		for range 3 { // connections that broke are met first
			m.Pass(time.Hour)
			m.run()
		}
		m.waits(r, true, "forbidden", "shop cannot be worked with until somebody puts it right")
		m.configs["shop"] = login(fresh)
		m.Pass(time.Hour)
		m.run()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := m.left(); got != afterErasure {
			t.Errorf("left: %s", got)
		}
	})
}

func (m *mapped) waits(r cases.Taken, mend bool, class, trouble string) {
	m.t.Helper()
	s := m.step(r, "plan", "")
	if s.Mend != mend || s.Class != class || !strings.Contains(s.Trouble, trouble) {
		m.t.Errorf("the step waits with mend %v, %s: %s", s.Mend, s.Class, s.Trouble)
	}
}

// tells is what the person is told: that it waits, and of no system.
func (m *mapped) tells(pass cases.Pass, words string) {
	m.t.Helper()
	p, err := m.desk.Progress(bg, pass.Token)
	m.Check(err)
	if !strings.Contains(p.Words, words) || !strings.Contains(p.Words, "need not ask again") || strings.Contains(p.Words, "crm") {
		m.t.Errorf("the person is told: %s", p.Words)
	}
}

// writes is how many letters staff have about what is to be put right.
func (m *mapped) writes(n int, words string) {
	m.t.Helper()
	var found []string
	for _, l := range m.letters(staffMail) {
		if strings.Contains(l.Subject, "until this is put right") {
			found = append(found, l.Text)
		}
	}
	if len(found) != n || n > 0 && !strings.Contains(found[0], words) || strings.Contains(strings.Join(found, " "), ann) {
		m.t.Errorf("staff have %d letters, want %d: %q", len(found), n, found)
	}
}

// newPass has the person use a new link.
func (m *mapped) newPass(r cases.Taken) (cases.Pass, error) {
	m.t.Helper()
	m.Check(m.desk.Send(bg, r.Number))
	m.run()
	return m.desk.Confirm(bg, m.link("Ann@mail.example"))
}
