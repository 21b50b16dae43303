package ledger

import (
	"cmp"
	"crypto/sha256"
	"io"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// pending is an event on its way into the log.
type pending struct {
	event   Event
	seal    func(context, plain []byte) ([]byte, error)
	sealed  []byte
	leaf    Leaf
	hash    proof.Hash // of the leaf, in the tree
	mac     []byte     // that binds the row
	receipt *Receipt
	say     func() (Said, error) // makes the body, where there is none yet
}

// sealing makes what is written of the events of a batch: sealed bodies and leaves. It
// needs no database, so that every processor is busy while the transaction waits for one.
// Whoever is free takes the next event, and nobody is waited for who has not begun.
type sealing struct {
	l      *Ledger
	events []*pending
	part   int              // how many are written at once, while the next are sealed
	next   atomic.Int64     // that nobody has taken
	left   []sync.WaitGroup // a part each
	failed []error
}

const (
	sealAlone = 16 // events before another goroutine is worth its start

	partSQLite   = 128
	partPostgres = 1024 // each is a round trip
)

// startSealing begins. stop ends it, also before all are sealed.
func (l *Ledger) startSealing(events []*pending) *sealing {
	s := &sealing{l: l, events: events, part: partSQLite, failed: make([]error, len(events))}
	if l.db.Kind() == store.PostgreSQL {
		s.part = partPostgres
	}
	s.left = make([]sync.WaitGroup, (len(events)+s.part-1)/s.part)
	for i := range s.left {
		s.left[i].Add(min(s.part, len(events)-i*s.part))
	}
	for range min(runtime.GOMAXPROCS(0)-1, len(events)/sealAlone) {
		go func() { s.take(newBinder(l.binding), len(events)) }()
	}
	return s
}

// take seals events until those before end are taken.
func (s *sealing) take(b *binder, end int) {
	for s.next.Load() < int64(end) {
		i := int(s.next.Add(1) - 1)
		if i >= len(s.events) {
			return
		}
		s.failed[i] = avow.Unpanicked(func() error { return s.l.finishOne(s.events[i], b) })
		s.left[i/s.part].Done()
	}
}

// parts gives the events that can be written, in order. Whoever reads them does what is left of the next part.
func (s *sealing) parts() iter.Seq2[[]*pending, error] {
	return func(yield func([]*pending, error) bool) {
		for i := range s.left {
			from, to := i*s.part, min((i+1)*s.part, len(s.events))
			s.take(s.l.binder, to)
			s.left[i].Wait()
			if !yield(s.events[from:to], cmp.Or(s.failed[from:to]...)) {
				return
			}
		}
	}
}

// first seals the first part, before anything is locked.
func (s *sealing) first() error {
	for _, err := range s.parts() {
		return err
	}
	return nil
}

// stop waits for what was taken. What nobody has taken stays as it was.
func (s *sealing) stop() {
	all := len(s.events)
	for i := min(int(s.next.Swap(int64(all))), all); i < all; i++ {
		s.left[i/s.part].Done()
	}
	for i := range s.left {
		s.left[i].Wait()
	}
}

func (l *Ledger) finishOne(p *pending, b *binder) error {
	var fresh [saltSize]byte
	if _, err := io.ReadFull(l.rand, fresh[:]); err != nil {
		return err
	}
	compacted, err := p.compose()
	if err != nil {
		return err
	}
	plain, err := p.event.appendDocument(append(b.plain[:0], fresh[:]...), compacted)
	if err != nil {
		return err
	}
	b.plain = plain
	if p.sealed, err = p.seal(sealContext(p.event.ID), plain); err != nil {
		return err
	}
	text, salt := plain[saltSize:], plain[:saltSize]
	p.leaf = leafOf(p.event, text, salt, p.sealed)
	p.hash, p.mac = leafHash(p.leaf), b.mac(p.event, p.leaf)
	fillReceipt(p.receipt, text, salt, p.leaf)
	return nil
}

// compose makes the body of an event that has none yet; then it is compact, as json.Marshal leaves it.
func (p *pending) compose() (compacted bool, err error) {
	if p.say == nil {
		return compact(p.event.Body), nil
	}
	said, err := p.say()
	if err != nil {
		return false, err
	}
	p.event.Body = said.text
	if len(p.event.Body) > maxBody {
		return false, errLongBody
	}
	p.receipt.Consent = consentOf(p.event)
	return true, nil
}

func leafOf(e Event, document, salt, sealed []byte) Leaf {
	return Leaf{Type: e.Type, Minute: proof.MinuteOf(e.At), Sealed: sha256.Sum256(sealed), Commitment: proof.Commit(salt, document)}
}
