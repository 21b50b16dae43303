package store

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect/connecttest"
)

// A server elsewhere proves who it is, unless it is said that it need not.
func TestServerElsewhere(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://avow:secret@db.example/avow":                                  "db.example",
		"postgresql://avow@db.example:5433/avow?application_name=x":               "db.example",
		"host=db.example user=avow dbname=avow":                                   "db.example",
		"host=127.0.0.1,db.example user=avow":                                     "127.0.0.1",
		"postgres://avow@10.0.0.7/avow":                                           "10.0.0.7",
		"postgres://avow@db.example/avow?sslmode=disable":                         "",
		"host=db.example sslmode = disable":                                       "",
		"postgres://avow@localhost/avow?sslmode=disable&application_name=sslmode": "",
		"host=/var/run/postgresql user=avow":                                      "",
		"host=127.0.0.1 sslmode=disable":                                          "",
		"postgres://avow@[::1]/avow?sslmode=disable":                              "",
	} {
		cfg, err := parseDSN(dsn)
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		got := ""
		if tls := cfg.TLSConfig; tls != nil && !tls.InsecureSkipVerify {
			got = tls.ServerName
		}
		if got != want {
			t.Errorf("%s: %q has to prove who it is, want %q", dsn, got, want)
		}
		for _, f := range cfg.Fallbacks {
			if want != "" && (f.TLSConfig == nil || f.TLSConfig.InsecureSkipVerify) {
				t.Errorf("%s: %s need not prove who it is", dsn, f.Host)
			}
		}
	}
}

// Nothing is asked of this machine.
func TestServerHere(t *testing.T) {
	for _, dsn := range []string{"postgres://avow@localhost/avow", "postgres://avow@127.0.0.1:5432/avow", "host=/run/postgresql"} {
		cfg, err := parseDSN(dsn)
		if err != nil || (cfg.TLSConfig != nil && !cfg.TLSConfig.InsecureSkipVerify) {
			t.Errorf("%s: %v, %v", dsn, cfg, err)
		}
	}
}

// elsewhere is an address of this machine that is none of its own: to avow a server there is on
// another machine, and what is sent there comes to 127.0.0.1.
const elsewhere = "0.0.0.0"

// Servers are met for real, with the connection string that an operator would write.
func TestServerElsewhereProvesItself(t *testing.T) {
	ours, other := connecttest.NewAuthority(t), connecttest.NewAuthority(t)
	ours.Issue(t, "server", "server", time.Now().Add(time.Hour), elsewhere)
	proved, there := connecttest.StartServer(t, "postgres", ours.Dir)
	if !there {
		return
	}
	ours.Issue(t, "server", "server", time.Now().Add(time.Hour), "db.example")
	misnamed, _ := connecttest.StartServer(t, "postgres", ours.Dir)
	plain, _ := connecttest.StartServer(t, "postgres", "")
	ca, stranger := "sslrootcert="+ours.File("ca.pem"), "sslrootcert="+other.File("ca.pem")
	for _, c := range []struct {
		name, server, host, said, environment string
		how                                   string // what the server says of the connection; empty: it is refused
		why                                   string // that the operator is told
	}{
		{name: "proved", server: proved, host: elsewhere, said: ca, how: "tls"},
		{name: "nobody known vouches", server: proved, host: elsewhere, why: "unknown authority"},
		{name: "another authority", server: proved, host: elsewhere, said: stranger, why: "unknown authority"},
		{name: "another name", server: misnamed, host: elsewhere, said: ca, why: elsewhere},
		{name: "no TLS there", server: plain, host: elsewhere, said: ca, why: "server refused TLS connection"},
		{name: "it is said that it need not: any TLS", server: proved, host: elsewhere, said: "sslmode=require", how: "tls"},
		{name: "it is said that it need not: none", server: proved, host: elsewhere, said: "sslmode=disable", how: "plain"},
		{name: "it is said that it need not: none there", server: plain, host: elsewhere, said: "sslmode=disable", how: "plain"},
		{name: "the environment says that it need not", server: plain, host: elsewhere, environment: "disable", how: "plain"},
		{name: "the string goes before the environment", server: plain, host: elsewhere, said: "sslmode=verify-full&" + ca, environment: "disable", why: "server refused TLS connection"},
		{name: "here nothing is asked", server: plain, host: "127.0.0.1", how: "plain"},
		{name: "here TLS is taken from whoever has it", server: misnamed, host: "127.0.0.1", how: "tls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PGSSLMODE", c.environment)
			how, err := met(t, c.server, c.host, c.said)
			if c.how == "" && (avow.KindOf(err) != avow.Unavailable || !strings.Contains(err.Error(), c.why)) || c.how != "" && err != nil || how != c.how {
				t.Errorf("the server says %q, %v; want %q, an error with %q", how, err, c.how, c.why)
			}
		})
	}
}

// met opens a server as avow does and asks how it was reached.
func met(t *testing.T, server, host, said string) (how string, err error) {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = net.JoinHostPort(host, u.Port()), said
	db, err := Open(context.Background(), Config{DSN: u.String()})
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.Read(context.Background(), func(tx *Tx) error {
		return tx.QueryRow("SELECT CASE WHEN ssl THEN 'tls' ELSE 'plain' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&how)
	})
	return how, err
}
