package sqldb

import (
	"errors"
	"strings"
)

// token is a piece of a statement: a name, a text, a number, a comment or one sign.
type token struct {
	kind       tokenKind
	start, end int
}

type tokenKind byte

const (
	wordToken   tokenKind = iota // a word without quotes: a name, a keyword
	nameToken                    // a name in quotes
	textToken                    // a text in quotes
	numberToken                  // digits
	remark                       // a comment
	signToken                    // one byte of anything else
)

// lexer cuts the statement that made a table into tokens. It knows of SQL only how texts,
// names and comments are closed, which is what it takes to find where a parenthesis ends.
type lexer struct {
	text  string
	mysql bool // a backslash escapes, and " stands around texts
}

var errOpen = errors.New("a text, a name or a comment is not closed")

func (l lexer) tokens() ([]token, error) {
	var out []token
	for at := 0; at < len(l.text); {
		c := l.text[at]
		if strings.IndexByte(" \t\r\n\f\v", c) >= 0 {
			at++
			continue
		}
		t, err := l.next(at)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		at = t.end
	}
	return out, nil
}

func (l lexer) next(at int) (token, error) {
	c := l.text[at]
	switch {
	case strings.HasPrefix(l.text[at:], "--"), l.mysql && c == '#':
		return l.until(at, at+1, "\n", remark, true)
	case strings.HasPrefix(l.text[at:], "/*"):
		return l.until(at, at+2, "*/", remark, !l.mysql) // SQLite lets the end of the text close it
	case c == '\'', c == '"' && l.mysql:
		return l.quoted(at, textToken)
	case c == '"', c == '`':
		return l.quoted(at, nameToken)
	case c == '[' && !l.mysql:
		return l.until(at, at+1, "]", nameToken, false)
	case c >= '0' && c <= '9':
		return token{numberToken, at, l.span(at, func(c byte) bool { return inWord(c) || c == '.' })}, nil
	case inWord(c):
		return token{wordToken, at, l.span(at, inWord)}, nil
	}
	return token{signToken, at, at + 1}, nil
}

func inWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (l lexer) span(at int, in func(byte) bool) int {
	for at < len(l.text) && in(l.text[at]) {
		at++
	}
	return at
}

// until ends at the first of some letters, or with open at the end of the text.
func (l lexer) until(start, from int, end string, kind tokenKind, open bool) (token, error) {
	i := strings.Index(l.text[from:], end)
	switch {
	case i >= 0:
		return token{kind, start, from + i + len(end)}, nil
	case open:
		return token{kind, start, len(l.text)}, nil
	}
	return token{}, errOpen
}

// quoted ends at the quote it began with, unless that comes twice.
func (l lexer) quoted(start int, kind tokenKind) (token, error) {
	q := l.text[start]
	for at := start + 1; at < len(l.text); at++ {
		switch c := l.text[at]; {
		case c == '\\' && l.mysql && q != '`':
			at++
		case c == q && at+1 < len(l.text) && l.text[at+1] == q:
			at++
		case c == q:
			return token{kind, start, at + 1}, nil
		}
	}
	return token{}, errOpen
}

// is reports whether a token is a keyword or a sign.
func (l lexer) is(t token, word string) bool {
	return (t.kind == wordToken || t.kind == signToken) && strings.EqualFold(l.text[t.start:t.end], word)
}

// plain is a token without its quotes.
func (l lexer) plain(t token) string {
	s := l.text[t.start:t.end]
	if t.kind != nameToken && t.kind != textToken {
		return s
	}
	q := s[:1]
	s = s[1 : len(s)-1]
	if q == "[" {
		return s
	}
	s = strings.ReplaceAll(s, q+q, q)
	if l.mysql && t.kind == textToken {
		s = unescaped.Replace(s)
	}
	return s
}

var unescaped = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t", `\0`, "\x00")

// cut is a CHECK as it stands in a statement.
type cut struct{ name, expr string }

// checks cuts the rules out of the statement that made a table.
func (l lexer) checks() ([]cut, error) {
	tokens, err := l.tokens()
	if err != nil {
		return nil, err
	}
	var out []cut
	for i, depth := 0, 0; i < len(tokens); i++ {
		switch {
		case l.is(tokens[i], "("):
			depth++
		case l.is(tokens[i], ")"):
			depth--
		case depth == 1 && l.is(tokens[i], "check"):
			open := l.skip(tokens, i+1)
			end := l.closing(tokens, open)
			if end < 0 {
				return nil, errors.New("a CHECK has no parenthesis, or it is not closed")
			}
			if after := end + 1; after >= len(tokens) || tokens[after].kind != remark || !strings.Contains(strings.ToUpper(l.text[tokens[after].start:tokens[after].end]), "NOT ENFORCED") {
				out = append(out, cut{l.called(tokens, i), strings.TrimSpace(l.text[tokens[open].end:tokens[end].start])})
			}
			i = end
		}
	}
	return out, nil
}

// collations are, by the column in small letters, the collations that a statement gives its columns.
func (l lexer) collations() map[string]string {
	out := map[string]string{}
	tokens, _ := l.tokens()
	column, first := "", false
	for i, depth := 0, 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.kind == remark:
			continue
		case l.is(t, "("):
			depth++
			first = depth == 1
			continue
		case l.is(t, ")"):
			depth--
		case depth == 1 && l.is(t, ","):
			first = true
			continue
		case depth == 1 && first:
			column = strings.ToLower(l.plain(t))
		case depth == 1 && l.is(t, "collate") && i+1 < len(tokens):
			out[column] = l.plain(tokens[i+1])
		}
		first = false
	}
	return out
}

func (l lexer) skip(tokens []token, at int) int {
	for at < len(tokens) && tokens[at].kind == remark {
		at++
	}
	return at
}

// closing is the place of the parenthesis that closes the one at open; -1 when there is none.
func (l lexer) closing(tokens []token, open int) int {
	if open >= len(tokens) || !l.is(tokens[open], "(") {
		return -1
	}
	depth := 0
	for i := open; i < len(tokens); i++ {
		if l.is(tokens[i], "(") {
			depth++
		}
		if l.is(tokens[i], ")") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// called is the name before CHECK: CONSTRAINT name.
func (l lexer) called(tokens []token, at int) string {
	var before []token
	for i := at - 1; i >= 0 && len(before) < 2; i-- {
		if tokens[i].kind != remark {
			before = append(before, tokens[i])
		}
	}
	if len(before) == 2 && l.is(before[1], "constraint") && before[0].kind != signToken {
		return l.plain(before[0])
	}
	return ""
}

// speaksOf are those of some columns that an expression names, and the texts and numbers
// that stand in it. A text in double quotes may be a name, and counts as one when it is.
func (l lexer) speaksOf(columns []*column) (names, words []string) {
	tokens, err := l.tokens()
	if err != nil {
		return nil, nil
	}
	named := map[string]bool{}
	for i, t := range tokens {
		switch {
		case t.kind == textToken, t.kind == numberToken:
			words = append(words, l.plain(t))
		case t.kind == nameToken, t.kind == wordToken && (i+1 == len(tokens) || !l.is(tokens[i+1], "(")): // else a function
			named[strings.ToLower(l.plain(t))] = true
		}
	}
	for _, c := range columns {
		if named[strings.ToLower(c.Name)] {
			names = append(names, c.Name)
		}
	}
	return names, words
}
