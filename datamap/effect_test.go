package datamap

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shown is an effect as lines: the row, then each column.
func shownEffect(e Effect) []string {
	row := []string{"stays", "goes", "goes at last"}[e.Row]
	out := []string{fmt.Sprintf("row %s, untie %v, free text %s", row, e.Untie, accessWord(e.FreeText))}
	for _, c := range e.Columns {
		rule := c.Rule.String()
		if c.AtLast {
			rule += " at last"
		}
		out = append(out, fmt.Sprintf("%s: %s, %s", c.Column.Name, accessWord(c.Access), rule))
	}
	return out
}

func accessWord(a Access) string { return []string{"shown", "redacted", "withheld"}[a] }

func TestEffect(t *testing.T) {
	for _, c := range []struct {
		dir, table, link string
		way              Relation
		want             []string
	}{
		{"testdata/shop", "shop.customers", "itself", Owns, []string{"row stays, untie [], free text shown",
			"email: shown, mask(email)", "phone: shown, clear", `full_name: shown, mask("erased")`, "born: shown, mask(year)", "member_no: shown, mask(hash)"}},
		{"testdata/shop", "shop.customers", "invited_by", Mentions, []string{"row stays, untie [], free text withheld",
			"email: redacted, ", "phone: redacted, ", "full_name: redacted, ", "born: redacted, ", "member_no: redacted, "}},
		{"testdata/shop", "shop.addresses", "customers.home", Shares, []string{"row goes at last, untie [], free text shown",
			"street: shown, delete at last", "city: shown, delete at last"}},
		{"testdata/shop", "shop.messages", "sender", Shares, []string{"row goes at last, untie [sender_id], free text shown",
			"body: shown, clear", "sender_name: shown, clear", "recipient_name: redacted, "}},
		{"testdata/shop", "shop.messages", "recipient", Shares, []string{"row goes at last, untie [recipient_id], free text shown",
			"body: redacted, ", "sender_name: redacted, ", "recipient_name: shown, clear"}},
		{"testdata/shop", "shop.notes", "about_order", Owns, []string{"row goes, untie [], free text shown", "note: shown, delete"}},
		// What hangs on a shared row goes when the last of those who share that one leaves.
		{"testdata/shop", "shop.notes", "about_order", Shares, []string{"row goes at last, untie [], free text shown", "note: shown, delete at last"}},
		{"testdata/crm", "mail.campaigns", "owner", Mentions, []string{"row stays, untie [], free text withheld", "signature: shown, "}},
		{"testdata/crm", "crm.opportunities", "referrer", Mentions, []string{"row stays, untie [], free text withheld",
			"buyer_name: redacted, ", "referrer_name: shown, ", "budget: redacted, "}},
		{"testdata/shop", "shop.orders", "customer", Owns, []string{"row stays, untie [], free text shown",
			"invoice_name: shown, keep", "invoice_address: shown, keep", "total: shown, keep"}},
	} {
		l := load(t, c.dir).Table(c.table).Link(c.link)
		if l == nil {
			t.Fatalf("%s has no link %s", c.table, c.link)
		}
		if diff := cmp.Diff(c.want, shownEffect(l.Effect(c.way))); diff != "" {
			t.Errorf("%s by %s, %s: (-want +got)\n%s", c.table, c.link, c.way, diff)
		}
	}
}

// Whatever a person only finds mentioned is never changed through them, and what
// is another's is never shown or changed.
func TestEffectsKeepOthersSafe(t *testing.T) {
	seen := 0
	for _, dir := range examples {
		for _, table := range load(t, dir).Tables() {
			for _, l := range table.Links {
				for way := Owns; way <= Mentions; way++ {
					e := l.Effect(way)
					if e.Relation == Mentions && (e.Row != RowStays || len(e.Untie) > 0 || e.FreeText != Withheld) {
						t.Errorf("%s by %s changes a row that mentions the person", table.Path(), l.Name)
					}
					if e.Relation != Owns && e.Row == RowGoes {
						t.Errorf("%s by %s deletes a row that is not the person's alone", table.Path(), l.Name)
					}
					for _, c := range e.Columns {
						seen++
						if (c.Access != Shown || e.Relation == Mentions) && c.Rule.Kind != NoRule {
							t.Errorf("%s.%s by %s: another's column is changed", table.Path(), c.Column.Name, l.Name)
						}
					}
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d columns were looked at", seen)
	}
}
