package vault

import (
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Amend puts other data in the place of one value (gdpr:16). Where it came from and
// what it was collected for stays as it was. NotFound when the subject has no such value.
func (v *Vault) Amend(tx *store.Tx, subject, id avow.ID, data string) error {
	if len(data) > maxData {
		return avow.Errorf(avow.TooLarge, "this is longer than 64 KiB")
	}
	values, err := v.Holdings(tx, subject)
	if err != nil {
		return err
	}
	for _, value := range values {
		if value.ID == id {
			return v.amend(tx, value, data)
		}
	}
	return avow.Errorf(avow.NotFound, "nothing like this is held about you")
}

func (v *Vault) amend(tx *store.Tx, value Value, data string) error {
	k, err := v.key(tx, value.Subject)
	if err != nil {
		return err
	}
	sealed, err := v.seal(k, valueContext(value), []byte(data))
	if err != nil {
		return err
	}
	value.Data = data
	_, err = tx.Exec("UPDATE vault_values SET same = ?, sealed = ? WHERE id = ?", k.sameValue(value), sealed, value.ID)
	return err
}

// KeepOnly erases all values of a subject but those named by their ids, limits these
// to the purposes given with them, and ends the subject's links. It returns how many
// values were erased. Nobody is destroyed by it: see Shred.
func (v *Vault) KeepOnly(tx *store.Tx, subject avow.ID, keep map[avow.ID][]string) (erased int, err error) {
	values, err := v.Holdings(tx, subject)
	if err != nil {
		return 0, err
	}
	for _, value := range values {
		purposes, stays := keep[value.ID]
		if stays {
			_, err = tx.Exec("UPDATE vault_values SET purposes = ?, limited = ? WHERE id = ?", strings.Join(purposes, " "), true, value.ID)
		} else {
			erased++
			_, err = tx.Exec("DELETE FROM vault_values WHERE id = ?", value.ID)
		}
		if err != nil {
			return 0, err
		}
	}
	family, err := v.Family(tx, subject)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec("DELETE FROM vault_links WHERE subject IN ("+store.Marks(len(family))+")", list(family)...)
	return erased, err
}
