// Package law holds the law as data: an index of what avow obeys, and for each
// regime the rules of its clock, with a calendar of holidays for each region.
//
// The index lists articles of law and sections of standards, each with a state
// that says how far the program does what it asks. The rules (regimes/*.yaml) say
// when a request must be acknowledged and answered, what the clock waits and stops
// for, by how much and how it is extended, and what follows silence; Clock reckons
// the days of one request and explains them segment by segment.
//
// What stays true: code that obeys an article cites it in its margin, and a
// test of the repository fails on a citation that is not in the index. The
// index says "no" where nothing is done; it is not an advertisement. Every rule
// names its source; one that nobody has checked is marked, and is shown as
// unconfirmed wherever a date rests on it. Where the law is silent or in doubt the
// earlier day is taken. The same request, events and time give the same answer:
// no clock, no network, no file of the machine is read.
//
// What it never does: give legal advice, or decide whether somebody complies.
package law

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

//go:embed index.txt
var index string

// State says how far the program does what an article asks of a program.
type State string

const (
	Yes     State = "yes"     // done, and a test shows it
	Partial State = "partial" // a part is done; the title says which, or the documentation does
	No      State = "no"      // listed because it is needed, not done
)

// Entry is one line of the index. A citation is a source ("gdpr") or a source
// and a place in it ("gdpr:17(3)(e)", "rfc:8058#3.1").
type Entry struct {
	Citation string
	State    State
	Title    string
	Line     int // in index.txt, from 1
}

// Source is the part of a citation before the colon.
func (e Entry) Source() string {
	source, _, _ := strings.Cut(e.Citation, ":")
	return source
}

// Index reads the index. The error lists every line that is wrong.
func Index() ([]Entry, error) { return Parse(index) }

// The grammar of a citation:
//
//	citation = source [ ":" place ]
//	source   = lower-case words joined by "-", such as gdpr, uk-gdpr, w3c-gpc
//	place    = numbers and letters joined by ".", "-" or "#", then points in
//	           brackets: 17(3)(e), 1798.135(b)(1), 25(2)2, 8058#3.1, 1.0#5
const (
	sourcePattern = `[a-z][a-z0-9]*(?:-[a-z0-9]+)*`
	placePattern  = `[0-9A-Za-z]+(?:[.#-][0-9A-Za-z]+)*(?:\([0-9a-z]+\)[0-9]*)*`
)

var (
	citationForm = regexp.MustCompile(`^` + sourcePattern + `(?::` + placePattern + `)?$`)
	inText       = regexp.MustCompile(`(?:^|[^0-9A-Za-z_./:-])(` + sourcePattern + `):(` + placePattern + `)`)
	// A text of this form is meant as a citation even when its source is unknown.
	surely = regexp.MustCompile(`^[0-9][0-9A-Za-z.]*(?:\([0-9a-z]+\)|#)`)
)

// Parse reads an index: lines of citation, state and title with a tab between
// them; empty lines and lines that begin with "#" are for the reader. A line
// alone with a source introduces it and must exist for every source used.
func Parse(text string) ([]Entry, error) {
	var (
		entries []Entry
		errs    []error
		first   = map[string]int{}
	)
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseLine(line)
		e.Line = i + 1
		if before := first[e.Citation]; err == nil && before > 0 {
			err = fmt.Errorf("%s stands in line %d already", e.Citation, before)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("index.txt:%d: %w", e.Line, err))
			continue
		}
		first[e.Citation] = e.Line
		entries = append(entries, e)
	}
	for _, e := range entries {
		if first[e.Source()] == 0 {
			errs = append(errs, fmt.Errorf("index.txt:%d: no line introduces the source %q of %s", e.Line, e.Source(), e.Citation))
		}
	}
	return entries, errors.Join(errs...)
}

func parseLine(line string) (Entry, error) {
	parts := strings.Split(line, "\t")
	if len(parts) != 3 {
		return Entry{}, fmt.Errorf("want citation, state and title with one tab between them, found %d parts", len(parts))
	}
	e := Entry{Citation: parts[0], State: State(parts[1]), Title: parts[2]}
	switch {
	case !citationForm.MatchString(e.Citation):
		return e, fmt.Errorf("%q is not a citation; write it like gdpr:17(3)(e) or rfc:8058#3.1", e.Citation)
	case e.State != Yes && e.State != Partial && e.State != No:
		return e, fmt.Errorf("state %q of %s is not yes, partial or no", e.State, e.Citation)
	case strings.TrimSpace(e.Title) == "":
		return e, fmt.Errorf("%s has no title", e.Citation)
	}
	return e, nil
}

// Citations finds the citations in a text, in order. What follows a known source
// and a colon is one; so is what only a citation looks like, whatever its source.
func Citations(text string, known func(source string) bool) []string {
	var found []string
	for _, m := range inText.FindAllStringSubmatch(text, -1) {
		if known(m[1]) || surely.MatchString(m[2]) {
			found = append(found, m[1]+":"+m[2])
		}
	}
	return found
}
