package intake

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/vault"
)

const maxEvidence = 1000 // characters

// person is a line that is right: what it says of somebody.
type person struct {
	line     int
	ids      []vault.Identity // normalised; the first is whom it is about
	kind     avow.SubjectKind
	employer string
	region   avow.Region
	source   int
	facts    []string
	values   []value
	said     []said // in the order of the columns
	proved   bool   // the source showed that the first identity is theirs
}

// value is one field of the policy.
type value struct {
	field int
	data  string
	basis avow.Basis
}

// said is one thing the person said about a purpose or a topic.
type said struct {
	column  string // consent.newsletter
	purpose int    // -1 of a topic
	topic   string
	answer  answer
	since   time.Time
	shown   string // the evidence
	proved  bool
}

type answer uint8

const (
	saidNothing answer = iota
	saidYes
	saidNo        // asked, and no
	saidWithdrawn // yes once, and no since
	saidStop      // an objection
)

// checker holds the lines of a file against the policy. It is pure, but for the report it fills.
type checker struct {
	p       *policy.Policy
	o       Options
	columns *columns
	source  int // -1: each line names its own
	now     time.Time
	of      map[string]*collect.Grounds // by kind and consents: most lines are alike in these
}

func newChecker(p *policy.Policy, o Options, now time.Time) (*checker, error) {
	c := &checker{p: p, o: o, columns: newColumns(p, o.Map), source: -1, now: now, of: map[string]*collect.Grounds{}}
	if o.Source != "" {
		var why *problem
		if c.source, why = c.findSource(o.Source); why != nil {
			return nil, avow.FieldErrorf("source", "%s; %s", why.What, why.Do)
		}
	}
	for _, name := range o.For {
		if i, ok := p.Purpose(name); !ok || !p.Purposes[i].Declared {
			return nil, avow.FieldErrorf("for", "policy %s has no purpose %q", p.Name, clip(name))
		}
	}
	return c, nil
}

func (c *checker) findSource(name string) (int, *problem) {
	if i, ok := c.p.FindSource(name); ok {
		if c.p.Sources[i].Automatic {
			return 0, wrong(0, CodeSource, fmt.Sprintf("nothing is imported from %s, which the policy says comes by itself", clip(name)), "name another source")
		}
		return i, nil
	}
	var names []string
	for _, s := range c.p.Sources {
		names = append(names, s.Name)
	}
	do := "name one of its sources"
	if near := policy.Nearest(name, names); near != "" {
		do = fmt.Sprintf("did you mean %q?", near)
	}
	return 0, wrong(0, CodeSource, fmt.Sprintf("policy %s has no source %q", c.p.Name, clip(name)), do)
}

// reading is a line while it is read.
type reading struct {
	c      *checker
	person person
	wrong  []Finding // errors and notices
	names  map[string]string
	proved map[int]bool // identities by field
	said   map[string]*said
	order  []string
	region avow.Region
}

// check reads a line. What is wrong with it are errors among the findings; then there is no person.
func (c *checker) check(r row) (*person, []Finding) {
	l := &reading{c: c, names: map[string]string{}, proved: map[int]bool{}, said: map[string]*said{}}
	l.person = person{line: r.line, source: c.source}
	cols := make([]column, len(r.cells))
	for i := range r.cells {
		col, why := c.columns.find(r.names[i])
		if why != nil {
			l.fail(r.names[i], why.Code, why.What, why.Do)
		}
		cols[i] = col
	}
	for _, first := range []bool{true, false} { // where a number without its country is from must be known before it
		for i, v := range r.cells {
			if (cols[i].is == isRegion || cols[i].is == isSource || cols[i].is == isKind) == first {
				l.cell(r.names[i], cols[i], v)
			}
		}
	}
	l.finish()
	if slices.ContainsFunc(l.wrong, func(f Finding) bool { return f.Level == Error }) {
		return nil, l.wrong
	}
	return &l.person, l.wrong
}

func (l *reading) fail(column string, code Code, what, do string) {
	l.wrong = append(l.wrong, Finding{Line: l.person.line, Column: clip(column), Level: Error, Code: code, What: what, Do: do})
}

func (l *reading) note(column string, code Code, what, do string) {
	l.wrong = append(l.wrong, Finding{Line: l.person.line, Column: clip(column), Level: Notice, Code: code, What: what, Do: do})
}

// cell reads one value by what its column is.
func (l *reading) cell(name string, col column, v cell) {
	if col.is == isNothing {
		return
	}
	if v.formula {
		l.fail(name, CodeFormula, "is a formula, not a value", "put what it comes to in its place")
		return
	}
	text := strings.TrimSpace(v.text)
	if text == "" {
		return
	}
	l.names[col.name] = name
	switch col.is {
	case isField:
		l.field(name, col.field, v)
	case isKind:
		l.kind(name, text)
	case isEmployer:
		l.employer(name, text)
	case isRegion:
		l.lives(name, text)
	case isSource:
		l.from(name, text)
	case isFact:
		if l.yes(name, text) {
			l.person.facts = append(l.person.facts, col.said)
		}
	case isConsent, isObjection:
		l.answer(name, col, text)
	case isVerified:
		if yes := l.yes(name, text); yes && col.said != "" {
			l.about(col.said).proved = true
		} else if yes {
			l.proved[col.field] = true
		}
	case isAt:
		l.at(name, col, v)
	case isEvidence:
		l.evidence(name, col, text)
	}
}

// field reads a value of the policy. It is not kept before it is known to be allowed.
func (l *reading) field(name string, field int, v cell) {
	f := l.c.p.Fields[field]
	text := v.text
	if isDate(f.Name) && v.number {
		if at, ok := serialDate(v); ok {
			text = at.Format(time.DateOnly)
		}
	}
	data, err := collect.Clean(f, text, l.region)
	if err != nil {
		_, what, _ := strings.Cut(avow.MessageOf(err), ": ")
		what, do, _ := strings.Cut(what, "; ")
		if do == "" {
			do = "correct it, or empty it"
		}
		l.fail(name, CodeValue, what, do)
		return
	}
	if data != "" {
		l.person.values = append(l.person.values, value{field: field, data: data})
	}
}

func isDate(field string) bool {
	return field == "birthday" || field == "birth-date" || field == "date-of-birth"
}

func (l *reading) kind(name, text string) {
	kind, err := avow.ParseSubjectKind(strings.ToLower(text))
	if err != nil {
		l.fail(name, CodeValue, "is no kind of person", "write individual or business, or nothing")
		return
	}
	l.person.kind = kind
}

func (l *reading) employer(name, text string) {
	if utf8.RuneCountInString(text) > maxName || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		l.fail(name, CodeValue, "is too long, or has characters that cannot be read", "write the name on one line")
		return
	}
	l.person.employer = text
}

func (l *reading) lives(name, text string) {
	region := avow.Region(strings.ToUpper(text))
	if !region.Known() {
		l.fail(name, CodeValue, "is no country", "write its two letters, such as NL, or a part of one, such as US-CA")
		return
	}
	l.region, l.person.region = region, region
}

func (l *reading) from(name, text string) {
	i, why := l.c.findSource(text)
	if why != nil {
		l.fail(name, why.Code, why.What, why.Do)
		return
	}
	l.person.source = i
}

// yes reads a box: only a plain word is one.
func (l *reading) yes(name, text string) bool {
	switch strings.ToLower(text) {
	case "yes", "true", "1":
		return true
	case "no", "false", "0":
		return false
	}
	l.fail(name, CodeValue, "is neither yes nor no", "write yes, no or nothing")
	return false
}

func (l *reading) about(column string) *said {
	s, ok := l.said[column]
	if !ok {
		s = &said{column: column, purpose: -1}
		l.said[column] = s
		l.order = append(l.order, column)
	}
	return s
}

func (l *reading) answer(name string, col column, text string) {
	s := l.about(col.said)
	if col.is == isObjection {
		if l.yes(name, text) {
			s.answer = saidStop
		}
		return
	}
	if strings.EqualFold(text, "withdrawn") {
		s.answer = saidWithdrawn
		return
	}
	switch strings.ToLower(text) {
	case "yes", "true", "1":
		s.answer = saidYes
	case "no", "false", "0":
		s.answer = saidNo
	default:
		l.fail(name, CodeValue, "is no answer", "write yes, no, withdrawn or nothing")
	}
}

func (l *reading) at(name string, col column, v cell) {
	at, ok := moment(v)
	switch {
	case !ok:
		l.fail(name, CodeValue, "is no day", "write it like 2026-11-30, or with the time as 2026-11-30T14:05:00Z")
	case at.After(l.c.now):
		l.fail(name, CodeValue, "is in the future", "write the day on which it was said")
	case at.Year() < 1970:
		l.fail(name, CodeValue, "is too long ago", "write the day on which it was said")
	default:
		l.about(col.said).since = at
	}
}

func (l *reading) evidence(name string, col column, text string) {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxEvidence {
		l.fail(name, CodeValue, fmt.Sprintf("has at most %d characters", maxEvidence), "say in short what was shown, and where")
		return
	}
	l.about(col.said).shown = text
}

// moment reads a day, or a day and a time. A day alone begins at 00:00 UTC.
func moment(v cell) (time.Time, bool) {
	if v.number {
		return serialDate(v)
	}
	text := strings.TrimSpace(v.text)
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// serialDate reads the days a spreadsheet counts from the end of 1899, or of 1903 (ISO/IEC 29500-1).
func serialDate(v cell) (time.Time, bool) {
	days, err := strconv.ParseFloat(strings.TrimSpace(v.text), 64)
	if err != nil || days < 61 || days > 2958465 || math.IsNaN(days) { // before March 1900 its count is off
		return time.Time{}, false
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if v.date04 {
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	whole, part := math.Modf(days)
	return from.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(part*86400)) * time.Second), true
}
