package sqldb

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/inside"
	driverMySQL "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

const dialTimeout = 10 * time.Second

// The words of connection strings for TLS. Those of MySQL are its own clients'; the
// driver knows `tls` only, and would send the others to the server as variables.
const (
	postgresCA = "sslrootcert=FILE"
	mysqlCA    = "ssl-ca=FILE"
)

// unguarded is the refusal of a server that is not this machine and that no TLS proves.
func unguarded(system, how string) error {
	return avow.Errorf(avow.Invalid, "system %s: its server is not this machine, and its connection string asks for no TLS, or for TLS in which nobody vouches for the server; "+
		"write %s, or let the operator allow the host (--inside HOST)", system, how)
}

// postgresConfig reads a connection string. Where it does not say how TLS is meant, a
// server that is not this machine must prove itself: the driver alone would try, and then
// do without.
func postgresConfig(c connect.Config) (*pgx.ConnConfig, error) {
	allow, err := inside.Read(c.Allow)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(c.Secret)
	if err == nil && !saysTLS(c.Secret) && !guarded(config, allow) {
		config, err = pgx.ParseConfig(verifying(c.Secret))
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "failed to configure TLS"):
		return nil, avow.Errorf(avow.Invalid, "system %s: TLS cannot be as its connection string says; look at sslmode, and at the files that sslrootcert, sslcert and sslkey name", c.System)
	case err != nil:
		return nil, avow.Errorf(avow.Invalid,
			"system %s: its connection string cannot be read; one looks like postgres://user:password@host:5432/database?sslmode=verify-full", c.System)
	case !guarded(config, allow):
		return nil, unguarded(c.System, "sslmode=verify-full, with "+postgresCA+" for an authority of your own")
	}
	config.RuntimeParams["application_name"] = "avow"
	config.ConnectTimeout = max(config.ConnectTimeout, dialTimeout)
	return config, nil
}

// guarded reports whether each server that may be tried is near, allowed or proves itself.
func guarded(config *pgx.ConnConfig, allow *inside.Allowed) bool {
	safe := func(host string, port uint16, t *tls.Config) bool {
		if !strings.HasPrefix(host, "/") { // a socket has no port
			host = net.JoinHostPort(host, strconv.Itoa(int(port)))
		}
		return inside.Vouched(t) || allow.Plain(host)
	}
	for _, f := range config.Fallbacks {
		if !safe(f.Host, f.Port, f.TLSConfig) {
			return false
		}
	}
	return safe(config.Host, config.Port, config.TLSConfig)
}

var sslmode = regexp.MustCompile(`(^|[?&\s])sslmode\s*=`)

func saysTLS(dsn string) bool { return sslmode.MatchString(dsn) }

// verifying is a connection string of PostgreSQL that asks the server to prove itself.
func verifying(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return dsn + " sslmode=verify-full"
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "sslmode=verify-full"
	return u.String()
}

// mysqlConfig reads a connection string. Where it does not say how TLS is meant, a server
// that is not this machine must prove itself.
func mysqlConfig(c connect.Config) (*driverMySQL.Config, error) {
	allow, err := inside.Read(c.Allow)
	if err != nil {
		return nil, err
	}
	dsn, files := withoutFiles(strings.TrimPrefix(c.Secret, "mysql://"))
	config, err := driverMySQL.ParseDSN(dsn)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid,
			"system %s: its connection string cannot be read; one looks like user:password@tcp(host:3306)/database?tls=true", c.System)
	}
	near := config.Net == "unix" || allow.Plain(config.Addr)
	if wrong := mysqlTLS(config, files, near); wrong != "" {
		return nil, avow.Errorf(avow.Invalid, "system %s: TLS cannot be as its connection string says: %s", c.System, wrong)
	}
	if !near && (!inside.Vouched(config.TLS) || config.AllowFallbackToPlaintext) {
		return nil, unguarded(c.System, "tls=true, with "+mysqlCA+" for an authority of your own")
	}
	return config, nil
}

// withoutFiles takes the files of certificates out of a connection string: the driver would
// send them to the server as variables, and takes a slash in them for that before the database.
func withoutFiles(dsn string) (string, map[string]string) {
	files := map[string]string{}
	at := strings.LastIndexByte(dsn, '?')
	if at < 0 {
		return dsn, files
	}
	var others []string
	for part := range strings.SplitSeq(dsn[at+1:], "&") {
		name, value, _ := strings.Cut(part, "=")
		if name != "ssl-ca" && name != "ssl-cert" && name != "ssl-key" {
			others = append(others, part)
			continue
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		files[name] = value
	}
	return dsn[:at+1] + strings.Join(others, "&"), files
}

// mysqlTLS sets TLS up with the files that the connection string names, and says what is wrong with them.
func mysqlTLS(config *driverMySQL.Config, files map[string]string, near bool) (wrong string) {
	ca, cert, key := files["ssl-ca"], files["ssl-cert"], files["ssl-key"]
	if config.TLSConfig == "" && (len(files) > 0 || !near) {
		host, _, err := net.SplitHostPort(config.Addr)
		if err != nil {
			host = config.Addr
		}
		config.TLSConfig, config.TLS = "true", &tls.Config{ServerName: host}
	}
	if config.TLS == nil {
		return ""
	}
	config.TLS.MinVersion = tls.VersionTLS12
	if ca != "" {
		if config.TLS.RootCAs = authorities(ca); config.TLS.RootCAs == nil {
			return "the file that ssl-ca names cannot be read, or holds no certificate"
		}
	}
	if cert == "" && key == "" {
		return ""
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return "the files that ssl-cert and ssl-key name cannot be read, or do not belong together"
	}
	config.TLS.Certificates = []tls.Certificate{pair}
	return ""
}

// authorities are the certificates of a file in PEM, nil when there are none.
func authorities(file string) *x509.CertPool {
	text, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return nil
	}
	return pool
}
