package rights

import "github.com/avowhq/avow/store"

// EraseUpToKeys is an erasure that ends where a crash would end it.
func (d *Desk) EraseUpToKeys(tx *store.Tx, session string) error {
	_, err := d.erase(tx, session)
	return err
}
