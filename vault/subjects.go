package vault

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// indexVersion names the key of the blind index, so that a new one can be brought in beside it.
const indexVersion = 1

// Subject is a person, or somebody acting for a business, about whom something is kept.
type Subject struct {
	ID       avow.ID
	Kind     avow.SubjectKind
	Made     time.Time
	Verified bool // an identity of theirs was verified
	Left     bool // nothing finds them any more: they are being erased (see Leave)
}

// Found is a subject that an identity finds.
type Found struct {
	Subject  avow.ID
	Verified bool
	Added    bool // beside an identity of theirs; it opens nothing of them until it is verified (see AddIdentity)
}

// Claim finds or makes the subject of an identity that somebody typed and nobody
// verified. It is never the subject who has the identity verified: what comes with a
// claim stays apart until the holder of the address says it is theirs. A second
// identity in the same form is a value, not a claim: else the holder of my
// telephone would one day open what was sent under your address.
func (v *Vault) Claim(tx *store.Tx, id Identity) (avow.ID, error) {
	n, err := id.normal()
	if err != nil {
		return avow.ID{}, err
	}
	blind, err := v.lockIdentity(tx, n)
	if err != nil {
		return avow.ID{}, err
	}
	subject, held, err := v.held(tx, n.kind, blind, false)
	if held || err != nil {
		return subject, err
	}
	return v.newSubject(tx, n, blind, false)
}

// Verification is what verifying an identity came to.
type Verification struct {
	Subject avow.ID
	// Absorbed are subjects that were found to be the same person and are now
	// aliases: what rooms keep of them is brought together under Subject.
	Absorbed []avow.ID
}

// Verify records that whoever acts now holds the identity: a link sent to it was
// used (see UseLink), or staff saw evidence. What was claimed under it joins its
// holder; nothing claimed under another identity does.
func (v *Vault) Verify(tx *store.Tx, id Identity) (Verification, error) {
	n, err := id.normal()
	if err != nil {
		return Verification{}, err
	}
	blind, err := v.lockIdentity(tx, n)
	if err != nil {
		return Verification{}, err
	}
	absorbed, err := v.settleWaiting(tx, n.kind, blind)
	if err != nil {
		return Verification{}, err
	}
	out, err := v.verify(tx, n, blind)
	out.Absorbed = append(absorbed, out.Absorbed...)
	return out, err
}

// verify finds whose an identity is that was verified just now. It is locked.
func (v *Vault) verify(tx *store.Tx, n normal, blind []byte) (Verification, error) {
	holders, claims, err := v.lockMet(tx, []identityRow{{normal: n, blind: blind, standing: verified}})
	if err != nil {
		return Verification{}, err
	}
	if len(holders) > 0 {
		if err := v.sameSpelling(tx, n, blind, holders[0]); err != nil {
			return Verification{}, err
		}
	}
	switch {
	case len(holders) > 0 && len(claims) > 0:
		return Verification{holders[0], claims}, v.joined(tx, holders[0], claims[0])
	case len(holders) > 0:
		return Verification{Subject: holders[0]}, nil
	case len(claims) > 0:
		return Verification{Subject: claims[0]}, v.promote(tx, n, blind, claims[0])
	}
	subject, err := v.newSubject(tx, n, blind, true)
	return Verification{Subject: subject}, err
}

// promote makes a claimed identity a verified one, in the spelling that was verified.
func (v *Vault) promote(tx *store.Tx, n normal, blind []byte, subject avow.ID) error {
	sealed, err := v.Seal(tx, subject, identityContext(subject, n.kind, blind), []byte(n.written))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE vault_identities SET verified = ?, verified_at = ?, sealed = ?
		WHERE kind = ? AND index_version = ? AND blind = ? AND verified = ?`, true, tx.Now(), sealed, n.kind, indexVersion, blind, false)
	return err
}

// sameSpelling refuses to take the holder of Ann@ for the holder of ann@: on a
// server that tells them apart they are two people. NewLink writes to the kept
// spelling, so nobody honest meets this.
func (v *Vault) sameSpelling(tx *store.Tx, n normal, blind []byte, holder avow.ID) error {
	kept, err := v.spelling(tx, n.kind, blind, holder, true)
	if err == nil && kept != n.written {
		err = avow.Errorf(avow.Refused, "this address was verified in another spelling; use that one")
	}
	return err
}

// spelling opens how a subject's identity is written.
func (v *Vault) spelling(tx *store.Tx, kind string, blind []byte, subject avow.ID, verified bool) (string, error) {
	var sealed []byte
	err := tx.QueryRow("SELECT sealed FROM vault_identities WHERE kind = ? AND index_version = ? AND blind = ? AND verified = ?",
		kind, indexVersion, blind, verified).Scan(&sealed)
	if err != nil {
		return "", err
	}
	plain, err := v.Open(tx, subject, identityContext(subject, kind, blind), sealed)
	return string(plain), err
}

// Find gives the subjects an identity finds: the one who has it verified first,
// then the one it was claimed for, then those it was added to. An objection counts
// for all of them. People of an import that was flipped and is not settled yet stand
// beside those who were there: several may have it verified, and several be claimed.
func (v *Vault) Find(tx *store.Tx, id Identity) ([]Found, error) {
	n, err := id.normal()
	if err != nil {
		return nil, err
	}
	return v.find(tx, n.kind, v.blind(n))
}

func (v *Vault) find(tx *store.Tx, kind string, blind []byte) (list []Found, err error) {
	list = []Found{}
	return list, v.findMany(tx, kind, [][]byte{blind}, func(_ []byte, f Found) { list = append(list, f) })
}

// findMany gives whom identities of one kind find, those of each in the order of Find.
func (v *Vault) findMany(tx *store.Tx, kind string, blinds [][]byte, each func(blind []byte, f Found)) error {
	marks, hashes := store.Among(blinds)
	args := append([]any{kind, indexVersion}, hashes...)
	return store.Each(tx, func(r *store.Rows) error {
		var f Found
		var s string
		var blind []byte
		if err := r.Scan(&blind, store.IntoID(&f.Subject), &s); err != nil {
			return err
		}
		f.Verified, f.Added = standing(s) == verified, standing(s) == added
		each(blind, f)
		return nil
	}, `SELECT blind, who, standing FROM (
			SELECT blind, subject AS who, CASE WHEN verified THEN 'verified' ELSE 'leading' END AS standing
				FROM vault_identities WHERE kind = ? AND index_version = ? AND blind IN (`+marks+`)
			UNION ALL SELECT b.blind, COALESCE((SELECT a.subject FROM vault_aliases a WHERE a.old = b.subject), b.subject), b.standing
				FROM vault_beside b WHERE b.kind = ? AND b.index_version = ? AND b.blind IN (`+marks+`)
		) AS held WHERE EXISTS (SELECT 1 FROM vault_subjects s WHERE s.id = who)
			OR EXISTS (SELECT 1 FROM vault_imported p JOIN vault_imports i ON i.id = p.import WHERE p.id = who AND i.flipped IS NOT NULL)
		ORDER BY CASE standing WHEN 'verified' THEN 0 WHEN 'leading' THEN 1 ELSE 2 END, who`, append(args, args...)...)
}

// Subject gives a subject by its id, or by one it had before it was joined with another.
func (v *Vault) Subject(tx *store.Tx, id avow.ID) (Subject, error) {
	var s Subject
	var kind string
	err := tx.QueryRow(`SELECT id, kind, made, EXISTS (SELECT 1 FROM vault_identities WHERE subject = s.id AND verified), `+left+`
		FROM vault_subjects s WHERE id = ? OR id = (SELECT subject FROM vault_aliases WHERE old = ?)`, id, id).
		Scan(store.IntoID(&s.ID), &kind, store.IntoTime(&s.Made), &s.Verified, &s.Left)
	if avow.KindOf(err) == avow.NotFound {
		return imported(tx, id, true)
	}
	if err != nil {
		return s, err
	}
	s.Kind, err = avow.ParseSubjectKind(kind)
	return s, err
}

// left tells of a subject s whether nothing finds them any more.
const left = `(NOT EXISTS (SELECT 1 FROM vault_identities WHERE subject = s.id) AND NOT EXISTS (SELECT 1 FROM vault_beside WHERE subject = s.id))`

// SetKind records whether the subject acts as an individual or for a business.
func (v *Vault) SetKind(tx *store.Tx, id avow.ID, kind avow.SubjectKind) error {
	s, err := v.Subject(tx, id)
	if err != nil || s.Kind == kind {
		return err
	}
	for _, table := range []string{"vault_subjects", "vault_imported"} {
		if _, err := tx.Exec("UPDATE "+table+" SET kind = ? WHERE id = ?", kind.String(), s.ID); err != nil {
			return err
		}
	}
	return nil
}

// Family gives all ids a person has had here, the present one first.
func (v *Vault) Family(tx *store.Tx, id avow.ID) ([]avow.ID, error) {
	s, err := v.Subject(tx, id)
	if err != nil {
		return nil, err
	}
	old, err := store.Collect(tx, scanID, "SELECT old FROM vault_aliases WHERE subject = ? ORDER BY old", s.ID)
	return append([]avow.ID{s.ID}, old...), err
}

func (v *Vault) familyOrStaged(tx *store.Tx, id avow.ID) ([]avow.ID, error) {
	family, err := v.Family(tx, id)
	if avow.KindOf(err) == avow.NotFound {
		s, err := v.Staged(tx, id)
		return []avow.ID{s.ID}, err
	}
	return family, err
}

func scanID(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }

// Identities gives what finds a subject, in the spelling that is kept: where to write to them.
func (v *Vault) Identities(tx *store.Tx, subject avow.ID) ([]Identity, error) {
	s, err := v.Subject(tx, subject)
	if err != nil {
		return nil, err
	}
	return v.identities(tx, s)
}

// StagedIdentities is Identities of somebody of an import, flipped or not, for whoever
// has the id that Stage returned.
func (v *Vault) StagedIdentities(tx *store.Tx, id avow.ID) ([]Identity, error) {
	s, err := v.present(tx, id)
	if err != nil {
		return nil, err
	}
	return v.identities(tx, s)
}

func (v *Vault) identities(tx *store.Tx, s Subject) ([]Identity, error) {
	held, err := identityRows(tx, s.ID)
	if err != nil {
		return nil, err
	}
	out := make([]Identity, 0, len(held))
	for _, h := range held {
		text, err := v.openIdentity(tx, s.ID, h)
		if err != nil {
			return nil, err
		}
		out = append(out, Identity{Kind: h.kind, Value: text, Verified: h.standing == verified})
	}
	return out, nil
}

// newSubject makes a subject with its key and its first identity.
func (v *Vault) newSubject(tx *store.Tx, n normal, blind []byte, verified bool) (avow.ID, error) {
	subject := avow.NewID(tx.Now())
	k, err := v.makeKey(tx, subject)
	if err != nil {
		return subject, err
	}
	sealed, err := v.seal(k, identityContext(subject, n.kind, blind), []byte(n.written))
	if err != nil {
		return subject, err
	}
	if err := makeSubject(tx, Subject{ID: subject, Made: tx.Now()}); err != nil {
		return subject, err
	}
	var at time.Time
	if verified {
		at = tx.Now()
	}
	_, err = tx.Exec(`INSERT INTO vault_identities (kind, index_version, blind, verified, subject, sealed, claimed_at, verified_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, n.kind, indexVersion, blind, verified, subject, sealed, tx.Now(), at)
	return subject, err
}

// held finds the subject that has an identity in one state, if anybody has.
func (v *Vault) held(tx *store.Tx, kind string, blind []byte, verified bool) (subject avow.ID, held bool, err error) {
	err = tx.QueryRow("SELECT subject FROM vault_identities WHERE kind = ? AND index_version = ? AND blind = ? AND verified = ?",
		kind, indexVersion, blind, verified).Scan(store.IntoID(&subject))
	if avow.KindOf(err) == avow.NotFound {
		return subject, false, nil
	}
	return subject, err == nil, err
}

// lockIdentity makes claims and verifications of one identity wait for each other, on all nodes.
func (v *Vault) lockIdentity(tx *store.Tx, n normal) ([]byte, error) {
	blind := v.blind(n)
	return blind, tx.Lock(identityLock, blind)
}

const identityLock = "vault identity"

func (v *Vault) blind(n normal) []byte { return mac(v.index, n.matched()) }

func identityContext(subject avow.ID, kind string, blind []byte) []byte {
	return parts([]byte("vault_identities"), subject[:], []byte(kind), blind)
}
