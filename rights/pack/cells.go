package pack

import (
	"strconv"
	"strings"
)

// Harmless gives texts that a spreadsheet would run instead of showing an apostrophe before them.
func Harmless(cells ...string) []string {
	for i, s := range cells {
		if Runs(s) {
			cells[i] = "'" + s
		}
	}
	return cells
}

// Runs tells whether a spreadsheet takes a text for a formula. A number is one to it as well, which does no harm: of a
// telephone number in one piece, and of what is less than nothing.
func Runs(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return s != "" && strings.ContainsRune("=@+-", rune(s[0])) && !isNumber(s)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.Trim(s, "0123456789.+-eE") == ""
}
