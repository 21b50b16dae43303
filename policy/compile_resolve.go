package policy

import (
	"fmt"
	"slices"
	"strings"
)

// clause records a sentence that a decision can cite and gives its index.
func (c *compiler) clause(key string, at Pos, says string) int {
	c.p.Clauses = append(c.p.Clauses, Clause{Key: key, Line: at.Line, Says: says})
	i := len(c.p.Clauses) - 1
	c.p.names.clauses[key] = i
	return i
}

func (c *compiler) errorf(at Pos, code, text, suggest, format string, args ...any) {
	c.report(Problem{Pos: at, Code: code, Text: clip(text, 200), Suggest: suggest, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) warnf(at Pos, code, text, suggest, format string, args ...any) {
	c.report(Problem{Pos: at, Code: code, Text: clip(text, 200), Suggest: suggest, Message: fmt.Sprintf(format, args...), Warning: true})
}

// report keeps a problem once, whichever of the steps meets it again, and counts
// those past the bound.
func (c *compiler) report(p Problem) {
	switch p.Code {
	case codeUnknownName, codeDuplicate, codeReservedName, codeTooMany:
		c.broken = true
	}
	if c.seen[p] {
		return
	}
	if c.counted[grade(p)] == maxProblems {
		c.more++
		return
	}
	c.counted[grade(p)]++
	c.seen[p] = true
	c.problems = append(c.problems, p)
}

// unknown reports a name that is declared nowhere, with the nearest one that is.
func (c *compiler) unknown(what string, r Ref, among []string) {
	do := ""
	if c.counted[0] < maxProblems { // what is not shown needs no suggestion
		do = didYouMean(r.Name, among)
	}
	c.errorf(r.Pos, codeUnknownName, r.Name, do, "unknown %s %s", what, quote(r.Name))
}

// room reports, once, that a bound of the language is passed.
func (c *compiler) room(n, bound int, at Pos, what string) bool {
	if n < bound {
		return true
	}
	if !c.full[what] {
		c.full[what] = true
		c.errorf(at, codeTooMany, "", "split the policy, or remove what is no longer needed",
			"this is one more than the %d %s a policy may have over all its versions", bound, what)
	}
	return false
}

// say is a text in the language that prevails.
func (c *compiler) say(t Text) string {
	if len(t.In) == 0 {
		return t.Plain
	}
	for _, tag := range []string{c.doc.Languages.Prevails, "en"} {
		if s, ok := t.In.Get(tag); ok {
			return *s
		}
	}
	return t.In[0].Is
}

func (c *compiler) sayAll(ws Words) string {
	parts := make([]string, len(ws))
	for i, w := range ws {
		parts[i] = c.say(w)
	}
	return strings.Join(parts, ", ")
}

func (t Text) empty() bool { return t.Plain == "" && len(t.In) == 0 }

// sentence joins a title and what is said of it.
func sentence(title, rest string) string {
	if title == "" || rest == "" {
		return title + rest
	}
	return title + ": " + rest
}

// data resolves references to data and reports the ones that name nothing.
func (c *compiler) data(refs DataRefs) FieldSet {
	var all FieldSet
	for _, r := range refs {
		all = all.Or(c.datum(r))
	}
	return all
}

func (c *compiler) datum(r DataRef) FieldSet {
	set, ok := c.p.resolve(r)
	if ok {
		return set
	}
	cat, known := c.doc.Data.Get(r.Category)
	if !known {
		c.unknown("data category", Ref{Pos: r.Pos, Name: r.Category}, c.doc.Data.Keys())
		return set
	}
	name := Ref{Pos: r.Pos, Name: r.Category + "." + r.Field}
	c.unknown("field", name, fieldPaths(r.Category, cat.Fields))
	return set
}

func fieldPaths(category string, fields Refs) []string {
	paths := make([]string, len(fields))
	for i, f := range fields {
		paths[i] = category + "." + f.Name
	}
	return paths
}

// resolve gives the fields a reference means in this version.
func (p *Policy) resolve(r DataRef) (FieldSet, bool) {
	if r.All || r.Needed {
		return p.declaredFields(), true
	}
	if r.Field == "" {
		set, ok := p.names.categories[r.Category]
		return set, ok
	}
	var set FieldSet
	i, ok := p.names.fields[r.Category+"."+r.Field]
	if !ok || !p.Fields[i].Declared || p.Fields[i].Category != r.Category || p.Fields[i].Name != r.Field {
		return set, false
	}
	set.Add(i)
	return set, true
}

func (p *Policy) resolveAll(refs DataRefs) FieldSet {
	var all FieldSet
	for _, r := range refs {
		set, _ := p.resolve(r)
		all = all.Or(set)
	}
	return all
}

func (p *Policy) declaredFields() FieldSet {
	var all FieldSet
	for i, f := range p.Fields {
		if f.Declared {
			all.Add(i)
		}
	}
	return all
}

// purpose finds a purpose declared in this version, by the name it has in it.
func (p *Policy) purpose(name string) (int, bool) {
	i, ok := p.names.purposes[name]
	if !ok || !p.Purposes[i].Declared || p.Purposes[i].Name != name {
		return -1, false
	}
	return i, true
}

// purposeNames lists what a file names as its purposes, in the order of the index.
func (p *Policy) purposeNames() []string {
	var names []string
	p.listed().Each(func(i int) { names = append(names, p.Purposes[i].Name) })
	return names
}

// purposeRef resolves one purpose; -1 with an error when there is none.
func (c *compiler) purposeRef(r Ref) int {
	if r.Name == "" {
		return -1
	}
	i, ok := c.p.purpose(r.Name)
	if ok {
		return i
	}
	if old, known := c.p.names.purposes[r.Name]; known && c.p.Purposes[old].Declared {
		c.errorf(r.Pos, codeUnknownName, r.Name, "write "+quote(c.p.Purposes[old].Name),
			"the purpose %s is called %s in this version", quote(r.Name), quote(c.p.Purposes[old].Name))
		return -1
	}
	c.unknown("purpose", r, c.p.purposeNames())
	return -1
}

// purposeRefs resolves purposes; `all` is every purpose the file lists.
func (c *compiler) purposeRefs(refs Refs) PurposeSet {
	var set PurposeSet
	for _, r := range refs {
		if r.Name == "all" {
			set = set.Or(c.p.listed())
		} else if i := c.purposeRef(r); i >= 0 {
			set.Add(i)
		}
	}
	return set
}

// listed is every purpose the file declares; duties and disclosures are not among them.
func (p *Policy) listed() PurposeSet {
	var set PurposeSet
	for i, q := range p.Purposes {
		if q.Declared && (q.Kind == Listed || q.Kind == Unlisted) {
			set.Add(i)
		}
	}
	return set
}

// recipientRef resolves a recipient of this version; -1 with an error when there is none.
func (c *compiler) recipientRef(r Ref) int {
	if r.Name == "" {
		return -1
	}
	i, ok := c.p.names.recipients[r.Name]
	if ok && c.p.Recipients[i].Declared {
		return i
	}
	c.unknown("recipient", r, c.doc.Recipients.Keys())
	return -1
}

func (c *compiler) roleRef(r Ref) int {
	if r.Name == "" {
		return -1
	}
	i, ok := c.p.names.roles[r.Name]
	if ok && c.p.Roles[i].Declared {
		return i
	}
	c.unknown("staff role", r, c.doc.Staff.Keys())
	return -1
}

// factRefs resolves words under `people` to the bits of their facts.
func (c *compiler) factRefs(refs Refs) uint64 {
	var bits uint64
	for _, r := range refs {
		i, ok := c.p.names.facts[r.Name]
		if !ok || !c.p.Facts[i].Declared {
			c.unknown("word for people", r, c.doc.People.Keys())
			continue
		}
		bits |= 1 << i
	}
	return bits
}

// oneOf reports a name that is not among those declared.
func (c *compiler) oneOf(what string, r Ref, among []string) bool {
	if r.Name == "" || slices.Contains(among, r.Name) {
		return true
	}
	c.unknown(what, r, among)
	return false
}

// circle reports a chain of names that comes back to itself, once for all of its links.
func (c *compiler) circle(r Ref, chain []string, suggest, what string) {
	if c.circles[r.Name] {
		return
	}
	for _, name := range chain {
		c.circles[name] = true
	}
	if len(chain) > maxChain {
		c.errorf(r.Pos, codeTooMany, r.Name, "", "more than %d names refer to each other in one line here", maxChain)
		return
	}
	c.errorf(r.Pos, codeCycle, r.Name, suggest, "%s: %s", what, strings.Join(chain, " → "))
}
