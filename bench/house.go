package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// house is the rooms that keep records, over a directory laid out as `avow serve` has it.
type house struct {
	db      *store.DB
	vault   *vault.Vault
	ledger  *ledger.Ledger
	consent *consent.Register
}

func dataOf(dir string) string { return filepath.Join(dir, "data") }

func keysOf(dir string) string { return filepath.Join(dir, "keys") }

// openHouse opens the rooms on SQLite in the directory, or on a PostgreSQL server.
func openHouse(ctx context.Context, dir, dsn string) (*house, error) {
	c := store.Config{DSN: dsn}
	if dsn == "" {
		c.Path = filepath.Join(dataOf(dir), "avow.db")
	}
	var h house
	err := h.open(ctx, dir, c)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return &h, nil
}

func (h *house) open(ctx context.Context, dir string, c store.Config) (err error) {
	if h.db, err = store.Open(ctx, c); err != nil {
		return err
	}
	h.vault, err = vault.Open(ctx, h.db, vault.Config{OrganisationKey: filepath.Join(keysOf(dir), "organisation.json"), Keys: filepath.Join(dataOf(dir), "keys.db")})
	if err != nil {
		return err
	}
	if err := h.openLog(ctx, dir); err != nil {
		return err
	}
	h.consent, err = consent.Open(ctx, consent.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Base: "https://quay.example"})
	return err
}

func (h *house) openLog(ctx context.Context, dir string) (err error) {
	h.ledger, err = ledger.Open(ctx, h.db, h.vault, ledger.Config{Outside: filepath.Join(keysOf(dir), "checkpoint")})
	return err
}

func (h *house) close() error {
	var errs []error
	if h.ledger != nil {
		errs = append(errs, h.ledger.Close())
	}
	if h.vault != nil {
		errs = append(errs, h.vault.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	return errors.Join(errs...)
}

const points = 256 // forms of the policy; see post.go for why there are so many

// sitePolicy is what people consent to here. One act is enough for the panel; the
// newsletter is confirmed by a letter.
func sitePolicy() []byte {
	var b strings.Builder
	b.WriteString(`avow: v1
policy: site
title: Privacy policy
effective: 2026-01-01
changes: {apply-to: new-data}
organisation:
  name: Quay
  contact: {email: privacy@quay.example, post: "1 Quay Street, London"}
data:
  contact: {title: Contact details, fields: [name, email], identifies: [email]}
sources:
  you: {title: You, ways: [forms], yields: [contact]}
purpose-groups:
  telling:
    title: What we tell you
    purposes:
      newsletter: {title: Our newsletter, because: You asked for it., basis: consent, uses: [contact], direct-marketing: yes, topic: news}
      panel: {title: Our panel, because: You chose to take part., basis: consent, uses: [contact]}
consents:
  newsletter: {asks: "Yes, send me the newsletter.", lasts-for: 2 years}
  panel: {confirm: none, asks: "Yes, ask me."}
retention:
  contact: {until: 24 months after collection, then: erase}
regimes: [gdpr, uk-gdpr]
collect:
`)
	for i := range points {
		fmt.Fprintf(&b, "  %s: {title: Form %d, source: you, needs: contact.email, may-have: contact.name, for: panel, consent: [panel, newsletter]}\n", pointName(i), i)
	}
	return []byte(b.String())
}

func pointName(i int) string { return fmt.Sprintf("form-%d", i%points) }

func address(i int) string { return fmt.Sprintf("person-%d@mail.example", i) }

// settle publishes the policy and makes people with two values each.
func (h *house) settle(ctx context.Context, people int) (ids []avow.ID, err error) {
	if _, err := h.consent.Publish(ctx, "site.yaml", sitePolicy()); err != nil {
		return nil, err
	}
	const chunk = 256
	for len(ids) < people {
		var more []avow.ID
		err := h.db.Write(ctx, func(tx *store.Tx) (err error) {
			more, err = h.newcomers(tx, len(ids), min(people, len(ids)+chunk))
			return err
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

func (h *house) newcomers(tx *store.Tx, from, to int) (ids []avow.ID, err error) {
	for i := from; i < to; i++ {
		v, err := h.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: address(i)})
		if err != nil {
			return nil, err
		}
		ids = append(ids, v.Subject)
		for field, data := range map[string]string{"email": address(i), "name": "Somebody"} {
			_, err := h.vault.Put(tx, vault.Value{Subject: v.Subject, Category: "contact", Field: field, Source: "you", Point: pointName(0),
				Policy: "site", Version: 1, Basis: avow.Consent, Purposes: []string{"newsletter"}, Data: data})
			if err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}
