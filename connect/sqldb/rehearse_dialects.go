package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"

	"github.com/avowhq/avow/connect"
	driverMySQL "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	lite "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"
)

func execAll(ctx context.Context, conn asker, statements ...string) error {
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (postgres) brief(context.Context, *sql.Conn) error { return nil }

// briefIn ends with the transaction: a pooler may give the connection to somebody else.
func (postgres) briefIn(ctx context.Context, tx asker) error {
	return execAll(ctx, tx, "SET LOCAL lock_timeout = '500ms'", "SET LOCAL statement_timeout = '5s'")
}

func (postgres) atEnd(ctx context.Context, tx asker) error {
	_, err := tx.ExecContext(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return err
}

// postgresFunction is the innermost function that an error came through.
var postgresFunction = regexp.MustCompile(`^PL/pgSQL function (?:"?[\pL\pN_$]+"?\.)?"?([\pL\pN_$]+)"?\(`)

func (postgres) refuser(err error) (by refuser) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return by
	}
	if m := postgresFunction.FindStringSubmatch(e.Where); m != nil {
		by.function = m[1]
	}
	by.security = e.Code == "42501" && e.Routine == "ExecWithCheckOptions" && by.function == "" // its words are of the server's language
	by.name, by.reference = e.ConstraintName, e.Code == "23503" || e.Code == "23001"
	if e.Code == "23502" && e.ColumnName != "" {
		by.name = postgresNotNull(e.ColumnName)
	}
	return by
}

// postgresRoutines are the functions of people and extensions, with why one may act outside
// of a transaction. Those that extensions have in C do not, but for a few.
const postgresRoutines = `
SELECT p.proname, CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN coalesce(nullif(p.prosrc, ''), pg_get_functiondef(p.oid)) ELSE '' END,
       CASE WHEN l.lanname IN ('sql', 'plpgsql', 'internal') OR l.lanpltrusted THEN ''
            WHEN l.lanname = 'c' AND e.extname IS NOT NULL AND e.extname NOT IN ('dblink', 'http', 'pg_background', 'aws_lambda', 'aws_s3', 'aws_commons', 'amqp', 'plsh', 'adminpack', 'pgmq_http') THEN ''
            WHEN l.lanname = 'c' AND e.extname IS NOT NULL THEN 'the extension ' || e.extname
            ELSE 'the language ' || l.lanname END
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind IN ('f', 'p')`

// postgresPrograms are the triggers of tables without their names, in which others of the
// same words might be; the bits of tgtype are 8 for DELETE and 16 for UPDATE.
const postgresPrograms = postgresShown + `
SELECT c.relname, t.tgname, (t.tgtype & 16) <> 0, (t.tgtype & 8) <> 0, t.tgdeferrable, substring(pg_get_triggerdef(t.oid) from ' FOR EACH (?:ROW|STATEMENT) (.*)$')
FROM pg_trigger t JOIN shown s ON s.part = t.tgrelid JOIN pg_class c ON c.oid = s.by WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
UNION ALL
SELECT c.relname, r.rulename, r.ev_type = '2', r.ev_type = '4', false, substring(pg_get_ruledef(r.oid) from ' DO (.*)$')
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.ev_type IN ('2', '3', '4')`

const postgresForeign = postgresShown + `
SELECT c.relname, w.fdwname FROM pg_foreign_table f JOIN shown a ON a.part = f.ftrelid JOIN pg_class c ON c.oid = a.by
JOIN pg_foreign_server s ON s.oid = f.ftserver JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE w.fdwname <> 'postgres_fdw'`

func (postgres) programs(ctx context.Context, db asker) (*programs, error) {
	out := newPrograms("copy", "lo_export", "pg_logical_emit_message", "pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_switch_wal")
	err := each(ctx, db, postgresPrograms, func(scan scanner) error {
		var table string
		var text sql.NullString
		var update, remove bool
		var t program
		err := scan(&table, &t.name, &update, &remove, &t.late, &text)
		t.text = text.String
		if update {
			t.on = append(t.on, connect.OpUpdate)
		}
		if remove {
			t.on = append(t.on, connect.OpDelete)
		}
		out.trigger(table, t)
		return err
	})
	if err != nil || len(out.triggers) == 0 {
		return out, err
	}
	err = each(ctx, db, postgresRoutines, func(scan scanner) error {
		var r program
		err := scan(&r.name, &r.text, &r.outside)
		if r.outside != "" {
			r.outside = "`" + r.name + "` may act outside of the database, by " + r.outside
		}
		out.routine(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, each(ctx, db, postgresForeign, func(scan scanner) error {
		var name, wrapper string
		err := scan(&name, &wrapper)
		out.tables[strings.ToLower(name)] = "`" + name + "` stands in another system (" + wrapper + "), which may take nothing back"
		return err
	})
}

func (mysql) brief(ctx context.Context, conn *sql.Conn) error {
	if err := execAll(ctx, conn, "SET SESSION innodb_lock_wait_timeout = 1", "SET SESSION lock_wait_timeout = 1"); err != nil {
		return err
	}
	// MySQL has no such bound for what changes rows; the whole has one.
	conn.ExecContext(ctx, "SET SESSION max_statement_time = 5")
	return ctx.Err()
}

func (mysql) briefIn(context.Context, asker) error { return nil }

func (mysql) atEnd(context.Context, asker) error { return nil }

func (mysql) refuser(err error) (by refuser) {
	var e *driverMySQL.MySQLError
	if !errors.As(err, &e) {
		return by
	}
	switch e.Number {
	case 1451, 1452, 1216, 1217, 1761, 1762:
		by.name, by.reference = named(mysqlConstraint, e.Message), true
	case 3819, 4025:
		by.name = named(mysqlConstraint, e.Message)
	case 1062, 1586:
		name := named(mysqlUnique, e.Message)
		by.name = name[strings.LastIndexByte(name, '.')+1:]
	case 1644:
		by.raised = true
	}
	return by
}

func named(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

const (
	// A login without the privilege TRIGGER on a table sees none of its triggers, or their names alone.
	mysqlPrograms = `SELECT event_object_table, trigger_name, event_manipulation, action_statement FROM information_schema.triggers`
	mysqlRoutines = `SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema NOT IN ('mysql', 'sys')`
	mysqlEngines  = `SELECT t.table_name, t.engine FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine
		WHERE e.transactions <> 'YES' AND t.table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')`
)

func (mysql) programs(ctx context.Context, db asker) (*programs, error) {
	out := newPrograms("outfile", "dumpfile", "sys_exec", "sys_eval", "http_get", "http_post", "http_put", "http_delete")
	err := each(ctx, db, mysqlEngines, func(scan scanner) error {
		var table, engine string
		err := scan(&table, &engine)
		out.tables[strings.ToLower(table)] = "the engine " + engine + " of `" + table + "` takes nothing back"
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, db, mysqlPrograms, func(scan scanner) error {
		var table, event string
		var text sql.NullString
		var t program
		err := scan(&table, &t.name, &event, &text)
		if t.text = text.String; !text.Valid {
			t.outside = "this login may not see what `" + t.name + "` does"
		}
		t.on = []connect.Op{connect.Op(strings.ToLower(event))}
		out.trigger(table, t)
		return err
	})
	if err != nil || len(out.triggers) == 0 {
		return out, err
	}
	return out, each(ctx, db, mysqlRoutines, func(scan scanner) error {
		var r program
		var text sql.NullString
		err := scan(&r.name, &text)
		if r.text = text.String; !text.Valid {
			r.outside = "this login may not see what `" + r.name + "` does"
		}
		out.routine(r)
		return err
	})
}

// brief: pages that are changed stay in memory, so that nobody who reads has to wait for them.
func (sqlite) brief(ctx context.Context, conn *sql.Conn) error {
	return execAll(ctx, conn, "PRAGMA busy_timeout = 500", "PRAGMA cache_spill = 0")
}

func (sqlite) briefIn(context.Context, asker) error { return nil }

func (sqlite) atEnd(context.Context, asker) error { return nil }

// liteBody is what a trigger does: before it stand names of its own.
var liteBody = regexp.MustCompile(`(?is)\bbegin\b(.*)$`)

// programs: a trigger of SQLite reaches nothing but its own file.
func (sqlite) programs(ctx context.Context, db asker) (*programs, error) {
	out := newPrograms()
	return out, each(ctx, db, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'", func(scan scanner) error {
		var t program
		var table, text string
		err := scan(&t.name, &table, &text)
		t.on, t.text = liteOn(text), named(liteBody, text)
		out.trigger(table, t)
		return err
	})
}

var liteRefuser = regexp.MustCompile(`(?:UNIQUE constraint failed: (?:index '(.+)'|(.+?))|CHECK constraint failed: (.+?))(?: \(\d+\))?$`)

func (sqlite) refuser(err error) (by refuser) {
	var e *lite.Error
	if !errors.As(err, &e) {
		return by
	}
	switch m := liteRefuser.FindStringSubmatch(e.Error()); {
	case e.Code() == code.SQLITE_CONSTRAINT_FOREIGNKEY:
		by.reference = true
	case e.Code() == code.SQLITE_CONSTRAINT_TRIGGER:
		by.raised = true
	case m == nil:
	case m[1] != "":
		by.name = m[1]
	case m[2] != "": // people.email, people.team
		var columns []string
		for part := range strings.SplitSeq(m[2], ", ") {
			columns = append(columns, part[strings.LastIndexByte(part, '.')+1:])
		}
		by.name = strings.Join(columns, ", ")
	default:
		by.name = m[3]
	}
	return by
}
