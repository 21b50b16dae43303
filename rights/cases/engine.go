package cases

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
)

// Identity finds a person in the systems: a kind of the map (`email`, `member-number`) and a value.
type Identity struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// Correction is what a person wants put right, in a field of the policy (`contact.name`).
type Correction struct {
	Data string `json:"data"`
	To   string `json:"to"`
	From string `json:"from,omitempty"` // only where it says this; empty: whatever it says
}

// Request is a request as those who act see it. Identities are those that were shown to be the person's; of what the law has stopped
// without that, those that were typed: then Shown is false, rows are marked at most, and whether any were found changes nothing that is told.
type Request struct {
	Case        avow.ID
	Right       law.Right
	Policy      string
	Version     int
	Region      avow.Region
	Subject     avow.ID // in avow's own records; zero: not known there
	Identities  []Identity
	Met         []Identity // others in rows of theirs, as they were captured: nobody is searched for by them, but who is held may be known by one
	Shown       bool
	Lift        bool // an objection was outweighed: what was marked for it is taken back
	Objects     bool // of Lift: an objection stands, and what marks it stays
	Corrections []Correction
	Key         []byte   // of the case alone, for masks: the same at each try
	Without     []string // systems that staff decided to do without; each is a task instead
	Undone      []Undone // of a package: what people were to look through, and could not
	Received    time.Time
	Now         time.Time
	Before      map[string][]byte // of a plan that is made again: what was captured in the rounds before, and run
}

// Engine acts in the mapped systems. Every method may be called again, by another node,
// after it was done: what was done already is left as it is. Unavailable means that a system is away, and that asking
// later is right. No error holds a value of anybody.
type Engine interface {
	// Held gives those of the identities that a system holds, as it is spelt there.
	Held(ctx context.Context, region avow.Region, ids []Identity) ([]Identity, error)
	// Capture reads all systems and fixes what is to be done in each. It changes nothing, and
	// is Unavailable while one system cannot be read that it is not to do without. What was captured before stays
	// captured, unless it changed hands: what was erased may have been the only way to it.
	Capture(ctx context.Context, r Request) ([]Part, error)
	// Restrict has a system keep what was captured and not use it, before an erasure.
	Restrict(ctx context.Context, r Request, system string, captured []byte) error
	// Free is Unavailable when something is held against an erasure that its plan for a system does not know of.
	Free(ctx context.Context, r Request, captured []byte) error
	// Run does what was captured in one system, in one transaction where it has such.
	Run(ctx context.Context, r Request, system string, captured []byte) (Outcome, error)
	// Renew plans one system's part anew when what was captured was planned by other rules than hold now (a map
	// that was corrected), and tells whether it did. Rows that were captured stay captured. It changes nothing.
	Renew(ctx context.Context, r Request, system string, captured []byte) (part Part, changed bool, err error)
	// Check reads again what Run changed, by the same ways, and what else leads there by now.
	Check(ctx context.Context, r Request, captured map[string][]byte) ([]Left, error)
	// Sweep looks for the person in texts, one reading for all.
	Sweep(ctx context.Context, r Request, captured map[string][]byte) ([]Hit, error)
	// Forms gives the texts that an identity is compared by in some system.
	Forms(region avow.Region, id Identity) []Form
	// Scan reads the identities that systems hold, every one, row by row. Nil is all systems.
	Scan(ctx context.Context, systems []string, each func(Scanned) error) error
}

// Scanned are the identities in one row.
type Scanned struct {
	System, Table string
	Known         []Known
	OnePerson     bool // all are of the one who owns the row
}

// Known is an identity in a row, with the texts that it is compared by.
type Known struct {
	Identity
	Forms []Form
}

// Form is a text by which identities of one kind are compared.
type Form struct{ Kind, Compare, Text string }

// Part is what is to be done in one system.
type Part struct {
	System   string
	Rank     int // systems of a lower rank come first
	Tables   []Touched
	Captured []byte     // what Run needs; nil: there is nothing to do
	Met      []Identity // in rows of theirs
	Restrict bool       // what was captured can be restricted before it is erased
	Task     *Task      // no program reaches it: what people have to do
}

// Touched is what is to be done in one table, in names and counts.
type Touched struct {
	Table   string   `json:"table"`
	Rows    int      `json:"rows"`
	Action  string   `json:"action"`            // read, delete, clear, mask, keep, untie, update
	Columns []string `json:"columns,omitempty"` // those touched
	Data    []string `json:"data,omitempty"`    // of the policy: `contact.email`
	Because string   `json:"because,omitempty"` // of what is kept
	Until   string   `json:"until,omitempty"`
	Refused string   `json:"refused,omitempty"` // what the system will not do
	Instead string   `json:"instead,omitempty"` // what is done in its place
}

// Task is what a person has to do.
type Task struct {
	Who string        `json:"who"`
	Do  string        `json:"do"`
	In  time.Duration `json:"in,omitempty"` // 0: half of the time there is
}

// Outcome is what a step came to, in names and counts.
type Outcome struct {
	Rows  int64    `json:"rows,omitempty"`
	Left  int      `json:"left,omitempty"`  // rows that changed hands since, and were left alone
	Notes []string `json:"notes,omitempty"` // for staff; no value of anybody
}

// Left is something that should be gone and is there.
type Left struct {
	System string `json:"system"`
	Table  string `json:"table"`
	Rows   int    `json:"rows"`
	Why    string `json:"why"`
}

// Hit is a text in which the person may still be named. Owned: in a row of theirs, which is a
// failure; else somebody looks.
type Hit struct {
	System string `json:"system"`
	Table  string `json:"table"`
	Column string `json:"column"`
	Rows   int    `json:"rows"`
	Owned  bool   `json:"owned"`
	// Not is why no program could search there: in the table, or without one in the whole
	// system. Look: nobody has been asked to yet, and personal data may stand there.
	Not  string `json:"not,omitempty"`
	Look bool   `json:"look,omitempty"`
}

// Attachment is what staff added by hand, of a system that no program reaches.
type Attachment struct {
	System string
	Name   string
	Data   []byte
}

// Undone is a task that was refused.
type Undone struct{ System, Why string }

// Packed is what a package holds, in counts.
type Packed struct {
	Rows  int64 `json:"rows"`
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}
