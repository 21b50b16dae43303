package drp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/rights/cases"
)

// TestStatusForAgents maps every state of a request to a state and a reason of drp:1.0#3.02, exactly. Fields that a state
// may not have there are not given.
func TestStatusForAgents(t *testing.T) {
	id := avow.ID{0x01, 0x9c, 0xae, 0x2a, 0x3b, 0x4c, 0x8d, 0x5e, 0x9f, 0x60, 0x71, 0x82, 0x93, 0xa4, 0xb5, 0xc6}
	const uuid, page = "019cae2a-3b4c-8d5e-9f60-718293a4b5c6", "https://quay.example/drp/verify/019cae2a-3b4c-8d5e-9f60-718293a4b5c6"
	due, lapses, closed := noon.AddDate(0, 0, 45), noon.AddDate(0, 0, 30), noon.AddDate(0, 0, 10)
	const dueText, lapsesText = "2026-04-16T12:00:00.000+00:00", "2026-04-01T12:00:00.000+00:00"
	at := func(s cases.State, more ...func(*cases.AgentRequest)) cases.AgentRequest {
		r := cases.AgentRequest{ID: id, Reference: "ref", Exercise: "deletion", State: s, Received: noon, Due: due}
		for _, f := range more {
			f(&r)
		}
		return r
	}
	verifying := func(r *cases.AgentRequest) { r.Lapses = lapses }
	ended := func(r *cases.AgentRequest) { r.Closed = closed }
	copied := func(r *cases.AgentRequest) {
		r.Exercise, r.Closed, r.Package = "access", closed, closed.AddDate(0, 0, 14)
	}
	paused := func(why string) func(*cases.AgentRequest) {
		return func(r *cases.AgentRequest) { r.Paused = why }
	}
	const asked = "The person was asked something, and has not answered."
	seen := map[cases.State]bool{}
	for name, c := range map[string]struct {
		is   cases.AgentRequest
		now  time.Time
		want Status
	}{
		"received": {at(cases.Received), noon, Status{Status: "open", ExpectedBy: dueText}},
		"verifying": {at(cases.Verifying, verifying), noon, Status{Status: "in_progress", Reason: "need_user_verification", ExpectedBy: dueText, VerificationURL: page, ExpiresAt: lapsesText,
			Details: "The person has to show who they are; if they are known by what was given, they have a letter."}},
		"planning":                {at(cases.Planning), noon, Status{Status: "in_progress", ExpectedBy: dueText}},
		"planning, asked more":    {at(cases.Planning, paused("clarification")), noon, Status{Status: "in_progress", ExpectedBy: dueText, Details: asked}},
		"planning, asked to pay":  {at(cases.Planning, paused("fee")), noon, Status{Status: "in_progress", ExpectedBy: dueText, Details: asked}},
		"planning, asked for who": {at(cases.Planning, paused("identity")), noon, Status{Status: "in_progress", Reason: "need_user_verification", ExpectedBy: dueText, VerificationURL: page, Details: "The person was asked to show more of who they are."}},
		"approval":                {at(cases.Approval), noon, Status{Status: "in_progress", ExpectedBy: dueText}},
		"running":                 {at(cases.Running), noon, Status{Status: "in_progress", ExpectedBy: dueText}},
		"checking":                {at(cases.Checking), noon, Status{Status: "in_progress", ExpectedBy: dueText}},
		"delivering":              {at(cases.Delivering), noon, Status{Status: "in_progress", ExpectedBy: dueText}},
		"closed":                  {at(cases.Closed, ended), closed, Status{Status: "fulfilled", ExpiresAt: "2026-05-11T12:00:00.000+00:00"}},
		"closed long ago":         {at(cases.Closed, ended), closed.AddDate(0, 0, 60), Status{Status: "expired", Details: "It was answered on 2026-03-12."}},
		"closed, a copy": {at(cases.Closed, copied), closed, Status{Status: "fulfilled", ExpiresAt: "2026-03-26T12:00:00.000+00:00", ResultsURL: page,
			Details: "The person can fetch it by a link in a letter."}},
		"closed, a copy is gone":     {at(cases.Closed, copied), closed.AddDate(0, 0, 14), Status{Status: "expired", Details: "It was answered on 2026-03-12."}},
		"closed, a copy was removed": {at(cases.Closed, copied, func(r *cases.AgentRequest) { r.Package = time.Time{} }), closed, Status{Status: "expired", Details: "It was answered on 2026-03-12."}},
		"refused":                    {at(cases.Refused, ended), closed, Status{Status: "denied", Reason: "other", Details: "It was refused. The reason was told to the person, where an address is known."}},
		"appealed":                   {at(cases.Appealed), noon, Status{Status: "in_progress", ExpectedBy: dueText, Details: "It was refused. The person has appealed, and somebody else looks at it."}},
		"cancelled":                  {at(cases.Cancelled, ended), closed, Status{Status: "revoked"}},
		"lapsed":                     {at(cases.Lapsed, ended), closed, Status{Status: "denied", Reason: "insuf_verification", Details: "Nobody showed in time to be the person."}},
		"merged": {at(cases.Running, func(r *cases.AgentRequest) { r.Merged = true }), noon, Status{Status: "in_progress", ExpectedBy: dueText,
			Details: "It was brought together with an earlier request of the same person."}},
		"merged, which is over": {at(cases.Refused, ended, func(r *cases.AgentRequest) { r.Merged = true }), closed, Status{Status: "denied", Reason: "other",
			Details: "It was brought together with an earlier request of the same person. It was refused. The reason was told to the person, where an address is known."}},
		"of a newer program": {at("resting"), noon, Status{Status: "in_progress", ExpectedBy: dueText}},
	} {
		s := &Server{URL: "https://quay.example", Now: func() time.Time { return c.now }}
		c.want.RequestID, c.want.AgentRequestID, c.want.ReceivedAt = uuid, "ref", "2026-03-02T12:00:00.000+00:00"
		if diff := cmp.Diff(c.want, s.describe(c.is)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if seen[c.is.State] = true; c.is.Merged {
			seen[cases.Merged] = true // the state is that of the earlier one
		}
	}
	for _, state := range cases.States() {
		if !seen[state] {
			t.Errorf("the state %s is mapped to nothing", state)
		}
	}
}

func TestUUID(t *testing.T) {
	id := avow.NewID(noon)
	if got, ok := readUUID(uuidOf(id)); !ok || got != id {
		t.Errorf("%s is read as %s", uuidOf(id), got)
	}
	for _, text := range []string{"", "x", id.String(), uuidOf(id)[:35], uuidOf(id) + "0", "0" + uuidOf(id)[1:8] + uuidOf(id)[9:] + "-", "{" + uuidOf(id)[1:35] + "}"} {
		if _, ok := readUUID(text); ok {
			t.Errorf("%q is an id", text)
		}
	}
}
