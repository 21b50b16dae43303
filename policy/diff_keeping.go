package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
)

func (d *diff) keeping() {
	d.retention()
	d.cookies()
	d.embeds()
}

var endings = map[string]int{"erase": 3, "anonymise": 2, "pseudonymise": 1, "shorten": 1}

func (d *diff) retention() {
	d.fields(Narrows, d.old.scheduled().And(d.still()), d.now.scheduled().And(d.still()), "retention", "keeping % now has an end", "keeping % no longer has an end")
	for i := range d.now.Retention {
		is := &d.now.Retention[i]
		if was := d.old.retention(is.Name); was != nil {
			d.rule(was, is)
		} else if more := is.Fields.And(d.old.scheduled()); !more.Empty() {
			d.add(Widens, "retention."+is.Name, d.now.describe(more)+" is kept under "+quote(is.Name)+" too")
		}
	}
	for i := range d.old.Retention {
		was := &d.old.Retention[i]
		if less := was.Fields.And(d.now.scheduled()); d.now.retention(was.Name) == nil && !less.Empty() {
			d.add(Narrows, "retention."+was.Name, d.old.describe(less)+" is no longer kept under "+quote(was.Name))
		}
	}
}

// retention finds a line of the schedule.
func (p *Policy) retention(name string) *CompiledRetention {
	for i := range p.Retention {
		if p.Retention[i].Name == name {
			return &p.Retention[i]
		}
	}
	return nil
}

// scheduled is all data that some line of the schedule is about.
func (p *Policy) scheduled() FieldSet {
	var set FieldSet
	for i := range p.Retention {
		set = set.Or(p.Retention[i].Fields)
	}
	return set
}

func (d *diff) rule(was, is *CompiledRetention) {
	key, name := "retention."+is.Name, quote(is.Name)
	now, before := compareUntil(was.Until, is.Until), compareUntil(is.Until, was.Until)
	switch {
	case now > 0 && before > 0:
		d.add(Widens, key, name+" is kept until another end, which may be later")
	case now > 0:
		d.add(Widens, key, name+" is kept longer")
	case before > 0:
		d.add(Narrows, key, name+" is kept less long")
	}
	d.rank(endings[was.Then], endings[is.Then], key, "what happens to "+name+" at the end: "+quote(cmpText(is.Then, "not-stated")))
	d.either(Narrows, !was.OnlyFor.Empty(), !is.OnlyFor.Empty(), key, name+" is kept for single purposes only", name+" is kept for every purpose")
	if !was.OnlyFor.Empty() && !is.OnlyFor.Empty() {
		d.purposeSets(Widens, was.OnlyFor, is.OnlyFor, key, name+" is now kept for %", name+" is no longer kept for %")
	}
}

func (d *diff) cookies() {
	for _, is := range d.now.Cookies {
		key, name := "cookies."+is.Pattern, "the cookie "+quote(is.Pattern)
		j := slices.IndexFunc(d.old.Cookies, func(k CompiledCookie) bool { return k.Pattern == is.Pattern })
		if j < 0 {
			d.add(Widens, key, name+" may be set")
			continue
		}
		was := d.old.Cookies[j]
		d.either(Widens, was.Necessary, is.Necessary, key, name+" counts as necessary", name+" no longer counts as necessary")
		if was.Purpose != is.Purpose || was.By != is.By {
			d.add(Widens, key, name+" serves another purpose or another party")
		}
		d.cookieEnd(is.Pattern, key, name)
	}
	for _, was := range d.old.Cookies {
		if !slices.ContainsFunc(d.now.Cookies, func(k CompiledCookie) bool { return k.Pattern == was.Pattern }) {
			d.add(Narrows, "cookies."+was.Pattern, "the cookie "+quote(was.Pattern)+" is no longer set")
		}
	}
}

func (d *diff) cookieEnd(pattern, key, name string) {
	was, _ := d.old.Document.Cookies.Each.Get(pattern)
	is, _ := d.now.Document.Cookies.Each.Get(pattern)
	switch {
	case compareUntil(was.Until, is.Until) > 0:
		d.add(Widens, key, name+" stays longer")
	case compareUntil(is.Until, was.Until) > 0:
		d.add(Narrows, key, name+" stays less long")
	}
}

var loading = map[string]int{"when-asked": 2, "with-consent": 1}

func (d *diff) embeds() {
	was, is := d.old.Document.Embeds, d.now.Document.Embeds
	for i := range is {
		key, name := "embeds."+is[i].Key, quote(is[i].Key)
		old, ok := was.Get(is[i].Key)
		if !ok {
			d.add(Widens, key, "content of others is shown: "+name)
			continue
		}
		d.names(Widens, old.Hosts, is[i].Is.Hosts, key, name+" loads from %", name+" no longer loads from %")
		d.rank(loading[old.Load], loading[is[i].Is.Load], key, name+" loads "+quote(cmpText(is[i].Is.Load, "at-once")))
	}
	for i := range was {
		if _, ok := is.Get(was[i].Key); !ok {
			d.add(Narrows, "embeds."+was[i].Key, "content of others is no longer shown: "+quote(was[i].Key))
		}
	}
}

// collecting compares the ways in.
func (d *diff) collecting() {
	for i := range d.now.Points {
		is := &d.now.Points[i]
		j, ok := d.old.Point(is.Name)
		if !ok {
			d.add(Widens, "collect."+is.Name, "a new way in: "+quote(is.Name))
			continue
		}
		d.point(&d.old.Points[j], is)
	}
	for i := range d.old.Points {
		if _, ok := d.now.Point(d.old.Points[i].Name); !ok {
			d.add(Narrows, "collect."+d.old.Points[i].Name, "a way in is gone: "+quote(d.old.Points[i].Name))
		}
	}
}

func (d *diff) point(was, is *CompiledPoint) {
	key, name := "collect."+is.Name, quote(is.Name)
	d.fields(Widens, was.takes(), is.takes(), key, name+" now collects %", name+" no longer collects %")
	both := was.takes().And(is.takes())
	d.fields(Widens, was.Needs.And(both), is.Needs.And(both), key, name+" now requires %", name+" no longer requires %")
	d.purposeSets(Widens, was.For, is.For, key, name+" now collects for %", name+" no longer collects for %")
	d.purposeSets(Restates, setOf(was.Consent), setOf(is.Consent), key, name+" asks for consent to %", name+" no longer asks for consent to %")
	d.names(Narrows, was.Confirm, is.Confirm, key, "at "+name+" the giver confirms %", "at "+name+" the giver no longer confirms %")
	d.rank(was.FromAge, is.FromAge, key, fmt.Sprintf("%s takes data from the age of %d on", name, is.FromAge))
	d.either(Widens, was.Public, is.Public, key, "what is given at "+name+" becomes public", "what is given at "+name+" no longer becomes public")
	d.either(Widens, was.Automatic, is.Automatic, key, name+" collects without anybody typing", name+" no longer collects by itself")
	if was.As != is.As {
		d.add(Restates, key, name+" collects from people as "+strings.ReplaceAll(is.As.String(), avow.KindUnknown.String(), "either kind"))
	}
}

func setOf(purposes []int) PurposeSet {
	var set PurposeSet
	for _, i := range purposes {
		set.Add(i)
	}
	return set
}
