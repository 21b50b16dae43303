package gate

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Request is one question: may this be done with these data about this person?
// Start from About or Visiting, which set what has no meaningful zero.
type Request struct {
	Subject avow.ID
	// Visitor says that nobody stored is meant: somebody at the door, of whom
	// only Kind and Region are known. What is asked about counts as collected now.
	Visitor bool
	Kind    avow.SubjectKind // of a visitor
	Region  avow.Region      // of a visitor

	Purpose int
	Data    policy.FieldSet // exactly these: each must be held
	Whole   policy.FieldSet // whatever of these is held: a category asked for as a whole
	Act     avow.Act

	Recipient int // -1: it stays in the house
	Role      int // the staff role that asks; -1: the controller's own system
	// Place is where the data will be: of the staff asking, or of the recipient.
	// Empty: wherever the policy says they are.
	Place   avow.Region
	Event   bool // the event a disclosure needs has happened: somebody answers for saying so
	Signals avow.Signals
	// Cookie is what is stored or read on a device (eprivacy:5(3)): an index in
	// the Cookies of the version in force at At; -1 nothing. With a cookie,
	// Purpose may be -1, which is the cookie's own, and no data need be named.
	Cookie int
	At     time.Time
}

// About starts a request about a stored subject: a use by the controller's own system.
func About(subject avow.ID, purpose int, at time.Time) Request {
	return Request{Subject: subject, Purpose: purpose, Recipient: -1, Role: -1, Cookie: -1, At: at}
}

// Visiting starts a request about a visitor.
func Visiting(kind avow.SubjectKind, region avow.Region, purpose int, at time.Time) Request {
	return Request{Visitor: true, Kind: kind, Region: region, Purpose: purpose, Recipient: -1, Role: -1, Cookie: -1, At: at}
}
