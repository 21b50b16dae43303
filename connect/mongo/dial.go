package mongo

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/inside"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// authority is how a connection string names the authority of the server's certificate.
const authority = "tlsCAFile=FILE"

// dialled reads a connection string: how the servers are reached, and the database it
// names. A server that is not this machine must prove itself by TLS, also where the string
// does not speak of it, unless the operator allows its host.
func dialled(c connect.Config) (*options.ClientOptions, string, error) {
	allow, err := inside.Read(c.Allow)
	if err != nil {
		return nil, "", err
	}
	parsed, err := connstring.ParseAndValidate(c.Secret)
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup): // mongodb+srv: the name stands for servers
		return nil, "", avow.Errorf(avow.Unavailable, "%s: the name of its server is not known; look at its connection string, or at the network", c.System)
	case err != nil: // its text repeats parts of the connection string
		return nil, "", avow.Errorf(avow.Invalid, "%s: the connection string cannot be read; it looks like mongodb://user:password@host/database", c.System)
	}
	opts := options.Client().SetAppName("avow").SetServerSelectionTimeout(reachTimeout).SetConnectTimeout(reachTimeout).ApplyURI(c.Secret)
	if err := opts.Validate(); err != nil {
		return nil, "", avow.Errorf(avow.Invalid, "%s: the options of the connection string do not fit together, or a file of certificates that it names cannot be read (tlsCAFile, tlsCertificateKeyFile)", c.System)
	}
	near := !slices.ContainsFunc(opts.Hosts, func(host string) bool { return !isSocket(host) && !allow.Plain(host) })
	if !near && opts.TLSConfig == nil && !parsed.SSLSet {
		opts.SetTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: parsed.SSLInsecure})
	}
	if !near && !inside.Vouched(opts.TLSConfig) {
		return nil, "", avow.Errorf(avow.Invalid, "%s: its server is not this machine, and its connection string asks for no TLS, or for TLS in which nobody vouches for the server; "+
			"write tls=true, with %s for an authority of your own, or let the operator allow the host (--inside HOST)", c.System, authority)
	}
	return opts, parsed.Database, nil
}

// isSocket reports whether a host of a connection string is a socket, as the driver knows one.
func isSocket(host string) bool {
	return strings.HasSuffix(host, ".sock") && strings.Contains(host, "/")
}

// distrust says why TLS with the servers was not made; nothing where that is not why. That no server
// was found says so only below, for each of them.
func distrust(err error) string {
	if why := inside.Distrust(err, authority); why != "" {
		return why
	}
	var selection topology.ServerSelectionError
	if !errors.As(err, &selection) {
		return ""
	}
	for _, server := range selection.Desc.Servers {
		if why := inside.Distrust(server.LastError, authority); why != "" {
			return why
		}
	}
	return ""
}

// orNoTLS is another reason why a server does not answer: most that speak no TLS hang up without a word.
func (s *source) orNoTLS() string {
	if s.tls {
		return ", or speaks no TLS there, or takes another client certificate only"
	}
	return ""
}
