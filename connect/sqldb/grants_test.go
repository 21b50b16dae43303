package sqldb_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/go-sql-driver/mysql"
)

// limited gives a login of its own to a database, which may do what grants say, with
// LOGIN in them for its name.
func limited(tb testing.TB, c connect.Config, grants ...string) (as connect.Config, login string) {
	tb.Helper()
	as = c
	var statements []string
	if c.Kind == "mysql" {
		parsed, err := mysql.ParseDSN(c.Secret)
		if err != nil {
			tb.Fatal(err)
		}
		name := strings.ReplaceAll(parsed.DBName, "avow_test_", "r_")
		login = "`" + name + "`@`127.0.0.1`"
		statements = []string{"CREATE USER " + login + " IDENTIFIED BY 'hunter2'"}
		parsed.User, parsed.Passwd = name, "hunter2"
		as.Secret = parsed.FormatDSN()
		tb.Cleanup(func() { connecttest.Exec(tb, c, "DROP USER "+login) })
	} else {
		u, err := url.Parse(c.Secret)
		if err != nil {
			tb.Fatal(err)
		}
		name := strings.ReplaceAll(u.Path[1:], "avow_test_", "r_")
		login = `"` + name + `"`
		statements = []string{"CREATE ROLE " + login + " LOGIN PASSWORD 'hunter2'"}
		u.User = url.UserPassword(name, "hunter2")
		as.Secret = u.String()
		tb.Cleanup(func() { connecttest.Exec(tb, c, "DROP OWNED BY "+login, "DROP ROLE "+login) })
	}
	for _, g := range grants {
		statements = append(statements, strings.ReplaceAll(g, "LOGIN", login))
	}
	connecttest.Exec(tb, c, statements...)
	return as, login
}

// A login that may only read sees the references: a map that takes them from the database
// is the same map for it.
func TestReadersSeeReferences(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		if k.Name == "sqlite" {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			owner := k.Config(t)
			connecttest.Exec(t, owner, "CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES a (id) ON DELETE SET NULL)")
			c, _ := limited(t, owner, "GRANT SELECT ON a TO LOGIN", "GRANT SELECT ON b TO LOGIN")
			schema, err := open(t, c).Describe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if refs := schema.Table("b").References; len(refs) != 1 || refs[0].Table != "a" || refs[0].Columns[0] != "a" || refs[0].To[0] != "id" {
				t.Errorf("%+v", refs)
			}
		})
	}
}

// TestLeastPrivilege: a login that may only read can describe and read, and is told
// the exact grant that a change would need. The grant, once given, is enough.
func TestLeastPrivilege(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		if k.Name == "sqlite" {
			continue // it has no logins; see TestReadOnlyFile
		}
		t.Run(k.Name, func(t *testing.T) {
			owner := k.Config(t)
			people := connecttest.People(connect.Row{int64(1), "ann@example.com", "Ann", nil, nil}, connect.Row{int64(2), "b@example.com", "Bob", nil, nil})
			other := people
			other.Name = "others"
			connecttest.Create(t, owner, people, other)
			c, login := limited(t, owner, "GRANT SELECT ON people TO LOGIN", "GRANT SELECT (id, email) ON others TO LOGIN")
			src := open(t, c)
			schema, err := src.Describe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			table := schema.Table("people")
			if len(connecttest.All(t, src, connect.Read{Table: "people", Columns: []string{"email"}})) != 2 || table.Lacks[connect.OpRead] != "" {
				t.Errorf("reading lacks %q", table.Lacks[connect.OpRead])
			}
			for op, word := range map[connect.Op]string{connect.OpUpdate: "UPDATE", connect.OpDelete: "DELETE"} {
				if got := table.Lacks[op]; !strings.HasPrefix(got, "GRANT "+word+" ON ") || !strings.HasSuffix(got, " TO "+login) {
					t.Errorf("lacks %s: %q", op, got)
				}
			}
			change := connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: connecttest.Tuples(int64(1))}
			_, err = src.Change(context.Background(), []connect.Change{change})
			connecttest.WantKind(t, err, avow.Forbidden, "hunter2")
			if err == nil || !strings.Contains(err.Error(), table.Lacks[connect.OpDelete]) {
				t.Errorf("the error does not hold the grant: %v", err)
			}
			err = src.Read(context.Background(), connect.Read{Table: "others", Columns: []string{"id", "name"}}, func(connect.Row) error { return nil })
			if kind := avow.KindOf(err); kind != avow.Forbidden && (k.Name != "mariadb" || kind != avow.NotFound) { // MariaDB does not show such a column
				t.Errorf("reading a column that may not be read: %v", err)
			}
			if got := len(connecttest.All(t, src, connect.Read{Table: "others", Columns: []string{"id", "email"}})); got != 2 {
				t.Errorf("%d rows of the granted columns", got)
			}
			if c := schema.Table("others").Column("name"); k.Name == "postgresql" && c.Lacks[connect.OpRead] == "" {
				t.Error("nothing is said of a column that may not be read")
			}
			connecttest.Exec(t, owner, table.Lacks[connect.OpDelete])
			if n := connecttest.Do(t, src, change)[0].Changed; n != 1 {
				t.Errorf("%d rows were deleted with the grant", n)
			}
		})
	}
}

func TestRowSecurityIsTold(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		if k.Name != "postgresql" {
			continue
		}
		owner := k.Config(t)
		connecttest.Create(t, owner, connecttest.People(connect.Row{int64(1), "ann@example.com", "Ann", nil, nil}))
		c, _ := limited(t, owner, "GRANT SELECT ON people TO LOGIN", "ALTER TABLE people ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON people USING (team = 1)")
		schema, err := open(t, c).Describe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(schema.Table("people").Hides, "BYPASSRLS") {
			t.Errorf("hides %q", schema.Table("people").Hides)
		}
	}
}

func TestReadOnlyFile(t *testing.T) {
	c := connecttest.SQLite(t)
	connecttest.Create(t, c, connecttest.People(connect.Row{int64(1), "ann@example.com", "Ann", nil, nil}))
	c.ReadOnly = true
	src := open(t, c)
	_, err := src.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: connecttest.Tuples(int64(1))}})
	connecttest.WantKind(t, err, avow.Forbidden)
	if os.Getuid() == 0 {
		return // nothing is read-only to root
	}
	if err := os.Chmod(c.Secret, 0o400); err != nil {
		t.Fatal(err)
	}
	schema, err := src.Describe(context.Background())
	if err != nil || schema.Table("people").Lacks[connect.OpDelete] == "" {
		t.Errorf("lacks %v, %v", schema.Table("people").Lacks, err)
	}
}

// TestCredentialsStaySecret: no way to fail shows what stands in a connection string.
func TestCredentialsStaySecret(t *testing.T) {
	const password = "hunter2secret"
	pg, my := os.Getenv("AVOW_TEST_POSTGRES"), os.Getenv("AVOW_TEST_MARIADB")
	cases := []struct {
		kind, secret string
		want         avow.ErrorKind
	}{
		{"postgresql", "postgres://hidden-user:" + password + "@127.0.0.1:1/shop", avow.Unavailable},
		{"postgresql", "postgres://hidden-user:" + password + "@no.such.host.invalid/shop", avow.Unavailable},
		{"postgresql", "postgres://hidden-user:" + password + "@127.0.0.1:port/shop", avow.Invalid},
		{"postgresql", "postgres://hidden-user:" + password + "%zz@127.0.0.1/shop", avow.Invalid},
		{"postgresql", "host=127.0.0.1 password=" + password + " port='", avow.Invalid},
		{"postgresql", "postgres://hidden-user:" + password + "@127.0.0.1/shop?sslmode=" + password, avow.Invalid},
		{"mysql", "hidden-user:" + password + "@tcp(127.0.0.1:1)/shop", avow.Unavailable},
		{"mysql", "hidden-user:" + password + "@tcp(no.such.host.invalid:3306)/shop", avow.Unavailable},
		{"mysql", "hidden-user:" + password + "@tcp(127.0.0.1:3306", avow.Invalid},
		{"mysql", "hidden-user:" + password + "@nowhere", avow.Invalid},
		{"mysql", "hidden-user:" + password + "@tcp(127.0.0.1:3306)/shop?tls=" + password, avow.Invalid},
		{"sqlite", "/nowhere/" + password + ".db", avow.Unavailable},
		{"sqlite", "file:%zz" + password, avow.Invalid},
		{"sqlite", "", avow.Invalid},
		{"oracle", password, avow.Invalid},
	}
	if u, err := url.Parse(pg); err == nil && pg != "" {
		u.User = url.UserPassword("nobody_"+password, password)
		cases = append(cases, struct {
			kind, secret string
			want         avow.ErrorKind
		}{"postgresql", u.String(), avow.Forbidden})
	}
	if c, err := mysql.ParseDSN(my); err == nil && my != "" {
		c.User, c.Passwd = "nobody_"+password, password
		cases = append(cases, struct {
			kind, secret string
			want         avow.ErrorKind
		}{"mysql", c.FormatDSN(), avow.Forbidden})
	}
	for _, c := range cases {
		src, err := openAny(connect.Config{System: "shop", Kind: c.kind, Secret: c.secret})
		if err == nil {
			src.Close()
			t.Errorf("%s was opened", strings.ReplaceAll(c.secret, password, "…"))
			continue
		}
		connecttest.WantKind(t, err, c.want, password, "hidden-user")
	}
}
