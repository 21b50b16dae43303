package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // people's time zones are known on every machine

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
)

// lawCommands are what the laws ask of somebody who was asked something.
type lawCommands struct {
	Clock   clockCommand   `cmd:"" help:"Say until when a request must be answered, and why."`
	Regimes regimesCommand `cmd:"" help:"List the laws whose deadlines are kept, and the rights each has."`
}

// clockCommand reckons the deadline of one request.
type clockCommand struct {
	Regime   string   `arg:"" help:"The law, such as gdpr; avow law regimes lists them."`
	Right    string   `arg:"" help:"What was asked for, such as copy (or access), correct, remove."`
	Received string   `required:"" help:"When the request came in: 2026-01-31, or with a time 2026-01-31T16:00." placeholder:"DATE"`
	Zone     string   `help:"The person's time zone, such as Europe/Berlin. Without it that of the region, or the law's usual one." placeholder:"ZONE"`
	Region   string   `help:"Where the person lives, such as DE or US-CA: its holidays count, where they are known." placeholder:"REGION"`
	Event    []string `help:"What happened since: \"2026-02-03 identity-asked\". May be given several times." placeholder:"\"DATE WHAT\"" sep:"none"`
	At       string   `help:"As seen on this day. Without it, today." placeholder:"DATE"`
	JSON     bool     `name:"json" help:"Write the dates and their segments as JSON."`
}

// Help is shown by avow law clock --help.
func (c *clockCommand) Help() string {
	return `What can happen to a request and moves its clock: ` + inWords(law.Events()) + `.
The notice that it takes longer may name its day, where the law lets it: "2026-02-20 extended until 2026-05-01".

    avow law clock gdpr copy --received 2026-01-31
    avow law clock uk-gdpr copy --received 2026-03-02 --event "2026-03-04 identity-asked" --event "2026-03-19 identity-given"

A rule that nobody has checked against its source is marked UNCONFIRMED.`
}

// Run explains, segment by segment. It ends with status 1 when the deadline is past.
func (c *clockCommand) Run(t *terminal) error {
	d, err := c.deadline(time.Now())
	if err != nil {
		return err
	}
	if c.JSON {
		if err := writeJSON(t.out, d); err != nil {
			return err
		}
	} else if _, err := io.WriteString(t.out, d.Explain()); err != nil {
		return err
	}
	if d.Standing == law.Overdue || d.Standing == law.Refusal || d.Standing == law.Late {
		return outcome(exitWrong)
	}
	return nil
}

func (c *clockCommand) deadline(now time.Time) (*law.Deadline, error) {
	regimes, err := law.Load()
	if err != nil {
		return nil, err
	}
	g, err := regimes.Regime(avow.Regime(c.Regime))
	if err != nil {
		return nil, err
	}
	asked, err := c.read(g)
	if err != nil {
		return nil, err
	}
	at := now
	if c.At != "" {
		if at, err = whenIn(c.At, asked.Zone, "--at"); err != nil {
			return nil, err
		}
		// The whole of the day has been seen.
		if len(c.At) == len(time.DateOnly) {
			at = law.DateOf(at, asked.Zone).Ends(asked.Zone).Add(-time.Second)
		}
	}
	return regimes.Clock(asked, at)
}

// read makes the case of what was typed.
func (c *clockCommand) read(g *law.Regime) (out law.Case, err error) {
	out = law.Case{Regime: g.Name, Right: rightOf(c.Right), Region: avow.Region(c.Region)}
	name := c.Zone
	if name == "" {
		name = g.ZoneOf(out.Region)
	}
	if out.Zone, err = time.LoadLocation(name); err != nil || name == "Local" {
		return out, avow.FieldErrorf("--zone", "%q is no time zone; write it like Europe/Berlin", name)
	}
	if out.Received, err = whenIn(c.Received, out.Zone, "--received"); err != nil {
		return out, err
	}
	for _, text := range c.Event {
		m, err := moment(text, out.Zone)
		if err != nil {
			return out, err
		}
		// On the day of the receipt it came after it, when no time is given.
		if m.At.Before(out.Received) && law.DateOf(m.At, out.Zone) == law.DateOf(out.Received, out.Zone) {
			m.At = out.Received
		}
		out.Moments = append(out.Moments, m)
	}
	return out, nil
}

// rightOf is a right by its word here, or by the laws' own.
func rightOf(word string) law.Right {
	switch word {
	case "access":
		return law.Copy
	case "rectification", "correction":
		return law.Correct
	case "erasure", "deletion":
		return law.Remove
	case "portability":
		return law.Move
	case "restriction":
		return law.Restrict
	case "objection":
		return law.Object
	}
	return law.Right(word)
}

// moment reads `2026-02-03 identity-asked` and `2026-02-20 extended until 2026-05-01`.
func moment(text string, zone *time.Location) (m law.Moment, err error) {
	words := strings.Fields(text)
	if len(words) != 2 && (len(words) != 4 || words[2] != "until") {
		return m, avow.FieldErrorf("--event", "write a day and what happened: \"2026-02-03 identity-asked\"")
	}
	if m.At, err = whenIn(words[0], zone, "--event"); err != nil {
		return m, err
	}
	if m.What = law.Event(words[1]); !slices.Contains(law.Events(), m.What) {
		return m, avow.FieldErrorf("--event", "%q is nothing that moves a clock; known: %s", words[1], inWords(law.Events()))
	}
	if len(words) == 4 {
		if m.Until, err = law.ParseDate(words[3]); err != nil {
			return m, avow.FieldErrorf("--event", "%q is no day; write 2026-05-01", words[3])
		}
	}
	return m, nil
}

// whenIn reads a day, or a day with a time, in a zone.
func whenIn(text string, zone *time.Location, flag string) (time.Time, error) {
	for _, form := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, avow.FieldErrorf(flag, "%q is no day; write 2026-01-31, or 2026-01-31T16:00", text)
}

// regimesCommand lists the laws.
type regimesCommand struct {
	JSON bool `name:"json" help:"Write a JSON array."`
}

// regimeView is one law as avow law regimes shows it.
type regimeView struct {
	Name      avow.Regime `json:"name"`
	Title     string      `json:"title"`
	Rights    []law.Right `json:"rights"`
	Confirmed bool        `json:"confirmed"` // every rule in force was read in its source
}

// Run lists them.
func (c *regimesCommand) Run(t *terminal) error {
	regimes, err := law.Load()
	if err != nil {
		return err
	}
	today := law.DateOf(time.Now(), time.UTC)
	var list []regimeView
	for _, g := range regimes.All() {
		list = append(list, regimeView{g.Name, g.Title, g.Rights(today), confirmed(g)})
	}
	if c.JSON {
		return writeJSON(t.out, list)
	}
	for _, g := range list {
		mark := ""
		if !g.Confirmed {
			mark = "  (some rules UNCONFIRMED)"
		}
		fmt.Fprintf(t.out, "%-16s %s%s\n%-16s %s\n", g.Name, g.Title, mark, "", inWords(g.Rights))
	}
	for _, l := range regimes.NotCovered() {
		fmt.Fprintf(t.out, "%-16s no deadlines: %s\n", l.Regime, l.Why)
	}
	return nil
}

// confirmed reports whether the answers' deadlines of a law were all read in their source.
func confirmed(g *law.Regime) bool {
	return !slices.ContainsFunc(g.Rules, func(r law.Rule) bool {
		return r.Respond != nil && !r.Respond.Source.Confirmed
	})
}

func inWords[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
