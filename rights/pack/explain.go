package pack

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
)

// Purpose is what a value is for, in the words of the version it was given under.
type Purpose struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Because []string `json:"because,omitempty"`
}

// Recipient is who may receive a value.
type Recipient struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Role      string   `json:"role,omitempty"`
	Places    []string `json:"places,omitempty"`
	Safeguard string   `json:"safeguard,omitempty"` // of a transfer (gdpr:15(2))
	For       []string `json:"for"`                 // titles of purposes
	When      string   `json:"when,omitempty"`      // the event, when only that starts it
}

// Notice is a version that values were given under.
type Notice struct {
	Policy     string      `json:"policy"`
	Title      string      `json:"title"`
	Version    int         `json:"version"`
	Effective  string      `json:"effective"`           // YYYY-MM-DD
	SHA256     string      `json:"sha256"`              // of the policy file
	Contact    string      `json:"contact,omitempty"`   // of the officer, else of the organisation
	Complaints []Complaint `json:"complaints"`          // where to complain (gdpr:15(1)(f))
	Decisions  []string    `json:"decisions,omitempty"` // made about people by machines (gdpr:15(1)(h))
}

// Complaint is a place to complain.
type Complaint struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
	Mail string `json:"mail,omitempty"`
}

// Covers tells whether a reason is about a field.
func Covers(field int) func(policy.CompiledReason) bool {
	return func(r policy.CompiledReason) bool { return r.Fields.Has(field) }
}

// Purposes are purposes in the words of a policy, with why they use a field.
func Purposes(p *policy.Policy, set policy.PurposeSet, field int) []Purpose {
	out := []Purpose{}
	set.Each(func(i int) {
		out = append(out, Purpose{p.Purposes[i].Name, p.Purposes[i].Title, Reasons(p, i, field)})
	})
	return out
}

// Reasons is why a purpose uses a field, in the policy's words.
func Reasons(p *policy.Policy, purpose, field int) (out []string) {
	u := p.Purposes[purpose]
	for _, r := range u.Reasons {
		says := strings.TrimSpace(strings.TrimPrefix(p.Clauses[r.Clause].Says, u.Title+":"))
		if r.Fields.Has(field) && says != "" && says != u.Title {
			out = once(out, says)
		}
	}
	return out
}

// Recipients are those who may receive a field for some purposes, and those who may on an event.
func Recipients(p *policy.Policy, set policy.PurposeSet, field int) []Recipient {
	out := []Recipient{}
	for _, r := range p.Recipients {
		if why := both(r.For, set); r.Declared && r.Receives.Has(field) && !why.Empty() {
			out = append(out, recipient(r, Titles(p, why)))
		}
	}
	for _, e := range p.Document.Disclosures {
		i, ok := p.Purpose(e.Key)
		if !ok || p.Purposes[i].To < 0 || !slices.ContainsFunc(p.Purposes[i].Reasons, Covers(field)) {
			continue
		}
		x := recipient(p.Recipients[p.Purposes[i].To], []string{p.Purposes[i].Title})
		for _, t := range e.Is.When {
			x.When = strings.TrimPrefix(x.When+"; "+notice.Text(p, t, ""), "; ")
		}
		out = append(out, x)
	}
	return out
}

// both is the purposes in each of two sets.
func both(a, b policy.PurposeSet) policy.PurposeSet { return a.Minus(a.Minus(b)) }

func recipient(r policy.CompiledRecipient, why []string) Recipient {
	x := Recipient{Name: r.Name, Title: cmp.Or(r.Title, Spaced(r.Name)), Role: r.Role, Safeguard: r.Safeguard.Name, For: why}
	for _, place := range r.Places {
		x.Places = append(x.Places, string(place))
	}
	if r.Anywhere {
		x.Places = append(x.Places, "anywhere")
	}
	return x
}

// Titles are the titles of purposes.
func Titles(p *policy.Policy, set policy.PurposeSet) []string {
	out := []string{}
	set.Each(func(i int) { out = append(out, cmp.Or(p.Purposes[i].Title, p.Purposes[i].Name)) })
	return out
}

// KeptFor says how long a field is kept that was collected for some purposes, one
// line a rule. A rule for other purposes says nothing about it.
func KeptFor(p *policy.Policy, set policy.PurposeSet, field int) []string {
	out := []string{}
	for _, r := range p.Retention {
		why := both(r.OnlyFor, set)
		if !r.Fields.Has(field) || !r.OnlyFor.Empty() && why.Empty() {
			continue
		}
		line := notice.Until(p, r.Until, "")
		if then := thenWords[r.Then]; then != "" {
			line += ", then " + then
		}
		if !why.Empty() {
			line += " (for nothing but: " + strings.Join(Titles(p, why), "; ") + ")"
		}
		out = once(out, line)
	}
	return out
}

var thenWords = map[string]string{"erase": "erased", "anonymise": "made anonymous", "shorten": "shortened", "pseudonymise": "put under a pseudonym"}

// NoticeOf is what a version says of itself and of whom to turn to.
func NoticeOf(p *policy.Policy) Notice {
	org := p.Document.Organisation
	n := Notice{Policy: p.Name, Title: notice.Text(p, p.Document.Title, ""), Version: p.Number, Effective: p.Effective.Format(time.DateOnly),
		SHA256: hex.EncodeToString(p.Hash[:]), Contact: cmp.Or(org.Officer.Email, cmp.Or(org.Contact.Email, org.Contact.Page)),
		Complaints: []Complaint{}, Decisions: notice.Decisions(p, "")}
	for _, c := range p.Document.Complaints {
		n.Complaints = append(n.Complaints, Complaint{cmp.Or(notice.Text(p, c.Is.Name, ""), Spaced(c.Key)), c.Is.URL, c.Is.Email})
	}
	return n
}

// Spaced opens up a name of the policy file: `job-role` is `Job role`.
func Spaced(name string) string {
	if name == "" {
		return ""
	}
	s := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

func once(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
