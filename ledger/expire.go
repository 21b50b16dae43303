package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// lasting are the types whose bodies never end: without them nobody could tell an ended body from one that was taken away.
var lasting = []Type{Erased, Expired, LogRestored}

// expireRows bounds one transaction of Expire.
const expireRows = 5000

// Expire ends the bodies that a schedule says to: they are gone from the database,
// and what is left of the event is its leaf. Each transaction records, in an Expired event, exactly which
// bodies it ended, so that an audit finds any other that is missing. It gives their number.
// Cut short, it is called again. Refused for a type on which audits rest.
func (l *Ledger) Expire(ctx context.Context, schedule []Expiry) (ended int64, err error) {
	last, err := checkSchedule(schedule)
	if err != nil {
		return 0, err
	}
	for from := int64(0); ; {
		to, due, err := l.due(ctx, schedule, from, last)
		if err != nil {
			return ended, err
		}
		if to == from {
			break
		}
		if due {
			n, err := l.end(ctx, schedule, from, to)
			if err != nil {
				return ended, err
			}
			ended += n
		}
		from = to
	}
	if ended == 0 {
		return 0, nil
	}
	return ended, l.db.Scrub(ctx)
}

// checkSchedule gives the latest time in a schedule that can be.
func checkSchedule(schedule []Expiry) (last time.Time, err error) {
	if len(schedule) == 0 || len(schedule) > 100 {
		return last, avow.Errorf(avow.Invalid, "a schedule names 1 to 100 types of event")
	}
	for _, x := range schedule {
		if !x.Type.Valid() || x.Before.IsZero() {
			return last, avow.Errorf(avow.Invalid, "a schedule says which type of event ends, and from before which time")
		}
		if slices.Contains(lasting, x.Type) {
			return last, avow.Errorf(avow.Refused, "the bodies of %s events stay: they say why other bodies are gone", x.Type)
		}
		if x.Before.After(last) {
			last = x.Before
		}
	}
	return last, nil
}

// due looks at the next rows: where they end, which is where they begin when there
// are none of before the last time, and whether a body among them is to end.
func (l *Ledger) due(ctx context.Context, schedule []Expiry, from int64, last time.Time) (to int64, due bool, err error) {
	past := last.Add(time.Minute) // times may cross by as much
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		to, due = from, false
		early := false
		end := from
		err := store.Each(tx, func(r *store.Rows) error {
			var e Entry
			var there bool
			if err := r.Scan(&e.Index, &e.Type, store.IntoTime(&e.At), &there); err != nil {
				return err
			}
			end = e.Index + 1
			early = early || e.At.Before(past)
			due = due || there && expired{Rules: schedule, From: from, To: end}.covers(&e)
			return nil
		}, "SELECT idx, type, at, sealed IS NOT NULL FROM ledger_events WHERE idx >= ? ORDER BY idx LIMIT ?", from, expireRows)
		if early {
			to = end
		}
		return err
	})
	return to, due, err
}

func (l *Ledger) end(ctx context.Context, schedule []Expiry, from, to int64) (ended int64, err error) {
	which := strings.TrimSuffix(strings.Repeat("type = ? AND at < ? OR ", len(schedule)), " OR ")
	err = l.db.Write(ctx, func(tx *store.Tx) error {
		args := []any{from, to}
		for _, x := range schedule {
			args = append(args, string(x.Type), x.Before)
		}
		ended, err = tx.Exec("UPDATE ledger_events SET sealed = NULL WHERE idx >= ? AND idx < ? AND sealed IS NOT NULL AND ("+which+")", args...)
		if err != nil || ended == 0 {
			return err
		}
		body, err := json.Marshal(expired{schedule, from, to, ended})
		if err != nil {
			return err
		}
		_, err = l.Append(tx, Event{Type: Expired, Body: body, Ours: true})
		return err
	})
	return ended, err
}
