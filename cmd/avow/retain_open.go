package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
	"github.com/avowhq/avow/store"
)

// openRetain opens the desk that carries out the schedule and keeps the holds. What it needs
// of the register is handed to it here, because duties do not call each other.
func (h *house) openRetain(ctx context.Context, version func(string, int) (*policy.Policy, error), mapped func(context.Context) ([]retain.Systems, error)) (*retain.Desk, error) {
	return retain.Open(ctx, retain.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Version: version, Systems: mapped, Renew: h.consent.Renew,
		Restricted: h.consent.IsRestricted, AllRestricted: h.consent.AllRestricted, Shown: h.consent.ShownAt})
}

// retained are the systems of an engine as a run of the schedule sees them.
func retained(ctx context.Context, e *systems.Engine) (retain.Systems, error) {
	search, away, err := e.Now(ctx)
	return retain.Systems{Search: search, Away: away}, err
}

// heldOf gives what is held of somebody to the room that erases.
func heldOf(desk *retain.Desk) func(*store.Tx, avow.ID) ([]rights.Stop, error) {
	return func(tx *store.Tx, subject avow.ID) (out []rights.Stop, err error) {
		list, err := desk.Of(tx, subject)
		for _, h := range list {
			out = append(out, rights.Stop{Because: h.Because, Until: h.Until, Data: h.Data})
		}
		return out, err
	}
}

// erasingOf gives what erasures have begun to change to the room that keeps the holds.
func erasingOf(desk *cases.Desk) func(*store.Tx) ([]retain.Erasing, error) {
	return func(tx *store.Tx) (out []retain.Erasing, err error) {
		list, err := desk.Begun(tx)
		for _, b := range list {
			e := retain.Erasing{Erased: retain.Erased{Request: b.Number, Tables: b.Tables, Whole: b.Done},
				Policy: b.Policy, Region: string(b.Region.Country()), Subject: b.Subject, Data: b.Data, Try: b.Try}
			for _, id := range b.Identities {
				e.Person = append(e.Person, find.Identity{Kind: id.Kind, Value: id.Value})
			}
			out = append(out, e)
		}
		return out, err
	}
}

// recorded tells whether anything was ever kept here: a dry run opens nothing that is not there.
func (w where) recorded() bool {
	if w.Database != "" {
		return true
	}
	_, err := os.Stat(w.databaseFile())
	return err == nil
}

// heldFrom gives what is held against the erasure of people that were found, for a plan that
// is only shown.
func (w where) heldFrom(ctx context.Context, m *mapped, s *find.Search, f *find.Found) ([]plan.Hold, error) {
	if !w.recorded() {
		return nil, nil
	}
	h, err := openHouse(ctx, w, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer h.close()
	desk, err := h.openRetain(ctx, h.consent.Version, nil)
	if err != nil {
		return nil, err
	}
	return desk.Against(ctx, m.policy, s, f, avow.ID{})
}

// openRetention opens the desk of a server, over the systems of all policies.
func (s *server) openRetention(ctx context.Context) (err error) {
	s.retain, err = s.openRetain(ctx, s.consent.Version, func(ctx context.Context) (out []retain.Systems, err error) {
		engines, err := s.atlas.all()
		if err != nil {
			return nil, err
		}
		for _, e := range engines {
			one, err := retained(ctx, e)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return out, nil
	})
	if err == nil {
		s.retain.Put = s.putToStaff
		s.metrics.watchStanding(s.retain.Standing)
	}
	return err
}

// The schedule is looked at every so often, and carried out once a night within some hours of
// when it is due: a server that starts in the day waits for the night.
const (
	lookForRetention = 10 * time.Minute
	nightLasts       = 6 * time.Hour
	retentionLasts   = 12 * time.Hour
)

// retainByNight carries out the schedule when it is night.
func (s *server) retainByNight(ctx context.Context) error { return s.retainAfter(ctx, s.RetainAt) }

// retainAfter carries out the schedule once in the hours after one of the day. The clock is looked at by day too: what is
// wrong with it is told before the night, and what it said last is never long ago.
func (s *server) retainAfter(ctx context.Context, hour int) error {
	sure := s.retain.SureOfClock(ctx)
	now := s.now().UTC()
	due := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, time.UTC)
	if now.Before(due) {
		due = due.AddDate(0, 0, -1)
	}
	if hour < 0 || now.Sub(due) > nightLasts {
		return sure
	}
	last, err := s.retain.LastRun(ctx)
	if err != nil {
		return err
	}
	if !last.Before(due) {
		return sure
	}
	r, err := s.retain.Run(ctx, retain.Options{By: "schedule"})
	if avow.KindOf(err) == avow.Conflict && err != nil {
		return nil // somebody has it carried out by hand
	}
	if r != nil {
		said := "the schedule of retention was carried out"
		if r.Stopped != "" {
			said = "the schedule of retention was not carried out to its end"
		}
		s.log.Info(said, slog.Int("ended", r.Done()), slog.Int("held", r.Held()), slog.Int("left", r.Left()), slog.Int("away", len(r.Away)), slog.Int("standing", r.Standing()))
		s.sayStanding(r)
	}
	return err
}
