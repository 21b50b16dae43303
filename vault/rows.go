package vault

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// standing is what an identity of a subject is worth.
type standing string

const (
	verified standing = "verified" // its holder showed to have it, or the source of an import did
	leading  standing = "leading"  // claimed: whoever verifies it is the subject
	added    standing = "added"    // claimed beside another: it finds the subject, and opens nothing
)

// identityRow is an identity of a subject as it is kept.
type identityRow struct {
	normal
	blind, sealed []byte
	standing      standing
}

// identityRows gives the identities of one subject, those that open first, unopened:
// of the normal form only the kind is there.
func identityRows(tx *store.Tx, subject avow.ID) ([]identityRow, error) {
	return store.Collect(tx, func(r *store.Rows) (h identityRow, err error) {
		var s string
		err = r.Scan(&h.kind, &h.blind, &s, &h.sealed)
		h.standing = standing(s)
		return h, err
	}, `SELECT kind, blind, standing, sealed FROM (
			SELECT kind, blind, CASE WHEN verified THEN 'verified' ELSE 'leading' END AS standing, sealed, claimed_at AS at
				FROM vault_identities WHERE subject = ? AND index_version = ?
			UNION ALL SELECT kind, blind, standing, sealed, at FROM vault_beside WHERE subject = ? AND index_version = ?
		) AS held ORDER BY CASE standing WHEN 'verified' THEN 0 WHEN 'leading' THEN 1 ELSE 2 END, at, kind, blind`,
		subject, indexVersion, subject, indexVersion)
}

// open opens how an identity is written.
func (v *Vault) openIdentity(tx *store.Tx, subject avow.ID, h identityRow) (string, error) {
	plain, err := v.Open(tx, subject, identityContext(subject, h.kind, h.blind), h.sealed)
	return string(plain), err
}

// rows are inserted many in a statement.
type rows struct {
	table, columns string
	args           []any
}

func (r *rows) add(args ...any) { r.args = append(r.args, args...) }

func (r *rows) insert(tx *store.Tx) error { return tx.Insert(r.table, r.columns, r.args) }
