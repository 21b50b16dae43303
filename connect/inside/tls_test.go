package inside

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect/connecttest"
)

// Each way in which TLS is not made is met for real, on a server of the test's own.
func TestDistrust(t *testing.T) {
	ours, other := connecttest.NewAuthority(t), connecttest.NewAuthority(t)
	ours.Issue(t, "server", "server", time.Now().Add(time.Hour), "db.example")
	ours.Issue(t, "expired", "server", time.Now().Add(-time.Minute), "db.example")
	trusting := func(a *connecttest.Authority, name string) *tls.Config {
		pool := x509.NewCertPool()
		text, err := os.ReadFile(a.File("ca.pem"))
		if err != nil || !pool.AppendCertsFromPEM(text) {
			t.Fatal(err)
		}
		return &tls.Config{RootCAs: pool, ServerName: name}
	}
	serving := func(file string) *tls.Config {
		pair, err := tls.LoadX509KeyPair(ours.File(file+".pem"), ours.File(file+"-key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	wanting := serving("server")
	wanting.ClientAuth = tls.RequireAnyClientCert
	for _, c := range []struct {
		name   string
		server *tls.Config // nil: it speaks no TLS
		client *tls.Config
		want   string
	}{
		{"it fits", serving("server"), trusting(ours, "db.example"), ""},
		{"another authority", serving("server"), trusting(other, "db.example"), "name the authority that does: ca=FILE"},
		{"another name", serving("server"), trusting(ours, "other.example"), "for another name"},
		{"expired", serving("expired"), trusting(ours, "db.example"), "has expired"},
		{"no TLS", nil, trusting(ours, "db.example"), "speaks no TLS there"},
		{"a client certificate is wanted", wanting, trusting(ours, "db.example"), "may want a client certificate"},
	} {
		err := meet(t, c.server, c.client)
		if got := Distrust(err, "ca=FILE"); (c.want == "") != (err == nil) || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q of %v", c.name, got, err)
		}
	}
	for _, err := range []error{nil, io.EOF, errors.New("tls: something"), &net.OpError{Op: "dial", Err: io.EOF}} {
		if got := Distrust(err, "ca=FILE"); got != "" {
			t.Errorf("%v: %s", err, got)
		}
	}
}

// meet makes TLS with a server and reads one byte.
func meet(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if server != nil {
			conn = tls.Server(conn, server)
		}
		conn.Write([]byte("220 plain text\r\n"))
		io.Copy(io.Discard, conn)
	}()
	conn, err := tls.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return err
}

func TestVouched(t *testing.T) {
	chain := func([][]byte, [][]*x509.Certificate) error { return nil }
	for name, c := range map[string]struct {
		config *tls.Config
		want   bool
	}{
		"none":                              {nil, false},
		"verified":                          {&tls.Config{}, true},
		"whoever answers":                   {&tls.Config{InsecureSkipVerify: true}, false},
		"the chain to everybody's":          {&tls.Config{InsecureSkipVerify: true, VerifyPeerCertificate: chain}, false},
		"the chain to one's own":            {&tls.Config{InsecureSkipVerify: true, VerifyPeerCertificate: chain, RootCAs: x509.NewCertPool()}, true},
		"one's own, and nobody verifies it": {&tls.Config{InsecureSkipVerify: true, RootCAs: x509.NewCertPool()}, false},
	} {
		if got := Vouched(c.config); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
