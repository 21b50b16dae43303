package gate

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
)

// subject makes the id of the n-th subject of a test.
func subject(n int) (id avow.ID) {
	binary.BigEndian.PutUint64(id[:8], uint64(n/1000)<<16) // the first six bytes are time, as in a real one
	binary.LittleEndian.PutUint64(id[8:], hash(uint64(n), 7))
	return id
}

// The table does what a map does.
func TestSlotsLikeAMap(t *testing.T) {
	var table slots
	var none directory
	none.chunks = make([]atomic.Pointer[chunk], 1)
	want := map[int]uint64{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for step := range 200_000 {
		n := rnd.IntN(20_000)
		if phase := step / 50_000; rnd.IntN(4) > phase {
			s := slot{wordConsents: rnd.Uint64(), wordMeta: 1}
			s[wordID0], s[wordID1] = idWords(subject(n))
			table.put(&s)
			want[n] = s[wordConsents]
		} else {
			table.remove(subject(n))
			delete(want, n)
		}
		if step%10_000 == 0 {
			sameAs(t, &table, &none, want)
		}
	}
	sameAs(t, &table, &none, want)
	for n := range want {
		table.remove(subject(n))
	}
	sameAs(t, &table, &none, map[int]uint64{})
}

func sameAs(t *testing.T, table *slots, none *directory, want map[int]uint64) {
	t.Helper()
	if table.len() != len(want) {
		t.Fatalf("the table has %d subjects, want %d", table.len(), len(want))
	}
	for n := range 20_000 {
		var s live
		_, found := table.read(subject(n), none, &s)
		if v, there := want[n]; there != found || v != s.consents {
			t.Fatalf("subject %d: found %v with %x, want %v with %x", n, found, s.consents, there, v)
		}
	}
	inOrder(t, table)
}

// inOrder: every subject is found where it is, so no gap lies between it and its
// home. Deletes leave no tombstone behind, so this stays true for ever.
func inOrder(t *testing.T, table *slots) {
	t.Helper()
	for p := range table.part {
		body := table.part[p].words()
		size := len(body) / slotWords
		for i := range size {
			if load(body, i, wordMeta) == 0 {
				continue
			}
			h := hash(load(body, i, wordID0), load(body, i, wordID1))
			if at, found := probe(body, load(body, i, wordID0), load(body, i, wordID1), h); !found || at != i {
				t.Fatalf("a subject in slot %d of %d is found at %d (%v)", i, size, at, found)
			}
		}
	}
}

// A subject costs at most 100 bytes while the table grows, on average and at
// every step past the first thousand; and after most have gone again.
func TestBytesASubject(t *testing.T) {
	g := openShop(t)
	sum, steps := 0.0, 0
	measure := func(limit float64) {
		each := float64(g.subjects.bytes()+shards*64) / float64(g.Len())
		sum, steps = sum+each, steps+1
		if each > limit {
			t.Errorf("%.1f bytes a subject at %d subjects", each, g.Len())
		}
	}
	s := customer()
	for n := range 60_000 {
		s.Subject = subject(n)
		g.Set(s)
		if n == 999 {
			measure(100)
		}
		if n >= 10_000 && n%500 == 0 {
			measure(100)
		}
	}
	if mean := sum / float64(steps); mean > 90 {
		t.Errorf("%.1f bytes a subject on average, want at most 90", mean)
	}
	for n := range 55_000 {
		g.Delete(subject(n))
		if n%5_000 == 0 {
			measure(100)
		}
	}
}

// A torn slot would break the sum that ties its words together.
func sumOf(x uint64) slot {
	return slot{wordConsents: x, wordObjections0: x * 0x9e3779b97f4a7c15, wordObjections1: ^x, wordUntil: x >> 1, wordSeen: 0, wordMeta: 1 | x&1<<32}
}

func whole(s *live) bool {
	want := sumOf(s.consents)
	return s.objections == [2]uint64{want[wordObjections0], want[wordObjections1]} && uint64(s.until) == want[wordUntil] &&
		s.restricted == (want[wordMeta]&flagRestricted != 0)
}

// Readers see whole slots while writers grow, replace and delete around them, and
// never miss a subject that is always there.
func TestReadersSeeWholeSlots(t *testing.T) {
	const always, sometimes, writes = 512, 20_000, 60_000
	var table slots
	none := directory{chunks: make([]atomic.Pointer[chunk], 1)}
	put := func(n int, x uint64) {
		s := sumOf(x)
		s[wordID0], s[wordID1] = idWords(subject(n))
		table.put(&s)
	}
	for n := range always {
		put(n, uint64(n))
	}
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	for w := range 2 {
		writers.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 3))
			for range writes {
				switch n := always + rnd.IntN(sometimes); rnd.IntN(3) {
				case 0:
					table.remove(subject(n))
				case 1:
					put(n, rnd.Uint64())
				default:
					put(rnd.IntN(always), rnd.Uint64())
				}
			}
		})
	}
	var reads atomic.Int64
	for r := range 2 {
		readers.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(r), 4))
			for !done.Load() {
				var s live
				n := rnd.IntN(always + sometimes)
				if _, found := table.read(subject(n), &none, &s); !found && n < always {
					t.Errorf("subject %d was missed", n)
					return
				} else if found && !whole(&s) {
					t.Errorf("subject %d: a torn slot %+v", n, s)
					return
				}
				reads.Add(1)
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
	inOrder(t, &table)
	if reads.Load() == 0 {
		t.Error("nothing was read meanwhile")
	}
}

// A reader waits for a writer that is moving slots, and only for that.
func TestReaderWaitsForMoves(t *testing.T) {
	g := openShop(t)
	g.Set(customer())
	a, b := idWords(ann)
	s := g.subjects.shard(hash(a, b))
	s.seq.Add(1)
	read := make(chan bool)
	go func() {
		var out live
		_, found := g.subjects.read(ann, &g.profiles.dir, &out)
		read <- found
	}()
	select {
	case <-read:
		t.Error("a slot was read while it was being moved")
	case <-time.After(20 * time.Millisecond):
	}
	s.seq.Add(1)
	if !<-read {
		t.Error("the subject was missed")
	}
}

// Decisions stay right while subjects come, change profile and go, and while a
// version is published: a subject that consents is never refused for want of it.
func TestDecideWhileWriting(t *testing.T) {
	g := New(Options{})
	if err := g.Publish(shop(1), dayOne); err != nil {
		t.Fatal(err)
	}
	steady := make([]avow.ID, 64)
	set := func(n int, h []Holding, region avow.Region) {
		s := customer()
		s.Subject, s.Consents, s.Region, s.Holdings = subject(n), 1<<1, region, h
		g.Set(s)
	}
	held := func(v int) []Holding {
		return []Holding{{Version: v, Fields: fieldSet(fName, fEmail), Source: 0, Agreement: -1}}
	}
	for i := range steady {
		steady[i] = subject(i)
		set(i, held(1), "GB")
	}
	var writer, readers sync.WaitGroup
	var done atomic.Bool
	writer.Go(func() { churn(t, g, set, held) })
	for r := range 2 {
		readers.Go(func() {
			for i := r; !done.Load(); i++ {
				q := About(steady[i%len(steady)], pGame, noon)
				q.Data = fieldSet(fEmail)
				if d := g.Decide(&q); !d.Allowed || d.Basis != avow.Consent {
					t.Errorf("a consenting subject was refused: %+v", d)
					return
				}
			}
		})
	}
	writer.Wait()
	done.Store(true)
	readers.Wait()
}

func churn(t *testing.T, g *Gate, set func(int, []Holding, avow.Region), held func(int) []Holding) {
	rnd := rand.New(rand.NewPCG(5, 6))
	regions := []avow.Region{"GB", "FR", "US-CA", "NL", ""}
	for step := range 30_000 {
		n := rnd.IntN(4_000)
		switch {
		case step == 15_000:
			if err := g.Publish(shop(2), dayTwo); err != nil {
				t.Error(err)
			}
		case n >= 64 && rnd.IntN(2) == 0:
			g.Delete(subject(n))
		default:
			set(n, held(1), regions[rnd.IntN(len(regions))])
		}
	}
}

// A state older than what the table has changes nothing.
func TestSetKeepsTheLater(t *testing.T) {
	g := openShop(t)
	late, early := customer(), customer()
	late.Seen, late.Consents = 10, 1<<1
	early.Seen, early.Region = 9, "FR"
	g.Set(late)
	g.Set(early)
	q := About(ann, pGame, noon)
	q.Data = fieldSet(fEmail)
	if d := g.Decide(&q); !d.Allowed {
		t.Errorf("an older state took the place of a later one: %+v", d)
	}
	if g.Profiles() != 1 {
		t.Errorf("%d profiles are held, want 1", g.Profiles())
	}
}

// Past the bound on profiles a subject is not cached, and the answer is no.
func TestTooManyProfiles(t *testing.T) {
	g := New(Options{MaxProfiles: 2})
	if err := g.Publish(shop(1), noon); err != nil {
		t.Fatal(err)
	}
	for i, region := range []avow.Region{"GB", "FR", "NL"} {
		s := customer()
		s.Subject, s.Region, s.Holdings[0].Version = subject(i), region, 1
		if held := g.Set(s); held != (i < 2) {
			t.Errorf("subject %d held: %v", i, held)
		}
	}
	q := About(subject(2), pAnswer, noon)
	q.Data = fieldSet(fEmail)
	if d := g.Decide(&q); d.Allowed || !d.Reason.AskDatabase() {
		t.Errorf("got %+v, want not-cached", d)
	}
	g.Delete(subject(0))
	s := customer()
	s.Subject, s.Region, s.Holdings[0].Version = subject(2), "NL", 1
	if !g.Set(s) {
		t.Error("there is no room although a profile was given up")
	}
	if d := g.Decide(&q); !d.Allowed {
		t.Errorf("got %+v", d)
	}
}

// Profiles whose hashes collide stay apart, and leave one by one in any order.
func TestCollidingProfiles(t *testing.T) {
	for _, order := range [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		g := openShop(t)
		p := &g.profiles
		var ids [3]uint32
		for i, region := range []avow.Region{"GB", "FR", "NL"} {
			ids[i] = p.add(1234, &State{Region: region})
		}
		for left, i := range order {
			if g.Profiles() != 3-left {
				t.Fatalf("%d profiles, want %d", g.Profiles(), 3-left)
			}
			p.release(ids[i])
			for id := p.byHash[1234]; id != 0; id = p.byID[id].next {
				if id == ids[i] {
					t.Fatalf("profile %d is still found", id)
				}
			}
		}
		if len(p.byHash) != 0 {
			t.Errorf("%d hashes are left", len(p.byHash))
		}
	}
}

func TestLoadAndFresh(t *testing.T) {
	g := openShop(t)
	held := g.Load(func(yield func(*State) bool) {
		for n := range 100 {
			s := customer()
			s.Subject = subject(n)
			if !yield(s) {
				return
			}
		}
	})
	if held != 100 || g.Len() != 100 || g.Profiles() != 1 || g.Bytes() < 100*64 {
		t.Errorf("held %d, %d subjects, %d profiles, %d bytes", held, g.Len(), g.Profiles(), g.Bytes())
	}
	if g.Fresh(noon) {
		t.Error("a view that never read the head is fresh")
	}
	g.Advance(42, noon)
	if g.Seen() != 42 || !g.Fresh(noon.Add(time.Second)) || g.Fresh(noon.Add(1001*time.Millisecond)) {
		t.Error("the view is fresh for a second after the head was read, and no longer")
	}
	if g.Fresh(noon.Add(-time.Millisecond)) {
		t.Error("a view of the future is fresh")
	}
	if seen, ok := g.Holds(subject(1)); !ok || seen != customer().Seen {
		t.Errorf("a subject is held up to %d, %v", seen, ok)
	}
	if _, ok := g.Holds(subject(100)); ok {
		t.Error("somebody is held who was never set")
	}
	q := About(subject(1), pAnswer, noon)
	q.Data = fieldSet(fEmail)
	if d := g.Decide(&q); !d.Allowed || d.Seen != 42 {
		t.Errorf("got %+v", d)
	}
}

// Large shards are empty and of the size asked for, whatever pages they lie on.
func TestLargeBodies(t *testing.T) {
	for _, slots := range []int{1 << 13, 1<<13 + 1, 1 << 17} {
		body := newBody(slots * slotWords)
		if len(body) < slots*slotWords || len(body)%slotWords != 0 {
			t.Errorf("%d words for %d slots", len(body), slots)
		}
		for i := range body {
			if body[i] != 0 {
				t.Fatalf("word %d of %d is not empty", i, len(body))
			}
		}
	}
}
