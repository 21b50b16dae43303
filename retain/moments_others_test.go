package retain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"github.com/avowhq/avow/connect/saas/saastest"
)

// severalMap maps two tables whose rules count from two events: of `a` the latest, of `b` the earliest.
func severalMap(a, b, head string) string {
	return fmt.Sprintf(`%[3]s
tables:
  %[1]s:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, note: a.note}
    retention: {a: {last-contact: seen, purchase: bought}}
  %[2]s:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, note: b.note}
    retention: {b: {last-contact: seen, purchase: bought}}
`, a, b, head)
}

// The rows of each table, and what stays of them. A text that is no date is never over, and is told
// where the row does not end without it.
var severalRows = []struct {
	id, seen, bought string
	a, b             bool // it stays by the latest, by the earliest
}{
	{"1", "2020-01-01", "2020-01-01", false, false},
	{"2", "2026-11-01", "2020-01-01", true, false},
	{"3", "2020-01-01", "2026-11-01", true, false},
	{"4", "2026-11-01", "2026-11-01", true, true},
	{"5", "2020-01-01", "", true, false},
	{"6", "", "2020-01-01", true, false},
	{"7", "", "", true, true},
	{"8", "", "2026-11-01", true, true},
	{"9", "1 May", "2020-01-01", true, false},
	{"10", "1 May", "2026-11-01", true, true},
}

const notDates = "in `seen` stands no date (as 2026-11-22), instead: it is left as it is"

// wantSeveral runs the schedule and wants what stays; look gives what a row of a table has.
func (h *house) wantSeveral(a, b string, look func(table, id string) string, said ...string) {
	h.t.Helper()
	h.wantSaid(h.run(Options{}), said...)
	for _, row := range severalRows {
		for table, stays := range map[string]bool{a: row.a, b: row.b} {
			want := ""
			if stays {
				want = "x"
			}
			if got := look(table, row.id); got != want {
				h.t.Errorf("%s, %s: %q is there, want %q", table, row.id, got, want)
			}
		}
	}
}

func TestSeveralEventsInFiles(t *testing.T) {
	dir := t.TempDir()
	var csv, lines strings.Builder
	csv.WriteString("id,email,note,seen,bought\n")
	for _, r := range severalRows {
		fmt.Fprintf(&csv, "%s,ann@x.example,x,%s,%s\n", r.id, r.seen, r.bought)
		fmt.Fprintf(&lines, `{"id":"%s","email":"ann@x.example","note":"x","seen":"%s","bought":"%s"}`+"\n", r.id, r.seen, r.bought)
	}
	for name, text := range map[string]string{"a.csv": csv.String(), "b.jsonl": lines.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := newOtherOf(t, connect.Config{At: dir}, severalPolicy, severalMap("a.csv", "b.jsonl", "kind: files\nat: somewhere"))
	look := func(table, id string) string {
		text, err := os.ReadFile(filepath.Join(dir, table))
		h.check(err)
		if strings.Contains(string(text), "\n"+id+",ann@x.example,x,") || strings.Contains(string(text), `{"id":"`+id+`","email":"ann@x.example","note":"x"`) {
			return "x"
		}
		return ""
	}
	h.wantSeveral("a.csv", "b.jsonl", look,
		"shop.a.csv a: clear note 1", "shop.a.csv a: keep note 2, refused: "+notDates,
		"shop.b.jsonl b: clear note 6", "shop.b.jsonl b: keep note 1, refused: "+notDates)
}

func TestSeveralEventsInMongoDB(t *testing.T) {
	uri := mongotest.Database(t)
	db := mongotest.Client(t, uri)
	date := func(text string) string {
		switch text {
		case "":
			return "null"
		case "1 May":
			return `"1 May"`
		}
		return `{"$date": "` + text + `T10:00:00Z"}`
	}
	for _, table := range []string{"a", "b"} {
		var rows []string
		for _, r := range severalRows {
			rows = append(rows, fmt.Sprintf(`{"_id": %s, "id": "%s", "email": "ann@x.example", "note": "x", "seen": %s, "bought": %s}`, r.id, r.id, date(r.seen), date(r.bought)))
		}
		mongotest.Insert(t, db, table, rows...)
	}
	h := newOtherOf(t, connect.Config{Secret: uri}, severalPolicy, strings.ReplaceAll(severalMap("a", "b", "kind: mongodb\ncredentials: env:X"), "key: id", "key: _id"))
	look := func(table, id string) string {
		for line := range strings.SplitSeq(mongotest.Dump(t, db, table), "\n") {
			if strings.Contains(line, `"id":"`+id+`"`) && strings.Contains(line, `"note":"x"`) {
				return "x"
			}
		}
		return ""
	}
	h.wantSeveral("a", "b", look, "shop.a a: clear note 1", "shop.b b: clear note 6")
}

func TestSeveralEventsOverHTTP(t *testing.T) {
	hub := saastest.NewHubSpot(t)
	for _, table := range []string{"contacts", "deals"} {
		for _, property := range []string{"note", "seen", "bought", "email"} {
			hub.Properties[table][property] = "string"
		}
		for _, r := range severalRows {
			hub.Add(table, r.id, map[string]string{"email": "ann@x.example", "note": "x", "seen": r.seen, "bought": r.bought})
		}
	}
	h := newOtherOf(t, connect.Config{Secret: hub.Secret()}, severalPolicy, severalMap("contacts", "deals", "kind: http\nat: hubspot\ncredentials: env:X"))
	look := func(table, id string) string { return hub.Rows[table][id]["note"] }
	h.wantSeveral("contacts", "deals", look,
		"shop.contacts a: clear note 1", "shop.contacts a: keep note 2, refused: "+notDates,
		"shop.deals b: clear note 6", "shop.deals b: keep note 1, refused: "+notDates)
}
