package consent

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// page is how many people are folded in one snapshot, and events looked at in one.
const page = 500

// Load fills the gates with everybody, page by page, and returns how many states are
// held. Until it has ended a gate answers "not cached" about those who are still
// missing, and Refresh helps; what changes meanwhile is not overwritten.
func (r *Register) Load(ctx context.Context) (int, error) {
	return r.load(ctx, r.all())
}

func (r *Register) load(ctx context.Context, list []*series) (held int, err error) {
	var from avow.ID
	for {
		var states []state
		var ids []avow.ID
		err := r.db.Read(ctx, func(tx *store.Tx) error {
			states = states[:0]
			size, err := r.ledger.Size(tx)
			if err != nil {
				return err
			}
			ids, err = store.Collect(tx, scanID, `SELECT subject FROM consent_subjects WHERE subject > ? ORDER BY subject LIMIT ?`, from[:], page)
			if err != nil {
				return err
			}
			for _, id := range ids {
				some, err := r.present(tx, id, list, uint64(size))
				if err != nil {
					return err
				}
				states = append(states, some...)
			}
			return nil
		})
		if err != nil {
			return held, err
		}
		for _, s := range states {
			if s.gate.Set(&s.state) {
				held++
			}
		}
		if len(ids) < page {
			return held, nil
		}
		from = ids[len(ids)-1]
	}
}

func scanID(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }

// present folds the states of somebody who may be gone: then there are none.
func (r *Register) present(tx *store.Tx, subject avow.ID, list []*series, seen uint64) ([]state, error) {
	who, err := r.vault.Subject(tx, subject)
	if avow.KindOf(err) == avow.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if who.ID != subject {
		return nil, nil // an id of old: the present one has its own row
	}
	return r.states(tx, who, list, seen)
}

// Refresh folds a person's state from the database, gives it to the gate and
// returns it: for when the gate answers that it must be asked there. NotFound when
// nobody has this id, or nobody any more.
func (r *Register) Refresh(ctx context.Context, policyName string, subject avow.ID) (*gate.State, error) {
	s := r.find(policyName)
	if s == nil {
		return nil, unknownPolicy(policyName)
	}
	var states []state
	var who avow.ID
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		found, err := r.vault.Subject(tx, subject)
		if err != nil {
			return err
		}
		who = found.ID
		size, err := r.ledger.Size(tx)
		if err != nil {
			return err
		}
		states, err = r.states(tx, found, []*series{s}, uint64(size))
		return err
	})
	if avow.KindOf(err) == avow.NotFound {
		s.gate.Delete(subject)
	}
	if err != nil {
		return nil, err
	}
	if who != subject {
		s.gate.Delete(subject)
	}
	s.gate.Set(&states[0].state)
	return &states[0].state, nil
}

// Decide asks the gate, and the database where the gate must. The subject may be
// given by an id of old.
func (r *Register) Decide(ctx context.Context, policyName string, q *gate.Request) (gate.Decision, error) {
	s := r.find(policyName)
	if s == nil {
		return gate.Decision{}, unknownPolicy(policyName)
	}
	d := s.gate.Decide(q)
	if q.Visitor || !d.Reason.AskDatabase() {
		return d, nil
	}
	st, err := r.Refresh(ctx, policyName, q.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	again := *q
	again.Subject = st.Subject
	return s.gate.DecideState(st, &again), nil
}

// CatchUp reads the head of the ledger and takes over what other nodes have written
// since the last call, or since Open: people's states, and versions published. It then
// tells the gates how far they have seen, which is what makes their answers fresh.
func (r *Register) CatchUp(ctx context.Context) error {
	r.following.Lock()
	defer r.following.Unlock()
	for {
		var events []ledger.Entry
		var now time.Time
		err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
			now = tx.Now()
			events, err = r.ledger.Read(tx, r.seen, page)
			return err
		})
		if err != nil {
			return err
		}
		if err := r.follow(ctx, events); err != nil {
			return err
		}
		r.seen += int64(len(events))
		if len(events) < page {
			r.advance(now)
			return nil
		}
	}
}

func (r *Register) advance(now time.Time) {
	for _, s := range r.all() {
		s.gate.Advance(uint64(r.seen), now)
	}
}

func (r *Register) follow(ctx context.Context, events []ledger.Entry) error {
	people := map[avow.ID]bool{}
	published := false
	for _, e := range events {
		published = published || e.Type == ledger.NoticePublished
		if !e.Subject.IsZero() {
			people[e.Subject] = true
		}
	}
	if published {
		if err := r.reload(ctx); err != nil {
			return err
		}
	}
	for id := range people {
		for _, s := range r.all() {
			if _, err := r.Refresh(ctx, s.name, id); err != nil && avow.KindOf(err) != avow.NotFound {
				return err
			}
		}
	}
	return nil
}

// Follow calls CatchUp again and again until ctx ends. What goes wrong is given to
// report and tried again; meanwhile the gates say that they are not fresh.
func (r *Register) Follow(ctx context.Context, every time.Duration, report func(error)) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if err := r.CatchUp(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
