package drp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/vault"
)

// supported are the actions of drp:1.0#3.01 that are served, and as which right. What `access:categories` is to hold the protocol
// leaves open, and `sale:opt-in` is a consent, which nobody gives here for somebody else.
var supported = map[string]law.Right{"access": law.Copy, "access:specific": law.Copy, "deletion": law.Remove, "sale:opt-out": law.OptOut}

const (
	mostHints = 20
	mostHint  = 100 // bytes
)

// ask reads what an agent asks for a person (drp:1.0#2.01). Of the claims about them only what somebody can be found by is
// taken: the address and the telephone number. The name and the postal address find nobody here, and are not kept.
func (m *message) ask(agent Agent) (a cases.AgentAsk, err error) {
	read := reader{m: m}
	a.Exercise = read.text("exercise", 100)
	a.Reference = read.text("agent-request-id", 200)
	a.Callback = read.callback("status_callback")
	a.Region = read.region("regime")
	a.Wrote = read.hints("relationships")
	for _, claim := range []struct{ name, kind string }{{"email", vault.Email}, {"phone_number", vault.Phone}} {
		if value := read.text(claim.name, 320); value != "" {
			a.Identities = append(a.Identities, cases.Identity{Kind: claim.kind, Value: value})
		}
	}
	a.By, a.Evidence = agent.String(), read.mandate(agent)
	right, served := supported[a.Exercise]
	switch {
	case read.err != nil:
		return a, read.err
	case !served:
		return a, invalid("this exercise is not served here; %s are", "access, access:specific, deletion and sale:opt-out")
	case len(a.Identities) == 0:
		return a, invalid("email or phone_number is needed: nobody is found here by anything else")
	}
	a.Right = right
	return a, nil
}

// reader reads claims until one is wrong.
type reader struct {
	m   *message
	err error
}

func (r *reader) text(name string, most int) string {
	s, err := r.m.text(name, most)
	r.keep(err)
	return s
}

func (r *reader) flag(name string) bool {
	yes, err := r.m.flag(name)
	r.keep(err)
	return yes
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

// region is where the person lives by the law that the agent names: Californians are those whom the CCPA covers. Without one the request is
// voluntary by the protocol; here the strictest law that the policy names counts then.
func (r *reader) region(name string) avow.Region {
	switch r.text(name, 100) {
	case "ccpa":
		return "US-CA"
	case "", "voluntary": // the word some agents send where the protocol says nothing
		return ""
	}
	r.keep(invalid("%s is ccpa, or is left out", name))
	return ""
}

// callback is where an agent wants to be told: a page of the web that is encrypted on the way.
func (r *reader) callback(name string) string {
	text := r.text(name, 2000)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		r.keep(invalid("%s is an address that begins with https://", name))
	}
	return text
}

// hints are where else the organisation may know the person from; staff read them.
func (r *reader) hints(name string) string {
	var list []string
	if r.m.has(name) {
		if err := json.Unmarshal(r.m.fields[name], &list); err != nil || len(list) > mostHints {
			r.keep(invalid("%s is a list of at most %d strings", name, mostHints))
			return ""
		}
	}
	for _, hint := range list {
		if len(hint) > mostHint || strings.ContainsFunc(hint, control) {
			r.keep(invalid("%s: each is one line of at most %d bytes", name, mostHint))
			return ""
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "The agent says that the person may be known as: " + strings.Join(list, ", ")
}

// mandate is what the agent shows: that it signed, and what it says it has verified. It stands with the request as
// evidence for staff, and opens nothing by itself (drp:1.0#3.04 leaves open how far it is relied on).
func (r *reader) mandate(agent Agent) string {
	var verified []string
	for _, claim := range []string{"email", "phone_number", "address"} {
		if r.flag(claim+"_verified") && r.m.has(claim) {
			verified = append(verified, claim)
		}
	}
	used := r.m.used(agent)
	text := fmt.Sprintf("Data Rights Protocol %s: %s signed a message for the person (SHA-256 %s)", version, agent, hex.EncodeToString(used.Hash[:]))
	if len(verified) > 0 {
		text += "; it says that it verified: " + strings.Join(verified, ", ")
	}
	if power := r.text("power_of_attorney", 1000); power != "" {
		text += "; power of attorney: " + power
	}
	return text
}
