package rights

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/vault"
)

// words finds the words of the versions that values were given under, each version
// once. It serves one reading of one person.
type words struct {
	d        *Desk
	kind     avow.SubjectKind
	policies map[version]*policy.Policy
}

type version struct {
	name   string
	number int
}

func (d *Desk) words(kind avow.SubjectKind) *words {
	return &words{d: d, kind: kind, policies: map[version]*policy.Policy{}}
}

// policy is a version; nil when it is not published here.
func (w *words) policy(name string, number int) *policy.Policy {
	key := version{name, number}
	p, ok := w.policies[key]
	if !ok && name != "" {
		var err error
		if p, err = w.d.Register.Version(name, number); err != nil {
			p = nil
		}
		w.policies[key] = p
	}
	return p
}

// add puts a value under its category, and its notice among the notices.
func (rec *Record) add(w *words, v vault.Value) {
	p := w.policy(v.Policy, v.Version)
	i := slices.IndexFunc(rec.Categories, func(c Category) bool { return c.Policy == v.Policy && c.Name == v.Category })
	if i < 0 {
		i = len(rec.Categories)
		rec.Categories = append(rec.Categories, Category{Policy: v.Policy, Name: v.Category, Title: spaced(v.Category), Values: []Held{}, Recipients: []string{}, Kept: []string{}})
	}
	c := &rec.Categories[i]
	h := w.held(p, v)
	c.Values = append(c.Values, h)
	for _, r := range h.Recipients {
		c.Recipients = with(c.Recipients, r.Title)
	}
	for _, k := range h.Kept {
		c.Kept = with(c.Kept, k)
	}
	if p == nil {
		return
	}
	if is, ok := p.Document.Data.Get(v.Category); ok {
		c.Title = notice.Text(p, is.Title, "")
	}
	if !slices.ContainsFunc(rec.Notices, func(n Notice) bool { return n.Policy == v.Policy && n.Version == v.Version }) {
		rec.Notices = append(rec.Notices, noticeOf(p))
	}
}

// held is a value in the words of the version it was given under, as far as that is published here.
func (w *words) held(p *policy.Policy, v vault.Value) Held {
	h := Held{ID: v.ID, Field: v.Field, Label: spaced(v.Field), Value: v.Data, Source: spaced(v.Source), Point: v.Point, PointTitle: spaced(v.Point),
		At: v.At, Version: v.Version, Basis: v.Basis.String(), Purposes: []Purpose{}, Recipients: []Recipient{}, Kept: []string{}, Claimed: v.Claimed}
	for _, name := range v.Purposes {
		h.Purposes = append(h.Purposes, Purpose{Name: name, Title: spaced(name)})
	}
	if p == nil {
		return h
	}
	h.Label, h.BasisMeans = notice.FieldTitle(p, v.Field, ""), notice.BasisMeans(p, h.Basis, "")
	if i, ok := p.FindSource(v.Source); ok {
		h.Source = p.Sources[i].Title
	}
	if i, ok := p.Point(v.Point); ok {
		h.PointTitle = orElse(p.Points[i].Title, h.PointTitle)
	}
	if field, ok := p.Field(v.Category + "." + v.Field); ok {
		set := purposesOf(p, v, field)
		h.Purposes = purposes(p, set, field)
		h.Recipients = recipients(p, set, field)
		h.Kept = kept(p, set, field)
	}
	return h
}

// purposesOf is what a value was collected for and may be used for by its reasons;
// where nothing like that was recorded, all that may use its field.
func purposesOf(p *policy.Policy, v vault.Value, field int) (set policy.PurposeSet) {
	for _, name := range v.Purposes {
		if i, ok := p.Purpose(name); ok && slices.ContainsFunc(p.Purposes[i].Reasons, covers(field)) {
			set.Add(i)
		}
	}
	if !set.Empty() {
		return set
	}
	for i, u := range p.Purposes {
		if u.Declared && (u.Kind == policy.Listed || u.Kind == policy.Unlisted) && slices.ContainsFunc(u.Reasons, covers(field)) {
			set.Add(i)
		}
	}
	return set
}

func covers(field int) func(policy.CompiledReason) bool {
	return func(r policy.CompiledReason) bool { return r.Fields.Has(field) }
}

func purposes(p *policy.Policy, set policy.PurposeSet, field int) []Purpose {
	out := []Purpose{}
	set.Each(func(i int) {
		out = append(out, Purpose{p.Purposes[i].Name, p.Purposes[i].Title, reasons(p, i, field)})
	})
	return out
}

// reasons is why a purpose uses a field, in the policy's words.
func reasons(p *policy.Policy, purpose, field int) (out []string) {
	u := p.Purposes[purpose]
	for _, r := range u.Reasons {
		says := strings.TrimSpace(strings.TrimPrefix(p.Clauses[r.Clause].Says, u.Title+":"))
		if r.Fields.Has(field) && says != "" && says != u.Title {
			out = with(out, says)
		}
	}
	return out
}

// recipients are those who may receive a field for some purposes, and those who may on an event.
func recipients(p *policy.Policy, set policy.PurposeSet, field int) []Recipient {
	out := []Recipient{}
	for _, r := range p.Recipients {
		if why := both(r.For, set); r.Declared && r.Receives.Has(field) && !why.Empty() {
			out = append(out, recipient(r, titles(p, why)))
		}
	}
	for _, e := range p.Document.Disclosures {
		i, ok := p.Purpose(e.Key)
		if !ok || p.Purposes[i].To < 0 || !slices.ContainsFunc(p.Purposes[i].Reasons, covers(field)) {
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
	x := Recipient{Name: r.Name, Title: orElse(r.Title, spaced(r.Name)), Role: r.Role, Safeguard: r.Safeguard.Name, For: why}
	for _, place := range r.Places {
		x.Places = append(x.Places, string(place))
	}
	if r.Anywhere {
		x.Places = append(x.Places, "anywhere")
	}
	return x
}

func titles(p *policy.Policy, set policy.PurposeSet) []string {
	out := []string{}
	set.Each(func(i int) { out = append(out, orElse(p.Purposes[i].Title, p.Purposes[i].Name)) })
	return out
}

// kept says how long a field is kept that was collected for some purposes, one
// line a rule. A rule for other purposes says nothing about it.
func kept(p *policy.Policy, set policy.PurposeSet, field int) []string {
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
			line += " (for nothing but: " + strings.Join(titles(p, why), "; ") + ")"
		}
		out = with(out, line)
	}
	return out
}

var thenWords = map[string]string{"erase": "erased", "anonymise": "made anonymous", "shorten": "shortened", "pseudonymise": "put under a pseudonym"}

func noticeOf(p *policy.Policy) Notice {
	org := p.Document.Organisation
	n := Notice{Policy: p.Name, Title: notice.Text(p, p.Document.Title, ""), Version: p.Number, Effective: p.Effective.Format(time.DateOnly),
		SHA256: hex.EncodeToString(p.Hash[:]), Contact: orElse(org.Officer.Email, orElse(org.Contact.Email, org.Contact.Page)),
		Complaints: []Complaint{}, Decisions: notice.Decisions(p, "")}
	for _, c := range p.Document.Complaints {
		n.Complaints = append(n.Complaints, Complaint{orElse(notice.Text(p, c.Is.Name, ""), spaced(c.Key)), c.Is.URL, c.Is.Email})
	}
	return n
}

// spaced opens up a name of the policy file: `job-role` is `Job role`.
func spaced(name string) string {
	if name == "" {
		return ""
	}
	s := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}
