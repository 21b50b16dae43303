package vault_test

import (
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/vault"
)

func TestNormal(t *testing.T) {
	for _, c := range []struct {
		in   vault.Identity
		want string // empty: Invalid
	}{
		{email("ann@example.com"), "ann@example.com"},
		{email("  Ann.Lee+news@EXAMPLE.com. "), "Ann.Lee+news@example.com"},
		{email("ann@bücher.example"), "ann@xn--bcher-kva.example"},
		{email("ann@BÜCHER.example"), "ann@xn--bcher-kva.example"},
		{email("zoe\u0308@example.com"), "zo\u00eb@example.com"},
		{email("ann@intranet"), "ann@intranet"},
		{email("ann"), ""},
		{email("@example.com"), ""},
		{email("ann@"), ""},
		{email("a b@example.com"), ""},
		{email("ann@exam ple.com"), ""},
		{email("ann@b@example.com"), ""},
		{email("\"ann\"@example.com"), ""},
		{email(".ann@example.com"), ""},
		{email("an..n@example.com"), ""},
		{email("ann\u200b@example.com"), ""},
		{email("ann@example.com\nBcc: all@example.com"), ""},
		{email("ann@[127.0.0.1]"), ""},
		{email(strings.Repeat("a", 65) + "@example.com"), ""},
		{email("ann@" + strings.Repeat("a.", 130) + "com"), ""},
		{email(""), ""},
		{email("\xff\xfe@example.com"), ""},
		{vault.Identity{Kind: vault.Phone, Value: "+44 20 7946 0018"}, "+442079460018"},
		{vault.Identity{Kind: vault.Phone, Value: "020 7946 0018", Region: "GB"}, "+442079460018"},
		{vault.Identity{Kind: vault.Phone, Value: "(201) 555-0123", Region: "US-CA"}, "+12015550123"},
		{vault.Identity{Kind: vault.Phone, Value: "020 7946 0018"}, ""},
		{vault.Identity{Kind: vault.Phone, Value: "12", Region: "GB"}, ""},
		{vault.Identity{Kind: "account", Value: " AB-12 "}, "AB-12"},
		{vault.Identity{Kind: "", Value: "x"}, ""},
		{vault.Identity{Kind: "acc\x00ount", Value: "x"}, ""}, // PostgreSQL takes neither of these two
		{vault.Identity{Kind: "acc\xffount", Value: "x"}, ""},
		{vault.Identity{Kind: "account", Value: strings.Repeat("x", 2000)}, ""},
	} {
		got, err := c.in.Normal()
		switch {
		case c.want == "" && avow.KindOf(err) != avow.Invalid:
			t.Errorf("%s %q became %q, %v", c.in.Kind, c.in.Value, got.Value, err)
		case c.want == "" && len(c.in.Value) > 15 && strings.Contains(err.Error(), c.in.Value):
			t.Errorf("the error repeats %q", c.in.Value)
		case c.want != "" && (err != nil || got.Value != c.want):
			t.Errorf("%s %q became %q, %v; want %q", c.in.Kind, c.in.Value, got.Value, err, c.want)
		}
	}
}

// What finds the same person, and what a provider may fold but we do not.
func TestMatching(t *testing.T) {
	each(t, func(h *house) {
		ann := h.claim(email("Ann@Example.com"))
		for other, same := range map[string]bool{
			"ann@example.com": true, "ANN@example.COM": true, "ann@example.com.": true,
			"a.nn@example.com": false, "ann+x@example.com": false, "ann@example.org": false, "аnn@example.com": false, // the last begins with a Cyrillic letter
		} {
			if got := h.claim(email(other)); (got == ann) != same {
				t.Errorf("%q finds the same person: %v", other, got == ann)
			}
		}
		if h.claim(vault.Identity{Kind: "account", Value: "ann@example.com"}) == ann {
			t.Error("another kind of identity finds the same person")
		}
	})
}

func FuzzNormal(f *testing.F) {
	f.Add("email", "Ann@Bücher.example", "")
	f.Add("phone", "020 7946 0018", "GB")
	f.Fuzz(func(t *testing.T, kind, value, region string) {
		id := vault.Identity{Kind: kind, Value: value, Region: avow.Region(region)}
		n, err := id.Normal()
		if err != nil {
			return
		}
		again, err := n.Normal()
		if err != nil || again.Value != n.Value {
			t.Errorf("%q became %q, which became %q, %v", value, n.Value, again.Value, err)
		}
	})
}
