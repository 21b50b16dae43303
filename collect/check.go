package collect

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/vault"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a submission.
const (
	maxFields = 64
	maxTotal  = 64 << 10
	maxName   = 200  // characters of a name, and of any short answer
	maxText   = 2000 // characters of a text
)

// given is one field as it will be kept.
type given struct {
	index int
	field policy.Field
	value string
}

// checked is a submission that is right.
type checked struct {
	p        *policy.Policy
	point    *policy.CompiledPoint
	kind     avow.SubjectKind
	fields   []given // in the order of the policy
	consents []int   // purposes
}

// check holds a submission against its point. It is pure. The error names the field
// and says what to do.
func check(p *policy.Policy, s Submission) (checked, error) {
	i, ok := p.Point(s.Point)
	if !ok {
		return checked{}, avow.Errorf(avow.NotFound, "policy %s declares no collection point %q", p.Name, clip(s.Point))
	}
	c := checked{p: p, point: &p.Points[i], kind: s.Kind}
	if c.point.As != avow.KindUnknown {
		c.kind = c.point.As
	}
	if c.point.Automatic {
		return c, avow.Errorf(avow.Invalid, "nothing is typed at the point %s", c.point.Name)
	}
	for _, step := range []func(Submission) error{c.bounds, c.read, c.needs, c.ticks, c.statements, c.age, c.special, c.grounded} {
		if err := step(s); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *checked) bounds(s Submission) error {
	total := 0
	for name, value := range s.Fields {
		total += len(name) + len(value)
	}
	switch {
	case len(s.Fields) > maxFields || len(s.Consents) > maxFields || len(s.Confirmed) > maxFields:
		return avow.Errorf(avow.TooLarge, "a submission has at most %d fields", maxFields)
	case total > maxTotal:
		return avow.Errorf(avow.TooLarge, "a submission has at most 64 KiB")
	case len(s.Language) > 35 || strings.ContainsFunc(s.Language, notTag):
		return avow.FieldErrorf(InputLanguage, "is a language tag, such as en or pt-BR")
	}
	return nil
}

func notTag(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
}

// read takes the declared fields, and refuses any other by its name.
func (c *checked) read(s Submission) error {
	names := make([]string, 0, len(s.Fields))
	for name := range s.Fields {
		names = append(names, name)
	}
	sort.Strings(names)
	open := c.point.Needs.Or(c.point.May)
	for _, name := range names {
		i, ok := c.p.Field(name)
		if !ok || !open.Has(i) || c.p.Fields[i].Path() != name {
			return avow.FieldErrorf(cmp.Or(clip(name), "fields"), "is not asked for here: policy %s does not declare it at the point %s; leave it out", c.p.Name, c.point.Name)
		}
		value, err := Clean(c.p.Fields[i], s.Fields[name], s.Region)
		if err != nil {
			return err
		}
		if value != "" {
			c.fields = append(c.fields, given{i, c.p.Fields[i], value})
		}
	}
	sort.Slice(c.fields, func(a, b int) bool { return c.fields[a].index < c.fields[b].index })
	return nil
}

func (c *checked) has(field int) bool {
	return slices.ContainsFunc(c.fields, func(g given) bool { return g.index == field })
}

func (c *checked) needs(Submission) (err error) {
	c.point.Needs.Each(func(i int) {
		if err == nil && !c.has(i) {
			err = avow.FieldErrorf(c.p.Fields[i].Path(), "is needed; fill it in")
		}
	})
	return err
}

func (c *checked) ticks(s Submission) error {
	for _, name := range s.Consents {
		i, ok := c.p.Purpose(name)
		if !ok || !slices.Contains(c.point.Consent, i) {
			return avow.FieldErrorf(prefixConsent+clip(name), "is not a consent that is asked for here")
		}
		if c.p.Purposes[i].ConsentLane < 0 {
			return avow.FieldErrorf(prefixConsent+name, "cannot be given: policy %s does not rest on consent for it; leave it out", c.p.Name)
		}
		if !slices.Contains(c.consents, i) {
			c.consents = append(c.consents, i)
		}
	}
	return nil
}

// statements: what the giver confirms about other people's data (E29).
func (c *checked) statements(s Submission) error {
	for i, words := range c.point.Confirm {
		if !slices.Contains(s.Confirmed, words) && !slices.Contains(s.Confirmed, strconv.Itoa(i)) {
			return avow.FieldErrorf(prefixConfirm+strconv.Itoa(i), "must be confirmed: %s", words)
		}
	}
	return nil
}

func (c *checked) age(s Submission) error {
	switch {
	case c.point.FromAge == 0:
		return nil
	case s.Age == 0:
		return avow.FieldErrorf(InputAge, "is needed here; it is checked and not kept")
	case s.Age < c.point.FromAge:
		return avow.FieldErrorf(InputAge, "is below %d, from which data is taken here; nothing was kept", c.point.FromAge) // gdpr:8
	}
	return nil
}

// special: data of special categories and about convictions comes in only where a
// purpose of the point has the ground they need on top (gdpr:9(2), gdpr:10).
func (c *checked) special(Submission) error {
	grounds := c.grounds()
	for _, g := range c.fields {
		switch grounds.Lack(g.index) {
		case LackSpecial:
			return avow.FieldErrorf(g.field.Path(), "is of a special category, and needs your consent to what it is for; tick it, or leave this out")
		case LackCriminal:
			return avow.FieldErrorf(g.field.Path(), "is about convictions, for which the policy names no law here; leave it out")
		}
	}
	return nil
}

func (c *checked) grounds() Grounds {
	return Grounds{Policy: c.p, Kind: c.kind, Purposes: c.purposes(), Consents: c.consents}
}

// grounded refuses what nothing allows to be collected: every purpose of the point
// rests on consent, and none was given.
func (c *checked) grounded(Submission) error {
	if c.point.For.Empty() || len(c.fields) == 0 {
		return nil
	}
	for _, g := range c.fields {
		if c.basis(g.index) != avow.BasisNone {
			return nil
		}
	}
	if len(c.point.Consent) > 0 {
		return avow.FieldErrorf(prefixConsent+c.p.Purposes[c.point.Consent[0]].Name, "is what this form is for, and rests on your consent; tick it, or do not send the form")
	}
	return avow.Errorf(avow.Refused, "policy %s gives no ground to collect this from you at the point %s", c.p.Name, c.point.Name)
}

// basis is the ground on which a field is collected.
func (c *checked) basis(field int) avow.Basis { return c.grounds().Basis(field) }

// purposes is what this submission is for: what the point is for, and what was
// consented to beside it.
func (c *checked) purposes() (list []int) {
	c.point.For.Each(func(i int) { list = append(list, i) })
	for _, i := range c.consents {
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	return list
}

// Clean makes a typed text what will be kept of a field, or says what is wrong with
// it: an Invalid error that names the field and does not repeat the text. Of nothing it makes nothing.
func Clean(f policy.Field, typed string, region avow.Region) (string, error) {
	text := strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(typed, "\r\n", "\n")))
	if text == "" {
		return "", nil
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unseen) {
		return "", avow.FieldErrorf(f.Path(), "has characters that cannot be read; type it again")
	}
	switch f.Name {
	case "email":
		return identity(f, vault.Identity{Kind: vault.Email, Value: text})
	case "phone":
		return identity(f, vault.Identity{Kind: vault.Phone, Value: text, Region: region})
	case "birthday", "birth-date", "date-of-birth":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return "", avow.FieldErrorf(f.Path(), "is a date; write it like 1990-12-31")
		}
		return text, nil
	}
	return sized(f, text)
}

// shortNames are fields whose answer is a line.
var shortNames = []string{"name", "first-name", "last-name", "employer", "company", "job-role", "title", "country", "city", "postcode"}

func sized(f policy.Field, text string) (string, error) {
	n := utf8.RuneCountInString(text)
	if slices.Contains(shortNames, f.Name) {
		if n > maxName || strings.ContainsRune(text, '\n') {
			return "", avow.FieldErrorf(f.Path(), "is one line of at most %d characters; shorten it", maxName)
		}
		return text, nil
	}
	if n > maxText {
		return "", avow.FieldErrorf(f.Path(), "has at most %d characters; shorten it", maxText)
	}
	return text, nil
}

func identity(f policy.Field, id vault.Identity) (string, error) {
	id, err := id.Normal()
	if err == nil && id.Kind == vault.Email {
		err = sendable(id.Value)
	}
	if avow.KindOf(err) == avow.Invalid {
		if f.Name == "phone" {
			return "", avow.FieldErrorf(f.Path(), "is not a telephone number; begin with + and the country code")
		}
		return "", avow.FieldErrorf(f.Path(), "is not an e-mail address; one looks like name@mail.example")
	}
	return id.Value, err
}

// sendable: mail can be sent there, over the network too.
func sendable(address string) error {
	address, _, err := mail.Address(address)
	if _, domain, _ := strings.Cut(address, "@"); err == nil && !strings.Contains(domain, ".") {
		err = avow.Errorf(avow.Invalid, "a domain has a dot")
	}
	return err
}

func unseen(r rune) bool {
	return r == unicode.ReplacementChar || unicode.IsControl(r) && r != '\n' && r != '\t' ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 // directions that make a text read otherwise
}
