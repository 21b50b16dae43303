package find

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
)

type doc = map[string]any

// documents is a search in a database of documents.
func documents(t *testing.T, collections map[string][]any) *Search {
	t.Helper()
	uri := mongotest.Database(t)
	db := mongotest.Client(t, uri)
	for name, docs := range collections {
		if _, err := db.Collection(name).InsertMany(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	source, err := mongo.Open(t.Context(), connect.Config{System: "crm", Kind: "mongodb", Secret: uri, Region: "GB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	m := mapOf(t, map[string]string{"crm.yaml": `
system: crm
kind: mongodb
credentials: env:X
collections:
  contacts:
    identities: {email: email, "profile.phones[]": {kind: phone, compare: phone}}
    relation: owns
    erase: delete
    columns: {email: contact.email, profile.name: contact.name, "profile.phones[]": contact.phone}
  meetings:
    references: {guests: {columns: "guests[].contact", to: contacts._id}}
    relation: {guests: shares}
    of: everyone
    erase: clear
    columns: {place: contact.address, "guests[].name": {is: contact.name, of: guests}}
`})
	return searchIn(t, m, Sources{"crm": source}, Options{})
}

// Of a list in a document only what matched is shown: the elements beside it are other
// people. What is found by something outside the list is shown whole.
func TestListsInDocuments(t *testing.T) {
	s := documents(t, map[string][]any{
		"contacts": {
			doc{"_id": "c1", "email": "ann@x.example", "profile": doc{"name": "Ann", "phones": []any{"020 7946 0001", "020 7946 0009"}}},
			doc{"_id": "c2", "profile": doc{"name": "The house", "phones": []any{"+44 20 7946 0001", "020 7946 0002"}}},
			doc{"_id": "c3", "email": "bob@x.example", "profile": doc{"name": "Bob", "phones": []any{"020 7946 0003"}}},
			doc{"_id": "c4", "email": "bob@x.example", "profile": doc{"name": "Bob", "phones": []any{"020 7946 0001"}}},
		},
		"meetings": {
			doc{"_id": "m1", "place": "Quay", "guests": []any{doc{"contact": "c3", "name": "Bob"}, doc{"contact": "c1", "name": "Ann"}, doc{"name": "a stranger"}}},
			doc{"_id": "m2", "place": "Pier", "guests": []any{doc{"contact": "c2", "name": "Ann"}}},
			doc{"_id": "m3", "place": "Dock", "guests": []any{doc{"contact": "c3", "name": "Bob"}}},
		},
	})
	f := find(t, s, Person{[]Identity{{"email", "ann@x.example"}, {"phone", "020 7946 0001"}}})
	same(t, "contacts", []string{"c1 itself owns 0 last", "c2 itself owns 0 last"}, tiesOf(t, f, s.Graph.Map, "crm.contacts"))
	same(t, "conflicts", []string{"contacts c4 person 0, itself: other identity"}, conflictLines(f))
	same(t, "meetings", []string{"m1 guests shares 0", "m2 guests shares 0 last"}, tiesOf(t, f, s.Graph.Map, "crm.meetings"))
	for _, o := range []Options{s.Options, {Region: "GB", ToShow: true}} {
		s := New(s.Graph, s.Sources, s.Schemas, o)
		shown := map[string]any{}
		for _, r := range records(t, s, find(t, s, f.People...), 0) {
			for _, c := range r.Cells {
				shown[keyText(r.Key)+" "+c.Name] = fmt.Sprint(c.Value)
			}
		}
		for cell, want := range map[string]string{
			"c1 profile.phones[]": "[020 7946 0001 020 7946 0009]", // found by its address too
			"c2 profile.phones[]": "[+44 20 7946 0001]",
			"m1 guests[].name":    "[Ann]",
			"m1 guests[].contact": "[c1]",
			"m1 place":            "Quay",
			"m2 guests[].name":    "[Ann]",
		} {
			if shown[cell] != want {
				t.Errorf("%s is %v, should be %s", cell, shown[cell], want)
			}
		}
	}
}
