package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// successor is the one recipient a disclosure may name without declaring it:
// nobody knows beforehand who will take over.
const successor = "successor"

func (c *compiler) declareRoles() {
	for i := range c.doc.Staff {
		e := &c.doc.Staff[i]
		at, known := c.p.names.roles[e.Key]
		if !known {
			if !c.room(len(c.p.Roles), MaxRoles, e.Pos, "staff roles") {
				return
			}
			at = len(c.p.Roles)
			c.p.Roles = append(c.p.Roles, CompiledRole{})
			c.p.names.roles[e.Key] = at
		}
		c.p.Roles[at] = CompiledRole{Declared: true, Name: e.Key}
	}
}

func (c *compiler) declareRecipients() {
	for i := range c.doc.Recipients {
		c.declareRecipient(c.doc.Recipients[i].Key, c.doc.Recipients[i].Pos)
	}
	for _, d := range c.doc.Disclosures {
		if _, declared := c.doc.Recipients.Get(successor); d.Is.To.Name == successor && !declared {
			at := c.declareRecipient(successor, d.Is.To.Pos)
			if at >= 0 {
				c.p.Recipients[at] = CompiledRecipient{Declared: true, Name: successor, Title: "Whoever takes over our business",
					Role: successor, Clause: c.p.Clause("disclosures." + d.Key)}
			}
		}
	}
}

func (c *compiler) declareRecipient(name string, at Pos) int {
	i, known := c.p.names.recipients[name]
	if !known {
		if !c.room(len(c.p.Recipients), MaxRecipients, at, "recipients") {
			return -1
		}
		i = len(c.p.Recipients)
		c.p.Recipients = append(c.p.Recipients, CompiledRecipient{})
		c.p.names.recipients[name] = i
	}
	c.p.Recipients[i] = CompiledRecipient{Declared: true, Name: name}
	return i
}

func (c *compiler) compileRoles() {
	for i := range c.doc.Staff {
		e := &c.doc.Staff[i]
		at, ok := c.p.names.roles[e.Key]
		if !ok {
			continue
		}
		r := &c.p.Roles[at]
		r.For = c.purposeRefs(e.Is.For)
		r.Places, r.Anywhere = slices.Clone(e.Is.In.Regions), e.Is.In.Anywhere
		r.Safeguard = c.standing(e.Is.Safeguard)
		r.Clause = c.clause("staff."+e.Key, e.Pos, sentence(cmpText(c.say(e.Is.Title), titleOf(e.Key)), c.sayAll(e.Is.BoundBy)))
	}
}

// cmpText is the first of two texts that is not empty.
func cmpText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (c *compiler) compileRecipients() {
	for i := range c.doc.Recipients {
		e := &c.doc.Recipients[i]
		if at, ok := c.p.names.recipients[e.Key]; ok {
			c.p.Recipients[at] = c.recipient(e)
		}
	}
}

func (c *compiler) recipient(e *Entry[Recipient]) CompiledRecipient {
	src := &e.Is
	title := cmpText(cmpText(c.say(src.Name), c.say(src.Group)), titleOf(e.Key))
	r := CompiledRecipient{
		Declared: true, Name: e.Key, Title: title, Role: src.Role,
		Processor: src.Role == "processor" || src.Role == "on-our-behalf",
		Receives:  c.data(src.Receives), For: c.purposeRefs(src.For), Safeguard: c.standing(src.Safeguard),
		Clause: c.clause("recipients."+e.Key, e.Pos, sentence(title, c.say(src.Does))),
	}
	in := src.In
	if len(in.Regions) == 0 && !in.Anywhere && in.Words == "" {
		in = c.doc.Defaults.In
	}
	r.Places, r.Anywhere = slices.Clone(in.Regions), in.Anywhere
	r.NotStated = len(r.Places) == 0 && !r.Anywhere && !whereTheLawIs(src.Role)
	if src.Via.Name != "" {
		c.oneOf("embed", src.Via, c.embedPaths())
	}
	return r
}

// whereTheLawIs are recipients whose place needs no stating: an authority is
// where its law holds, a successor is where the business was.
func whereTheLawIs(role string) bool { return role == "authority" || role == successor }

func (c *compiler) embedPaths() []string {
	var list []string
	for _, e := range c.doc.Embeds {
		list = append(list, "embeds."+e.Key)
	}
	return list
}

// builtInSafeguards are the mechanisms the law itself names.
var builtInSafeguards = map[string]Standing{
	"adequacy":         {Name: "adequacy"}, // gdpr:45: stands only where a decision does, which the place itself shows
	"standard-clauses": {Name: "standard-clauses", Stands: true},
	"binding-rules":    {Name: "binding-rules", Stands: true},
	"certification":    {Name: "certification", Stands: true},
	"gdpr:49":          {Name: "gdpr:49", Stands: true},
}

// standing says whether something stands behind a transfer. Of several
// safeguards one that stands is enough, the one that stands for most people first.
func (c *compiler) standing(s Safe) Standing {
	var best Standing
	for i, ref := range s.AnyOf {
		one := c.safeguard(ref)
		if i == 0 || better(one, best) {
			best = one
		} else if one.Stands && best.Stands && len(best.Regions) > 0 {
			best.Regions = append(slices.Clone(best.Regions), one.Regions...)
		}
	}
	return best
}

func better(one, best Standing) bool {
	if one.Stands != best.Stands {
		return one.Stands
	}
	return one.Stands && len(one.Regions) == 0 && len(best.Regions) > 0
}

func (c *compiler) safeguard(ref Ref) Standing {
	if s, ok := c.doc.Safeguards.Get(ref.Name); ok {
		return Standing{Name: ref.Name, Stands: !s.Stands.Set || s.Stands.Yes}
	}
	if s, ok := c.doc.Schemes.Get(ref.Name); ok {
		return Standing{Name: ref.Name, Stands: s.Safeguard.Yes && !c.lapsed(s), Regions: slices.Clone(s.Covers.Regions)}
	}
	if s, ok := builtInSafeguards[ref.Name]; ok {
		return s
	}
	c.unknown("safeguard", ref, c.safeguardNames())
	return Standing{Name: ref.Name}
}

// lapsed reports a certification that was to be renewed before this version took effect.
func (c *compiler) lapsed(s *Scheme) bool {
	renew := s.RenewBy.begins()
	return !renew.IsZero() && renew.Before(c.p.Effective)
}

func (c *compiler) safeguardNames() []string {
	list := append(c.doc.Safeguards.Keys(), c.doc.Schemes.Keys()...)
	return append(list, "adequacy", "standard-clauses", "binding-rules", "certification", "gdpr:49", "not-stated")
}

func (c *compiler) declareDisclosures() {
	for i := range c.doc.Disclosures {
		e := &c.doc.Disclosures[i]
		at := c.purposeIndex(e.Key, nil, e.Pos)
		if at < 0 {
			continue
		}
		if isDuty(e.Key) || e.Key == "all" || c.p.Purposes[at].Declared {
			c.errorf(e.Pos, codeReservedName, e.Key, "give it another name", "%s is the name of a purpose already", quote(e.Key))
			continue
		}
		key := "disclosures." + e.Key
		c.p.Purposes[at] = CompiledPurpose{Declared: true, Name: e.Key, Title: titleOf(e.Key), Kind: DisclosureOnEvent,
			Clause: c.clause(key, e.Pos, sentence(titleOf(e.Key), c.sayAll(e.Is.When))), ConsentLane: -1, OnceLane: -1, To: -1, ApprovedBy: -1}
	}
}

// compileDisclosures makes of each disclosure a purpose that allows handing over
// and nothing else, to its recipient.
func (c *compiler) compileDisclosures() {
	for i := range c.doc.Disclosures {
		e := &c.doc.Disclosures[i]
		at, ok := c.p.purpose(e.Key)
		if !ok || c.p.Purposes[at].Kind != DisclosureOnEvent {
			continue
		}
		q := &c.p.Purposes[at]
		q.To, q.ApprovedBy = c.recipientRef(e.Is.To), c.roleRef(e.Is.ApprovedBy)
		q.Obligations = MustRecord
		if q.ApprovedBy >= 0 {
			q.Obligations |= MustBeApproved
		}
		c.purposeRefs(e.Is.For)
		q.Reasons = []CompiledReason{c.disclosureReason(e, q)}
		c.open(q.To, at, q.Reasons[0].Fields)
	}
}

func (c *compiler) disclosureReason(e *Entry[Disclosure], q *CompiledPurpose) CompiledReason {
	r := CompiledReason{Clause: q.Clause, Fields: c.data(e.Is.Gives), ObjectionLane: -1}
	ground := []Ground{{Basis: c.disclosureBasis(e), Lane: -1, Clause: q.Clause}}
	r.Grounds[avow.Disclose] = [3][]Ground{ground, ground, ground}
	r.Grounds[avow.Transfer] = r.Grounds[avow.Disclose]
	r.SpecialGrounds, r.CriminalGrounds = ground, ground
	r.LegalClaims = ground[0].Basis == avow.LegalObligation
	r.Weighed = !r.LegalClaims // gdpr:21(1)
	return r
}

// disclosureBasis is legal obligation for what an authority is given on demand of
// law. What we give it of our own belief, or a successor, rests on our interests.
func (c *compiler) disclosureBasis(e *Entry[Disclosure]) avow.Basis {
	to, ok := c.doc.Recipients.Get(e.Is.To.Name)
	if !ok || to.Role != "authority" || len(e.Is.ToProtect) > 0 || len(e.Is.For) > 0 {
		return avow.LegitimateInterests
	}
	return avow.LegalObligation
}

// open lets a recipient receive what a disclosure gives it.
func (c *compiler) open(recipient, purpose int, fields FieldSet) {
	if recipient < 0 {
		return
	}
	r := &c.p.Recipients[recipient]
	r.For.Add(purpose)
	if r.Role == successor {
		r.Receives = r.Receives.Or(fields)
	}
}

func (c *compiler) compileNever() {
	for _, n := range c.doc.Never {
		key := "never." + string(n.Kind)
		if c.p.Clause(key) == 0 {
			c.clause(key, n.Pos, neverSays(n))
		}
		fields := c.data(n.Data)
		switch n.Kind {
		case NeverSell, NeverRent:
			c.p.NeverSell = c.p.NeverSell.Or(fields)
		case NeverIdentifyFrom:
			c.p.NoPersonFrom = c.p.NoPersonFrom.Or(fields)
		case NeverUseFor:
			c.purposeRefs(n.What)
		}
	}
}

func neverSays(n Never) string {
	words := titleOf(string(n.Kind)) + ": never"
	if len(n.Data) > 0 {
		words += " (" + dataNames(n.Data) + ")"
	}
	return words + "."
}

func dataNames(refs DataRefs) string {
	var s string
	for i, r := range refs {
		if i > 0 {
			s += ", "
		}
		switch {
		case r.All:
			s += "all"
		case r.Needed:
			s += "only-what-is-needed"
		case r.Field != "":
			s += r.Category + "." + r.Field
		default:
			s += r.Category
		}
	}
	return s
}
