package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of one file. A policy of a hundred pages is a tenth of the size.
const (
	maxSize  = 1 << 20 // bytes
	maxDepth = 32      // parts inside parts
	maxNodes = 100_000 // keys, texts, lists and groups
	maxMarks = 400_000 // characters that mean something in YAML, and line ends: they take far more memory than others
)

// Parse reads a policy file: its text, its shape, and every word whose meaning
// does not depend on the rest of the file. All problems are reported at once,
// sorted by place. The document is nil when there are errors.
func Parse(file string, src []byte) (*Document, Problems) {
	doc, _, ps := read(file, src)
	if ps.Errors() {
		return nil, ps
	}
	return doc, ps
}

// read is Parse that gives also what could be read of a file with errors, and the
// tree it was read from; both nil when nothing could.
func read(file string, src []byte) (*Document, *node, Problems) {
	r := &report{file: file}
	root := parseTree(r, src)
	if root == nil {
		return nil, nil, r.sorted()
	}
	doc := new(Document)
	newDecoder(r).document(doc, root)
	return doc, root, r.sorted()
}

// parseTree reads the YAML of a file; nil when it is not such a text that the
// rest could be judged.
func parseTree(r *report, src []byte) *node {
	text, ok := readable(r, src)
	if !ok {
		return nil
	}
	root := buildTree(r, text)
	for _, p := range r.list {
		if !p.Warning && p.Code != "duplicate-key" {
			return nil
		}
	}
	return root
}

// readable checks that the bytes are a text that people could have typed, and
// gives it with line ends of one kind and without a byte order mark.
func readable(r *report, src []byte) (string, bool) {
	start := Pos{1, 1}
	if len(src) > maxSize {
		r.add(start, "too-large", fmt.Sprintf("the file is too large: %d bytes, at most %d are read", len(src), maxSize), "", "move long texts to documents of their own and name them under `other-policies`")
		return "", false
	}
	if marks(src) > maxMarks {
		r.add(start, "too-many", fmt.Sprintf("the file has more than %d lines, commas, colons and brackets", maxMarks), "", "split it into several policies")
		return "", false
	}
	text := strings.TrimPrefix(string(src), "\uFEFF")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		r.add(start, "empty-file", "the file is empty", "", "begin with `avow: v1`")
		return "", false
	}
	ok := true
	for i, line := range strings.Split(text, "\n") {
		if !readableLine(r, i+1, line) {
			ok = false
		}
	}
	return text, ok
}

func marks(src []byte) int {
	count := 0
	for _, c := range src {
		if strings.IndexByte("\n[]{},:-?&*!|>%@`#'\"", c) >= 0 {
			count++
		}
	}
	return count
}

// readableLine reports what on a line no editor shows, and what YAML forbids in
// the space before a line.
func readableLine(r *report, number int, line string) bool {
	column, indent := 0, true
	for i, c := range line {
		column++
		at := Pos{number, column}
		switch {
		case c == utf8.RuneError && !strings.HasPrefix(line[i:], "\uFFFD"):
			r.add(at, "not-utf8", "the file is not UTF-8 text here", "", "save it as UTF-8")
		case c == '\t':
			r.add(at, "tab", "there is a tab here", "", "use spaces")
		case indent && c != ' ' && unicode.IsSpace(c):
			r.add(at, "odd-space", "the line begins with a space that is not an ordinary one", "", "use ordinary spaces; pasting from a word processor brings others")
		case unicode.IsControl(c) || deceives(c):
			r.add(at, "control-character", fmt.Sprintf("there is an invisible character here (U+%04X)", c), "", "remove it")
		default:
			indent = indent && c == ' '
			continue
		}
		return false // one a line is enough
	}
	return true
}

// deceives reports whether a character makes a text look different from what it
// says: byte order marks and line ends no editor shows, and those that reorder letters.
func deceives(c rune) bool {
	return c == '\uFEFF' || c == '\u2028' || c == '\u2029' || (c >= '\u202A' && c <= '\u202E') || (c >= '\u2066' && c <= '\u2069')
}
