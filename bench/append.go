package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// flights are in how many places at once events are made; one is there to see what a single event waits.
var flights = []int{1, 64, 512}

const crowd = 4096 // people in turn

// durable is events on SQLite: bare, appended, and as consents, at each number in flight.
type durable struct{ bare, sealed, whole []*lane }

func measureDurable(ctx context.Context, c config) (*durable, error) {
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"bare", "sealed", "whole"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	bare, err := openBare(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, err
	}
	defer bare.close()
	sealed, who, err := inhabited(ctx, filepath.Join(dir, "sealed"), "")
	if err != nil {
		return nil, err
	}
	defer sealed.close()
	whole, them, err := inhabited(ctx, filepath.Join(dir, "whole"), "")
	if err != nil {
		return nil, err
	}
	defer whole.close()
	var d durable
	var lanes []*lane
	for _, n := range flights {
		d.bare = append(d.bare, c.lane("bare", n, func(place, times int) error { return bare.add(ofTurn(who, n, place, times)) }))
		d.sealed = append(d.sealed, c.lane("sealed", n, func(place, times int) error { return sealed.append(ctx, ofTurn(who, n, place, times), 1) }))
		d.whole = append(d.whole, c.lane("whole", n, func(place, times int) error { return whole.change(ctx, ofTurn(them, n, place, times), times) }))
		last := len(d.bare) - 1
		lanes = append(lanes, d.bare[last], d.sealed[last], d.whole[last])
	}
	return &d, inTurns("durable events", c.rounds, lanes)
}

// lane is something one event of which is done in so many places at once.
func (c config) lane(name string, places int, do func(place, times int) error) *lane {
	return &lane{name: name, flight: places, each: 1, clock: spent, run: func() (tally, error) { return inFlight(places, c.spell, do) }}
}

func inhabited(ctx context.Context, dir, dsn string) (*house, []avow.ID, error) {
	h, err := openHouse(ctx, dir, dsn)
	if err != nil {
		return nil, nil, err
	}
	people, err := h.settle(ctx, crowd)
	if err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	return h, people, nil
}

// ofTurn is who a place deals with this time. No two places deal with the same person.
func ofTurn(people []avow.ID, places, place, times int) avow.ID {
	return people[(place+times*places)%(len(people)/places*places)]
}

// append adds sealed events about somebody, and returns when they are on disk.
func (h *house) append(ctx context.Context, who avow.ID, events int) error {
	return h.db.Write(ctx, func(tx *store.Tx) error {
		for range events {
			_, err := h.ledger.Append(tx, ledger.Event{Type: ledger.ConsentGiven, Subject: who, Policy: "site", Version: 1,
				Body: json.RawMessage(`{"purposes":["newsletter"]}`)})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// change gives a consent, and takes it back the next time.
func (h *house) change(ctx context.Context, who avow.ID, times int) error {
	c := consent.Choice{Policy: "site", Purpose: "newsletter", Shown: "Yes, send me the newsletter.", Way: "preference centre"}
	return h.consent.Do(ctx, who, func(hand *consent.Hand) error {
		said, err := hand.Answered(c)
		if err == nil && said == "given" {
			_, err = hand.Withdraw(c)
		} else if err == nil {
			_, err = hand.Give(c)
		}
		return err
	})
}

// config is how much is measured.
type config struct {
	dir    string // where databases are made
	rounds int
	spell  time.Duration // of one round of one lane
	people int           // of the database that a server starts on
	events int64         // of the made-up log
	moment time.Duration // after which the memory of a server with nothing to do is looked at first
	while  time.Duration // and then again
	binary string        // avow, once it is built
}
