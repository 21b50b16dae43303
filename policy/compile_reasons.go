package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
)

// reasonsOf gives the reasons of a purpose. What the purpose itself says holds
// for every reason that does not say otherwise.
func reasonsOf(q *Purpose, at Pos) []Reason {
	own := q.Reason
	own.Pos = at
	if len(q.Reasons) == 0 {
		return []Reason{own}
	}
	list := make([]Reason, len(q.Reasons))
	for i, r := range q.Reasons {
		list[i] = r.or(own)
	}
	return list
}

// or fills what a reason leaves out.
func (r Reason) or(own Reason) Reason {
	if r.Because.empty() {
		r.Because = own.Because
	}
	if !r.Basis.Given {
		r.Basis = own.Basis
	}
	if len(r.Uses) == 0 {
		r.Uses = own.Uses
	}
	if !r.ForSpecial.Basis.Given {
		r.ForSpecial = own.ForSpecial
	}
	if !r.ForCriminal.Basis.Given {
		r.ForCriminal = own.ForCriminal
	}
	r.DirectMarketing, r.Profiling = r.DirectMarketing.or(own.DirectMarketing), r.Profiling.or(own.Profiling)
	r.LegalClaims = r.LegalClaims.or(own.LegalClaims)
	if r.Topic.Name == "" {
		r.Topic = own.Topic
	}
	if r.Objection == "" {
		r.Objection = own.Objection
	}
	if r.UnderRestriction == "" {
		r.UnderRestriction = own.UnderRestriction
	}
	return r
}

func (f Flag) or(other Flag) Flag {
	if f.Set {
		return f
	}
	return other
}

func (c *compiler) compileReason(at placedPurpose, n int, r Reason) CompiledReason {
	src := &at.Is
	clause := c.p.Purposes[at.index].Clause
	if len(src.Reasons) > 0 {
		clause = c.clause(fmt.Sprintf("%s.reasons[%d]", at.key, n+1), r.Pos, sentence(c.say(src.Title), c.say(r.Because)))
	}
	out := CompiledReason{
		Clause: clause, Fields: c.data(r.Uses), ObjectionLane: -1,
		Marketing: isMarketing(src, r), Profiling: r.Profiling.Yes, Topic: r.Topic.Name,
		Weighed: r.Objection == "weighed", LegalClaims: r.LegalClaims.Yes, Restricted: r.UnderRestriction == "continues",
	}
	if out.Marketing {
		out.Weighed = false // gdpr:21(3): never weighed
		if out.Topic == "" {
			out.Topic = at.Key
		}
		c.addTopic(out.Topic, at)
	}
	c.groundsOf(&out, at, r)
	out.SpecialGrounds = c.terms(r.ForSpecial.Basis.Individual, out.Clause)
	out.CriminalGrounds = c.terms(r.ForCriminal.Basis.Individual, out.Clause)
	for _, s := range src.FromSources {
		if i, ok := c.p.names.sources[s.Key]; ok {
			out.SourceConditions = append(out.SourceConditions, SourceCondition{Source: i, Says: c.say(s.Is)})
		} else if n == 0 {
			c.unknown("source", Ref{Pos: s.Pos, Name: s.Key}, c.doc.Sources.Each.Keys())
		}
	}
	return out
}

// isMarketing says whether a reason is direct marketing. What sends marketing is,
// unless the file says in so many words that it is not.
func isMarketing(q *Purpose, r Reason) bool {
	if r.DirectMarketing.Set {
		return r.DirectMarketing.Yes
	}
	return q.Sends == "marketing"
}

func (c *compiler) addTopic(name string, at placedPurpose) {
	i, ok := c.p.names.topics[name]
	if !ok {
		i = len(c.p.Topics)
		c.p.names.topics[name] = i
		title := titleOf(name)
		if name == at.Key {
			title = c.say(at.Is.Title)
		}
		c.p.Topics = append(c.p.Topics, Topic{Name: name, Title: title})
	}
	c.p.Topics[i].Purposes.Add(at.index)
}

// titleOf makes a title of a name: `partner-news` is "Partner news".
func titleOf(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(name[size:], "-", " ")
}

// groundsOf fills the table of grounds: the reason's own for every act, and what
// one act has in its place (`to-collect`, `to-keep`, `to-send`).
func (c *compiler) groundsOf(out *CompiledReason, at placedPurpose, r Reason) {
	whole := c.grounds(c.basisOf(r), out.Clause)
	for act := range out.Grounds {
		out.Grounds[act] = whole
	}
	rules := []struct {
		act  avow.Act
		name string
		rule ActRule
	}{{avow.Collect, "to-collect", at.Is.ToCollect}, {avow.Keep, "to-keep", at.Is.ToKeep}, {avow.Send, "to-send", at.Is.ToSend}}
	for _, x := range rules {
		if x.rule.Basis.Given {
			clause := c.actClause(at, x.name, x.rule)
			out.Grounds[x.act] = c.grounds(x.rule.Basis, clause)
		}
	}
}

// actClause is the sentence of a rule for one act, made once for all reasons of the purpose.
func (c *compiler) actClause(at placedPurpose, name string, rule ActRule) int {
	key := at.key + "." + name
	if i := c.p.Clause(key); i > 0 {
		return i
	}
	for _, to := range rule.To {
		if to.Name != "you" {
			c.factRefs(Refs{to})
		}
	}
	says := c.say(at.Is.Title) + " (" + strings.TrimPrefix(name, "to-") + ")"
	return c.clause(key, rule.Pos, sentence(says, c.say(rule.About)))
}

// basisOf is the basis of a reason: its own, else the default one, else none stated.
func (c *compiler) basisOf(r Reason) Bases {
	if r.Basis.Given {
		return r.Basis
	}
	if c.doc.DefaultBasis.Given {
		return c.doc.DefaultBasis
	}
	none := []BasisTerm{{Pos: r.Pos, Basis: avow.NotStated}}
	return Bases{Pos: r.Pos, Individual: none, Business: none}
}

func (c *compiler) grounds(b Bases, clause int) [3][]Ground {
	individual, business := c.terms(b.Individual, clause), c.terms(b.Business, clause)
	return [3][]Ground{avow.KindUnknown: individual, avow.Individual: individual, avow.Business: business}
}

func (c *compiler) terms(terms []BasisTerm, clause int) []Ground {
	var list []Ground
	for _, t := range terms {
		if t.Basis == avow.NotApplicable {
			continue
		}
		g := Ground{Basis: basisByArticle(t), Law: t.Law, Facts: c.factRefs(t.If), Lane: -1, Clause: clause}
		switch {
		case t.WhereLawAsks:
			g.When = WhereLawAsks
		case t.Otherwise:
			g.When = WhereLawDoesNotAsk
		}
		list = append(list, g)
	}
	return list
}

// articles are the bases that a file may also write by their number.
var articles = map[string]avow.Basis{
	"gdpr:6(1)(a)": avow.Consent, "gdpr:6(1)(b)": avow.Contract, "gdpr:6(1)(c)": avow.LegalObligation,
	"gdpr:6(1)(d)": avow.VitalInterests, "gdpr:6(1)(e)": avow.PublicTask, "gdpr:6(1)(f)": avow.LegitimateInterests,
	"gdpr:9(2)(a)": avow.Consent, "gdpr:9(2)(c)": avow.VitalInterests,
}

// basisByArticle is the basis of a term. Any other article than the six is kept
// as NotStated with its Law: it holds, and an objection stops it.
func basisByArticle(t BasisTerm) avow.Basis {
	if t.Basis != avow.BasisNone {
		return t.Basis
	}
	if b, ok := articles[t.Law]; ok {
		return b
	}
	return avow.NotStated
}
