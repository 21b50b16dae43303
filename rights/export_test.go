package rights

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// EraseUpToKeys is an erasure that ends where a crash would end it.
func (d *Desk) EraseUpToKeys(tx *store.Tx, session string) error {
	_, err := d.erase(tx, session)
	return err
}

// MustKeep is what an erasure leaves of values that were given under one version.
func MustKeep(p *policy.Policy, kind avow.SubjectKind, values []vault.Value, now time.Time) ([]Kept, map[avow.ID][]string) {
	w := &words{kind: kind, policies: map[version]*policy.Policy{{p.Name, p.Number}: p}}
	return w.mustKeep(values, now)
}

// Fits checks a correction.
func Fits(p *policy.Policy, path, value string) (string, error) { return fits(p, path, value) }
