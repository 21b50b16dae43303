package plan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
	"github.com/google/go-cmp/cmp"
)

// everyValue has one value of every kind a source gives.
var everyValue = connect.Tuple{nil, true, false, int64(-42), 2.5, connect.Decimal("5.9"), "Zoë", []byte{0, 255}, connect.Date("2026-11-22"),
	time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC), map[string]any{"a": []any{"b"}}}

func TestPack(t *testing.T) {
	p := pack(len(everyValue), []connect.Tuple{everyValue, everyValue})
	if diff := cmp.Diff([]connect.Tuple{everyValue, everyValue}, p.all()); diff != "" {
		t.Error(diff)
	}
	n := 0
	p.raw(func(b []byte) {
		n++
		if !bytes.Equal(b, appendTuple(nil, everyValue)) {
			t.Error("a packed tuple has other bytes than itself")
		}
	})
	if n != 2 {
		t.Errorf("%d tuples", n)
	}
	if size := len(pack(1, []connect.Tuple{{int64(123_456)}}).bytes); size > 4 {
		t.Errorf("a small number takes %d bytes", size)
	}
}

// samplePlan has something of everything a plan may hold.
func samplePlan() *Plan {
	when := &connect.Cond{Op: connect.And, Of: []connect.Cond{
		{Op: connect.IsEmpty, Column: "a"},
		{Op: connect.Not, Of: []connect.Cond{{Op: connect.OneOf, Column: "b", Values: []any{int64(1), "x"}}}},
	}}
	keys := pack(2, []connect.Tuple{{int64(1), "a"}, {int64(2), "b"}})
	seed := seedOf("case")
	groups := []*Group{
		{Table: "t", Key: []string{"id", "line"}, Rows: 2, Owned: true, change: connect.Update, keys: keys,
			Lines:  []Line{{Columns: []string{"a"}, Action: Mask, How: "hash", Reason: "r", Refused: "x", Instead: "y"}, {Columns: []string{"k"}, Action: Keep, Until: "u", days: []int32{20000, 0}}},
			sets:   []set{{column: "a", mask: &mask{way: "hash", kind: connect.TextKind, length: 9, unique: true}}, {column: "b"}, {column: "c", to: "v"}, {column: "d", each: pack(1, []connect.Tuple{{connect.Date("1984-01-01")}, {nil}})}},
			guards: []guard{{[]string{"owner"}, pack(1, []connect.Tuple{{int64(7)}})}}, when: when,
			unless:  []connect.Exists{{Table: "o", Columns: []string{"x"}, Of: []string{"id"}, When: when, Key: []string{"id"}, But: []connect.Tuple{{int64(3)}}}},
			element: []connect.In{{Columns: []string{"l[]"}, Tuples: []connect.Tuple{{"v"}}, Compare: connect.Email}}},
		{Table: "t", Key: []string{"id", "line"}, Rows: 2, change: connect.Delete, keys: keys, silent: true},
		{Table: "n", Rows: 3, Lines: []Line{{Action: Read, Reason: "m"}}},
	}
	o := Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Holds: []Hold{{Person: 0, Because: "A claim.", Data: []string{"contact"}}}, seed: seed}
	return &Plan{For: Erasure, At: o.Now, Systems: []*SystemPlan{{System: "shop", Groups: groups, seed: seed}, {System: "crm", Away: "away", seed: seed}}, options: o}
}

// What was captured is what is run.
func TestEncode(t *testing.T) {
	p := samplePlan()
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Systems {
		want, _ := p.Systems[i].changes()
		got, _ := back.Systems[i].changes()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(p.Entries(true), back.Entries(true)); diff != "" {
		t.Error(diff)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("encoded again it is another (%v)", err)
	}
}

// A captured plan of a million rows is a few bytes a row.
func TestEncodeIsCompact(t *testing.T) {
	const rows = 100_000
	g := &Group{Table: "orders", Key: []string{"id"}, Rows: rows, change: connect.Delete, keys: packed{width: 1}}
	for i := range rows {
		g.keys.add(connect.Tuple{int64(i + 5_000_000)})
	}
	text, err := (&Plan{For: Erasure, Systems: []*SystemPlan{{System: "shop", Groups: []*Group{g}}}}).Encode()
	if err != nil || len(text) > 8*rows {
		t.Errorf("%d bytes for %d rows (%v)", len(text), rows, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	text, err := samplePlan().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "another version": append([]byte{2}, text[1:]...), "cut": text[:len(text)/2], "no plan": []byte("\x01{}"),
	} {
		if _, err := Decode(bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	// Each of these would change rows the plan does not name, or none.
	for name, change := range map[string]func(g map[string]any){
		"more rows than keys":   func(g map[string]any) { g["rows"] = 3 },
		"no key":                func(g map[string]any) { g["key"] = nil },
		"another kind":          func(g map[string]any) { g["change"] = "truncate" },
		"an update of nothing":  func(g map[string]any) { g["sets"] = nil },
		"a key that is changed": func(g map[string]any) { g["sets"].([]any)[0].(map[string]any)["column"] = "id" },
		"a condition of nothing": func(g map[string]any) {
			g["when"] = map[string]any{"op": "and"}
		},
		"a guard without values": func(g map[string]any) { g["guards"].([]any)[0].(map[string]any)["columns"] = []string{"a", "b"} },
	} {
		var form map[string]any
		if err := json.Unmarshal(text[1:], &form); err != nil {
			t.Fatal(err)
		}
		change(form["systems"].([]any)[0].(map[string]any)["groups"].([]any)[0].(map[string]any))
		bad, err := json.Marshal(form)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(append([]byte{formVersion}, bad...)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	text, err := samplePlan().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte{formVersion})
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Decode(text)
		if err != nil {
			return
		}
		for _, s := range p.Systems {
			s.changes()
		}
		p.Entries(true)
		again, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(again); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}

func TestUntil(t *testing.T) {
	day := func(s string) time.Time { out, _ := time.Parse(time.DateOnly, s); return out }
	for _, c := range []struct{ from, period, want string }{
		{"2024-02-29", "1 years", "2025-02-28"},
		{"2024-01-31", "1 months", "2024-02-29"},
		{"2023-01-31", "1 months", "2023-02-28"},
		{"2024-03-30", "7 years", "2031-03-30"},
		{"2024-12-31", "30 days", "2025-01-30"},
		{"2024-12-31", "2 weeks", "2025-01-14"},
	} {
		if got := after(day(c.from), period(c.period)).Format(time.DateOnly); got != c.want {
			t.Errorf("%s after %s: %s, want %s", c.period, c.from, got, c.want)
		}
	}
	if (end{}).dayOf("nonsense") != 0 || dayText((end{period: period("0 days")}).dayOf(connect.Date("2026-11-22"))) != "2026-11-22" {
		t.Error("a day is not the day")
	}
}

func period(s string) policy.Period {
	n, unit, _ := strings.Cut(s, " ")
	count, _ := strconv.Atoi(n)
	return policy.Period{N: count, Unit: policy.Unit(unit)}
}
