// Package collecttest gives a test a desk that forms come in at, with all it stands on: what
// consenttest gives, and mail that arrives in a mailbox.
//
// What stays true: everything is real, and what is opened again stands on the same files.
//
// What it never does: send anything out of the test.
package collecttest

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/consent/consenttest"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
)

// ConfirmPage is what the links begin with by which a consent is confirmed.
const ConfirmPage = consenttest.Base + "/confirm?t="

// House is a desk for forms and what it stands on. A test's own house embeds it.
type House struct {
	*consenttest.House
	Limits collect.Limits // of the desk, from when it is opened
	Box    *mail.Mailbox
	Out    *mail.Outbox
	Forms  *collect.Desk
}

// New is a house on an empty database, not opened yet, in which it is now.
func New(tb testing.TB, c store.Config, now time.Time) *House {
	tb.Helper()
	return On(tb, c, tb.TempDir(), now)
}

// On is a house on a database and a folder that may have been used before.
func On(tb testing.TB, c store.Config, dir string, now time.Time) *House {
	return &House{House: consenttest.On(tb, c, dir, now), Limits: collect.Limits{Burst: 1000, PointBurst: 1000}}
}

// Beside is another node on the same database, not opened yet, with the same clock.
func (h *House) Beside() *House { return &House{House: h.House.Beside(), Limits: h.Limits} }

// Key seals what the mailbox holds, and signs what a form shows.
func Key() []byte { return bytes.Repeat([]byte{9}, 32) }

// Open starts everything, as a program that starts does.
func (h *House) Open() {
	h.TB.Helper()
	h.House.Open()
	ctx := context.Background()
	_, err := h.Register.Load(ctx)
	h.Check(err)
	h.Check(mail.Migrate(ctx, h.DB))
	h.Box, err = mail.NewMailbox(h.DB, Key())
	h.Check(err)
	h.Out, err = mail.NewOutbox(h.DB, mail.Config{Key: Key(), From: mail.From{Name: "Quay", Address: "privacy@quay.example"}, Sender: h.Box})
	h.Check(err)
	h.Forms, err = collect.Open(ctx, collect.Config{DB: h.DB, Vault: h.Vault, Ledger: h.Ledger, Consent: h.Register, Outbox: h.Out, Clock: h.Config.Clock, Key: Key(),
		Confirm: ConfirmPage, Limits: h.Limits})
	h.Check(err)
}

// Submission is what a form sends: fields, each followed by its value.
func Submission(point string, fields ...string) collect.Submission {
	s := collect.Submission{Policy: "site", Point: point, Fields: map[string]string{}}
	for i := 0; i < len(fields); i += 2 {
		s.Fields[fields[i]] = fields[i+1]
	}
	return s
}

// Submit has a form come in.
func (h *House) Submit(s collect.Submission) collect.Result {
	h.TB.Helper()
	r, err := h.Forms.Accept(context.Background(), s)
	h.Check(err)
	return r
}

// Letters delivers what waits and lists an address's letters, the newest first.
func (h *House) Letters(address string) []mail.Opened {
	h.TB.Helper()
	_, err := h.Out.Deliver(context.Background())
	h.Check(err)
	list, err := h.Box.List(context.Background(), address, 100)
	h.Check(err)
	return list
}

// Token is what stands behind the address of a page in a letter; empty when it has no link there.
func Token(text, page string) string {
	_, rest, _ := strings.Cut(text, page)
	token, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(token)
}
