package consent

import (
	"context"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Refresh folds a person's state from the database, gives it to the gate and
// returns it: for when the gate answers that it must be asked there. NotFound when
// nobody has this id, or nobody any more.
func (r *Register) Refresh(ctx context.Context, policyName string, subject avow.ID) (*gate.State, error) {
	s := r.find(policyName)
	if s == nil {
		return nil, unknownPolicy(policyName)
	}
	r.absent.begin()
	defer r.absent.end()
	var states []state
	var who avow.ID
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		states, who, err = r.read(tx, subject, []*series{s})
		return err
	})
	if avow.KindOf(err) == avow.NotFound {
		r.letGo(subject)
	}
	if err != nil {
		return nil, err
	}
	if who != subject {
		r.letGo(subject)
	}
	r.setRead(states)
	return &states[0].state, nil
}

// read folds somebody's states from a snapshot, by any id they have had.
func (r *Register) read(tx *store.Tx, subject avow.ID, list []*series) ([]state, avow.ID, error) {
	size, err := r.ledger.Size(tx) // before the rows: what comes meanwhile makes them newer, not older
	if err != nil {
		return nil, subject, err
	}
	who, values, err := r.vault.Look(tx, subject)
	if err != nil {
		return nil, subject, err
	}
	said, err := r.choices(tx, who.ID)
	return states(list, who, values, said, tx.Now(), uint64(size)), who.ID, err
}

// Decide asks the gate, and the database where the gate must: a yes rests on a fresh
// view. The subject may be given by an id of old.
func (r *Register) Decide(ctx context.Context, policyName string, q *gate.Request) (gate.Decision, error) {
	s := r.find(policyName)
	if s == nil {
		return gate.Decision{}, unknownPolicy(policyName)
	}
	d := s.gate.Decide(q)
	if q.Visitor || !d.Reason.AskDatabase() && !(d.Allowed && !s.gate.Fresh(r.clock())) {
		return d, nil
	}
	st, err := r.Refresh(ctx, policyName, q.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return gate.Decision{Reason: gate.NotCached, Lane: -1}, nil
	}
	if err != nil {
		return gate.Decision{}, err
	}
	again := *q
	again.Subject = st.Subject
	return s.gate.DecideState(st, &again), nil
}

const (
	followed   = 1000                  // events looked at in one snapshot
	refreshed  = 250                   // people read in one
	lookLimit  = 5 * time.Second       // a database that takes longer is away
	breathe    = 10 * time.Millisecond // between two looks, so that one takes over what many batches wrote
	ledgerNews = "ledger"
	keyNews    = "keys"
)

// CatchUp reads the head of the ledger and takes over what was written since the
// last call, or since Open: people's states, and versions published. It then
// tells the gates how far they have seen, which is what makes their answers fresh.
func (r *Register) CatchUp(ctx context.Context) error {
	r.following.Lock()
	defer r.following.Unlock()
	for {
		began := r.clock()
		briefs, err := r.briefs(ctx)
		if err != nil {
			return err
		}
		if err := r.follow(ctx, briefs); err != nil {
			return err
		}
		if n := len(briefs); n > 0 {
			r.seen = briefs[n-1].Index + 1
		}
		if len(briefs) < followed {
			for _, s := range r.all() {
				s.gate.Advance(uint64(r.seen), began)
			}
			return nil
		}
	}
}

func (r *Register) briefs(ctx context.Context) (briefs []ledger.Brief, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	err = r.db.Read(ctx, func(tx *store.Tx) (err error) {
		briefs, err = r.ledger.Lately(tx, r.seen, followed)
		return err
	})
	return briefs, err
}

// follow takes over what events changed. Whose state is known here from a later event
// is left alone, and so is who is not held: the database is asked about them anyway.
func (r *Register) follow(ctx context.Context, briefs []ledger.Brief) error {
	if slices.ContainsFunc(briefs, func(b ledger.Brief) bool { return b.Type == ledger.NoticePublished }) {
		if err := r.reload(ctx); err != nil {
			return err
		}
	}
	var people, together []avow.ID
	seen := map[avow.ID]bool{}
	for _, b := range slices.Backward(briefs) { // the latest event of each tells
		if b.Subject.IsZero() || seen[b.Subject] {
			continue
		}
		seen[b.Subject] = true
		if r.behind(b) {
			people = append(people, b.Subject)
		}
	}
	for _, b := range briefs {
		if bringsTogether(b.Type) || b.Type == ledger.Joined {
			together = append(together, b.Subject)
		}
	}
	if err := r.forgetOld(ctx, together); err != nil {
		return err
	}
	for some := range slices.Chunk(people, refreshed) {
		if err := r.refresh(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (r *Register) behind(b ledger.Brief) bool {
	if r.loading.Load() > 0 {
		return true // who is not held yet may be put in as they were before this
	}
	return slices.ContainsFunc(r.all(), func(s *series) bool {
		seen, held := s.gate.Holds(b.Subject)
		return held && seen <= uint64(b.Index)
	})
}

// refresh reads the states of some people in one snapshot.
func (r *Register) refresh(ctx context.Context, people []avow.ID) error {
	r.absent.begin()
	defer r.absent.end()
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	var all []state
	var gone []avow.ID
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		all, gone = all[:0], gone[:0]
		for _, id := range people {
			some, who, err := r.read(tx, id, r.all())
			if avow.KindOf(err) == avow.NotFound || err == nil && who != id {
				gone = append(gone, id)
			} else if err != nil {
				return err
			}
			all = append(all, some...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range gone {
		r.letGo(id)
	}
	r.setRead(all)
	return nil
}

// forgetOld has the gates forget the ids of old of people who were brought together.
func (r *Register) forgetOld(ctx context.Context, people []avow.ID) error {
	if len(people) == 0 {
		return nil
	}
	var old []avow.ID
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		old = old[:0]
		for _, id := range people {
			family, err := r.vault.Family(tx, id)
			if err != nil && avow.KindOf(err) != avow.NotFound {
				return err
			}
			if len(family) > 1 {
				old = append(old, family[1:]...)
			}
		}
		return nil
	})
	for _, id := range old {
		r.letGo(id)
	}
	return err
}

// Follow calls CatchUp whenever a node has written, and at least as often as every,
// until ctx ends. What goes wrong is given to report and tried again; meanwhile the
// gates say that they are not fresh.
func (r *Register) Follow(ctx context.Context, every time.Duration, report func(error)) {
	news := make(chan struct{}, 1)
	wake := func() {
		select {
		case news <- struct{}{}:
		default: // there is one already
		}
	}
	ended := &endings{since: r.db.Machine()}
	defer r.db.Hear(ledgerNews, func([]avow.ID) { wake() })()
	defer r.db.Hear(keyNews, func(ids []avow.ID) { ended.hear(r, ids); wake() })()
	poll := time.NewTicker(every)
	defer poll.Stop()
	for {
		err := avow.Unpanicked(func() error {
			if err := ended.catchUp(ctx, r); err != nil {
				return err
			}
			return r.CatchUp(ctx)
		})
		if err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-poll.C:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(breathe):
		}
	}
}
