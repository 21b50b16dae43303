package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// AuditOptions say how much to look at; the zero value is everything.
type AuditOptions struct {
	// From is the first event to look at, Limit how many; 0 is all from there. Both are
	// widened to whole tiles. An audit of a part holds that part to the checkpoint, and nothing else.
	From, Limit int64
	// Progress is told now and then how many of the events have been looked at.
	Progress func(done, total int64)
}

// Audit is what an audit came to. Sound means: the log is the one that its checkpoint
// was signed over, row by row, and goes on from the checkpoint kept outside.
type Audit struct {
	Origin   string
	Size     int64      // events in the tree
	Root     proof.Hash // as signed; zero when the checkpoint is not ours
	Outside  int64      // size of the checkpoint kept outside; -1: none is
	From, To int64      // the events looked at, To not included
	Opened   int64      // bodies opened and compared
	Erased   int64      // bodies that nobody can open, covered by an erasure
	Expired  int64      // bodies that are gone, covered by the schedule
	// Unnamed are those of Erased that rest on an erasure recorded before erasures
	// named all ids of the person: it is not shown that it was theirs.
	Unnamed  int64
	Findings []Finding // sorted by event, those about the log as a whole first
	More     int64     // findings that were not kept
}

// Finding is something that is not what was recorded.
type Finding struct {
	Index int64   // of the event; -1: it is about none
	Event avow.ID // zero: not known, or about none
	What  string  // what is wrong, in a sentence
}

// Sound reports whether nothing was found.
func (a *Audit) Sound() bool { return len(a.Findings) == 0 }

// Unopened is how many bodies could not be looked into, all of them covered.
func (a *Audit) Unopened() int64 { return a.Erased + a.Expired }

const (
	maxFindings = 1000
	auditRows   = 2 * proof.Width // read at once: a whole number of tiles
)

// auditor goes through the log.
type auditor struct {
	l   *Ledger
	ctx context.Context
	out *Audit
	// outside was read before the head.
	outside kept
	head    head
	root    *proof.Hash // as signed
	edges   [tileLevels][]byte
	tiles   [tileLevels]heldTile
	next    int64 // the event that comes next
	latest  int64 // microseconds; the latest time of an event so far
	binder  *binder
	notes   map[int64][]string // of the rows at hand: what is wrong with their bodies
	count   Audit              // of them
	doubts  []*Entry           // of them: what could not be looked into
}

// Audit goes through the whole log, in little memory, while it is in use: each row against its
// digest, its leaf and its body; each leaf against the tiles; each tile against the
// one above; the root against the signed checkpoint, and that against the one kept outside. A body
// that is missing, or that nobody can open, must be covered by an Erased or Expired event. What is wrong is
// a finding; an error means that the audit could not be finished.
func (l *Ledger) Audit(ctx context.Context, o AuditOptions) (*Audit, error) {
	l.auditing.Lock()
	defer l.auditing.Unlock()
	a := &auditor{l: l, ctx: ctx, out: &Audit{Outside: -1}, outside: l.look(), binder: newBinder(l.binding)}
	if err := a.theHead(o.From <= 0 && o.Limit <= 0); err != nil {
		return nil, err
	}
	if err := a.theEdges(); err != nil {
		return nil, err
	}
	a.window(o)
	for a.next < a.out.To {
		if err := a.rows(min(a.next+auditRows, a.out.To)); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(a.next-a.out.From, a.out.To-a.out.From)
		}
	}
	if err := a.theOutside(); err != nil {
		return nil, err
	}
	a.theTime()
	a.sort()
	return a.out, nil
}

// window is the part to look at, in whole tiles.
func (a *auditor) window(o AuditOptions) {
	end := max(a.head.size, a.head.tree)
	a.out.From = min(max(o.From, 0)/proof.Width*proof.Width, end)
	a.out.To = end
	if o.Limit > 0 && o.Limit < end-a.out.From {
		a.out.To = min(end, (a.out.From+o.Limit+proof.Width-1)/proof.Width*proof.Width)
	}
	a.next = a.out.From
}

func (a *auditor) finding(index int64, id avow.ID, format string, args ...any) {
	if len(a.out.Findings) >= maxFindings {
		a.out.More++
		return
	}
	a.out.Findings = append(a.out.Findings, Finding{index, id, fmt.Sprintf(format, args...)})
}

// theHead holds the head to its signature, and the tables to the head.
func (a *auditor) theHead(whole bool) error {
	known := a.l.lastKnown() // before the look, which may then see more and not less
	return a.l.db.Read(a.ctx, func(tx *store.Tx) (err error) {
		a.out.Findings, a.out.More = nil, 0
		if a.head, err = readHead(tx); err != nil {
			return err
		}
		a.headSays(known)
		if err := a.strangers(tx); err != nil || !whole {
			return err
		}
		return a.twice(tx)
	})
}

func (a *auditor) headSays(known head) {
	h := a.head
	a.out.Origin, a.out.Size = h.origin, h.tree
	if h.origin != known.origin {
		a.finding(-1, avow.ID{}, "the name of the log was changed in the database, from %s to %s", known.origin, h.origin)
		a.head.origin = known.origin
	}
	if h.tree < known.tree {
		a.finding(-1, avow.ID{}, "the log has become shorter: it had %d events and has %d", known.tree, h.tree)
	}
	if h.size < h.tree {
		a.finding(-1, avow.ID{}, "the head of the log was changed in the database: it counts %d events, and %d in the tree", h.size, h.tree)
	}
	c, err := a.l.verifies(a.head.origin, h.checkpoint)
	switch {
	case err != nil:
		a.finding(-1, avow.ID{}, "the checkpoint in the database was changed: it is not signed with the key of this log")
	case c.Size != h.tree:
		a.finding(-1, avow.ID{}, "the head of the log was changed in the database: the checkpoint is of %d events, the tree of %d", c.Size, h.tree)
		a.head.tree, a.root = c.Size, &c.Root
	default:
		a.root = &c.Root
	}
	if f, ok := unpackFrontier(a.head.tree, h.peaks); !ok || a.root != nil && f.root() != *a.root {
		a.finding(-1, avow.ID{}, "the head of the log was changed in the database: the edge of its tree does not lead to the checkpoint")
	}
	if a.root != nil {
		a.out.Root = *a.root
	}
	a.out.Size = a.head.tree
}

// strangers are rows where the head says that none are.
func (a *auditor) strangers(tx *store.Tx) error {
	end := max(a.head.size, a.head.tree)
	err := store.Each(tx, func(r *store.Rows) error {
		var index int64
		var id avow.ID
		if err := r.Scan(&index, store.IntoID(&id)); err != nil {
			return err
		}
		a.finding(index, id, "event %d is not of this log, which ends before %d: it was inserted into the database, or the end of the log was taken back", index, end)
		return nil
	}, "SELECT idx, id FROM ledger_events WHERE idx < 0 OR idx >= ? ORDER BY idx LIMIT 100", end)
	if err != nil {
		return err
	}
	var sums [tileLevels]int64
	err = store.Each(tx, func(r *store.Rows) error {
		var level, bytes int64
		if err := r.Scan(&level, &bytes); err != nil {
			return err
		}
		if level >= 0 && level < tileLevels {
			sums[level] = bytes
		} else {
			a.finding(-1, avow.ID{}, "the database has hashes of a level %d, which no tree has", level)
		}
		return nil
	}, "SELECT level, SUM(LENGTH(hashes)) FROM ledger_tiles GROUP BY level ORDER BY level")
	for level, sum := range sums {
		if want := a.head.tree >> (tileBits * level) * hashSize; sum != want && err == nil {
			a.finding(-1, avow.ID{}, "the database has %d bytes of hashes of level %d, and the tree %d", sum, level, want)
		}
	}
	return err
}

// twice names ids that two events have, which the database itself prevents unless it was told not to.
func (a *auditor) twice(tx *store.Tx) error {
	return store.Each(tx, func(r *store.Rows) error {
		var id avow.ID
		var first, last int64
		if err := r.Scan(store.IntoID(&id), &first, &last); err != nil {
			return err
		}
		a.finding(last, id, "events %d and %d have one id", first, last)
		return nil
	}, "SELECT id, MIN(idx), MAX(idx) FROM ledger_events GROUP BY id HAVING COUNT(*) > 1 ORDER BY id LIMIT 100")
}

// theOutside holds the log to the checkpoint kept outside.
func (a *auditor) theOutside() error {
	if a.outside.checkpoint != nil {
		a.out.Outside = a.outside.checkpoint.Size
	}
	err := a.outside.against(a.ctx, a.l, a.head)
	switch kind := avow.KindOf(err); {
	case err == nil, kind == avow.Conflict && !a.sound(): // that the tiles are damaged was found already
		return nil
	case kind == avow.Unavailable, kind == avow.Canceled:
		return err
	}
	a.finding(-1, avow.ID{}, "%s", avow.MessageOf(err))
	return nil
}

// aheadOfUs is how far the clock of whoever wrote may be ahead of ours.
const aheadOfUs = time.Hour

// theTime holds the time in the head, before which no event will be, to that of the
// latest event: moved on, it would date all that comes. Earlier programs moved it at each
// start, to what their clock said. Where events are wrong or were not looked at, the latest is not known.
func (a *auditor) theTime() {
	at, whole := a.head.at.UnixMicro(), a.out.From == 0 && a.out.To == max(a.head.size, a.head.tree)
	if !whole || a.out.To == 0 || !a.sound() {
		return
	}
	if at < a.latest || at > a.latest && a.head.at.After(a.l.db.Machine().Add(aheadOfUs)) {
		a.finding(-1, avow.ID{}, "the head of the log was changed in the database: it says that the latest event is of %s, and it is of %s",
			a.head.at.UTC().Format(time.DateTime), time.UnixMicro(a.latest).UTC().Format(time.DateTime))
	}
}

func (a *auditor) sound() bool { return len(a.out.Findings) == 0 }
