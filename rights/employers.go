package rights

import (
	"context"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

const (
	theEmployer     = "employer"
	employeesAtMost = 1000
)

// CorrectEmployer puts the person's own words in the place of whom they are held to act
// for (gdpr:16); an empty name says that they act for nobody, or that it is not to be known. Invalid
// when no employer is held.
func (d *Desk) CorrectEmployer(ctx context.Context, session, name string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		subject, err := d.hold(tx, session)
		if err != nil {
			return err
		}
		held, err := d.Vault.Employer(tx, subject)
		if err != nil {
			return err
		}
		if held == "" {
			return avow.FieldErrorf(theEmployer, "is not held about you, so there is nothing to correct")
		}
		if err := d.Vault.SetEmployer(tx, subject, name); err != nil {
			return err
		}
		receipt, err := d.record(tx, ledger.Event{Type: ledger.Corrected, Subject: subject}, note{Fields: []string{theEmployer}, Values: 1})
		if err != nil {
			return err
		}
		return d.Register.Renew(tx, subject, receipt)
	})
}

// Employees has staff find who acts for an employer: ids, and nothing else of them. That
// staff looked is an event of each of these people, and stands in their history; because is a reference to
// why, such as the number of a ticket. TooLarge beyond 1,000 people: then nobody was looked at.
func (d *Desk) Employees(ctx context.Context, employer, by, because string) ([]avow.ID, error) {
	if err := stated(by, because); err != nil {
		return nil, err
	}
	if strings.TrimSpace(employer) == "" {
		return nil, avow.FieldErrorf(theEmployer, "is empty; name the employer")
	}
	var ids []avow.ID
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if ids, err = d.Vault.Employees(tx, employer); err != nil {
			return err
		}
		if len(ids) > employeesAtMost {
			return avow.Errorf(avow.TooLarge, "more than %d people act for this employer; they cannot be listed here", employeesAtMost)
		}
		for _, id := range ids {
			if _, err := d.record(tx, ledger.Event{Type: ledger.LookedAt, Subject: id},
				note{Request: "employees", Fields: []string{theEmployer}, Way: "staff", By: by, Evidence: because}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}
