package ledger

import "github.com/avowhq/avow/ledger/proof"

// What an outsider reads too is in package proof; here it goes by the same names.
type (
	Leaf           = proof.Leaf
	Receipt        = proof.Receipt
	Proof          = proof.Proof
	ConsentRecord  = proof.ConsentRecord
	ConsentPurpose = proof.ConsentPurpose
	Party          = proof.Party
	// Type says what kind of thing happened. A type is part of the leaf, so it is never renamed.
	Type = proof.Type
)

// Schemas of what a person is given.
const (
	SchemaRecord  = proof.SchemaRecord
	SchemaReceipt = proof.SchemaReceipt
)

const (
	// What the organisation says.
	NoticePublished Type = "notice-published" // a policy version came into being

	// What a person gave and decided.
	Collected           Type = "collected"
	ConsentGiven        Type = "consent-given"
	ConsentConfirmed    Type = "consent-confirmed"
	ConsentWithdrawn    Type = "consent-withdrawn"
	ConsentRefused      Type = "consent-refused"
	Objected            Type = "objected"
	ObjectionOverridden Type = "objection-overridden" // gdpr:21(1): compelling grounds were shown
	ObjectionEnded      Type = "objection-ended"      // the person allows it again
	Restricted          Type = "restricted"           // gdpr:18
	Unrestricted        Type = "unrestricted"
	SignalSeen          Type = "signal-seen" // DNT or GPC, of a person who is known

	// What came from elsewhere.
	Imported        Type = "imported"         // of one person: taken from a file, by a source the policy declares
	ImportFlipped   Type = "import-flipped"   // from here on all of a file is true
	ImportDiscarded Type = "import-discarded" // none of it ever was
	Told            Type = "told"             // gdpr:14: that and whence we have their data

	// Who they are.
	LinkSent         Type = "link-sent"
	IdentityVerified Type = "identity-verified"
	Joined           Type = "joined" // two subjects were shown to be one person

	// What was done about a request of theirs.
	RequestMade     Type = "request-made"
	RequestAnswered Type = "request-answered"
	RequestRefused  Type = "request-refused"
	CopyHandedOver  Type = "copy-handed-over" // gdpr:15, gdpr:20
	Corrected       Type = "corrected"        // gdpr:16
	Erased          Type = "erased"           // gdpr:17
	Expired         Type = "expired"          // by the retention schedule

	// What was done with their data.
	Used           Type = "used"
	UsedOnce       Type = "used-once" // and gone
	Sent           Type = "sent"
	Disclosed      Type = "disclosed"
	RecipientsTold Type = "recipients-told" // gdpr:19
	LookedAt       Type = "looked-at"       // by staff

	// What happened to the log.
	LogRestored Type = "log-restored" // it goes on under a new name, from where a backup ended
)
