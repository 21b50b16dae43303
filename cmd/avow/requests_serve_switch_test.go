package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/work"
)

const switchPolicy = `      answer: {title: Answer you, because: You wrote to us., basis: legitimate-interests, uses: [contact]}
      debts: {title: Recover debts, because: What is owed should be paid., basis: legitimate-interests, objection: weighed, uses: [contact]}
  telling:`

// startSwitches is the quay with objections that are weighed, and a shop that decides by itself; without marks it does not.
func startSwitches(t *testing.T, c store.Config, marks string) *quay {
	t.Helper()
	q := startQuay(t, "")
	if err := q.s.stop(); err != nil {
		t.Fatal(err)
	}
	q.exec("shop.db", `ALTER TABLE customers ADD COLUMN no_use INTEGER NOT NULL DEFAULT 0`, `ALTER TABLE customers ADD COLUMN no_mail INTEGER NOT NULL DEFAULT 0`)
	q.write("systems/shop.yaml", strings.Replace(quayShop, "    erase: clear\n", "    erase: clear\n"+marks, 1))
	q.write("policy.yaml", strings.Replace(strings.Replace(quayPolicy, "%s", "", 1), "  telling:", switchPolicy, 1))
	q.s, q.book = startPlain(t, t.TempDir(), func(s *serverConfig) {
		s.Policy, s.Systems, s.away = []string{q.file("policy.yaml")}, q.dir, 50*time.Millisecond
		s.SMTP, s.Database = "smtp+plain://"+q.office.addr, c.DSN
	})
	return q
}

const switchMarks = "    stops: {object: no_use, stop-marketing: no_mail}\n"

// entered is Ann in her privacy centre.
func (q *quay) entered() *caller {
	q.t.Helper()
	c := newCaller(q.t, q.s)
	c.form("/collect/newsletter", "policy", "quay", "contact.email", ann, "consent.newsletter", "yes").wants(q.t, "subscribing", 200)
	c.form("/privacy/link", "address", ann).wants(q.t, "asking for a link", 200)
	c.form("/privacy/open", "t", q.office.wait(q.t, ann, `/privacy/open\?t=([A-Za-z0-9_-]+)`)[1]).wants(q.t, "entering", 303)
	return c
}

// press is a switch of the privacy centre. When it is answered the gate has heard it.
func (c *caller) press(button, what string) {
	c.t.Helper()
	c.form("/privacy/choices", "policy", "quay", button, what).wants(c.t, button+" "+what, 303)
}

// marked waits until the shop marks Ann so.
func (q *quay) marked(column, want string) {
	q.t.Helper()
	got := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = q.text("shop.db", `SELECT group_concat(`+column+`) FROM (SELECT `+column+` FROM customers ORDER BY id)`); got == want {
			return
		}
	}
	q.t.Fatalf("the shop has %s %s, and never %s", column, got, want)
}

// carried waits until the effect has done all there is, and nothing waits for another try.
func (q *quay) carried() {
	q.t.Helper()
	var last int64
	err := q.s.db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(max(idx), -1) FROM ledger_events WHERE type IN ('objected', 'objection-ended', 'consent-withdrawn', 'consent-given')`).Scan(&last)
	})
	if err != nil || last < 0 {
		q.t.Fatal("there is no such event", err)
	}
	var s work.State
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		list, err := q.s.work.State(context.Background())
		if err != nil {
			q.t.Fatal(err)
		}
		s = list[slices.IndexFunc(list, func(s work.State) bool { return s.Name == "carry-out-switches" })]
		if s.Cursor > last && s.Waiting == 0 {
			break
		}
	}
	if s.Cursor <= last || s.Waiting+s.Dead > 0 {
		q.t.Fatalf("the effect never did event %d: %+v", last, s)
	}
}

func (c *caller) requests(token string, ended bool) []shownRequest {
	c.t.Helper()
	path := "/api/v1/requests"
	if ended {
		path += "?ended=true"
	}
	return answer[[]shownRequest](c.t, c.do(get, path, "", token))
}

// A switch is carried out in the systems, and weighed; turned back, the marks go, and the gate has heard each before any of it.
func TestSwitchesReachTheSystems(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		q := startSwitches(t, db, switchMarks)
		kim := q.token("kim", "officer")
		c := q.entered()
		letters := len(q.office.to(ann))
		c.press("object", "debts")
		c.press("object", "debts")
		q.marked("no_use", "1,0")
		list := c.requests(kim, false)
		if len(list) != 1 || list[0].Right != "object" || list[0].Door != "switch" {
			t.Fatalf("open are %+v", list)
		}
		v := c.at(list[0].Request, "running", kim)
		weighs := 0
		for _, s := range v.Steps {
			if s.Kind == "weigh" && s.State == "open" {
				weighs++
			}
		}
		if weighs != 1 {
			t.Errorf("the steps are %+v", v.Steps)
		}
		c.do(get, "/privacy/me", "").wants(t, "what they see", 200, "Object to a use")
		c.press("stop-topic", "news")
		q.marked("no_mail", "1,0")
		c.press("allow", "debts")
		q.marked("no_use", "0,0")
		c.at(v.Request, "closed", kim)
		c.press("allow-topic", "news")
		q.carried()
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if todo := c.do(get, "/api/v1/requests/todo", "", kim); strings.Contains(todo.body, "Take back what was marked") {
				break
			} else if time.Now().After(end) {
				t.Fatalf("nobody is asked to take the mark of marketing back: %s", todo.body)
			}
		}
		if got := q.text("shop.db", `SELECT no_mail FROM customers WHERE id = 1`); got != "1" {
			t.Errorf("a program let marketing in again: %s", got)
		}
		c.press("withdraw", "newsletter")
		q.marked("no_mail", "1,0")
		if n := len(q.office.to(ann)); n != letters {
			t.Errorf("the person got %d letters", n-letters)
		}
		q.carried()
	})
}

// Ten times on and off as fast as a browser can ends as the last switch was, with one request at most that is open.
func TestSwitchesThatFlap(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		q := startSwitches(t, db, switchMarks)
		kim := q.token("kim", "officer")
		c := q.entered()
		for range 2 {
			for i := range 10 {
				c.press([]string{"object", "allow"}[i%2], "debts")
			}
			q.carried()
			q.marked("no_use", "0,0")
			for i := range 9 {
				c.press([]string{"object", "allow"}[i%2], "debts")
			}
			q.carried()
			q.marked("no_use", "1,0")
			if list := c.requests(kim, false); len(list) != 1 {
				t.Fatalf("open are %+v", list)
			}
			c.press("allow", "debts")
		}
		q.marked("no_use", "0,0")
		q.carried()
	})
}

// An objection that reaches the organisation by another way, and a program records, is carried out too. A system that is away, and a
// server that stops in between, change nothing of it.
func TestSwitchesByAProgram(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		q := startSwitches(t, db, switchMarks)
		q.entered()
		q.move("shop.db", "gone.db")
		q.again()
		c, shop, kim := newCaller(t, q.s), q.token("shop", "system"), q.token("kim", "officer")
		c.do(post, "/api/v1/objections", `{"policy":"quay","email":"ann@visitor.example","purpose":"debts","way":"by telephone"}`, jsonType, shop).wants(t, "recording it", 204)
		c.do(post, "/api/v1/objections", `{"policy":"quay","email":"nobody@visitor.example","purpose":"debts","way":"by telephone"}`, jsonType, shop).wants(t, "of somebody else", 204)
		q.carried()
		q.again()
		q.carried()
		q.move("gone.db", "shop.db")
		q.marked("no_use", "1,0")
		c = newCaller(t, q.s)
		q.s.keys.Set(q.callers)
		if list := c.requests(kim, false); len(list) != 1 {
			t.Errorf("open are %+v", list)
		}
		q.carried()
	})
}

// Where no system marks anything and nothing is weighed a switch is what it was.
func TestSwitchesWithNothingLeft(t *testing.T) {
	q := startSwitches(t, store.Config{}, "")
	kim := q.token("kim", "officer")
	c := q.entered()
	for _, press := range [][2]string{{"object", "answer"}, {"stop-topic", "news"}, {"allow-topic", "news"}, {"allow", "answer"}, {"withdraw", "newsletter"}} {
		c.press(press[0], press[1])
	}
	q.carried()
	if list := append(c.requests(kim, false), c.requests(kim, true)...); len(list) != 0 {
		t.Errorf("there are requests: %+v", list)
	}
	c.press("object", "debts")
	q.carried()
	if list := c.requests(kim, false); len(list) != 1 || list[0].Right != string(law.Object) {
		t.Errorf("an objection that is weighed: %+v", list)
	}
}

func (q *quay) write(name, text string) {
	q.t.Helper()
	if err := os.WriteFile(q.file(name), []byte(text), 0o600); err != nil {
		q.t.Fatal(err)
	}
}

func (q *quay) move(from, to string) {
	q.t.Helper()
	if err := os.Rename(q.file(from), q.file(to)); err != nil {
		q.t.Fatal(err)
	}
}
