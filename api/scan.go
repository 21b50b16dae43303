package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
)

// scanner reads JSON in one pass over a bounded body, by hand: the decision route
// costs less in it than in reflection. It hands out text as slices of the body
// where no escape stands in it.
type scanner struct {
	b     []byte
	i     int
	depth int
	in    [maxScanDepth]string // the members it stands in; empty in an array
	err   error
}

const maxScanDepth = 16

func (s *scanner) fail(message string) {
	if s.err == nil {
		s.err = &avow.Error{Kind: avow.Invalid, Field: s.where(), Message: fmt.Sprintf("the body is not valid JSON, or not what stands here, at byte %d: %s", s.i+1, message)}
	}
}

// where names the member in which the scanner stands, as resource.properties.policy.
func (s *scanner) where() string {
	var names []string
	for _, name := range s.in[:min(s.depth, maxScanDepth)] {
		if name != "" && utf8.ValidString(name) {
			names = append(names, name[:min(len(name), 64)])
		}
	}
	return strings.ToValidUTF8(strings.Join(names, "."), "")
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek gives the next byte that is not space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.err != nil || s.i >= len(s.b) {
		return 0
	}
	return s.b[s.i]
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

func (s *scanner) want(c byte) {
	if !s.take(c) {
		s.fail("expected " + string(rune(c)))
	}
}

func (s *scanner) enter(open byte) bool {
	if s.depth++; s.depth > maxScanDepth {
		s.fail("nested too deeply")
	}
	s.want(open)
	return s.err == nil
}

// object calls member for each key with the scanner standing at its value, which
// member must read or skip.
func (s *scanner) object(member func(key string)) {
	if s.enter('{') && !s.take('}') {
		for s.err == nil {
			key := s.text()
			s.want(':')
			if s.err != nil {
				return
			}
			s.in[s.depth-1] = key
			member(key)
			if s.err == nil {
				s.in[s.depth-1] = ""
			}
			if s.take(',') {
				continue
			}
			s.want('}')
			break
		}
	}
	s.depth--
}

// array calls element with the scanner standing at each value.
func (s *scanner) array(element func()) {
	if s.enter('[') && !s.take(']') {
		for s.err == nil {
			element()
			if s.take(',') {
				continue
			}
			s.want(']')
			break
		}
	}
	s.depth--
}

// text reads a string.
func (s *scanner) text() string {
	if s.peek() != '"' {
		s.fail("expected a text in double quotes")
		return ""
	}
	start := s.i
	for s.i++; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			raw := s.b[start+1 : s.i-1]
			if !utf8.Valid(raw) {
				s.fail("the text is not valid UTF-8")
			}
			return string(raw)
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			s.fail("a control character in a text")
			return ""
		}
	}
	s.fail("a text does not end")
	return ""
}

func (s *scanner) escaped(start int) string {
	for ; s.i < len(s.b) && s.b[s.i] != '"'; s.i++ {
		if s.b[s.i] == '\\' {
			s.i++
		}
	}
	if s.i >= len(s.b) {
		s.fail("a text does not end")
		return ""
	}
	s.i++
	var out string
	if json.Unmarshal(s.b[start:s.i], &out) != nil {
		s.fail("a text has an escape that JSON does not know")
	}
	return out
}

// texts reads a list of strings, or one string as a list of it.
func (s *scanner) texts(limit int) []string {
	if s.peek() == '"' {
		return []string{s.text()}
	}
	var list []string
	s.array(func() {
		if len(list) == limit {
			s.fail("a list is too long")
			return
		}
		list = append(list, s.text())
	})
	return list
}

// yes reads true or false.
func (s *scanner) yes() bool {
	switch {
	case s.word("true"):
		return true
	case !s.word("false"):
		s.fail("expected true or false")
	}
	return false
}

func (s *scanner) word(w string) bool {
	s.space()
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// skip passes over any value.
func (s *scanner) skip() {
	switch c := s.peek(); {
	case c == '{':
		s.object(func(string) { s.skip() })
	case c == '[':
		s.array(s.skip)
	case c == '"':
		s.text()
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	case s.word("true"), s.word("false"), s.word("null"):
	default:
		s.fail("expected a value")
	}
}

func (s *scanner) number() {
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			s.i++
			continue
		}
		break
	}
	if !json.Valid(s.b[start:s.i]) {
		s.fail("that is not a number")
	}
}

// end demands that nothing follows.
func (s *scanner) end() {
	if s.err == nil && s.peek() != 0 || s.err == nil && s.i < len(s.b) {
		s.fail("something follows the end")
	}
}
