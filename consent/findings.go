package consent

import (
	"fmt"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
)

// differs says what a row says, and what its event says.
func differs(row, says choice, cause opened) string {
	var is, should []string
	add := func(same bool, a, b string) {
		if !same {
			is, should = append(is, a), append(should, b)
		}
	}
	add(row.state == says.state, row.state, says.state)
	add(row.ends.Equal(says.ends), lasting(row.ends), lasting(says.ends))
	add(row.at.Equal(says.at), "made on "+moment(row.at), "made on "+moment(says.at))
	add(row.version == says.version, fmt.Sprintf("under version %d", row.version), fmt.Sprintf("under version %d", says.version))
	add(row.seq == says.seq, fmt.Sprintf("the person's choice number %d", row.seq), fmt.Sprintf("number %d", says.seq))
	add(row.event == says.event, "resting on event "+nameOf(row.event), "on event "+nameOf(says.event))
	return fmt.Sprintf("%s: the database says %s; event %d (%s of %s) says %s. The row was changed without an event",
		row.title(), strings.Join(is, ", "), cause.index, cause.kind, moment(cause.at), strings.Join(should, ", "))
}

func missing(says choice, cause opened) string {
	return fmt.Sprintf("%s: the database has no row of it; event %d (%s of %s) says %s. The row was taken away without an event",
		says.title(), cause.index, cause.kind, moment(cause.at), says.state)
}

func unsaidRow(id avow.ID, row choice, named *ledger.Entry) string {
	line := fmt.Sprintf("%s: the database says %s of subject %s; no event of theirs says so", row.title(), row.state, id)
	switch {
	case named != nil && named.Subject != id:
		return fmt.Sprintf("%s. The row names event %d, which is about somebody else", line, named.Index)
	case named != nil:
		return fmt.Sprintf("%s. The row names event %d (%s), which says something else", line, named.Index, named.Type)
	case !row.event.IsZero():
		return line + ". The row names an event that is not in the log"
	}
	return line + ". The row names no event"
}

// title names what a row is about.
func (c choice) title() string {
	under := ""
	if c.policy != "" {
		under = " (policy " + c.policy + ")"
	}
	switch c.kind {
	case kindConsent:
		if c.generation > 1 {
			under = fmt.Sprintf(" (policy %s, generation %d)", c.policy, c.generation)
		}
		return "consent to " + c.name + under
	case kindPurpose:
		return "objection to " + c.name + under
	case kindMarketing:
		return "objection to direct marketing in " + c.name + under
	case kindTopic:
		return "objection to the topic " + c.name + under
	case kindOnce:
		return "that " + c.name + " was done once" + under
	case kindFact:
		return "the fact " + c.name + under
	case kindRegion:
		return "the region"
	case kindRestriction:
		return "restriction"
	}
	return fmt.Sprintf("a row of the unknown kind %q", clip(c.kind))
}

func lasting(t time.Time) string {
	if t.IsZero() {
		return "without an end"
	}
	return "until " + moment(t)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func nameOf(id avow.ID) string {
	if id.IsZero() {
		return "none"
	}
	return id.String()
}
