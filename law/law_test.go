package law_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/law"
)

func TestIndex(t *testing.T) {
	entries, err := law.Index()
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 50 {
		t.Errorf("only %d entries", len(entries))
	}
}

func TestParse(t *testing.T) {
	entries, err := law.Parse("# for the reader\n\ngdpr\tpartial\tthe regulation\ngdpr:17(3)(e)\tyes\tkept for legal claims\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []law.Entry{
		{Citation: "gdpr", State: law.Partial, Title: "the regulation", Line: 3},
		{Citation: "gdpr:17(3)(e)", State: law.Yes, Title: "kept for legal claims", Line: 4},
	}
	if !slices.Equal(entries, want) {
		t.Errorf("got %v", entries)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"spaces for tabs", "gdpr:5 yes principles", "index.txt:2: want citation, state and title"},
		{"a fourth part", "gdpr:5\tyes\tprinciples\tmore", "found 4 parts"},
		{"a space in the citation", "gdpr: 5\tyes\tprinciples", `"gdpr: 5" is not a citation`},
		{"a capital source", "GDPR:5\tyes\tprinciples", "is not a citation"},
		{"an open bracket", "gdpr:5(1\tyes\tprinciples", "is not a citation"},
		{"another state", "gdpr:5\tdone\tprinciples", `state "done" of gdpr:5`},
		{"no title", "gdpr:5\tyes\t ", "gdpr:5 has no title"},
		{"twice", "gdpr\tyes\tagain", "gdpr stands in line 1 already"},
		{"an unknown source", "lgpd:7\tno\tbases", `no line introduces the source "lgpd"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := law.Parse("gdpr\tpartial\tthe regulation\n" + c.line)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestParseReportsAll(t *testing.T) {
	_, err := law.Parse("a\nb\n")
	if err == nil || strings.Count(err.Error(), "index.txt:") != 2 {
		t.Errorf("got %v", err)
	}
}

func TestCitations(t *testing.T) {
	known := func(s string) bool {
		return slices.Contains([]string{"gdpr", "uk-gdpr", "rfc", "ccpa", "authzen", "dnt"}, s)
	}
	for text, want := range map[string][]string{
		"erased (gdpr:17(1)), kept for claims (gdpr:17(3)(e)).": {"gdpr:17(1)", "gdpr:17(3)(e)"},
		"see uk-gdpr:45, rfc:8058#3.1.":                         {"uk-gdpr:45", "rfc:8058#3.1"},
		"an exception of uk-gdpr:25(2)2":                        {"uk-gdpr:25(2)2"},
		"ccpa:1798.135(b)(1) authzen:1.0#5":                     {"ccpa:1798.135(b)(1)", "authzen:1.0#5"},
		"an unknown one, lgpd:7(2), is still one":               {"lgpd:7(2)"},
		"listens on localhost:8080, see policy.yaml:12:3":       nil,
		"regime: gdpr, dnt: no-cookies, https://rfc:443/":       nil,
		"{Key: yaml:10, at:12(px)}":                             {"at:12(px)"},
	} {
		if got := law.Citations(text, known); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
