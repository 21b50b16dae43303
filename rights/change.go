package rights

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
	"golang.org/x/text/unicode/norm"
)

// changeBody is what an event of a change says: names and counts.
type changeBody struct {
	Fields     []string `json:"fields,omitempty"`
	Values     int      `json:"values,omitempty"`
	Identities int      `json:"identities,omitempty"`
	Kept       []Kept   `json:"kept,omitempty"`
	Suppressed bool     `json:"suppressed,omitempty"`
	By         string   `json:"by"`
}

// Correct puts one value in the place of what a field had (gdpr:16). The field is
// written `contact.name` and must be held. An address or number that finds the person is
// Refused: it changes by showing that one holds the new one.
func (d *Desk) Correct(ctx context.Context, session, path, value string) error {
	value, err := clean(path, value)
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		subject, err := d.who(tx, session)
		if err != nil {
			return err
		}
		old, err := d.latest(tx, subject, path)
		if err != nil {
			return err
		}
		p, err := d.Register.Version(old.Policy, old.Version)
		if err != nil {
			return err
		}
		if i, ok := p.Field(path); ok && p.Fields[i].Identifies {
			return avow.Errorf(avow.Refused, "%s finds you, so it changes when you show that you hold the new one: give the new one on a form, and use the link that is sent to it", path)
		}
		old.ID, old.Data, old.At = avow.ID{}, value, tx.Now()
		if _, err := d.Vault.Correct(tx, old); err != nil {
			return err
		}
		return d.changed(tx, subject, ledger.Event{Type: ledger.Corrected, Policy: old.Policy, Version: old.Version}, changeBody{Fields: []string{path}, By: "the person"})
	})
}

func (d *Desk) changed(tx *store.Tx, subject avow.ID, e ledger.Event, b changeBody) error {
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	e.Subject, e.Body = subject, body
	receipt, err := d.Ledger.Append(tx, e)
	if err != nil {
		return err
	}
	return d.Register.Renew(tx, subject, receipt)
}

// latest is the newest value of a field.
func (d *Desk) latest(tx *store.Tx, subject avow.ID, path string) (vault.Value, error) {
	values, err := d.Vault.Holdings(tx, subject)
	if err != nil {
		return vault.Value{}, err
	}
	var found *vault.Value
	for i := range values {
		if v := &values[i]; v.Category+"."+v.Field == path && (found == nil || !v.At.Before(found.At)) {
			found = v
		}
	}
	if found == nil {
		return vault.Value{}, avow.FieldErrorf(clip(path), "is not held about you, so there is nothing to correct")
	}
	return *found, nil
}

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

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
