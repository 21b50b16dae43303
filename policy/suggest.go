package policy

import "strings"

// maxSuggest bounds the words that are compared: longer ones are not slips of the pen.
const maxSuggest = 64

// didYouMean suggests the word nearest to what was written, or names what may
// stand there when nothing is near and there are few.
func didYouMean(wrote string, allowed []string) string {
	if near := nearest(wrote, allowed); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	if len(allowed) == 0 || len(allowed) > 40 {
		return ""
	}
	return "write " + oneOf(allowed)
}

// oneOf lists words as a person would: `a`, `b` or `c`.
func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// nearest is the allowed word that takes the fewest slips from what was written,
// when that is at most a third of its letters; the first of several equals.
func nearest(wrote string, allowed []string) string {
	if wrote == "" || len(wrote) > maxSuggest {
		return ""
	}
	from := []rune(strings.ToLower(wrote))
	best, found := len(from)/3+1, ""
	for _, word := range allowed {
		if len(word) > maxSuggest {
			continue
		}
		if d := slips([]rune(strings.ToLower(word)), from, best); d < best {
			best, found = d, word
		}
	}
	return found
}

// slips counts the letters added, left out, replaced or swapped between two words
// (optimal string alignment). It stops at limit.
func slips(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return min(last[len(b)], limit)
}

func differ(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
