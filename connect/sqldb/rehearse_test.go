package sqldb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// What triggers refuse, pass over or put back, and rules between rows, are found by trying,
// and nothing of it is left.
func TestRehearsal(t *testing.T) {
	connecttest.Rehearsal(t, open)
}

// What could not be taken back is not tried, however far from the change it stands.
func TestNotRehearsed(t *testing.T) {
	const table = "CREATE TABLE people (id int PRIMARY KEY, name varchar(20))"
	const trigger = "CREATE TRIGGER noted BEFORE DELETE ON people FOR EACH ROW "
	for _, x := range []struct {
		kind       string
		statements []string
		want       string
	}{
		{"postgresql", []string{`CREATE FUNCTION outward() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'`,
			`CREATE FUNCTION further() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''SELECT outward()''; END'`,
			`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM further(); RETURN OLD; END'`, trigger + "EXECUTE FUNCTION note()"}, "`outward` may act outside of the database, by the language c"},
		{"postgresql", []string{`CREATE TABLE lines (id int PRIMARY KEY, person int REFERENCES people (id) ON DELETE CASCADE)`,
			`CREATE FUNCTION export() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN COPY people TO ''/tmp/people''; RETURN OLD; END'`, `CREATE TRIGGER out BEFORE DELETE ON lines FOR EACH ROW EXECUTE FUNCTION export()`},
			"`export` may act outside of the database, by copy"},
		{"mysql", []string{`CREATE TABLE audit (said varchar(20)) ENGINE=MyISAM`, `CREATE PROCEDURE note(n varchar(20)) INSERT INTO audit VALUES (n)`, trigger + "CALL note(OLD.name)"}, "the engine MyISAM of `audit` takes nothing back"},
		{"mysql", []string{`ALTER TABLE people ENGINE=Aria`, trigger + "SET @x = 1"}, "the engine Aria of `people` takes nothing back"},
	} {
		for _, k := range connecttest.Kinds(t) {
			if kind := map[string]string{"mariadb": "mysql"}[k.Name]; k.Name != x.kind && kind != x.kind {
				continue
			}
			c := k.Config(t)
			connecttest.Exec(t, c, append(append([]string{table}, x.statements...), "INSERT INTO people VALUES (1, 'Ann')")...)
			found := tried(t, open(t, c))
			if found.Unsure != x.want {
				t.Errorf("%s: %+v, want %s", k.Name, found, x.want)
			}
		}
	}
}

func tried(t *testing.T, src connect.Source) connect.Rehearsed {
	t.Helper()
	found, err := src.(connect.Rehearsal).Rehearse(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: connecttest.Tuples(int64(1))}})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Where others hold the rows nobody waits for them long, and nothing is said that is not known.
func TestRehearsalGivesUp(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			connecttest.Exec(t, c, "CREATE TABLE people (id int PRIMARY KEY, name varchar(20))", "INSERT INTO people VALUES (1, 'Ann')")
			src := open(t, c)
			tx, err := connecttest.Handle(t, c).Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec("UPDATE people SET name = 'x'"); err != nil {
				t.Fatal(err)
			}
			if found := tried(t, src); !strings.HasPrefix(found.Unsure, "it could not be tried beforehand: others ") || len(found.Objections) > 0 {
				t.Errorf("%+v", found)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			if found := tried(t, src); found.Unsure != "" || len(found.Objections) > 0 {
				t.Errorf("%+v", found)
			}
		})
	}
}

// What a database judges only at the end of a transaction is put to it before it is taken back.
func TestRehearsalOfTheEnd(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		c := k.Config(t)
		if c.Kind != "postgresql" {
			continue // the others put nothing off but foreign keys, which a plan knows
		}
		connecttest.Exec(t, c, "CREATE TABLE people (id int PRIMARY KEY, name varchar(20))", "INSERT INTO people VALUES (1, 'Ann')",
			"CREATE FUNCTION somebody() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NOT EXISTS (SELECT 1 FROM people) THEN RAISE ''Ann was the last''; END IF; RETURN NULL; END'",
			"CREATE CONSTRAINT TRIGGER somebody_is AFTER DELETE ON people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION somebody()")
		src := open(t, c)
		if found := tried(t, src); len(found.Objections) != 1 || found.Objections[0].Rule != "the trigger `somebody_is`" {
			t.Errorf("%+v", found)
		}
		connecttest.Exec(t, c, "INSERT INTO people VALUES (2, 'Bob')")
		if found := tried(t, src); len(found.Objections) > 0 || found.Unsure != "" {
			t.Errorf("%+v", found)
		}
	}
}

// A login that may do what a plan asks of it and not what a trigger does is found out too.
func TestRehearsalByLeastPrivilege(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		if k.Name == "sqlite" {
			continue // it has no logins
		}
		t.Run(k.Name, func(t *testing.T) {
			owner := k.Config(t)
			statements := []string{"CREATE TABLE people (id int PRIMARY KEY, name varchar(20))", "INSERT INTO people VALUES (1, 'Ann')", "CREATE TABLE audit (said varchar(20))"}
			if k.Name == "postgresql" {
				statements = append(statements, "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (OLD.name); RETURN OLD; END'", "CREATE TRIGGER noted BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION note()")
			} else { // it runs with the privileges of who made it
				statements = append(statements, "CREATE TRIGGER noted BEFORE DELETE ON people FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Ann stays'")
			}
			connecttest.Exec(t, owner, statements...)
			grants := []string{"GRANT SELECT, DELETE ON people TO LOGIN"}
			want := "the trigger `noted`, which does what this login may not do,"
			if k.Name == "mariadb" {
				grants, want = append(grants, "GRANT TRIGGER ON people TO LOGIN"), "the trigger `noted`"
			}
			blind, login := limited(t, owner, grants[:1]...)
			schema, err := open(t, blind).Describe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			grant := schema.Table("people").Lacks[connect.OpTriggers]
			if k.Name == "mariadb" && !strings.HasPrefix(grant, "GRANT TRIGGER ON ") || k.Name != "mariadb" && grant != "" {
				t.Errorf("to see triggers this login lacks %q", grant)
			}
			if k.Name == "mariadb" {
				if found := tried(t, open(t, blind)); len(found.Objections) > 0 || len(schema.Table("people").Triggers) > 0 && found.Unsure != "this login may not see what `noted` does" {
					t.Errorf("without the grant %+v", found)
				}
			}
			for _, g := range grants[1:] {
				connecttest.Exec(t, owner, strings.ReplaceAll(g, "LOGIN", login))
			}
			c := blind
			if found := tried(t, open(t, c)); len(found.Objections) != 1 || found.Objections[0].Rule != want {
				t.Errorf("%+v", found)
			}
			for _, who := range []connect.Config{owner, c} {
				schema, err := open(t, who).Describe(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if lacks := schema.Table("people").Lacks[connect.OpTriggers]; lacks != "" {
					t.Errorf("with the grant there lacks %s", lacks)
				}
			}
		})
	}
}
