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

// A letter says that something was done only where something was, and what could not be.
func TestLettersSayWhatWasDone(t *testing.T) {
	own := step{Kind: kindOwn, State: stepDone, Outcome: `{"rows":2,"notes":["contact.phone: is no telephone number"]}`}
	check := step{Kind: kindCheck, State: stepDone, Outcome: `[]`}
	left := step{Kind: kindCheck, State: stepDone, Outcome: `[{"system":"shop","table":"people","rows":1}]`}
	for _, c := range []struct {
		right   law.Right
		steps   []step
		partial bool
		says    string
	}{
		{law.Correct, []step{own, check}, true, "This was done:\n\n- in our own records: 2 values corrected\n- not done in our own records: contact.phone: is no telephone number\n\nAfterwards it was read again, and stands as it should."},
		{law.Correct, []step{check}, false, "Nothing was changed: nothing was found that says otherwise than you want it, or what you named does not stand there.\n\nAfterwards it was read again, and stands as it should."},
		{law.Restrict, []step{left}, false, "Nothing had to be done: nothing was found in our systems.\n\nAfterwards it was read again. Something did not stand there as it should, and our staff have looked into it."},
		{law.Remove, []step{check}, false, "Nothing had to be done: nothing was found in our systems.\n\nAfterwards it was read again, and what should be gone is gone."},
	} {
		cert := &Certificate{Right: c.right}
		for _, s := range c.steps {
			if err := cert.add(s, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := cert.words(); got != c.says || cert.Partial != c.partial {
			t.Errorf("%s, partly done %v: %q, not %q", c.right, cert.Partial, got, c.says)
		}
	}
}
