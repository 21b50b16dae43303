package store_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// ear notes what it hears.
type ear struct {
	mu    sync.Mutex
	heard [][]avow.ID
}

func (e *ear) hear(ids []avow.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, ids)
}

// take gives what was heard since the last take.
func (e *ear) take() (heard [][]avow.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard, e.heard = e.heard, nil
	return heard
}

// await waits until ids were heard, and gives what came before them.
func (e *ear) await(t *testing.T, ids []avow.ID) (before [][]avow.ID) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, got := range e.take() {
			if reflect.DeepEqual(got, ids) {
				return before
			}
			before = append(before, got)
		}
	}
	t.Fatalf("%d ids were never heard; %v was", len(ids), before)
	return nil
}

func tell(t *testing.T, db *store.DB, topic string, ids ...avow.ID) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) error { tx.Tell(topic, ids...); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestTell(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, other := storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)
		here, there := &ear{}, &ear{}
		stop := db.Hear("keys", here.hear)
		other.Hear("keys", there.hear)
		shared := db.Kind() == store.PostgreSQL
		if shared {
			here.await(t, nil)
			there.await(t, nil)
		}
		ids := []avow.ID{avow.NewID(time.Now()), avow.NewID(time.Now())}
		tell(t, db, "keys", ids...)
		if got := here.take(); len(got) != 1 || !reflect.DeepEqual(got[0], ids) {
			t.Errorf("on this node, by the end of Write: %v", got)
		}
		if shared {
			there.await(t, ids)
		}

		onPurpose := errors.New("on purpose")
		err := db.Write(t.Context(), func(tx *store.Tx) error { tx.Tell("keys", ids[0]); return onPurpose })
		if !errors.Is(err, onPurpose) {
			t.Error(err)
		}
		tell(t, db, "others", ids[0])
		tell(t, db, "keys", ids[1])
		if got := here.take(); len(got) != 1 || !reflect.DeepEqual(got[0], ids[1:]) {
			t.Errorf("what was not kept, or is another topic, was heard here: %v", got)
		}
		if shared {
			if before := there.await(t, ids[1:]); len(before) != 0 {
				t.Errorf("what was not kept, or is another topic, was heard there: %v", before)
			}
		}

		many := make([]avow.ID, 1000)
		for i := range many {
			many[i] = avow.NewID(time.Now())
		}
		tell(t, db, "keys", many...)
		if got := here.take(); len(got) != 1 || !reflect.DeepEqual(got[0], many) {
			t.Errorf("many ids, here: %d calls", len(got))
		}
		if shared {
			there.await(t, nil)
		}

		stop()
		tell(t, db, "keys", ids[0])
		if got := here.take(); len(got) != 0 {
			t.Errorf("heard after stop: %v", got)
		}
	})
}

func TestTellFromAStage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		here := &ear{}
		id := avow.NewID(time.Now())
		stage := store.NewStage(db, store.Last, func(tx *store.Tx, _ []int) error { tx.Tell("ledger", id); return nil })
		db.Hear("ledger", here.hear)
		if err := db.Write(t.Context(), func(tx *store.Tx) error { stage.Add(tx, 1); return nil }); err != nil {
			t.Fatal(err)
		}
		here.await(t, []avow.ID{id})
	})
}

func TestTellRefusesATopic(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, topic := range []string{"", "Keys", "a;b", "a,b", "*", "é"} {
			err := db.Write(t.Context(), func(tx *store.Tx) error { tx.Tell(topic); return nil })
			if avow.KindOf(err) != avow.Internal || err == nil {
				t.Errorf("%q: %v", topic, err)
			}
		}
	})
}

// The connection on which others are heard is lost: when it is back, anything may
// have happened, and others are heard again.
func TestHearingIsLostAndBack(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		w := storetest.NewWire(t, c)
		db, other := storetest.OpenConfig(t, w.Config()), storetest.OpenConfig(t, c)
		here := &ear{}
		db.Hear("keys", here.hear)
		here.await(t, nil)
		for range 3 {
			w.Away()
			id := avow.NewID(time.Now())
			tell(t, other, "keys", id)
			w.Back()
			here.await(t, nil)
			tell(t, other, "keys", id)
			here.await(t, []avow.ID{id})
		}
	})
}
