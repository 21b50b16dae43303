package plan

import (
	"context"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// A column may hold more than the one value that is corrected: a document, a list, other people's data.
// It is never written over as a whole. Which of it is wrong, and what else would be lost, somebody sees.

// inner seeks what a correction is about inside of values.
type inner struct {
	Correction
	people []find.Person
	region string
	phones scanner // the old value as a phone number
}

func (s *system) inner(c Correction) *inner {
	number := []find.Person{{Identities: []find.Identity{{Kind: "phone", Value: c.From}}}}
	return &inner{c, s.found.People, s.search.Options.Region, scanner{matcher: newMatcher(number, s.search.Options.Region), hits: map[int]bool{}}}
}

// more reports whether a value holds more than the one that is to be replaced, and why it is left.
func (x *inner) more(v any) string {
	switch v.(type) {
	case string, []byte, map[string]any, []any:
	default:
		return "" // numbers and moments have no parts
	}
	text := strings.TrimSpace(textOf(v))
	switch parts := structured(v); {
	case text == "" || text == x.To:
		return ""
	case x.From != "" && x.inside(v) && (parts || folded(text) != folded(x.From)):
		return "the old value stands inside, and it holds more than that"
	case x.From == "" && (parts || several(text, x.To) || x.among(text)):
		return "it holds more than the one value"
	}
	return ""
}

// inside reports whether the old value stands somewhere in another.
func (x *inner) inside(v any) bool {
	found := false
	pieces(v, func(text string) {
		found = found || standsIn(text, x.From) || len(x.phones.scan(text)) > 0
	})
	return found
}

// among reports whether an identity of the person stands in a text beside something else.
func (x *inner) among(text string) bool {
	for _, p := range x.people {
		for _, id := range p.Identities {
			if len(id.Value) >= shortestSought && standsIn(text, id.Value) && folded(text) != folded(id.Value) {
				return true
			}
		}
	}
	return false
}

// pieces gives the leaves of a value, and of the documents that stand in them as text.
func pieces(v any, each func(text string)) {
	leaves(v, func(text string) {
		each(text)
		if document, ok := asDocument(text); ok {
			pieces(document, each)
		}
	})
}

// asDocument reads a JSON object or list that stands in a text, be it in base64.
func asDocument(text string) (any, bool) {
	text = strings.TrimSpace(text)
	doc, ok := documentOf(text)
	if !ok {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(ofAddresses.Replace(text), "="))
		if err != nil {
			return nil, false
		}
		doc, ok = documentOf(string(raw))
	}
	_, word := doc.(string)
	return doc, ok && !word
}

// ofAddresses writes base64 in the letters that it has in web addresses, in one line.
var ofAddresses = strings.NewReplacer("+", "-", "/", "_", "\n", "", "\r", "")

// standsIn reports whether a value stands in a text, whole and whatever its capitals.
func standsIn(text, value string) bool {
	text, value = folded(text), folded(value)
	if value == "" {
		return false
	}
	how := wordForm
	if strings.Contains(value, "@") {
		how = emailForm
	}
	for from := 0; ; {
		i := strings.Index(text[from:], value)
		if i < 0 {
			return false
		}
		if start := from + i; bounded(text, start, start+len(value), how) {
			return true
		}
		from += i + 1
	}
}

// serialised is how PHP writes a list or an object, and PostgreSQL keys with their values and rows.
var serialised = regexp.MustCompile(`^[aO]:\d+:|^"[^"]*"\s*=>|^\(.*,.*\)$|^[{\[].*[}\]]$|^<[^<>]+>(?s:.*)>$|^[^\s=&]+=[^\s=&]*&[^\s=&]+=`)

// structured reports whether a value has parts of its own: a document, a list, XML.
func structured(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	text := strings.TrimSpace(textOf(v))
	if _, ok := asDocument(text); ok {
		return true
	}
	return serialised.MatchString(text)
}

// several reports whether a text may be more than one value of the sort of another: what lies between values
// stands in it and not in the other, or it has more addresses or longer numbers.
func several(text, like string) bool {
	between := ";|\t"
	if like != "" { // an address that goes may have many lines
		between += "\n\r,&"
	}
	if i := strings.IndexAny(text, between); i >= 0 && !strings.Contains(like, text[i:i+1]) {
		return true
	}
	if n := strings.Count(text, "@"); n > 1 || n == 1 && strings.ContainsFunc(text, unicode.IsSpace) && !strings.ContainsFunc(like, unicode.IsSpace) {
		return true
	}
	return digitsIn(like) >= nationalDigits && digitsIn(text) > longestPhone && !strings.ContainsFunc(like, unicode.IsLetter)
}

// longestPhone is how many digits a phone number has at most (E.164), with 00 before it.
const longestPhone = 17

func digitsIn(text string) (n int) {
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// lookInside leaves to somebody the rows in which what is wrong stands inside a column that is about other
// data, or about more: a document that is mapped as messages may hold an address.
func (s *system) lookInside(ctx context.Context, t *table, rows []int, column *datamap.Column, x *inner, mixed bool) error {
	p := t.place(column.Name)
	if k := p.kind(); len(t.key) == 0 || k != connect.JSON && k != connect.TextKind && k != connect.Binary {
		return nil
	}
	var found, other []int
	err := s.readRows(ctx, t, rows, []string{p.name}, func(i int, values connect.Tuple) {
		switch v := values[0]; {
		case (mixed || structured(v)) && x.inside(v):
			found = append(found, i)
		default:
			other = append(other, i)
		}
	})
	if err != nil {
		return err
	}
	if len(found) > 0 {
		s.left(t, found, Line{Columns: []string{p.name}, Action: Keep, Refused: "the old value stands inside, and it holds other data as well", Instead: byHand})
	}
	if mixed && len(other) > 0 {
		s.left(t, other, Line{Columns: []string{p.name}, Action: Read, Reason: "it does not hold the old value"})
	}
	return nil
}

// ByHand are the lines of a plan that leave something to somebody who looks.
func (p *Plan) ByHand() (out []Entry) {
	for _, e := range p.Entries(false) {
		if e.Action == Keep && e.Instead == byHand {
			out = append(out, e)
		}
	}
	return out
}
