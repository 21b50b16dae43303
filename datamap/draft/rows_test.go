package draft

import (
	"strings"
	"testing"

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
