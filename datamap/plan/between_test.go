package plan

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
)

// pair is a database of two tables: in one Ann's rows go, in the other they are emptied.
func pair(t *testing.T, c connect.Config) *world {
	return sqlWorld(t, c, owned("gone", "id", "delete")+owned("kept", "id", "clear"),
		"CREATE TABLE gone (id int PRIMARY KEY, email varchar(60), note varchar(60))", "CREATE TABLE kept (id int PRIMARY KEY, email varchar(60), note varchar(60))",
		"INSERT INTO gone VALUES (1, 'ann@x.example', 'ann a'), (2, 'ann@x.example', 'ann b'), (3, 'bob@x.example', 'bob a')",
		"INSERT INTO kept VALUES (1, 'ann@x.example', 'ann c'), (2, 'ann@x.example', 'ann d'), (3, 'bob@x.example', 'bob b')")
}

// What happens between plan and run: what was planned is done all or not at all, nothing that
// is somebody else's by then is touched, and what is left is found by the check.
func TestBetweenPlanAndRun(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		kind       avow.ErrorKind // of the error that the run ends in; none: it is done
		why        []Why          // what the check says, where it is done
		left       string         // notes
	}{
		"nothing":                      {nil, 0, nil, "bob a, bob b"},
		"a table is dropped":           {[]string{"DROP TABLE kept"}, avow.NotFound, nil, "ann a, ann b, bob a"},
		"a table is renamed":           {[]string{"ALTER TABLE kept RENAME TO other"}, avow.NotFound, nil, "ann a, ann b, bob a"},
		"a column is dropped":          {[]string{"ALTER TABLE kept DROP COLUMN email"}, avow.NotFound, nil, "ann a, ann b, ann c, ann d, bob a, bob b"},
		"a column is renamed":          {[]string{"ALTER TABLE kept RENAME COLUMN email TO mail"}, avow.NotFound, nil, "ann a, ann b, ann c, ann d, bob a, bob b"},
		"a row changes hands":          {[]string{"UPDATE gone SET email = 'bob@x.example', note = 'bob c' WHERE id = 1", "UPDATE kept SET email = 'bob@x.example', note = 'bob d' WHERE id = 2"}, 0, []Why{ChangedHands, ChangedHands}, "bob a, bob b, bob c, bob d"},
		"a row goes":                   {[]string{"DELETE FROM gone WHERE id = 1", "DELETE FROM kept WHERE id = 2"}, 0, nil, "bob a, bob b"},
		"a number is given to another": {[]string{"DELETE FROM gone WHERE id = 1", "INSERT INTO gone VALUES (1, 'bob@x.example', 'bob c')"}, 0, []Why{ChangedHands}, "bob a, bob b, bob c"},
		"rows are added":               {[]string{"INSERT INTO gone VALUES (4, 'ann@x.example', 'ann e')", "INSERT INTO kept VALUES (4, 'ann@x.example', 'ann f')"}, 0, []Why{CameLater, CameLater}, "ann e, ann f, bob a, bob b"},
		"a trigger refuses":            {nil, avow.Conflict, nil, "ann a, ann b, ann c, ann d, bob a, bob b"},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, config connect.Config) {
				w := pair(t, config)
				who := people("email=ann@x.example")
				p := w.plan(who)
				if c.kind == avow.Conflict {
					c.statements = raising(config.Kind, "refuses", "UPDATE", "kept", "OLD.id = 2")
				}
				connecttest.Exec(t, config, c.statements...)
				_, err := p.Systems[0].Run(t.Context(), w.sources["shop"])
				if err == nil != (c.kind == 0) || err != nil && (avow.KindOf(err) != c.kind || !strings.Contains(avow.MessageOf(err), "kept") || strings.Contains(err.Error(), "ann@")) {
					t.Errorf("the run ends in %v", err)
				}
				if got := w.allNotes(config); got != c.left {
					t.Errorf("there is left %q, not %q", got, c.left)
				}
				if c.kind != 0 {
					return
				}
				var why []Why
				for _, l := range w.check(p, who) {
					why = append(why, l.Why)
				}
				if !slices.Equal(why, c.why) {
					t.Errorf("the check says %q, not %q", why, c.why)
				}
			})
		})
	}
}

// allNotes are the notes of both tables, where they are still there.
func (w *world) allNotes(c connect.Config) string {
	w.t.Helper()
	var out []string
	schema := w.schemas()["shop"]
	for _, table := range []string{"gone", "kept"} {
		if schema.Table(table) != nil {
			out = append(out, rowsOf(w.t, connecttest.Handle(w.t, c), "SELECT note FROM "+table+" WHERE note IS NOT NULL")...)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// locked has somebody else hold rows, or a whole table, until the function given back is called.
func locked(t *testing.T, c connect.Config, whole bool) (release func()) {
	t.Helper()
	conn, err := connecttest.Handle(t, c).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	statements := []string{"BEGIN", "UPDATE kept SET note = note WHERE id = 2"}
	switch {
	case c.Kind == "sqlite":
		statements[0] = "BEGIN IMMEDIATE"
	case whole && c.Kind == "postgresql":
		statements[1] = "LOCK TABLE kept IN ACCESS EXCLUSIVE MODE"
	case whole:
		statements = []string{"LOCK TABLES kept WRITE"}
	}
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		end := "ROLLBACK"
		if len(statements) == 1 {
			end = "UNLOCK TABLES"
		}
		if _, err := conn.ExecContext(context.Background(), end); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
}

// Waiting for a lock ends, it is said, and nothing is half done; afterwards the same run does it.
func TestLocked(t *testing.T) {
	type try struct {
		name   string
		config connect.Config
		w      *world
		p      *Plan
		err    error
	}
	var tries []*try
	var wg sync.WaitGroup // the waits are long, and all at the same time
	for _, k := range connecttest.Kinds(t) {
		for _, whole := range []bool{false, true} {
			c := k.Config(t)
			one := &try{name: fmt.Sprintf("%s, whole table %v", k.Name, whole), config: c, w: pair(t, c)}
			one.p = one.w.plan(people("email=ann@x.example"))
			release := locked(t, c, whole)
			wg.Go(func() {
				_, one.err = one.p.Systems[0].Run(t.Context(), one.w.sources["shop"])
				release()
			})
			tries = append(tries, one)
		}
	}
	wg.Wait()
	for _, one := range tries {
		if avow.KindOf(one.err) != avow.Unavailable || !strings.Contains(avow.MessageOf(one.err), "lock") {
			t.Errorf("%s: the run ends in %v", one.name, one.err)
		}
		if got := one.w.allNotes(one.config); got != "ann a, ann b, ann c, ann d, bob a, bob b" {
			t.Errorf("%s: there is left %q", one.name, got)
		}
		one.w.run(one.p)
		if got := one.w.allNotes(one.config); got != "bob a, bob b" {
			t.Errorf("%s: done later there is %q", one.name, got)
		}
	}
}

// waiting finds the connection that waits for a lock, by whatever the database says of itself.
var waiting = map[string]string{
	"postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
	"mysql":      "SELECT id FROM information_schema.processlist WHERE db = database() AND command IN ('Query', 'Execute') AND id <> connection_id()",
}

// A connection that is cut while a change waits leaves nothing half done, and the same run does it later.
func TestConnectionIsCut(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		if c.Kind == "sqlite" {
			return // it has none
		}
		w := pair(t, c)
		who := people("email=ann@x.example")
		p := w.plan(who)
		release := locked(t, c, false)
		done := make(chan error, 1)
		go func() {
			_, err := p.Systems[0].Run(t.Context(), w.sources["shop"])
			done <- err
		}()
		cut(t, connecttest.Handle(t, c), c.Kind)
		err := <-done
		release()
		if avow.KindOf(err) != avow.Unavailable || strings.Contains(err.Error(), "ann@") {
			t.Errorf("the run ends in %v", err)
		}
		if got := w.allNotes(c); got != "ann a, ann b, ann c, ann d, bob a, bob b" {
			t.Errorf("there is left %q", got)
		}
		w.run(p)
		if left := w.check(p, who); len(left) > 0 || w.allNotes(c) != "bob a, bob b" {
			t.Errorf("the check finds %+v, and there is %q", left, w.allNotes(c))
		}
	})
}

// cut ends the connection that waits.
func cut(t *testing.T, db *sql.DB, kind string) {
	t.Helper()
	end := map[string]string{"postgresql": "SELECT pg_terminate_backend($1)", "mysql": "KILL ?"}[kind]
	for range 400 {
		var id int64
		if err := db.QueryRowContext(t.Context(), waiting[kind]).Scan(&id); err == nil {
			if _, err := db.ExecContext(t.Context(), end, id); err != nil {
				t.Error(err)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("nobody waits for the lock")
}

// readOnly makes a database one in which its logins only read, as one is that follows another.
func readOnly(t *testing.T, c connect.Config) connect.Config {
	switch c.Kind {
	case "postgresql":
		connecttest.Exec(t, c, "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END$$")
	case "mysql":
		c.Secret += "?tx_read_only=1"
	}
	return c
}

// A database that only reads is told apart from one that is away, and nothing is done in it.
func TestDatabaseThatOnlyReads(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		if c.Kind == "sqlite" {
			return // a file that only reads: TestReadOnlyFile of connect/sqldb
		}
		w := pair(t, c)
		p := w.plan(people("email=ann@x.example"))
		src, err := sqldb.Open(t.Context(), readOnly(t, c))
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if _, err := p.Systems[0].Run(t.Context(), src); avow.KindOf(err) != avow.Forbidden || !strings.Contains(avow.MessageOf(err), "read-only") {
			t.Errorf("the run ends in %v", err)
		}
		if schema, err := src.Describe(t.Context()); err != nil || c.Kind == "mysql" && schema.Table("gone").Lacks[connect.OpDelete] == "" {
			t.Errorf("%+v, %v", schema, err)
		}
		if got := w.allNotes(c); got != "ann a, ann b, ann c, ann d, bob a, bob b" {
			t.Errorf("there is left %q", got)
		}
	})
}

// Lines of a file and documents change hands too, and others come that bear the same key.
func TestLinesBetweenPlanAndRun(t *testing.T) {
	const who = "    identities: {who: email}\n    columns: {who: contact.email, note: messages.text}\n"
	const from = "    identities: {\"from[]\": email}\n    columns: {\"from[]\": contact.email, body: messages.text}\n"
	for name, c := range map[string]struct{ table, was, then, left string }{
		"log.csv":   {who, "id,who,note\n1,ann@x.example,a\n2,ann@x.example,b\n", "id,who,note\n1,ann@x.example,a\n2,bob@x.example,b\n1,bob@x.example,c\n", "id,who,note\n2,bob@x.example,b\n1,bob@x.example,c\n"},
		"log.jsonl": {who, `{"id":1,"who":"ann@x.example"}` + "\n" + `{"id":2,"who":"ann@x.example"}` + "\n", `{"id":2,"who":"bob@x.example"}` + "\n" + `{"id":1,"who":"ann@x.example"}` + "\n" + `{"id":1,"who":"bob@x.example"}` + "\n", `{"id":2,"who":"bob@x.example"}` + "\n" + `{"id":1,"who":"bob@x.example"}` + "\n"},
		"box.mbox":  {from, message("ann", "1", "a") + message("ann", "2", "b"), message("ann", "1", "a") + message("bob", "2", "b") + message("bob", "1", "c"), message("bob", "2", "b") + message("bob", "1", "c")},
	} {
		t.Run(name, func(t *testing.T) {
			w, holds := folder(t, name, c.was, c.table)
			who := people("email=ann@x.example")
			p := w.plan(who)
			holds(c.then)
			w.run(p)
			if got := holds(""); got != c.left {
				t.Errorf("there is left %q, not %q", got, c.left)
			}
			for _, l := range w.check(p, who) {
				if l.Why != ChangedHands {
					t.Errorf("the check finds %+v", l)
				}
			}
		})
	}
}
