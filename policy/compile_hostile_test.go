package policy

import (
	"fmt"
	"strings"
	"testing"
)

// TestHostile compiles files made to be slow: each ends, with problems that can be shown.
func TestHostile(t *testing.T) {
	lines := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(format, "#next", fmt.Sprint(i+1)), "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	tests := []struct {
		name  string
		with  []string
		codes []string // one of these must be found
	}{
		{"a chain of categories", []string{"  site: {title", lines(990, "  x#: {title: X, part-of: x#next}\n") + "  x990: {title: X}\n  site: {title"}, []string{codeTooMany}},
		{"too many categories", []string{"  site: {title", lines(20000, "  x#: {title: X}\n") + "  site: {title"}, []string{codeTooMany}},
		{"a chain of sources", []string{"  visits: {title", lines(900, "  x#: {title: X, part-of: x#next}\n") + "  x900: {title: X}\n  visits: {title"}, []string{codeTooMany}},
		{"a ring of complaint steps", []string{"  us: {email", "  x900: {after: x0}\n" + lines(900, "  x#: {after: x#next}\n") + "  us: {email"}, []string{codeTooMany, codeCycle}},
		{"rules about everything", []string{"  site: {until", lines(990, "  x#: {of: all, until: # days after collection, then: erase}\n") + "  site: {until"}, []string{codeKeptTwice}},
		{"promises against reasons", []string{"  - sell: [health]\n", strings.Repeat("  - identify-people-from: [site, loans, contact]\n", 90),
			"basis: contract\n        uses: [loans]", "basis: contract\n        uses: [loans]\n        profiling: yes\n        reasons:\n" + strings.Repeat("          - {because: X}\n", 48)}, []string{codeNeverBroken}},
		{"cookies like each other", []string{"  choice: {by", lines(990, "  x#*: {by: us, for: lend}\n") + "  choice: {by"}, []string{codeStatedTwice, codeCookieNoConsent}},
		{"unknown names everywhere", []string{"uses: [contact, loans, card]", "uses: [" + strings.TrimSuffix(strings.Repeat("contacts.emails, ", 990), ", ") + "]",
			"  choice: {by", lines(900, "  x#: {by: host-of-the-films, for: lending-you-books}\n") + "  choice: {by"}, []string{codeUnknownName}},
		{"bases without end", []string{"basis: contract\n        uses: [loans]", "basis: [" + strings.TrimSuffix(strings.Repeat("contract if member, ", 500), ", ") + "]\n        uses: [loans]"}, []string{codeTooMany}},
		{"reasons without end", []string{"basis: contract\n        uses: [loans]", "basis: contract\n        uses: [loans]\n        reasons:\n" + strings.Repeat("          - {because: X}\n", 999)}, []string{codeTooMany}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, ps := Load("f", []byte(replaced(t, good(t), test.with...)), nil)
			if p == nil != ps.Errors() || len(ps) == 0 || len(ps) > maxProblems+1 {
				t.Fatalf("%d problems", len(ps))
			}
			found := false
			for _, problem := range ps {
				for _, code := range test.codes {
					found = found || problem.Code == code
				}
			}
			if !found {
				t.Errorf("none of %v among %d problems, the first %s", test.codes, len(ps), ps[0])
			}
		})
	}
}
