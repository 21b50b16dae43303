package vault_test

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// BenchmarkImport stages, flips and settles people with two identities and three values each, 500 a transaction.
func BenchmarkImport(b *testing.B) {
	for _, k := range storetest.Kinds(b) {
		b.Run(k.Name, func(b *testing.B) {
			c := k.Config(b)
			db := storetest.OpenConfig(b, c)
			v, err := vault.Open(b.Context(), db, vault.Config{OrganisationKey: b.TempDir() + "/secret/key", Keys: b.TempDir() + "/keys.db"})
			if err != nil {
				b.Fatal(err)
			}
			defer v.Close()
			imp := avow.NewID(db.Machine())
			b.ResetTimer()
			for from := 0; from < b.N; from += 500 {
				var people []vault.Person
				for i := from; i < min(from+500, b.N); i++ {
					people = append(people, vault.Person{
						Identities: []vault.Identity{email(fmt.Sprintf("p%d@example.com", i)), phone(fmt.Sprintf("+1201%07d", 2000000+i))},
						Values:     []vault.Value{contact(avow.ID{}, "name", "Ann Example"), contact(avow.ID{}, "address", "1 Pier, Harbour"), contact(avow.ID{}, "job-role", "captain")},
					})
				}
				if err := db.Write(b.Context(), func(tx *store.Tx) error { _, err := v.StageAll(tx, imp, people); return err }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "staged/s")
			if err := db.Write(b.Context(), func(tx *store.Tx) error { return v.Flip(tx, imp) }); err != nil {
				b.Fatal(err)
			}
			for more := true; more; {
				if more, err = v.Settle(b.Context(), imp, 500, func(*store.Tx, avow.ID, []avow.ID) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}
