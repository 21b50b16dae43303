package main

import (
	"strings"
	"testing"
)

// patched applies a unified diff, so that the test does not trust the one it tests.
func patched(t *testing.T, before, diff string) string {
	t.Helper()
	old, out, at := lines(before), "", 0
	for _, line := range lines(diff) {
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "@@"):
		case strings.HasPrefix(line, "+"):
			out += line[1:]
		default:
			for at < len(old) && old[at] != line[1:] {
				out += old[at]
				at++
			}
			if at == len(old) {
				t.Fatalf("the diff has a line that is not in the text: %q", line)
			}
			if line[0] == ' ' {
				out += old[at]
			}
			at++
		}
	}
	return out + strings.Join(old[at:], "")
}

func TestUnified(t *testing.T) {
	many := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n"
	for _, c := range []struct {
		name, before, after string
		hunks               int
	}{
		{"same", many, many, 0},
		{"one line", many, strings.Replace(many, "10\n", "ten\n", 1), 1},
		{"first and last", many, strings.Replace(strings.Replace(many, "1\n", "one\n", 1), "20\n", "twenty\n", 1), 2},
		{"close together", many, strings.Replace(strings.Replace(many, "9\n", "nine\n", 1), "12\n", "", 1), 1},
		{"from nothing", "", "a\nb\n", 1},
		{"to nothing", "a\nb\n", "", 1},
		{"everything", "a\nb\nc\n", "x\ny\n", 1},
		{"moved", "a\nb\nc\nd\n", "b\nc\nd\na\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			diff := unified("f", c.before, c.after)
			if got := patched(t, c.before, diff); got != c.after {
				t.Errorf("applied, the diff gives %q, want %q:\n%s", got, c.after, diff)
			}
			if got := strings.Count(diff, "\n@@"); got != c.hunks {
				t.Errorf("%d hunks, want %d:\n%s", got, c.hunks, diff)
			}
		})
	}
}
