package connect

import (
	"slices"
	"strings"
)

// neutral are words that say nothing of anybody, the best first.
var neutral = [...]string{"", "unknown", "undisclosed", "not stated", "not-stated", "not_stated", "unspecified", "unset", "none", "n/a", "other", "x", "-"}

// Neutral is that of some texts which says nothing of anybody, as it is spelt there.
func Neutral(texts []string) (string, bool) {
	for _, word := range neutral {
		if i := slices.IndexFunc(texts, func(t string) bool { return strings.EqualFold(t, word) }); i >= 0 {
			return texts[i], true
		}
	}
	return "", false
}
