package plan

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/find"
)

// matcher finds the identities of many people in texts, each text in one pass (Aho and
// Corasick 1975). Its memory grows with the identities, not with the texts.
type matcher struct {
	nodes  []node
	wants  []want
	region string
}

// node is a state: what was read last is the beginning of something sought. Children
// hang together as a list, which is short but for the root's.
type node struct {
	child, next int32 // 0: none
	fail        int32 // the longest end of it that is a beginning too
	out         int32 // the nearest state, here or by fail, at which something sought ends
	letter      byte
	want        int32 // that ends exactly here, from 1
}

// want is one thing sought.
type want struct {
	person int
	kind   string
	form   form
	value  string // as it is sought: normal, in the matcher's letters
	e164   string // a phone's digits with its country
	same   int32  // another want with the same value, from 1
}

type form uint8

const (
	wordForm form = iota
	emailForm
	phoneForm
)

// shortestSought is the fewest letters or digits of an identity that is sought in texts:
// shorter ones stand everywhere.
const shortestSought = 4

// nationalDigits is how many digits at the end of a phone number are sought: with those
// before them the number is judged.
const nationalDigits = 7

func newMatcher(people []find.Person, region string) *matcher {
	m := &matcher{nodes: make([]node, 1), region: region}
	for i, p := range people {
		for _, id := range p.Identities {
			m.want(i, id)
		}
	}
	m.link()
	return m
}

func (m *matcher) want(person int, id find.Identity) {
	w := want{person: person, kind: id.Kind}
	switch {
	case id.Kind == "phone":
		e164, ok := connect.Normal(connect.Phone, m.region, id.Value)
		if !ok {
			return
		}
		e164, _, _ = strings.Cut(strings.TrimPrefix(e164, "+"), ";")
		if len(e164) < nationalDigits {
			return
		}
		w.form, w.e164, w.value = phoneForm, e164, e164[len(e164)-nationalDigits:]
	case id.Kind == "email" || strings.Contains(id.Value, "@"):
		w.form, w.value = emailForm, folded(id.Value)
		if ascii, ok := connect.Normal(connect.Email, "", id.Value); ok && ascii != w.value {
			other := w
			other.value = ascii // the domain as the mail has it
			m.seek(other)
		}
	default:
		w.form, w.value = wordForm, folded(id.Value)
	}
	m.seek(w)
}

func (m *matcher) seek(w want) {
	if utf8.RuneCountInString(w.value) < shortestSought {
		return
	}
	m.wants = append(m.wants, w)
	n := m.walk(w.value)
	m.wants[len(m.wants)-1].same = m.nodes[n].want
	m.nodes[n].want = int32(len(m.wants))
}

// folded lets capitals and the ways of composing letters not count.
func folded(s string) string {
	out, _ := connect.Normal(connect.IgnoreCase, "", s)
	if out == "" {
		out = strings.ToLower(strings.TrimSpace(s))
	}
	return out
}

// walk finds or makes the state of a text.
func (m *matcher) walk(s string) int32 {
	at := int32(0)
	for i := range len(s) {
		next := m.child(at, s[i])
		if next == 0 {
			next = int32(len(m.nodes))
			m.nodes = append(m.nodes, node{letter: s[i], next: m.nodes[at].child})
			m.nodes[at].child = next
		}
		at = next
	}
	return at
}

func (m *matcher) child(at int32, letter byte) int32 {
	for c := m.nodes[at].child; c != 0; c = m.nodes[c].next {
		if m.nodes[c].letter == letter {
			return c
		}
	}
	return 0
}

// link gives every state where to go on when the next letter is another, breadth first.
func (m *matcher) link() {
	queue := []int32{0}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		for c := m.nodes[at].child; c != 0; c = m.nodes[c].next {
			if at != 0 {
				m.nodes[c].fail = m.step(m.nodes[at].fail, m.nodes[c].letter)
			}
			m.nodes[c].out = m.nodes[m.nodes[c].fail].out
			if m.nodes[c].want != 0 {
				m.nodes[c].out = c
			}
			queue = append(queue, c)
		}
	}
}

func (m *matcher) step(at int32, letter byte) int32 {
	for {
		if c := m.child(at, letter); c != 0 {
			return c
		}
		if at == 0 {
			return 0
		}
		at = m.nodes[at].fail
	}
}

// scanner seeks in one text after the other, and uses its memory again.
type scanner struct {
	*matcher
	digits []byte
	blanks []int        // among digits, where a blank stands before them
	hits   map[int]bool // wants
}

// A long text is read in windows that lap over by more than the longest identity, so
// that each stands whole in one of them.
const (
	window  = 4000
	lapping = 800
)

// scan gives each want that stands in a value, until the next scan.
func (s *scanner) scan(v any) map[int]bool {
	clear(s.hits)
	if len(s.wants) > 0 {
		leaves(v, s.text)
	}
	return s.hits
}

// leaves gives the texts at all ends of a document, and its keys: written out as one text it would
// hold escapes, of which a letter before an address is taken for a part of it.
func leaves(v any, each func(text string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, one := range v {
			each(name)
			leaves(one, each)
		}
	case []any:
		for _, one := range v {
			leaves(one, each)
		}
	default:
		each(textOf(v))
	}
}

// text seeks in a text as it stands, and as it reads without its escapes.
func (s *scanner) text(text string) {
	s.windows(text)
	for range mostUnescaped {
		plain := unescaped(text)
		if plain == text {
			return
		}
		s.windows(plain)
		if form := formValue(text); form != "" {
			s.windows(form)
		}
		text = plain
	}
}

func (s *scanner) windows(text string) {
	for start := 0; start < len(text); {
		end := min(start+window, len(text))
		for end < len(text) && !utf8.RuneStart(text[end]) {
			end++
		}
		s.view(view{folded(text[start:end]), start > 0, end < len(text)})
		if end == len(text) {
			break
		}
		for start = end - lapping; !utf8.RuneStart(text[start]); start-- {
		}
	}
}

// view is one window: whether there is text before it and after it. What stands at an
// edge that is cut is judged in the other window.
type view struct {
	text                string
	cutBefore, cutAfter bool
}

func (v view) whole(start, end int) bool {
	return (start > 0 || !v.cutBefore) && (end < len(v.text) || !v.cutAfter)
}

func (s *scanner) view(v view) {
	s.pass(v.text, func(w *want, end int) bool {
		start := end - len(w.value)
		return w.form != phoneForm && v.whole(start, end) && bounded(v.text, start, end, w.form)
	})
	s.numbers(v)
}

// pass reads a text once.
func (s *scanner) pass(text string, right func(w *want, end int) bool) {
	at := int32(0)
	for i := range len(text) {
		at = s.step(at, text[i])
		for o := s.nodes[at].out; o != 0; o = s.nodes[s.nodes[o].fail].out {
			for n := s.nodes[o].want; n != 0; n = s.wants[n-1].same {
				if right(&s.wants[n-1], i+1) {
					s.hits[int(n-1)] = true
				}
			}
		}
	}
}

// bounded reports whether what was found is not a part of something longer:
// ann@example.com is not in joann@example.com, nor in ann@example.com.au.
func bounded(text string, start, end int, f form) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, size := utf8.DecodeRuneInString(text[end:])
	if start > 0 && (isWord(before) || f == emailForm && strings.ContainsRune("._%+-", before)) {
		return false
	}
	if end == len(text) {
		return true
	}
	if f == emailForm && (after == '.' || after == '-') {
		next, _ := utf8.DecodeRuneInString(text[end+size:])
		return !isWord(next) || end+size == len(text)
	}
	return !isWord(after)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// longestNumber bounds how many digits are read as one number: a country and fifteen
// digits (E.164), and what people write before them.
const longestNumber = 24

// numbers looks at each run of digits, with what people write between those of a phone
// number left out.
func (s *scanner) numbers(v view) {
	text, start, gap := v.text, 0, 0
	s.digits, s.blanks = s.digits[:0], s.blanks[:0]
	for i := 0; i <= len(text); {
		r, size := rune(0), 1
		if i < len(text) {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case r >= '0' && r <= '9':
			if len(s.digits) == 0 {
				start = i
			}
			s.digits, gap = append(s.digits, byte(r)), 0
		case r != 0 && len(s.digits) > 0 && gap < 3 && (strings.ContainsRune("-./()", r) || unicode.In(r, unicode.Zs, unicode.Pd)):
			if unicode.Is(unicode.Zs, r) {
				s.blanks = append(s.blanks, len(s.digits))
			}
			gap++
		default:
			if len(s.digits) >= nationalDigits && v.whole(start, i) {
				s.number(string(s.digits), strings.HasSuffix(text[:start], "+"))
			}
			s.digits, s.blanks, gap = s.digits[:0], s.blanks[:0], 0
		}
		i += size
	}
}

// number seeks phone numbers in one run of digits, in which other numbers may stand before
// and behind them with a blank between. Abroad says that it begins with a country.
func (s *scanner) number(run string, abroad bool) {
	s.pass(run, func(w *want, end int) bool {
		switch {
		case w.form != phoneForm:
			return false
		case len(run) > longestNumber && strings.HasSuffix(run[:end], w.e164):
			return true
		case end < len(run) && !slices.Contains(s.blanks, end):
			return false
		}
		return isNumber(run[:end], w.e164) || slices.ContainsFunc(s.blanks, func(start int) bool {
			return start < end && run[start] == '0' && (!abroad || start >= nationalDigits) && isNumber(run[start:end], w.e164)
		})
	})
}

// isNumber reports whether digits are a phone number as it may be written: with its
// country, with 00 before it, with a 0 behind that, or within the country with a 0 or
// without. Countries have one to three digits.
func isNumber(run, e164 string) bool {
	national := strings.TrimLeft(run, "0")
	if len(national) == len(e164)+1 { // +44 (0)20
		for country := 1; country <= 3 && country < len(e164); country++ {
			if national == e164[:country]+"0"+e164[country:] {
				return true
			}
		}
	}
	if len(national) < nationalDigits || len(e164)-len(national) > 3 {
		return false
	}
	return strings.HasSuffix(e164, national)
}
