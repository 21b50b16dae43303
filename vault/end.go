package vault

import (
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Page gives at most limit values of all people behind an id, in the order of their ids,
// without opening any: Data is empty. Subject is the id each is kept under, which may be one
// of old.
func (v *Vault) Page(tx *store.Tx, after avow.ID, limit int) ([]Value, error) {
	return store.Collect(tx, func(r *store.Rows) (Value, error) {
		value, _, err := scanValue(r)
		return value, err
	}, `SELECT id, subject, category, field, source, point, policy, version, basis, purposes, claimed, limited, at, sealed
		FROM vault_values WHERE id > ? ORDER BY id LIMIT ?`, after[:], limit)
}

// Content opens one value.
func (v *Vault) Content(tx *store.Tx, id avow.ID) (value Value, err error) {
	list, err := store.Collect(tx, func(r *store.Rows) (x sealedValue, err error) {
		x.Value, x.sealed, err = scanValue(r)
		return x, err
	}, `SELECT id, subject, category, field, source, point, policy, version, basis, purposes, claimed, limited, at, sealed
		FROM vault_values WHERE id = ?`, id)
	if err == nil && len(list) == 0 {
		err = avow.Errorf(avow.NotFound, "there is no such value")
	}
	if err != nil {
		return value, err
	}
	plain, err := v.Open(tx, list[0].Subject, valueContext(list[0].Value), list[0].sealed)
	list[0].Data = string(plain)
	return list[0].Value, err
}

type sealedValue struct {
	Value
	sealed []byte
}

// End erases a value whose time is over, unless it was given again since it was read,
// which at tells. It reports whether it did.
func (v *Vault) End(tx *store.Tx, id avow.ID, at time.Time) (bool, error) {
	n, err := tx.Exec("DELETE FROM vault_values WHERE id = ? AND at = ?", id, at)
	return n > 0, err
}

// Limit leaves a value for some of its purposes alone (see KeepOnly), unless it was given
// again since it was read. It reports whether it did.
func (v *Vault) Limit(tx *store.Tx, id avow.ID, at time.Time, purposes []string) (bool, error) {
	n, err := tx.Exec("UPDATE vault_values SET purposes = ?, limited = ? WHERE id = ? AND at = ?", strings.Join(purposes, " "), true, id, at)
	return n > 0, err
}
