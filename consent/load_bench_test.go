package consent_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// BenchmarkRestart is a node that starts on a database of a million people
// (AVOW_BENCH_PEOPLE changes how many): how long until its first right answer, and until every gate is filled.
func BenchmarkRestart(b *testing.B) {
	people := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("AVOW_BENCH_PEOPLE")); err == nil && n > 0 {
		people = n
	}
	for _, k := range storetest.Kinds(b) {
		b.Run(k.Name, func(b *testing.B) {
			c, dir := k.Config(b), b.TempDir()
			ids := populate(b, c, dir, people)
			for b.Loop() {
				restart(b, c, dir, ids)
			}
		})
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type node struct {
	db     *store.DB
	vault  *vault.Vault
	ledger *ledger.Ledger
	reg    *consent.Register
}

func openNode(b *testing.B, c store.Config, dir string) node {
	db, err := store.Open(bg, c)
	must(b, err)
	v, err := vault.Open(bg, db, vault.Config{OrganisationKey: filepath.Join(dir, "organisation.key"), Keys: filepath.Join(dir, "keys.db")})
	must(b, err)
	l, err := ledger.Open(bg, db, v, ledger.Config{})
	must(b, err)
	reg, err := consent.Open(bg, consent.Config{DB: db, Vault: v, Ledger: l, Base: "https://quay.example"})
	must(b, err)
	return node{db, v, l, reg}
}

func (n node) close(b *testing.B) {
	must(b, n.ledger.Close())
	must(b, n.vault.Close())
	must(b, n.db.Close())
}

func restart(b *testing.B, c store.Config, dir string, ids []avow.ID) {
	began, used := time.Now(), cpu(b)
	n := openNode(b, c, dir)
	loaded := make(chan int)
	go func() {
		held, err := n.reg.Load(bg)
		if err != nil {
			b.Error(err)
		}
		loaded <- held
	}()
	g, _ := n.reg.Gate("site")
	r := gate.About(ids[len(ids)-1], 0, time.Now())
	r.Act = avow.Send
	if why := g.Resolve(&gate.Names{Purpose: "newsletter", Data: []string{"contact.email"}}, &r); why != gate.Undecided {
		b.Fatal(why)
	}
	d, err := n.reg.Decide(bg, "site", &r)
	must(b, err)
	if !d.Allowed {
		b.Fatalf("the first answer is wrong: %v", d.Reason)
	}
	first := time.Since(began)
	if held := <-loaded; held < len(ids)-1 { // the one asked about may be held from its own reading
		b.Fatalf("%d of %d people are held", held, len(ids))
	}
	b.ReportMetric(first.Seconds(), "s/first-answer")
	b.ReportMetric(time.Since(began).Seconds(), "s/filled")
	b.ReportMetric((cpu(b) - used).Seconds(), "cpu-s/filled") // of this process, whatever else the machine does
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys)/(1<<20), "MB")
	b.StopTimer()
	n.close(b)
	b.StartTimer()
}

func publishFirst(b *testing.B, n node) {
	src, err := os.ReadFile(filepath.Join("testdata", "v1.yaml"))
	must(b, err)
	_, err = n.reg.Publish(bg, "v1.yaml", src)
	must(b, err)
}

// populate writes people with two values and a consent each, straight into the tables.
func populate(b *testing.B, c store.Config, dir string, people int) []avow.ID {
	n := openNode(b, c, dir)
	defer n.close(b)
	publishFirst(b, n)
	ids := make([]avow.ID, people)
	now := time.Now().UTC()
	const chunk = 500
	for from := 0; from < people; from += chunk {
		must(b, n.db.Write(bg, func(tx *store.Tx) error {
			var subjects, values, choices, known []any
			for i := from; i < min(people, from+chunk); i++ {
				id := avow.NewID(now.Add(time.Duration(i) * time.Microsecond))
				ids[i] = id
				subjects = append(subjects, id, "individual", now)
				for _, field := range []string{"email", "name"} {
					values = append(values, avow.NewID(now), id, "contact", field, "you", "newsletter", "site", 1, "consent", "newsletter",
						false, false, now, make([]byte, 32), make([]byte, 60))
				}
				choices = append(choices, id, "site", "consent", "newsletter", 1, "given", 1, now, now.AddDate(2, 0, 0), 1, id)
				known = append(known, id)
			}
			for _, t := range []struct {
				into    string
				columns int
				args    []any
			}{
				{"vault_subjects (id, kind, made)", 3, subjects},
				{"vault_values (id, subject, category, field, source, point, policy, version, basis, purposes, claimed, limited, at, same, sealed)", 15, values},
				{"consent_choices (subject, policy, kind, name, generation, state, seq, at, ends, version, event)", 11, choices},
				{"consent_subjects (subject)", 1, known},
			} {
				one := ", (" + store.Marks(t.columns) + ")"
				if _, err := tx.Exec("INSERT INTO "+t.into+" VALUES "+strings.Repeat(one, len(t.args)/t.columns)[2:], t.args...); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return ids
}
