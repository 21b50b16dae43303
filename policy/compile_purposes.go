package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// placedPurpose is a purpose of the file with the place it stands in.
type placedPurpose struct {
	*Entry[Purpose]
	key     string
	kind    PurposeKind
	index   int
	reasons []Reason
}

// duties are purposes of every policy: what no policy can waive.
var duties = [...]struct {
	name, title string
	restricted  bool // goes on under a restriction
}{
	{DutyAnswerRequests, "Answer people's requests about their data", true},
	{DutyKeepProof, "Keep proof of what was allowed, asked and done", true},
	{DutySuppress, "Remember who asked us to stop, so that we stop", true},
	{DutySecure, "Keep the service and the data secure", false},
	{DutyObeyLaw, "Obey the law", false},
}

// Duties lists the names of the built-in duties, in the order they are printed.
func Duties() []string {
	list := make([]string, len(duties))
	for i, d := range duties {
		list[i] = d.name
	}
	return list
}

func (c *compiler) declareDuties() {
	for _, d := range duties {
		i := c.purposeIndex(d.name, nil, Pos{})
		at := c.clause("duties."+d.name, Pos{}, d.title)
		q := CompiledPurpose{Declared: true, Name: d.name, Title: d.title, Kind: Duty, Clause: at,
			ConsentLane: -1, OnceLane: -1, To: -1, ApprovedBy: -1}
		r := CompiledReason{Clause: at, Fields: c.p.declaredFields(), ObjectionLane: -1, Restricted: d.restricted}
		ground := []Ground{{Basis: avow.LegalObligation, Lane: -1, Clause: at}}
		for act := range r.Grounds {
			if avow.Act(act) != avow.Combine {
				r.Grounds[act] = [3][]Ground{ground, ground, ground}
			}
		}
		r.SpecialGrounds, r.CriminalGrounds = ground, ground
		q.Reasons = []CompiledReason{r}
		c.p.Purposes[i] = q
	}
}

// purposeIndex gives a purpose the index it had, under this or a former name, or the next free one; -1 past the bound.
func (c *compiler) purposeIndex(name string, formerly Refs, at Pos) int {
	if i, ok := c.p.names.purposes[name]; ok {
		return i
	}
	for _, old := range formerly {
		if i, ok := c.p.names.purposes[old.Name]; ok {
			c.p.names.purposes[name] = i
			return i
		}
	}
	if !c.room(len(c.p.Purposes), MaxPurposes, at, "purposes, duties and disclosures") {
		return -1
	}
	i := len(c.p.Purposes)
	c.p.Purposes = append(c.p.Purposes, CompiledPurpose{Name: name})
	c.p.names.purposes[name] = i
	return i
}

func (c *compiler) declarePurposes() {
	for g := range c.doc.PurposeGroups {
		group := &c.doc.PurposeGroups[g]
		c.clause("purpose-groups."+group.Key, group.Pos, c.say(group.Is.Title))
		for i := range group.Is.Purposes {
			e := &group.Is.Purposes[i]
			c.declarePurpose(e, "purpose-groups."+group.Key+".purposes."+e.Key, Listed)
		}
	}
	for i := range c.doc.UnlistedPurposes {
		e := &c.doc.UnlistedPurposes[i]
		c.declarePurpose(e, "unlisted-purposes."+e.Key, Unlisted)
	}
}

func (c *compiler) declarePurpose(e *Entry[Purpose], key string, kind PurposeKind) {
	if e.Key == "all" || isDuty(e.Key) {
		c.errorf(e.Pos, codeReservedName, e.Key, "give it another name", "%s is a name of the language itself", quote(e.Key))
		return
	}
	c.formerNames(e)
	i := c.purposeIndex(e.Key, e.Is.Formerly, e.Pos)
	if i < 0 {
		return
	}
	if c.p.Purposes[i].Declared {
		c.errorf(e.Pos, codeDuplicate, e.Key, "give one of them another name; print one purpose in two groups with `also-listed-in`",
			"the purpose %s is declared twice", quote(e.Key))
		return
	}
	c.p.Purposes[i] = CompiledPurpose{Declared: true, Name: e.Key, Title: c.say(e.Is.Title), Kind: kind,
		ConsentLane: -1, OnceLane: -1, To: -1, ApprovedBy: -1}
	c.purposes = append(c.purposes, placedPurpose{e, key, kind, i, reasonsOf(&e.Is, e.Pos)})
}

func isDuty(name string) bool {
	for _, d := range duties {
		if d.name == name {
			return true
		}
	}
	return false
}

// formerNames reports a former name that no earlier version had. Without the
// earlier version at hand nothing can be said.
func (c *compiler) formerNames(e *Entry[Purpose]) {
	if c.before == nil {
		return
	}
	for _, old := range e.Is.Formerly {
		if _, ok := c.before.names.purposes[old.Name]; !ok {
			c.unknown("purpose of an earlier version", old, c.before.purposeNames())
		}
	}
}

func (c *compiler) compilePurposes() {
	for _, at := range c.purposes {
		c.compilePurpose(at)
	}
}

func (c *compiler) compilePurpose(at placedPurpose) {
	src := &at.Is
	q := &c.p.Purposes[at.index]
	q.Clause = c.clause(at.key, at.Pos, sentence(q.Title, c.say(src.Because)))
	q.Once = src.Once.Yes
	q.Sends = src.Sends
	q.ServiceMessage = src.Sends == "service-messages"
	q.Anonymous = src.Makes == "anonymous" || src.Makes == "aggregate"
	q.OffUntil = !src.OffUntil.empty()
	for i, r := range at.reasons {
		q.Reasons = append(q.Reasons, c.compileReason(at, i, r))
	}
	q.Obligations = c.obligations(src, q)
	for _, g := range src.AlsoListedIn {
		c.listing(at.Key, g)
	}
}

// listing checks where a purpose is printed a second time.
func (c *compiler) listing(purpose string, in Listing) {
	if !c.oneOf("group of purposes", Ref{Pos: in.Pos, Name: in.Group}, c.doc.PurposeGroups.Keys()) || in.After.Name == "" {
		return
	}
	var there []string
	for _, g := range c.doc.PurposeGroups {
		for i := range g.Is.Purposes {
			p := &g.Is.Purposes[i]
			also := slices.ContainsFunc(p.Is.AlsoListedIn, func(l Listing) bool { return l.Group == in.Group })
			if p.Key != purpose && (g.Key == in.Group || also) {
				there = append(there, p.Key)
			}
		}
	}
	c.oneOf("purpose of the group "+quote(in.Group), in.After, there)
}

func (c *compiler) obligations(src *Purpose, q *CompiledPurpose) Obligations {
	var o Obligations
	for _, r := range q.Reasons {
		if r.Marketing {
			o |= MustCarryUnsubscribe
		}
	}
	if q.Anonymous {
		o |= MustMakeAnonymous
	}
	if src.Once.Yes {
		o |= MustUseOnce
	}
	return o
}
