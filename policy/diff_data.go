package policy

import (
	"fmt"
	"slices"
	"strings"
)

var dntStrength = map[string]int{"no-cookies": 2, "no-optional-cookies": 1}

var gpcStrength = map[string]int{"opt-out": 1, "no-cookies": 1}

func (d *diff) head() {
	was, is := d.old.Document, d.now.Document
	d.either(Narrows, d.old.NewData, d.now.NewData, "changes",
		"data collected earlier keeps the words it was collected under", "today's words hold for data collected earlier too")
	d.rank(was.Changes.Notice.hours(), is.Changes.Notice.hours(), "changes", "changes are announced "+is.Changes.Notice.words()+" ahead")
	d.rank(dntStrength[was.Signals.DNT], dntStrength[is.Signals.DNT], "signals.dnt", "Do Not Track: `"+is.Signals.DNT+"` in place of `"+was.Signals.DNT+"`")
	d.rank(gpcStrength[was.Signals.GPC], gpcStrength[is.Signals.GPC], "signals.gpc", "Global Privacy Control: `"+is.Signals.GPC+"` in place of `"+was.Signals.GPC+"`")
	d.names(Narrows, regimesOf(d.old), regimesOf(d.now), "regimes", "the policy names the law %", "the policy no longer names the law %")
}

// words is a period as a person writes it.
func (p Period) words() string {
	if p.N == 0 {
		return "at no stated time"
	}
	return fmt.Sprintf("%d %s", p.N, plural(p.N, strings.TrimSuffix(string(p.Unit), "s"), string(p.Unit)))
}

func regimesOf(p *Policy) []string {
	var names []string
	for _, r := range p.Regimes {
		names = append(names, string(r))
	}
	return names
}

func (d *diff) data() {
	for i := range max(len(d.old.Fields), len(d.now.Fields)) {
		d.field(i, at(d.old.Fields, i), at(d.now.Fields, i))
	}
	d.categories()
	for _, x := range d.now.Sources {
		j := slices.IndexFunc(d.old.Sources, func(s CompiledSource) bool { return s.Name == x.Name })
		if j < 0 {
			d.add(Widens, "sources."+x.Name, "data now comes from "+quote(x.Name)+" too")
			continue
		}
		d.source(&d.old.Sources[j], &x)
	}
	for _, x := range d.old.Sources {
		if !slices.ContainsFunc(d.now.Sources, func(s CompiledSource) bool { return s.Name == x.Name }) {
			d.add(Narrows, "sources."+x.Name, "data no longer comes from "+quote(x.Name))
		}
	}
	d.combine()
	d.names(Widens, d.old.Document.Enrich.Keys(), d.now.Document.Enrich.Keys(), "enrich", "something more is learned from data: %", "something is no longer learned from data: %")
}

func (d *diff) field(i int, was, is Field) {
	key := "data." + cmpText(is.Category, was.Category)
	switch {
	case is.Declared && !was.Declared:
		d.add(Widens, key, "there is a new field: "+quote(is.Path()))
	case was.Declared && !is.Declared:
		d.add(Narrows, "data."+was.Category, "the field "+quote(was.Path())+" is gone")
	case is.Declared:
		path := quote(is.Path())
		if was.Path() != is.Path() {
			d.said["data."+was.Category] = true
			d.add(Restates, key, quote(was.Path())+" is now called "+path)
		}
		d.either(Widens, was.Identifies, is.Identifies, key, path+" now says who somebody is", path+" no longer says who somebody is")
		d.either(Widens, was.MayIdentify, is.MayIdentify, key, path+" may now identify somebody", path+" may no longer identify anybody")
		d.either(Narrows, d.old.NeverKept.Has(i), d.now.NeverKept.Has(i), key, path+" is never kept", path+" may now be kept")
		d.either(Widens, was.KeptAs == "", is.KeptAs == "", key, path+" is no longer kept as "+quote(was.KeptAs), path+" is kept as "+quote(is.KeptAs))
	}
}

func (d *diff) categories() {
	for i := range d.now.Document.Data {
		e := &d.now.Document.Data[i]
		was, ok := d.old.Document.Data.Get(e.Key)
		if !ok {
			continue
		}
		key, name := "data."+e.Key, quote(e.Key)
		d.either(Widens, was.PartOf.Name != "", e.Is.PartOf.Name != "", key, name+" is now a part of "+quote(e.Is.PartOf.Name), name+" is no longer a part of "+quote(was.PartOf.Name))
		d.either(Narrows, was.Aggregate.Yes, e.Is.Aggregate.Yes, key, name+" is only ever about groups", name+" is no longer only about groups")
		d.either(Widens, was.Public.Yes, e.Is.Public.Yes, key, name+" is public", name+" is no longer public")
	}
}

func (d *diff) source(was, is *CompiledSource) {
	key, name := "sources."+is.Name, quote(is.Name)
	d.fields(Widens, was.Yields, is.Yields, key, name+" now yields %", name+" no longer yields %")
	d.either(Widens, was.Bought, is.Bought, key, "data from "+name+" is bought", "data from "+name+" is no longer bought")
	d.either(Widens, was.Automatic, is.Automatic, key, name+" yields data without anybody typing", "data from "+name+" is no longer automatic")
	a, b := was.TellThePerson, is.TellThePerson
	d.either(Narrows, a.N > 0, b.N > 0, key, "who data from "+name+" is about is told", "nothing says any more when somebody is told of data from "+name)
	if a.N > 0 && b.N > 0 {
		d.rank(-a.hours(), -b.hours(), key, "who data from "+name+" is about is told within "+b.words())
	}
}

func (d *diff) combine() {
	d.either(Widens, d.old.CombineAll, d.now.CombineAll, "combine", "data from all sources may be brought together", "data from all sources is no longer brought together")
	pairs := func(p *Policy) []string {
		var names []string
		for _, pair := range p.Document.Combine.With {
			names = append(names, pair.Key+" with "+strings.Join(refNames(pair.Is.With), ", "))
		}
		return names
	}
	d.names(Widens, pairs(d.old), pairs(d.now), "combine", "data may be brought together: %", "data is no longer brought together: %")
}
