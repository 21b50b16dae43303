package ledger

import (
	"encoding/json"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Erasure is what the body of an Erased event says to an audit, beside what its
// writer adds: whose keys go. Empty, when something is kept and no key goes. An event
// without it, of before it was said, speaks for its subject alone, and for nobody knows whom else.
type Erasure struct {
	Family []avow.ID `json:"family,omitzero"`
}

// Expiry says which bodies end: those of events of a type from before a time.
type Expiry struct {
	Type   Type      `json:"type"`
	Before time.Time `json:"before"`
}

// expired is the body of an Expired event of this room: what ended, among the events From to To (To not included).
type expired struct {
	Rules  []Expiry `json:"rules"`
	From   int64    `json:"from"`
	To     int64    `json:"to"`
	Bodies int64    `json:"bodies"`
}

func (x expired) covers(e *Entry) bool {
	if e.Index < x.From || e.Index >= x.To {
		return false
	}
	for _, r := range x.Rules {
		if r.Type == e.Type && e.At.Before(r.Before) {
			return true
		}
	}
	return false
}

// covers is what the log says of bodies that may be unreadable. It grows with the
// log, by sixteen bytes and a bit for each id that was erased.
type covers struct {
	next    int64 // the first event not looked at
	erased  map[avow.ID]struct{}
	unnamed int64 // the last erasure that does not name its family; -1: none
	expired []expired
	last    int // of expired, the one that answered last
}

func newCovers() *covers { return &covers{erased: map[avow.ID]struct{}{}, unnamed: -1} }

// coversAtOnce bounds what is read at once.
const coversAtOnce = 200

// refresh reads what was recorded since.
func (c *covers) refresh(tx *store.Tx, l *Ledger) error {
	for {
		list, err := store.Collect(tx, scanBound, "SELECT "+rowColumns+" FROM ledger_events WHERE type IN ('erased', 'expired') AND idx >= ? ORDER BY idx LIMIT ?", c.next, coversAtOnce)
		if err != nil {
			return err
		}
		for _, b := range list {
			if err := c.take(tx, l, b); err != nil {
				return err
			}
			c.next = b.Index + 1
		}
		if len(list) < coversAtOnce {
			return nil
		}
	}
}

// take believes an event that is what was recorded; of another one the audit says so when it comes to it.
func (c *covers) take(tx *store.Tx, l *Ledger, b bound) error {
	if !l.isBound(b) {
		return nil
	}
	event, err := l.Open(tx, b.Entry)
	switch avow.KindOf(err) {
	case avow.Unavailable, avow.Canceled:
		return err
	}
	if err != nil {
		return nil
	}
	if b.Type == Expired {
		var x expired
		if json.Unmarshal(event.Body, &x) == nil && len(x.Rules) > 0 {
			c.expired = append(c.expired, x)
		}
		return nil
	}
	var x Erasure
	if json.Unmarshal(event.Body, &x) != nil {
		return nil
	}
	if x.Family == nil {
		x.Family, c.unnamed = []avow.ID{event.Subject}, b.Index
	}
	for _, id := range x.Family {
		c.erased[id] = struct{}{}
	}
	return nil
}

// endedBy reports whether an Expired event covers the body of an entry.
func (c *covers) endedBy(e *Entry) bool {
	if c.last < len(c.expired) && c.expired[c.last].covers(e) {
		return true
	}
	for i, x := range c.expired {
		if x.covers(e) {
			c.last = i
			return true
		}
	}
	return false
}

// bound is an entry with the digest that binds its row.
type bound struct {
	Entry
	mac []byte
}

func scanBound(r *store.Rows) (b bound, err error) {
	b.Entry, b.mac, err = scanRow(r)
	return b, err
}
