package work_test

import (
	"testing"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store/storetest"
)

// BenchmarkEffect is one event's effect: read, marked, done and on disk.
func BenchmarkEffect(b *testing.B) {
	for _, k := range storetest.Kinds(b) {
		b.Run(k.Name, func(b *testing.B) {
			n := open(b, k.Config(b), b.TempDir(), quick())
			for left := 3 * b.N; left > 0; left -= 3000 {
				n.append(min(left, 3000))
			}
			n.Effect("tell", []ledger.Type{ledger.ConsentWithdrawn}, row("tell"))
			b.ResetTimer()
			n.start()
			n.done("tell")
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "effects/s")
		})
	}
}
