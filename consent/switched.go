package consent

import (
	"encoding/json"
	"errors"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Switched is what a person stopped or allowed by one event, and all that is stopped of
// the policy by now. Whoever carries it out elsewhere goes by what stands, so that of many
// events of one person the last counts, in whichever order and however often they are met.
type Switched struct {
	Subject        avow.ID // as whom they are known now
	Policy         *policy.Policy
	Purpose, Topic string // what the event is about, one of the two
	Stops          bool   // it says no; else it allows again, or consents
	Way, By        string // how it was said, and who did for the person; as in Choice
	Stands         []Standing
}

// Standing is something that a person has stopped, as the gate has it: the reasons of a purpose that one
// objection ends.
type Standing struct {
	Purpose   string
	Topic     string // of direct marketing; may be empty there too
	Marketing bool
}

// Tells are the events that Switched reads.
func Tells() []ledger.Type {
	return []ledger.Type{ledger.Objected, ledger.ObjectionEnded, ledger.ConsentWithdrawn, ledger.ConsentGiven, ledger.ConsentConfirmed}
}

// Switched reads an event of those that Tells lists. NotFound: nobody is there any more whom it is about, or it never was about
// somebody known here.
func (r *Register) Switched(tx *store.Tx, e ledger.Entry) (Switched, error) {
	s := Switched{Stops: e.Type == ledger.Objected || e.Type == ledger.ConsentWithdrawn}
	list := r.find(e.Policy)
	if e.Subject.IsZero() || list == nil {
		return s, avow.Errorf(avow.NotFound, "this event is about nobody who is known here")
	}
	if err := r.openSwitched(tx, e, &s); err != nil {
		return s, err
	}
	states, who, err := r.read(tx, e.Subject, []*series{list})
	if err != nil {
		return s, err
	}
	s.Subject, s.Policy = who, list.last()
	for i, l := range s.Policy.Objections {
		if !l.Once && states[0].state.Objected(i) {
			s.Stands = append(s.Stands, Standing{s.Policy.Purposes[l.Purpose].Name, l.Topic, marketing(s.Policy, i)})
		}
	}
	return s, nil
}

// openSwitched reads the body of the event.
func (r *Register) openSwitched(tx *store.Tx, e ledger.Entry, s *Switched) error {
	opened, err := r.ledger.Open(tx, e)
	if errors.Is(err, vault.ErrErased) {
		return avow.Errorf(avow.NotFound, "whoever said this was erased")
	}
	if err != nil {
		return err
	}
	var said struct {
		words
		Collection string `json:"collectionMethod"` // of a consent
	}
	if err := json.Unmarshal(opened.Body, &said); err != nil {
		return avow.Errorf(avow.Internal, "event %d cannot be read: %w", e.Index, err)
	}
	s.Purpose, s.Topic, s.Way, s.By = said.Purpose, said.Topic, firstOf(said.Way, said.Collection), said.By
	if len(said.Purposes) > 0 {
		s.Purpose = said.Purposes[0].Purpose
	}
	return nil
}
