package pack

import "strings"

// Harmless gives texts that a spreadsheet would run instead of showing an apostrophe before them.
func Harmless(cells ...string) []string {
	for i, s := range cells {
		if Runs(s) {
			cells[i] = "'" + s
		}
	}
	return cells
}

// Runs tells whether a spreadsheet takes a text for a formula. A telephone number in
// one piece is a number to it, which does no harm.
func Runs(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	if s == "" || !strings.ContainsRune("=@+-", rune(s[0])) {
		return false
	}
	digits := strings.ContainsRune("+-", rune(s[0])) && len(s) > 1 && strings.IndexFunc(s[1:], func(r rune) bool { return r < '0' || r > '9' }) < 0
	return !digits
}
