package avow_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/avowhq/avow"
)

// The cause of an error is there for logs and errors.Is, and never for a person.
func TestMessageNeverShowsTheCause(t *testing.T) {
	cause := fmt.Errorf("dial tcp 10.0.0.7:5432: password of ada@harbour.example: %w", io.ErrUnexpectedEOF)
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"at the end", avow.Errorf(avow.Unavailable, "the database is away, try later: %w", cause), "the database is away, try later"},
		{"alone", avow.Errorf(avow.Unavailable, "%w", cause), "Something went wrong"},
		{"two of them", avow.Errorf(avow.Unavailable, "nothing was sent: %w: %w", cause, cause), "nothing was sent"},
		{"in an error around it", fmt.Errorf("while reading %s: %w", "ada@harbour.example", avow.Errorf(avow.NotFound, "there is no such policy: %w", cause)), "there is no such policy"},
		{"internal", avow.Errorf(avow.Internal, "row 7 is broken: %w", cause), "Something went wrong"},
		{"not ours", cause, "Something went wrong"},
		{"in the middle", avow.Errorf(avow.Invalid, "that (%w) cannot be read", cause), "that () cannot be read"},
	} {
		got := avow.MessageOf(c.err)
		for _, secret := range []string{"10.0.0.7", "ada@", "EOF", "row 7"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: %q shows %q", c.name, got, secret)
			}
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if !errors.Is(c.err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the cause is lost", c.name)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	field := avow.FieldErrorf("email", "%q is no address", "x")
	if avow.KindOf(field) != avow.Invalid || avow.MessageOf(field) != `email: "x" is no address` {
		t.Errorf("%v: %s", avow.KindOf(field), avow.MessageOf(field))
	}
	if k := avow.KindOf(fmt.Errorf("around: %w", field)); k != avow.Invalid {
		t.Errorf("wrapped: %v", k)
	}
	if k := avow.KindOf(io.EOF); k != avow.Internal {
		t.Errorf("not ours: %v", k)
	}
	seen := map[string]bool{}
	for k := avow.Internal; k <= avow.Canceled; k++ {
		if name := k.String(); seen[name] || strings.HasPrefix(name, "unknown") {
			t.Errorf("kind %d is called %q", k, name)
		} else {
			seen[name] = true
		}
	}
}
