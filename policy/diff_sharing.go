package policy

import (
	"fmt"
	"strings"
)

func (d *diff) sharing() {
	for i := range max(len(d.old.Recipients), len(d.now.Recipients)) {
		d.recipient(at(d.old.Recipients, i), at(d.now.Recipients, i))
	}
	for i := range max(len(d.old.Roles), len(d.now.Roles)) {
		d.role(at(d.old.Roles, i), at(d.now.Roles, i))
	}
	d.never()
	d.agreements()
	d.names(Restates, d.old.Document.Schemes.Keys(), d.now.Document.Schemes.Keys(), "schemes", "the organisation takes part in %", "the organisation no longer takes part in %")
}

func (d *diff) recipient(was, is CompiledRecipient) {
	key, name := "recipients."+cmpText(is.Name, was.Name), quote(cmpText(is.Name, was.Name))
	if was.Declared != is.Declared {
		d.either(Widens, was.Declared, is.Declared, key, name+" receives data", name+" no longer receives data")
		return
	}
	if !is.Declared {
		return
	}
	d.fields(Widens, was.Receives, is.Receives, key, name+" may now receive %", name+" no longer receives %")
	d.purposeSets(Widens, was.For, is.For, key, name+" now receives data for %", name+" no longer receives data for %")
	d.either(Narrows, was.Processor, is.Processor, key, name+" acts on our instructions", name+" no longer acts on our instructions")
	if was.Role != is.Role && was.Processor == is.Processor {
		d.add(Restates, key, fmt.Sprintf("%s is %s in place of %s", name, quote(is.Role), quote(was.Role)))
	}
	d.places(recipientPlace(&was), recipientPlace(&is), key, name)
}

func (d *diff) role(was, is CompiledRole) {
	key, name := "staff."+cmpText(is.Name, was.Name), quote(cmpText(is.Name, was.Name))
	if was.Declared != is.Declared {
		d.either(Widens, was.Declared, is.Declared, key, "the role "+name+" works with data", "the role "+name+" no longer works with data")
		return
	}
	if !is.Declared {
		return
	}
	d.purposeSets(Widens, was.For, is.For, key, "the role "+name+" now works on %", "the role "+name+" no longer works on %")
	d.places(rolePlace(&was), rolePlace(&is), key, name)
}

// places compares where something is, and what stands behind a transfer there.
func (d *diff) places(was, is locale, key, name string) {
	if regionsWiden(was, is) {
		d.add(Widens, key, name+" is now "+is.words())
	}
	if regionsWiden(is, was) {
		d.add(Narrows, key, name+" is no longer "+was.words())
	}
	d.either(Narrows, was.safeguard.Stands, is.safeguard.Stands, key,
		"a safeguard stands for "+name+": "+quote(is.safeguard.Name), "no safeguard stands for "+name+" any more")
	if was.safeguard.Name != is.safeguard.Name && was.safeguard.Stands == is.safeguard.Stands {
		d.add(Restates, key, name+" has another safeguard: "+quote(cmpText(is.safeguard.Name, "none")))
	}
}

func (l locale) words() string {
	switch {
	case l.anywhere:
		return "anywhere"
	case l.unstated:
		return "in a place nobody states"
	case len(l.regions) == 0:
		return "with the person"
	}
	regions := make([]string, len(l.regions))
	for i, r := range l.regions {
		regions[i] = string(r)
	}
	return "in " + list(regions)
}

// never compares the negative promises, kind by kind.
func (d *diff) never() {
	kinds := map[NeverKind]bool{}
	for _, n := range append(append([]Never(nil), d.now.Document.Never...), d.old.Document.Never...) {
		if kinds[n.Kind] {
			continue
		}
		kinds[n.Kind] = true
		d.promise(n.Kind)
	}
}

func (d *diff) promise(kind NeverKind) {
	key, name := "never."+string(kind), quote(string(kind))
	was, wasWhat, had := d.old.promised(kind)
	is, isWhat, has := d.now.promised(kind)
	if had != has {
		d.either(Narrows, had, has, key, "a promise is given: never "+name, "the promise is taken back: never "+name)
		return
	}
	d.fields(Narrows, was.And(d.still()), is.And(d.still()), key, "the promise never "+name+" is now about % too", "the promise never "+name+" is no longer about %")
	d.names(Narrows, wasWhat, isWhat, key, "the promise never "+name+" is now about % too", "the promise never "+name+" is no longer about %")
}

func (p *Policy) promised(kind NeverKind) (fields FieldSet, what []string, given bool) {
	for _, n := range p.Document.Never {
		if n.Kind == kind {
			given = true
			fields = fields.Or(p.resolveAll(n.Data))
			what = append(what, refNames(n.What)...)
		}
	}
	return fields, what, given
}

func (d *diff) agreements() {
	d.names(Restates, d.old.Document.Agreements.Keys(), d.now.Document.Agreements.Keys(), "agreements", "the agreement % is named", "the agreement % is no longer named")
	for _, is := range d.now.Agreements {
		i, ok := d.old.Agreement(is.Name)
		if !ok {
			continue
		}
		was, key, name := d.old.Agreements[i], "agreements."+is.Name, "the agreement "+quote(is.Name)
		d.purposeSets(Widens, was.Allows, is.Allows, key, name+" allows %", name+" no longer allows %")
		d.purposeSets(Narrows, was.Denies, is.Denies, key, name+" excludes %", name+" no longer excludes %")
	}
}

// measures are the promises that are lists of words: more of them promise more.
func (d *diff) duties() {
	a, b := d.old.Document, d.now.Document
	for _, m := range []struct {
		key     string
		was, is Words
	}{
		{"security.administrative", a.Security.Administrative, b.Security.Administrative},
		{"security.technical", a.Security.Technical, b.Security.Technical},
		{"security.physical", a.Security.Physical, b.Security.Physical},
		{"security.protects-against", a.Security.ProtectsAgainst, b.Security.ProtectsAgainst},
		{"stop", a.Stop, b.Stop},
	} {
		d.names(Narrows, texts(m.was), texts(m.is), m.key, strings.TrimPrefix(m.key, "security.")+": % is promised", strings.TrimPrefix(m.key, "security.")+": % is no longer promised")
	}
	d.names(Narrows, a.Rights.Each.Keys(), b.Rights.Each.Keys(), "rights", "the policy names the right %", "the policy no longer names the right %")
	for _, r := range b.Rights.Each {
		was, _ := a.Rights.Each.Get(r.Key)
		d.either(Narrows, was != nil && was.ApprovedBy.Name != "", r.Is.ApprovedBy.Name != "", "rights."+r.Key,
			"requests by the right `"+r.Key+"` must be approved", "requests by the right `"+r.Key+"` need no approval any more")
	}
	d.names(Narrows, a.Complaints.Keys(), b.Complaints.Keys(), "complaints", "people can complain at %", "people can no longer complain at %")
	d.rank(a.Statistics.SmallestGroup.N, b.Statistics.SmallestGroup.N, "statistics", fmt.Sprintf("the smallest group of statistics is %d", b.Statistics.SmallestGroup.N))
	d.rank(a.Children.Under.N, b.Children.Under.N, "children", fmt.Sprintf("a parent decides below the age of %d", b.Children.Under.N))
	d.either(Narrows, a.Children.ConsentBy == "parent", b.Children.ConsentBy == "parent", "children", "a parent consents for a child", "no parent consents for a child any more")
}
