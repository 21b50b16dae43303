package ledger

import (
	"cmp"
	"crypto/sha256"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
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

// finishAlone is how many events are sealed before another goroutine is worth its start.
const finishAlone = 16

// finish seals events and makes their leaves. It needs no database, so that a batch
// keeps every processor busy while its transaction waits. Whoever is free takes the next
// event: it waits for nobody who has not begun.
func (l *Ledger) finish(events []*pending) error {
	var next atomic.Int64
	var left sync.WaitGroup
	left.Add(len(events))
	failed := make([]error, len(events))
	some := func(b *binder) {
		for i := next.Add(1) - 1; i < int64(len(events)); i = next.Add(1) - 1 {
			failed[i] = avow.Unpanicked(func() error { return l.finishOne(events[i], b) })
			left.Done()
		}
	}
	for range min(runtime.GOMAXPROCS(0)-1, len(events)/finishAlone) {
		go func() { some(newBinder(l.binding)) }()
	}
	some(l.binder)
	left.Wait()
	return cmp.Or(failed...)
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
