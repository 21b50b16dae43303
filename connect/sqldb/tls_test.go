package sqldb_test

import (
	"database/sql"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/go-sql-driver/mysql"
)

// certificates are an authority with a server's certificate for `localhost` (and not for
// 127.0.0.1) and a client's for the login `certified`, and another authority.
func certificates(t *testing.T) (ours, other *connecttest.Authority) {
	t.Helper()
	ours, other = connecttest.NewAuthority(t), connecttest.NewAuthority(t)
	soon := time.Now().Add(time.Hour)
	ours.Issue(t, "server", "localhost", soon, "localhost")
	ours.Issue(t, "client", "certified", soon)
	other.Issue(t, "client", "certified", soon)
	return ours, other
}

// attempt is one way to open a server, and what must come of it.
type attempt struct {
	name string
	dsn  string
	kind avow.ErrorKind
	says string // of the error; empty: it opens
	how  string // what the server says of the connection; empty: it is not asked
}

// try opens each, asks the server whether it was reached by TLS, and looks at the errors.
func try(t *testing.T, kind, encrypted string, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		src, err := openAny(connect.Config{System: "shop", Kind: kind, Secret: a.dsn})
		if a.says != "" {
			connecttest.WantKind(t, err, a.kind, "hunter2", a.dsn, "certified")
			if err != nil && (!strings.Contains(err.Error(), a.says) || !strings.Contains(err.Error(), "system shop")) {
				t.Errorf("%s: %v; want it to say %q", a.name, err, a.says)
			}
			if err == nil {
				src.Close()
				t.Errorf("%s: it was opened", a.name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", a.name, err)
			continue
		}
		// The seam has no way to ask for anything but tables, which is what it is for.
		rows := connecttest.All(t, src, connect.Read{Table: encrypted, Columns: []string{"how"}})
		if len(rows) != 1 || connect.Text(rows[0][0]) != a.how {
			t.Errorf("%s: the server says %v of the connection; want %s", a.name, rows, a.how)
		}
		src.Close()
	}
}

func execAll(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// TestPostgresTLS runs on a PostgreSQL of its own whose certificate is for `localhost`,
// and on one that speaks no TLS.
func TestPostgresTLS(t *testing.T) {
	ours, other := certificates(t)
	secured, there := connecttest.StartServer(t, "postgres", ours.Dir)
	if !there {
		return
	}
	plain, _ := connecttest.StartServer(t, "postgres", "")
	admin := connecttest.Handle(t, connect.Config{Kind: "postgresql", Secret: secured})
	var hba string
	if err := admin.QueryRow("SHOW hba_file").Scan(&hba); err != nil {
		t.Fatal(err)
	}
	// The login `certified` is let in by its certificate alone, `encrypted` with a password over TLS alone.
	execAll(t, admin,
		"CREATE ROLE certified LOGIN", "CREATE ROLE encrypted LOGIN PASSWORD 'hunter2'",
		"CREATE VIEW connection AS SELECT CASE WHEN ssl THEN 'tls' || COALESCE(' as ' || client_dn, '') ELSE 'plain' END AS how FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
		"GRANT SELECT ON connection TO certified, encrypted",
		"COPY (SELECT line FROM unnest(ARRAY['hostssl all certified all cert', 'hostssl all encrypted all scram-sha-256', 'hostssl all avow all trust', 'host all avow 127.0.0.1/32 trust']) AS rules (line)) TO '"+hba+"'",
		"SELECT pg_reload_conf()")
	dsn := func(server, user, host, query string) string {
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			u.User = url.UserPassword(user, "hunter2")
		}
		u.Host, u.RawQuery = net.JoinHostPort(host, u.Port()), query
		return u.String()
	}
	ca, client := "&sslrootcert="+ours.File("ca.pem"), "&sslcert="+ours.File("client.pem")+"&sslkey="+ours.File("client-key.pem")
	stranger := "&sslcert=" + other.File("client.pem") + "&sslkey=" + other.File("client-key.pem")
	const full = "sslmode=verify-full"
	try(t, "postgresql", "connection", []attempt{
		{name: "verified", dsn: dsn(secured, "encrypted", "localhost", full+ca), how: "tls"},
		{name: "words instead of a URL", dsn: strings.NewReplacer("PORT", mustPort(t, secured), "CA", ours.File("ca.pem")).Replace(
			"host=localhost port=PORT user=encrypted password=hunter2 dbname=postgres sslmode=verify-full sslrootcert=CA"), how: "tls"},
		{name: "on this machine TLS is tried", dsn: dsn(secured, "encrypted", "127.0.0.1", ""), how: "tls"},
		{name: "on this machine it may be left out", dsn: dsn(secured, "", "127.0.0.1", "sslmode=disable"), how: "plain"},
		{name: "chain without name", dsn: dsn(secured, "encrypted", "127.0.0.1", "sslmode=verify-ca"+ca), how: "tls"},
		{name: "client certificate", dsn: dsn(secured, "certified", "localhost", full+ca+client), how: "tls as /CN=certified"},
		{name: "nobody known vouches", dsn: dsn(secured, "encrypted", "localhost", full), kind: avow.Unavailable, says: "nobody who is trusted here vouches for the TLS certificate of its server; name the authority that does: sslrootcert=FILE"},
		{name: "another authority", dsn: dsn(secured, "encrypted", "localhost", full+"&sslrootcert="+other.File("ca.pem")), kind: avow.Unavailable, says: "nobody who is trusted here"},
		{name: "another name", dsn: dsn(secured, "encrypted", "127.0.0.1", full+ca), kind: avow.Unavailable, says: "is for another name"},
		{name: "no TLS there", dsn: dsn(plain, "avow", "localhost", full+ca), kind: avow.Unavailable, says: "it speaks none"},
		{name: "TLS is wanted there", dsn: dsn(secured, "encrypted", "127.0.0.1", "sslmode=disable"), kind: avow.Forbidden, says: "TLS (sslmode)"},
		{name: "no client certificate", dsn: dsn(secured, "certified", "localhost", full+ca), kind: avow.Forbidden, says: "client certificate (sslcert, sslkey)"},
		{name: "a stranger's client certificate", dsn: dsn(secured, "certified", "localhost", full+ca+stranger), kind: avow.Forbidden, says: "client certificate (sslcert, sslkey)"},
		{name: "wrong password", dsn: strings.Replace(dsn(secured, "encrypted", "localhost", full+ca), "hunter2", "hunter2x", 1), kind: avow.Forbidden, says: "does not accept the login"},
	})
}

func mustPort(t *testing.T, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// TestMariaDBTLS runs on a MariaDB of its own whose certificate is for `localhost`, and
// on one that speaks no TLS.
func TestMariaDBTLS(t *testing.T) {
	ours, other := certificates(t)
	secured, there := connecttest.StartServer(t, "mariadb", ours.Dir)
	if !there {
		return
	}
	plain, _ := connecttest.StartServer(t, "mariadb", "")
	admin := connecttest.Handle(t, connect.Config{Kind: "mysql", Secret: secured})
	execAll(t, admin,
		"CREATE DATABASE shop", "CREATE DEFINER=CURRENT_USER SQL SECURITY INVOKER VIEW shop.connection AS SELECT IF(VARIABLE_VALUE = '', 'plain', 'tls') AS how FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER'",
		"CREATE USER certified@'127.0.0.1' REQUIRE SUBJECT '/CN=certified'", "CREATE USER encrypted@'127.0.0.1' IDENTIFIED BY 'hunter2' REQUIRE SSL", "CREATE USER anyhow@'127.0.0.1' IDENTIFIED BY 'hunter2'",
		"GRANT SELECT ON shop.* TO certified@'127.0.0.1'", "GRANT SELECT ON shop.* TO encrypted@'127.0.0.1'", "GRANT SELECT ON shop.* TO anyhow@'127.0.0.1'")
	dsn := func(server, user, host, query string) string {
		c, err := mysql.ParseDSN(server)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(c.Addr)
		c.User, c.Passwd, c.DBName, c.Addr = user, "hunter2", "shop", net.JoinHostPort(host, port)
		if user == "certified" || user == "avow" {
			c.Passwd = ""
		}
		return c.FormatDSN() + "?" + query
	}
	ca, client := "&ssl-ca="+url.QueryEscape(ours.File("ca.pem")), "&ssl-cert="+ours.File("client.pem")+"&ssl-key="+ours.File("client-key.pem")
	stranger := "&ssl-cert=" + other.File("client.pem") + "&ssl-key=" + other.File("client-key.pem")
	attempts := []attempt{
		{name: "verified", dsn: dsn(secured, "encrypted", "localhost", "tls=true"+ca), how: "tls"},
		{name: "an authority alone asks for TLS", dsn: dsn(secured, "anyhow", "localhost", ca[1:]), how: "tls"},
		{name: "on this machine it is left out", dsn: dsn(secured, "anyhow", "127.0.0.1", ""), how: "plain"},
		{name: "on this machine nobody need vouch", dsn: dsn(secured, "encrypted", "127.0.0.1", "tls=skip-verify"), how: "tls"},
		{name: "client certificate", dsn: dsn(secured, "certified", "localhost", "tls=true"+ca+client), how: "tls"},
		{name: "nobody known vouches", dsn: dsn(secured, "encrypted", "localhost", "tls=true"), kind: avow.Unavailable, says: "nobody who is trusted here vouches for the TLS certificate of its server; name the authority that does: ssl-ca=FILE"},
		{name: "another authority", dsn: dsn(secured, "encrypted", "localhost", "ssl-ca="+other.File("ca.pem")), kind: avow.Unavailable, says: "nobody who is trusted here"},
		{name: "another name", dsn: dsn(secured, "encrypted", "127.0.0.1", "tls=true"+ca), kind: avow.Unavailable, says: "is for another name"},
		{name: "no TLS there", dsn: dsn(plain, "avow", "localhost", "tls=true"+ca), kind: avow.Unavailable, says: "it speaks none"},
		{name: "TLS is wanted of the login", dsn: dsn(secured, "encrypted", "127.0.0.1", "tls=false"), kind: avow.Forbidden, says: "does not accept the login"},
		{name: "no client certificate", dsn: dsn(secured, "certified", "localhost", "tls=true"+ca), kind: avow.Forbidden, says: "client certificate (ssl-cert, ssl-key)"},
		{name: "wrong password", dsn: strings.Replace(dsn(secured, "encrypted", "localhost", "tls=true"+ca), "hunter2", "hunter2x", 1), kind: avow.Forbidden, says: "does not accept the login"},
	}
	try(t, "mysql", "connection", attempts)
	// To MariaDB a certificate of a stranger is none at all, or ends TLS, by its version.
	if src, err := openAny(connect.Config{System: "shop", Kind: "mysql", Secret: dsn(secured, "certified", "localhost", "tls=true"+ca+stranger)}); err == nil {
		src.Close()
		t.Error("a stranger's client certificate opens it")
	} else if kind := avow.KindOf(err); kind != avow.Forbidden && kind != avow.Unavailable || strings.Contains(err.Error(), filepath.Base(ours.Dir)) {
		t.Errorf("a stranger's client certificate: %v", err)
	} else {
		t.Log("a stranger's client certificate:", err)
	}
	execAll(t, admin, "SET GLOBAL require_secure_transport = ON")
	try(t, "mysql", "connection", []attempt{
		{name: "TLS is wanted of all", dsn: dsn(secured, "anyhow", "127.0.0.1", "tls=false"), kind: avow.Forbidden, says: "at TLS (tls)"},
	})
}
