package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// rightsKilled is the process that is killed: it takes requests and does them, as the commands do.
type rightsKilled struct {
	rightsPart
	*counter
	ctx context.Context
	mu  sync.Mutex
	out *json.Encoder
}

const atOnce = 5 // requests that are open at a time

// playRights takes and does requests until it is killed, or until all is done.
func playRights() {
	k := &rightsKilled{out: json.NewEncoder(os.Stdout), ctx: context.Background()}
	b, err := os.ReadFile(os.Getenv(killedVariable))
	if err == nil {
		err = json.Unmarshal(b, &k.rightsPart)
	}
	k.check(err)
	k.check(k.openAll())
	k.say(rightsSaid{Said: "opened"})
	k.check(k.everybody())
	k.check(k.work())
	if !k.Rest {
		k.say(rightsSaid{Said: "idle"})
	} else {
		k.check(k.allRight())
	}
	k.close()
}

func (k *rightsKilled) say(s rightsSaid) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.out.Encode(s)
}

func (k *rightsKilled) check(err error) {
	if err != nil {
		k.say(rightsSaid{Said: "wrong", Problem: err.Error()})
		os.Exit(1)
	}
}

// openAll opens what the commands open, and has it say what it does. A step of a process that is dead is
// taken over sooner than in life, and what was answered is forgotten at once.
func (k *rightsKilled) openAll() (err error) {
	f := folder{Policy: filepath.Join(k.Dir, "policy.yaml")}
	w := where{Data: filepath.Join(k.Dir, "data"), Keys: filepath.Join(k.Dir, "keys"), Database: k.DSN}
	if k.counter, err = f.openCounter(k.ctx, &terminal{strings.NewReader(""), io.Discard, os.Stderr}, w); err != nil {
		return err
	}
	k.desk.Lease, k.desk.Backoff, k.desk.Keep = 200*time.Millisecond, 5*time.Millisecond, time.Millisecond
	k.seen.Engine = tellingEngine{k.engine, k}
	open := k.engine.Open
	k.engine.Open = func(ctx context.Context, s *datamap.System) (connect.Source, error) {
		src, err := open(ctx, s)
		if err != nil {
			return nil, err
		}
		return tellingSource{src, k, s.Name.Text}, nil
	}
	return nil
}

// everybody has some people known here too.
func (k *rightsKilled) everybody() error {
	return k.house.db.Write(k.ctx, func(tx *store.Tx) error {
		for _, a := range k.Asks {
			if !a.Person.known() || slices.Contains(k.Taken, a.ID.String()) {
				continue
			}
			id := vault.Identity{Kind: vault.Email, Value: a.Person.email()}
			if found, err := k.house.vault.Find(tx, id); err != nil || len(found) > 0 {
				return err // all were entered in one step
			}
			if done, err := k.there(tx, a.ID); err != nil || done {
				return err
			}
			v, err := k.house.vault.Verify(tx, id)
			if err != nil {
				return err
			}
			if _, err := k.house.vault.Put(tx, vault.Value{Subject: v.Subject, Category: "contact", Field: "name", Source: "you", Policy: "shop", Version: 1,
				Purposes: []string{"orders"}, Data: a.Person.name()}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *rightsKilled) there(tx *store.Tx, id avow.ID) (there bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_cases WHERE id = ?)`, id).Scan(&there)
	return there, err
}

// work takes requests and does them until all are closed.
func (k *rightsKilled) work() error {
	asks := slices.DeleteFunc(slices.Clone(k.Asks), func(a rightsAsk) bool { return slices.Contains(k.Taken, a.ID.String()) })
	for _, id := range k.Taken {
		if err := k.acknowledged(id); err != nil {
			return err
		}
	}
	for ends := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		open, err := k.desk.List(k.ctx, false, 0, 1000)
		if err != nil {
			return err
		}
		for len(asks) > 0 && len(open) < atOnce {
			if err := k.take(asks[0]); err != nil {
				return err
			}
			asks, open = asks[1:], append(open, cases.Overview{})
		}
		if done, err := k.goOn(); err != nil || done && len(asks) == 0 {
			return err
		}
		if time.Now().After(ends) {
			return k.unfinished()
		}
	}
}

// acknowledged: what was acknowledged is there.
func (k *rightsKilled) acknowledged(text string) error {
	id, err := avow.ParseID(text)
	if err != nil {
		return err
	}
	if _, err := k.desk.ByID(k.ctx, id); err != nil {
		return fmt.Errorf("request %s was acknowledged: %w", text, err)
	}
	return nil
}

func (k *rightsKilled) take(a rightsAsk) error {
	ask := cases.Ask{ID: a.ID, Right: law.Remove, Policy: "shop", Region: "GB", Door: cases.Staff, By: "Kim", Evidence: "ticket 4711",
		Identities: []cases.Identity{{Kind: "email", Value: a.Person.email()}}}
	if a.Number {
		ask.Identities = append(ask.Identities, cases.Identity{Kind: "member-number", Value: a.Person.member()})
	}
	if a.Wants == corrected {
		ask.Right, ask.Corrections = law.Correct, []cases.Correction{{Data: "contact.name", To: a.Person.renamed()}}
	}
	k.say(rightsSaid{Said: "take", What: a.ID.String()})
	if _, err := k.desk.Take(k.ctx, ask); err != nil {
		return err
	}
	k.say(rightsSaid{Said: "taken", What: a.ID.String()})
	return nil
}

// goOn does what is due, as avow rights continue does, and what is to be done by hand.
func (k *rightsKilled) goOn() (done bool, err error) {
	if _, err := k.desk.Run(k.ctx); err != nil {
		return false, err
	}
	stuck, err := k.desk.Stuck(k.ctx, 100)
	for _, s := range stuck {
		if err := k.desk.Retry(k.ctx, s.Request.ID, s.Step.N); err != nil && avow.KindOf(err) != avow.NotFound {
			return false, err
		}
	}
	if err != nil {
		return false, err
	}
	tasks, err := k.desk.ToDo(k.ctx, 100)
	for _, x := range tasks {
		if !strings.Contains(x.Step.What, "may name the person") {
			return false, fmt.Errorf("a person is asked to: %s%s", x.Step.What, k.partly())
		}
		if err := k.desk.TaskDone(k.ctx, x.Request.ID, x.Step.N, "Kim", "I looked."); err != nil {
			return false, err
		}
	}
	if err != nil {
		return false, err
	}
	var left int
	err = k.house.db.Read(k.ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(id) FROM rights_cases WHERE stage <> 'over'`).Scan(&left)
	})
	return left == 0, err
}

func (k *rightsKilled) unfinished() error {
	stuck, err := k.desk.Stuck(k.ctx, 5)
	var why []string
	for _, s := range stuck {
		why = append(why, fmt.Sprintf("request %s, step %d %s %s, tried %d times: %s", s.Request.Number, s.Step.N, s.Step.Kind, s.Step.About, s.Step.Tries, s.Step.Trouble))
	}
	return errors.Join(fmt.Errorf("requests do not come to an end: %s", strings.Join(why, "; ")), err)
}

// allRight: every request ended once, with one certificate and its proof, and nothing of it is left but those.
func (k *rightsKilled) allRight() error {
	events, err := k.events()
	if err != nil {
		return err
	}
	var closed, removed int
	for _, a := range k.Asks {
		o, err := k.desk.ByID(k.ctx, a.ID)
		if err != nil {
			return err
		}
		ends := events[o.Number+" "+string(ledger.RequestAnswered)]
		switch {
		case events[o.Number+" "+string(ledger.RequestMade)] != 1:
			err = fmt.Errorf("it was taken down %d times", events[o.Number+" "+string(ledger.RequestMade)])
		case o.State == cases.Merged && o.Into != nil && ends == 0:
			continue
		case o.State != cases.Closed || o.Outcome != "done" || ends != 1:
			err = fmt.Errorf("it is %s (%s), with %d events of its end", o.State, o.Outcome, ends)
		default:
			closed++
			if a.Wants == erased {
				removed++
			}
			err = k.proved(a)
		}
		if err != nil {
			return fmt.Errorf("request %s of person %d: %w", o.Number, a.Person, err)
		}
	}
	if err := k.nothingLeft(closed, removed); err != nil {
		return err
	}
	a, err := k.house.audit(k.ctx, nil)
	if err == nil && len(a.Findings) > 0 {
		err = fmt.Errorf("the audit: %v", a.Findings)
	}
	return err
}

// events counts the events of each request, by its number and their type.
func (k *rightsKilled) events() (map[string]int, error) {
	out := map[string]int{}
	return out, k.house.db.Read(k.ctx, func(tx *store.Tx) error {
		clear(out)
		for from := int64(0); ; {
			page, err := k.house.ledger.Read(tx, from, 1000)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, e := range page {
				from = e.Index + 1
				var n struct{ Number string }
				event, err := k.house.ledger.Open(tx, e)
				if avow.KindOf(err) == avow.NotFound {
					continue // of somebody who was erased
				}
				if err != nil {
					return err
				}
				if json.Unmarshal(event.Body, &n) == nil && n.Number != "" {
					out[n.Number+" "+string(e.Type)]++
				}
			}
		}
	})
}

// proved: the certificate says what was done, and the log proves it.
func (k *rightsKilled) proved(a rightsAsk) error {
	c, err := k.desk.Certificate(k.ctx, a.ID)
	if err != nil {
		return err
	}
	if c.Partial || a.Wants == corrected && len(c.Systems) != 3 {
		return fmt.Errorf("its certificate says %+v", c.Systems)
	}
	receipt, err := k.desk.Proof(k.ctx, a.ID)
	if err != nil {
		return err
	}
	if err := receipt.Verify(k.house.ledger.Key()); err != nil {
		return err
	}
	return k.house.db.Read(k.ctx, func(tx *store.Tx) error {
		_, err := k.house.vault.Seal(tx, a.ID, nil, []byte("x"))
		if !errors.Is(err, vault.ErrErased) {
			return fmt.Errorf("its key is there: %w", err)
		}
		if a.Wants != erased {
			return nil
		}
		found, err := k.house.vault.Find(tx, vault.Identity{Kind: vault.Email, Value: a.Person.email()})
		if err == nil && len(found) > 0 {
			err = errors.New("the person is known here")
		}
		return err
	})
}

// nothingLeft: of closed requests there are no captured keys and no identities, there is a tombstone of everyone
// who was erased, and each was told twice: that it was taken down, and that it is done.
func (k *rightsKilled) nothingLeft(closed, removed int) error {
	for query, want := range map[string]int{
		`SELECT count(n) FROM rights_case_parts`:                         0,
		`SELECT count(hash) FROM rights_case_links`:                      0,
		`SELECT count(id) FROM rights_cases WHERE length(secret) > 0`:    0,
		`SELECT count(id) FROM rights_cases WHERE certificate <> ''`:     closed,
		`SELECT count(id) FROM mail_outbox`:                              2 * closed,
		`SELECT count(id) FROM rights_cases`:                             len(k.Asks),
		`SELECT count(n) FROM rights_case_steps WHERE state = 'partial'`: 0,
		`SELECT count(n) FROM rights_case_steps WHERE done IS NULL`:      0,
	} {
		var n int
		err := k.house.db.Read(k.ctx, func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) })
		if err == nil && n != want {
			err = fmt.Errorf("%s: %d, want %d%s", query, n, want, k.partly())
		}
		if err != nil {
			return err
		}
	}
	requests := map[string]bool{}
	err := k.house.vault.Stops(k.ctx, time.Time{}, "erased ", func(page []vault.Stop) error {
		for _, s := range page {
			requests[s.What] = true
		}
		return nil
	})
	if err == nil && len(requests) != removed {
		err = fmt.Errorf("there are tombstones of %d requests, want %d", len(requests), removed)
	}
	return err
}

// partly says what was left over of which steps.
func (k *rightsKilled) partly() (all string) {
	err := k.house.db.Read(k.ctx, func(tx *store.Tx) error {
		all = ""
		return store.Each(tx, func(r *store.Rows) error {
			var kind, about, outcome string
			var round, tries int
			err := r.Scan(&kind, &about, &round, &tries, &outcome)
			all += fmt.Sprintf("\n%s %s, round %d, tries %d: %s", kind, about, round, tries, outcome)
			return err
		}, `SELECT kind, about, round, tries, outcome FROM rights_case_steps WHERE state = 'partial' LIMIT 20`)
	})
	if err != nil {
		all += err.Error()
	}
	return all
}

// tellingEngine says when a step is done.
type tellingEngine struct {
	cases.Engine
	k *rightsKilled
}

func (e tellingEngine) tell(what string) func() {
	e.k.say(rightsSaid{Said: "begin", What: what})
	return func() { e.k.say(rightsSaid{Said: "end", What: what}) }
}

func (e tellingEngine) Capture(ctx context.Context, r cases.Request) ([]cases.Part, error) {
	defer e.tell("capture")()
	return e.Engine.Capture(ctx, r)
}

func (e tellingEngine) Restrict(ctx context.Context, r cases.Request, system string, captured []byte) error {
	defer e.tell("restrict " + system)()
	return e.Engine.Restrict(ctx, r, system, captured)
}

func (e tellingEngine) Run(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Outcome, error) {
	defer e.tell("run " + system)()
	return e.Engine.Run(ctx, r, system, captured)
}

func (e tellingEngine) Check(ctx context.Context, r cases.Request, captured map[string][]byte) ([]cases.Left, error) {
	defer e.tell("check")()
	return e.Engine.Check(ctx, r, captured)
}

func (e tellingEngine) Sweep(ctx context.Context, r cases.Request, captured map[string][]byte) ([]cases.Hit, error) {
	defer e.tell("sweep")()
	return e.Engine.Sweep(ctx, r, captured)
}

// tellingSource says when a system is changed.
type tellingSource struct {
	connect.Source
	k      *rightsKilled
	system string
}

func (s tellingSource) Change(ctx context.Context, list []connect.Change) ([]connect.Result, error) {
	s.k.say(rightsSaid{Said: "begin", What: s.system, Change: true})
	defer s.k.say(rightsSaid{Said: "end", What: s.system, Change: true})
	return s.Source.Change(ctx, list)
}
