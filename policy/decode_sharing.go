package policy

import (
	"regexp"
	"strings"
)

func (s *Safe) read(d *decoder, n *node) {
	s.Pos, s.Given = n.Pos, true
	switch n.kind {
	case mappingNode:
		s.anyOf(d, n)
	default:
		s.AnyOf.read(d, n)
	}
	if len(s.AnyOf) == 1 && s.AnyOf[0].Name == "not-stated" {
		s.AnyOf, s.NotStated = nil, true
	}
}

// anyOf reads `{any-of: […]}`.
func (s *Safe) anyOf(d *decoder, n *node) {
	for _, p := range n.pairs {
		if p.key.text != "any-of" {
			d.unknownKey(p.key, "a safeguard", []string{"any-of"})
			continue
		}
		s.AnyOf.read(d, p.value)
	}
}

// neverTakes says what stands after each negative promise.
var neverTakes = map[NeverKind]neverForm{
	NeverSell: neverData, NeverRent: neverData, NeverShareMarketing: neverData, NeverShareUnstated: neverData,
	NeverIdentifyFrom: neverData, NeverCollect: neverData,
	NeverFollow: neverAlone, NeverDecideAlone: neverAlone,
	NeverNamePeople: neverNames, NeverOverride: neverNames, NeverUseFor: neverPurpose,
	NeverTransferOutside: neverPlaces,
}

type neverForm uint8

const (
	neverAlone   neverForm = iota // nothing, or what it is limited to
	neverData                     // data
	neverNames                    // names
	neverPurpose                  // purposes, or `{purpose: data}`
	neverPlaces                   // regions
)

// neverKinds lists the promises in the order of the language.
func neverKinds() []string {
	return []string{string(NeverSell), string(NeverRent), string(NeverShareMarketing), string(NeverShareUnstated), string(NeverIdentifyFrom),
		string(NeverFollow), string(NeverNamePeople), string(NeverOverride), string(NeverUseFor), string(NeverDecideAlone), string(NeverCollect), string(NeverTransferOutside)}
}

func (v *Never) read(d *decoder, n *node) {
	v.Pos = n.Pos
	switch {
	case n.kind == scalarNode:
		v.kind(d, n, nil)
	case n.kind == mappingNode && len(n.pairs) == 1:
		v.kind(d, n.pairs[0].key, n.pairs[0].value)
	default:
		d.wrongShape(n, "one promise", "write each on a line of its own: `- sell: all`")
	}
}

// kind reads the promise, and what it is about when something stands after it.
func (v *Never) kind(d *decoder, word, about *node) {
	form, known := neverTakes[NeverKind(word.text)]
	if !known {
		d.add(word.Pos, "unknown-word", "unknown promise "+quote(word.text), word.text, didYouMean(word.text, neverKinds()))
		return
	}
	v.Kind = NeverKind(word.text)
	if about == nil || about.kind == emptyNode {
		if form != neverAlone {
			d.add(word.Pos, "nothing-written", quote(word.text)+" does not say what it is about", word.text, "write for instance `"+word.text+": "+neverExample(form)+"`")
		}
		return
	}
	v.about(d, form, about)
}

func neverExample(form neverForm) string {
	switch form {
	case neverPlaces:
		return "EEA"
	case neverPurpose:
		return "marketing"
	case neverNames:
		return "statistics"
	}
	return "all"
}

func (v *Never) about(d *decoder, form neverForm, n *node) {
	switch {
	case form == neverData:
		v.Data.read(d, n)
	case form == neverPlaces:
		v.regions(d, n)
	case form == neverPurpose && n.kind == mappingNode && len(n.pairs) == 1:
		v.What.read(d, n.pairs[0].key)
		v.Data.read(d, n.pairs[0].value)
	default:
		v.What.read(d, n)
	}
}

// regions reads places and keeps their codes as names.
func (v *Never) regions(d *decoder, n *node) {
	var places Places
	places.read(d, n)
	for _, r := range places.Regions {
		v.What = append(v.What, Ref{places.Pos, string(r)})
	}
	if places.Anywhere || places.EveryoneElse || places.Words != "" {
		d.add(n.Pos, "unknown-region", "this promise needs countries or regions by name", n.text, "write for instance `EEA`, or a list")
	}
}

// fixedEnds are the ends that have a form of their own.
var fixedEnds = map[string]UntilForm{
	"as the schedule says":                        UntilSchedule,
	"no longer needed for its purposes or by law": UntilNeeded,
	"end of legal duty":                           UntilLegalDuty,
	"for ever":                                    UntilForEver,
	"not-stated":                                  UntilNotStated,
}

func (u *Until) read(d *decoder, n *node) {
	u.Pos = n.Pos
	switch n.kind {
	case scalarNode:
		u.words(d, n)
	case mappingNode:
		u.mapping(d, n)
	default:
		d.wrongShape(n, "one end", "write `{latest: […]}` or `{earliest: […]}` for several")
	}
}

// words reads an end in one text: a period with the event it counts from, one of
// the fixed ends, or an event.
func (u *Until) words(d *decoder, n *node) {
	raw, ok := d.text(n, "an end")
	if !ok {
		return
	}
	text := strings.Join(strings.Fields(raw), " ")
	if form, fixed := fixedEnds[text]; fixed {
		u.Form = form
		return
	}
	period, event, _ := strings.Cut(text, " after ")
	if p, ok := parsePeriod(period); ok {
		p.Pos = n.Pos
		u.Form, u.Period, u.After = UntilPeriod, p, event
		if event == "" {
			u.After = "collection"
		}
		return
	}
	if text[0] >= '0' && text[0] <= '9' {
		d.add(n.Pos, "bad-period", quote(text)+" is not a period", text, "write for instance `30 days after collection`")
		return
	}
	if several.MatchString(text) {
		d.add(n.Pos, "bad-period", quote(text)+" would be an event, and there are periods in it", text, "write `{latest: […]}` or `{earliest: […]}`, with each end by itself")
		return
	}
	u.Form, u.Event = UntilEvent, text
}

// several finds a period inside other words: `latest of 24 months after …` is no event.
var several = regexp.MustCompile(`\b[0-9]+ (hour|day|week|month|year)s? after `)

// mapping reads `{latest: […]}`, `{earliest: […]}`, `{moves-to: …}`, or ends by case.
func (u *Until) mapping(d *decoder, n *node) {
	if len(n.pairs) == 1 {
		key, value := n.pairs[0].key, n.pairs[0].value
		switch key.text {
		case "latest", "earliest":
			u.several(d, key, value)
			return
		case "moves-to":
			u.Form = UntilMoved
			u.To.read(d, value)
			return
		}
	}
	u.Form = UntilCases
	for _, p := range n.pairs {
		switch p.key.text {
		case "latest", "earliest", "moves-to":
			d.add(p.key.Pos, "wrong-shape", quote(p.key.text)+" cannot stand beside other keys", p.key.text, "give each case an end of its own")
		}
	}
	u.Cases.read(d, n)
	if len(u.Cases) == 0 {
		d.wrongShape(n, "an end", "write for instance `30 days after collection`")
	}
}

func (u *Until) several(d *decoder, key, value *node) {
	u.Form = UntilLatest
	if key.text == "earliest" {
		u.Form = UntilEarliest
	}
	if value.kind != sequenceNode || len(value.items) < 2 {
		d.add(key.Pos, "wrong-shape", quote(key.text)+" needs a list of at least two ends", key.text, "write `{"+key.text+": [24 months after last-contact, end of legal duty]}`")
		return
	}
	u.Of = eachItem(d, value, func(item *node) (one Until, ok bool) {
		one.read(d, item)
		return one, one.Form != UntilAbsent
	})
}
