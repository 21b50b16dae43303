package gate

import (
	"fmt"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Sentence says in one sentence why the answer is what it is, citing the policy's
// own words. It does no I/O and names no value of a person.
func (s *Rules) Sentence(d Decision, r *Request) string {
	t := teller{rules: s, d: d, r: r}
	return t.fill(sayings[d.Reason].why) + t.citation() + "."
}

// MakeYes says what would turn a no into a yes; it is empty for a yes.
func (s *Rules) MakeYes(d Decision, r *Request) string {
	if d.Allowed {
		return ""
	}
	t := teller{rules: s, d: d, r: r}
	return t.fill(sayings[d.Reason].makeYes)
}

// Sentence says why, see Rules.Sentence.
func (g *Gate) Sentence(d Decision, r *Request) string { return g.rules.Load().Sentence(d, r) }

// MakeYes says what would make it yes, see Rules.MakeYes.
func (g *Gate) MakeYes(d Decision, r *Request) string { return g.rules.Load().MakeYes(d, r) }

// A saying is how a reason is told: words in braces stand for what the request names.
type saying struct{ why, makeYes string }

var sayings = [reasons]saying{
	Undecided:          {"No: nothing was decided", "Ask with a purpose, the data and a time."},
	ByReason:           {"Yes: the policy lets us {act} {data} for {purpose}, {basis}", ""},
	ByAgreement:        {"Yes: the agreement that covers {data} lets us {act} it for {purpose}", ""},
	ByNecessity:        {"Yes: the site does not work without this cookie", ""},
	NoTime:             {"No: the request does not say for when it asks", "State the time of the use."},
	NoSubject:          {"No: the request names no person and no visitor", "Name the subject, or say that it is a visitor."},
	NoVersion:          {"No: no version of the policy was in force then", "Publish a policy that is in force at that time."},
	NotCached:          {"No: nothing is known here about this person yet", "Read the person's state from the database and ask again."},
	Stale:              {"No: what is known here about this person has run out", "Read the person's state from the database and ask again."},
	UnknownPurpose:     {"No: the policy states no such purpose, and what it does not state is not done", "State the purpose in a new version of the policy."},
	UnknownAct:         {"No: that is not an act the policy language knows", "Ask for one of: {acts}."},
	UnknownData:        {"No: the policy does not describe such data", "Describe the data in a new version of the policy."},
	NoData:             {"No: the request names no data", "Name the data it is about."},
	UnknownRecipient:   {"No: the policy names no such recipient", "Name the recipient in a new version of the policy."},
	UnknownRole:        {"No: the policy in force has no such staff role", "Ask with a role the policy names, or add the role to it."},
	UnknownCookie:      {"No: the policy in force does not declare this cookie", "Declare the cookie in a new version of the policy."},
	PurposeEnded:       {"No: the policy has ended {purpose}, for everybody", "Nothing: the purpose would have to be promised anew, and consented to or collected for."},
	PurposeNotPromised: {"No: the words that hold for {data} do not have {purpose}{under}", "Collect the data again under the notice in force, or ask for the consent it offers."},
	NoCookies:          {"No: the browser asks not to be tracked, and the policy then sets no such cookie", "Nothing on our side: the visitor may switch the signal off."},
	NotHeld:            {"No: about this person we do not hold {data}", "Collect it first, at a collection point the policy declares."},
	KeptForOthers:      {"No: what we hold of {data} is kept for other purposes only, so it is not there for {purpose}", "Collect it again for {purpose}."},
	AgreementDenies:    {"No: the agreement that covers {data} rules {purpose} out", "Change the agreement with the party to it."},
	AgreementSilent:    {"No: the agreement that covers {data} alone decides, and it does not speak of {purpose}", "Add the purpose to the agreement."},
	OnlyDisclosed:      {"No: {purpose} is a disclosure, so nothing else may be done for it", "Ask to disclose."},
	NoEvent:            {"No: {purpose} happens on an event only, and nobody has said that it happened", "Record the event that calls for it."},
	NotApproved:        {"No: {purpose} must be approved by {approver}", "Have {approver} approve it."},
	RoleDoesNotServe:   {"No: the role {role} does not work on {purpose}", "Ask a role that does, or give the role the purpose in the policy."},
	NeverKept:          {"No: the policy promises never to keep some of {data}", "Leave that data out."},
	NotCombined:        {"No: the policy does not bring {data} together", "Ask for data that the policy says it combines."},
	NoRecipient:        {"No: the request does not say who receives {data}", "Name the recipient."},
	RecipientNotThere:  {"No: the words that hold for {data} do not name {recipient}{under}", "Collect the data again under a notice that names the recipient."},
	RecipientNotData:   {"No: {recipient} does not receive all of {data}", "Leave out what the recipient is not said to receive."},
	RecipientNotFor:    {"No: {recipient} does not receive data for {purpose}", "Disclose it for a purpose the recipient is named for."},
	RecipientPlace:     {"No: {recipient} is outside {region}, and no safeguard stands for the transfer", "Put a safeguard in place that stands, and name it in the policy."},
	StaffPlace:         {"No: staff there is outside {region}, and no safeguard stands for the transfer", "Have it done by staff in the person's region, or put a safeguard in place that stands."},
	DoneOnce:           {"No: {purpose} happens once for a person, and it has been done", "Nothing: once means once."},
	SwitchedOff:        {"No: {purpose} is off until the person switches it on", "The person switches it on."},
	NotCovered:         {"No: no reason of {purpose} covers all of {data}", "Leave out what the purpose does not use."},
	SourceNotAllowed:   {"No: some of {data} comes only from a source that {purpose} may use under a condition, and nothing shows that it is met", "Show the condition, or collect the data from the person."},
	NoPersonFrom:       {"No: the policy promises to learn nobody's identity from some of {data}", "Leave out what says who the person is."},
	SpecialData:        {"No: some of {data} is of a special category, and {purpose} has no basis for that", "Obtain what the policy asks for special categories, or leave that data out."},
	CriminalData:       {"No: some of {data} is about convictions, and {purpose} has no basis for that", "Obtain what the policy asks for such data, or leave it out."},
	NotForThisKind:     {"No: {purpose} does not apply to {kind} when it comes to {acting}", "Nothing: the policy does not do this for {kind}."},
	NoBasis:            {"No: {basis} would hold for {purpose}, but nothing shows its condition", "Record the fact that the condition asks for."},
	NoConsent:          {"No: {purpose} needs consent, and this person has not given it or has withdrawn it", "The person gives consent to {purpose}."},
	Objected:           {"No: the person objected to {objection}", "The person takes the objection back{weighed}."},
	OptedOut:           {"No: the browser's signal opts out of this", "Nothing on our side: the person may switch the signal off."},
	UnderRestriction:   {"No: the person's data is restricted, and {purpose} does not go on under a restriction", "Lift the restriction, or obtain consent."},
}

// A teller puts the request's own words into a saying.
type teller struct {
	rules *Rules
	d     Decision
	r     *Request
}

func (t *teller) fill(words string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(words, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		var name string
		name, words, _ = strings.Cut(rest, "}")
		b.WriteString(t.word(name))
	}
}

func (t *teller) word(name string) string {
	switch name {
	case "act":
		return t.r.Act.String()
	case "acting":
		return acting[t.r.Act%avow.Act(avow.Acts)]
	case "acts":
		return strings.Join(avow.ActNames(), ", ")
	case "purpose":
		return t.purpose()
	case "data":
		return t.data()
	case "basis":
		return t.basis()
	case "recipient":
		return t.recipient()
	case "role", "approver":
		return t.role(name == "approver")
	case "region":
		return t.region()
	case "kind":
		return t.kind()
	case "under":
		return t.under()
	case "objection":
		return t.objection()
	case "weighed":
		return t.weighed()
	}
	return name
}

var acting = [avow.Acts]string{"using data", "collecting", "keeping", "sending", "combining", "disclosing", "transferring"}

func (t *teller) purpose() string {
	if p := t.rules.purpose(t.r.Purpose, t.d.Version); p != nil {
		return "“" + p.Title + "”"
	}
	return "that purpose"
}

// purpose finds a purpose as a version has it, or as the last one that has it.
func (s *Rules) purpose(i, version int) *policy.CompiledPurpose {
	if s == nil || i < 0 {
		return nil
	}
	if version >= 1 && version <= len(s.versions) {
		if p := s.versions[version-1]; i < len(p.Purposes) && p.Purposes[i].Declared {
			return &p.Purposes[i]
		}
	}
	for v := len(s.versions) - 1; v >= 0; v-- {
		if p := s.versions[v]; i < len(p.Purposes) && p.Purposes[i].Declared {
			return &p.Purposes[i]
		}
	}
	return nil
}

// data names the data asked for: whole categories by their name, the rest by field.
func (t *teller) data() string {
	if t.rules == nil || len(t.rules.versions) == 0 {
		return "that data"
	}
	p := t.rules.versions[len(t.rules.versions)-1]
	var list []string
	left := t.r.Whole
	for _, c := range p.Categories {
		if !c.Fields.Empty() && left.Covers(c.Fields) {
			list, left = append(list, c.Name), left.Minus(c.Fields)
		}
	}
	t.r.Data.Or(left).Each(func(i int) {
		if i < len(p.Fields) {
			list = append(list, p.Fields[i].Path())
		}
	})
	return enumerate(list, "that data")
}

func enumerate(list []string, none string) string {
	switch n := len(list); {
	case n == 0:
		return none
	case n == 1:
		return list[0]
	case n > 5:
		return strings.Join(list[:4], ", ") + fmt.Sprintf(" and %d more", n-4)
	default:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
}

var basisWords = [...]string{
	avow.Consent:             "on the person's consent",
	avow.Contract:            "for a contract with the person or the steps before one",
	avow.LegalObligation:     "on a legal obligation",
	avow.VitalInterests:      "on somebody's vital interests",
	avow.PublicTask:          "on a public task",
	avow.LegitimateInterests: "on legitimate interests",
	avow.Notice:              "on the notice itself, which the person may refuse",
	avow.NotStated:           "though it states no lawful basis",
}

func (t *teller) basis() string {
	if t.d.Allowed {
		return basisWords[t.d.Basis]
	}
	return t.d.Basis.String()
}

func (t *teller) recipient() string {
	if t.rules != nil && t.r.Recipient >= 0 {
		for v := len(t.rules.versions) - 1; v >= 0; v-- {
			if p := t.rules.versions[v]; t.r.Recipient < len(p.Recipients) && p.Recipients[t.r.Recipient].Declared {
				c := &p.Recipients[t.r.Recipient]
				return "“" + orElse(c.Title, c.Name) + "”"
			}
		}
	}
	return "the recipient"
}

func (t *teller) role(approver bool) string {
	i := t.r.Role
	if p := t.rules.purpose(t.r.Purpose, t.d.Version); approver && p != nil {
		i = p.ApprovedBy
	}
	if t.rules != nil && i >= 0 {
		for v := len(t.rules.versions) - 1; v >= 0; v-- {
			if p := t.rules.versions[v]; i < len(p.Roles) && p.Roles[i].Declared {
				return "“" + p.Roles[i].Name + "”"
			}
		}
	}
	return "that role"
}

func (t *teller) region() string {
	if t.r.Visitor && t.r.Region != "" {
		return string(t.r.Region)
	}
	return "the person's region"
}

func (t *teller) kind() string {
	if t.r.Visitor && t.r.Kind == avow.Business {
		return "businesses"
	}
	if t.r.Visitor {
		return "individuals"
	}
	return "this kind of person"
}

func (t *teller) under() string {
	if t.d.Version == 0 {
		return ""
	}
	return fmt.Sprintf(" (version %d)", t.d.Version)
}

func (t *teller) objection() string {
	if l := t.lane(); l != nil && l.Topic != "" {
		return "marketing about “" + l.Topic + "”, and that stops it whatever the basis"
	}
	return t.purpose()
}

func (t *teller) weighed() string {
	if l := t.lane(); l != nil && l.Weighed {
		return ", or staff record why it is overridden"
	}
	return ""
}

func (t *teller) lane() *policy.ObjectionLane {
	if v := t.d.Version; t.rules != nil && v >= 1 && v <= len(t.rules.versions) && t.d.Lane >= 0 {
		if p := t.rules.versions[v-1]; t.d.Lane < len(p.Objections) {
			return &p.Objections[t.d.Lane]
		}
	}
	return nil
}

// citation quotes the sentence of the policy the decision rests on.
func (t *teller) citation() string {
	c := t.rules.clause(t.d)
	if c == nil || t.d.Clause == 0 {
		return ""
	}
	if c.Says == "" {
		return fmt.Sprintf(" (version %d, line %d: %s)", t.d.Version, c.Line, c.Key)
	}
	return fmt.Sprintf(": “%s” (version %d, line %d)", strings.TrimRight(c.Says, ". "), t.d.Version, c.Line)
}

func (s *Rules) clause(d Decision) *policy.Clause {
	if s == nil || d.Version < 1 || d.Version > len(s.versions) {
		return nil
	}
	p := s.versions[d.Version-1]
	if d.Clause < 0 || d.Clause >= len(p.Clauses) {
		return nil
	}
	return &p.Clauses[d.Clause]
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
