package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/avowhq/avow/policy"
)

// isTerminal reports whether a person reads what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// prettyWidth is how much of a long line is shown, in characters.
const prettyWidth = 100

// pretty lists what is wrong with the lines it is about, and a caret below the place:
//
//	policy.yaml:29:30: error: unknown field `contact.emial`; did you mean `contact.email`?
//	   29 |         uses: [contact.name, contact.emial]
//	      |                              ^^^^^^^^^^^^^
func pretty(w io.Writer, l *loaded) {
	file, lines := l.name, linesOf(l.src)
	for _, p := range l.problems {
		if p.File != file {
			src, _ := os.ReadFile(p.File) // without it there is nothing to show
			file, lines = p.File, linesOf(src)
		}
		fmt.Fprintln(w, p)
		if p.Line <= len(lines) && strings.TrimSpace(lines[p.Line-1]) != "" {
			shown, caret := excerpt(lines[p.Line-1], p)
			fmt.Fprintf(w, "%5d | %s\n      | %s\n", p.Line, shown, caret)
		}
	}
}

func linesOf(src []byte) []string {
	return strings.Split(strings.ReplaceAll(strings.TrimPrefix(string(src), "\uFEFF"), "\r\n", "\n"), "\n")
}

// excerpt is the part of a line around a problem, and the carets that go below it.
func excerpt(line string, p policy.Problem) (shown, carets string) {
	text := []rune(line)
	column := min(p.Column-1, len(text))
	length := 1
	if wrong := []rune(p.Text); len(wrong) > 0 && strings.HasPrefix(string(text[column:]), p.Text) {
		length = len(wrong)
	}
	start := 0
	if column+length > prettyWidth {
		start = max(0, column-prettyWidth/2)
	}
	end := min(len(text), start+prettyWidth)
	length = max(1, min(length, end-column))
	return printable(text[start:end]), strings.Repeat(" ", column-start) + strings.Repeat("^", length)
}

// printable keeps what a terminal would act on from reaching it.
func printable(text []rune) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, string(text))
}
