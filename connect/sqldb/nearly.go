package sqldb

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"golang.org/x/net/idna"
)

// around is what may stand before or behind a text where an index is asked for it:
// nothing, or the white space that forms and imports leave. Where there is no index every
// row is looked at, and all white space is seen.
var (
	before = []string{"", " "}
	behind = []string{"", " ", "\t", "\n", "\r\n"}
)

// sought reports whether a comparison with texts is asked of an index: a scan of the
// whole table for one person would take a thousand times as long. An index by which a
// database folds capitals knows those of ASCII in any case.
func sought(c *column, how connect.Compare, texts []string) bool {
	switch how {
	case connect.Trimmed:
		return c.indexed && c.Kind == connect.TextKind
	case connect.IgnoreCase, connect.Email:
		foreign := func(t string) bool { return strings.ContainsFunc(t, notASCII) || strings.Contains(t, "xn--") }
		return (c.lowered || c.indexed && c.capitals) && !slices.ContainsFunc(texts, foreign)
	}
	return false
}

// spelled are the forms in which texts are asked of an index.
func spelled(texts []string) []string {
	out := make([]string, 0, len(texts)*len(before)*len(behind))
	for _, text := range texts {
		for _, head := range before {
			for _, tail := range behind {
				out = append(out, head+text+tail)
			}
		}
	}
	return out
}

// reached reports whether a text as it stands in a row has one of those forms, but for
// capitals: an index finds no others.
func reached(how connect.Compare, text string) bool {
	core := strings.TrimSpace(text)
	head, tail, _ := strings.Cut(text, core)
	return slices.Contains(before, head) && slices.Contains(behind, tail) && (how != connect.Email || !strings.HasSuffix(core, "."))
}

// spaces is what strings.TrimSpace takes for white space.
const spaces = " \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// nearly writes a condition that holds for every row whose column is the same as one of
// texts to a comparison, and for few others. Each text is in its normal form.
func nearly(w *writer, ref string, c *column, how connect.Compare, texts []string) {
	text := w.d.text(ref, c)
	switch how {
	case connect.Trimmed:
		w.d.textMember(w, w.d.trim(text), texts)
	case connect.IgnoreCase, connect.Email:
		if how == connect.Email {
			texts = addresses(texts)
		}
		foldedMember(w, text, texts)
	case connect.Digits:
		eitherOr(w, text, dialled, func() { w.d.textMember(w, w.d.plainDigits(text), texts) })
	case connect.Phone:
		n, ends := lastDigits(texts)
		eitherOr(w, text, dialled, func() { w.d.textMember(w, w.d.last(w.d.plainDigits(text), n), ends) })
	}
}

// foldedMember: what is ASCII only equals ASCII, of which every database knows the
// capitals. Of other letters each has its own idea, so rows with some are left to Same.
func foldedMember(w *writer, text string, texts []string) {
	member := func() { w.d.textMember(w, "lower("+w.d.trim(text)+")", texts) }
	if slices.ContainsFunc(texts, func(t string) bool { return strings.ContainsFunc(t, notASCII) }) {
		eitherOr(w, text, ascii, member)
		return
	}
	member()
}

func notASCII(r rune) bool { return r > 0x7f }

// eitherOr adds the rows in whose text there are other characters than those of a class.
func eitherOr(w *writer, text string, of class, member func()) {
	w.text("(")
	member()
	w.text(" OR ", w.d.other(text, of), ")")
}

// addresses adds to each the spellings that Normal unites: the domain in letters of its
// own language, and the dot at its end.
func addresses(texts []string) []string {
	out := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		out = append(out, text, text+".")
		local, domain, _ := cutLast(text, '@')
		if own, err := idna.Lookup.ToUnicode(domain); err == nil && own != domain {
			out = append(out, local+"@"+own)
		}
	}
	return out
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// lastDigits is the end that a number has in whatever form it is written: with the
// country's code, with the zero before the area, or without either.
func lastDigits(numbers []string) (n int, ends []string) {
	n = 7
	digits := make([]string, len(numbers))
	for i, number := range numbers {
		number, _, _ = strings.Cut(number, ";")
		digits[i] = strings.TrimPrefix(number, "+")
		n = min(n, max(2, len(digits[i])-3)) // a country's code has up to three digits
	}
	for _, d := range digits {
		ends = append(ends, d[max(0, len(d)-n):])
	}
	slices.Sort(ends)
	return n, slices.Compact(ends)
}
