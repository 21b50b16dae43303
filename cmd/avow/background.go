package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/witness"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/work"
)

// proving says who else sees the log, and how often the records are held against themselves.
type proving struct {
	Witness    []string      `help:"A witness that signs the log's checkpoints too: its public key, a plus sign and its address." placeholder:"KEY+URL" env:"AVOW_WITNESS" sep:"none"`
	AuditEvery time.Duration `help:"How often the server audits all its records. The start page shows the result." default:"1h" placeholder:"TIME" env:"AVOW_AUDIT_EVERY"`
}

// openWork registers what is due by the clock. Each runs on one node at a time,
// however many serve; what each node does for itself stays a loop of its own.
func (s *server) openWork(ctx context.Context) (err error) {
	if s.work, err = work.Open(ctx, work.Config{DB: s.db, Ledger: s.ledger, Log: s.log, Clock: s.now, Lease: s.gone}); err != nil {
		return err
	}
	if s.witnesses, err = s.openWitnesses(ctx); err != nil {
		return err
	}
	if s.intake, err = openIntake(ctx, s.house, s.outbox, s.url); err != nil {
		return err
	}
	s.work.Schedule("finish-erasures", time.Minute, s.rights.Resume)
	s.work.Schedule("settle-imports", time.Minute, s.intake.SettleAll, work.Timeout(time.Hour))
	s.work.Schedule("tell-people", 5*time.Minute, s.tellPeople)
	s.work.Schedule("watch-requests", watchRequests, s.watchOverRequests)
	s.work.Schedule("retain", lookForRetention, s.retainByNight, work.Timeout(retentionLasts))
	s.work.Schedule("expire-records", 24*time.Hour, s.expireRecords, work.Timeout(time.Hour))
	s.followSwitches()
	if s.agents != nil {
		s.work.Schedule("tell-agents", tellAgents, s.tellAgentsOfChanges, work.Timeout(time.Hour))
	}
	if len(s.Witness) > 0 {
		s.work.Schedule("push-checkpoints", time.Minute, s.witnesses.Push)
	}
	return nil
}

func (s *server) openWitnesses(ctx context.Context) (*witness.Desk, error) {
	var list []witness.Witness
	for _, text := range s.Witness {
		w, err := witness.Parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return witness.Open(ctx, s.db, s.ledger, list)
}

// tellPeople writes to those whom the law wants told that data about them was obtained elsewhere (gdpr:14).
func (s *server) tellPeople(ctx context.Context) error {
	for {
		n, err := s.intake.Tell(ctx, 100)
		if err != nil || n == 0 {
			return err
		}
	}
}

// expireRecords ends the bodies of events that the published schedules no longer keep.
func (s *server) expireRecords(ctx context.Context) error {
	list := bodySchedule(s.consent.Policies(s.now()), s.now())
	if len(list) == 0 {
		return nil
	}
	if err := s.retain.SureOfClock(ctx); err != nil {
		return err
	}
	n, err := s.ledger.Expire(ctx, list)
	if n > 0 {
		s.log.Info("bodies of events ended by the schedule", slog.Int64("events", n))
	}
	return err
}

// passing are the events whose bodies end with the schedule: they say what was done,
// and nothing is decided by them. What people have decided is kept as long as they are.
var passing = []ledger.Type{ledger.Collected, ledger.LinkSent, ledger.IdentityVerified, ledger.RequestMade, ledger.RequestAnswered,
	ledger.CopyHandedOver, ledger.LookedAt, ledger.Used, ledger.Sent, ledger.Told}

// bodySchedule is how long the bodies of events are kept: as long as the longest
// period in the schedules of all policies, counted from the event. A schedule that
// leaves any end open keeps them.
func bodySchedule(policies []*policy.Policy, now time.Time) []ledger.Expiry {
	before := now
	rules := 0
	for _, p := range policies {
		for _, rule := range p.Retention {
			if rule.Until.Form != policy.UntilPeriod {
				return nil
			}
			rules++
			if end := since(now, rule.Until.Period); end.Before(before) {
				before = end
			}
		}
	}
	if rules == 0 {
		return nil
	}
	list := make([]ledger.Expiry, 0, len(passing))
	for _, what := range passing {
		list = append(list, ledger.Expiry{Type: what, Before: before})
	}
	return list
}

// since is a period before a moment.
func since(now time.Time, p policy.Period) time.Time {
	switch p.Unit {
	case policy.Hours:
		return now.Add(-time.Duration(p.N) * time.Hour)
	case policy.Days:
		return now.AddDate(0, 0, -p.N)
	case policy.Weeks:
		return now.AddDate(0, 0, -7*p.N)
	case policy.Months:
		return now.AddDate(0, -p.N, 0)
	}
	return now.AddDate(-p.N, 0, 0)
}

// runBackground starts what runs beside requests: schedules, and the loops that
// each node has of its own. stop ends them.
func (s *server) runBackground(ctx context.Context) error {
	if err := s.work.Start(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.background = cancel, make(chan struct{})
	var loops sync.WaitGroup
	loops.Go(func() { s.outbox.Run(ctx) })
	loops.Go(func() { s.fillGates(ctx) })
	loops.Go(func() {
		s.consent.Follow(ctx, catchUp, func(err error) {
			s.log.Warn("other nodes' events cannot be read; answers come from the database meanwhile", slog.Any("error", err))
		})
	})
	loops.Go(func() { s.keepAuditing(ctx) })
	loops.Go(func() { s.followRequests(ctx) })
	loops.Go(func() { s.lookAtSystems(ctx) })
	if s.admitted != nil {
		loops.Go(func() { s.followAgents(ctx) })
	}
	loops.Go(func() { giveBack(ctx) })
	go func() {
		defer close(s.background)
		loops.Wait()
	}()
	return nil
}

// keepAuditing audits the records again and again. What it finds is shown to
// whoever opens the start page, and to whoever reads the log.
func (s *server) keepAuditing(ctx context.Context) {
	t := time.NewTicker(max(cmp.Or(s.AuditEvery, time.Hour), time.Second))
	defer t.Stop()
	for before := 0; ; {
		if err := avow.Unpanicked(func() error { return s.auditNow(ctx) }); err != nil && ctx.Err() == nil {
			s.log.Warn("the records could not be audited; it is tried again", slog.Any("error", err))
		}
		n := s.audits.findings()
		if n > 0 && n != before {
			s.log.Error("the records are not what was recorded: run avow audit", slog.Int("findings", n))
		}
		before = n
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// fillGates reads everybody's state, so that the database is asked no more. Until it
// has ended it is asked about whoever is still missing.
func (s *server) fillGates(ctx context.Context) {
	began := s.now()
	held, err := s.consent.Load(ctx)
	switch {
	case err == nil:
		s.log.Info("the gates are filled", slog.Int("states", held), slog.Duration("took", s.now().Sub(began)))
	case ctx.Err() == nil:
		s.log.Warn("the gates could not be filled; the database is asked about whoever is missing", slog.Any("error", err))
	}
}

// cosigned serves the furthest checkpoint that a witness has signed.
func (s *server) cosigned(w http.ResponseWriter, r *http.Request) {
	signed, err := s.witnesses.Last(r.Context())
	if err != nil {
		status := http.StatusServiceUnavailable
		if avow.KindOf(err) == avow.NotFound {
			status = http.StatusNotFound
		}
		http.Error(w, avow.MessageOf(err), status)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(signed)
}

// stopWork ends what runs beside requests. What cannot be handed over, because the
// database is away, others take over when its lease has ended.
func (s *server) stopWork(ctx context.Context) error {
	var err error
	if s.work != nil {
		err = s.work.Stop(ctx)
	}
	if avow.KindOf(err) == avow.Unavailable {
		s.log.Warn("what runs by the clock could not be handed over", slog.Any("error", err))
		err = nil
	}
	if s.cancel != nil {
		s.cancel()
	}
	<-s.background
	return err
}
