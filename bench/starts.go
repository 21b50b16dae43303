package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// starts is how a server begins: with nothing, again, and on a database full of people.
type starts struct {
	first, again  time.Duration // from the start of the program until /readyz says yes
	moment, while time.Duration
	filed         int64 // of the last, what are pages of files
	soon, idle    int64 // bytes in memory of one that has had nothing to do for so long
	people        int
	ready         time.Duration
	filled        time.Duration // until all its gates are
	full          int64         // bytes in memory then
}

func measureStarts(ctx context.Context, c config) (*starts, error) {
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &starts{people: c.people, moment: c.moment, while: c.while}
	if err := s.measureEmpty(c, dir); err != nil {
		return nil, err
	}
	idle, err := startAvow(c.binary, filepath.Join(dir, "idle"))
	if err != nil {
		return nil, err
	}
	defer idle.stop()
	if _, err := idle.ready(); err != nil {
		return nil, err
	}
	time.Sleep(c.moment)
	if s.soon, err = idle.memory(); err != nil {
		return nil, err
	}
	full := filepath.Join(dir, "full")
	if err := populate(ctx, full, c.people); err != nil { // meanwhile the other has nothing to do
		return nil, err
	}
	time.Sleep(time.Until(idle.began.Add(c.while)))
	if s.filed, err = idle.filed(); err != nil {
		return nil, err
	}
	if s.idle, err = idle.memory(); err != nil {
		return nil, err
	}
	return s, s.measureFull(c, full)
}

// measureEmpty starts servers on directories that are not there yet, and again on
// what the first start made of them.
func (s *starts) measureEmpty(c config, dir string) error {
	var first, again []time.Duration
	for i := range 2*c.rounds + 1 {
		at := filepath.Join(dir, fmt.Sprint("empty-", i))
		for _, list := range []*[]time.Duration{&first, &again} {
			took, err := startedIn(c.binary, at)
			if err != nil {
				return err
			}
			*list = append(*list, took)
		}
	}
	s.first, s.again = middle(first), middle(again)
	return nil
}

func startedIn(binary, dir string) (time.Duration, error) {
	r, err := startAvow(binary, dir)
	if err != nil {
		return 0, err
	}
	took, err := r.ready()
	if err != nil {
		return 0, err
	}
	return took, r.stop()
}

func (s *starts) measureFull(c config, dir string) error {
	var ready, filled []time.Duration
	for range min(c.rounds, 3) {
		r, err := startAvow(c.binary, dir)
		if err != nil {
			return err
		}
		took, err := r.ready()
		if err != nil {
			return err
		}
		ready = append(ready, took)
		select {
		case took := <-r.filled:
			filled = append(filled, took)
		case <-time.After(5 * time.Minute):
			return fmt.Errorf("the gates are not filled after five minutes")
		}
		if s.full, err = r.memory(); err != nil {
			return err
		}
		if err := r.stop(); err != nil {
			return err
		}
	}
	s.ready, s.filled = middle(ready), middle(filled)
	return nil
}

// populate writes people with two values and a consent each, straight into the tables.
func populate(ctx context.Context, dir string, people int) error {
	h, err := openHouse(ctx, dir, "")
	if err != nil {
		return err
	}
	defer h.close()
	if _, err := h.consent.Publish(ctx, "site.yaml", sitePolicy()); err != nil {
		return err
	}
	const chunk = 5000
	for from := 0; from < people; from += chunk {
		err := h.db.Write(ctx, func(tx *store.Tx) error { return crowdIn(tx, from, min(people, from+chunk)) })
		if err != nil {
			return err
		}
	}
	return h.ledger.Close()
}

func crowdIn(tx *store.Tx, from, to int) error {
	var subjects, values, choices, known []any
	now := tx.Now()
	for i := from; i < to; i++ {
		id := avow.NewID(now.Add(time.Duration(i) * time.Microsecond))
		subjects = append(subjects, id, "individual", now)
		for _, field := range []string{"email", "name"} {
			values = append(values, avow.NewID(now), id, "contact", field, "you", pointName(0), "site", 1, "consent", "newsletter",
				false, false, now, make([]byte, 32), make([]byte, 60))
		}
		choices = append(choices, id, "site", "consent", "newsletter", 1, "given", 1, now, now.AddDate(2, 0, 0), 1, id)
		known = append(known, id)
	}
	for _, t := range []struct {
		table, columns string
		args           []any
	}{
		{"vault_subjects", "id, kind, made", subjects},
		{"vault_values", "id, subject, category, field, source, point, policy, version, basis, purposes, claimed, limited, at, same, sealed", values},
		{"consent_choices", "subject, policy, kind, name, generation, state, seq, at, ends, version, event", choices},
		{"consent_subjects", "subject", known},
	} {
		if err := tx.Insert(t.table, t.columns, t.args); err != nil {
			return err
		}
	}
	return nil
}
