package consent

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// page is how many rows of small tables are read in one snapshot.
const page = 500

// Load fills the gates with everybody and returns how many states are held. It can run
// beside everything else: until it has ended a gate answers "not cached" about those
// who are still missing, and the database is asked; what changes meanwhile is not
// overwritten, and who leaves does not come back.
func (r *Register) Load(ctx context.Context) (int, error) {
	return r.load(ctx, r.all())
}

// load merges streams of the whole tables, ordered by the people's ids. Each is a
// snapshot of its own: what they hold is at least as new as the head that was read
// before them, and CatchUp reads again whatever comes after it.
func (r *Register) load(ctx context.Context, list []*series) (held int, err error) {
	r.loading.Add(1)
	defer r.loading.Add(-1)
	r.absent.begin()
	defer r.absent.end()
	var seen uint64
	var now time.Time
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		size, err := r.ledger.Size(tx)
		seen, now = uint64(size), tx.Now()
		return err
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	g, ctx := errgroup.WithContext(ctx)
	people := flow(ctx, g, r.db, r.everybody)
	values := flow(ctx, g, r.db, r.values(r.vault.EverybodysValues))
	old := flow(ctx, g, r.db, r.values(r.vault.OldValues))
	said := flow(ctx, g, r.db, everySaid)
	take := func() error {
		l := loader{r: r, list: list, seen: seen, now: now, sorts: newSorts()}
		for p, ok := people.next(); ok; p, ok = people.next() {
			l.one(p, values.of(p.id).held, old.of(p.id).held, said.of(p.id).said)
		}
		held = l.held
		return ctx.Err()
	}
	g.Go(func() error { return avow.Unpanicked(take) })
	return held, g.Wait()
}

// item is what a stream has of one person; each stream fills its own part.
type item struct {
	id   avow.ID
	kind avow.SubjectKind
	held vault.Held
	said string
}

// stream gives items in the order of their ids.
type stream struct {
	in    <-chan []item
	batch []item
}

const (
	batchSize = 512
	ahead     = 16 // batches that wait to be taken
)

// flow reads a stream on its own. A read that is run again goes on where it was.
func flow(ctx context.Context, g *errgroup.Group, db *store.DB, read func(tx *store.Tx, after avow.ID, f func(item) error) error) *stream {
	out := make(chan []item, ahead)
	give := func() error {
		defer close(out)
		var last avow.ID
		batch := make([]item, 0, batchSize)
		send := func() error {
			if len(batch) == 0 {
				return nil
			}
			select {
			case out <- batch:
				last, batch = batch[len(batch)-1].id, make([]item, 0, batchSize)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return db.Read(ctx, func(tx *store.Tx) error {
			batch = batch[:0]
			err := read(tx, last, func(i item) error {
				if batch = append(batch, i); len(batch) == batchSize {
					return send()
				}
				return nil
			})
			if err != nil {
				return err
			}
			return send()
		})
	}
	g.Go(func() error { return avow.Unpanicked(give) })
	return &stream{in: out}
}

// peek gives the next item without taking it; false at the end.
func (s *stream) peek() (*item, bool) {
	if len(s.batch) == 0 {
		var ok bool
		if s.batch, ok = <-s.in; !ok {
			return nil, false
		}
	}
	return &s.batch[0], true
}

func (s *stream) next() (item, bool) {
	i, ok := s.peek()
	if !ok {
		return item{}, false
	}
	s.batch = s.batch[1:]
	return *i, true
}

// of gives what the stream has of one person; those before are passed by.
func (s *stream) of(id avow.ID) item {
	for {
		i, ok := s.peek()
		if !ok {
			return item{}
		}
		switch compareIDs(i.id, id) {
		case 0:
			return *i // kept: one may be asked for twice
		case 1:
			return item{}
		}
		s.batch = s.batch[1:]
	}
}

func (r *Register) everybody(tx *store.Tx, after avow.ID, f func(item) error) error {
	return r.vault.Everybody(tx, after, func(s vault.Subject) error { return f(item{id: s.ID, kind: s.Kind}) })
}

func (r *Register) values(read func(*store.Tx, avow.ID, func(avow.ID, vault.Held) error) error) func(*store.Tx, avow.ID, func(item) error) error {
	return func(tx *store.Tx, after avow.ID, f func(item) error) error {
		return read(tx, after, func(id avow.ID, held vault.Held) error { return f(item{id: id, held: held}) })
	}
}

// everySaid gives what the fold needs of what people have said, a line a choice.
func everySaid(tx *store.Tx, after avow.ID, f func(item) error) error {
	return store.Each(tx, func(rows *store.Rows) error {
		var i item
		if err := rows.Scan(store.IntoID(&i.id), &i.said); err != nil {
			return err
		}
		return f(i)
	}, `SELECT subject, string_agg(concat_ws('	', policy, kind, name, generation, state, seq, at, COALESCE(ends, 0)), '
') FROM consent_choices WHERE subject > ? GROUP BY subject ORDER BY subject`, after[:])
}

// loader folds what the streams give.
type loader struct {
	r       *Register
	list    []*series
	seen    uint64
	now     time.Time
	sorts   *sorts
	choices []choice
	states  []state
	held    int
}

// sorts remembers the holdings of sorts of people: folded once for all of whom the same is held.
type sorts struct {
	mu       sync.Mutex
	holdings map[heldBy][]gate.Holding
}

type heldBy struct {
	series *series
	held   vault.Held
}

// maxHoldings bounds what is remembered of sorts of people.
const maxHoldings = 1 << 14

func newSorts() *sorts { return &sorts{holdings: map[heldBy][]gate.Holding{}} }

// of gives the holdings of a sort of people. Nobody changes the list.
func (s *sorts) of(by *series, held vault.Held) []gate.Holding {
	key := heldBy{by, held}
	s.mu.Lock()
	defer s.mu.Unlock()
	list, ok := s.holdings[key]
	if !ok {
		if len(s.holdings) >= maxHoldings {
			clear(s.holdings)
		}
		list = holdings(by.versions, held.Values())
		s.holdings[key] = list
	}
	return list
}

func (l *loader) one(p item, held, old vault.Held, said string) {
	l.choices = readChoices(l.choices[:0], said)
	if old != "" {
		held += "\n" + old
	}
	l.states = l.states[:0]
	for _, s := range l.list {
		l.states = append(l.states, state{s, fold(s.versions, vault.Subject{ID: p.id, Kind: p.kind}, l.sorts.of(s, held), l.choices, l.now, l.seen)})
	}
	l.held += l.r.setRead(l.states)
}

// readChoices reads what everySaid wrote. A line that cannot be read says nothing, as a
// row that no purpose knows: what is missing is a no.
func readChoices(list []choice, text string) []choice {
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		var p [8]string
		for i := range p {
			p[i], line, _ = strings.Cut(line, "\t")
		}
		number := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }
		c := choice{policy: p[0], kind: p[1], name: p[2], generation: int(number(p[3])), state: p[4], seq: number(p[5]), at: time.UnixMicro(number(p[6])).UTC()}
		if ends := number(p[7]); ends != 0 {
			c.ends = time.UnixMicro(ends).UTC()
		}
		list = append(list, c)
	}
	return list
}

func scanID(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }
