package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Server is a real mail server on loopback that takes a login and keeps what it is given.
type Server struct {
	Addr  string
	Roots *x509.CertPool // trusts its certificate

	mu      sync.Mutex
	letters []mail.Letter
	rcpt    error // what it answers to the next recipients
	User    string
	Secret  string
}

// Start starts a server with STARTTLS, or with TLS from the first byte; it ends with the test.
func Start(t *testing.T, fromFirstByte bool) *Server {
	t.Helper()
	cert, roots := certificate(t)
	s := &Server{Roots: roots, User: "avow", Secret: "correct horse"}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.Domain, server.EnableSMTPUTF8 = "mail.test", true
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = l.Addr().String()
	if fromFirstByte {
		l = tls.NewListener(l, server.TLSConfig)
	}
	var ended sync.WaitGroup
	ended.Go(func() { server.Serve(l) })
	t.Cleanup(func() {
		l.Close() // the server knows its listener only once it serves
		server.Close()
		ended.Wait()
	})
	return s
}

// Letters is what arrived, oldest first.
func (s *Server) Letters() []mail.Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// Answer makes the server answer every recipient with a code, or take them again when code is 0.
func (s *Server) Answer(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpt = nil
	if code != 0 {
		s.rcpt = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "no ann@example.org here"}
	}
}

type session struct {
	server *Server
	in     bool
	l      mail.Letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.User || password != s.server.Secret {
			return smtp.ErrAuthFailed
		}
		s.in = true
		return nil
	}), nil
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	s.l = mail.Letter{From: from, UTF8: o.UTF8}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.l.To = to
	return s.server.rcpt
}

func (s *session) Data(r io.Reader) (err error) {
	if s.l.Data, err = io.ReadAll(r); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.letters = append(s.server.letters, s.l)
	return nil
}

func (s *session) Reset()        { s.l = mail.Letter{} }
func (s *session) Logout() error { return nil }

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
