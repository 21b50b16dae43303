package intake

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/avowhq/avow"
)

// Code says what is wrong with a line in one stable word.
type Code string

// The codes.
const (
	CodeFormat    Code = "format"
	CodeEncoding  Code = "encoding"
	CodeHeader    Code = "header"
	CodeColumns   Code = "columns"
	CodeQuotes    Code = "quotes"
	CodeJSON      Code = "json"
	CodeTooLong   Code = "too-long"
	CodeUnknown   Code = "unknown-column"
	CodeFormula   Code = "formula"
	CodeValue     Code = "value"
	CodeNobody    Code = "nobody"          // nothing on the line identifies anybody
	CodeSource    Code = "source"          // unknown, or it does not yield this
	CodeGround    Code = "no-ground"       // no purpose of the policy allows to hold it
	CodeSpecial   Code = "special"         // gdpr:9, gdpr:10
	CodeEvidence  Code = "no-evidence"     // gdpr:7(1): a consent nobody can show
	CodeObjection Code = "no-such-stop"    // nothing of the purpose is ended by an objection
	CodeTwo       Code = "two-people"      // the line would make one of two people of the file
	CodeOthers    Code = "somebody-else"   // data about the person and about somebody else on one line
	CodeJoined    Code = "joined"          // notice: with an earlier line of the file
	CodeAgainst   Code = "contradicts"     // notice: the more protective of two lines holds
	CodeUnproved  Code = "unconfirmed"     // notice: a consent that does not count until it is confirmed
	CodeLeft      Code = "consent-left"    // notice: no consent without evidence; imported as none
	CodeTooMany   Code = "too-many-values" // a field of one person with more values than are kept
)

// Level sorts findings.
type Level string

// The levels.
const (
	Error  Level = "error"  // the line is not imported
	Notice Level = "notice" // the line is imported, not quite as it is written
)

// Finding is what there is to say about a line. It repeats no value of the file.
type Finding struct {
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"` // as the file names it
	Level  Level  `json:"level"`
	Code   Code   `json:"code"`
	What   string `json:"what"`
	Do     string `json:"do"`
}

// Report is what came of reading a file.
type Report struct {
	ID       avow.ID `json:"import,omitzero"` // zero when nothing was written
	File     string  `json:"file"`
	Hash     string  `json:"sha256"`
	Policy   string  `json:"policy"`
	Version  int     `json:"version"`
	Source   string  `json:"source,omitempty"` // empty: each line names its own
	State    State   `json:"state"`
	Lines    int     `json:"lines"`    // that hold something, without the header
	Accepted int     `json:"accepted"` // lines without an error
	People   int     `json:"people"`   // staged; 0 of a file that was only checked
	Errors   int     `json:"errors"`   // lines, and what is wrong with the file as a whole
	Notices  int     `json:"notices"`
	Allowed  int     `json:"errorsAllowed"`
	// Broken: the file cannot be read to its end, so none of it is imported, however many errors are allowed.
	Broken bool `json:"broken,omitempty"`
	// Counts of findings, by code.
	Codes map[Code]int `json:"codes"`
	// Findings are the first 1,000; Desk.Findings gives those of a staged file whole.
	Findings []Finding `json:"findings"`

	Started time.Time `json:"started,omitzero"`
	Flipped time.Time `json:"flipped,omitzero"`
	By      string    `json:"by,omitempty"`
}

// shownFindings bounds the findings a report holds in memory.
const shownFindings = 1000

// OK reports whether the errors are as many as the caller allowed, or fewer.
func (r *Report) OK() bool { return !r.Broken && r.Errors <= r.Allowed }

func (r *Report) add(f Finding) {
	if r.Codes == nil {
		r.Codes = map[Code]int{}
	}
	r.Codes[f.Code]++
	if f.Level == Notice {
		r.Notices++
	}
	if len(r.Findings) < shownFindings {
		r.Findings = append(r.Findings, f)
	}
}

// refusal is why a file with errors is not imported.
func (r *Report) refusal() error {
	switch {
	case r.OK():
		return nil
	case r.Broken:
		return avow.Errorf(avow.Refused, "the file cannot be read whole, and nothing of it was imported; the report says where it breaks and what to do")
	}
	return avow.Errorf(avow.Refused, "the file has %d lines with errors and %d are allowed, so nothing of it counts; correct the lines the report names, or allow as many errors", r.Errors, r.Allowed)
}

// WriteCSV writes findings as a table: line, column, level, code, what, do.
func WriteCSV(w io.Writer, findings func(yield func(Finding) error) error) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"line", "column", "level", "code", "what", "do"}); err != nil {
		return err
	}
	err := findings(func(f Finding) error {
		return c.Write([]string{strconv.Itoa(f.Line), plainCell(f.Column), string(f.Level), string(f.Code), plainCell(f.What), plainCell(f.Do)})
	})
	c.Flush()
	if err == nil {
		err = c.Error()
	}
	return err
}

// plainCell keeps a spreadsheet from reading a name out of the file as a formula.
func plainCell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@') {
		return "'" + s
	}
	return s
}

// WriteJSON writes findings as JSON, one a line.
func WriteJSON(w io.Writer, findings func(yield func(Finding) error) error) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return findings(func(f Finding) error { return e.Encode(f) })
}
