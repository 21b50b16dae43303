package ledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// rows looks at the events up to one, which is at the end of a tile or of the log.
func (a *auditor) rows(to int64) error {
	var list []bound
	err := a.l.db.Read(a.ctx, func(tx *store.Tx) (err error) {
		list, err = store.Collect(tx, scanBound, "SELECT "+rowColumns+" FROM ledger_events WHERE idx >= ? AND idx < ? ORDER BY idx", a.next, to)
		if err != nil {
			return err
		}
		return a.bodies(tx, list)
	})
	if err != nil {
		return err
	}
	if err := a.settle(); err != nil {
		return err
	}
	a.out.Opened += a.count.Opened
	a.out.Erased += a.count.Erased
	a.out.Expired += a.count.Expired
	a.out.Unnamed += a.count.Unnamed
	for i := range list {
		if err := a.row(&list[i]); err != nil {
			return err
		}
	}
	a.missing(to)
	return a.untouchedTiles(to)
}

// row looks at what can be seen of an event without its body, of which bodies has noted what it found.
func (a *auditor) row(b *bound) error {
	a.missing(b.Index)
	a.next = b.Index + 1
	var wrong []string
	if b.Index < a.head.tree {
		hashes, err := a.tile(0, b.Index/proof.Width)
		if err != nil {
			return err
		}
		place := int(b.Index % proof.Width * hashSize)
		if h := leafHash(b.Leaf); place+hashSize <= len(hashes) && !bytes.Equal(h[:], hashes[place:place+hashSize]) {
			wrong = append(wrong, "it is not the event that the tree has at this place")
		}
		if !a.bound(b) {
			wrong = append(wrong, "a column of its row was changed")
		}
	}
	wrong = append(wrong, a.notes[b.Index]...)
	if at := b.At.UnixMicro(); at < a.latest-a.crossing() {
		wrong = append(wrong, "its time is before the time of an event before it")
	} else if len(wrong) == 0 {
		a.latest = max(a.latest, at)
	}
	if len(wrong) > 0 {
		a.finding(b.Index, b.ID, "event %d (%s) is not what was recorded: %s", b.Index, b.Type, strings.Join(wrong, "; "))
	}
	return nil
}

func (a *auditor) bound(b *bound) bool { return bytes.Equal(a.binder.mac(b.Event, b.Leaf), b.mac) }

func (l *Ledger) isBound(b bound) bool {
	return b.mac == nil || bytes.Equal(newBinder(l.binding).mac(b.Event, b.Leaf), b.mac)
}

// crossing is how far times may run backwards: on PostgreSQL, by as long as one
// node's batch takes that began before another's and ended after it.
func (a *auditor) crossing() int64 {
	if a.l.db.Kind() == store.PostgreSQL {
		return time.Minute.Microseconds()
	}
	return 0
}

// missing names the events between the one that comes next and one that was found.
func (a *auditor) missing(to int64) {
	const each = 100
	for ; a.next < to && to-a.next <= each; a.next++ {
		a.finding(a.next, avow.ID{}, "event %d is missing: it was deleted from the database", a.next)
	}
	if a.next < to {
		a.finding(a.next, avow.ID{}, "events %d to %d are missing: they were deleted from the database", a.next, to-1)
		a.next = to
	}
}

// untouchedTiles looks at tiles all of whose events are missing.
func (a *auditor) untouchedTiles(to int64) error {
	end := min(to, a.head.tree)
	for n := (end - 1) / proof.Width; end > 0 && n >= 0 && n*proof.Width >= to-auditRows; n-- {
		if _, err := a.tile(0, n); err != nil {
			return err
		}
	}
	return nil
}

// bodies opens what can be opened, and notes what is wrong.
func (a *auditor) bodies(tx *store.Tx, list []bound) error {
	a.notes, a.count, a.doubts = map[int64][]string{}, Audit{}, nil
	for i := range list {
		wrong, err := a.body(tx, &list[i].Entry)
		if err != nil {
			return err
		}
		if wrong != "" {
			a.notes[list[i].Index] = append(a.notes[list[i].Index], wrong)
		}
	}
	return nil
}

// body says what is wrong with an event's body, or nothing.
func (a *auditor) body(tx *store.Tx, e *Entry) (wrong string, err error) {
	if e.Sealed == nil {
		a.doubts = append(a.doubts, e)
		return "", nil
	}
	if a.l.covers.endedBy(e) {
		return "its body is there, and an event says that it expired", nil
	}
	if sha256.Sum256(e.Sealed) != e.Leaf.Sealed {
		return "its sealed body was changed", nil
	}
	text, err := a.l.sealer.Open(tx, e.sealedFor(), sealContext(e.ID), e.Sealed)
	switch avow.KindOf(err) {
	case avow.Unavailable, avow.Canceled:
		if err != nil {
			return "", err
		}
	case avow.NotFound:
		a.doubts = append(a.doubts, e)
		return "", nil
	}
	if err != nil || len(text) < saltSize {
		return "its body does not open: the body, or whom it is about, was changed", nil
	}
	a.count.Opened++
	return e.against(text[:saltSize], text[saltSize:]), nil
}

// settle asks the log about the bodies that could not be looked into. It asks after they were met: keys
// are destroyed when the record of the erasure is on disk, and it may be newer than what was being read.
func (a *auditor) settle() error {
	if len(a.doubts) == 0 {
		return nil
	}
	if slices.ContainsFunc(a.doubts, func(e *Entry) bool { return a.uncovered(e) != "" }) {
		err := a.l.db.Read(a.ctx, func(tx *store.Tx) error { return a.l.covers.refresh(tx, a.l) })
		if err != nil {
			return err
		}
	}
	for _, e := range a.doubts {
		wrong := a.uncovered(e)
		_, named := a.l.covers.erased[e.Subject]
		switch {
		case wrong != "":
			a.notes[e.Index] = append(a.notes[e.Index], wrong)
		case e.Sealed == nil:
			a.count.Expired++
		case named:
			a.count.Erased++
		default:
			a.count.Erased++
			a.count.Unnamed++
		}
	}
	return nil
}

// uncovered says what is wrong with a body that could not be looked into, as far as is known; nothing, when something
// covers it. What was added between the record of an erasure and the end of the keys went with them, so the
// record may be the earlier one.
func (a *auditor) uncovered(e *Entry) string {
	c := a.l.covers
	if e.Sealed == nil {
		if !c.endedBy(e) {
			return "its body is missing, and no event says that it expired"
		}
		return ""
	}
	if _, named := c.erased[e.Subject]; named || e.Index < c.unnamed {
		return ""
	}
	return "the key of its body is gone, and no event says that the person was erased"
}

// against says in what an event's columns and leaf differ from its document.
func (e *Entry) against(salt, text []byte) string {
	if proof.Commit(salt, text) != e.Leaf.Commitment {
		return "its commitment is not that of its body"
	}
	var d proof.Document
	if err := json.Unmarshal(text, &d); err != nil {
		return "its body cannot be read"
	}
	subject := ""
	if !e.Subject.IsZero() {
		subject = e.Subject.String()
	}
	var wrong []string
	for column, differs := range map[string]bool{"id": e.ID != d.ID, "type": e.Type != d.Type, "subject": subject != d.Subject,
		"at": !e.At.Equal(d.At), "policy": e.Policy != d.Policy, "version": e.Version != d.Version} {
		if differs {
			wrong = append(wrong, column)
		}
	}
	if len(wrong) == 0 {
		return ""
	}
	slices.Sort(wrong)
	return "its body says otherwise than the column " + strings.Join(wrong, ", ")
}

// sort puts what is about the whole first, then event by event.
func (a *auditor) sort() {
	slices.SortStableFunc(a.out.Findings, func(x, y Finding) int { return cmp.Compare(x.Index, y.Index) })
}
