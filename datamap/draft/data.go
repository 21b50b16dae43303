package draft

import (
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// data finds the policy's own data for each finding.
func (j *judgement) data(p *policy.Policy) {
	m := newMatcher(p)
	for _, t := range j.tables {
		for _, c := range t.columns {
			if c.finding.Sure > Not {
				c.finding.Data = m.find(c.finding.What)
			}
		}
	}
}

// matcher knows which fields and categories of a policy are of which sort, by the
// words of their names.
type matcher struct {
	fields     map[Sort]string
	categories map[Sort]string
}

func newMatcher(p *policy.Policy) *matcher {
	m := &matcher{map[Sort]string{}, map[Sort]string{}}
	for _, c := range p.Categories {
		if s, ok := sortOfData(c.Name, c.Title); ok && m.categories[s] == "" && !c.Others {
			m.categories[s] = c.Name
		}
	}
	for _, f := range p.Fields {
		if s, ok := sortOfData(f.Name); ok && f.Declared && !f.Others && (m.fields[s] == "") {
			m.fields[s] = f.Path()
		}
	}
	for _, f := range p.Fields { // what only the category's name explains
		if s, ok := sortOfData(f.Category + " " + f.Name); ok && f.Declared && !f.Others && m.fields[s] == "" {
			m.fields[s] = f.Path()
		}
	}
	return m
}

// sortOfData reads the names of data as those of columns are read.
func sortOfData(names ...string) (Sort, bool) {
	for _, name := range names {
		if s, ok := policyWords[name]; ok {
			return s, true
		}
		if r, ok := read(tokens(name), &connect.Column{}); ok {
			return r.sort, true
		}
	}
	return "", false
}

// policyWords are words that policies use for data and columns do not.
var policyWords = map[string]Sort{
	"usage": Activity, "system-log": Agent, "log": Agent, "cookie": Session, "settings": Language, "position": Job, "employment": Job,
	"messages": Text, "correspondence": Text, "support": Text, "health": Health, "medical": Health, "account": Number, "number": Number,
	"credentials": Secret, "payment": Bank, "origin": Belief, "picture": Photo, "coordinates": Place, "title": Job, "hired": Hire,
	"id": Government, "identity": Government, "document": Government, "documents": Government, "car": Plate, "vehicle": Plate, "behaviour": Activity,
}

// find is the policy's data of a sort: a field of that sort, of a wider one, or a category.
func (m *matcher) find(s Sort) string {
	seen := map[Sort]bool{}
	for queue := []Sort{s}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if seen[at] {
			continue
		}
		seen[at] = true
		if m.fields[at] != "" {
			return m.fields[at]
		}
		if m.categories[at] != "" {
			return m.categories[at]
		}
		if at == s || addressing(s) {
			queue = append(queue, wider[at]...)
		}
	}
	return ""
}
