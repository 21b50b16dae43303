package main

import (
	"context"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/web"
)

// audits is what the last audit of a running server came to.
type audits struct {
	one  sync.Mutex // one audit at a time
	mu   sync.Mutex // guards last
	last web.Records
}

// auditNow audits the records, and keeps the outcome for whoever asks after their state.
func (s *server) auditNow(ctx context.Context) error {
	s.audits.one.Lock()
	defer s.audits.one.Unlock()
	a, err := s.house.audit(ctx, nil)
	if err != nil {
		s.audits.keep(web.Records{Failed: avow.MessageOf(err)})
		return err
	}
	now := web.Records{Audited: s.now(), Covered: a.Size, More: a.More}
	for _, f := range a.Findings {
		event, _ := avow.ParseID(f.Event) // empty where it is about none
		now.Findings = append(now.Findings, web.Finding{Index: f.Index, Event: event, What: f.What})
	}
	s.audits.keep(now)
	return nil
}

// keep remembers an outcome. One that failed leaves what was found before.
func (a *audits) keep(now web.Records) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Failed != "" {
		a.last.Failed = now.Failed
		return
	}
	a.last = now
}

// findings is how many the last audit had.
func (a *audits) findings() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.last.Findings)
}

// records is the state of the records for people.
func (s *server) records(ctx context.Context) (web.Records, error) {
	s.audits.mu.Lock()
	r := s.audits.last
	s.audits.mu.Unlock()
	signed, err := s.ledger.Checkpoint(ctx)
	if err != nil {
		return r, err
	}
	c, err := proof.OpenCheckpoint(signed, s.ledger.Key())
	if err != nil {
		return r, err
	}
	r.Origin, r.Key, r.Size = c.Origin, s.ledger.Key(), c.Size
	if r.Witnesses, err = s.seenBy(ctx); err != nil {
		return r, err
	}
	return r, s.db.Read(ctx, func(tx *store.Tx) error { // it is signed with its last event
		last, err := s.ledger.Read(tx, c.Size-1, 1)
		if len(last) > 0 {
			r.At = last[0].At
		}
		return err
	})
}

// lately is how recently a witness must have signed to be named.
const lately = 24 * time.Hour

// seenBy lists the witnesses that have signed the log lately.
func (s *server) seenBy(ctx context.Context) (list []web.Witness, err error) {
	states, err := s.witnesses.State(ctx)
	for _, w := range states {
		if w.Size > 0 && s.now().Sub(w.At) < lately {
			list = append(list, web.Witness{Name: w.Name, Size: w.Size, At: w.At})
		}
	}
	return list, err
}
