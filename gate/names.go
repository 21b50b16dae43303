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
	purposes, recipients, roles, data dictionary

	sets    []named // what the words of data stand for
	cookies []policy.CompiledCookie
}

type named struct {
	fields policy.FieldSet
	whole  bool
}

func namesOf(before []names, p *policy.Policy) names {
	purposes, recipients, roles, data := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	if len(before) > 0 {
		last := &before[len(before)-1]
		last.purposes.each(func(name string, i int) { purposes[name] = i })
		last.recipients.each(func(name string, i int) { recipients[name] = i })
		last.roles.each(func(name string, i int) { roles[name] = i })
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
	var sets []named
	for i := range p.Fields {
		var one policy.FieldSet
		one.Add(i)
		data[p.Fields[i].Path()] = len(sets)
		sets = append(sets, named{fields: one})
	}
	for _, c := range p.Categories {
		data[c.Name] = len(sets)
		sets = append(sets, named{fields: c.Fields, whole: true})
	}
	return names{dictionaryOf(purposes), dictionaryOf(recipients), dictionaryOf(roles), dictionaryOf(data), sets, p.Cookies}
}

// Resolve fills a request's indexes from words, in the version in force at r.At.
// It gives Undecided when every word is known, else which kind of word is not.
func (s *Rules) Resolve(n *Names, r *Request) Reason { return s.resolve(n, r, r.At.UnixMilli()) }

func (s *Rules) resolve(n *Names, r *Request, at int64) Reason {
	i := s.inForce(at)
	if i < 0 {
		return NoVersion
	}
	in := &s.names[i]
	if r.Purpose = in.purposes.find(n.Purpose); r.Purpose < 0 && (n.Purpose != "" || n.Cookie == "") {
		return UnknownPurpose // with a cookie and no purpose it is the cookie's own
	}
	r.Data, r.Whole = policy.FieldSet{}, policy.FieldSet{}
	for _, name := range n.Data {
		at := in.data.find(name)
		if at < 0 {
			return UnknownData
		}
		d := &in.sets[at]
		if d.whole {
			unite(&r.Whole, &r.Whole, &d.fields)
		} else {
			unite(&r.Data, &r.Data, &d.fields)
		}
	}
	r.Recipient, r.Role, r.Cookie = -1, -1, -1
	if n.Recipient != "" || n.Role != "" || n.Cookie != "" {
		return in.others(n, r)
	}
	return Undecided
}

func (in *names) others(n *Names, r *Request) Reason {
	if n.Recipient != "" {
		if r.Recipient = in.recipients.find(n.Recipient); r.Recipient < 0 {
			return UnknownRecipient
		}
	}
	if n.Role != "" {
		if r.Role = in.roles.find(n.Role); r.Role < 0 {
			return UnknownRole
		}
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
