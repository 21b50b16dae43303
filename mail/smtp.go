package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/avowhq/avow"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Security says how the connection to the next hop is protected.
type Security string

// The ways of protection.
const (
	StartTLS Security = "starttls" // turned on after the greeting, and required (rfc:3207)
	TLS      Security = "tls"      // from the first byte (rfc:8314#3)
	Plain    Security = "plain"    // none: accepted on loopback only
)

// SMTP is where messages are submitted (rfc:6409).
type SMTP struct {
	Addr     string // host:port
	Security Security
	User     string // empty: no login
	Password string
	Hello    string         // the name this machine greets with; empty: localhost
	Roots    *x509.CertPool // nil: the system's
	Timeout  time.Duration  // of a whole delivery; 0: one minute
}

// NewSMTP checks a configuration and makes a Sender of it. It does not connect.
func NewSMTP(c SMTP) (*SMTPSender, error) {
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil || host == "":
		return nil, avow.Errorf(avow.Invalid, "the mail server is written host:port, such as smtp.example.org:587")
	case c.Security == "":
		c.Security = StartTLS
	case c.Security != StartTLS && c.Security != TLS && c.Security != Plain:
		return nil, avow.Errorf(avow.Invalid, "mail security %q is not starttls, tls or plain", c.Security)
	case c.Security == Plain && !avow.ThisMachine(host):
		return nil, avow.Errorf(avow.Invalid, "mail without TLS is accepted for a server on this machine only; use starttls or tls")
	}
	if c.Hello == "" {
		c.Hello = "localhost"
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	return &SMTPSender{c: c, host: host}, nil
}

// SMTPSender submits letters to a mail server.
type SMTPSender struct {
	c    SMTP
	host string
}

// Send submits one letter.
func (s *SMTPSender) Send(ctx context.Context, l Letter) error {
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.c.Addr)
	if err != nil {
		return away("cannot be reached", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := s.greet(conn)
	if err != nil {
		return err
	}
	return submit(client, l)
}

func (s *SMTPSender) greet(conn net.Conn) (*smtp.Client, error) {
	secure := &tls.Config{ServerName: s.host, RootCAs: s.c.Roots, MinVersion: tls.VersionTLS12}
	var client *smtp.Client
	var err error
	switch s.c.Security {
	case TLS:
		client = smtp.NewClient(tls.Client(conn, secure))
	case StartTLS:
		client, err = smtp.NewClientStartTLS(conn, secure)
	default:
		client = smtp.NewClient(conn)
	}
	if err != nil {
		return nil, away("did not turn on TLS", err)
	}
	client.CommandTimeout, client.SubmissionTimeout = s.c.Timeout, s.c.Timeout
	if s.c.Security != StartTLS { // with STARTTLS the greeting is over
		if err := client.Hello(s.c.Hello); err != nil {
			return nil, away("did not answer the greeting", err)
		}
	}
	if s.c.User == "" {
		return client, nil
	}
	if err := client.Auth(sasl.NewPlainClient("", s.c.User, s.c.Password)); err != nil {
		return nil, away("refused the login", err)
	}
	return client, nil
}

func submit(c *smtp.Client, l Letter) error {
	if err := c.Mail(l.From, &smtp.MailOptions{UTF8: l.UTF8}); err != nil {
		if l.UTF8 && !isReply(err) {
			return avow.Errorf(avow.Refused, "the mail server takes no addresses with letters beyond ASCII")
		}
		return away("refused the sender", err)
	}
	if err := c.Rcpt(l.To, nil); err != nil {
		return verdict("refused the recipient", err)
	}
	w, err := c.Data()
	if err != nil {
		return verdict("refused the message", err)
	}
	if _, err := bytes.NewReader(l.Data).WriteTo(w); err != nil {
		return away("broke off", err)
	}
	if err := w.Close(); err != nil {
		return verdict("refused the message", err)
	}
	c.Quit() // the letter is taken; what the server says to our goodbye changes nothing
	return nil
}

// verdict sorts an answer about this letter: 5yz is for ever (rfc:5321#4.2.1).
func verdict(what string, err error) error {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) && reply.Code >= 500 {
		return avow.Errorf(avow.Refused, "the mail server %s (%s)", what, code(reply))
	}
	return away(what, err)
}

// away is for what another try may mend: the network, a busy server, our own configuration.
func away(what string, err error) error {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return avow.Errorf(avow.Unavailable, "the mail server %s (%s)", what, code(reply))
	}
	return avow.Errorf(avow.Unavailable, "the mail server %s: %w", what, err)
}

// code is all that is kept of a reply: servers repeat addresses in their words.
func code(e *smtp.SMTPError) string {
	return fmt.Sprintf("%d %d.%d.%d", e.Code, e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
}

func isReply(err error) bool {
	var reply *smtp.SMTPError
	return errors.As(err, &reply)
}
