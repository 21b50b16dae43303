package ledger

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// CPU is the processor's time that this process has used.
func CPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkProof is a proof out of the database, and its verification by whoever gets
// it, signature and all, in a made-up log of ten million events, each time of another.
func BenchmarkProof(b *testing.B) {
	const size, asked = 10_000_000, 2000
	for _, k := range storetest.Kinds(b) {
		b.Run(k.Name, func(b *testing.B) {
			db := storetest.OpenConfig(b, k.Config(b))
			dir := b.TempDir()
			v, err := vault.Open(b.Context(), db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { v.Close() })
			l, err := Open(b.Context(), db, v, Config{})
			if err != nil {
				b.Fatal(err)
			}
			indexes := make([]int64, asked)
			for i := range indexes {
				indexes[i] = rand.Int64N(size)
			}
			if err := madeUp(b.Context(), l, size, indexes); err != nil {
				b.Fatal(err)
			}
			key, n := l.Key(), 0
			before := CPU()
			b.ResetTimer()
			for b.Loop() {
				index := indexes[n%asked]
				n++
				var in proof.Inclusion
				err := db.Read(b.Context(), func(tx *store.Tx) (err error) { in, err = l.Inclusion(tx, index); return err })
				if err != nil {
					b.Fatal(err)
				}
				c, err := proof.OpenCheckpoint(in.Checkpoint, key)
				if err == nil {
					err = in.Check(madeUpLeaf(index), c)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((CPU()-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func madeUpLeaf(i int64) proof.Hash {
	var h proof.Hash
	binary.BigEndian.PutUint64(h[:], uint64(i))
	return h
}

// madeUp makes the tree of a log of events that are not there, with the tiles that proofs of some need.
func madeUp(ctx context.Context, l *Ledger, size int64, indexes []int64) error {
	needed := map[int64]bool{size / proof.Width: true}
	for _, i := range indexes {
		needed[i/proof.Width] = true
	}
	return l.db.Write(ctx, func(tx *store.Tx) error {
		var f frontier
		var upper growth
		for n := int64(0); f.size < size; n++ {
			var g growth
			for f.size < min(size, (n+1)*proof.Width) {
				f.add(madeUpLeaf(f.size), &g)
			}
			for level := 1; level < tileLevels; level++ {
				for i := 0; i < len(g[level].hashes); i += hashSize {
					upper.add(level, g[level].start, proof.Hash(g[level].hashes[i:]))
				}
			}
			if needed[n] {
				g = growth{0: g[0]}
				if err := g.write(tx); err != nil {
					return err
				}
			}
		}
		if err := upper.write(tx); err != nil {
			return err
		}
		h, err := lockHead(tx, int(size))
		if err != nil {
			return err
		}
		return l.seal(tx, h, f)
	})
}
