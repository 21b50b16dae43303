package cases

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/law"
)

// A letter begins `You asked Quay for …`, whatever the right is.
func TestWhatWasAskedForIsASentence(t *testing.T) {
	for _, right := range append(law.Rights(), Lift) {
		first, _, _ := strings.Cut(asked[right], " ")
		switch first {
		case "", "that", "to", "who", "not":
			t.Errorf("of %s a letter says: You asked Quay for %s", right, asked[right])
		}
	}
}
