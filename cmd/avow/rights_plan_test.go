package main

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

func TestParametersStandOnOneLine(t *testing.T) {
	values := []any{nil, "", "O'Neil", "a\nDROP TABLE people; \x1b[2J", `say "no"`, []byte{0xff, 0x27}, int64(7), true, []any{nil, "a\nb"}}
	var b strings.Builder
	writeStatement(&b, connect.Statement{Text: "UPDATE people SET a = ?", Values: values, Cut: 2})
	want := "UPDATE people SET a = ?\n" +
		`  -- NULL, '', 'O''Neil', 'a\nDROP TABLE people; \x1b[2J', 'say "no"', X'ff27', 7, true, [null,"a\nb"], and 2 more` + "\n"
	if b.String() != want {
		t.Errorf("a statement is shown as\n%swant\n%s", b.String(), want)
	}
}
