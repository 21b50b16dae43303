package policy

import (
	"regexp"
	"strings"

	"github.com/avowhq/avow"
)

// read takes one basis for both kinds of people, a list, or each kind apart.
func (b *Bases) read(d *decoder, n *node) {
	b.Pos, b.Given = n.Pos, true
	individual, hasIndividual := n.get("individual")
	business, hasBusiness := n.get("business")
	if !hasIndividual && !hasBusiness {
		b.Individual = d.basisTerms(n)
		b.Business = b.Individual
		return
	}
	b.Split = true
	for _, p := range n.pairs {
		if p.key.text != "individual" && p.key.text != "business" {
			d.unknownKey(p.key, "a lawful basis", []string{"individual", "business"})
		}
	}
	b.Individual = d.basisOf(n, individual, "individual")
	b.Business = d.basisOf(n, business, "business")
}

// basisOf reads the bases for one kind of people, who must be named when the other is.
func (d *decoder) basisOf(n, value *node, kind string) []BasisTerm {
	if value == nil || value.kind == emptyNode {
		d.add(n.Pos, "missing-key", "the basis says nothing of "+quote(kind), kind, "add `"+kind+": …`, or `"+kind+": not-applicable` where there is no such use")
		return nil
	}
	return d.basisTerms(value)
}

// basisTerms reads one basis or a list of them. One entry may give two terms.
func (d *decoder) basisTerms(n *node) []BasisTerm {
	var out []BasisTerm
	for _, terms := range eachItem(d, n, func(item *node) ([]BasisTerm, bool) { return d.basisEntry(item), true }) {
		out = append(out, terms...)
	}
	return out
}

func (d *decoder) basisEntry(n *node) []BasisTerm {
	switch n.kind {
	case mappingNode:
		return d.basisMapping(n)
	case scalarNode:
		return d.basisWords(n)
	}
	d.wrongShape(n, "a lawful basis", "write one, such as `consent`")
	return nil
}

// basisMapping reads `{law: …}` and `{where-law-asks: …, otherwise: …}`.
func (d *decoder) basisMapping(n *node) []BasisTerm {
	allowed := []string{"individual", "business", "law", "if", "where-law-asks", "otherwise"}
	var out []BasisTerm
	for _, p := range n.pairs {
		switch p.key.text {
		case "law":
			out = append(out, d.basisByLaw(n, p.value)...)
		case "if":
		case "where-law-asks", "otherwise":
			for _, t := range d.basisTerms(p.value) {
				t.WhereLawAsks, t.Otherwise = p.key.text == "where-law-asks", p.key.text == "otherwise"
				out = append(out, t)
			}
		default:
			d.unknownKey(p.key, "a lawful basis", allowed)
		}
	}
	d.pairedCondition(n)
	return out
}

// pairedCondition checks that `where-law-asks` and `otherwise` stand together.
func (d *decoder) pairedCondition(n *node) {
	_, asks := n.get("where-law-asks")
	_, otherwise := n.get("otherwise")
	if asks != otherwise {
		d.add(n.Pos, "missing-key", "`where-law-asks` and `otherwise` belong together", "", "write both: `{where-law-asks: consent, otherwise: legitimate-interests}`")
	}
}

// basisByLaw reads an article, with the people it holds for.
func (d *decoder) basisByLaw(n, law *node) []BasisTerm {
	text, ok := d.text(law, "an article of law")
	if !ok {
		return nil
	}
	term, ok := articleTerm(law.Pos, text)
	if !ok {
		d.add(law.Pos, "bad-article", quote(text)+" is not an article of law", text, "write the law, a colon and the article: `gdpr:9(2)(b)`")
		return nil
	}
	if people, has := n.get("if"); has {
		term.If.read(d, people)
	}
	return []BasisTerm{term}
}

var articlePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,20}:[0-9][0-9A-Za-z().-]{0,40}$`)

// articleTerm makes a basis of an article. The six of gdpr:6(1) are the bases themselves.
func articleTerm(at Pos, text string) (BasisTerm, bool) {
	if !articlePattern.MatchString(text) {
		return BasisTerm{}, false
	}
	term := BasisTerm{Pos: at, Law: text}
	for _, law := range []string{"gdpr", "uk-gdpr"} {
		for i, letter := range "abcdef" {
			if text == law+":6(1)("+string(letter)+")" {
				term.Basis = avow.Consent + avow.Basis(i)
			}
		}
	}
	return term, true
}

const (
	whereLawAsks = " where the law asks for it, otherwise "
	onlyIf       = " if "
)

// basisWords reads `consent`, `contract if party or asked-first`, an article, and
// `consent where the law asks for it, otherwise legitimate-interests`.
func (d *decoder) basisWords(n *node) []BasisTerm {
	text := strings.Join(strings.Fields(n.text), " ")
	first, second, conditional := strings.Cut(text, whereLawAsks)
	if !conditional {
		return d.basisTerm(n, text)
	}
	out := d.basisTerm(n, first)
	for i := range out {
		out[i].WhereLawAsks = true
	}
	rest := d.basisTerm(n, second)
	for i := range rest {
		rest[i].Otherwise = true
	}
	return append(out, rest...)
}

// basisTerm reads one basis with its condition.
func (d *decoder) basisTerm(n *node, text string) []BasisTerm {
	word, people, conditional := strings.Cut(text, onlyIf)
	term, ok := articleTerm(n.Pos, word)
	if !ok {
		basis, err := avow.ParseBasis(word)
		if err != nil {
			d.add(n.Pos, "unknown-basis", "unknown lawful basis "+quote(word), word, didYouMean(word, avow.Bases()))
			return nil
		}
		term = BasisTerm{Pos: n.Pos, Basis: basis}
	}
	if conditional {
		term.If = d.people(n, people)
	}
	return []BasisTerm{term}
}

// people reads `party or asked-first`.
func (d *decoder) people(n *node, text string) Refs {
	var out Refs
	for name := range strings.SplitSeq(text, " or ") {
		switch {
		case len(name) > maxName || !refPattern.MatchString(name):
			d.add(n.Pos, "bad-name", quote(name)+" is not a name", name, "write names with `or` between them: `party or asked-first`")
		default:
			out = append(out, Ref{n.Pos, name})
		}
	}
	return out
}

func (c *Combine) read(d *decoder, n *node) {
	c.Pos = n.Pos
	switch {
	case n.is("all-sources"):
		c.All = true
	case n.kind == mappingNode:
		c.With.read(d, n)
	default:
		d.wrongShape(n, "`all-sources`, or what may be combined with what", "write `all-sources` or `{contact: with vendors}`")
	}
}

func (c *CombineWith) read(d *decoder, n *node) {
	c.Pos = n.Pos
	if n.kind == sequenceNode {
		c.With.read(d, n)
		return
	}
	text, ok := d.text(n, "what it may be combined with")
	if !ok {
		return
	}
	if names, with := strings.CutPrefix(text, "with "); with {
		c.With = d.people(n, strings.ReplaceAll(names, " and ", " or "))
		return
	}
	c.With.read(d, n)
}

func (l *Listings) read(d *decoder, n *node) {
	if n.kind != mappingNode {
		var refs Refs
		refs.read(d, n)
		for _, r := range refs {
			*l = append(*l, Listing{Pos: r.Pos, Group: r.Name})
		}
		return
	}
	for _, p := range n.pairs {
		in := Listing{Pos: p.key.Pos}
		if d.isName(p.key, p.key.text) {
			in.Group = p.key.text
		}
		d.after(&in, p.value)
		*l = append(*l, in)
	}
}

// after reads `{after: debts}`.
func (d *decoder) after(in *Listing, n *node) {
	if n.kind != mappingNode {
		d.wrongShape(n, "a place in the group", "write `{after: …}`, or the name of the group alone")
		return
	}
	for _, p := range n.pairs {
		if p.key.text != "after" {
			d.unknownKey(p.key, quote("also-listed-in"), []string{"after"})
			continue
		}
		in.After.read(d, p.value)
	}
}

func (v *Page) read(d *decoder, n *node) {
	v.Pos = n.Pos
	if n.kind != mappingNode {
		v.URL, _ = d.text(n, "the address of a page")
		return
	}
	for _, p := range n.pairs {
		switch p.key.text {
		case "url":
			v.URL, _ = d.text(p.value, "the address of a page")
		case "serves":
			v.Serves.read(d, p.value)
		default:
			d.unknownKey(p.key, "a page", []string{"url", "serves"})
		}
	}
	if _, has := n.get("url"); !has {
		d.add(n.Pos, "missing-key", "`url` is missing in the page", "url", "add `url: …`")
	}
}
