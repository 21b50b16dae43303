package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

func TestExcerpt(t *testing.T) {
	long := "notes: [" + strings.Repeat("many words, ", 30) + "wrogn, " + strings.Repeat("more words, ", 30) + "]"
	for _, c := range []struct {
		name, line, text string
		wantUnder        string // what the carets stand under
	}{
		{"at the beginning", "titel: Privacy", "titel", "titel"},
		{"after other letters", `says: "naïve — ok", wrogn`, "wrogn", "wrogn"},
		{"far to the right", long, "wrogn", "wrogn"},
		{"a text that is not there", "key: value", "something else", "k"},
		{"letters a terminal acts on", "key: \x1b[31mred", "red", "red"},
	} {
		t.Run(c.name, func(t *testing.T) {
			column := 1
			if i := strings.Index(c.line, c.text); i >= 0 {
				column = len([]rune(c.line[:i])) + 1
			}
			shown, carets := excerpt(c.line, policy.Problem{Pos: policy.Pos{Line: 1, Column: column}, Text: c.text})
			from := strings.Index(carets, "^")
			under := string([]rune(shown)[from:len(carets)])
			if under != c.wantUnder {
				t.Errorf("the carets stand under %q, want %q:\n%s\n%s", under, c.wantUnder, shown, carets)
			}
			if len([]rune(shown)) > prettyWidth || strings.ContainsRune(shown, '\x1b') {
				t.Errorf("shown as %q", shown)
			}
		})
	}
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
		says string
	}{
		{nil, exitFine, ""},
		{outcome(exitWarnings), exitWarnings, ""},
		{fmt.Errorf("wrapped: %w", outcome(exitWrong)), exitWrong, ""},
		{avow.Errorf(avow.NotFound, "there is no file x"), exitWrong, "avow: there is no file x\n"},
		{avow.Errorf(avow.Unavailable, "the database is away"), exitWrong, "avow: the database is away\n"},
		{errors.New("a fault"), exitInternal, "avow: a fault\n"},
	} {
		var said bytes.Buffer
		term := &terminal{err: &said}
		if got := term.report(c.err); got != c.want || said.String() != c.says {
			t.Errorf("%v ended with %d and said %q, want %d and %q", c.err, got, said.String(), c.want, c.says)
		}
	}
}
