package draft

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow/connect"
)

// A large schema comes back; what would take for ever is stopped
// by the test's own limit.
func TestLargeSchema(t *testing.T) {
	s := &connect.Schema{Within: "public"}
	for i := range 500 {
		table := connect.Table{Name: fmt.Sprintf("module_%c%d_orders", 'a'+i%26, i), Key: []string{"id"}}
		for k := range 12 {
			table.Columns = append(table.Columns, connect.Column{Name: fmt.Sprintf("customer%d_id", k), Kind: connect.Integer})
		}
		table.Columns = append(table.Columns, connect.Column{Name: "id", Kind: connect.Integer})
		if i > 0 {
			table.References = []connect.Reference{{Columns: []string{"customer1_id"}, Table: s.Tables[i-1].Name, To: []string{"id"}}}
		}
		s.Tables = append(s.Tables, table)
	}
	j, err := judge(t.Context(), s, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := newDrafter(testPolicy(t), Options{System: "large"}, j)
	d.relate()
	d.rules()
	if got := len(d.drafts); got != len(s.Tables) {
		t.Errorf("%d of %d tables were drafted", got, len(s.Tables))
	}
}

// Thousands of tables, each with columns that may point at any other, come back too.
func TestThousandsOfTables(t *testing.T) {
	words := []string{"ledger", "parcel", "harbour", "tunnel", "orchard", "lantern", "copper", "meadow", "anchor", "timber"}
	s := &connect.Schema{Within: "public"}
	for i := range 3000 {
		name := fmt.Sprintf("%s_%s_%s%c", words[i%10], words[i/10%10], words[i/100%10], 'a'+i/1000)
		table := connect.Table{Name: name, Key: []string{"id"}, Columns: []connect.Column{{Name: "id", Kind: connect.Integer}}}
		for k := range 10 {
			table.Columns = append(table.Columns, connect.Column{Name: words[(i+k)%10] + "_" + words[(i/10+k)%10] + "_id", Kind: connect.Integer, Nullable: true})
			table.Columns = append(table.Columns, connect.Column{Name: "remark_" + words[k], Kind: connect.TextKind})
		}
		s.Tables = append(s.Tables, table)
	}
	j, err := judge(t.Context(), s, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := newDrafter(testPolicy(t), Options{System: "large"}, j)
	d.relate()
	d.rules()
	if got := len(d.drafts); got != len(s.Tables) {
		t.Errorf("%d of %d tables were drafted", got, len(s.Tables))
	}
}

// A table whose only column names nothing, and one without columns, are judged too.
func TestOddTables(t *testing.T) {
	s := &connect.Schema{Tables: []connect.Table{{Name: ""}, {Name: "_"}, {Name: "ÄÖÜ", Columns: []connect.Column{{Name: ""}, {Name: "__"}, {Name: "名前"}}}, {Name: "a.b.c", Columns: []connect.Column{{Name: "x", Kind: connect.JSON}}}}}
	j, err := judge(t.Context(), s, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range j.tables {
		for _, c := range table.columns {
			if c.finding.Sure > Not {
				t.Errorf("%q of %q is said to be %s", c.Name, table.Name, c.finding.What)
			}
		}
	}
}
