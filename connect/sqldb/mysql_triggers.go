package sqldb

import (
	"fmt"

	"github.com/avowhq/avow/connect"
)

// mysqlSees are the tables whose triggers this login sees by grants of its own. Grants of
// a role do not stand here: whoever has one is believed to see them.
const mysqlSees = `SELECT t.table_schema, t.table_name FROM information_schema.tables t WHERE coalesce(current_role(), 'NONE') <> 'NONE'
	OR EXISTS (SELECT 1 FROM information_schema.user_privileges p WHERE p.privilege_type = 'TRIGGER')
	OR EXISTS (SELECT 1 FROM information_schema.schema_privileges p WHERE p.privilege_type = 'TRIGGER' AND t.table_schema LIKE p.table_schema)
	OR EXISTS (SELECT 1 FROM information_schema.table_privileges p WHERE p.privilege_type = 'TRIGGER' AND p.table_schema = t.table_schema AND p.table_name = t.table_name)`

// seesTriggers notes of which tables this login would not see a trigger. An older server
// that does not understand the question is not asked.
func (b *mysqlCatalog) seesTriggers() error {
	sees := map[[2]string]bool{}
	err := each(b.ctx, b.db, mysqlSees, func(scan scanner) error {
		var name [2]string
		err := scan(&name[0], &name[1])
		sees[name] = true
		return err
	})
	for name, t := range b.byName {
		if err == nil && !sees[name] && !t.View {
			t.lack(connect.OpTriggers, fmt.Sprintf("GRANT TRIGGER ON %s TO %s", t.quoted(mysql{}), b.user))
		}
	}
	return b.ctx.Err()
}
