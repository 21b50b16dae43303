package sqldb

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// A server elsewhere proves itself by TLS, unless the operator allows its host; this
// machine is spoken to as the connection string says.
func TestFarServersProveThemselves(t *testing.T) {
	authority := connecttest.NewAuthority(t)
	authority.Issue(t, "client", "avow", time.Now().Add(time.Hour))
	ca, cert, key := authority.File("ca.pem"), authority.File("client.pem"), authority.File("client-key.pem")
	const refused = "refused"
	for _, c := range []struct {
		kind, dsn string
		allow     []string
		want      string // the name that must stand in the certificate; `none`: no TLS; `any`: whoever answers
	}{
		{"postgresql", "postgres://u:hunter2@db.example/shop", nil, "db.example"},
		{"postgresql", "postgres://u:hunter2@db.example/shop?application_name=x", nil, "db.example"},
		{"postgresql", "host=db.example user=u password=hunter2", nil, "db.example"},
		{"postgresql", "postgres://u:hunter2@db.example:1,db.example:2/shop", nil, "db.example"},
		{"postgresql", "postgres://u:hun%2Fter2@db.example/shop?", nil, "db.example"},
		{"postgresql", "postgres://u:hunter2@10.1.2.3/shop", nil, "10.1.2.3"},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslrootcert=" + ca, nil, "db.example"},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=verify-full", nil, "db.example"},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=verify-ca&sslrootcert=" + ca, nil, "any"},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=require&sslrootcert=" + ca, nil, "any"},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=verify-ca", nil, refused},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=require", nil, refused},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=prefer", nil, refused},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=allow", nil, refused},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=disable", nil, refused},
		{"postgresql", "host=db.example user=u password=hunter2 sslmode = disable", nil, refused},
		{"postgresql", "postgres://u:hunter2@localhost,db.example/shop?sslmode=disable", nil, refused},
		{"postgresql", "postgres://u:hunter2@db.example,localhost/shop?sslmode=disable", nil, refused},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=disable", []string{"other.example"}, refused},
		{"postgresql", "postgres://u:hunter2@db.example/shop?sslmode=disable", []string{"db.example"}, "none"},
		{"postgresql", "postgres://u:hunter2@db.example:5433/shop?sslmode=disable", []string{"db.example:5433"}, "none"},
		{"postgresql", "postgres://u:hunter2@10.1.2.3/shop?sslmode=require", []string{"10.0.0.0/8"}, "any"},
		{"postgresql", "postgres://u:hunter2@db.example/shop", []string{"db.example"}, "any"},
		{"postgresql", "postgres://u:hunter2@localhost/shop?sslmode=disable", nil, "none"},
		{"postgresql", "host=/var/run/postgresql user=u sslmode=disable", nil, "none"},
		{"postgresql", "postgres://u:hunter2@[::1]/shop?sslmode=disable", nil, "none"},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop", nil, "db.example"},
		{"mysql", "u:hunter2@tcp(db.example)/shop", nil, "db.example"},
		{"mysql", "u:hunter2@tcp(10.1.2.3:3306)/shop", nil, "10.1.2.3"},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=true", nil, "db.example"},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?ssl-ca=" + ca, nil, "db.example"},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?ssl-ca=" + ca + "&ssl-cert=" + cert + "&ssl-key=" + key, nil, "db.example"},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=false", nil, refused},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=skip-verify", nil, refused},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=preferred", nil, refused},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=true&allowFallbackToPlaintext=true", nil, refused},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=false&ssl-ca=" + ca, nil, refused},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop", []string{"db.example"}, "none"},
		{"mysql", "u:hunter2@tcp(db.example:3306)/shop?tls=skip-verify", []string{"db.example"}, "any"},
		{"mysql", "u:hunter2@tcp(127.0.0.1:3306)/shop", nil, "none"},
		{"mysql", "u:hunter2@unix(/run/mysqld.sock)/shop", nil, "none"},
		{"mysql", "u:hunter2@/shop", nil, "none"},
		{"mysql", "u:hunter2@tcp(127.0.0.1:3306)/shop?ssl-ca=" + ca, nil, "127.0.0.1"},
	} {
		got, err := tlsOf(connect.Config{System: "shop", Kind: c.kind, Secret: c.dsn, Allow: c.allow})
		name := c.kind + " " + strings.ReplaceAll(c.dsn, authority.Dir, "")
		if c.want == refused {
			connecttest.WantKind(t, err, avow.Invalid, "hunter2", "db.example")
			if err != nil && (!strings.Contains(err.Error(), "system shop: its server is not this machine") || !strings.Contains(err.Error(), "--inside")) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || proves(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", name, proves(got), err, c.want)
		}
	}
}

// tlsOf is the TLS with which a server is spoken to.
func tlsOf(c connect.Config) (*tls.Config, error) {
	if c.Kind == "mysql" {
		config, err := mysqlConfig(c)
		if err != nil {
			return nil, err
		}
		return config.TLS, nil
	}
	config, err := postgresConfig(c)
	if err != nil {
		return nil, err
	}
	return config.TLSConfig, nil
}

func proves(c *tls.Config) string {
	switch {
	case c == nil:
		return "none"
	case c.InsecureSkipVerify:
		return "any"
	}
	return c.ServerName
}

// What the files of certificates are, an error says; what stands in the string beside them, none does.
func TestFilesOfCertificates(t *testing.T) {
	authority, other := connecttest.NewAuthority(t), connecttest.NewAuthority(t)
	for _, a := range []*connecttest.Authority{authority, other} {
		a.Issue(t, "client", "avow", time.Now().Add(time.Hour))
	}
	for dsn, says := range map[string]string{
		"postgres://u:hunter2@db.example/shop?sslrootcert=/nowhere/ca.pem":                                                               "sslrootcert",
		"postgres://u:hunter2@db.example/shop?sslrootcert=" + authority.File("ca.pem") + "&sslcert=/nowhere/c.pem&sslkey=/nowhere/k.pem": "sslcert",
		"postgres://u:hunter2@db.example/shop?sslmode=verify-full&sslrootcert=" + authority.File("client-key.pem"):                       "sslrootcert",
		"u:hunter2@tcp(db.example:3306)/shop?ssl-ca=/nowhere/ca.pem":                                                                     "ssl-ca",
		"u:hunter2@tcp(db.example:3306)/shop?ssl-ca=" + authority.File("client-key.pem"):                                                 "ssl-ca",
		"u:hunter2@tcp(db.example:3306)/shop?ssl-cert=" + authority.File("client.pem"):                                                   "ssl-key",
		"u:hunter2@tcp(db.example:3306)/shop?ssl-cert=" + authority.File("client.pem") + "&ssl-key=" + other.File("client-key.pem"):      "do not belong together",
	} {
		kind := "mysql"
		if strings.HasPrefix(dsn, "postgres:") {
			kind = "postgresql"
		}
		_, err := tlsOf(connect.Config{System: "shop", Kind: kind, Secret: dsn})
		connecttest.WantKind(t, err, avow.Invalid, "hunter2", "db.example", "/nowhere")
		if err != nil && (!strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "system shop")) {
			t.Errorf("%v; want it to say %s", err, says)
		}
	}
}

// A server that never answered has done nothing; one that went away may have.
func TestUnreachableIsNoBrokenConnection(t *testing.T) {
	_, never := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:1")
	broke := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	for want, err := range map[string]error{"see that it runs": fmt.Errorf("failed to connect: %w", never), "it is not known whether it was done": broke} {
		if got := connection(err, "sslrootcert"); got.kind != avow.Unavailable || !strings.Contains(got.what, want) {
			t.Errorf("%v: %s; want %s", err, got.what, want)
		}
	}
}
