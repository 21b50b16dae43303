package proof

import (
	"fmt"
	"io"
)

// State is how one check came out.
type State string

const (
	Passed State = "passed"
	Failed State = "failed"
	// Open: the proof needs it, and it could not be checked with what was given.
	Open State = "open"
	// Left: not checked, and nothing that passed rests on it.
	Left State = "left"
)

// Verdict is what a report amounts to.
type Verdict string

const (
	Proved   Verdict = "proved"   // all that was asked passed, under a key the caller trusts
	Unproved Verdict = "unproved" // nothing was found wrong, and something is missing for a proof
	Broken   Verdict = "broken"   // something is not what was signed
)

// maxFindings bounds what a report lists of a log that is wrong all over.
const maxFindings = 100

// Check is one thing that was looked at.
type Check struct {
	State State  `json:"state"`
	What  string `json:"what"`            // a sentence
	Where string `json:"where,omitempty"` // the receipt, tile or entry
}

// Report is what a verifier found, in the order it looked.
type Report struct {
	Origin string `json:"origin,omitempty"` // the log's name, as its checkpoint has it
	Size   int64  `json:"size"`
	Root   string `json:"root,omitempty"` // of the checkpoint, in base64
	// Key is the key the caller trusts, or, when they named none, the name and hash
	// of the key that the checkpoint says signed it.
	Key string `json:"key,omitempty"`
	// Offered is the key the log itself gives out. That it does so proves nothing.
	Offered string  `json:"offered,omitempty"`
	Checks  []Check `json:"checks"`
	failed  int
}

// Verdict sums the checks up.
func (r *Report) Verdict() Verdict {
	verdict := Proved
	if len(r.Checks) == 0 {
		verdict = Unproved
	}
	for _, c := range r.Checks {
		switch c.State {
		case Failed:
			return Broken
		case Open:
			verdict = Unproved
		}
	}
	return verdict
}

// Print writes the report for a person: what was checked, one line each, and what it amounts to.
func (r *Report) Print(w io.Writer) error {
	if r.Origin != "" {
		fmt.Fprintf(w, "log   %s, %d entries\n", r.Origin, r.Size)
	}
	for _, c := range r.Checks {
		where := ""
		if c.Where != "" {
			where = " (" + c.Where + ")"
		}
		fmt.Fprintf(w, "%-5s %s%s\n", marks[c.State], c.What, where)
	}
	if r.Offered != "" {
		fmt.Fprintf(w, "      the log gives out the key %s\n", r.Offered)
	}
	_, err := fmt.Fprintf(w, "%s\n", verdicts[r.Verdict()])
	return err
}

var marks = map[State]string{Passed: "ok", Failed: "WRONG", Open: "open", Left: "-"}

var verdicts = map[Verdict]string{
	Proved:   "Proved: all of the above holds under the key you trust. It shows that what was recorded stands unchanged in this log; whether it was true when it was recorded, no log can show.",
	Unproved: "Not proved: nothing above is wrong, and something is missing for a proof.",
	Broken:   "Not what was signed: see the lines marked WRONG.",
}

func (r *Report) add(s State, where, format string, args ...any) {
	if s == Failed {
		if r.failed++; r.failed > maxFindings {
			return
		}
	}
	r.Checks = append(r.Checks, Check{s, fmt.Sprintf(format, args...), where})
}

// full reports whether so much is wrong that looking on is no use.
func (r *Report) full() bool { return r.failed >= maxFindings }
