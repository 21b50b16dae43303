package rights

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// What a request does here whose asker was shown to be the person, without a visit. Its
// own room has checked that, and tells the person what came of it.

// VerifyFor records that a request showed somebody to hold an identity. It gives whose it
// is, and the zero ID where nobody here is known by it: nobody is taken down for having asked.
func (d *Desk) VerifyFor(tx *store.Tx, id vault.Identity) (avow.ID, error) {
	found, err := d.Vault.Find(tx, id)
	if err != nil || len(vault.Holders(found)) == 0 {
		return avow.ID{}, err
	}
	subject, err := d.verify(tx, id)
	if err != nil {
		return subject, err
	}
	receipt, err := d.record(tx, ledger.Event{Type: ledger.IdentityVerified, Subject: subject}, note{Way: "request"})
	if err != nil {
		return subject, err
	}
	return subject, d.Register.Renew(tx, subject, receipt)
}

// EraseFor is the transaction of Erase for a request, without a letter: what is held goes, and what
// must be kept stays. FinishFor, or Resume, does the rest. The caller remembers in the same transaction that it
// was done. The zero Erasure answers for somebody who is not there any more.
func (d *Desk) EraseFor(tx *store.Tx, subject, request avow.ID) (Erasure, error) {
	if err := tx.Lock("rights subject", subject[:]); err != nil {
		return Erasure{}, err
	}
	who, err := d.Vault.Subject(tx, subject)
	if avow.KindOf(err) == avow.NotFound {
		return Erasure{Fields: []string{}}, nil
	}
	if err != nil {
		return Erasure{}, err
	}
	return d.eraseWho(tx, forRequest(request), who, nil)
}

// FinishFor destroys the keys after EraseFor. Doing it again is safe.
func (d *Desk) FinishFor(ctx context.Context, request avow.ID) error {
	err := d.finish(ctx, hashOf(forRequest(request)))
	if avow.KindOf(err) == avow.NotFound {
		return nil // Resume was here, or nothing was held
	}
	return err
}

// forRequest stands where the token of a visit does. No cookie can read so.
func forRequest(request avow.ID) string { return "\x00request " + request.String() }

// CorrectFor puts right what a request says of a field (`contact.name`), where it is
// held, and gives how many values changed; with from, only those that are it. Of an identity the new one must have
// been shown to be theirs.
func (d *Desk) CorrectFor(tx *store.Tx, subject avow.ID, path, from, to string) (int, error) {
	who, err := d.Vault.Subject(tx, subject)
	if avow.KindOf(err) == avow.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if to, err = clean(path, to); err != nil {
		return 0, err
	}
	values, err := d.Vault.Values(tx, who.ID)
	if err != nil {
		return 0, err
	}
	values = slices.DeleteFunc(values, func(v vault.Value) bool {
		return v.Category+"."+v.Field != path || from != "" && !strings.EqualFold(v.Data, from) || v.Data == to
	})
	if len(values) == 0 {
		return 0, d.newAddress(tx, who.ID, path, from, to)
	}
	for _, v := range values {
		if err := d.Vault.Amend(tx, who.ID, v.ID, to); err != nil {
			return 0, err
		}
	}
	last := values[len(values)-1]
	receipt, err := d.record(tx, ledger.Event{Type: ledger.Corrected, Subject: who.ID, Policy: last.Policy, Version: last.Version},
		note{Fields: []string{path}, Values: len(values), Way: "request"})
	if err != nil {
		return 0, err
	}
	if err := d.Register.Renew(tx, who.ID, receipt); err != nil {
		return 0, err
	}
	return len(values), d.newAddress(tx, who.ID, path, from, to)
}

// newAddress has a person found by a new address in the place of an old one.
func (d *Desk) newAddress(tx *store.Tx, subject avow.ID, path, from, to string) error {
	_, kind, _ := strings.Cut(path, ".")
	if kind != vault.Email && kind != vault.Phone {
		return nil
	}
	held, err := d.Vault.Identities(tx, subject)
	if err != nil {
		return err
	}
	id := vault.Identity{Kind: kind, Value: to}
	if i := slices.IndexFunc(held, alike(id)); i < 0 || !held[i].Verified {
		if err := d.verifyAs(tx, subject, id); err != nil {
			return err
		}
	}
	old := vault.Identity{Kind: kind, Value: from}
	if from == "" || !slices.ContainsFunc(held, alike(old)) || alike(id)(old) {
		return nil
	}
	_, err = d.Vault.RemoveIdentity(tx, subject, old)
	return err
}

// PutFor puts everything held here of somebody into the package of a request, in a
// folder of it; nothing of somebody who is not there any more. The caller records that it was handed over.
func (d *Desk) PutFor(ctx context.Context, subject avow.ID, folder string, a *pack.Archive) error {
	return d.putFor(ctx, subject, folder, a, d.put)
}

// PutPortableFor is PutFor for what they may take elsewhere (gdpr:20(1)).
func (d *Desk) PutPortableFor(ctx context.Context, subject avow.ID, folder string, a *pack.Archive) error {
	return d.putFor(ctx, subject, folder, a, d.putPortable)
}

func (d *Desk) putFor(ctx context.Context, subject avow.ID, folder string, a *pack.Archive, put func(Record, string, *pack.Archive) error) error {
	rec, err := d.read(ctx, subject, 0)
	if avow.KindOf(err) == avow.Unauthorized { // erased since
		return nil
	}
	if err != nil {
		return err
	}
	return put(rec, folder, a)
}
