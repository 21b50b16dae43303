// Package proof holds everything an outsider needs to check what a log of ours
// says: the formats of its checkpoints, tiles, entries and receipts, and the verifier that reads them.
//
// What stays true: the formats are those of C2SP (signed-note, tlog-checkpoint,
// tlog-tiles, tlog-proof, tlog-cosignature), so that other people's tools read them;
// what was written is read back to the letter, and anything else is refused. A
// verifier says what it checked and no more: without a key that the caller trusts, nothing is "ok".
//
// What it never does: touch a database, know a subject, or hold a key of the log
// beyond the Signer handed one. Network and files are the verifier's alone.
package proof

import "golang.org/x/mod/sumdb/tlog"

// Bounds of what is read.
const (
	MaxCheckpoint = 64 << 10 // bytes of a signed checkpoint with all its cosignatures
	MaxReceipt    = 1 << 20  // bytes of a receipt
	MaxInclusion  = MaxCheckpoint + 8<<10

	maxOrigin = 255 // as a cosignature can carry
	maxHashes = 63  // in a proof of any tree
)

// Width is how many hashes or entries a full tile has.
const Width = 1 << tileHeight

const tileHeight = 8

// Hash is a hash of the tree: SHA-256, as RFC 6962 places it.
type Hash = tlog.Hash
