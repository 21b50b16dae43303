package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
)

// table is what a table of subjects costs.
type table struct {
	subjects, profiles   int
	load, loadCPU        time.Duration // of all subjects, from nothing
	heap, worst, mean    float64       // bytes a subject: of the heap when full; of the table while it grew
	index, name, writing cost          // a decision: by index, by name, by index beside a writer
	many                 cost          // a decision by index among 256 asked together
	writes               float64       // the writer's writes a second meanwhile
	replace, remove      cost
	read                 cost          // of one word somewhere in as much memory: what no table can go below
	gcWall, gcCPU        time.Duration // of a forced collection
	idleWall, idleCPU    time.Duration // of one before the table was filled
	afterDeletes         float64       // bytes a subject when nine tenths are gone
}

// keys is how many different subjects are asked about, in random order.
const keys = 1 << 20

func measureTable(w *world, n, rounds int) (*table, error) {
	t := &table{subjects: n}
	g := gate.New(gate.Options{})
	if err := g.Publish(w.policy, today); err != nil {
		return nil, err
	}
	people := newPeople(w, n)
	t.idleWall, t.idleCPU = collect(rounds * 5)
	before := heap()
	t.fill(g, people)
	t.heap = float64(heap()-before) / float64(n)
	t.profiles = g.Profiles()
	t.gcWall, t.gcCPU = collect(rounds * 5)
	if err := t.ask(w, g, people, rounds); err != nil {
		return nil, err
	}
	t.read = randomRead(g.Bytes(), rounds)
	t.change(g, people)
	runtime.KeepAlive(g)
	return t, nil
}

// people makes the state of the n-th subject. A thousand subjects are of sixteen
// sorts; in a large organisation there are hundreds.
type people struct {
	world *world
	sorts []*gate.State
	who   []person
}

func newPeople(w *world, n int) *people {
	p := &people{world: w}
	places, facts := len(regions), uint64(8)
	if n < 100_000 {
		places, facts = 4, 2
	}
	rnd := rand.New(rand.NewPCG(10, 10))
	for i := range 8 * 1024 {
		who := randomPerson(rnd)
		region := regions[i%places]
		p.who = append(p.who, who)
		p.sorts = append(p.sorts, w.state(avow.ID{}, who, region, uint64(i/places)%facts))
	}
	return p
}

var regions = []avow.Region{"GB", "NL", "DE", "FR", "US", "US-CA", "IE", "ES", "IT", "SE", "PL", "CA", "AU", "JP", "CH", "BE", "AT", "DK", "FI", "NO",
	"PT", "CZ", "GR", "HU", "RO", "BG", "HR", "SK", "SI", "LT", "LV", "EE", "LU", "MT", "CY", "BR", "IN", "NZ", "ZA", "MX"}

func (p *people) state(n int, s *gate.State) {
	*s = *p.sorts[n%len(p.sorts)]
	s.Subject = idOf(n)
}

// fill loads the table, and looks at its size at fifty points of its second half.
func (t *table) fill(g *gate.Gate, p *people) {
	var s gate.State
	sum, looks := 0.0, 0
	var looking time.Duration
	began, used := time.Now(), spent()
	for i := range t.subjects {
		p.state(i, &s)
		g.Set(&s)
		if (i+1)%(t.subjects/100) == 0 && i >= t.subjects/2 {
			at := time.Now()
			each := float64(g.Bytes()) / float64(g.Len())
			sum, looks, t.worst = sum+each, looks+1, max(t.worst, each)
			looking += time.Since(at)
		}
	}
	t.load, t.loadCPU, t.mean = time.Since(began)-looking, spent()-used, sum/float64(looks)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// collect is the median of forced collections.
func collect(rounds int) (wall, cpu time.Duration) {
	var walls, cpus []time.Duration
	for range rounds {
		began, used := time.Now(), spent()
		runtime.GC()
		walls, cpus = append(walls, time.Since(began)), append(cpus, spent()-used)
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	return walls[rounds/2], cpus[rounds/2]
}

// ask times decisions about random subjects of the table, after checking the
// answers against the reference.
func (t *table) ask(w *world, g *gate.Gate, p *people, rounds int) error {
	rnd := rand.New(rand.NewPCG(4, 2))
	order := make([]int32, keys)
	for i := range order {
		order[i] = int32(rnd.IntN(t.subjects))
	}
	type indexes struct {
		purpose int
		whole   policy.FieldSet
	}
	words, resolved := make([]gate.Names, asked), make([]indexes, asked)
	r := gate.About(avow.ID{}, -1, today)
	for i, q := range w.questions {
		words[i] = gate.Names{Purpose: w.purposes[q.purpose], Data: []string{w.categories[q.category]}}
		g.Resolve(&words[i], &r)
		resolved[i] = indexes{r.Purpose, r.Whole}
	}
	byIndex := func(i int) bool {
		q := &resolved[i%asked]
		r.Subject, r.Purpose, r.Whole = idOf(int(order[i%keys])), q.purpose, q.whole
		return g.Decide(&r).Allowed
	}
	byName := func(i int) bool {
		r.Subject = idOf(int(order[i%keys]))
		return g.Ask(&words[i%asked], &r).Allowed
	}
	for i := range 4 * asked {
		q := w.questions[i%asked]
		q.person = p.who[int(order[i])%len(p.who)]
		if want := w.allowed(q); byIndex(i) != want || byName(i) != want {
			return fmt.Errorf("a table of %d subjects disagrees with the reference about question %d", t.subjects, i)
		}
	}
	var index, name, writing []cost
	for range rounds {
		index = append(index, once(keys, spent, func(i int) { byIndex(i) }))
		name = append(name, once(keys, spent, func(i int) { byName(i) }))
	}
	for range rounds {
		c, writes := beside(g, p, t.subjects, byIndex)
		writing, t.writes = append(writing, c), max(t.writes, writes)
	}
	t.many = together(g, byIndex, &r, rounds)
	t.index, t.name, t.writing = medians(index), medians(name), medians(writing)
	return nil
}

// together times decisions that are asked many at once.
func together(g *gate.Gate, prepare func(i int) bool, r *gate.Request, rounds int) cost {
	const batch = 256
	requests, answers := make([]gate.Request, batch), make([]gate.Decision, batch)
	groups := make([][]gate.Request, keys/batch/8)
	for b := range groups {
		groups[b] = make([]gate.Request, batch)
		for i := range groups[b] {
			prepare(b*batch + i) // fills r
			groups[b][i] = *r
		}
	}
	var list []cost
	for range rounds {
		c := once(len(groups), spent, func(b int) {
			copy(requests, groups[b])
			g.DecideAll(requests, answers)
		})
		list = append(list, cost{c.wall / batch, c.cpu / batch, c.allocs / batch, c.bytes / batch})
	}
	return medians(list)
}

// beside times a reader while another goroutine replaces, deletes and adds
// subjects without pause. Its cost is of its own thread.
func beside(g *gate.Gate, p *people, n int, decide func(i int) bool) (cost, float64) {
	var stop atomic.Bool
	var done sync.WaitGroup
	writes := 0
	began := time.Now()
	done.Go(func() {
		var s gate.State
		rnd := rand.New(rand.NewPCG(uint64(n), 1))
		for ; !stop.Load(); writes++ {
			at := rnd.IntN(n)
			switch writes % 8 {
			case 0:
				g.Delete(idOf(n + writes%1024))
			case 1:
				at = n + writes%1024
			}
			p.state(at, &s)
			g.Set(&s)
		}
	})
	runtime.LockOSThread()
	c := once(keys, threadSpent, func(i int) { decide(i) })
	runtime.UnlockOSThread()
	stop.Store(true)
	done.Wait()
	return c, float64(writes) / time.Since(began).Seconds()
}

// randomRead times reading single words at random in so much memory, each as far as
// the machine can tell dependent on the one before, as a look-up is on its id.
func randomRead(bytes, rounds int) cost {
	words := make([]uint64, bytes/8)
	for i := range words {
		words[i] = uint64(i) >> 40 // nought, but written: the memory is there
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	order := make([]uint32, keys)
	for i := range order {
		order[i] = uint32(rnd.IntN(len(words)))
	}
	last := uint64(0)
	var list []cost
	for range rounds {
		list = append(list, once(keys, spent, func(i int) { last = words[uint64(order[i])+last] }))
	}
	runtime.KeepAlive(last)
	return medians(list)
}

// change times replacing and deleting, and looks at the size when most are gone.
func (t *table) change(g *gate.Gate, p *people) {
	var s gate.State
	n := min(t.subjects/10*9, 9_000_000)
	t.replace = once(min(n, keys), spent, func(i int) {
		p.state(i*7%t.subjects, &s)
		g.Set(&s)
	})
	t.remove = once(n, spent, func(i int) { g.Delete(idOf(i)) })
	for i := range 1024 {
		g.Delete(idOf(t.subjects + i)) // the writer's own
	}
	t.afterDeletes = float64(g.Bytes()) / float64(g.Len())
}
