package trial

import (
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
)

// asked is a case with its request.
type asked struct {
	*question
	state   *gate.State // nil: a visitor
	request gate.Request
}

// questions makes the request of every case.
func (b *bench) questions() (out []asked) {
	seen := map[string]bool{}
	for i := range b.Cases {
		q := &b.Cases[i]
		if q.ID != "" && seen[q.ID] {
			b.wrong(q.Pos, "duplicate", q.ID, "give the case another id", "two cases have the id `%s`", q.ID)
		}
		seen[q.ID] = true
		out = append(out, b.question(q))
	}
	return out
}

func (b *bench) question(q *question) asked {
	a := asked{question: q, request: gate.About(avow.ID{}, -1, b.when(q.On))}
	if q.Who.Name == "visitor" {
		a.request.Visitor = true
		a.request.Kind, _ = avow.ParseSubjectKind(q.As)
		a.request.Region = b.region(q.In)
	} else {
		a.state = b.people[q.Who.Name]
		if a.state == nil {
			b.unknown("subject", q.Who, append(b.Subjects.Keys(), "visitor"))
			return a
		}
		a.request.Subject = a.state.Subject
		a.request.Place = b.region(q.In)
	}
	a.request.Act, _ = avow.ParseAct(q.Act)
	a.request.Event = q.OnEvent.Yes
	b.resolve(&a)
	return a
}

// when is the day of a question: its own, else the first of the last version.
func (b *bench) when(on policy.Date) time.Time {
	switch {
	case on.Year != 0:
		return time.Date(on.Year, time.Month(max(on.Month, 1)), max(on.Day, 1), 0, 0, 0, 0, time.UTC)
	case b.last.Effective.IsZero():
		return time.Unix(0, 0).UTC() // a draft without a date is in force since ever
	}
	return b.last.Effective
}

func (b *bench) resolve(a *asked) {
	names := gate.Names{Purpose: a.Purpose.Name, Recipient: a.To.Name, Role: a.By.Name, Cookie: a.Cookie}
	all := false
	for _, d := range a.Data {
		if all = all || d.All; !d.All {
			names.Data = append(names.Data, dataName(d))
		}
	}
	for _, s := range a.Signals {
		switch s.Name {
		case "dnt":
			a.request.Signals |= avow.DNT
		case "gpc":
			a.request.Signals |= avow.GPC
		default:
			b.unknown("signal", s, []string{"dnt", "gpc"})
		}
	}
	why := b.lookUp(a, names)
	if all {
		a.request.Whole = everything(b.last)
	}
	switch why {
	case gate.UnknownPurpose:
		b.unknown("purpose", policy.Ref{Pos: a.at(a.Purpose.Pos), Name: a.Purpose.Name}, purposeNames(b.last))
	case gate.UnknownData:
		b.noData(a)
	case gate.UnknownRecipient:
		b.unknown("recipient", a.To, recipientNames(b.last))
	case gate.UnknownRole:
		b.unknown("staff role", a.By, roleNames(b.last))
	case gate.UnknownCookie:
		b.unknown("cookie", policy.Ref{Pos: a.Pos, Name: a.Cookie}, cookieNames(b.last))
	}
}

func everything(p *policy.Policy) (all policy.FieldSet) {
	for i := range p.Fields {
		all.Add(i)
	}
	return all
}

func dataName(d policy.DataRef) string {
	switch {
	case d.All:
		return "all"
	case d.Field != "":
		return d.Category + "." + d.Field
	}
	return d.Category
}

// lookUp finds the indexes of the words. A purpose, recipient or role the policy
// does not have is a fair question, to which the answer is no. One that is a slip
// of the pen away from another is a mistake.
func (b *bench) lookUp(a *asked, names gate.Names) gate.Reason {
	purpose, recipient, role := names.Purpose, names.Recipient, names.Role
	if _, known := b.last.Purpose(purpose); !known && fair(purpose, purposeNames(b.last)) { // known by a former name, too
		names.Purpose = policy.DutyKeepProof
	}
	if fair(recipient, recipientNames(b.last)) {
		names.Recipient = ""
	}
	if fair(role, roleNames(b.last)) {
		names.Role = ""
	}
	why := b.rules.Resolve(&names, &a.request)
	if names.Purpose != purpose {
		a.request.Purpose = policy.MaxPurposes
	}
	if names.Recipient != recipient {
		a.request.Recipient = policy.MaxRecipients
	}
	if names.Role != role {
		a.request.Role = policy.MaxRoles
	}
	return why
}

func fair(word string, known []string) bool {
	return word != "" && !slices.Contains(known, word) && policy.Nearest(word, known) == ""
}

func (a *asked) at(p policy.Pos) policy.Pos {
	if p == (policy.Pos{}) {
		return a.Pos
	}
	return p
}

func (b *bench) noData(a *asked) {
	in := b.last
	if p := b.rules.InForce(a.request.At); p != nil {
		in = p
	}
	for _, d := range a.Data {
		if _, _, ok := in.Data(dataName(d)); !ok {
			b.unknown("data", policy.Ref{Pos: d.Pos, Name: dataName(d)}, dataNames(in))
		}
	}
}

// ask asks the gate and compares.
func (b *bench) ask(a asked) Result {
	d := b.rules.Decide(a.state, &a.request)
	r := Result{File: b.name, Line: a.Line, ID: a.ID, Question: a.words(), Want: a.Want.Yes, Got: d.Allowed, Reason: d.Reason.String(),
		Sentence: b.rules.Sentence(d, &a.request), MakeYes: b.rules.MakeYes(d, &a.request)}
	r.Passed = r.Want == r.Got
	if r.Passed && !strings.Contains(strings.ToLower(r.Reason+" "+r.Sentence+" "+r.MakeYes), strings.ToLower(a.Because)) {
		r.Passed, r.Because = false, a.Because
	}
	return r
}

// words tells a question: `ann: send contact for newsletter`.
func (a *asked) words() string {
	var data []string
	for _, d := range a.Data {
		data = append(data, dataName(d))
	}
	s := a.Who.Name + ": " + a.request.Act.String() + " " + strings.Join(data, ", ")
	if a.Cookie != "" {
		s += " in cookie " + a.Cookie
	}
	if a.Purpose.Name != "" {
		s += " for " + a.Purpose.Name
	}
	if a.To.Name != "" {
		s += " to " + a.To.Name
	}
	if a.By.Name != "" {
		s += " by " + a.By.Name
	}
	return s
}
