package main

import (
	"context"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
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

// auditing is one look at the records: how many events it covered, and what it found.
type auditing func(ctx context.Context) (covered int64, found []web.Finding, err error)

// auditNow audits the records, and keeps the outcome for whoever asks after their state.
func (s *server) auditNow(ctx context.Context) error {
	s.audits.one.Lock()
	defer s.audits.one.Unlock()
	var now web.Records
	for _, look := range s.auditings() {
		covered, found, err := look(ctx)
		if err != nil {
			s.audits.keep(web.Records{Failed: avow.MessageOf(err)})
			return err
		}
		now.Covered = max(now.Covered, covered)
		now.Findings = append(now.Findings, found...)
	}
	now.Audited = time.Now()
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
	return r, s.db.Read(ctx, func(tx *store.Tx) error { // it is signed with its last event
		last, err := s.ledger.Read(tx, c.Size-1, 1)
		if len(last) > 0 {
			r.At = last[0].At
		}
		return err
	})
}

// auditings are the looks an audit is made of: the log, event by event, and the table
// that answers come from, choice by choice.
func (s *server) auditings() []auditing {
	return []auditing{
		func(ctx context.Context) (int64, []web.Finding, error) {
			a, err := s.ledger.Audit(ctx, ledger.AuditOptions{})
			if err != nil {
				return 0, nil, err
			}
			var found []web.Finding
			for _, f := range a.Findings {
				found = append(found, web.Finding(f))
			}
			return a.Size, found, nil
		},
		func(ctx context.Context) (int64, []web.Finding, error) {
			list, err := s.consent.Check(ctx, nil)
			var found []web.Finding
			for _, f := range list {
				found = append(found, web.Finding(f))
			}
			return 0, found, err
		},
	}
}
