package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// switchKills is how often a server is killed right after it acknowledged a switch.
const switchKills = 4

// TestSwitchesKilled: a server is killed at a random moment after it has acknowledged a switch that was turned several times.
// Whoever starts next carries out what was acknowledged last, with nothing of it twice.
func TestSwitchesKilled(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		q := startSwitches(t, db, switchMarks)
		c := q.entered()
		if err := q.s.stop(); err != nil {
			t.Fatal(err)
		}
		said := ""
		marks := map[string]string{"object": "1,0", "allow": "0,0"}
		for range switchKills {
			n := q.child()
			turns := 1 + rand.N(4)
			for i := range turns {
				said = []string{"object", "allow"}[(turns-i)%2]
				if status, err := c.presses(n.url, said); err != nil || status != http.StatusSeeOther {
					t.Fatalf("pressing %s: %d %v", said, status, err)
				}
			}
			time.Sleep(rand.N(60 * time.Millisecond))
			n.Process.Kill()
			n.Wait()
			n = q.child()
			q.marked("no_use", marks[said])
			n.Process.Kill()
			n.Wait()
		}
		q.otherwise(func(c *serverConfig) { c.gone = time.Second })
		kim := q.token("kim", "officer")
		q.carried()
		q.marked("no_use", marks[said])
		c = newCaller(t, q.s)
		open, weighs := c.requests(kim, false), 0
		for _, r := range open {
			for _, s := range c.at(r.Request, r.State, kim).Steps {
				if s.Kind == "weigh" && s.State == "open" {
					weighs++
				}
			}
		}
		if len(open) > 1 || weighs > 1 {
			t.Errorf("open are %d requests with %d weighings: %+v", len(open), weighs, open)
		}
		if a, err := q.s.ledger.Audit(context.Background(), ledger.AuditOptions{}); err != nil || !a.Sound() {
			t.Errorf("the log: %v %+v", err, a)
		}
	})
}

// child is a server that is a process of its own, over the same data.
func (q *quay) child() *nodeProcess {
	q.t.Helper()
	return startProcess(q.t, "server", serverPart{Data: q.s.Data, Keys: q.s.Keys, DSN: q.s.Database, Systems: q.dir, Gone: time.Second}, os.Stderr)
}

// presses presses a switch for debts at a server that has the same visits.
func (c *caller) presses(url, button string) (int, error) {
	r, err := c.client.Post(url+"/privacy/choices", formType, strings.NewReader("policy=quay&"+button+"=debts"))
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	return r.StatusCode, nil
}
