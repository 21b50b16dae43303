package consent

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// Choice is something a person says about a purpose or a topic of a policy.
type Choice struct {
	Policy   string
	Version  int    // whose words were shown; 0: those in force
	Purpose  string // of a consent, or an objection to a purpose
	Topic    string // of an objection to all direct marketing under a topic
	Language string // of the words shown; empty: the policy's own
	Shown    string // the words beside the choice
	Way      string // how it was made: `form newsletter`, `preference centre`, `unsubscribe link`
	By       string // who acted, when it was not the person: `staff`, `parent`
	// Since and Evidence tell of a choice made elsewhere and imported: when it was
	// made, never later than now, and what shows it, in at most 1,000 characters. A consent's time
	// runs from Since, and it lifts no objection made after that.
	Since    time.Time
	Evidence string
}

// maxEvidence bounds what shows a choice that was made elsewhere.
const maxEvidence = 1000

// check refuses a choice that was not made yet.
func (c Choice) check(now time.Time) error {
	switch {
	case c.Since.After(now):
		return avow.FieldErrorf("since", "is in the future; it is when the choice was made")
	case !utf8.ValidString(c.Evidence) || utf8.RuneCountInString(c.Evidence) > maxEvidence:
		return avow.FieldErrorf("evidence", "is text of at most 1,000 characters")
	}
	return nil
}

// made is when a choice was made.
func (c Choice) made(now time.Time) time.Time {
	if c.Since.IsZero() {
		return now
	}
	return c.Since.UTC().Truncate(time.Microsecond)
}

// elsewhere is what the event of an imported choice says beside what every choice says.
type elsewhere struct {
	Since    time.Time `json:"since,omitzero"`
	Evidence string    `json:"evidence,omitempty"`
}

func (c Choice) elsewhere() elsewhere {
	if c.Since.IsZero() {
		return elsewhere{Evidence: c.Evidence}
	}
	return elsewhere{c.made(c.Since), c.Evidence}
}

// Kinds and states of a row of consent_choices.
const (
	kindConsent     = "consent"
	kindPurpose     = "purpose"
	kindMarketing   = "marketing"
	kindTopic       = "topic"
	kindOnce        = "once"
	kindFact        = "fact"
	kindRestriction = "restriction"
	kindRegion      = "region"

	given       = "given"
	unconfirmed = "unconfirmed"
	withdrawn   = "withdrawn"
	refused     = "refused"
	confirmed   = "confirmed" // said of the event; the row is given

	set        = "set"
	overridden = "overridden"
	ended      = "ended"
	recalled   = "recalled" // said before the person was erased, or by the holder of an address that somebody claims
)

// choice is a row: what a person has said about one thing, as it stands.
type choice struct {
	policy, kind, name string
	generation         int
	state              string
	seq                int64
	at, ends           time.Time
	version            int
	event              avow.ID
}

// same tells whether two rows say the same in every column.
func (c choice) same(o choice) bool {
	times := c.at.Equal(o.at) && c.ends.Equal(o.ends)
	o.at, o.ends = c.at, c.ends
	return times && c == o
}

const choiceColumns = `policy, kind, name, generation, state, seq, at, ends, version, event`

func scanChoice(r *store.Rows) (c choice, err error) {
	err = r.Scan(&c.policy, &c.kind, &c.name, &c.generation, &c.state, &c.seq, store.IntoTime(&c.at), store.IntoTime(&c.ends), &c.version, store.IntoID(&c.event))
	return c, err
}

// choices gives all that a person has said, in the order they said it: by a hand of
// this batch that is not written yet, else as the table has it.
func (r *Register) choices(tx *store.Tx, subject avow.ID) ([]choice, error) {
	if s, ok := r.saved.Pending(tx, func(s saving) bool { return s.subject == subject }); ok {
		return slices.Clone(s.list), nil
	}
	return store.Collect(tx, scanChoice, `SELECT `+choiceColumns+` FROM consent_choices WHERE subject = ? ORDER BY seq, policy, kind, name, generation`, subject)
}

// inOrder is the order of choices.
func inOrder(a, b choice) int {
	return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.policy, b.policy), cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name), cmp.Compare(a.generation, b.generation))
}

// after is the moment a period later.
func after(from time.Time, p policy.Period) time.Time {
	switch p.Unit {
	case policy.Hours:
		return from.Add(time.Duration(p.N) * time.Hour)
	case policy.Days:
		return from.AddDate(0, 0, p.N)
	case policy.Weeks:
		return from.AddDate(0, 0, 7*p.N)
	case policy.Months:
		return addMonths(from, p.N)
	case policy.Years:
		return addMonths(from, 12*p.N)
	}
	return time.Time{}
}

// addMonths stays in the month meant: a month after the 31st of January is the last of February.
func addMonths(from time.Time, n int) time.Time {
	to := from.AddDate(0, n, 0)
	if to.Day() != from.Day() {
		to = to.AddDate(0, 0, -to.Day())
	}
	return to
}
