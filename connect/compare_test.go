package connect

import (
	"strings"
	"testing"
)

func TestSame(t *testing.T) {
	for _, c := range []struct {
		how  Compare
		a, b string
		want bool
	}{
		{Exact, "Ann", "Ann", true}, {"", "Ann", "Ann", true}, {Exact, "Ann", "ann", false}, {Exact, "Ann", "Ann ", false}, {Exact, "", "", false},
		{Trimmed, " Ann\t", "Ann\u00a0", true}, {Trimmed, "Ann", "ann", false}, {Trimmed, "A nn", "Ann", false}, {Trimmed, " ", "", false},
		{IgnoreCase, "JOSÉ", "jose\u0301 ", true}, {IgnoreCase, "JOSÉ", "JOSE", false}, {IgnoreCase, "ΣΊΣΥΦΟΣ", "σίσυφος", true}, {IgnoreCase, "straße", "STRASSE", false},
		{IgnoreCase, "ſ", "s", false}, {IgnoreCase, "\u212a", "k", true}, {IgnoreCase, "İ", "i", false},
		{Digits, "DE-12 34", "1234", true}, {Digits, "12345", "1234", false}, {Digits, "abc", "def", false},
		{Email, " Ann@Example.COM", "ann@example.com.", true}, {Email, "ann@example.com", "ann@example.org", false}, {Email, "a.nn@example.com", "ann@example.com", false},
		{Email, "ann+x@example.com", "ann@example.com", false}, {Email, "ann@MÜNCHEN.de", "ann@xn--mnchen-3ya.de", true}, {Email, "ann", "ann", false}, {Email, "@example.com", "@example.com", false},
		{Email, "ann@", "ann@", false}, {Email, "ann@my_host.example", "ANN@my_host.example", true},
		{Phone, "020 7946 0958", "+44 (0)20 7946-0958", true}, {Phone, "0044 20 79460958", "+442079460958", true}, {Phone, "+442079460958", "+442079460959", false},
		{Phone, "+1 212 555 0100", "212 555 0100", false}, {Phone, "+44 20 7946 0958 ext. 5", "+44 20 7946 0958", false}, {Phone, "+44 20 7946 0958 ext. 5", "020 7946 0958 x5", true},
		{Phone, "12", "12", false}, {Phone, "n/a", "n/a", false},
	} {
		if got := Same(c.how, "GB", c.a, c.b); got != c.want {
			t.Errorf("%s %q %q: %v", c.how, c.a, c.b, got)
		}
		if Same(c.how, "GB", c.a, c.b) != Same(c.how, "GB", c.b, c.a) {
			t.Errorf("%s %q %q depends on the order", c.how, c.a, c.b)
		}
	}
}

// FuzzNormal: a normal form is its own normal form, the same to itself, and hostile input is bounded.
func FuzzNormal(f *testing.F) {
	for _, s := range []string{"Ann@Example.com", " JOSÉ\n", "+44 20 7946 0958 ext. 12", "٠١٢٣", "\xff\xfe", "a@b@c.", "xn--a", strings.Repeat("ſK", 3000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, how := range []Compare{Exact, Trimmed, IgnoreCase, Digits, Email, Phone} {
			n, ok := Normal(how, "DE", s)
			if !ok {
				continue
			}
			again, ok := Normal(how, "DE", n)
			if !ok || again != n {
				t.Errorf("%s of %q is %q, and of that %q, %v", how, s, n, again, ok)
			}
		}
	})
}
