package web

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

// Records is the state of the records, as far as it is known.
type Records struct {
	Origin    string    // of the log
	Key       string    // that checks its signature
	Size      int64     // events in the newest checkpoint
	At        time.Time // of the newest checkpoint; zero: not known
	Witnesses []Witness // who has signed it too; none: unwitnessed

	Audited  time.Time // when the last audit ended; zero: none yet
	Covered  int64     // events the last audit has looked at
	Failed   string    // why the last audit could not be finished
	Findings []Finding // what the last audit found
	More     int64     // that it found, beside these
}

// Finding is something in the database that is not what was recorded.
type Finding struct {
	Index int64   // of the event in the log; -1: it is about none
	Event avow.ID // zero: it is about none
	What  string  // what is wrong, in a sentence
}

// Witness is somebody else who has seen the log and signed how far it went.
type Witness struct {
	Name string
	Size int64 // events it has seen
	At   time.Time
}

// Where names a finding's event for people.
func (f Finding) Where() string {
	if f.Index < 0 {
		return "The log"
	}
	return fmt.Sprintf("Event %d", f.Index)
}

// Says is what is wrong, as a whole sentence.
func (f Finding) Says() string { return wholeSentence(f.What) }

// Damaged reports whether something is not what was recorded.
func (r Records) Damaged() bool { return len(r.Findings) > 0 }

// Sound reports whether an audit came to its end and found nothing.
func (r Records) Sound() bool { return !r.Damaged() && r.Failed == "" && !r.Audited.IsZero() }

// Named is how many events the findings are about.
func (r Records) Named() int {
	seen := map[int64]bool{}
	for _, f := range r.Findings {
		seen[f.Index] = true
	}
	return len(seen)
}

// First is the findings that are shown; Further is how many there are beside.
func (r Records) First() []Finding { return r.Findings[:min(len(r.Findings), shownFindings)] }

// Further is how many findings are not among the First.
func (r Records) Further() int64 { return int64(len(r.Findings)-len(r.First())) + r.More }

// shownFindings bounds the findings on a page; the audit command prints all.
const shownFindings = 20

// recordsView is what the page about the log shows.
type recordsView struct {
	Records *Records
	Public  bool // the log can be fetched here
	Entries bool // its entries too, by anybody
	URL     string
}

// records shows what the log is, how far it goes and how to check it.
func (s *Server) records(w http.ResponseWriter, r *http.Request) {
	state, err := s.stateOfRecords(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "log", page{Title: "The log", Here: "/log", Is: recordsView{state, s.Ledger != nil, s.Auditor == nil, s.PublicURL + "/log"}})
}

// stateOfRecords is nil where nobody says.
func (s *Server) stateOfRecords(ctx context.Context) (*Records, error) {
	if s.Records == nil {
		return nil, nil
	}
	state, err := s.Records(ctx)
	if err != nil {
		return nil, err
	}
	return &state, nil
}

// RecordsPart is the state of the records as a part of a start page: a warning when an
// audit has found something, else a line. Empty where nobody says.
func (s *Server) RecordsPart(ctx context.Context) template.HTML {
	state, err := s.stateOfRecords(ctx)
	if err != nil {
		if ctx.Err() == nil { // else whoever asked went away
			s.log.ErrorContext(ctx, "the state of the records is not known", slog.Any("error", err))
		}
		state = &Records{Failed: avow.MessageOf(err)}
	}
	if state == nil {
		return ""
	}
	var b bytes.Buffer
	if err := s.templates["welcome"].ExecuteTemplate(&b, "records", state); err != nil {
		s.log.ErrorContext(ctx, "page failed", slog.String("page", "records"), slog.Any("error", err))
		return ""
	}
	return template.HTML(strings.TrimSpace(b.String()))
}
