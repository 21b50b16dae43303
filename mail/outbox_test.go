package mail_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/mail/mailtest"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

var key = bytes.Repeat([]byte{7}, mail.KeySize)

func TestMailboxConforms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrate(t, db)
		mailtest.Suite(t, func(t *testing.T) mailtest.Under {
			box := mailbox(t, db)
			clear(t, db)
			return mailtest.Under{Sender: box, Arrived: func(t *testing.T) []mail.Letter { return letters(t, box) }}
		})
	})
}

func letters(t *testing.T, box *mail.Mailbox) []mail.Letter {
	t.Helper()
	var all []mail.Letter
	listed, err := box.List(context.Background(), "", 100)
	for _, o := range listed {
		var l mail.Letter
		if err == nil {
			l, err = box.Source(context.Background(), o.ID)
		}
		all = append(all, l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func clear(t *testing.T, db *store.DB) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM mail_mailbox`)
		return err
	})
}

func migrate(t *testing.T, db *store.DB) {
	t.Helper()
	if err := mail.Migrate(context.Background(), db); err != nil {
		t.Fatal(err)
	}
}

func mailbox(t *testing.T, db *store.DB) *mail.Mailbox {
	t.Helper()
	box, err := mail.NewMailbox(db, key)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func write(t *testing.T, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func outbox(t *testing.T, db *store.DB, s mail.Sender) *mail.Outbox {
	t.Helper()
	o, err := mail.NewOutbox(db, mail.Config{Key: key, From: from, Sender: s})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func deliver(t *testing.T, o *mail.Outbox) int {
	t.Helper()
	n, err := o.Deliver(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func counts(t *testing.T, o *mail.Outbox, state string) int {
	t.Helper()
	c, err := o.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c[state]
}

// A message exists exactly when its cause does.
func TestPutInTheTransactionOfItsCause(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrate(t, db)
		box := mailbox(t, db)
		o := outbox(t, db, box)
		undone := errors.New("the cause did not happen")
		err := db.Write(context.Background(), func(tx *store.Tx) error {
			if err := o.Put(tx, message()); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) || deliver(t, o) != 0 {
			t.Errorf("a message left without its cause (%v)", err)
		}
		m := message()
		for range 2 { // the same message again, as a cause that is replayed would
			write(t, db, func(tx *store.Tx) error { return o.Put(tx, m) })
		}
		if n := deliver(t, o); n != 1 {
			t.Errorf("%d letters were taken, not 1", n)
		}
		write(t, db, func(tx *store.Tx) error { return o.Put(tx, m) })
		if deliver(t, o) != 0 || len(letters(t, box)) != 1 || counts(t, o, "sent") != 1 {
			t.Error("a message that had left was sent again")
		}
	})
}

// flaky fails a number of times with an error, then hands over.
type flaky struct {
	mu   sync.Mutex
	left int
	err  error
	next mail.Sender
}

func (f *flaky) Send(ctx context.Context, l mail.Letter) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left > 0 {
		f.left--
		return f.err
	}
	return f.next.Send(ctx, l)
}

func TestRetryAndGiveUp(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		now := noon
		var mu sync.Mutex
		c.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
		db := storetest.OpenConfig(t, c)
		migrate(t, db)
		box := mailbox(t, db)
		f := &flaky{left: 2, err: avow.Errorf(avow.Unavailable, "away"), next: box}
		o := outbox(t, db, f)
		write(t, db, func(tx *store.Tx) error { return o.Put(tx, message()) })
		for i, step := range []struct {
			after time.Duration
			taken int
		}{{0, 1}, {time.Second, 0}, {30 * time.Second, 1}, {30 * time.Second, 0}, {30 * time.Second, 1}} {
			pass(step.after)
			if n := deliver(t, o); n != step.taken {
				t.Fatalf("step %d took %d, want %d", i, n, step.taken)
			}
		}
		if len(letters(t, box)) != 1 {
			t.Error("the letter did not arrive at last")
		}

		f.left, f.err = 1, avow.Errorf(avow.Refused, "no such address")
		late := message()
		late.Until = now.Add(15 * time.Minute)
		write(t, db, func(tx *store.Tx) error { return o.Put(tx, message()) })
		deliver(t, o)
		f.left, f.err = 1, avow.Errorf(avow.Unavailable, "away")
		write(t, db, func(tx *store.Tx) error { return o.Put(tx, late) })
		deliver(t, o)
		pass(15 * time.Minute)
		deliver(t, o)
		if counts(t, o, "refused") != 1 || counts(t, o, "late") != 1 || counts(t, o, "waiting") != 0 {
			c, _ := o.Counts(context.Background())
			t.Errorf("states: %v", c)
		}
		pass(31 * 24 * time.Hour)
		deliver(t, o)
		if c, _ := o.Counts(context.Background()); len(c) != 0 {
			t.Errorf("ids are remembered for ever: %v", c)
		}
	})
}

// A node dies after handing a letter over and before writing it down: another one
// delivers it again when the lease is over. Twice is better than never.
func TestCrashBeforeItIsWrittenDown(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		now := noon
		var mu sync.Mutex
		c.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		db := storetest.OpenConfig(t, c)
		migrate(t, db)
		dying := outbox(t, db, senderFunc(func(context.Context, mail.Letter) error { return db.Close() }))
		write(t, db, func(tx *store.Tx) error { return dying.Put(tx, message()) })
		if _, err := dying.Deliver(context.Background()); avow.KindOf(err) != avow.Unavailable {
			t.Fatalf("the database is closed and Deliver says %v", err)
		}
		again := storetest.OpenConfig(t, c)
		box := mailbox(t, again)
		o := outbox(t, again, box)
		if deliver(t, o) != 0 {
			t.Error("a leased letter was taken")
		}
		mu.Lock()
		now = now.Add(5 * time.Minute)
		mu.Unlock()
		if deliver(t, o) != 1 || counts(t, o, "sent") != 1 || len(letters(t, box)) != 1 {
			t.Error("the letter was lost with its node")
		}
	})
}

type senderFunc func(context.Context, mail.Letter) error

func (f senderFunc) Send(ctx context.Context, l mail.Letter) error { return f(ctx, l) }

// Two nodes work on one table: every letter goes out once.
func TestTwoNodes(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, other := storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)
		migrate(t, db)
		var mu sync.Mutex
		seen := map[avow.ID]int{}
		count := senderFunc(func(_ context.Context, l mail.Letter) error {
			mu.Lock()
			defer mu.Unlock()
			seen[l.ID]++
			return nil
		})
		a, b := outbox(t, db, count), outbox(t, other, count)
		write(t, db, func(tx *store.Tx) error {
			for range 120 {
				if err := a.Put(tx, message()); err != nil {
					return err
				}
			}
			return nil
		})
		var wg sync.WaitGroup
		for _, o := range []*mail.Outbox{a, b} {
			wg.Go(func() {
				for deliver(t, o) > 0 {
				}
			})
		}
		wg.Wait()
		for id, n := range seen {
			if n != 1 {
				t.Errorf("letter %s was sent %d times", id, n)
			}
		}
		if len(seen) != 120 {
			t.Errorf("%d of 120 letters left", len(seen))
		}
	})
}

func TestRunDeliversWhatIsPut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrate(t, db)
		arrived := make(chan string, 1)
		o := outbox(t, db, senderFunc(func(_ context.Context, l mail.Letter) error { arrived <- l.To; return nil }))
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { o.Run(ctx) })
		write(t, db, func(tx *store.Tx) error { return o.Put(tx, message()) })
		if to := <-arrived; to != "ann@example.org" {
			t.Errorf("sent to %q", to)
		}
		cancel()
		wg.Wait()
		if counts(t, o, "sent") != 1 {
			t.Error("told to stop, Run forgot what it had sent")
		}
	})
}

// Neither the file, nor a log line, nor an error holds an address or a text.
func TestNothingReadableAtRest(t *testing.T) {
	c := storetest.SQLite(t)
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	migrate(t, db)
	var log bytes.Buffer
	box := mailbox(t, db)
	o, err := mail.NewOutbox(db, mail.Config{Key: key, From: from, Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Sender: &flaky{left: 1, err: avow.Errorf(avow.Unavailable, "away"), next: box}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		write(t, db, func(tx *store.Tx) error { return o.Put(tx, message()) })
	}
	deliver(t, o)
	if len(letters(t, box)) != 1 {
		t.Fatal("one letter waits and one has arrived")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if log.Len() == 0 || strings.Contains(log.String(), "ann") {
		t.Errorf("the log: %s", log.String())
	}
	names, _ := filepath.Glob(c.Path + "*")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"ann@example.org", "You asked for it", "harbour.example/privacy"} {
			if bytes.Contains(raw, []byte(word)) {
				t.Errorf("%s can be read in %s", word, filepath.Base(name))
			}
		}
	}
}

func TestMailboxListsAndGets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		migrate(t, db)
		box := mailbox(t, db)
		ctx := context.Background()
		for _, to := range []string{"ann@example.org", "bob@example.org", "Ann@example.org"} {
			if err := box.Send(ctx, mailtest.Letter(t, to, "For "+to)); err != nil {
				t.Fatal(err)
			}
		}
		hers, err := box.List(ctx, "ann@example.org", 10)
		if err != nil || len(hers) != 2 {
			t.Fatalf("%d letters of ann, %v", len(hers), err)
		}
		all, err := box.List(ctx, "", 2)
		if err != nil || len(all) != 2 {
			t.Errorf("%d letters of at most 2, %v", len(all), err)
		}
		got, err := box.Get(ctx, hers[0].ID)
		if err != nil || got.Subject != "A word" || !strings.HasPrefix(got.Text, "For ") || got.HTML == "" || got.At.IsZero() {
			t.Errorf("read as %+v, %v", got, err)
		}
		if _, err := box.Get(ctx, avow.NewID(noon)); avow.KindOf(err) != avow.NotFound {
			t.Errorf("a letter that is not there gives %v", err)
		}
	})
}
