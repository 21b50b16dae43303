package examples_test

import (
	"bytes"
	"maps"
	"testing"

	"github.com/avowhq/avow/examples"
	"github.com/avowhq/avow/policy"
)

// The files, each after the version it follows, with the warnings that are right for it.
var compiled = []struct {
	file, after string
	warnings    map[string]int // code → how often
}{
	{file: "harbour-demo/policy.yaml"},
	{file: "harbour-demo/v2.yaml", after: "harbour-demo/policy.yaml"},
	{file: "vendor-2021/policy.yaml", warnings: map[string]int{
		"accepted-by":            1, // by using the sites
		"no-effective":           1, // the text names the day it was last changed, and no other
		"gpc-has-effect":         1, // not stated, and California gives it effect
		"others-not-told":        2, // people others tell us of, from whichever source
		"bought-not-told":        1,
		"basis-demanded":         3, // the three practices outside the tables
		"no-role":                1, // the advertising partner
		"no-safeguard":           3, // support abroad, the advertising partner, payment providers
		"never-in-doubt":         1, // selling, while the part of the advertising partner is unknown
		"own-safeguard":          1, // no instrument is named
		"retention-not-stated":   4, // another document has the periods
		"cookie-without-consent": 1, // the partner's
	}},
	{file: "vendor-2017/policy.yaml", warnings: with(vendor2017, "no-effective")}, // the text names the day it was last changed, and no other
	{file: "vendor-2017/v2.yaml", after: "vendor-2017/policy.yaml", warnings: vendor2017},
	{file: "fragments/policy.yaml", warnings: map[string]int{
		"others-not-told": 1, // the address book
		"basis-demanded":  1, // the decision about opening an account
		"bundled-consent": 2, // the two that are bad practice on purpose
		"no-safeguard":    1, // the assistant in the US
	}},
}

var vendor2017 = map[string]int{
	"default-basis":        1, // no basis is stated anywhere
	"no-basis":             1, // nor for the newsletter
	"no-safeguard":         3, // places of resellers, providers and social networks
	"receives-for-nothing": 1, // what the networks collect goes by their own policy
	"no-smallest-group":    1,
	"retention-not-stated": 4,
	"others-unconfirmed":   1, // nothing is asked of who refers a friend
	"regime-ended":         1, // the directive of 1995
}

// with adds a warning to those of another version.
func with(warnings map[string]int, code string) map[string]int {
	out := maps.Clone(warnings)
	out[code]++
	return out
}

func TestExamplesCompileWithTheRightWarnings(t *testing.T) {
	for _, c := range compiled {
		t.Run(c.file, func(t *testing.T) {
			var after *policy.Policy
			if c.after != "" {
				after, _ = load(t, c.after, nil)
			}
			_, problems := load(t, c.file, after)
			got := map[string]int{}
			for _, p := range problems {
				got[p.Code]++
			}
			if !maps.Equal(got, c.warnings) {
				t.Errorf("warnings by code are %v, want %v:\n%s", got, c.warnings, problems)
			}
		})
	}
}

func load(t *testing.T, path string, after *policy.Policy) (*policy.Policy, policy.Problems) {
	t.Helper()
	src, err := examples.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load(path, src, after)
	if p == nil {
		t.Fatalf("%s does not compile:\n%s", path, problems)
	}
	return p, problems
}

// The files are laid out as avow fmt lays them out, so that copying from them is a good beginning.
func TestExamplesAreLaidOut(t *testing.T) {
	for _, c := range compiled {
		src, err := examples.Read(c.file)
		if err != nil {
			t.Fatal(err)
		}
		laidOut, problems := policy.Format(src)
		if problems.Errors() {
			t.Fatal(problems)
		}
		if !bytes.Equal(src, laidOut) {
			t.Errorf("run avow fmt -w examples/%s", c.file)
		}
	}
}
