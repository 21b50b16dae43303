package draft

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
)

// Rows say what names and types do not.
func TestRows(t *testing.T) {
	tables := readCorpus(t, "testdata/rows.txt")
	r := draftOf(t, openCorpus(t, "sqlite", tables), datamap.SQLite)
	s := rate("rows", labelsOf(tables), r)
	if s.recall() < 1 || s.wrong+s.doubted > 0 {
		t.Errorf("%s\n%s", &s, strings.Join(s.lines, "\n"))
	}
}

// Where people stand among firms nothing of them is left out unsaid, however many the firms are.
func TestPeopleAmongFirms(t *testing.T) {
	people, firms := []string{"Anna Miller", "Peter Young", "Maria Clark", "James Hall"}, []string{"Northern Tools Ltd", "Blue Bakery GmbH", "Fast Print Inc", "Old Mill LLC"}
	for _, of := range []int{30, 50, 80, 90} {
		file := filepath.Join(t.TempDir(), "trade.db")
		texts := []string{"CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, street TEXT, phone TEXT)"}
		for i := range 100 {
			name := people[i%4]
			if i*7%100 < of {
				name = firms[i%4]
			}
			texts = append(texts, fmt.Sprintf("INSERT INTO customers VALUES (%d, '%s', '%d Mill Street', '020 7946 %04d')", i, name, i+1, i))
		}
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(strings.Join(texts, ";")); err != nil {
			t.Fatal(err)
		}
		src, err := sqldb.Open(t.Context(), connect.Config{System: "trade", Kind: "sqlite", Secret: file})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		r := draftOf(t, src, datamap.SQLite)
		if len(r.Columns)+len(r.Unsure) < 3 {
			t.Errorf("of %d firms among 100: taken in %v, listed %v", of, r.Columns, r.Unsure)
		}
	}
}

// A name tells firms from people by what only firms have in theirs.
func TestLegalForms(t *testing.T) {
	for text, firm := range map[string]bool{
		"Okafor & Sons": true, "Lüders GmbH": true, "Vega S.L.": true, "Ashworth Ltd.": true, "Poulain SARL": true, "Peña e Hijos Ltda": true, "Hale & Co": true, "Tessier S.A.": true,
		"Wiebke Lüders": false, "Corinna Sale": false, "Ann Ag": true, "Incas": false, "O'Hara": false, "Kelly": false, "Limited Edition Lamp": false,
	} {
		if got := legalForm.MatchString(text); got != firm {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Numbers of goods and of firms are no numbers to ring, however they are parted.
func TestGoodsNumbers(t *testing.T) {
	for text, rings := range map[string]bool{
		"51234-678-90": false, "11.222.333/0001-44": false, "11.222.333-4": false,
		"(212) 555-0142": true, "555-212-0142": true, "+49 40 1234567": true, "06 12 34 56 78": true,
	} {
		if got := isPhone(text); got != rings {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// A name may hold what ends a line; the file can be read all the same.
func TestNamesOfSeveralLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lines.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE \"customers\nof old\" (id INTEGER PRIMARY KEY, \"e\nmail\" TEXT, email TEXT); INSERT INTO \"customers\nof old\" VALUES (1, 'ann@example.org', 'ann@example.org')"); err != nil {
		t.Fatal(err)
	}
	src, err := sqldb.Open(t.Context(), connect.Config{System: "lines", Kind: "sqlite", Secret: file})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	r := draftOf(t, src, datamap.SQLite)
	if r.Problems.Errors() {
		t.Errorf("%v\n%s", r.Problems, r.File)
	}
	if len(r.Columns) != 2 {
		t.Errorf("taken in %v", r.Columns)
	}
}
