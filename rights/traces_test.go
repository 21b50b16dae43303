package rights_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// raw opens the file of the subjects' keys beside the vault; nil on PostgreSQL, which
// has them in a table.
func (h *house) raw() *sql.DB {
	h.t.Helper()
	if h.DB.Kind() == store.PostgreSQL {
		return nil
	}
	db, err := sql.Open("sqlite", filepath.Join(h.Dir, "keys.db")+"?_pragma=busy_timeout(5000)")
	h.Check(err)
	h.t.Cleanup(func() { db.Close() })
	return db
}

var tablesOf = map[store.Kind]string{
	store.SQLite:     `SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
	store.PostgreSQL: `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`,
}

// dump is every cell of every table, joined by table.
func (h *house) dump() map[string][]byte {
	h.t.Helper()
	all := map[string][]byte{}
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		columns := map[string][]string{}
		err := store.Each(tx, func(r *store.Rows) error {
			var table, column string
			err := r.Scan(&table, &column)
			columns[table] = append(columns[table], column)
			return err
		}, tablesOf[h.DB.Kind()])
		if err != nil {
			return err
		}
		for table, list := range columns {
			err := store.Each(tx, func(r *store.Rows) error {
				cells := make([]any, len(list))
				for i := range cells {
					cells[i] = new(any)
				}
				err := r.Scan(cells...)
				for _, c := range cells {
					all[table] = append(all[table], cell(*c.(*any))...)
				}
				return err
			}, "SELECT "+strings.Join(list, ", ")+" FROM "+table)
			if err != nil {
				return err
			}
		}
		return nil
	}))
	return all
}

func cell(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte{0}
	case []byte:
		return append(v, 0)
	}
	return fmt.Appendf(nil, "%v\x00", v)
}

// tablesWith names the tables in which a text or an id stands.
func (h *house) tablesWith(what []byte) []string {
	h.t.Helper()
	var names []string
	for table, cells := range h.dump() {
		if bytes.Contains(cells, what) {
			names = append(names, table)
		}
	}
	slices.Sort(names)
	return names
}

// openKeys counts the keys that have not been destroyed, of some people.
func (h *house) openKeys(ids []avow.ID) (n int) {
	h.t.Helper()
	const query = "SELECT count(*) FROM vault_keys WHERE subject = ? AND wrapped IS NOT NULL"
	for _, id := range ids {
		var one int
		if raw := h.raw(); raw != nil {
			h.Check(raw.QueryRow(query, id[:]).Scan(&one))
		} else {
			h.Check(h.DB.Read(bg, func(tx *store.Tx) error { return tx.QueryRow(query, id).Scan(&one) }))
		}
		n += one
	}
	return n
}

func (h *house) family(who avow.ID) (ids []avow.ID) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) (err error) {
		ids, err = h.Vault.Family(tx, who)
		return err
	}))
	return ids
}

// Somebody with an id of old, things said, sessions and a link on its way is in most
// tables before, and afterwards in none but the log and the list of destroyed keys.
func TestNothingIsLeft(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.enter(ann)
		h.submit("contact", nil, "contact.email", "Ann@MAIL.example", "contact.name", "Ann Elsewhere", "messages.text", "And the red one?")
		s := h.enter(ann) // what came in under her address is hers: the first id and the second are one person
		h.submit("newsletter", []string{"panel"}, "contact.email", ann, "contact.name", "Ann Once More")
		h.ask(ann)
		who, err := h.desk.Who(bg, s)
		h.Check(err)
		ids := h.family(who)
		for _, f := range h.Found(ann) {
			if f.Subject != who {
				ids = append(ids, f.Subject) // claimed since she came in
			}
		}
		if len(ids) != 3 || h.openKeys(ids) != 3 {
			t.Fatalf("%d ids, %d keys", len(ids), h.openKeys(ids))
		}
		for _, table := range []string{"vault_subjects", "vault_values", "vault_identities", "vault_aliases", "vault_links", "rights_sessions", "consent_subjects", "ledger_events"} {
			if list := h.tablesWith(ids[0][:]); !slices.Contains(list, table) {
				t.Errorf("before, she is in %v, which lacks %s: this test would see nothing", list, table)
			}
		}
		bobs := h.see(h.enter(bob))

		done, err := h.desk.Erase(bg, s)
		if err != nil || !done.Complete || done.Identities != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
		for _, id := range ids {
			for _, table := range h.tablesWith(id[:]) {
				if table != "ledger_events" && table != "vault_keys" {
					t.Errorf("%s still names her", table)
				}
			}
		}
		if n := h.openKeys(ids); n != 0 {
			t.Errorf("%d of her keys are left", n)
		}
		for _, word := range []string{ann, "Ann@MAIL", "Ann Visitor", "Ann Elsewhere", "Ann Once More", "+442079460018", "blue boat", s} {
			if list := h.tablesWith([]byte(word)); len(list) > 0 {
				t.Errorf("%q can be read in %v", word, list)
			}
		}
		if again := h.see(h.enter(bob)); asJSON(t, again.Categories) != asJSON(t, bobs.Categories) || asJSON(t, again.Identities) != asJSON(t, bobs.Identities) {
			t.Error("somebody else's data changed")
		}
	})
}

// What must be kept stays to the letter, and nothing else does.
func TestExactlyThatIsKept(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.submit("purchase", nil, "contact.name", "Ann Buyer", "contact.email", ann, "contact.address", "1 Quay Street", "card.last-digits", "1234")
		s := h.enter(ann)
		before := h.see(s)
		link := h.ask(ann)
		done, err := h.desk.Erase(bg, s)
		h.Check(err)
		if len(before.MustKeep) != 1 || asJSON(t, before.MustKeep) != asJSON(t, done.Kept) || done.Kept[0].Values != 2 || done.Kept[0].For[0] != "Keep accounts" {
			t.Errorf("announced %+v, kept %+v", before.MustKeep, done.Kept)
		}
		if _, err := h.desk.Enter(bg, link); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a link from before still works: %v", err)
		}
		after := h.see(h.enter(ann))
		var left []string
		for _, c := range after.Categories {
			for _, v := range c.Values {
				left = append(left, c.Name+"."+v.Field+"="+v.Value)
				if len(v.Purposes) != 1 || v.Purposes[0].Name != "accounts" {
					t.Errorf("%s is there for %+v", v.Field, v.Purposes)
				}
				if !strings.Contains(asJSON(t, before.Categories), v.ID.String()) {
					t.Errorf("%s is not the value that was there", v.Field)
				}
			}
		}
		if got := strings.Join(left, ", "); got != "contact.address=1 Quay Street, contact.name=Ann Buyer" {
			t.Errorf("left: %s", got)
		}
		for _, c := range after.Choices {
			if c.State == "given" || c.State == "unconfirmed" {
				t.Errorf("a consent goes on: %+v", c)
			}
		}
		if n := h.openKeys([]avow.ID{after.Subject}); n != 1 {
			t.Errorf("%d keys", n)
		}
	})
}

// What a law keeps under a rule that names no purpose is there for that law alone too.
func TestKeptForNothingElse(t *testing.T) {
	each(t, func(h *house) {
		_, err := h.Register.Publish(bg, "shop.yaml", []byte(strings.Replace(shop, "RULES", "  contact: {until: 2 years after collection, then: erase}\n  orders: {until: 7 years after purchase, then: erase}", 1)))
		h.Check(err)
		h.people()
		s := h.enter(ann)
		who, err := h.desk.Who(bg, s)
		h.Check(err)
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
			_, err := h.Vault.Put(tx, vault.Value{Subject: who, Category: "orders", Field: "items", Source: "you", Point: "order", Policy: "shop", Version: 1,
				Purposes: []string{"accounts", "study"}, Data: "An anchor"})
			if err != nil {
				return err
			}
			return h.Register.Renew(tx, who, nil)
		}))
		for _, purpose := range []string{"accounts", "study"} {
			if d := h.decideUnder("shop", who, purpose, "orders.items"); !d.Allowed {
				t.Errorf("before, %s: %v", purpose, d.Reason)
			}
		}
		done, err := h.desk.Erase(bg, s)
		if err != nil || len(done.Kept) != 1 || done.Kept[0].Fields[0] != "orders.items" || done.Kept[0].Because != "The law has us." {
			t.Errorf("%+v, %v", done, err)
		}
		if d := h.decideUnder("shop", who, "accounts", "orders.items"); !d.Allowed {
			t.Errorf("afterwards, accounts: %v", d.Reason)
		}
		if d := h.decideUnder("shop", who, "study", "orders.items"); d.Reason != gate.KeptForOthers {
			t.Errorf("afterwards, study: %v", d.Reason)
		}
	})
}
