package rights

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
	"golang.org/x/text/unicode/norm"
)

// Correct puts the person's own words in the place of what a field had (gdpr:16).
// The field is written `contact.name` and must be held; where its values came from and what they
// were collected for stays as it was. An address or number that finds the person is
// Refused: it changes by showing that one holds the new one. So is what is kept in a form
// that nobody reads.
func (d *Desk) Correct(ctx context.Context, session, path, value string) error {
	value, err := clean(path, value)
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		subject, err := d.act(tx, session)
		if err != nil {
			return err
		}
		held, err := d.heldIn(tx, subject, path)
		if err != nil {
			return err
		}
		last := held[len(held)-1]
		text := value
		if p := d.words(0).policy(last.Policy, last.Version); p != nil {
			if text, err = fits(p, path, value); err != nil {
				return err
			}
		}
		for _, v := range held {
			if err := d.Vault.Amend(tx, subject, v.ID, text); err != nil {
				return err
			}
		}
		receipt, err := d.record(tx, ledger.Event{Type: ledger.Corrected, Subject: subject, Policy: last.Policy, Version: last.Version},
			note{Fields: []string{path}, Values: len(held)})
		if err != nil {
			return err
		}
		return d.Register.Renew(tx, subject, receipt)
	})
}

// heldIn is the values of a field, the newest last.
func (d *Desk) heldIn(tx *store.Tx, subject avow.ID, path string) ([]vault.Value, error) {
	values, err := d.Vault.Holdings(tx, subject)
	if err != nil {
		return nil, err
	}
	var held []vault.Value
	for _, v := range values {
		if v.Category+"."+v.Field == path {
			held = append(held, v)
		}
	}
	if len(held) == 0 {
		return nil, avow.FieldErrorf(clip(path), "is not held about you, so there is nothing to correct")
	}
	return held, nil
}

// clean is what every text goes through.
func clean(path, value string) (string, error) {
	value = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(value, "\r\n", "\n")))
	switch {
	case value == "":
		return "", avow.FieldErrorf(clip(path), "is empty; type what is right, or ask for it to be erased")
	case utf8.RuneCountInString(value) > 2000:
		return "", avow.FieldErrorf(clip(path), "has at most 2,000 characters; shorten it")
	case strings.ContainsFunc(value, func(r rune) bool {
		return r == unicode.ReplacementChar || unicode.IsControl(r) && r != '\n' && r != '\t'
	}):
		return "", avow.FieldErrorf(clip(path), "has characters that cannot be read; type it again")
	}
	return value, nil
}

// fits checks a text by what its field is, and gives it as it is kept.
func fits(p *policy.Policy, path, value string) (string, error) {
	i, ok := p.Field(path)
	if !ok {
		return value, nil
	}
	f := p.Fields[i]
	switch {
	case f.Identifies:
		return "", avow.Errorf(avow.Refused, "%s finds you, so it changes when you show that you hold the new one: add the new one to your addresses, and use the link that is sent to it", path)
	case f.KeptAs != "":
		return "", avow.Errorf(avow.Refused, "%s is kept as %s, which nobody can put right; it can be erased", path, f.KeptAs)
	case f.Name == vault.Email || f.Name == vault.Phone:
		id, err := vault.Identity{Kind: f.Name, Value: value}.Normal()
		if err != nil {
			return "", avow.FieldErrorf(path, "%s", strings.TrimPrefix(avow.MessageOf(err), f.Name+": "))
		}
		return id.Value, nil
	}
	return value, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
