package vault_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// doneAgain does what failed again, as by somebody who was told nothing, and sees that
// it comes to the same as without the failure.
func (h *house) doneAgain(c act, when string) {
	h.t.Helper()
	for again := range 2 {
		if err := c.do(h); err != nil {
			h.t.Fatalf("%s, again %d: %v", when, again, err)
		}
		if got := h.whom(ann, home, bob); got != c.want {
			h.t.Fatalf("%s, again %d: %q, want %q", when, again, got, c.want)
		}
	}
	h.allHolds(c, true)
}

func (h *house) allHolds(c act, settled bool) {
	h.t.Helper()
	h.sound(settled)
	if c.holds != nil {
		c.holds(h)
	}
}

func (h *house) prepare(c act) {
	h.t.Helper()
	if c.before != nil {
		c.before(h)
	}
}

// Every write of every act of the vault fails once: then nothing of its step is there
// and all that is promised holds; done again it comes to the same as without the
// failure, and done once more, as by somebody who was not told, it changes nothing.
func TestEveryWriteFails(t *testing.T) {
	for _, c := range acts() {
		t.Run(c.name, func(t *testing.T) {
			storetest.EachConfig(t, func(t *testing.T, config store.Config) {
				h := build(t, config)
				failed := 0
				for k, f := range h.faults() {
					for at := 1; ; at++ {
						h.prepare(c)
						f.set(at)
						err := c.do(h)
						f.set(0)
						if err != nil {
							failed++
						}
						when := fmt.Sprintf("database %d, write %d", k, at)
						h.allHolds(c, false)
						h.doneAgain(c, when)
						h.reopen()
						if got := h.whom(ann, home, bob); got != c.want {
							t.Fatalf("%s, opened again: %q, want %q", when, got, c.want)
						}
						h.forgetAll(ann, home, bob, also)
						if err == nil {
							break // all its writes have failed by now
						}
					}
				}
				if failed == 0 {
					t.Error("no write failed: the test sees nothing")
				}
			})
		})
	}
}

// stride: of the messages of an act each fifth is cut. Its commits are all cut below, both ways.
const (
	stride       = 5
	mostMessages = 200
)

// The connection to PostgreSQL is cut at a message of every act, in turn before the
// server saw it and after: nobody hears of it.
func TestEveryMessageFails(t *testing.T) {
	for _, c := range acts() {
		t.Run(c.name, func(t *testing.T) {
			eachWire(t, func(h *house, w *storetest.Wire) {
				cuts := 0
				for at, more := 1, true; more && at < mostMessages; at += stride {
					seen := at%2 == 0 // in turn, because the stride is odd
					h.prepare(c)
					w.CutAt(at, storetest.Cut{Seen: seen})
					err := c.do(h)
					if more = w.Spare(); more {
						cuts++
					}
					when := fmt.Sprintf("message %d, seen: %v", at, seen)
					if err != nil {
						t.Fatalf("%s: %v", when, err)
					}
					h.doneAgain(c, when)
					h.forgetAll(ann, home, bob, also)
				}
				if cuts < 2 {
					t.Errorf("%d cuts", cuts)
				}
			})
		})
	}
}

func eachWire(t *testing.T, test func(h *house, w *storetest.Wire)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.DSN == "" {
			return // a commit of SQLite is local: TestMachineFailsAtEveryCommit
		}
		w := storetest.NewWire(t, c)
		test(build(t, w.Config()), w)
	})
}

// Every commit of every act on PostgreSQL is lost, or kept and its answer lost, and the
// database is away for that node from then on. Another node does the act meanwhile,
// as somebody who was told nothing. Then the first one is back, finds out and goes on:
// nothing happened twice.
func TestEveryCommitFails(t *testing.T) {
	for _, c := range acts() {
		t.Run(c.name, func(t *testing.T) {
			storetest.EachConfig(t, func(t *testing.T, config store.Config) {
				if config.DSN == "" {
					return // a commit of SQLite is local: TestMachineFailsAtEveryCommit
				}
				w := storetest.NewWire(t, config)
				h := build(t, w.Config())
				other := h.beside(config)
				news := other.follow(config)
				for at, more := 1, true; more && at < mostMessages; at++ {
					for _, seen := range []bool{false, true} {
						other.prepare(c)
						h.now = other.now
						more = cutOff(h, other, news, w, c, at, seen)
						news.await()
						other.doneAgain(c, "by another")
						other.forgetAll(ann, home, bob, also)
					}
					if !more && at == 1 {
						t.Error("nothing was cut off")
					}
				}
			})
		})
	}
}

// cutOff cuts a node off at one commit of an act, has another do it, and lets the first come back.
func cutOff(h, other *house, news *following, w *storetest.Wire, c act, at int, seen bool) (cut bool) {
	h.t.Helper()
	when := fmt.Sprintf("commit %d, seen: %v", at, seen)
	made := w.CutAt(at, storetest.Cut{Seen: seen, Stay: true, Commits: true})
	end := make(chan error, 1)
	go func() { end <- c.do(h) }()
	select {
	case <-made:
	case err := <-end:
		if w.Spare() || err != nil {
			h.t.Fatalf("%s: ended while cut off: %v", when, err)
		}
		return false
	}
	news.await()
	other.allHolds(c, false)
	other.doneAgain(c, when)
	w.Back()
	switch err := <-end; avow.KindOf(err) {
	case avow.Internal:
		if err != nil {
			h.t.Fatalf("%s: back again: %v", when, err)
		}
	case avow.Conflict, avow.Unavailable: // the other was faster, or a read of its was cut
	default:
		h.t.Fatalf("%s: back again: %v", when, err)
	}
	return true
}

// following knows when a node has heard all that others told before a moment: what
// they tell arrives in the order of their commits, so a word of a third node, told
// then, comes last. Before it comes, a node may hold an opened key whose end is on its
// way, for a second, and none of these clocks runs.
type following struct {
	t     *testing.T
	third *store.DB
	heard chan avow.ID
	said  int
}

const mostWords = 60 // each waited for a second

func (h *house) follow(c store.Config) *following {
	h.t.Helper()
	n := &following{t: h.t, third: storetest.OpenConfig(h.t, c), heard: make(chan avow.ID, mostWords)}
	h.t.Cleanup(h.db.Hear("test", func(ids []avow.ID) {
		for _, id := range ids {
			n.heard <- id
		}
	}))
	return n
}

// await has the third node say the word, again where it was lost, and waits until it is heard.
func (n *following) await() {
	n.t.Helper()
	for range mostWords {
		n.said++
		word := avow.ID{14: byte(n.said >> 8), 15: byte(n.said)}
		if err := n.third.Write(n.t.Context(), func(tx *store.Tx) error { tx.Tell("test", word); return nil }); err != nil {
			n.t.Fatal(err)
		}
		lost := time.After(time.Second)
		for late := false; !late; {
			select {
			case id := <-n.heard:
				if id == word {
					return
				}
			case <-lost:
				late = true
			}
		}
	}
	n.t.Fatal("the other node hears nothing")
}

// beside is another node of the same house, whose connections go another way.
func (h *house) beside(c store.Config) *house {
	h.t.Helper()
	other := &house{t: h.t, now: h.now, dir: h.dir}
	c.Clock = h.config().Clock
	other.db = storetest.OpenConfig(h.t, c)
	other.open()
	return other
}

func (h *house) open() {
	h.t.Helper()
	v, err := vault.Open(h.t.Context(), h.db, h.config())
	h.must(err)
	h.Vault = v
	h.t.Cleanup(func() { h.Close() })
}

// The machine stops right before and right after every commit that an act makes, of
// avow.db and of keys.db, and what is on disk then is opened: a key is there before
// what it seals, and gone before what it sealed; all holds at once, and the act done
// again, as by somebody who was told nothing, comes to the same.
func TestMachineFailsAtEveryCommit(t *testing.T) {
	for _, c := range acts() {
		t.Run(c.name, func(t *testing.T) {
			config := storetest.SQLite(t)
			dir := filepath.Dir(filepath.Dir(config.Path))
			watch := storetest.WatchStops(t, dir)
			h := build(t, config)
			h.prepare(c)
			people := h.peopleOfRows()
			stops := watch.During(func() { h.must(c.do(h)) })
			if len(stops) < 2 {
				t.Errorf("%d stops", len(stops))
			}
			for i, s := range stops {
				t.Run(fmt.Sprint(i, " ", s.When), func(t *testing.T) {
					after := &house{t: t, dir: s.Dir, now: h.now}
					after.db = storetest.OpenConfig(t, store.Config{Path: filepath.Join(s.Dir, "data", "avow.db"), Clock: after.config().Clock})
					after.inOrder(people)
					after.open()
					after.allHolds(c, !c.mends)
					after.doneAgain(c, s.When)
				})
			}
		})
	}
}

// inOrder: on a disk as it was left, whoever has rows had a key before them, and whose rows are gone has none.
func (h *house) inOrder(people map[avow.ID]bool) {
	h.t.Helper()
	keys, rows := h.keyStates(), h.peopleOfRows()
	for id, discarded := range rows {
		if _, known := keys[id]; !known && !discarded {
			h.t.Errorf("%v has rows and never had a key", id)
		}
	}
	for id := range people {
		if _, there := rows[id]; !there && keys[id].there {
			h.t.Errorf("the rows of %v are gone, and their key is not", id)
		}
	}
}
