package plan

import (
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mostUnescaped is how often the escapes of a text are undone: of JSON within JSON, or of an
// address of the web within it, those of each.
const mostUnescaped = 3

// unescaped undoes the escapes of JSON, of HTML and of addresses of the web once, wherever they
// stand: a text need not be wholly of the one or the other. One without any comes back as it is.
func unescaped(s string) string {
	if strings.IndexByte(s, '\\') >= 0 {
		s = withoutBackslashes(s)
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	if strings.IndexByte(s, '%') >= 0 {
		s = withoutPercents(s)
	}
	return s
}

// formValue is a text as forms of the web write it, with `+` for a space; empty where it is none.
func formValue(s string) string {
	if strings.IndexByte(s, '%') < 0 || strings.IndexByte(s, '+') < 0 {
		return ""
	}
	return withoutPercents(strings.ReplaceAll(s, "+", " "))
}

// jsonEscapes are the letters that stand for others behind a backslash (RFC 8259, section 7).
var jsonEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func withoutBackslashes(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		end := strings.IndexByte(s[i:], '\\')
		if end < 0 || i+end+1 == len(s) {
			b.WriteString(s[i:])
			break
		}
		b.WriteString(s[i : i+end])
		i += end
		if letter, ok := jsonEscapes[s[i+1]]; ok {
			b.WriteByte(letter)
			i += 2
		} else if r, size := escapedRune(s[i:]); size > 0 {
			b.WriteRune(r)
			i += size
		} else {
			b.WriteByte('\\')
			i++
		}
	}
	return b.String()
}

// escapedRune reads \uXXXX at the beginning of a text, two of them where they are the halves of
// one letter; size 0 where none stands there.
func escapedRune(s string) (r rune, size int) {
	r, ok := codeUnit(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := codeUnit(s[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
	}
	return r, 6
}

func codeUnit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}

// withoutPercents undoes %XX (RFC 3986, section 2.1). What is no such stays, so that one wrong
// percent sign hides nothing behind it.
func withoutPercents(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		end := strings.IndexByte(s[i:], '%')
		if end < 0 || i+end+3 > len(s) {
			b.WriteString(s[i:])
			break
		}
		b.WriteString(s[i : i+end])
		i += end
		if letter, err := url.PathUnescape(s[i : i+3]); err == nil {
			b.WriteString(letter)
			i += 3
		} else {
			b.WriteByte('%')
			i++
		}
	}
	return b.String()
}
