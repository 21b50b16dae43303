package find

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

const visitsMap = `
  people:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email}
  visits:
    key: id
    references: {who: {columns: who_id, to: people.id}}
    relation: {who: owns}
    erase: delete
    columns: {place: contact.address, said: messages.text}
`

// frequent is a search for somebody with n rows.
func frequent(t testing.TB, kind connecttest.Kind, n int, o Options) *Search {
	t.Helper()
	c := kind.Config(t)
	c.System = "town"
	fillTown(t, c, n, 0)
	m := mapOf(t, map[string]string{"town.yaml": systemFile("town", c.Kind, visitsMap)})
	return searchIn(t, m, Sources{"town": open(t, c)}, o)
}

// fillTown makes n visits: nine of ten are one person's, or with people as many of each.
func fillTown(t testing.TB, c connect.Config, n, people int) {
	t.Helper()
	who := map[bool]string{true: "1 + (i % 10) / 9", false: "1 + i % " + strconv.Itoa(max(1, people))}[people == 0]
	numbers := func(n int) string {
		if c.Kind == "mysql" {
			return " FROM (SELECT seq AS i FROM seq_1_to_" + strconv.Itoa(n) + ") AS n"
		}
		return " FROM n"
	}
	with := func(n int) string {
		if c.Kind == "mysql" {
			return ""
		}
		return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + strconv.Itoa(n) + ") "
	}
	if c.Kind == "mysql" {
		who = strings.ReplaceAll(who, "/ 9", "DIV 9")
	}
	concat := map[bool]string{true: "CONCAT('a place with a name, no. ', i)", false: "'a place with a name, no. ' || i"}[c.Kind == "mysql"]
	connecttest.Exec(t, c, "CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR(80))", "CREATE TABLE visits (id INTEGER PRIMARY KEY, who_id INTEGER, place VARCHAR(80), said VARCHAR(80))",
		"INSERT INTO people VALUES (1, 'ann@x.example'), (2, 'bob@x.example')",
		"INSERT INTO visits "+with(n)+"SELECT i, "+who+", "+concat+", 'what was said there by somebody at the time'"+numbers(n),
		"CREATE INDEX visits_who ON visits (who_id)", "CREATE INDEX people_email ON people (email)")
}

// heap is what is in use once the garbage is gone.
func heap() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Two hundred thousand rows of one person are found and shown in little memory.
func TestManyRowsOfOnePerson(t *testing.T) {
	s := frequent(t, connecttest.Kind{Name: "sqlite", Config: connecttest.SQLite}, 200_000, Options{ToShow: true, Keep: 1 << 20})
	before := heap()
	f := find(t, s, ann)
	found := heap() - before
	n, highest := 0, int64(0)
	err := s.Export(t.Context(), f, 0, func(r Record) error {
		if n++; n%50_000 == 0 {
			highest = max(highest, heap()-before)
		}
		return nil
	})
	if err != nil || n != 180_001 {
		t.Fatalf("%d records, %v", n, err)
	}
	t.Logf("180000 rows: %d KiB found, %d KiB at most while shown", found>>10, highest>>10)
	if found > 8<<20 || highest > 24<<20 {
		t.Errorf("180000 rows take %d KiB, and %d KiB while they are shown", found>>10, highest>>10)
	}
	runtime.KeepAlive(f)
}

// resident is how much memory the process has and had at most, in MiB, where the
// system says so.
func resident() (now, most float64) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kib / 1024
		case "VmHWM":
			most = kib / 1024
		}
	}
	return now, most
}

// BenchmarkAccess finds and shows a million rows of one person, and for contrast reads
// them by the bare query. It prints the resident memory: the whole is bound by 100 MiB.
func BenchmarkAccess(b *testing.B) {
	for _, kind := range connecttest.Kinds(b) {
		s := frequent(b, kind, 1_111_111, Options{ToShow: true})
		b.Run(kind.Name+"/capture", func(b *testing.B) {
			for b.Loop() {
				find(b, New(s.Graph, s.Sources, s.Schemas, Options{}), ann)
			}
			report(b)
		})
		b.Run(kind.Name+"/access", func(b *testing.B) {
			for b.Loop() {
				f, n := find(b, s, ann), 0
				if err := s.Export(b.Context(), f, 0, func(Record) error { n++; return nil }); err != nil || n != 1_000_001 {
					b.Fatal(n, err)
				}
			}
			report(b)
		})
		b.Run(kind.Name+"/bare", func(b *testing.B) {
			for b.Loop() {
				bare(b, s)
			}
			report(b)
		})
	}
}

// bare reads the same rows with the one query that somebody would write.
func bare(b *testing.B, s *Search) {
	n := 0
	err := s.Sources["town"].Read(b.Context(), connect.Read{Table: "visits", Columns: []string{"id", "who_id", "place", "said"},
		Any: []connect.In{{Columns: []string{"who_id"}, Tuples: []connect.Tuple{{int64(1)}}}}}, func(connect.Row) error { n++; return nil })
	if err != nil || n != 1_000_000 {
		b.Fatal(n, err)
	}
}

func report(b *testing.B) {
	now, most := resident()
	b.ReportMetric(now, "MiB-resident")
	b.ReportMetric(most, "MiB-resident-at-most")
}

// BenchmarkThreeSystems shows what three systems hold of one person among many, and for
// contrast sends the bare queries one after the other, each table once.
func BenchmarkThreeSystems(b *testing.B) {
	for _, kind := range connecttest.Kinds(b) {
		files, sources := map[string]string{}, Sources{}
		for _, system := range []string{"a", "b", "c"} {
			c := kind.Config(b)
			c.System = system
			fillTown(b, c, 200_000, 2000)
			files[system+".yaml"] = systemFile(system, c.Kind, visitsMap)
			sources[system] = open(b, c)
		}
		s := searchIn(b, mapOf(b, files), sources, Options{ToShow: true})
		b.Run(kind.Name+"/access", func(b *testing.B) {
			for b.Loop() {
				f, n := find(b, s, ann), 0
				if err := s.Export(b.Context(), f, 0, func(Record) error { n++; return nil }); err != nil || n != 3*101 {
					b.Fatal(n, err)
				}
			}
		})
		b.Run(kind.Name+"/bare", func(b *testing.B) {
			for b.Loop() {
				n := 0
				for _, source := range sources {
					n += bareQueries(b, source)
				}
				if n != 3*101 {
					b.Fatal(n)
				}
			}
		})
	}
}

// bareQueries asks one system for the person and their rows.
func bareQueries(b *testing.B, source connect.Source) (n int) {
	var id any
	ask := func(table, column string, value any, compare connect.Compare, columns ...string) {
		err := source.Read(b.Context(), connect.Read{Table: table, Columns: columns, Any: []connect.In{{Columns: []string{column}, Tuples: []connect.Tuple{{value}}, Compare: compare}}}, func(r connect.Row) error {
			n, id = n+1, r[0]
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	ask("people", "email", "ann@x.example", connect.Exact, "id", "email")
	ask("visits", "who_id", id, connect.Exact, "id", "who_id", "place", "said")
	return n
}
