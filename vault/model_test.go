package vault_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// The model: a few people who each hold a few addresses, and mail that reaches
// whoever holds the address it goes to. Anybody types anything into forms, adds any
// address to their own, and uses every link that reaches them; an organisation imports lists
// and settles them; staff merge people and think better of it. The oracle is slow
// and simple: a value may be read by who holds the address it was put under, and by
// whom staff say is the same person.
type world struct {
	t      *testing.T
	nodes  []node
	now    atomic.Int64 // hours
	actors []*actor
	ids    []vault.Identity

	mu      sync.Mutex
	allowed map[string]map[int]bool // the readers of each value
	under   map[string][]string     // the values put under each address as claims
	values  int
	imports []avow.ID
	merges  []*staffMerge
	merged  bool // staff merged somebody, ever
}

type node struct {
	*vault.Vault
	db *store.DB
}

// actor is a person with addresses, and a session once they verified one.
type actor struct {
	number  int
	session avow.ID
	proved  map[string]bool // what they verified and have not removed
}

const (
	modelActors    = 4
	modelAddresses = 3 // each
)

func newWorld(t *testing.T, c store.Config, nodes int) *world {
	w := &world{t: t, allowed: map[string]map[int]bool{}, under: map[string][]string{}}
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return start.Add(time.Duration(w.now.Load()) * time.Hour) }
	c.Clock = clock
	dir := t.TempDir()
	for range nodes {
		n := node{db: storetest.OpenConfig(t, c)}
		var err error
		n.Vault, err = vault.Open(t.Context(), n.db, vault.Config{OrganisationKey: dir + "/secret/key", Keys: dir + "/keys.db", Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		w.nodes = append(w.nodes, n)
	}
	for i := range modelActors * modelAddresses {
		id := email(fmt.Sprintf("p%d-%d@example.com", i/modelAddresses, i%modelAddresses))
		if i%modelAddresses == 2 {
			id = phone(fmt.Sprintf("+120155501%02d", i))
		}
		w.ids = append(w.ids, id)
	}
	for i := range modelActors {
		w.actors = append(w.actors, &actor{number: i, proved: map[string]bool{}})
	}
	return w
}

func (w *world) owner(value string) int {
	i := slices.IndexFunc(w.ids, func(id vault.Identity) bool { return id.Value == value })
	if i < 0 {
		w.t.Fatalf("a link goes to %q", value)
	}
	return i / modelAddresses
}

func (w *world) any(r *rand.Rand) vault.Identity { return w.ids[r.IntN(len(w.ids))] }

func (w *world) own(r *rand.Rand, a *actor) vault.Identity {
	return w.ids[a.number*modelAddresses+r.IntN(modelAddresses)]
}

// label names a new value that some may read.
func (w *world) label(readers ...int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values++
	label := fmt.Sprint("v", w.values)
	w.allowed[label] = map[int]bool{}
	for _, reader := range readers {
		w.allowed[label][reader] = true
	}
	return label
}

// taken are the people whom staff take an actor for, the actor among them.
func (w *world) taken(number int) []int {
	group := []int{number}
	for i := 0; i < len(group); i++ {
		for _, m := range w.merges {
			for k, a := range m.actors {
				other := m.actors[1-k]
				if a == group[i] && other >= 0 && !slices.Contains(group, other) {
					group = append(group, other)
				}
			}
		}
	}
	return group
}

func (w *world) may(number int, label string) bool {
	for _, who := range w.taken(number) {
		if w.allowed[label][who] {
			return true
		}
		for _, m := range w.merges {
			if m.values[label] && slices.Contains(m.actors[:], who) {
				return true
			}
		}
	}
	return false
}

// claim is a form: an address, which need not be the sender's, and a value.
func (w *world) claim(n node, r *rand.Rand) error {
	id := w.any(r)
	label := w.label(w.owner(id.Value))
	err := n.db.Write(context.Background(), func(tx *store.Tx) error {
		s, err := n.Claim(tx, id)
		if err != nil {
			return err
		}
		_, err = n.Put(tx, contact(s, "note", label))
		return err
	})
	if err == nil {
		w.mu.Lock()
		w.under[id.Value] = append(w.under[id.Value], label)
		w.mu.Unlock()
	}
	return err
}

// ask has a link sent to an address of the actor's, as the desk does, and whoever gets it uses it.
func (w *world) ask(n node, r *rand.Rand, a *actor) error {
	id := w.own(r, a)
	var token string
	var to vault.Identity
	err := n.db.Write(context.Background(), func(tx *store.Tx) error {
		found, err := n.Find(tx, id)
		if err != nil || len(found) == 0 {
			to = vault.Identity{}
			return err
		}
		token, to, err = n.NewLinkTo(tx, found[r.IntN(len(found))].Subject, id, "see")
		return err
	})
	if err != nil || to.Value == "" {
		return err
	}
	return w.click(n, token, w.actors[w.owner(to.Value)])
}

// click is somebody using a link that reached them, without any session.
func (w *world) click(n node, token string, a *actor) error {
	var l vault.Link
	var v vault.Verification
	err := n.db.Write(context.Background(), func(tx *store.Tx) (err error) {
		if l, err = n.UseLink(tx, token, "see"); err != nil {
			return err
		}
		v, err = n.Verify(tx, l.Identity)
		return err
	})
	if err != nil {
		return err
	}
	return w.letIn(n, a, v.Subject, l.Identity.Value)
}

// letIn begins a session. What comes to somebody whom staff take for several people
// comes to all of them, and stays with them when staff think better of it.
func (w *world) letIn(n node, a *actor, subject avow.ID, address string) error {
	w.mu.Lock()
	a.session = subject
	a.proved[address] = true
	group := w.taken(a.number)
	w.mu.Unlock()
	if len(group) == 1 {
		return nil
	}
	read, err := w.look(n, a)
	for label := range read {
		for _, who := range group {
			w.allowed[label][who] = true
		}
	}
	return err
}

// put is the actor giving a value within their session.
func (w *world) put(n node, a *actor) error {
	w.mu.Lock()
	readers := w.taken(a.number)
	w.mu.Unlock()
	label := w.label(readers...)
	return n.db.Write(context.Background(), func(tx *store.Tx) error { _, err := n.Put(tx, contact(a.session, "note", label)); return err })
}

// add is the actor adding any address, theirs or not. Who gets the link uses it: the
// actor within the session, anybody else without.
func (w *world) add(n node, r *rand.Rand, a *actor) error {
	id := w.any(r)
	var token string
	var to vault.Identity
	err := n.db.Write(context.Background(), func(tx *store.Tx) error {
		err := n.AddIdentity(tx, a.session, id)
		if err == nil {
			token, to, err = n.NewLinkTo(tx, a.session, id, "see")
		}
		return err
	})
	if err != nil {
		return err
	}
	if reached := w.owner(to.Value); reached != a.number {
		return w.click(n, token, w.actors[reached])
	}
	var v vault.Verification
	err = n.db.Write(context.Background(), func(tx *store.Tx) error {
		l, err := n.UseLink(tx, token, "see")
		if err == nil {
			v, err = n.VerifyAs(tx, a.session, l.Identity)
		}
		return err
	})
	if err != nil {
		return err
	}
	return w.letIn(n, a, v.Subject, to.Value)
}

func (w *world) remove(n node, r *rand.Rand, a *actor) error {
	id := w.own(r, a)
	err := n.db.Write(context.Background(), func(tx *store.Tx) error { _, err := n.RemoveIdentity(tx, a.session, id); return err })
	if err == nil {
		w.mu.Lock()
		delete(a.proved, id.Value)
		delete(w.under, id.Value) // what came by it stays with the one it was of
		w.mu.Unlock()
	}
	return err
}

// bring imports a few people: claimed ones whose lists mix everybody's addresses, and
// proved ones whose addresses are of one person.
func (w *world) bring(n node, r *rand.Rand) error {
	imp := avow.NewID(time.UnixMilli(r.Int64N(1 << 40)))
	var people []vault.Person
	var labels, addresses []string
	for range 1 + r.IntN(4) {
		var p vault.Person
		if r.IntN(3) == 0 {
			a := w.actors[r.IntN(modelActors)]
			p.Identities = []vault.Identity{proved(w.own(r, a)), proved(w.own(r, a)), w.any(r)}
		} else {
			p.Identities = []vault.Identity{w.any(r), w.any(r)}
		}
		lead := p.Identities[0].Value
		label := w.label(w.owner(lead))
		p.Values = []vault.Value{contact(avow.ID{}, "note", label)}
		people, labels, addresses = append(people, p), append(labels, label), append(addresses, lead)
	}
	err := n.db.Write(context.Background(), func(tx *store.Tx) error { _, err := n.StageAll(tx, imp, people); return err })
	if err != nil {
		return err
	}
	if err := n.db.Write(context.Background(), func(tx *store.Tx) error { return n.Flip(tx, imp) }); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.imports = append(w.imports, imp)
	for i, label := range labels {
		w.under[addresses[i]] = append(w.under[addresses[i]], label)
	}
	return nil
}

func (w *world) settle(n node, r *rand.Rand) error {
	w.mu.Lock()
	imports := slices.Clone(w.imports)
	w.mu.Unlock()
	if len(imports) == 0 {
		return nil
	}
	_, err := n.Settle(context.Background(), imports[r.IntN(len(imports))], 1+r.IntN(3), func(*store.Tx, avow.ID, []avow.ID) error { return nil })
	return err
}

func (w *world) readAll(n node, tx *store.Tx, subject avow.ID, into map[string]bool) error {
	values, err := n.Values(tx, subject)
	for _, v := range values {
		into[v.Data] = true
	}
	return err
}

// look has the actor read all they can, and asks the oracle.
func (w *world) look(n node, a *actor) (read map[string]bool, err error) {
	err = n.db.Read(context.Background(), func(tx *store.Tx) error {
		read = map[string]bool{}
		return w.readAll(n, tx, a.session, read)
	})
	if err != nil {
		return read, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for label := range read {
		if !w.may(a.number, label) {
			w.t.Errorf("%d reads %s, which only %v may", a.number, label, slices.Sorted(maps.Keys(w.allowed[label])))
		}
	}
	return read, nil
}

// complete: who verified an address just now reads all that was put under it. What staff moved is left out.
func (w *world) complete(n node, a *actor) {
	if w.merged {
		return
	}
	for _, imp := range w.imports {
		for more := true; more; {
			var err error
			if more, err = n.Settle(context.Background(), imp, 500, func(*store.Tx, avow.ID, []avow.ID) error { return nil }); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for address := range a.proved {
		id := w.ids[slices.IndexFunc(w.ids, func(id vault.Identity) bool { return id.Value == address })]
		var v vault.Verification
		err := n.db.Write(context.Background(), func(tx *store.Tx) (err error) { v, err = n.Verify(tx, id); return err })
		if err != nil {
			w.t.Fatal(err)
		}
		a.session = v.Subject
		read, err := w.look(n, a)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, label := range w.under[address] {
			if !read[label] {
				w.t.Errorf("%d verified %s and does not read %s", a.number, address, label)
			}
		}
	}
}

// step does one thing of many; staff merge only where there is one thread.
func (w *world) step(n node, r *rand.Rand, a *actor, staff bool) error {
	w.now.Add(1)
	if a.session.IsZero() && r.IntN(2) == 0 {
		return w.ask(n, r, a)
	}
	switch k := r.IntN(12); {
	case k < 3:
		return w.claim(n, r)
	case k < 5:
		return w.ask(n, r, a)
	case k == 5:
		return w.bring(n, r)
	case k == 6:
		return w.settle(n, r)
	case k == 7 && staff:
		return w.mergeOrUndo(n, r)
	case a.session.IsZero():
		return nil
	case k == 8:
		return w.put(n, a)
	case k == 9:
		return w.remove(n, r, a)
	}
	return w.add(n, r, a)
}

// tolerable are refusals that a person may meet.
func tolerable(err error) bool {
	switch avow.KindOf(err) {
	case avow.Refused, avow.NotFound, avow.TooMany, avow.Unauthorized:
		return true
	}
	return err == nil
}

// Nobody ever reads a value that was put under an address they have not verified, whatever is done in whichever order.
func TestNobodyReadsWhatIsNotTheirs(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		w := newWorld(t, c, 2)
		for round := range 24 {
			seed := uint64(round)
			r := rand.New(rand.NewPCG(seed, 7))
			staff := round%2 == 0
			for range 60 {
				a := w.actors[r.IntN(modelActors)]
				n := w.nodes[r.IntN(2)]
				if err := w.step(n, r, a, staff); !tolerable(err) {
					t.Fatalf("round %d: %v", round, err)
				}
				for _, a := range w.actors {
					if a.session.IsZero() {
						continue
					}
					if _, err := w.look(n, a); err != nil {
						t.Fatalf("round %d: %v", round, err)
					}
				}
				if t.Failed() {
					t.Fatalf("in round %d", round)
				}
			}
			for _, a := range w.actors {
				w.complete(w.nodes[0], a)
			}
			w.end()
		}
	})
}

// end erases everybody, and sees that nobody is left.
func (w *world) end() {
	n := w.nodes[1]
	for _, id := range w.ids {
		for {
			var found []vault.Found
			err := n.db.Read(context.Background(), func(tx *store.Tx) (err error) { found, err = n.Find(tx, id); return err })
			if err != nil {
				w.t.Fatal(err)
			}
			if len(found) == 0 {
				break
			}
			if err := n.Shred(context.Background(), found[0].Subject); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for _, a := range w.actors {
		if !a.session.IsZero() { // an address removed may leave nobody who is found by one
			if err := n.Shred(context.Background(), a.session); err != nil && avow.KindOf(err) != avow.NotFound {
				w.t.Fatal(err)
			}
		}
		a.session, a.proved = avow.ID{}, map[string]bool{}
	}
	w.under, w.imports, w.merges, w.merged = map[string][]string{}, nil, nil, false
}

// The same, with everybody at work at once on two nodes.
func TestNobodyReadsWhatIsNotTheirsAtOnce(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		w := newWorld(t, c, 2)
		for round := range 3 {
			var wg sync.WaitGroup
			for k := range 2 * modelActors {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(round), uint64(k)))
					me := &actor{number: k % modelActors, proved: map[string]bool{}} // one browser of theirs
					n := w.nodes[k/modelActors]
					for range 40 {
						if err := w.step(n, r, me, false); !tolerable(err) {
							t.Errorf("round %d: %v", round, err)
							return
						}
						if me.session.IsZero() {
							continue
						}
						if _, err := w.look(n, me); err != nil {
							t.Errorf("round %d: %v", round, err)
							return
						}
					}
				})
			}
			wg.Wait()
			for _, a := range w.actors {
				if !a.session.IsZero() {
					w.complete(w.nodes[1], a)
				}
			}
			w.end()
		}
	})
}
