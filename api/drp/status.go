package drp

import (
	"time"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// The states and reasons of drp:1.0#3.02 that are given. The other reasons of a denial are judgements that staff put into words of their
// own, which the person reads: an agent hears `other`. That nobody is known by an address is told to nobody, so `no_match` is never given.
const (
	stateOpen       = "open"
	stateInProgress = "in_progress"
	stateFulfilled  = "fulfilled"
	stateRevoked    = "revoked"
	stateDenied     = "denied"
	stateExpired    = "expired"

	reasonVerify       = "need_user_verification"
	reasonInsufficient = "insuf_verification"
	reasonOther        = "other"
)

// fulfilledFor is how long a request that was done is called fulfilled, where nothing is to be fetched (drp:1.0#3.02).
const fulfilledFor = 60 * 24 * time.Hour

// Status is the state of a request as agents read it (drp:1.0#3.03).
type Status struct {
	RequestID       string `json:"request_id" format:"uuid"`
	AgentRequestID  string `json:"agent_request_id,omitempty" doc:"as the agent named it"`
	Status          string `json:"status" enum:"open,in_progress,fulfilled,revoked,denied,expired"`
	Reason          string `json:"reason,omitempty" enum:"need_user_verification,insuf_verification,other"`
	ReceivedAt      string `json:"received_at" format:"date-time"`
	ExpectedBy      string `json:"expected_by,omitempty" format:"date-time" doc:"the answer comes before this"`
	Details         string `json:"processing_details,omitempty" doc:"what the agent can tell the person"`
	VerificationURL string `json:"user_verification_url,omitempty" format:"uri" doc:"where the person shows who they are"`
	ResultsURL      string `json:"results_url,omitempty" format:"uri" doc:"where the person, and nobody else, fetches what was asked for"`
	ExpiresAt       string `json:"expires_at,omitempty" format:"date-time" doc:"until when the person can show who they are, or fetch it"`
}

// describe says the state of a request in the words of the protocol.
func (s *Server) describe(r cases.AgentRequest) Status {
	out := Status{RequestID: uuidOf(r.ID), AgentRequestID: r.Reference, ReceivedAt: stamp(r.Received)}
	s.state(&out, r)
	if r.Merged {
		out.Details = joined("It was brought together with an earlier request of the same person.", out.Details)
	}
	return out
}

func (s *Server) state(out *Status, r cases.AgentRequest) {
	switch r.State {
	case cases.Received:
		out.Status, out.ExpectedBy = stateOpen, stamp(r.Due)
	case cases.Verifying:
		s.toVerify(out, r, "The person has to show who they are; if they are known by what was given, they have a letter.")
	case cases.Planning, cases.Approval, cases.Running, cases.Checking, cases.Delivering:
		s.underWay(out, r)
	case cases.Appealed:
		out.Status, out.ExpectedBy, out.Details = stateInProgress, stamp(r.Due), "It was refused. The person has appealed, and somebody else looks at it."
	case cases.Closed:
		s.done(out, r)
	case cases.Refused:
		out.Status, out.Reason, out.Details = stateDenied, reasonOther, "It was refused. The reason was told to the person, where an address is known."
	case cases.Cancelled:
		out.Status = stateRevoked
	case cases.Lapsed:
		out.Status, out.Reason, out.Details = stateDenied, reasonInsufficient, "Nobody showed in time to be the person."
	default: // a state of a newer program that works beside this one
		out.Status, out.ExpectedBy = stateInProgress, stamp(r.Due)
	}
}

func (s *Server) toVerify(out *Status, r cases.AgentRequest, why string) {
	out.Status, out.Reason, out.ExpectedBy, out.Details = stateInProgress, reasonVerify, stamp(r.Due), why
	out.VerificationURL, out.ExpiresAt = s.URL+"/drp/verify/"+out.RequestID, stamp(r.Lapses)
}

func (s *Server) underWay(out *Status, r cases.AgentRequest) {
	switch r.Paused {
	case string(law.Identity):
		s.toVerify(out, r, "The person was asked to show more of who they are.")
	case "":
		out.Status, out.ExpectedBy = stateInProgress, stamp(r.Due)
	default:
		out.Status, out.ExpectedBy, out.Details = stateInProgress, stamp(r.Due), "The person was asked something, and has not answered."
	}
}

// done is fulfilled until what is to be fetched is gone, and expired from then on.
func (s *Server) done(out *Status, r cases.AgentRequest) {
	until := r.Closed.Add(fulfilledFor)
	if fetched := supported[r.Exercise] == law.Copy; fetched {
		until = r.Package
	}
	if !s.Now().Before(until) {
		out.Status, out.Details = stateExpired, "It was answered on "+r.Closed.UTC().Format(time.DateOnly)+"."
		return
	}
	out.Status, out.ExpiresAt = stateFulfilled, stamp(until)
	if !r.Package.IsZero() {
		out.ResultsURL, out.Details = s.URL+"/drp/verify/"+out.RequestID, "The person can fetch it by a link in a letter."
	}
}

// stamp writes a time with its offset in digits, which more programs read than a Z; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000-07:00")
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}
