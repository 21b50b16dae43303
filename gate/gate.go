// Package gate answers one question: may this be done with this person's data?
//
// It compiles the versions of a policy into bit tables, keeps the state of every
// subject in one flat table, and answers with a look-up and a handful of ANDs.
//
// What stays true: the default is no, and missing evidence is no; every answer
// names the sentence of the policy it rests on; Decide allocates nothing, does no
// I/O and waits for no writer; the same versions, state and request give the same
// answer on every machine, for any date.
//
// What it never does: SQL, network, asking for the time, or writing its own
// table: the consent room alone calls Set and Delete.
package gate

import "time"

// Options bound a gate. The zero value is the default.
type Options struct {
	// Staleness is how long after reading the ledger's head the view counts as
	// fresh. Zero is one second.
	Staleness time.Duration
	// MaxProfiles bounds how many different kinds of subjects are held; a
	// subject past it is not cached. Zero is 65,536.
	MaxProfiles int
}
