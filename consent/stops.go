package consent

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// stopped is a thing somebody stopped, in the words in which the vault keeps it beside
// the keys (see vault.KeepStop). Names of the policy only.
type stopped struct {
	Policy string `json:"policy,omitempty"`
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
}

// stoppedBegins is how the words of this room begin; other rooms keep others.
const stoppedBegins = "{"

// Bury lets go of what people have said who are gone already. No event of theirs is
// left to open, so nothing is remembered of it here: see Replay.
func (r *Register) Bury(tx *store.Tx, subjects []avow.ID) error { return r.drop(tx, subjects) }

// keepStops has it remembered outside the backups what the person stops by this hand.
func (h *Hand) keepStops() error {
	for _, c := range h.said.changed {
		now := h.said.find(c.policy, c.kind, c.name, c.generation)
		if !saysNo(now) {
			continue
		}
		if err := h.r.keepStop(h.tx, h.who.ID[:], now); err != nil {
			return err
		}
	}
	return nil
}

// saysNo tells whether a row says no, on the person's own word.
func saysNo(c choice) bool {
	switch c.kind {
	case kindConsent:
		return c.state == withdrawn || c.state == refused
	case kindPurpose, kindMarketing, kindTopic, kindRestriction, kindOnce:
		return c.state == set
	}
	return false
}

func (r *Register) keepStop(tx *store.Tx, thing []byte, c choice) error {
	what, err := json.Marshal(stopped{c.policy, c.kind, c.name})
	if err != nil {
		return err
	}
	return r.vault.KeepStop(tx, thing, string(what))
}

// Replay stops again what people had stopped from a time on, and a restored backup does
// not know. It returns how many things it stopped. Calling it again is safe.
func (r *Register) Replay(ctx context.Context, since time.Time) (replayed int, err error) {
	err = r.vault.Stops(ctx, since, stoppedBegins, func(page []vault.Stop) error {
		for chunk := range slices.Chunk(page, replayChunk) {
			n := 0
			err := r.db.Write(ctx, func(tx *store.Tx) error {
				n = 0
				for _, s := range chunk {
					done, err := r.replay(tx, s)
					if err != nil {
						return err
					}
					if done {
						n++
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			replayed += n
		}
		return nil
	})
	return replayed, err
}

const (
	replayChunk = 50
	replayWay   = "kept outside the backup"
)

func (r *Register) replay(tx *store.Tx, s vault.Stop) (done bool, err error) {
	var what stopped
	if err := json.Unmarshal([]byte(s.What), &what); err != nil {
		return false, avow.Errorf(avow.Internal, "what was stopped cannot be read: %w", err)
	}
	if len(s.Thing) != len(avow.ID{}) {
		return r.replayAddress(tx, s.Thing, what)
	}
	h, err := r.In(tx, avow.ID(s.Thing))
	if avow.KindOf(err) == avow.NotFound {
		return false, nil // erased, or came after the backup was made
	}
	if err != nil || slices.ContainsFunc(h.said.list, func(c choice) bool {
		return c.policy == what.Policy && c.kind == what.Kind && c.name == what.Name && saysNo(c)
	}) {
		return false, err
	}
	if err := h.stopAgain(what); err != nil {
		return false, err
	}
	return true, h.Done()
}

// stopAgain says no once more. A purpose that no published version has any more stops nothing.
func (h *Hand) stopAgain(s stopped) error {
	c := Choice{Policy: s.Policy, Purpose: s.Name, Way: replayWay, By: "avow restore"}
	var err error
	switch s.Kind {
	case kindConsent:
		_, err = h.Withdraw(c)
	case kindPurpose, kindMarketing:
		_, err = h.Object(c)
	case kindTopic:
		c.Purpose, c.Topic = "", s.Name
		_, err = h.Object(c)
	case kindRestriction:
		_, err = h.Restrict(replayWay, c.By)
	case kindOnce:
		_, err = h.UseOnce(c)
	}
	if avow.KindOf(err) == avow.Invalid || avow.KindOf(err) == avow.NotFound {
		return nil
	}
	return err
}

func (r *Register) replayAddress(tx *store.Tx, address []byte, s stopped) (done bool, err error) {
	c := choice{policy: s.Policy, kind: s.Kind, name: s.Name}
	if done, err = r.suppress(tx, address, c); err != nil || !done {
		return done, err
	}
	_, err = r.ledger.Append(tx, ledger.Event{Type: Suppressed,
		Body: body(words{Address: address, Things: []thing{{Policy: c.policy, Kind: c.kind, Name: c.name}}, By: "avow restore", Way: replayWay})})
	return true, err
}
