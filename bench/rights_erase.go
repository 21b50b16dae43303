package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
)

const (
	leaving      = 1000 // people who are erased at once
	leavingAlone = 100  // of those who are erased one by one
	leavingByRow = 20   // and of those whose rows are, one by one
)

// erased is what erasing people from a shop cost.
type erased struct {
	product                              string
	rows, people, alone, byRow           int
	hand, avow, checked, person, eachRow *lane
	swept                                time.Duration
	sweptRows                            int64
}

// erasure is a shop with all that is needed to erase people from it.
type erasure struct {
	*shop
	hand   *byHand
	source connect.Source
	search *find.Search
	last   []find.Person // who was erased last, with the plan
	plan   *plan.Plan
}

// openErasure fills a database with a shop, and opens it.
func openErasure(ctx context.Context, s *shop, dsn string) (*erasure, error) {
	driver := "pgx"
	if s.mysql {
		driver = "mysql"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	e := &erasure{shop: s, hand: &byHand{db: db, mysql: s.mysql}}
	began := time.Now()
	for _, text := range s.fill() {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	progress("a shop of %d rows (%s), made in %v", s.total(), s.kind(), time.Since(began).Round(time.Second))
	e.source, e.search, err = searchIn(ctx, map[string]connect.Config{"shop": {Kind: s.kind(), Secret: dsn}}, map[string]string{"shop": fmt.Sprintf(shopMap, s.kind())}, find.Options{})
	return e, err
}

// searchIn opens systems and prepares a search in them; the source is one of them.
func searchIn(ctx context.Context, configs map[string]connect.Config, maps map[string]string, o find.Options) (one connect.Source, s *find.Search, err error) {
	p, problems := policy.Load("policy.yaml", []byte(rightsPolicy), nil)
	if p == nil {
		return nil, nil, problems
	}
	folder := fstest.MapFS{}
	for name, text := range maps {
		folder["systems/"+name+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	m, err := datamap.Load(folder, p)
	if err != nil {
		return nil, nil, err
	}
	sources, schemas := find.Sources{}, map[string]*connect.Schema{}
	for name, c := range configs {
		c.System = name
		if one, err = sqldb.Open(ctx, c); err != nil {
			return nil, nil, err
		}
		if schemas[name], err = one.Describe(ctx); err != nil {
			return nil, nil, err
		}
		sources[name] = one
	}
	o.Region = "GB"
	return one, find.New(m.Graph(), sources, schemas, o), nil
}

func (e *erasure) close() {
	e.hand.db.Close()
	if e.source != nil {
		e.source.Close()
	}
}

func peopleOf(ids []int) []find.Person {
	out := make([]find.Person, len(ids))
	for i, id := range ids {
		out[i].Identities = []find.Identity{{Kind: "email", Value: strings.ToLower(emailOf(id))}}
	}
	return out
}

// byAvow finds the people, plans, and does it.
func (e *erasure) byAvow(ctx context.Context, ids []int) error {
	e.last = peopleOf(ids)
	found, err := e.search.Find(ctx, e.last)
	if err != nil {
		return err
	}
	key := make([]byte, 32)
	rand.Read(key)
	if e.plan, err = plan.Erase(ctx, e.search, found, plan.Options{CaseKey: key, Now: today}); err != nil {
		return err
	}
	_, err = e.plan.Systems[0].Run(ctx, e.source)
	return err
}

// andChecked reads again what should be gone, and whatever would be found now.
func (e *erasure) andChecked(ctx context.Context, ids []int) error {
	if err := e.byAvow(ctx, ids); err != nil {
		return err
	}
	left, err := plan.Check(ctx, e.search, e.plan, e.last)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("after an erasure %d rows of %s are left: %s", left[0].Rows, left[0].Table, left[0].Why)
	}
	return err
}

// lane erases other people each time. What it has to do is looked up before and whether
// it was done after, neither of which counts.
func (e *erasure) lane(ctx context.Context, n int, erase func(context.Context, []int) error) *lane {
	l := &lane{flight: 1, each: 1}
	used := time.Duration(0)
	l.clock = func() time.Duration { return used }
	l.run = func() (tally, error) {
		who := e.some(n)
		want, err := e.hand.expect(ctx, who)
		if err != nil {
			return tally{}, err
		}
		began, before := time.Now(), spent()
		if err := erase(ctx, who); err != nil {
			return tally{}, err
		}
		t := tally{float64(n), time.Since(began)}
		used += spent() - before
		return t, e.hand.done(ctx, want)
	}
	return l
}

func measureErased(ctx context.Context, c config, s *shop, product, dsn string) (*erased, error) {
	e, err := openErasure(ctx, s, dsn)
	if err != nil {
		return nil, err
	}
	defer e.close()
	out := &erased{product: product, rows: s.total(), people: c.share(leaving), alone: c.share(leavingAlone), byRow: c.share(leavingByRow)}
	out.hand = e.lane(ctx, out.people, e.hand.together)
	out.avow = e.lane(ctx, out.people, e.byAvow)
	out.checked = e.lane(ctx, out.people, e.andChecked)
	out.person = e.lane(ctx, out.alone, e.hand.forEach)
	out.eachRow = e.lane(ctx, out.byRow, e.hand.rowByRow)
	if err := inTurns("erasing from "+product, c.rounds, []*lane{out.hand, out.avow, out.checked, out.person, out.eachRow}); err != nil {
		return nil, err
	}
	return out, out.sweep(ctx, e)
}

// sweep seeks those who were erased last in every text of the shop.
func (out *erased) sweep(ctx context.Context, e *erasure) error {
	began := time.Now()
	swept, err := plan.Sweep(ctx, e.search, e.last, e.plan)
	if err != nil {
		return err
	}
	for _, h := range swept.Hits {
		if h.Failure() {
			return fmt.Errorf("after an erasure an identity stands in %s", h.Table)
		}
	}
	out.swept, out.sweptRows = time.Since(began), swept.Rows
	return nil
}
