package gate

import (
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Names is a question in words.
type Names struct {
	Purpose   string
	Data      []string // categories (asked for as a whole) and category.field (exactly)
	Recipient string   // empty: it stays in the house
	Role      string   // empty: the controller's own system
	Cookie    string   // empty: none
}

// names are the words of one version, and of those before it for what is
// indexed over all versions: an old name of something renamed still finds it.
type names struct {
	purposes, recipients, roles dictionary[int]
	data                        dictionary[named]
	cookies                     []policy.CompiledCookie
}

type named struct {
	fields policy.FieldSet
	whole  bool
}

func namesOf(before []names, p *policy.Policy) names {
	purposes, recipients, roles, data := map[string]int{}, map[string]int{}, map[string]int{}, map[string]named{}
	if len(before) > 0 {
		last := &before[len(before)-1]
		last.purposes.each(func(name string, i *int) { purposes[name] = *i })
		last.recipients.each(func(name string, i *int) { recipients[name] = *i })
		last.roles.each(func(name string, i *int) { roles[name] = *i })
	}
	for i := range p.Purposes {
		purposes[p.Purposes[i].Name] = i
	}
	for i := range p.Recipients {
		recipients[p.Recipients[i].Name] = i
	}
	for i := range p.Roles {
		roles[p.Roles[i].Name] = i
	}
	for i := range p.Fields {
		var one policy.FieldSet
		one.Add(i)
		data[p.Fields[i].Path()] = named{fields: one}
	}
	for _, c := range p.Categories {
		data[c.Name] = named{fields: c.Fields, whole: true}
	}
	return names{dictionaryOf(purposes), dictionaryOf(recipients), dictionaryOf(roles), dictionaryOf(data), p.Cookies}
}

// Resolve fills a request's indexes from words, in the version in force at r.At.
// It gives Undecided when every word is known, else which kind of word is not.
func (s *Rules) Resolve(n *Names, r *Request) Reason {
	i := s.inForce(r.At.UnixMilli())
	if i < 0 {
		return NoVersion
	}
	in := &s.names[i]
	if why := in.purposeOf(n, r); why != Undecided {
		return why
	}
	r.Data, r.Whole = policy.FieldSet{}, policy.FieldSet{}
	for _, name := range n.Data {
		d := in.data.find(name)
		switch {
		case d == nil:
			return UnknownData
		case d.whole:
			unite(&r.Whole, &r.Whole, &d.fields)
		default:
			unite(&r.Data, &r.Data, &d.fields)
		}
	}
	return in.others(n, r)
}

func (in *names) purposeOf(n *Names, r *Request) Reason {
	r.Purpose = -1
	if n.Purpose == "" && n.Cookie != "" {
		return Undecided // the cookie's own
	}
	i := in.purposes.find(n.Purpose)
	if i == nil {
		return UnknownPurpose
	}
	r.Purpose = *i
	return Undecided
}

func (in *names) others(n *Names, r *Request) Reason {
	r.Recipient, r.Role, r.Cookie = -1, -1, -1
	if n.Recipient != "" {
		i := in.recipients.find(n.Recipient)
		if i == nil {
			return UnknownRecipient
		}
		r.Recipient = *i
	}
	if n.Role != "" {
		i := in.roles.find(n.Role)
		if i == nil {
			return UnknownRole
		}
		r.Role = *i
	}
	if n.Cookie != "" {
		if r.Cookie = in.cookie(n.Cookie); r.Cookie < 0 {
			return UnknownCookie
		}
	}
	return Undecided
}

// cookie finds the declaration of a cookie: the longest pattern that fits, -1 none.
func (in *names) cookie(name string) int {
	best, length := -1, -1
	for i := range in.cookies {
		p := in.cookies[i].Pattern
		stem, open := strings.CutSuffix(p, "*")
		if (p == name || open && strings.HasPrefix(name, stem)) && len(p) > length {
			best, length = i, len(p)
		}
	}
	return best
}

func refuse(why Reason, version, clause int) Decision {
	return Decision{Reason: why, Basis: avow.BasisNone, Version: version, Clause: clause, Lane: -1}
}
