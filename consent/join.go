package consent

import (
	"encoding/json"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Join brings together what several subjects have said who are one person (see
// vault.Verify): objections and restrictions add up, and a consent holds where no
// one of them has taken it back. Call it in the transaction that joined them.
func (r *Register) Join(tx *store.Tx, into avow.ID, absorbed []avow.ID) error {
	for _, old := range absorbed {
		h, theirs, err := r.both(tx, into, old)
		if err != nil {
			return err
		}
		h.said.join(theirs)
		if err := h.joined(ChoicesJoined, old); err != nil {
			return err
		}
	}
	if len(absorbed) == 0 {
		return nil
	}
	return r.drop(tx, absorbed)
}

// Merge is Join on the word of staff (see vault.Merge): an objection or a restriction
// of either holds, and a consent only where both have given it; one of them alone waits to be confirmed.
// Call it in the transaction that merged them. Split undoes it.
func (r *Register) Merge(tx *store.Tx, into, old avow.ID) error {
	h, theirs, err := r.both(tx, into, old)
	if err != nil {
		return err
	}
	mine := slices.Clone(h.said.list)
	h.said.merge(theirs)
	if err := h.joined(ChoicesMerged, old); err != nil {
		return err
	}
	if err := keepMerger(tx, h.who.ID, old, h.said.last(), mine, theirs); err != nil {
		return err
	}
	return r.drop(tx, []avow.ID{old})
}

// both takes the hand of who stays, and what the other has said.
func (r *Register) both(tx *store.Tx, into, old avow.ID) (*Hand, []choice, error) {
	if err := tx.Lock(lockName, old[:]); err != nil {
		return nil, nil, err
	}
	h, err := r.In(tx, into)
	if err != nil {
		return nil, nil, err
	}
	if h.who.ID == old {
		return nil, nil, avow.Errorf(avow.Internal, "the choices of somebody are brought to an id they no longer have")
	}
	theirs, err := r.choices(tx, old)
	return h, theirs, err
}

// joined records that somebody's choices came here, and ends the hand.
func (h *Hand) joined(how ledger.Type, old avow.ID) error {
	if _, err := h.Append(ledger.Event{Type: how, Body: body(words{Was: old.String()})}); err != nil {
		return err
	}
	return h.Done()
}

// join: the more protective of the two holds; each goes on saying when it was said.
func (s *said) join(theirs []choice) {
	for _, c := range theirs {
		mine := s.find(c.policy, c.kind, c.name, c.generation)
		if c.kind == kindRegion && s.region() != "" || mine.state != "" && strength(c) <= strength(mine) {
			continue
		}
		s.put(c)
	}
}

func strength(c choice) int {
	switch c.state {
	case withdrawn, refused, set:
		return 3
	case overridden:
		return 2
	case given:
		return 1
	}
	return 0 // unconfirmed, ended, recalled: what is there stays
}

// merge adds up what stops, and keeps of the consents what both have given. What
// stops comes last, so that no consent of the other lifts it.
func (s *said) merge(theirs []choice) {
	mine := slices.Clone(s.list)
	other := said{list: theirs}
	for _, c := range mine {
		if c.kind == kindConsent {
			s.put(mergedConsent(c, other.find(c.policy, c.kind, c.name, c.generation)))
		}
	}
	for _, c := range theirs {
		own := s.find(c.policy, c.kind, c.name, c.generation).state != ""
		if c.kind == kindConsent && !own {
			s.put(mergedConsent(c, choice{}))
		}
		if c.kind == kindFact && !own || c.kind == kindRegion && s.region() == "" {
			s.put(c)
		}
	}
	mineToo := said{list: mine}
	for _, c := range theirs {
		if isStop(c.kind) && stopping(c) > stopping(mineToo.find(c.policy, c.kind, c.name, c.generation)) {
			s.put(c)
		}
	}
	for _, c := range mine {
		if isStop(c.kind) && stopping(c) >= stopping(other.find(c.policy, c.kind, c.name, c.generation)) {
			s.put(c)
		}
	}
}

// isStop tells of a kind whether it says what may not be done.
func isStop(kind string) bool {
	switch kind {
	case kindPurpose, kindMarketing, kindTopic, kindOnce, kindRestriction:
		return true
	}
	return false
}

func stopping(c choice) int {
	switch c.state {
	case set:
		return 4
	case recalled:
		return 3
	case overridden:
		return 2
	case ended:
		return 1
	}
	return 0
}

// mergedConsent is one consent of two subjects. It ends when the first of the two does.
func mergedConsent(a, b choice) choice {
	for _, c := range []choice{a, b} {
		if c.state == withdrawn || c.state == refused {
			return c
		}
	}
	if a.state != given || b.state != given {
		a.state = unconfirmed
		return a
	}
	if a.ends.IsZero() || !b.ends.IsZero() && b.ends.Before(a.ends) {
		a.ends = b.ends
	}
	return a
}

// Split undoes a merger (see vault.Unmerge): what each had said is theirs again. What
// was stopped or taken back while they were one stays so for both, and what was allowed then
// counts for neither, because nobody can tell whose it was. Call it in the transaction that
// unmerged them. NotFound when old was not merged into this person; Conflict when somebody was
// merged into them later, which is undone first, or when they were joined with somebody else since.
func (r *Register) Split(tx *store.Tx, into, old avow.ID) error {
	for _, id := range []avow.ID{old, into} { // in the order of a merger
		if err := tx.Lock(lockName, id[:]); err != nil {
			return err
		}
	}
	mark, mine, theirs, err := takeMerger(tx, into, old)
	if err != nil {
		return err
	}
	h, err := r.In(tx, into)
	if err != nil {
		return err
	}
	other, err := r.In(tx, old)
	if err != nil {
		return err
	}
	now := slices.Clone(h.said.list)
	for _, side := range []struct {
		h      *Hand
		before []choice
		says   words
	}{{h, mine, words{Was: old.String()}}, {other, theirs, words{From: into.String()}}} {
		side.h.said.split(side.before, now, mark)
		if _, err := side.h.Append(ledger.Event{Type: ChoicesSplit, Body: body(side.says)}); err != nil {
			return err
		}
		if err := side.h.Done(); err != nil {
			return err
		}
	}
	return nil
}

// split goes back to what was said before a merger, with what was stopped since: all
// in now that was counted after mark.
func (s *said) split(before, now []choice, mark int64) {
	s.become(slices.Clone(before))
	for _, c := range now {
		if c.seq > mark && (strength(c) == 3 || c.state == recalled) && (isStop(c.kind) || c.kind == kindConsent) {
			s.put(c)
		}
	}
}

// keepMerger keeps what a Split needs.
func keepMerger(tx *store.Tx, into, old avow.ID, mark int64, mine, theirs []choice) error {
	_, err := tx.Exec(`INSERT INTO consent_mergers (old, subject, mark, mine, theirs, at) VALUES (?, ?, ?, ?, ?, ?)`,
		old, into, mark, string(body(thingsOf(mine))), string(body(thingsOf(theirs))), tx.Now())
	return err
}

// takeMerger takes what keepMerger kept.
func takeMerger(tx *store.Tx, into, old avow.ID) (mark int64, mine, theirs []choice, err error) {
	var a, b string
	var subject avow.ID
	var later bool
	err = tx.QueryRow(`SELECT subject, mark, mine, theirs, EXISTS (SELECT 1 FROM consent_mergers l WHERE l.subject = m.subject AND l.mark > m.mark)
		FROM consent_mergers m WHERE old = ?`, old).Scan(store.IntoID(&subject), &mark, &a, &b, &later)
	switch {
	case err != nil:
		return 0, nil, nil, err
	case subject != into:
		return 0, nil, nil, avow.Errorf(avow.Conflict, "this person was joined with another since; who is who cannot be told apart any more")
	case later:
		return 0, nil, nil, avow.Errorf(avow.Conflict, "somebody was merged into this person later; undo that first")
	}
	if mine, err = choicesIn(a); err != nil {
		return 0, nil, nil, err
	}
	if theirs, err = choicesIn(b); err != nil {
		return 0, nil, nil, err
	}
	_, err = tx.Exec(`DELETE FROM consent_mergers WHERE old = ?`, old)
	return mark, mine, theirs, err
}

func thingsOf(list []choice) []thing {
	out := []thing{}
	for _, c := range list {
		out = append(out, thingOf(c))
	}
	return out
}

func choicesIn(text string) ([]choice, error) {
	var things []thing
	if err := json.Unmarshal([]byte(text), &things); err != nil {
		return nil, avow.Errorf(avow.Internal, "what was kept of a merger cannot be read: %w", err)
	}
	out := []choice{}
	for _, t := range things {
		out = append(out, t.choice())
	}
	return out, nil
}
