package examples_test

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/policy"
)

// The later versions say what they say they say: avow diff shows each of these.
func TestLaterVersionsWidenNarrowAndRestate(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          []policy.Change
	}{
		{"harbour-demo/policy.yaml", "harbour-demo/v2.yaml", []policy.Change{
			{Effect: policy.Widens, Key: "purpose-groups.telling.purposes.newsletter"},
			{Effect: policy.Widens, Key: "purpose-groups.telling.purposes.advertising"},
			{Effect: policy.Widens, Key: "recipients.ads"},
			{Effect: policy.Widens, Key: "never.follow-across-sites"},
			{Effect: policy.Narrows, Key: "retention.webinars"},
			{Effect: policy.Restates, Key: "purpose-groups.serving.purposes.answer"},
		}},
		{"vendor-2017/policy.yaml", "vendor-2017/v2.yaml", []policy.Change{
			{Effect: policy.Restates, Key: "purpose-groups.personal.purposes.useful-information"},
			{Effect: policy.Widens, Key: "purpose-groups.personal.purposes.invite"},
			{Effect: policy.Widens, Key: "recipients.hosts"},
			{Effect: policy.Narrows, Key: "ends.targeting"},
		}},
	} {
		t.Run(c.after, func(t *testing.T) {
			before, _ := load(t, c.before, nil)
			after, _ := load(t, c.after, before)
			changes := policy.Diff(before, after)
			for _, want := range c.want {
				if !slices.ContainsFunc(changes, func(got policy.Change) bool { return got.Effect == want.Effect && got.Key == want.Key }) {
					t.Errorf("nothing %s %s in %v", want.Effect, want.Key, changes)
				}
			}
		})
	}
}
