package saas

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/avowhq/avow/connect"
)

// matcher judges whether a row has one of the tuples of an In. A service may give rows
// that only nearly have.
type matcher struct {
	in     connect.In
	region string
	forms  map[string]int // the one form of a tuple → its group
	groups []sameGroup
}

// sameGroup is the tuples that are the same to the comparison, and how they are asked for.
type sameGroup struct {
	form   string
	tuples []connect.Tuple
}

func newMatcher(in connect.In, region string) *matcher {
	m := &matcher{in: in, region: region, forms: make(map[string]int, len(in.Tuples))}
	for _, t := range in.Tuples {
		form, ok := m.form(t)
		if !ok {
			continue
		}
		i, known := m.forms[form]
		if !known {
			i = len(m.groups)
			m.forms[form] = i
			m.groups = append(m.groups, sameGroup{form: form})
		}
		m.groups[i].tuples = append(m.groups[i].tuples, t)
	}
	return m
}

// form is the one form of a tuple; false when it can match nothing.
func (m *matcher) form(t []any) (string, bool) {
	if len(t) != len(m.in.Columns) {
		return "", false
	}
	parts := make([]string, len(t))
	for i, v := range t {
		form, ok := connect.Normal(m.in.Compare, m.region, connect.Text(v))
		if !ok {
			return "", false
		}
		parts[i] = form
	}
	return joined(parts), true
}

// joined is several texts as one, so that no other texts give the same.
func joined(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "\x01", "\x01\x01"), "\x00", "\x01\x02")
	}
	return strings.Join(parts, "\x00")
}

// group is the first group that a row has a tuple of; -1 when there is none. Of a list
// in a column any element counts.
func (m *matcher) group(value func(string) any) int {
	values := make([]any, len(m.in.Columns))
	for i, c := range m.in.Columns {
		values[i] = value(c)
	}
	list, ok := values[0].([]any)
	if !ok || len(values) > 1 {
		return m.find(values)
	}
	least := -1
	for _, v := range list {
		if g := m.find([]any{v}); g >= 0 && (least < 0 || g < least) {
			least = g
		}
	}
	return least
}

func (m *matcher) find(values []any) int {
	form, ok := m.form(values)
	if !ok {
		return -1
	}
	if g, ok := m.forms[form]; ok {
		return g
	}
	return -1
}

// folds reports whether a comparison takes different texts for the same.
func folds(c connect.Compare) bool { return c != connect.Exact && c != "" }

// candidates are the ways in which a service may hold what a group means. A query that
// looks for digits needs one.
func (m *matcher) candidates(g sameGroup, query bool) []connect.Tuple {
	switch m.in.Compare {
	case connect.Exact, "":
		return g.tuples[:1]
	case connect.Phone, connect.Digits:
		number, _, _ := strings.Cut(g.form, ";")
		if query {
			return []connect.Tuple{{number}}
		}
		if m.in.Compare == connect.Phone {
			return distinct(append(textsOfFirst(g.tuples), numberForms(number)...))
		}
	}
	out := textsOfFirst(g.tuples)
	for _, t := range g.tuples {
		out = append(out, strings.TrimSpace(connect.Text(t[0])), strings.ToLower(strings.TrimSpace(connect.Text(t[0]))))
	}
	return distinct(append(out, g.form))
}

func textsOfFirst(tuples []connect.Tuple) []string {
	var out []string
	for _, t := range tuples {
		out = append(out, connect.Text(t[0]))
	}
	return out
}

func distinct(texts []string) []connect.Tuple {
	slices.Sort(texts)
	var out []connect.Tuple
	for _, t := range slices.Compact(texts) {
		out = append(out, connect.Tuple{t})
	}
	return out
}

// numberForms are the usual ways to write a number.
func numberForms(e164 string) []string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return []string{e164}
	}
	national := phonenumbers.Format(n, phonenumbers.NATIONAL)
	return []string{e164, strings.TrimPrefix(e164, "+"), "00" + strings.TrimPrefix(e164, "+"), national, onlyDigits(national),
		phonenumbers.Format(n, phonenumbers.INTERNATIONAL), phonenumbers.Format(n, phonenumbers.RFC3966)}
}
