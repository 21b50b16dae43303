package consent

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Finding is a place where the tables do not say what the events say.
type Finding struct {
	Index int64   // of the event that says otherwise; -1: no event
	Event avow.ID // its id; zero: no event
	What  string  // in plain words
}

// checked is how many people are looked at in one snapshot.
const checked = 200

// Check folds everybody's events again and names each row of what people have said,
// and of what is remembered of addresses, that its events do not say: changed, added or taken away
// by hand. It reads people page by page, each in a snapshot of its own, and changes nothing of what
// they have said. The first Check after an upgrade from a program whose events did not say
// everything puts the rest into events, as it stands.
// progress may be nil; it is told how many people were looked at, of about how many.
func (r *Register) Check(ctx context.Context, progress func(done, total int64)) ([]Finding, error) {
	if err := r.carry(ctx); err != nil {
		return nil, err
	}
	findings := []Finding{}
	var total, done int64
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM consent_subjects`).Scan(&total)
	})
	for from, more := (avow.ID{}), true; more && err == nil; {
		var ids, doubts []avow.ID
		err = r.db.Read(ctx, func(tx *store.Tx) (err error) {
			if ids, more, err = r.somebody(tx, from); err == nil {
				_, doubts, err = r.checkPeople(tx, ids)
			}
			return err
		})
		if err == nil {
			var page []Finding
			page, err = r.checkAgain(ctx, doubts)
			findings = append(findings, page...)
		}
		if len(ids) > 0 {
			from = ids[len(ids)-1]
		}
		if done += int64(len(ids)); progress != nil {
			progress(done, max(done, total))
		}
	}
	if err != nil {
		return nil, err
	}
	for _, look := range r.looksAtNobody() {
		more, err := look(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, more...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Index, b.Index) })
	return findings, err
}

// CheckSince is Check for the people that events from an index on are about; next is
// where to go on. An edit by hand makes no event: only Check finds it in people nothing happened to.
func (r *Register) CheckSince(ctx context.Context, index int64) (findings []Finding, next int64, err error) {
	next, findings = index, []Finding{}
	nobody := false
	for more := true; more && err == nil; {
		var doubts []avow.ID
		var read int
		err = r.db.Read(ctx, func(tx *store.Tx) error {
			briefs, err := r.ledger.Briefs(tx, next, checked)
			if err != nil {
				return err
			}
			read, more = len(briefs), len(briefs) == checked
			seen := map[avow.ID]bool{}
			var ids []avow.ID
			for _, b := range briefs {
				nobody = nobody || b.Subject.IsZero()
				if !b.Subject.IsZero() && !seen[b.Subject] {
					seen[b.Subject] = true
					ids = append(ids, b.Subject)
				}
			}
			_, doubts, err = r.checkPeople(tx, ids)
			return err
		})
		if err == nil {
			var page []Finding
			page, err = r.checkAgain(ctx, doubts)
			findings, next = append(findings, page...), next+int64(read)
		}
	}
	if !nobody {
		return findings, next, err
	}
	for _, look := range r.looksAtNobody() {
		if err != nil {
			break
		}
		var page []Finding
		page, err = look(ctx)
		findings = append(findings, page...)
	}
	return findings, next, err
}

// looksAtNobody are the checks of what events about nobody say.
func (r *Register) looksAtNobody() []func(context.Context) ([]Finding, error) {
	return []func(context.Context) ([]Finding, error){r.CheckPublished, r.checkSuppressed}
}

// somebody gives the next people of whom there are events or rows.
func (r *Register) somebody(tx *store.Tx, from avow.ID) (ids []avow.ID, more bool, err error) {
	ids, err = r.ledger.Subjects(tx, from, checked)
	if err != nil {
		return nil, false, err
	}
	rows, err := store.Collect(tx, scanID, `SELECT DISTINCT subject FROM consent_choices WHERE subject > ? ORDER BY subject LIMIT ?`, from[:], checked)
	if err != nil {
		return nil, false, err
	}
	more = len(ids) == checked || len(rows) == checked
	ids = append(ids, rows...)
	slices.SortFunc(ids, compareIDs)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), checked)], more, nil
}

func compareIDs(a, b avow.ID) int { return bytes.Compare(a[:], b[:]) }

// checkAgain looks at those of whom something seems wrong in a snapshot that begins later. Keys stand
// apart: those of somebody who is erased end while a snapshot from before still has what they
// said, and then no event of theirs can be read that says it.
func (r *Register) checkAgain(ctx context.Context, ids []avow.ID) (findings []Finding, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = r.db.Read(ctx, func(tx *store.Tx) (err error) { findings, _, err = r.checkPeople(tx, ids); return err })
	return findings, err
}

// checkPeople checks some people in one snapshot; doubts are those of whom something is wrong.
func (r *Register) checkPeople(tx *store.Tx, ids []avow.ID) (findings []Finding, doubts []avow.ID, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	entries, err := r.ledger.BySubject(tx, ids...)
	if err != nil {
		return nil, nil, err
	}
	theirs := map[avow.ID][]ledger.Entry{}
	for _, e := range entries {
		theirs[e.Subject] = append(theirs[e.Subject], e)
	}
	rows, err := rowsOf(tx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		some, err := r.checkOne(tx, id, theirs[id], rows[id])
		if err != nil {
			return nil, nil, err
		}
		if len(some) > 0 {
			findings, doubts = append(findings, some...), append(doubts, id)
		}
	}
	return findings, doubts, nil
}

// rowsOf gives what people have said, of each in the order of choices.
func rowsOf(tx *store.Tx, ids []avow.ID) (map[avow.ID][]choice, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	marks, args := store.Among(ids)
	rows := make(map[avow.ID][]choice, len(ids))
	err := store.Each(tx, func(rs *store.Rows) error {
		var id avow.ID
		var c choice
		err := rs.Scan(store.IntoID(&id), &c.policy, &c.kind, &c.name, &c.generation, &c.state, &c.seq,
			store.IntoTime(&c.at), store.IntoTime(&c.ends), &c.version, store.IntoID(&c.event))
		rows[id] = append(rows[id], c)
		return err
	}, `SELECT subject, `+choiceColumns+` FROM consent_choices WHERE subject IN (`+marks+`)`, args...)
	for _, list := range rows {
		slices.SortFunc(list, inOrder)
	}
	return rows, err
}

// checkOne compares what the table says of one id with what its events say.
func (r *Register) checkOne(tx *store.Tx, id avow.ID, entries []ledger.Entry, rows []choice) ([]Finding, error) {
	who, _, err := r.who(tx, id)
	gone := avow.KindOf(err) == avow.NotFound || err == nil && who.ID != id
	if err != nil && !gone {
		return nil, err
	}
	want, findings := &refolded{}, []Finding(nil)
	if !gone {
		want, findings, err = r.refold(tx, id, entries)
		if avow.KindOf(err) == avow.NotFound { // the key is gone: they are being erased
			want, err = &refolded{}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	some, err := r.compare(tx, id, want, rows)
	return append(findings, some...), err
}

func (r *Register) compare(tx *store.Tx, id avow.ID, want *refolded, rows []choice) (findings []Finding, err error) {
	have := said{list: rows}
	for _, row := range rows {
		says := want.said.find(row.policy, row.kind, row.name, row.generation)
		switch {
		case says.same(row) || want.gaps[row.event]:
		case says.state == "":
			f, err := r.unsaid(tx, id, row)
			if err != nil {
				return nil, err
			}
			findings = append(findings, f)
		default:
			if len(want.gaps) > 0 {
				row.seq = says.seq // events without a body are not counted
			}
			if !row.same(says) {
				cause := want.cause[row.about()]
				findings = append(findings, Finding{cause.index, cause.id, differs(row, says, cause)})
			}
		}
	}
	for _, says := range want.said.list {
		if have.find(says.policy, says.kind, says.name, says.generation).state == "" {
			cause := want.cause[says.about()]
			findings = append(findings, Finding{cause.index, cause.id, missing(says, cause)})
		}
	}
	return findings, nil
}

// unsaid finds a row that no event of the person says.
func (r *Register) unsaid(tx *store.Tx, id avow.ID, row choice) (Finding, error) {
	if row.event.IsZero() {
		return Finding{-1, avow.ID{}, unsaidRow(id, row, nil)}, nil
	}
	e, err := r.ledger.ByID(tx, row.event)
	if avow.KindOf(err) == avow.NotFound {
		return Finding{-1, row.event, unsaidRow(id, row, nil)}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	return Finding{e.Index, e.ID, unsaidRow(id, row, &e)}, nil
}
