package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// flights are in how many places at once events are made, and how many a round: as
// many in all that is compared, so that their logs are equally long. One place is there to see what a single event waits.
var flights = []struct{ places, times int }{{1, 1024}, {64, 10_240}, {512, 20_480}}

const (
	crowd = 16_384 // people about whom events are, in an order that is no order
	few   = 4096   // where making them takes long
)

// durable is events on SQLite: bare, appended, and as consents, at each number in flight.
type durable struct {
	bare, long, sealed, whole []*lane
	sealedWidth, consentWidth int // bytes of a sealed body, and so of a bare entry
}

func measureDurable(ctx context.Context, c config) (*durable, error) {
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sealed, who, err := inhabited(ctx, filepath.Join(dir, "sealed"), "", crowd)
	if err != nil {
		return nil, err
	}
	defer sealed.close()
	whole, them, err := inhabited(ctx, filepath.Join(dir, "whole"), "", crowd)
	if err != nil {
		return nil, err
	}
	defer whole.close()
	var d durable
	if d.sealedWidth, err = sealed.width(ctx, func() error { return sealed.append(ctx, who[0], 1) }); err != nil {
		return nil, err
	}
	if d.consentWidth, err = whole.width(ctx, func() error { return whole.change(ctx, them[0]) }); err != nil {
		return nil, err
	}
	bare, err := openBare(filepath.Join(dir, "bare.db"), d.sealedWidth)
	if err != nil {
		return nil, err
	}
	defer bare.close()
	long, err := openBare(filepath.Join(dir, "long.db"), d.consentWidth)
	if err != nil {
		return nil, err
	}
	defer long.close()
	var lanes []*lane
	for _, f := range flights {
		each := func(list *[]*lane, people []avow.ID, do func(who avow.ID) error) {
			l := eventsOf(f.places, c.share(f.times), func(place, times int) error { return do(ofTurn(people, f.places, place, times)) })
			*list, lanes = append(*list, l), append(lanes, l)
		}
		each(&d.bare, who, bare.add)
		each(&d.sealed, who, func(who avow.ID) error { return sealed.append(ctx, who, 1) })
		each(&d.long, them, long.add)
		each(&d.whole, them, func(who avow.ID) error { return whole.change(ctx, who) })
	}
	return &d, inTurns("durable events", c.rounds, lanes)
}

// eventsOf is a lane in which an event is made so many times a round.
func eventsOf(places, times int, do func(place, times int) error) *lane {
	return &lane{flight: places, each: 1, clock: spent, run: func() (tally, error) { return inFlight(places, times, do) }}
}

// share is as much of a measurement as is wanted.
func (c config) share(times int) int { return max(1, int(float64(times)*c.part)) }

func inhabited(ctx context.Context, dir, dsn string, many int) (*house, []avow.ID, error) {
	h, err := openHouse(ctx, dir, dsn)
	if err != nil {
		return nil, nil, err
	}
	people, err := h.settle(ctx, many)
	if err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	order := rand.New(rand.NewPCG(19, 80))
	order.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
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
func (h *house) change(ctx context.Context, who avow.ID) error {
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
	part   float64       // of what is done in a round of records
	people int           // of the database that a server starts on
	events int64         // of the made-up log
	moment time.Duration // after which the memory of a server with nothing to do is looked at first
	while  time.Duration // and then again
	binary string        // avow, once it is built
}
