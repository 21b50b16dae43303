package cases_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// shelves are three systems, each a database of its own with one table of people. They stand for
// mapped systems where the map is not what is tested.
type shelves struct {
	t    *testing.T
	dbs  map[string]*store.DB
	mu   sync.Mutex
	away map[string]bool
	left int // how often a check still finds something
	runs map[string]int
	cut  func(system string) // called in the middle of a change
	hits []cases.Hit
}

func newShelves(t *testing.T) *shelves {
	s := &shelves{t: t, dbs: map[string]*store.DB{}, away: map[string]bool{}, runs: map[string]int{}}
	for _, name := range []string{"shop", "crm", "desk"} {
		db := storetest.Open(t)
		s.dbs[name] = db
		err := db.Write(bg, func(tx *store.Tx) error {
			_, err := tx.Exec(`CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT, name TEXT, frozen INTEGER NOT NULL DEFAULT 0)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *shelves) put(system, email, name string) {
	s.t.Helper()
	err := s.dbs[system].Write(bg, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO people (email, name) VALUES (?, ?)`, email, name)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelves) count(system, where string, args ...any) (n int) {
	s.t.Helper()
	err := s.dbs[system].Read(bg, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(id) FROM people WHERE `+where, args...).Scan(&n)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *shelves) reach(system string) (*store.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[system] {
		return nil, avow.Errorf(avow.Unavailable, "%s is away", system)
	}
	return s.dbs[system], nil
}

func (s *shelves) setAway(system string, away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away[system] = away
}

func (s *shelves) names() []string { return []string{"shop", "crm", "desk"} }

func (s *shelves) find(ctx context.Context, system string, ids []cases.Identity) (rows []int64, spelt []cases.Identity, err error) {
	db, err := s.reach(system)
	if err != nil {
		return nil, nil, err
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		rows, spelt = nil, nil
		for _, id := range ids {
			if id.Kind != "email" {
				continue
			}
			err := store.Each(tx, func(r *store.Rows) error {
				var n int64
				var email string
				err := r.Scan(&n, &email)
				rows, spelt = append(rows, n), append(spelt, cases.Identity{Kind: "email", Value: email})
				return err
			}, `SELECT id, email FROM people WHERE lower(email) = lower(?) ORDER BY id`, id.Value)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return rows, spelt, err
}

func (s *shelves) Held(ctx context.Context, _ avow.Region, ids []cases.Identity) ([]cases.Identity, error) {
	for _, name := range s.names() {
		_, spelt, err := s.find(ctx, name, ids)
		if err != nil || len(spelt) > 0 {
			return spelt, err
		}
	}
	return nil, nil
}

func (s *shelves) Capture(ctx context.Context, r cases.Request) (parts []cases.Part, err error) {
	if slices.Contains([]law.Right{law.StopMarketing, law.OptOut, law.Limit}, r.Right) {
		return nil, nil // no shelf marks that
	}
	for rank, name := range s.names() {
		if slices.Contains(r.Without, name) {
			parts = append(parts, cases.Part{System: name, Task: &cases.Task{Who: "support", Do: "Do it by hand in " + name + "."}})
			continue
		}
		rows, _, err := s.find(ctx, name, r.Identities)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 || r.Right == law.Copy {
			continue
		}
		captured, _ := json.Marshal(rows)
		action := map[law.Right]string{law.Remove: "delete", law.Correct: "update", law.Restrict: "update", law.Object: "update", cases.Lift: "update"}[r.Right]
		parts = append(parts, cases.Part{System: name, Rank: rank / 2, Captured: captured, Restrict: r.Right == law.Remove,
			Tables: []cases.Touched{{Table: "people", Rows: len(rows), Action: action, Columns: []string{"email", "name"}, Data: []string{"contact.email", "contact.name"}}}})
	}
	return append(parts, cases.Part{System: "paper", Task: &cases.Task{Who: "archive", Do: "Look into the paper files.", In: 48 * time.Hour}}), nil
}

// Renew: shelves have no map that could change.
func (s *shelves) Renew(context.Context, cases.Request, string, []byte) (cases.Part, bool, error) {
	return cases.Part{}, false, nil
}

// Free: nothing is held here.
func (s *shelves) Free(context.Context, cases.Request, []byte) error { return nil }

func (s *shelves) change(ctx context.Context, system string, captured []byte, do func(tx *store.Tx, id int64) error) error {
	db, err := s.reach(system)
	if err != nil {
		return err
	}
	var rows []int64
	if err := json.Unmarshal(captured, &rows); err != nil {
		return err
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		for _, id := range rows {
			if err := do(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	s.mu.Lock()
	cut := s.cut
	s.runs[system]++
	s.mu.Unlock()
	if cut != nil {
		cut(system)
	}
	return err
}

func (s *shelves) Restrict(ctx context.Context, _ cases.Request, system string, captured []byte) error {
	return s.change(ctx, system, captured, func(tx *store.Tx, id int64) error {
		_, err := tx.Exec(`UPDATE people SET frozen = 1 WHERE id = ?`, id)
		return err
	})
}

func (s *shelves) Run(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Outcome, error) {
	return cases.Outcome{}, s.change(ctx, system, captured, func(tx *store.Tx, id int64) (err error) {
		switch r.Right {
		case law.Remove:
			_, err = tx.Exec(`DELETE FROM people WHERE id = ?`, id)
		case law.Correct:
			for _, c := range r.Corrections {
				column := strings.TrimPrefix(c.Data, "contact.")
				_, err = tx.Exec(`UPDATE people SET `+column+` = ? WHERE id = ?`, c.To, id)
			}
		default:
			frozen := map[bool]int{true: 0, false: 1}[r.Lift || r.Right == cases.Lift]
			_, err = tx.Exec(`UPDATE people SET frozen = ? WHERE id = ?`, frozen, id)
		}
		return err
	})
}

func (s *shelves) Check(ctx context.Context, r cases.Request, captured map[string][]byte) ([]cases.Left, error) {
	if r.Right != law.Remove {
		return nil, nil
	}
	for _, name := range s.names() {
		if slices.Contains(r.Without, name) {
			continue
		}
		rows, _, err := s.find(ctx, name, r.Identities)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		stubborn := s.left > 0
		s.left = max(0, s.left-1)
		s.mu.Unlock()
		if len(rows) > 0 || stubborn {
			return []cases.Left{{System: name, Table: "people", Rows: len(rows), Why: "it was found again"}}, nil
		}
	}
	return nil, nil
}

func (s *shelves) Sweep(context.Context, cases.Request, map[string][]byte) ([]cases.Hit, error) {
	return s.hits, nil
}

func (s *shelves) Forms(_ avow.Region, id cases.Identity) []cases.Form {
	return []cases.Form{{Kind: id.Kind, Compare: "email", Text: strings.ToLower(id.Value)}}
}

func (s *shelves) Scan(ctx context.Context, systems []string, each func(cases.Scanned) error) error {
	for _, name := range s.names() {
		if len(systems) > 0 && !slices.Contains(systems, name) {
			continue
		}
		db, err := s.reach(name)
		if err != nil {
			return err
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			return store.Each(tx, func(r *store.Rows) error {
				id := cases.Identity{Kind: "email"}
				if err := r.Scan(&id.Value); err != nil {
					return err
				}
				return each(cases.Scanned{System: name, Table: "people", Known: []cases.Known{{Identity: id, Forms: s.Forms("", id)}}, OnePerson: true})
			}, `SELECT email FROM people`)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *shelves) export(ctx context.Context, r cases.Request) (out []string, err error) {
	for _, name := range s.names() {
		if slices.Contains(r.Without, name) {
			continue
		}
		rows, _, err := s.find(ctx, name, r.Identities)
		if err != nil {
			return nil, err
		}
		for _, id := range rows {
			out = append(out, fmt.Sprint(name, " people ", id))
		}
	}
	return out, nil
}
