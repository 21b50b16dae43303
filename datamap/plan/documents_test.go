package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// documents is a database of documents with a map of some collections, each owned by who has its email.
func documents(t *testing.T, erase string, collections map[string][]string) (w *world, notes func() []string, set func(collection string, documents ...string)) {
	t.Helper()
	uri := mongotest.Database(t)
	db := mongotest.Client(t, uri)
	text := "system: shop\nkind: mongodb\ncredentials: env:X\ncollections:\n"
	for name, list := range collections {
		mongotest.Insert(t, db, name, list...)
		text += fmt.Sprintf("  %s:\n    key: _id\n    identities: {email: email, \"mails[]\": email}\n    relation: owns\n    erase: %s\n    columns: {email: contact.email, \"mails[]\": contact.email, note: messages.text}\n", name, erase)
	}
	src, err := mongo.Open(t.Context(), connect.Config{System: "shop", Kind: "mongodb", Secret: uri, Region: "NL"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	m, err := datamap.Load(fstest.MapFS{"systems/shop.yaml": &fstest.MapFile{Data: []byte(text)}}, testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	w = &world{t: t, m: m, sources: find.Sources{"shop": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	notes = func() (out []string) {
		for name := range collections {
			for line := range strings.Lines(mongotest.Dump(t, db, name)) {
				if _, note, ok := strings.Cut(line, `"note":"`); ok {
					note, _, _ = strings.Cut(note, `"`)
					out = append(out, name+" "+note)
				}
			}
		}
		slices.Sort(out)
		return out
	}
	set = func(collection string, documents ...string) {
		if _, err := db.Collection(collection).DeleteMany(t.Context(), map[string]any{}); err != nil {
			t.Fatal(err)
		}
		mongotest.Insert(t, db, collection, documents...)
	}
	return w, notes, set
}

// Documents are named by whatever MongoDB takes for a key, and found by whatever stands in place of an address.
func TestOddDocuments(t *testing.T) {
	keys := []string{`1`, `"1"`, `{"$numberLong": "9007199254740993"}`, `1.5`, `"O'Hara \"q\" \\ $x žluť 🐎"`, `""`, `" blank "`, `true`,
		`{"$oid": "65f000000000000000000001"}`, `{"$binary": {"base64": "AP8=", "subType": "00"}}`, `{"$binary": {"base64": "C2seDw1aSy6fDjoLHC0+Tw==", "subType": "04"}}`, `{"$date": "2020-01-01T10:11:12.123Z"}`, `{"a": 1, "b": "x"}`, `"` + strings.Repeat("long ", 500) + `"`}
	var anns []string
	for i, key := range keys {
		anns = append(anns, fmt.Sprintf(`{"_id": %s, "email": "ann@x.example", "note": "ann %d"}`, key, i))
	}
	mails := []string{`{"_id": 1, "email": null, "note": "bob a"}`, `{"_id": 2, "email": "", "note": "bob b"}`, `{"_id": 3, "note": "bob c"}`, `{"_id": 4, "email": " Ann@X.example ", "note": "ann d"}`, `{"_id": 5, "mails": [null, "", "ann@x.example"], "note": "ann e"}`,
		`{"_id": 6, "mails": ["bob@x.example"], "note": "bob f"}`, `{"_id": 7, "email": ["ann@x.example"], "note": "ann g"}`, `{"_id": 8, "mails": "ann@x.example", "note": "ann h"}`, `{"_id": 9, "email": {"a": "ann@x.example"}, "note": "bob i"}`, `{"_id": 10, "email": 7, "note": "bob j"}`}
	for _, erase := range []string{"delete", "clear"} {
		t.Run(erase, func(t *testing.T) {
			w, notes, _ := documents(t, erase, map[string][]string{"keys": anns, "mails": mails})
			var hers, others []string
			for _, note := range notes() {
				if strings.Contains(note, " ann ") {
					hers = append(hers, note)
				} else {
					others = append(others, note)
				}
			}
			for _, keep := range []int{0, 1} {
				if got := w.shown(keep); !slices.Equal(got, hers) {
					t.Errorf("with room for %d bytes %q is shown, not %q", keep, got, hers)
				}
			}
			who := people("email=ann@x.example")
			p := w.plan(who)
			w.run(p)
			refused := 0
			for _, e := range p.Entries(false) {
				if e.Refused != "" {
					refused += e.Rows
				}
			}
			stays := append([]string{"keys ann 12", "keys ann 5"}, others...) // a document, and an empty text
			if left := w.check(p, who); len(left) > 0 || refused != 2 || !slices.Equal(notes(), stays) {
				t.Errorf("the check finds %+v; there is left %q, not %q, and said %q", left, notes(), stays, said(p))
			}
		})
	}
}

// Between plan and run documents change hands, and others come.
func TestDocumentsBetweenPlanAndRun(t *testing.T) {
	w, notes, set := documents(t, "delete", map[string][]string{"mails": {`{"_id": 1, "email": "ann@x.example", "note": "ann a"}`, `{"_id": 2, "mails": ["ann@x.example"], "note": "ann b"}`, `{"_id": 3, "mails": ["ann@x.example"], "note": "ann c"}`}})
	who := people("email=ann@x.example")
	p := w.plan(who)
	set("mails", `{"_id": 1, "email": "bob@x.example", "note": "bob a"}`, `{"_id": 2, "mails": ["bob@x.example"], "note": "bob b"}`, `{"_id": 3, "mails": ["ann@x.example"], "note": "ann c"}`, `{"_id": 4, "mails": ["ann@x.example"], "note": "ann d"}`)
	w.run(p)
	wants(t, "notes", notes(), "mails ann d", "mails bob a", "mails bob b")
	var why []string
	for _, l := range w.check(p, who) {
		why = append(why, fmt.Sprintf("%s %d", l.Why, l.Rows))
	}
	wants(t, "the check", why, fmt.Sprintf("%s 2", ChangedHands), fmt.Sprintf("%s 1", CameLater))
}
