package mongo_test

import (
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
)

func keyed(kind connect.ChangeKind, ids ...any) connect.Change {
	c := connect.Change{Kind: kind, Table: "people", Key: []string{"_id"}}
	for _, id := range ids {
		c.Keys = append(c.Keys, connect.Tuple{id})
	}
	return c
}

func update(sets []connect.Set, ids ...any) connect.Change {
	c := keyed(connect.Update, ids...)
	c.Set = sets
	return c
}

func set(column string, to any) connect.Set { return connect.Set{Column: column, To: to} }

// Each change is done twice: the second time nothing is different.
func TestChange(t *testing.T) {
	const before = `{"_id": 1, "email": "ann@harbour.example", "n": 7, "at": {"$date": "2026-01-01T00:00:00Z"}, "profile": {"phone": "1", "city": "Y"}, "phones": ["1", "2", "1"],` +
		` "orders": [{"sku": "a", "for": "ann", "to": {"street": "x"}}, {"sku": "b", "for": "bob", "to": {"street": "y"}}],` +
		` "trips": [{"id": 5, "who": [{"n": "ann", "age": 1}, {"n": "bob", "age": 2}]}]}`
	with := func(c connect.Change, f func(*connect.Change)) connect.Change { f(&c); return c }
	for name, c := range map[string]struct {
		change  connect.Change
		changed int64
		old     string // the part of the document
		now     string // that is this afterwards
	}{
		"delete":         {keyed(connect.Delete, 1, 2), 1, before, ""},
		"delete nobody":  {keyed(connect.Delete, 3, "x"), 0, "", ""},
		"clear":          {update([]connect.Set{set("email", nil)}, 1), 1, `"email": "ann@harbour.example", `, ""},
		"clear below":    {update([]connect.Set{set("profile.phone", nil)}, "1"), 1, `{"phone": "1", "city": "Y"}`, `{"city": "Y"}`},
		"clear nothing":  {update([]connect.Set{set("absent", nil), set("profile.x.y", nil)}, 1), 0, "", ""},
		"set":            {update([]connect.Set{set("email", "x")}, 1), 1, `"ann@harbour.example"`, `"x"`},
		"number stays":   {update([]connect.Set{set("n", "8")}, 1), 1, `"n": 7`, `"n": 8`},
		"moment stays":   {update([]connect.Set{set("at", connect.Date("2027-01-01"))}, 1), 1, `2026-01-01`, `2027-01-01`},
		"a new field":    {update([]connect.Set{set("profile.kept", true)}, 1), 1, `"city": "Y"}`, `"city": "Y", "kept": true}`},
		"two new fields": {update([]connect.Set{set("a.b", "1"), set("a.c", int64(2))}, 1), 1, `"age": 2}]}]}`, `"age": 2}]}], "a": {"b": "1", "c": 2}}`},
		"each its own":   {with(update([]connect.Set{{Column: "email", Each: []any{"no", "yes"}}}, 9, 1), func(*connect.Change) {}), 1, `"ann@harbour.example"`, `"yes"`},
		"a whole list":   {update([]connect.Set{set("phones", nil)}, 1), 1, `"phones": ["1", "2", "1"], `, ``},
		"every element":  {update([]connect.Set{set("phones[]", nil)}, 1), 1, `["1", "2", "1"]`, `[]`},
		"elements removed": {with(update([]connect.Set{set("phones[]", nil)}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in("", "phones[]", "1")}
		}), 1, `["1", "2", "1"]`, `["2"]`},
		"elements masked": {with(update([]connect.Set{set("phones[]", "-")}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in("", "phones[]", "2")}
		}), 1, `["1", "2", "1"]`, `["1", "-", "1"]`},
		"fields of a person's elements, the one that says whose they are too": {with(update([]connect.Set{set("orders[].for", nil), set("orders[].to.street", "-"), set("orders[].sku", nil)}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in("", "orders[].for", "ann")}
		}), 1, `{"sku": "a", "for": "ann", "to": {"street": "x"}}`, `{"to": {"street": "-"}}`},
		"a person's elements": {with(update([]connect.Set{set("orders[]", nil)}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in(connect.IgnoreCase, "orders[].for", " BOB")}
		}), 1, `, {"sku": "b", "for": "bob", "to": {"street": "y"}}`, ``},
		"an element by two fields": {with(update([]connect.Set{set("orders[].sku", "-")}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{{Columns: []string{"orders[].sku", "orders[].for"}, Tuples: []connect.Tuple{{"a", "bob"}, {"b", "bob"}}}}
		}), 1, `"sku": "b"`, `"sku": "-"`},
		"a list in a list": {with(update([]connect.Set{set("trips[].who[].age", nil)}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in("", "trips[].who[].n", "bob")}
		}), 1, `, "age": 2`, ``},
		"all inside an element": {with(update([]connect.Set{set("trips[].who[].age", nil)}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in("", "trips[].id", int64(5))}
		}), 1, `[{"n": "ann", "age": 1}, {"n": "bob", "age": 2}]`, `[{"n": "ann"}, {"n": "bob"}]`},
		"another list is left": {with(update([]connect.Set{set("phones[]", nil)}, 1), func(c *connect.Change) {
			c.Elements = []connect.In{in("", "orders[].for", "ann")}
		}), 0, "", ""},
		"guard holds": {with(update([]connect.Set{set("n", nil)}, 1), func(c *connect.Change) {
			c.Guard = []connect.In{in(connect.Email, "email", "ANN@harbour.example"), in("", "orders[].for", "bob")}
		}), 1, `"n": 7, `, ``},
		"guard fails": {with(keyed(connect.Delete, 1), func(c *connect.Change) { c.Guard = []connect.In{in("", "email", "bob@harbour.example")} }), 0, "", ""},
		"when fails": {with(keyed(connect.Delete, 1), func(c *connect.Change) {
			c.When = &connect.Cond{Op: connect.More, Column: "n", Values: []any{int64(7)}}
		}), 0, "", ""},
		"unless there is another": {with(keyed(connect.Delete, 1), func(c *connect.Change) {
			c.Unless = []connect.Exists{{Table: "visits", Columns: []string{"person"}, Of: []string{"_id"}, Key: []string{"_id"}, But: []connect.Tuple{{"v1"}}}}
		}), 0, "", ""},
		"unless there are only these": {with(keyed(connect.Delete, 1), func(c *connect.Change) {
			c.Unless = []connect.Exists{{Table: "visits", Columns: []string{"person"}, Of: []string{"_id"}, Key: []string{"_id"}, But: []connect.Tuple{{"v1"}, {"v2"}}}}
		}), 1, before, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, db := open(t)
			mongotest.Insert(t, db, "people", before, `{"_id": 4, "email": "dee@harbour.example", "phones": ["1"], "orders": [{"for": "ann"}]}`)
			mongotest.Insert(t, db, "visits", `{"_id": "v1", "person": 1}`, `{"_id": "v2", "person": 1}`)
			was := mongotest.Dump(t, db, "people")
			old, now := pack(c.old), pack(c.now)
			if !strings.Contains(pack(was), old) {
				t.Fatalf("%s is not in %s", old, was)
			}
			want := strings.TrimSpace(strings.Replace(pack(was), old, now, 1))
			for again := range 2 {
				result, err := s.Change(t.Context(), []connect.Change{c.change})
				if err != nil {
					t.Fatal(err)
				}
				if again == 0 && result[0].Changed != c.changed || again == 1 && result[0].Changed != 0 {
					t.Errorf("time %d: %d were changed", again+1, result[0].Changed)
				}
				if got := strings.TrimSpace(pack(mongotest.Dump(t, db, "people"))); got != want {
					t.Errorf("time %d:\ngot  %s\nwant %s", again+1, got, want)
				}
			}
		})
	}
}

// pack takes out the space that extended JSON may have.
func pack(text string) string {
	return strings.NewReplacer(`": `, `":`, `, `, `,`).Replace(text)
}

// Many documents are changed in more than one command, and each gets its own value.
func TestChangeMany(t *testing.T) {
	s, db := open(t)
	const all = 1200
	var docs []string
	var ids []any
	for i := range all {
		docs = append(docs, `{"_id": `+connect.Text(int64(i))+`, "email": "x", "n": `+connect.Text(int64(i%2))+`}`)
		ids = append(ids, int64(all-1-i))
	}
	mongotest.Insert(t, db, "people", docs...)
	same := update([]connect.Set{set("email", nil)}, ids...)
	same.Guard = []connect.In{in("", "n", 1, 0)}
	own := update([]connect.Set{{Column: "email"}}, ids[:40]...)
	for _, id := range ids[:40] {
		own.Set[0].Each = append(own.Set[0].Each, "p"+connect.Text(id))
	}
	result, err := s.Change(t.Context(), []connect.Change{same, own, keyed(connect.Delete, ids[600:]...)})
	if err != nil || result[0].Changed != all || result[1].Changed != 40 || result[2].Changed != 600 {
		t.Fatal(result, err)
	}
	n, named := 0, 0
	for _, row := range rows(t, s, connect.Read{Table: "people", Columns: []string{"_id", "email"}}) {
		n++
		switch row[1] {
		case "p" + connect.Text(row[0]):
			named++
		case nil:
		default:
			t.Fatalf("%v has the value of another", row[0])
		}
	}
	if n != 600 || named != 40 {
		t.Errorf("%d rows, %d with a value of their own", n, named)
	}
}

func TestChangeErrors(t *testing.T) {
	s, db := open(t)
	mongotest.Insert(t, db, "people", `{"_id": 1, "u": "ann"}`, `{"_id": 2, "u": "bob"}`)
	mongotest.Unique(t, db, "people", "u")
	was := mongotest.Dump(t, db, "people")
	for name, c := range map[string]struct {
		change connect.Change
		kind   avow.ErrorKind
	}{
		"no collection": {connect.Change{Kind: connect.Delete, Table: "nobody", Key: []string{"_id"}, Keys: []connect.Tuple{{1}}}, avow.NotFound},
		"the key":       {update([]connect.Set{set("_id", 5)}, 1), avow.Invalid},
		"an operator":   {update([]connect.Set{set("$where", 5)}, 1), avow.Invalid},
		"positional":    {update([]connect.Set{set("a.$[].b", 5)}, 1), avow.Invalid},
		"no key":        {connect.Change{Kind: connect.Delete, Table: "people", Keys: []connect.Tuple{{1}}}, avow.Invalid},
		"no kind":       {connect.Change{Kind: "drop", Table: "people", Key: []string{"_id"}, Keys: []connect.Tuple{{1}}}, avow.Invalid},
		"unique":        {update([]connect.Set{set("u", "bob")}, 1), avow.Conflict},
	} {
		_, err := s.Change(t.Context(), []connect.Change{c.change})
		if avow.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "bob") {
			t.Errorf("%s: a value stands in the error: %v", name, err)
		}
	}
	if now := mongotest.Dump(t, db, "people"); now != was {
		t.Errorf("something was changed: %s", now)
	}
}

func TestReadOnly(t *testing.T) {
	uri := mongotest.Database(t)
	s, err := mongo.Open(t.Context(), connect.Config{System: "shop", Secret: uri, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Change(t.Context(), []connect.Change{keyed(connect.Delete, 1)}); avow.KindOf(err) != avow.Forbidden {
		t.Error(err)
	}
}

func TestShow(t *testing.T) {
	s, _ := open(t)
	c := update([]connect.Set{set("email", nil), set("orders[].sku", "-"), set("phones[]", nil)}, 1, 2)
	c.Guard = []connect.In{in(connect.Email, "email", "ann@harbour.example")}
	c.Elements = []connect.In{in("", "orders[].for", "ann")}
	shown, err := s.Show([]connect.Change{c, keyed(connect.Delete, 1)})
	if err != nil {
		t.Fatal(err)
	}
	const want = `people.updateMany({"_id": {$in: [?1, ?2]}, "email": {$in: [?3]} by email}, {$set: {"orders.$[element].sku": ?4}, $unset: {"email": ""}, $pull: {"phones": element}}, {arrayFilters: [{"orders.for": {$in: [?5]}}]})`
	if shown[0].Text != want || len(shown[0].Values) != 5 || shown[0].Cut != 0 {
		t.Errorf("%+v", shown[0])
	}
	if shown[1].Text != `people.deleteMany({"_id": {$in: [?1]}})` {
		t.Errorf("%+v", shown[1])
	}
}
