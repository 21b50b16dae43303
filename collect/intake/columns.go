package intake

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Words that columns have beside the policy's own names.
const (
	wordKind     = "kind"
	wordEmployer = "employer"
	wordRegion   = "region"
	wordSource   = "source"

	beforeConsent   = "consent."
	beforeObjection = "objection."
	beforeTopic     = "topic:"
	beforePeople    = "people."
	behindAt        = ".at"
	behindEvidence  = ".evidence"
	behindVerified  = ".verified"

	// LeftOut is what a map names for a column that is not imported.
	LeftOut = "-"
)

// meaning is what the values under a column are.
type meaning uint8

const (
	isNothing meaning = iota
	isField
	isKind
	isEmployer
	isRegion
	isSource
	isFact
	isConsent
	isObjection
	// What is said of another column:
	isVerified // an identity was shown to be theirs, or a consent to be given by its holder
	isAt
	isEvidence
)

// column is a column of the file as the policy has it.
type column struct {
	name  string // the policy's
	is    meaning
	field int    // of a field, and of what verifies one
	said  string // the consent or objection this is or is about: `consent.newsletter`; of a fact, its name
}

// columns knows what may stand in a file.
type columns struct {
	p     *policy.Policy
	maps  map[string]string
	known map[string]column
	of    map[string]column // by the file's own name
}

func newColumns(p *policy.Policy, maps map[string]string) *columns {
	c := &columns{p: p, maps: maps, known: map[string]column{}, of: map[string]column{}}
	for name, is := range map[string]meaning{wordKind: isKind, wordEmployer: isEmployer, wordRegion: isRegion, wordSource: isSource} {
		c.add(column{name: name, is: is})
	}
	for _, f := range p.Facts {
		if f.Declared {
			c.add(column{name: beforePeople + f.Name, is: isFact, said: f.Name})
		}
	}
	c.fields()
	c.choices()
	return c
}

func (c *columns) add(col column) { c.known[col.name] = col }

// fields: every field by its path, and what identifies by its name alone where one
// category has it.
func (c *columns) fields() {
	short := map[string][]int{}
	for i, f := range c.p.Fields {
		if !f.Declared || c.p.NeverKept.Has(i) {
			continue
		}
		c.add(column{name: f.Path(), is: isField, field: i})
		if f.Identifies {
			c.add(column{name: f.Path() + behindVerified, is: isVerified, field: i})
			short[f.Name] = append(short[f.Name], i)
		}
	}
	for name, list := range short {
		if i, ok := c.meant(list); ok {
			c.add(column{name: name, is: isField, field: i})
			c.add(column{name: name + behindVerified, is: isVerified, field: i})
		}
	}
}

// meant is the one field a short name stands for: of several, the one about the person themselves.
func (c *columns) meant(list []int) (int, bool) {
	own := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return c.p.Fields[i].Others })
	switch {
	case len(own) == 1:
		return own[0], true
	case len(own) == 0 && len(list) == 1:
		return list[0], true
	}
	return 0, false
}

func (c *columns) choices() {
	for _, u := range c.p.Purposes {
		if !u.Declared {
			continue
		}
		if u.ConsentLane >= 0 {
			c.choice(beforeConsent+u.Name, isConsent)
		}
		c.choice(beforeObjection+u.Name, isObjection)
	}
	for _, t := range c.p.Topics {
		c.choice(beforeObjection+beforeTopic+t.Name, isObjection)
	}
}

func (c *columns) choice(name string, is meaning) {
	c.add(column{name: name, is: is, said: name})
	c.add(column{name: name + behindAt, is: isAt, said: name})
	c.add(column{name: name + behindEvidence, is: isEvidence, said: name})
	if is == isConsent {
		c.add(column{name: name + behindVerified, is: isVerified, said: name, field: -1})
	}
}

// find gives what a column of the file is, under the name it has there.
func (c *columns) find(wrote string) (column, *problem) {
	if col, ok := c.of[wrote]; ok {
		return col, nil
	}
	name := wrote
	if renamed, ok := c.maps[wrote]; ok {
		name = renamed
	}
	col, ok := c.known[name]
	if name == LeftOut {
		col, ok = column{is: isNothing}, true
	}
	if !ok {
		return col, c.unknown(wrote, name)
	}
	if len(c.of) < 2*maxColumns { // of lines that name their own, a file could have any number
		c.of[wrote] = col
	}
	return col, nil
}

func (c *columns) unknown(wrote, name string) *problem {
	p := wrong(1, CodeUnknown, fmt.Sprintf("policy %s declares nothing named %q", c.p.Name, clip(name)),
		"name what the policy declares, in the file or in the map, or leave the column out there with "+LeftOut)
	p.Column = clip(wrote)
	if purpose, ok := strings.CutPrefix(name, beforeConsent); ok {
		if i, ok := c.p.Purpose(purpose); ok && c.p.Purposes[i].ConsentLane < 0 {
			p.What = fmt.Sprintf("policy %s does not rest on consent for %s", c.p.Name, purpose)
			return p
		}
	}
	if i, ok := c.p.Field(name); ok && c.p.NeverKept.Has(i) {
		p.What = "the policy says that this is never kept"
		return p
	}
	if near := policy.Nearest(name, c.words()); near != "" {
		p.Do = fmt.Sprintf("did you mean %q?", near)
	}
	return p
}

func (c *columns) words() []string {
	list := make([]string, 0, len(c.known))
	for name := range c.known {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// header finds what all columns of a file are. A map that names a column that is not
// there is wrong too: it was written for another file.
func (c *columns) header(names []string) (list []*problem) {
	meant := map[string]string{}
	for _, wrote := range names {
		col, p := c.find(wrote)
		if p != nil {
			list = append(list, p)
			continue
		}
		if col.is == isNothing {
			continue
		}
		key := fmt.Sprint(col.is, col.field, col.said)
		if other, twice := meant[key]; twice {
			p := broken(1, CodeHeader, fmt.Sprintf("%q and %q are both %s", clip(other), clip(wrote), col.name), "leave one of them out")
			p.Column = clip(wrote)
			list = append(list, p)
		}
		meant[key] = wrote
	}
	for _, wrote := range sortedKeys(c.maps) {
		if !slices.Contains(names, wrote) {
			p := broken(1, CodeHeader, fmt.Sprintf("the map names a column %q, which the file does not have", clip(wrote)), "write the name as it stands in the file")
			list = append(list, p)
		}
	}
	for _, p := range list {
		p.fatal = true
	}
	return list
}

func sortedKeys(m map[string]string) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// ReadMap reads a map of columns: on each line `column in the file = name in the
// policy`, or `column = -` for one that is left out. What follows a # at the
// beginning of a line says nothing. The error is Invalid and names the line.
func ReadMap(r io.Reader) (map[string]string, error) {
	maps := map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(r, 1<<20))
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), string(bom)))
		if text == "" || text[0] == '#' {
			continue
		}
		at := strings.LastIndexByte(text, '=')
		if at < 1 || !utf8.ValidString(text) {
			return nil, avow.Errorf(avow.Invalid, "line %d of the map is not of the form `column = name`", n)
		}
		from, to := strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+1:])
		if _, twice := maps[from]; twice || from == "" || to == "" {
			return nil, avow.Errorf(avow.Invalid, "line %d of the map names no column, or one that was mapped above", n)
		}
		maps[from] = to
	}
	if lines.Err() != nil {
		return nil, avow.Errorf(avow.Invalid, "the map cannot be read: %w", lines.Err())
	}
	return maps, nil
}
