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
