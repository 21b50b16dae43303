package vault

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// AddIdentity takes down another identity of a subject who has one verified: it finds
// them from now on, so that an objection by it counts, and it is claimed until
// VerifyAs. Whoever else verifies it gets nothing of the subject's. What is there
// already stays as it is. Refused for a subject with nothing verified, because who
// would then be let in by which? TooMany beyond 20.
func (v *Vault) AddIdentity(tx *store.Tx, subject avow.ID, id Identity) error {
	n, err := id.normal()
	if err != nil {
		return err
	}
	s, err := v.lockSubject(tx, subject)
	if err != nil {
		return err
	}
	if !s.Verified {
		return errNothingVerified
	}
	h := identityRow{normal: n, blind: v.blind(n), standing: added}
	mine, err := identityRows(tx, s.ID)
	if err != nil || slices.ContainsFunc(mine, h.alike) {
		return err
	}
	if len(mine) >= maxIdentities {
		return avow.Errorf(avow.TooMany, "a person has at most %d identities; remove one first", maxIdentities)
	}
	if h.sealed, err = v.Seal(tx, s.ID, identityContext(s.ID, n.kind, h.blind), []byte(n.written)); err != nil {
		return err
	}
	return insertBeside(tx, s.ID, h)
}

var errNothingVerified = avow.Errorf(avow.Refused, "this person has not verified anything yet; first comes a link to the address they are known by")

// lockSubject gives a subject who is joined with nobody until the transaction ends.
func (v *Vault) lockSubject(tx *store.Tx, id avow.ID) (Subject, error) {
	s, err := v.Subject(tx, id)
	for range joinTries {
		if err != nil {
			return s, err
		}
		if err := lockSubjects(tx, s.ID); err != nil {
			return s, err
		}
		before := s.ID
		if s, err = v.Subject(tx, id); err == nil && s.ID == before {
			return s, nil
		}
	}
	return s, errJoining
}

// VerifyAs is Verify for a subject who acts now by a session of their own, not by
// the link alone: a link that went to a mistyped address would else open the subject's data
// to whoever reads that mail. The identity becomes one of the subject's; who has it
// verified already, and what was claimed under it, is the same person and joins them.
// Refused for a subject with nothing verified.
func (v *Vault) VerifyAs(tx *store.Tx, subject avow.ID, id Identity) (Verification, error) {
	n, err := id.normal()
	if err != nil {
		return Verification{}, err
	}
	blind, err := v.lockIdentity(tx, n)
	if err != nil {
		return Verification{}, err
	}
	first, err := v.settleFirst(tx, subject)
	if err != nil {
		return Verification{}, err
	}
	absorbed, err := v.settleWaiting(tx, n.kind, blind)
	if err != nil {
		return Verification{}, err
	}
	out, err := v.verifyAs(tx, subject, identityRow{normal: n, blind: blind, standing: verified})
	out.Absorbed = slices.Concat(first, absorbed, out.Absorbed)
	return out, err
}

func (v *Vault) verifyAs(tx *store.Tx, subject avow.ID, h identityRow) (out Verification, err error) {
	holders, claims, err := v.lockMet(tx, []identityRow{h})
	if err != nil {
		return out, err
	}
	s, err := v.lockSubject(tx, subject)
	if err != nil {
		return out, err
	}
	switch {
	case !s.Verified:
		return out, errNothingVerified
	case len(holders) > 0:
		if err := v.sameSpelling(tx, h.normal, h.blind, holders[0]); err != nil {
			return out, err
		}
	default:
		if err := v.verifyHere(tx, s, h); err != nil {
			return out, err
		}
	}
	out.Subject = s.ID
	for _, other := range append(holders, claims...) {
		if other == s.ID {
			continue
		}
		if err := v.unite(tx, s, other); err != nil {
			return out, err
		}
		out.Absorbed = append(out.Absorbed, other)
	}
	return out, nil
}

// unite joins another who is shown to be the subject.
func (v *Vault) unite(tx *store.Tx, s Subject, other avow.ID) error {
	o, err := v.Subject(tx, other)
	if err != nil {
		return err
	}
	if o.Verified {
		if err := v.SetKind(tx, s.ID, together(s.Kind, o.Kind)); err != nil {
			return err
		}
	}
	return v.joined(tx, s.ID, o.ID)
}

// verifyHere makes an identity that nobody has verified the subject's.
func (v *Vault) verifyHere(tx *store.Tx, s Subject, h identityRow) error {
	sealed, err := v.Seal(tx, s.ID, identityContext(s.ID, h.kind, h.blind), []byte(h.written))
	if err != nil {
		return err
	}
	h.sealed = sealed
	if err := dropBeside(tx, s.ID, h); err != nil {
		return err
	}
	return insertIdentity(tx, s.ID, h)
}

// RemoveIdentity lets go of an identity of a subject, and of the links that were sent
// to it, and gives it as it was kept. The last one by which they could be let in stays:
// Refused. NotFound when it is not theirs.
func (v *Vault) RemoveIdentity(tx *store.Tx, subject avow.ID, id Identity) (was Identity, err error) {
	n, err := id.normal()
	if err != nil {
		return was, err
	}
	blind, err := v.lockIdentity(tx, n)
	if err != nil {
		return was, err
	}
	s, err := v.lockSubject(tx, subject)
	if err != nil {
		return was, err
	}
	mine, err := identityRows(tx, s.ID)
	if err != nil {
		return was, err
	}
	i := slices.IndexFunc(mine, identityRow{normal: n, blind: blind}.alike)
	if i < 0 {
		return was, avow.Errorf(avow.NotFound, "this is not an address of this person")
	}
	was = Identity{Kind: n.kind, Verified: mine[i].standing == verified}
	if was.Value, err = v.openIdentity(tx, s.ID, mine[i]); err != nil {
		return was, err
	}
	return was, v.dropIdentity(tx, s.ID, mine, i)
}

// dropIdentity drops one of all identities of a subject, unless it is the last that lets them in.
func (v *Vault) dropIdentity(tx *store.Tx, subject avow.ID, mine []identityRow, i int) (err error) {
	switch {
	case mine[i].standing == added:
		err = dropBeside(tx, subject, mine[i])
	case mine[i].standing == leading || len(mine) == 1 || mine[1].standing != verified:
		return avow.Errorf(avow.Refused, "this is the last address by which this person can be let in; verify another first")
	default:
		err = v.dropVerified(tx, subject, mine[i])
	}
	if err != nil {
		return err
	}
	return v.endLinks(tx, subject, mine[i])
}

func (v *Vault) dropVerified(tx *store.Tx, subject avow.ID, h identityRow) error {
	for _, statement := range []string{
		"DELETE FROM vault_identities WHERE verified AND subject = ? AND kind = ? AND index_version = ? AND blind = ?",
		"DELETE FROM vault_beside WHERE subject = ? AND kind = ? AND index_version = ? AND blind = ?", // of an import that is not settled
	} {
		if _, err := tx.Exec(statement, subject, h.kind, indexVersion, h.blind); err != nil {
			return err
		}
	}
	return nil
}

// endLinks uses links up. Their rows stay for a while: they are what limits how many are sent.
func (v *Vault) endLinks(tx *store.Tx, subject avow.ID, h identityRow) error {
	family, err := v.Family(tx, subject)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE vault_links SET used = ? WHERE used IS NULL AND kind = ? AND blind = ? AND subject IN ("+store.Marks(len(family))+")",
		append([]any{tx.Now(), h.kind, h.blind}, list(family)...)...)
	return err
}

func insertBeside(tx *store.Tx, subject avow.ID, h identityRow) error {
	_, err := tx.Exec("INSERT INTO vault_beside (subject, kind, index_version, blind, standing, sealed, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		subject, h.kind, indexVersion, h.blind, string(h.standing), h.sealed, tx.Now())
	return err
}

// insertIdentity has an identity that opens somebody stand where everybody's do.
func insertIdentity(tx *store.Tx, subject avow.ID, h identityRow) error {
	var at any
	if h.standing == verified {
		at = tx.Now()
	}
	_, err := tx.Exec(`INSERT INTO vault_identities (kind, index_version, blind, verified, subject, sealed, claimed_at, verified_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, h.kind, indexVersion, h.blind, h.standing == verified, subject, h.sealed, tx.Now(), at)
	return err
}
