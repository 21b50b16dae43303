package mongo_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
)

// TestTLS runs on servers of its own whose certificate is for `localhost`: one that takes
// everybody, one that wants a client certificate, one that speaks no TLS.
func TestTLS(t *testing.T) {
	ours, other := connecttest.NewAuthority(t), connecttest.NewAuthority(t)
	soon := time.Now().Add(time.Hour)
	ours.Issue(t, "server", "localhost", soon, "localhost")
	ours.Issue(t, "client", "avow", soon)
	other.Issue(t, "client", "avow", soon)
	secured := mongotest.Start(t, filepath.Join(t.TempDir(), "a"), ours.Dir)
	certified := mongotest.Start(t, filepath.Join(t.TempDir(), "b"), ours.Dir, ours.File("ca.pem"))
	plain := mongotest.Start(t, filepath.Join(t.TempDir(), "c"))
	at := func(server, host, query string) string {
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		return "mongodb://" + host + ":" + u.Port() + "/shop?" + query
	}
	ca := "&tlsCAFile=" + ours.File("ca.pem")
	client, stranger := "&tlsCertificateKeyFile="+ours.File("client-both.pem"), "&tlsCertificateKeyFile="+other.File("client-both.pem")
	for _, c := range []struct {
		name, uri, says string
	}{
		{"verified", at(secured, "localhost", "tls=true"+ca), ""},
		{"an authority alone asks for TLS", at(secured, "localhost", ca[1:]), ""},
		{"client certificate", at(certified, "localhost", "tls=true"+ca+client), ""},
		{"on this machine nobody need vouch", at(secured, "127.0.0.1", "tls=true&tlsInsecure=true"), ""},
		{"on this machine it is left out", at(plain, "127.0.0.1", ""), ""},
		{"nobody known vouches", at(secured, "localhost", "tls=true"), "nobody who is trusted here vouches for the TLS certificate of its server; name the authority that does: tlsCAFile=FILE"},
		{"another authority", at(secured, "localhost", "tls=true&tlsCAFile="+other.File("ca.pem")), "nobody who is trusted here"},
		{"another name", at(secured, "127.0.0.1", "tls=true"+ca), "for another name"},
		{"no TLS there", at(plain, "localhost", "tls=true"+ca), "or speaks no TLS there"},
		// Why a server ended TLS is lost where it closed the connection before that was read.
		{"no client certificate", at(certified, "localhost", "tls=true"+ca), "client certificate"},
		{"a stranger's client certificate", at(certified, "localhost", "tls=true"+ca+stranger), "client certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // a server that is not found is looked for ten seconds long
			s, err := mongo.Open(t.Context(), connect.Config{System: "shop", Kind: "mongodb", Secret: c.uri})
			if err == nil {
				defer s.Close()
			}
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Describe(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			connecttest.WantKind(t, err, avow.Unavailable, c.uri, ours.Dir, "localhost")
			if err != nil && (!strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "shop: ")) {
				t.Errorf("%v; want it to say %q", err, c.says)
			}
		})
	}
}
