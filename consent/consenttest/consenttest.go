// Package consenttest gives a test a register of what people said, with all it stands on: a
// database of its own, a vault, a ledger, and a clock that the test turns.
//
// What stays true: everything is real, and what is opened again stands on the same files.
//
// What it never does: know a policy. The test publishes what it is about.
package consenttest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// Base is the address the notices stand at.
const Base = "https://quay.example"

// bg, and no context of the test's: what is opened outlives it until the test has cleaned up.
var bg = context.Background()

// House is a register and what it stands on. A test's own house embeds it and adds its desk.
type House struct {
	TB       testing.TB
	Config   store.Config
	Dir      string // of the organisation's key and, on SQLite, the people's keys
	DB       *store.DB
	Vault    *vault.Vault
	Ledger   *ledger.Ledger
	Register *consent.Register

	time *hand
}

// hand is the hand of a clock.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

// New is a house on an empty database, not opened yet, in which it is now.
func New(tb testing.TB, c store.Config, now time.Time) *House {
	tb.Helper()
	return On(tb, c, tb.TempDir(), now)
}

// On is a house on a database and a folder that may have been used before.
func On(tb testing.TB, c store.Config, dir string, now time.Time) *House {
	h := &House{TB: tb, Config: c, Dir: dir, time: &hand{now: now}}
	h.Config.Clock = h.Clock
	return h
}

// Beside is another node on the same database, not opened yet, with the same clock.
func (h *House) Beside() *House {
	return &House{TB: h.TB, Config: h.Config, Dir: h.Dir, time: h.time}
}

// Open starts everything, as a program that starts does.
func (h *House) Open() {
	h.TB.Helper()
	h.DB = storetest.OpenConfig(h.TB, h.Config)
	var err error
	h.Vault, err = vault.Open(bg, h.DB, vault.Config{OrganisationKey: filepath.Join(h.Dir, "organisation.key"), Keys: filepath.Join(h.Dir, "keys.db"), Clock: h.Config.Clock})
	h.Check(err)
	h.TB.Cleanup(func() { h.Vault.Close() })
	h.Ledger, err = ledger.Open(bg, h.DB, h.Vault, ledger.Config{})
	h.Check(err)
	h.Register, err = consent.Open(bg, consent.Config{DB: h.DB, Vault: h.Vault, Ledger: h.Ledger, Base: Base + "/"})
	h.Check(err)
}

// Close ends everything without a word to anybody: nothing that waits is done.
func (h *House) Close() {
	h.TB.Helper()
	h.Check(h.Vault.Close())
	h.Check(h.DB.Close())
}

// Clock is what the rooms ask for the time.
func (h *House) Clock() time.Time {
	h.time.mu.Lock()
	defer h.time.mu.Unlock()
	return h.time.now
}

// Pass lets time pass.
func (h *House) Pass(d time.Duration) {
	h.time.mu.Lock()
	defer h.time.mu.Unlock()
	h.time.now = h.time.now.Add(d)
}

// Check ends the test at an error.
func (h *House) Check(err error) {
	h.TB.Helper()
	if err != nil {
		h.TB.Fatal(err)
	}
}

// Publish publishes a file as the next version of its policy.
func (h *House) Publish(file string) *policy.Policy {
	h.TB.Helper()
	src, err := os.ReadFile(file)
	h.Check(err)
	v, err := h.Register.Publish(bg, filepath.Base(file), src)
	h.Check(err)
	return v.Policy
}

// Found is whom an e-mail address finds.
func (h *House) Found(address string) []vault.Found {
	h.TB.Helper()
	list, err := h.Register.Find(bg, vault.Identity{Kind: vault.Email, Value: address})
	h.Check(err)
	return list
}
