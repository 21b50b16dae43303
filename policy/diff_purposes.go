package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

func (d *diff) purposes() {
	for i := range max(len(d.old.Purposes), len(d.now.Purposes)) {
		was, is := at(d.old.Purposes, i), at(d.now.Purposes, i)
		if is.Kind == Duty || was.Kind == Duty {
			continue
		}
		switch {
		case is.Declared && !was.Declared:
			d.said["ends"] = d.said["ends"] || was.Ended
			d.add(Widens, d.now.keyOf(&is), "a new "+noun(is.Kind)+": "+quote(is.Name)+" ("+is.Title+")")
		case was.Declared && !is.Declared:
			d.goneOrEnded(&was, &is)
		case is.Declared:
			d.purpose(i, &was, &is)
		}
	}
	for _, r := range d.now.Document.Ends {
		if i, ok := d.old.Purpose(r.Name); ok && !d.old.Purposes[i].Declared && !d.old.Purposes[i].Ended {
			d.add(Narrows, "ends."+r.Name, "the purpose "+quote(r.Name)+" ends, for data collected before too")
		}
	}
}

func noun(k PurposeKind) string {
	if k == DisclosureOnEvent {
		return "disclosure"
	}
	return "purpose"
}

func (d *diff) goneOrEnded(was, is *CompiledPurpose) {
	key := d.old.keyOf(was)
	d.said[key] = true
	if is.Ended {
		d.said["ends"] = true
		d.add(Narrows, "ends."+was.Name, "the purpose "+quote(was.Name)+" ends, for data collected before too")
		return
	}
	d.add(Narrows, key, "the "+noun(was.Kind)+" "+quote(was.Name)+" is gone")
}

func (p *Policy) keyOf(q *CompiledPurpose) string { return p.Clauses[q.Clause].Key }

func (d *diff) purpose(i int, was, is *CompiledPurpose) {
	key, name := d.now.keyOf(is), quote(is.Name)
	before := len(d.changes)
	if was.Name != is.Name {
		d.said[d.old.keyOf(was)] = true
		d.add(Restates, key, quote(was.Name)+" is now called "+name)
	}
	if was.Title != is.Title {
		d.add(Restates, key, name+" has another title: "+is.Title)
	}
	d.fields(Widens, usedBy(was), usedBy(is), key, name+" may now use %", name+" no longer uses %")
	d.bases(was, is, key)
	d.flags(was, is, key)
	d.decision(i, key)
	if is.Kind == DisclosureOnEvent {
		d.disclosure(was, is, key)
	}
	// What the sums do not show: one reason that covers together what was covered apart.
	said := func(e Effect) bool {
		return slices.ContainsFunc(d.changes[before:], func(c Change) bool { return c.Effect == e })
	}
	wider, narrower := reasonsWiden(was, is), reasonsWiden(is, was)
	if wider && !said(Widens) {
		d.add(Widens, key, "a reason of "+name+" covers what no one reason covered before")
	}
	if narrower && !said(Narrows) {
		d.add(Narrows, key, "no reason of "+name+" covers any more what one covered before")
	}
}

// bases says which grounds are new and which are gone, by kind of person, and by
// act where an act has its own.
func (d *diff) bases(was, is *CompiledPurpose, key string) {
	usual := d.byKind(was, is, avow.Use)
	usual.say(d, key, quote(is.Name))
	for act := avow.Act(1); int(act) < avow.Acts; act++ {
		if own := d.byKind(was, is, act); own != usual {
			own.say(d, key, quote(is.Name)+" ("+act.String()+")")
		}
	}
}

// kinds is what became of the grounds for individuals and for businesses.
type kinds struct{ individual, business groundChange }

func (d *diff) byKind(was, is *CompiledPurpose, act avow.Act) kinds {
	return kinds{
		d.grounds(groundsFor(was, act, avow.Individual), groundsFor(is, act, avow.Individual)),
		d.grounds(groundsFor(was, act, avow.Business), groundsFor(is, act, avow.Business)),
	}
}

func (k kinds) say(d *diff, key, name string) {
	if k.individual == k.business {
		k.individual.say(d, key, name, "")
		return
	}
	k.individual.say(d, key, name, " for individuals")
	k.business.say(d, key, name, " for businesses")
}

func groundsFor(q *CompiledPurpose, act avow.Act, kind avow.SubjectKind) []Ground {
	var all []Ground
	for i := range q.Reasons {
		all = append(all, q.Reasons[i].Grounds[act][kind]...)
	}
	return all
}

// groundChange is what became of the grounds for one act and kind, each a list of names.
type groundChange struct {
	more, less string // grounds that widen; grounds whose loss narrows
	asks       string // consent, come beside other grounds
	asksNot    string // consent, gone and others left
}

func (d *diff) grounds(was, is []Ground) groundChange {
	return groundChange{more: d.now.uncovered(is, was), less: d.old.uncovered(was, is), asks: beside(is, was), asksNot: beside(was, is)}
}

// uncovered names the grounds of one list that the other does not cover.
func (p *Policy) uncovered(grounds, other []Ground) string {
	var names []string
	for _, g := range grounds {
		name := quote(p.groundName(g))
		if !slices.ContainsFunc(other, func(o Ground) bool { return coversGround(o, g) }) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return list(names)
}

// beside names a consent in one list of grounds where the other has grounds and no consent.
func beside(grounds, other []Ground) string {
	isConsent := func(g Ground) bool { return g.Basis == avow.Consent }
	if len(other) > 0 && slices.ContainsFunc(grounds, isConsent) && !slices.ContainsFunc(other, isConsent) {
		return "consent"
	}
	return ""
}

func (p *Policy) groundName(g Ground) string {
	name := g.Basis.String()
	if g.Law != "" {
		name = g.Law
	}
	var facts []string
	for i := range p.Facts {
		if g.Facts&(1<<i) != 0 {
			facts = append(facts, p.Facts[i].Name)
		}
	}
	for i, f := range facts {
		name += []string{" if ", " or "}[min(i, 1)] + f
	}
	return name + [...]string{"", " where the law asks for consent", " where the law does not ask for consent"}[g.When]
}

func (g groundChange) say(d *diff, key, name, who string) {
	if g.more != "" {
		d.add(Widens, key, name+" may now rest on "+g.more+who)
	}
	if g.less != "" {
		d.add(Narrows, key, name+" no longer rests on "+g.less+who)
	}
	if g.asks != "" {
		d.add(Restates, key, name+" may now rest on consent"+who)
	}
	if g.asksNot != "" {
		d.add(Restates, key, name+" no longer rests on consent"+who)
	}
}

func (d *diff) flags(was, is *CompiledPurpose, key string) {
	name := quote(is.Name)
	anyOf := func(q *CompiledPurpose, such func(*CompiledReason) bool) bool {
		for i := range q.Reasons {
			if such(&q.Reasons[i]) {
				return true
			}
		}
		return false
	}
	for _, f := range []struct {
		more      Effect
		such      func(*CompiledReason) bool
		now, gone string
	}{
		{Widens, func(r *CompiledReason) bool { return r.Profiling }, "makes profiles", "no longer makes profiles"},
		{Restates, func(r *CompiledReason) bool { return r.Marketing }, "is direct marketing", "is no longer direct marketing"},
		{Widens, func(r *CompiledReason) bool { return r.Weighed }, "weighs objections in place of stopping", "stops on an objection, which is no longer weighed"},
		{Widens, func(r *CompiledReason) bool { return r.Restricted }, "goes on under a restriction", "stops under a restriction"},
		{Widens, func(r *CompiledReason) bool { return r.LegalClaims }, "goes on under a restriction, for legal claims", "stops under a restriction, legal claims or not"},
	} {
		d.either(f.more, anyOf(was, f.such), anyOf(is, f.such), key, name+" "+f.now, name+" "+f.gone)
	}
	d.either(Narrows, was.Once, is.Once, key, name+" is done once a person", name+" is no longer done only once")
	d.either(Narrows, was.Anonymous, is.Anonymous, key, "what "+name+" makes names nobody", "what "+name+" makes is no longer anonymous")
	d.either(Narrows, was.OffUntil, is.OffUntil, key, name+" is off until switched on", name+" is on without being switched on")
	d.names(Restates, topicsOf(was), topicsOf(is), key, name+" has the topic %", name+" no longer has the topic %")
}

func topicsOf(q *CompiledPurpose) []string {
	var names []string
	for i := range q.Reasons {
		if r := &q.Reasons[i]; r.Marketing {
			names = append(names, r.Topic)
		}
	}
	return names
}

var aloneness = map[string]int{"maybe": -1, "yes": -2}

func (d *diff) decision(i int, key string) {
	was, is := d.old.decides(i), d.now.decides(i)
	name := quote(d.now.Purposes[i].Name)
	d.rank(aloneness[was.Alone], aloneness[is.Alone], key, "whether a machine decides alone in "+name+": "+quote(cmpText(is.Alone, "no")))
	d.either(Widens, !was.What.empty(), !is.What.empty(), key, name+" decides about people", name+" no longer decides about people")
	d.either(Narrows, !was.HumanReview.empty(), !is.HumanReview.empty(), key, "a person can be asked to look at decisions of "+name, "no person looks at decisions of "+name+" any more")
}

func (p *Policy) decides(purpose int) Decision {
	name := p.Purposes[purpose].Name
	for _, g := range p.Document.PurposeGroups {
		if q, ok := g.Is.Purposes.Get(name); ok {
			return q.Decides
		}
	}
	if q, ok := p.Document.UnlistedPurposes.Get(name); ok {
		return q.Decides
	}
	return Decision{}
}

func (d *diff) disclosure(was, is *CompiledPurpose, key string) {
	name := quote(is.Name)
	if was.To != is.To {
		d.add(Widens, key, name+" goes to somebody else")
	}
	d.either(Narrows, was.ApprovedBy >= 0, is.ApprovedBy >= 0, key, name+" must be approved", name+" needs no approval any more")
}
