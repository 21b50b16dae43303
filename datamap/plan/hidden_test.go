package plan

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/connect/connecttest"
)

// Rows that the database hides from the login look as if they were not there: the plan is
// partial, and the sweep says that the table was not searched, unless nothing is hidden.
func TestHiddenRows(t *testing.T) {
	const role = "avow_sees_some_rows"
	owner := connecttest.PostgreSQL(t)
	connecttest.Exec(t, owner, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { connecttest.Exec(t, owner, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	connecttest.Exec(t, owner, "CREATE TABLE customer (id int PRIMARY KEY, email text)", "INSERT INTO customer VALUES (1, 'ann@x.example'), (2, 'ann@x.example')",
		"GRANT ALL ON customer TO "+role, "ALTER TABLE customer ENABLE ROW LEVEL SECURITY", "CREATE POLICY part ON customer USING (id = 1)")
	c := owner
	c.Secret = strings.Replace(c.Secret, "avow@", role+"@", 1)
	who := people("email=ann@x.example")
	for _, all := range []bool{false, true} {
		if all {
			connecttest.Exec(t, owner, "CREATE POLICY every ON customer TO "+role+" USING (true)")
		}
		w := sqlWorld(t, c, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
`)
		want := []string{"customer: delete email, 1", "customer: read , 0, refused: there may be more rows: "}
		if all {
			want = []string{"customer: delete email, 2"}
		}
		p := w.plan(who)
		got := said(p)
		for i, each := range got {
			got[i], _, _ = strings.Cut(each, "row security is on")
		}
		wants(t, "plan", got, want...)
		if p.Partial() == all {
			t.Errorf("partial is %v", p.Partial())
		}
		swept, err := Sweep(t.Context(), w.search(), who, p)
		if err != nil {
			t.Fatal(err)
		}
		if (len(swept.Unread) == 0) != all || !all && !strings.Contains(swept.Unread[0].Why, "BYPASSRLS") {
			t.Errorf("not swept: %+v", swept.Unread)
		}
	}
}

// Rows that the login sees and may not change, or delete, by policies of their own, are found in
// the plan: what else can be done is done, and what cannot is said to stay.
func TestRowsThatPoliciesWithhold(t *testing.T) {
	const role = "avow_changes_some_rows"
	for name, c := range map[string]struct {
		policies []string
		want     []string
		rows     []string
	}{
		"not to be deleted": {
			[]string{"CREATE POLICY goes ON customer FOR DELETE USING (NOT kept)", "CREATE POLICY becomes ON customer FOR UPDATE USING (true)"},
			[]string{"customer: clear email name note, 1, refused: delete: the row security of the table refuses it, instead: clear", "customer: delete email name, 1"},
			[]string{"2|||", "3|bob@x.example|Bob|b"}},
		"none to be deleted": {
			[]string{"CREATE POLICY becomes ON customer FOR UPDATE USING (true)"},
			[]string{"customer: clear email name note, 2, refused: delete: the row security of the table refuses it, instead: clear"},
			[]string{"1|||", "2|||", "3|bob@x.example|Bob|b"}},
		"nor to be changed": {
			[]string{"CREATE POLICY goes ON customer FOR DELETE USING (NOT kept)", "CREATE POLICY becomes ON customer FOR UPDATE USING (NOT kept)"},
			[]string{"customer: delete email name, 1",
				"customer: keep email name note, 1, refused: delete: the row security of the table refuses it; clear: the row security of the table refuses it, instead: left"},
			[]string{"2|ann@x.example|Ann|n", "3|bob@x.example|Bob|b"}},
		"only to become something else": {
			[]string{"CREATE POLICY goes ON customer FOR DELETE USING (NOT kept)", "CREATE POLICY becomes ON customer FOR UPDATE USING (true) WITH CHECK (name IS NOT NULL)"},
			[]string{"customer: clear email note, 1, refused: delete: the row security of the table refuses it, instead: clear", "customer: delete email name, 1",
				"customer: mask(blank) name, 1, refused: delete: the row security of the table refuses it; clear: the row security of the table refuses it, instead: mask(blank)"},
			[]string{"2|||", "3|bob@x.example|Bob|b"}},
		"by a policy that narrows": {
			[]string{"CREATE POLICY all_of_it ON customer USING (true)", "CREATE POLICY goes ON customer AS RESTRICTIVE FOR DELETE USING (NOT kept)"},
			[]string{"customer: clear email name note, 1, refused: delete: the row security of the table refuses it, instead: clear", "customer: delete email name, 1"},
			[]string{"2|||", "3|bob@x.example|Bob|b"}},
		"only from being written": {
			[]string{"DROP POLICY sees ON customer", "CREATE POLICY all_of_it ON customer USING (true) WITH CHECK (name IS NOT NULL)"},
			[]string{"customer: delete email name, 2"},
			[]string{"3|bob@x.example|Bob|b"}},
		"nothing withheld": {
			[]string{"CREATE POLICY all_of_it ON customer USING (true)"},
			[]string{"customer: delete email name, 2"},
			[]string{"3|bob@x.example|Bob|b"}},
	} {
		t.Run(name, func(t *testing.T) {
			owner := connecttest.PostgreSQL(t)
			connecttest.Exec(t, owner, "CREATE ROLE "+role+" LOGIN")
			t.Cleanup(func() { connecttest.Exec(t, owner, "DROP OWNED BY "+role, "DROP ROLE "+role) })
			connecttest.Exec(t, owner, append([]string{"CREATE TABLE customer (id int PRIMARY KEY, email text, name text, note text, kept boolean)",
				"INSERT INTO customer VALUES (1, 'ann@x.example', 'Ann', 'm', false), (2, 'ann@x.example', 'Ann', 'n', true), (3, 'bob@x.example', 'Bob', 'b', true)",
				"GRANT ALL ON customer TO " + role, "ALTER TABLE customer ENABLE ROW LEVEL SECURITY", "CREATE POLICY sees ON customer FOR SELECT USING (true)"}, c.policies...)...)
			as := owner
			as.Secret = strings.Replace(as.Secret, "avow@", role+"@", 1)
			text := `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
`
			w := sqlWorld(t, as, text)
			p := w.erase("email=ann@x.example")
			wants(t, "plan", short(p), c.want...)
			if p.Partial() != (len(c.rows) > 1) {
				t.Errorf("partial is %v", p.Partial())
			}
			wants(t, "rows", w.all("customer", "id", "email", "name", "note"), c.rows...)
		})
	}
}

// Where nothing may be tried the plan says that row security may refuse it.
func TestPoliciesThatAreNotTried(t *testing.T) {
	const role = "avow_may_not_try"
	owner := connecttest.PostgreSQL(t)
	connecttest.Exec(t, owner, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { connecttest.Exec(t, owner, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	connecttest.Exec(t, owner, "CREATE TABLE customer (id int PRIMARY KEY, email text)", "INSERT INTO customer VALUES (1, 'ann@x.example')", "GRANT ALL ON customer TO "+role,
		"ALTER TABLE customer ENABLE ROW LEVEL SECURITY", "CREATE POLICY sees ON customer FOR SELECT USING (true)")
	as := owner
	as.Secret = strings.Replace(as.Secret, "avow@", role+"@", 1)
	w := sqlWorld(t, as, "customer:\n  identities: {email: email}\n  relation: owns\n  erase: delete\n  columns: {email: contact.email}\n")
	w.m.Systems[0].Rehearse.Set = true
	p := w.plan(people("email=ann@x.example"))
	if got := p.Entries(false); len(got) != 1 || !strings.Contains(got[0].Reason, "whether the row security of the table takes it: the map says `rehearse: no`") {
		t.Errorf("the plan says %+v", got)
	}
}
