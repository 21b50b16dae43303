package inside

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// Plain reports whether a server may be spoken to without TLS, or with TLS in which
// nobody vouches for it: it is this machine, or the operator allows it.
func (a *Allowed) Plain(hostPort string) bool { return Local(hostPort) || a.Host(hostPort) }

// Vouched reports whether a connection is encrypted, and to a server for whose
// certificate somebody who is trusted vouches.
func Vouched(c *tls.Config) bool {
	if c == nil {
		return false
	}
	// To verify the chain and not the name proves something of an authority of one's own only.
	return !c.InsecureSkipVerify || c.VerifyPeerCertificate != nil && c.RootCAs != nil
}

// Distrust says why TLS with a server was not made, and what to do: one sentence without
// a name or an address. It is empty when err is about something else. ca is how a
// connection string names an authority: `sslrootcert=FILE`.
func Distrust(err error, ca string) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other tls.RecordHeaderError
	var op *net.OpError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "nobody who is trusted here vouches for the TLS certificate of its server; name the authority that does: " + ca
	case errors.As(err, &name):
		return "the TLS certificate of its server is for another name; reach it by a name in the certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the TLS certificate of its server has expired or is not valid yet; renew it, or look at the clock"
	case errors.As(err, &invalid), errors.As(err, &untrusted):
		return "the TLS certificate of its server cannot be used; it must be made for servers, by an authority"
	case errors.As(err, &other):
		return "its server speaks no TLS there; look at its port, or turn TLS on at the server"
	case errors.As(err, &op) && op.Op == "remote error":
		return "its server ended TLS: it may want a client certificate, or another than was shown"
	}
	return ""
}
