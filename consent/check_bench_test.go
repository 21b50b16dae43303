package consent_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/store/storetest"
)

// BenchmarkCheck is a full sweep over a thousand people with a consent each.
func BenchmarkCheck(b *testing.B) {
	const people = 1000
	for _, k := range storetest.Kinds(b) {
		b.Run(k.Name, func(b *testing.B) {
			n, ids := fill(b, k.Config(b), people)
			defer n.close(b)
			give := func(who avow.ID) error {
				return n.reg.Do(bg, who, func(h *consent.Hand) error { _, err := h.Give(choice("newsletter")); return err })
			}
			for _, who := range ids {
				must(b, give(who))
			}
			used := cpu(b)
			for b.Loop() {
				findings, err := n.reg.Check(bg, nil)
				must(b, err)
				if len(findings) > 0 {
					b.Fatal(findings)
				}
			}
			b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(b.N)/people, "cpu-µs/person")
		})
	}
}
