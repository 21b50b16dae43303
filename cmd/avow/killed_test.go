package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// killedVariable holds the killedPart of a process.
const killedVariable = "AVOW_TEST_KILLED"

// killed is the process that is killed.
type killed struct {
	killedPart
	*server
	mu  sync.Mutex
	out *json.Encoder
}

// playKilled checks what the processes before it left, and then works until it is killed.
func playKilled() {
	k := &killed{out: json.NewEncoder(os.Stdout)}
	ctx := context.Background()
	if err := json.Unmarshal([]byte(os.Getenv(killedVariable)), &k.killedPart); err != nil {
		k.fail(err)
	}
	if err := k.open(ctx); err != nil {
		k.fail(fmt.Errorf("the rooms do not open: %w", err))
	}
	size, err := k.check(ctx)
	if err != nil {
		k.fail(err)
	}
	k.say(step{Said: "checked", Index: size})
	if k.Rest {
		if err := k.house.close(); err != nil {
			k.fail(err)
		}
		return
	}
	var work sync.WaitGroup
	for g := range 8 {
		work.Go(func() { k.work(ctx, g) })
	}
	work.Wait()
}

func (k *killed) say(s step) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.out.Encode(s)
}

func (k *killed) fail(err error) {
	k.say(step{Said: "wrong", Problem: err.Error()})
	os.Exit(1)
}

func (k *killed) open(ctx context.Context) (err error) {
	w := where{Data: k.Data, Keys: k.Keys, Database: k.DSN}
	k.server = &server{metrics: newMetrics(), regimes: law.Load, serverConfig: serverConfig{where: w, out: slog.New(slog.DiscardHandler)}}
	if k.house, err = openHouse(ctx, w, "http://127.0.0.1", k.serverConfig.out); err != nil {
		return err
	}
	k.Policy = []string{filepath.Join("..", "..", "examples", demoPolicy)}
	if err := k.publishFiles(ctx); err != nil {
		return err
	}
	if err := k.openDuties(ctx); err != nil {
		return err
	}
	return k.rights.Resume(ctx)
}

// work lives through one invented person after another.
func (k *killed) work(ctx context.Context, g int) {
	for n := 0; ; n++ {
		p := &killedPerson{k: k, address: fmt.Sprintf("p-%d-%d-%d@example.com", k.Run, g, n)}
		p.act(ctx, "given")
		p.act(ctx, "withdrawn")
		if n%2 == 0 {
			p.act(ctx, "given")
		}
		if n%3 == 0 {
			p.erase(ctx)
		}
	}
}

// killedPerson is an invented person and what is done about them.
type killedPerson struct {
	k       *killed
	address string
	ops     int
}

func (p *killedPerson) next(kind string) step {
	p.ops++
	s := step{Said: "begin", Op: fmt.Sprintf("%s#%d", p.address, p.ops), Kind: kind, Who: p.address}
	p.k.say(s)
	s.Said = "kept"
	return s
}

// act gives or takes back a consent, with something collected, in one transaction.
func (p *killedPerson) act(ctx context.Context, state string) {
	s := p.next(state)
	var receipt *ledger.Receipt
	err := p.k.db.Write(ctx, func(tx *store.Tx) error {
		v, err := p.k.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: p.address})
		if err != nil {
			return err
		}
		if _, err := p.k.vault.Put(tx, vault.Value{Subject: v.Subject, Category: "contact", Field: "name", Source: "you",
			Policy: "harbour", Version: 1, Data: s.Op}); err != nil {
			return err
		}
		h, err := p.k.consent.In(tx, v.Subject)
		if err != nil {
			return err
		}
		give := h.Give
		if state == "withdrawn" {
			give = h.Withdraw
		}
		if receipt, err = give(consent.Choice{Policy: "harbour", Purpose: "newsletter", Way: s.Op}); err != nil {
			return err
		}
		return h.Done()
	})
	if err != nil {
		p.k.fail(fmt.Errorf("%s: %w", s.Op, err))
	}
	s.Event, s.Index = receipt.ID.String(), receipt.Proof.Index
	p.k.say(s)
}

// erase has the person come by a link and ask to be erased.
func (p *killedPerson) erase(ctx context.Context) {
	s := p.next("erased")
	done, err := p.eraseBy(ctx)
	if err != nil {
		p.k.fail(fmt.Errorf("%s: %w", s.Op, err))
	}
	s.Event = done.Event.String()
	p.k.say(s)
}

func (p *killedPerson) eraseBy(ctx context.Context) (done rights.Erasure, err error) {
	var token string
	err = p.k.db.Write(ctx, func(tx *store.Tx) error {
		found, err := p.k.vault.Find(tx, vault.Identity{Kind: vault.Email, Value: p.address})
		if err != nil || len(found) == 0 {
			return fmt.Errorf("nobody is found: %w", err)
		}
		token, _, err = p.k.vault.NewLink(tx, found[0].Subject, vault.Email, "privacy")
		return err
	})
	if err != nil {
		return done, err
	}
	session, err := p.k.rights.Enter(ctx, token)
	if err != nil {
		return done, err
	}
	return p.k.rights.Erase(ctx, session.Token)
}

// check is what must be true whenever a process was killed. It gives the size of the log.
func (k *killed) check(ctx context.Context) (size int64, err error) {
	b, err := os.ReadFile(k.Journal)
	if err != nil {
		return 0, err
	}
	var journal []step
	if err := json.Unmarshal(b, &journal); err != nil {
		return 0, err
	}
	if err := k.audited(ctx); err != nil {
		return 0, err
	}
	err = k.db.Read(ctx, func(tx *store.Tx) error {
		if size, err = k.ledger.Size(tx); err != nil {
			return err
		}
		if err := k.onceEach(tx, journal); err != nil {
			return err
		}
		return k.asAcknowledged(tx, journal)
	})
	if err != nil {
		return size, err
	}
	return size, k.people(ctx, journal)
}

// onceEach: no operation is in the log twice.
func (k *killed) onceEach(tx *store.Tx, journal []step) error {
	begun := map[string]int{}
	for _, s := range journal {
		begun[s.Op] = 0
	}
	for from := k.Since; ; {
		page, err := k.ledger.Read(tx, from, 1000)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			from = e.Index + 1
			event, err := k.ledger.Open(tx, e)
			if avow.KindOf(err) == avow.NotFound {
				continue // erased since
			}
			if err != nil {
				return err
			}
			var record ledger.ConsentRecord
			if e.Type != ledger.ConsentGiven && e.Type != ledger.ConsentWithdrawn || json.Unmarshal(event.Body, &record) != nil {
				continue
			}
			if begun[record.Collection]++; begun[record.Collection] > 1 {
				return fmt.Errorf("%s happened twice; the second is event %d", record.Collection, e.Index)
			}
		}
	}
}

// asAcknowledged: what was acknowledged is where the receipt said.
func (k *killed) asAcknowledged(tx *store.Tx, journal []step) error {
	for _, s := range journal {
		if s.Said != "kept" {
			continue
		}
		id, err := avow.ParseID(s.Event)
		if err != nil {
			return err
		}
		e, err := k.ledger.ByID(tx, id)
		if err != nil {
			return fmt.Errorf("%s was acknowledged: %w", s.Op, err)
		}
		if s.Kind != "erased" && e.Index != s.Index || !strings.HasSuffix(string(e.Type), s.Kind) {
			return fmt.Errorf("%s was acknowledged as event %d, and is event %d, %s", s.Op, s.Index, e.Index, e.Type)
		}
	}
	return nil
}

// people: everybody's state is as the last thing acknowledged, or the one that was under way.
func (k *killed) people(ctx context.Context, journal []step) error {
	type expected struct{ kept, begun string }
	want := map[string]expected{}
	for _, s := range journal {
		w := want[s.Who]
		if s.Said == "kept" {
			w = expected{kept: s.Kind}
		} else {
			w.begun = s.Kind
		}
		want[s.Who] = w
	}
	for who, w := range want {
		state, err := k.state(ctx, who)
		if err != nil {
			return err
		}
		if state == "" && w.kept != "" { // who was acknowledged and is not there
			state = "erased"
		}
		if state != w.kept && state != w.begun {
			return fmt.Errorf("%s: %q was acknowledged, %q was under way, and the state is %q", who, w.kept, w.begun, state)
		}
	}
	return nil
}

// state is what a person's consent says; empty when there is nobody.
func (k *killed) state(ctx context.Context, address string) (string, error) {
	found, err := k.held(ctx, vault.Identity{Kind: vault.Email, Value: address})
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", nil
	}
	list, err := k.consent.State(ctx, found[0])
	if err != nil || len(list) == 0 {
		return "", err
	}
	for _, c := range list[0].Consents {
		if c.Purpose == "newsletter" {
			return c.State, nil
		}
	}
	return "", nil
}

// audited: the log and the folds pass their own audits, as far as they grew since the last one;
// at the end all of it does.
func (k *killed) audited(ctx context.Context) error {
	o := ledger.AuditOptions{From: k.Since}
	if k.Rest {
		o.From = 0
	}
	a, err := k.ledger.Audit(ctx, o)
	if err != nil {
		return err
	}
	if !a.Sound() {
		return fmt.Errorf("the audit of the log: %+v", a.Findings[0])
	}
	var found []consent.Finding
	if k.Rest {
		found, err = k.consent.Check(ctx, nil)
	} else {
		found, _, err = k.consent.CheckSince(ctx, k.Since)
	}
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("the audit of the folds: %+v", found[0])
	}
	return err
}
