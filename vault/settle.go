package vault

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Settle brings people of a flipped import together with those who were there, up to
// limit a call (at most 500) in one transaction; call it until more is false. The
// rules are those of Claim and Verify: a claimed one joins who has the same identity
// claimed, and stays apart from who has it verified; one whose identity the source
// proved joins its holders, and what was claimed under it joins them. join is called,
// in the transaction, for each who became another's alias, as after Verify. Several
// nodes may settle one import at once. Refused before Flip.
func (v *Vault) Settle(ctx context.Context, imp avow.ID, limit int,
	join func(tx *store.Tx, into avow.ID, absorbed []avow.ID) error) (more bool, err error) {
	err = v.db.Write(ctx, func(tx *store.Tx) error {
		var flipped bool
		if err := tx.QueryRow("SELECT flipped IS NOT NULL FROM vault_imports WHERE id = ?", imp).Scan(&flipped); err != nil {
			return err
		}
		if !flipped {
			return avow.Errorf(avow.Refused, "this import was not flipped; flip it first")
		}
		people, err := store.Collect(tx, scanID, "SELECT id FROM vault_imported WHERE import = ? ORDER BY id LIMIT ?", imp, bounded(limit))
		more = len(people) > 0
		if err != nil || !more {
			return err
		}
		return v.settle(tx, people, join)
	})
	return more, err
}

// settling is somebody of an import on the way to being like everybody else.
type settling struct {
	Subject
	held []identityRow // those that open first
}

func (s *settling) opening() []identityRow {
	n := slices.IndexFunc(s.held, func(h identityRow) bool { return h.standing == added })
	if n < 0 {
		n = len(s.held)
	}
	return s.held[:n]
}

func (v *Vault) settle(tx *store.Tx, people []avow.ID, join func(*store.Tx, avow.ID, []avow.ID) error) error {
	list, err := v.takeImported(tx, people)
	if err != nil || len(list) == 0 { // another node was faster
		return err
	}
	met, err := meeting(tx, list)
	if err != nil {
		return err
	}
	var alone []settling
	for _, s := range list {
		if !met[s.ID] {
			alone = append(alone, s)
		}
	}
	if err := settleAlone(tx, alone); err != nil {
		return err
	}
	for _, s := range list {
		if !met[s.ID] {
			continue
		}
		into, absorbed, err := v.settleOne(tx, s)
		if err == nil && len(absorbed) > 0 {
			err = join(tx, into, absorbed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// erasedMeanwhile clears the rows of somebody whose keys were destroyed a moment ago, and tells so.
func (v *Vault) erasedMeanwhile(tx *store.Tx, subject avow.ID) (bool, error) {
	_, err := v.key(tx, subject)
	if !errors.Is(err, ErrErased) {
		return false, err
	}
	return true, clearRows(tx, []avow.ID{subject})
}

// takeImported locks people's identities, then takes those who are still there out of the import.
func (v *Vault) takeImported(tx *store.Tx, people []avow.ID) ([]settling, error) {
	held, err := besideRows(tx, people)
	if err != nil {
		return nil, err
	}
	var blinds [][]byte
	for _, rows := range held {
		for _, h := range rows {
			if h.standing != added {
				blinds = append(blinds, h.blind)
			}
		}
	}
	slices.SortFunc(blinds, bytes.Compare) // two who settle wait for each other, and not across
	for _, blind := range blinds {
		if err := tx.Lock(identityLock, blind); err != nil {
			return nil, err
		}
	}
	list, err := store.Collect(tx, func(r *store.Rows) (s settling, err error) {
		var kind string
		if err = r.Scan(store.IntoID(&s.ID), &kind, store.IntoTime(&s.Made)); err == nil {
			s.Kind, err = avow.ParseSubjectKind(kind)
		}
		s.held = held[s.ID]
		s.Verified = len(s.held) > 0 && s.held[0].standing == verified
		return s, err
	}, "DELETE FROM vault_imported WHERE id IN ("+store.Marks(len(people))+") RETURNING id, kind, made", list(people)...)
	slices.SortFunc(list, func(a, b settling) int { return compareIDs(a.ID, b.ID) })
	return list, err
}

func besideRows(tx *store.Tx, people []avow.ID) (map[avow.ID][]identityRow, error) {
	held := map[avow.ID][]identityRow{}
	err := store.Each(tx, func(r *store.Rows) error {
		var id avow.ID
		var h identityRow
		var s string
		err := r.Scan(store.IntoID(&id), &h.kind, &h.blind, &s, &h.sealed)
		h.standing = standing(s)
		held[id] = append(held[id], h)
		return err
	}, `SELECT subject, kind, blind, standing, sealed FROM vault_beside WHERE index_version = ? AND subject IN (`+store.Marks(len(people))+`)
		ORDER BY subject, CASE standing WHEN 'verified' THEN 0 WHEN 'leading' THEN 1 ELSE 2 END, at, kind, blind`,
		append([]any{indexVersion}, list(people)...)...)
	return held, err
}

// meeting tells who of the list meets somebody: in the list, or among those who are there.
func meeting(tx *store.Tx, list []settling) (map[avow.ID]bool, error) {
	owners := map[string][]avow.ID{}
	args := []any{indexVersion}
	for _, s := range list {
		for _, h := range s.opening() {
			owners[h.kind+"\x00"+string(h.blind)] = append(owners[h.kind+"\x00"+string(h.blind)], s.ID)
			args = append(args, h.blind)
		}
	}
	met := map[avow.ID]bool{}
	for _, ids := range owners {
		for _, id := range ids {
			met[id] = met[id] || len(ids) > 1
		}
	}
	err := store.Each(tx, func(r *store.Rows) error {
		var kind string
		var blind []byte
		err := r.Scan(&kind, &blind)
		for _, id := range owners[kind+"\x00"+string(blind)] {
			met[id] = true
		}
		return err
	}, "SELECT kind, blind FROM vault_identities WHERE index_version = ? AND blind IN ("+store.Marks(len(args)-1)+")", args...)
	return met, err
}

// settleAlone makes people who meet nobody be like everybody else, all at once.
func settleAlone(tx *store.Tx, people []settling) error {
	if len(people) == 0 {
		return nil
	}
	subjects := rows{table: "vault_subjects", columns: "id, kind, made"}
	ids := make([]avow.ID, len(people))
	for i, s := range people {
		ids[i] = s.ID
		subjects.add(s.ID, s.Kind.String(), s.Made)
	}
	if err := subjects.insert(tx); err != nil {
		return err
	}
	in := "subject IN (" + store.Marks(len(ids)) + ")"
	for _, statement := range []string{
		`INSERT INTO vault_identities (kind, index_version, blind, verified, subject, sealed, claimed_at, verified_at)
			SELECT kind, index_version, blind, standing = 'verified', subject, sealed, at, CASE standing WHEN 'verified' THEN at END
			FROM vault_beside WHERE standing <> 'added' AND ` + in,
		"DELETE FROM vault_beside WHERE standing <> 'added' AND " + in,
		"UPDATE vault_beside SET import = NULL WHERE " + in,
	} {
		if _, err := tx.Exec(statement, list(ids)...); err != nil {
			return err
		}
	}
	return nil
}

// settleOne makes somebody who may meet others one of those who are there, or one with
// them. The identities that open are locked.
func (v *Vault) settleOne(tx *store.Tx, s settling) (into avow.ID, absorbed []avow.ID, err error) {
	if gone, err := v.erasedMeanwhile(tx, s.ID); gone || err != nil {
		return into, nil, err
	}
	if s.held, err = v.demoted(tx, s); err != nil {
		return into, nil, err
	}
	holders, claims, err := v.lockMet(tx, s.opening())
	if err != nil {
		return into, nil, err
	}
	if err := makeSubject(tx, s.Subject); err != nil {
		return into, nil, err
	}
	into = s.ID
	switch {
	case s.held[0].standing == leading && len(claims) > 0:
		into, claims = claims[0], []avow.ID{s.ID}
	case len(holders) > 0:
		into, holders[0] = holders[0], s.ID
	}
	if into == s.ID || s.held[0].standing == verified {
		if err := settleIdentities(tx, s); err != nil {
			return into, nil, err
		}
	}
	absorbed = append(holders, claims...)
	for _, old := range absorbed {
		if err := v.joined(tx, into, old); err != nil {
			return into, nil, err
		}
	}
	return into, absorbed, nil
}

// demoted gives what somebody's identities are worth beside those who are there: one
// that another has verified in another spelling is no more than claimed (see sameSpelling).
func (v *Vault) demoted(tx *store.Tx, s settling) ([]identityRow, error) {
	var proved, other []identityRow
	for _, h := range s.held {
		if h.standing == verified {
			same, err := v.sameHolder(tx, s.ID, h)
			if err != nil {
				return nil, err
			}
			if same {
				proved = append(proved, h)
				continue
			}
			h.standing = added
		}
		other = append(other, h)
	}
	if len(proved) == 0 {
		other[0].standing = leading
	}
	for _, h := range other {
		_, err := tx.Exec("UPDATE vault_beside SET standing = ? WHERE subject = ? AND kind = ? AND index_version = ? AND blind = ?",
			string(h.standing), s.ID, h.kind, indexVersion, h.blind)
		if err != nil {
			return nil, err
		}
	}
	return append(proved, other...), nil
}

// sameHolder tells whether nobody else has an identity verified in another spelling.
func (v *Vault) sameHolder(tx *store.Tx, subject avow.ID, h identityRow) (bool, error) {
	holder, known, err := v.held(tx, h.kind, h.blind, true)
	if err != nil || !known {
		return true, err
	}
	written, err := v.openIdentity(tx, subject, h)
	if err != nil {
		return false, err
	}
	kept, err := v.spelling(tx, h.kind, h.blind, holder, true)
	return kept == written, err
}

// lockMet finds who has identities verified, and who has them claimed, the oldest
// first, and locks them. Those that are only claimed meet claims alone.
func (v *Vault) lockMet(tx *store.Tx, opening []identityRow) (holders, claims []avow.ID, err error) {
	var locked []avow.ID
	for range joinTries {
		holders, claims, err = v.metBy(tx, opening)
		met := append(slices.Clone(holders), claims...)
		if err != nil || !slices.ContainsFunc(met, func(id avow.ID) bool { return !slices.Contains(locked, id) }) {
			return holders, claims, err
		}
		if err := lockSubjects(tx, met...); err != nil {
			return nil, nil, err
		}
		locked = met
	}
	return nil, nil, errJoining
}

func (v *Vault) metBy(tx *store.Tx, opening []identityRow) (holders, claims []avow.ID, err error) {
	for _, h := range opening {
		claim, known, err := v.held(tx, h.kind, h.blind, false)
		if err != nil {
			return nil, nil, err
		}
		if known {
			claims = append(claims, claim)
		}
		if h.standing != verified {
			continue
		}
		holder, known, err := v.held(tx, h.kind, h.blind, true)
		if err != nil {
			return nil, nil, err
		}
		if known {
			holders = append(holders, holder)
		}
	}
	slices.SortFunc(holders, compareIDs)
	return slices.Compact(holders), claims, nil
}

// settleIdentities has the identities that open somebody stand where everybody's do.
// One that is held by another there is theirs: the two are about to be joined.
func settleIdentities(tx *store.Tx, s settling) error {
	for _, h := range s.opening() {
		proved := h.standing == verified
		var at time.Time
		if proved {
			at = tx.Now()
		}
		_, err := tx.Exec(`INSERT INTO vault_identities (kind, index_version, blind, verified, subject, sealed, claimed_at, verified_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, h.kind, indexVersion, h.blind, proved, s.ID, h.sealed, tx.Now(), at)
		if err != nil {
			return err
		}
	}
	for _, statement := range []string{"DELETE FROM vault_beside WHERE standing <> 'added' AND subject = ?",
		"UPDATE vault_beside SET import = NULL WHERE subject = ?"} {
		if _, err := tx.Exec(statement, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// settleWaiting settles those of flipped imports whom an identity opens, before it is verified.
func (v *Vault) settleWaiting(tx *store.Tx, kind string, blind []byte) (absorbed []avow.ID, err error) {
	waiting, err := store.Collect(tx, scanID, `SELECT b.subject FROM vault_beside b JOIN vault_imports i ON i.id = b.import
		WHERE b.kind = ? AND b.index_version = ? AND b.blind = ? AND b.standing <> 'added' AND i.flipped IS NOT NULL ORDER BY b.subject LIMIT ?`,
		kind, indexVersion, blind, maxPeople)
	if err != nil {
		return nil, err
	}
	return v.settleEach(tx, waiting)
}

// settleFirst settles those of the subjects who are of a flipped import, before something is done with them.
func (v *Vault) settleFirst(tx *store.Tx, ids ...avow.ID) (absorbed []avow.ID, err error) {
	waiting, err := store.Collect(tx, scanID, `SELECT p.id FROM vault_imported p JOIN vault_imports i ON i.id = p.import
		WHERE p.id IN (`+store.Marks(len(ids))+`) AND i.flipped IS NOT NULL ORDER BY p.id`, list(ids)...)
	if err != nil {
		return nil, err
	}
	return v.settleEach(tx, waiting)
}

func (v *Vault) settleEach(tx *store.Tx, waiting []avow.ID) (absorbed []avow.ID, err error) {
	if len(waiting) == 0 {
		return nil, nil
	}
	people, err := v.takeImported(tx, waiting)
	if err != nil {
		return nil, err
	}
	for _, s := range people {
		_, some, err := v.settleOne(tx, s)
		if err != nil {
			return nil, err
		}
		absorbed = append(absorbed, some...)
	}
	return absorbed, nil
}
