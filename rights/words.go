package rights

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/rights/pack"
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
		rec.Categories = append(rec.Categories, Category{Policy: v.Policy, Name: v.Category, Title: pack.Spaced(v.Category), Values: []Held{}, Recipients: []string{}, Kept: []string{}})
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
		rec.Notices = append(rec.Notices, pack.NoticeOf(p))
	}
}

// held is a value in the words of the version it was given under, as far as that is published here.
func (w *words) held(p *policy.Policy, v vault.Value) Held {
	h := Held{ID: v.ID, Field: v.Field, Label: pack.Spaced(v.Field), Value: v.Data, Source: pack.Spaced(v.Source), Point: v.Point, PointTitle: pack.Spaced(v.Point),
		At: v.At, Version: v.Version, Basis: v.Basis.String(), Purposes: []Purpose{}, Recipients: []Recipient{}, Kept: []string{}, Claimed: v.Claimed}
	for _, name := range v.Purposes {
		h.Purposes = append(h.Purposes, Purpose{Name: name, Title: pack.Spaced(name)})
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
		h.Purposes = pack.Purposes(p, set, field)
		h.Recipients = pack.Recipients(p, set, field)
		h.Kept = pack.KeptFor(p, set, field)
		h.Portable = givenByThem(p, v) && w.onConsentOrContract(p, set, field)
	}
	return h
}

// givenByThem tells whether a value comes from the person or was seen of what they did: what others give is told to the person (gdpr:14).
func givenByThem(p *policy.Policy, v vault.Value) bool {
	i, ok := p.FindSource(v.Source)
	return ok && !p.Sources[i].Bought && p.Sources[i].TellThePerson.N == 0
}

// onConsentOrContract tells whether one of some purposes uses a field on such a ground.
func (w *words) onConsentOrContract(p *policy.Policy, set policy.PurposeSet, field int) (does bool) {
	kind := w.kind
	if kind == avow.KindUnknown { // where nobody has said, it is a person's own
		kind = avow.Individual
	}
	set.Each(func(i int) {
		for _, r := range p.Purposes[i].Reasons {
			does = does || r.Fields.Has(field) && slices.ContainsFunc(r.Grounds[avow.Use][kind], func(g policy.Ground) bool { return g.Basis == avow.Consent || g.Basis == avow.Contract })
		}
	})
	return does
}

// purposesOf is what a value was collected for and may be used for by its reasons;
// where nothing like that was recorded, all that may use its field.
func purposesOf(p *policy.Policy, v vault.Value, field int) (set policy.PurposeSet) {
	for _, name := range v.Purposes {
		if i, ok := p.Purpose(name); ok && slices.ContainsFunc(p.Purposes[i].Reasons, pack.Covers(field)) {
			set.Add(i)
		}
	}
	if !set.Empty() {
		return set
	}
	for i, u := range p.Purposes {
		if u.Declared && (u.Kind == policy.Listed || u.Kind == policy.Unlisted) && slices.ContainsFunc(u.Reasons, pack.Covers(field)) {
			set.Add(i)
		}
	}
	return set
}
