// Package plan says what becomes of the rows that find captured, and does it: erasing
// a person, correcting what is wrong, restricting, ending what was kept long enough.
//
// A plan is made before anything is changed. It holds which rows, by their keys, get
// which treatment; what stays, why and until when; and what a system would refuse (a
// foreign key, a column that may not be empty, a missing grant, a trigger) with what is
// done instead. It can be shown without a value of anybody, sealed, and run later by
// somebody else: nothing but the plan and the system is needed.
//
// What stays true: a row that is not the person's, or that only mentions them, is never
// changed, neither by a change nor by what the system would do because of one. Every
// change names its rows by their keys and holds only while what ties the row to the
// person is as it was captured. Each system's part is one step, done whole or not at
// all where the system can do that, and doing it again changes nothing more. Masks come
// from the case's key and the row's, so that they are the same every time.
//
// What it never does: find rows, keep a plan, decide that a request is granted, log.
package plan

import (
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Work is what a plan is for.
type Work string

// What a plan may be for.
const (
	Erasure       Work = "erase"      // gdpr:17
	Rectification Work = "rectify"    // gdpr:16
	Restriction   Work = "restrict"   // gdpr:18
	Lifting       Work = "unrestrict" // gdpr:18(3)
	Objection     Work = "object"     // gdpr:21
	Stopping      Work = "stop"       // ccpa:1798.120
	Expiry        Work = "expire"     // gdpr:5(1)(e)
)

// Action is what becomes of some columns of a row, or of the row.
type Action string

// The actions.
const (
	Read   Action = "read"   // it is looked at and left
	Delete Action = "delete" // the row goes
	Clear  Action = "clear"  // the columns are emptied
	Mask   Action = "mask"   // other values take their place
	Keep   Action = "keep"   // they stay, for a reason
	Untie  Action = "untie"  // what ties the row to the person, or to a row that goes, is emptied
	Update Action = "update" // they get the value that is asked for
	Task   Action = "task"   // somebody does it by hand
)

// Plan is what becomes of everything that was found.
type Plan struct {
	For     Work
	At      time.Time
	Systems []*SystemPlan // in the order in which they are run

	options Options // what it was made with; the case's key only as seed
}

// SystemPlan is the part of one system. Run needs nothing else.
type SystemPlan struct {
	System string
	Away   string   // why it could not be looked into; nothing is planned then
	Groups []*Group // in the order in which they are run

	seed [32]byte // what masks are made from
}

// Group is rows of one table that get the same treatment.
type Group struct {
	Table string
	Key   []string // the columns that name a row; none where nothing does
	Rows  int
	Lines []Line
	Owned bool // the rows are the person's own

	because string             // why it happens, where a line does not say so itself
	change  connect.ChangeKind // empty: they are left as they are
	silent  bool               // follows up on another group of the same rows and is not counted
	keys    packed
	sets    []set
	guards  []guard
	bound   []boundForm
	byGuard bool // nearly all rows that have a value of the first guard are these
	when    *connect.Cond
	unless  []connect.Exists
	element []connect.In
	while   *while // what must hold beside; of an expiry, until it is planned
}

// Line says what becomes of some columns of the rows of a group.
type Line struct {
	Columns []string // the action's; of a row that goes those the map declares
	Action  Action
	How     string // Mask: the way
	Reason  string
	Until   string // Keep: a day, or what ends it
	Refused string // what was asked for and cannot be, and why
	Instead string // what is done in its place

	days []int32 // Until of each row, in days since 1970-01-01; 0 where it is not known
}

// set is what one column of the rows of a group is to hold.
type set struct {
	column string
	to     any    // for all rows
	each   packed // or for each, as one value
	mask   *mask  // or made from the seed and the row's key
}

// guard holds for a row whose columns have, together, one of the values.
type guard struct {
	columns []string
	values  packed
}

// Options is what a plan is made with.
type Options struct {
	// CaseKey is a secret of the case, at least 16 bytes. Whoever has it can make the
	// same masks again.
	CaseKey []byte
	Now     time.Time
	Holds   []Hold
	Objects bool // of a Lifting: an objection of the person's stands, and what marks it stays
	// Done is a plan of the same work for the same people that was run before this one is made. What it did may
	// have been the only way to its rows: those stay in this plan as they were planned.
	Done *Plan

	seed   [32]byte
	before *Plan // that is made anew
}

// Hold keeps what would be erased, of one of the people.
type Hold struct {
	Person  int       // index of the people that were found
	Because string    // said to the person: a claim, a complaint, an audit (gdpr:17(3)(e))
	Until   time.Time // zero: until it is lifted
	Data    []string  // categories or fields of the policy; none: everything
	Tables  []string  // `shop.orders`; none: all
}

// Holds are what stopped the plan from going further, as they stood when it was made.
func (p *Plan) Holds() []Hold { return p.options.Holds }

// kindOf is the kind of a column as the system says, or else as the map does.
func kindOf(c *connect.Column, m *datamap.Column) connect.Kind {
	switch {
	case c != nil && c.Kind != "":
		return c.Kind
	case m != nil && m.Type != "":
		return connect.Kind(m.Type)
	}
	return connect.TextKind
}
