package mail_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/mail/mailtest"
)

func dial(t *testing.T, s *mailtest.Server, sec mail.Security) mail.Sender {
	t.Helper()
	sender, err := mail.NewSMTP(mail.SMTP{Addr: s.Addr, Security: sec, User: s.User, Password: s.Secret, Roots: s.Roots, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestSMTPConforms(t *testing.T) {
	for _, sec := range []mail.Security{mail.StartTLS, mail.TLS} {
		t.Run(string(sec), func(t *testing.T) {
			mailtest.Suite(t, func(t *testing.T) mailtest.Under {
				s := mailtest.Start(t, sec == mail.TLS)
				return mailtest.Under{Sender: dial(t, s, sec), Arrived: func(*testing.T) []mail.Letter { return s.Letters() }}
			})
		})
	}
}

func TestSMTPAnswers(t *testing.T) {
	s := mailtest.Start(t, false)
	sender := dial(t, s, mail.StartTLS)
	for code, want := range map[int]avow.ErrorKind{550: avow.Refused, 552: avow.Refused, 450: avow.Unavailable} {
		s.Answer(code)
		err := sender.Send(context.Background(), mailtest.Letter(t, "ann@example.org", "Hello."))
		if avow.KindOf(err) != want {
			t.Errorf("after %d: %v, want %v", code, err, want)
		}
		if err == nil || strings.Contains(err.Error(), "ann@") {
			t.Errorf("after %d the error repeats the address: %v", code, err)
		}
	}
	if len(s.Letters()) != 0 {
		t.Error("a refused letter arrived")
	}
}

func TestSMTPNeedsTLSAndLogin(t *testing.T) {
	s := mailtest.Start(t, false)
	letter := mailtest.Letter(t, "ann@example.org", "Hello.")
	for name, c := range map[string]mail.SMTP{
		"an unknown certificate": {Addr: s.Addr, User: s.User, Password: s.Secret},
		"a wrong password":       {Addr: s.Addr, User: s.User, Password: "battery staple", Roots: s.Roots},
		"no login":               {Addr: s.Addr, Roots: s.Roots},
	} {
		sender, err := mail.NewSMTP(c)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := sender.Send(context.Background(), letter); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("%s: %v, want unavailable: our configuration can be mended", name, err)
		}
	}
	for name, c := range map[string]mail.SMTP{
		"plain over the network": {Addr: "smtp.example.org:587", Security: mail.Plain},
		"no port":                {Addr: "smtp.example.org"},
		"a made-up security":     {Addr: "127.0.0.1:25", Security: "ssl"},
	} {
		if _, err := mail.NewSMTP(c); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s was accepted: %v", name, err)
		}
	}
}

func TestSMTPUTF8(t *testing.T) {
	s := mailtest.Start(t, false)
	if err := dial(t, s, mail.StartTLS).Send(context.Background(), mailtest.Letter(t, "jürgen@bücher.example", "Guten Tag.")); err != nil {
		t.Fatal(err)
	}
	got := s.Letters()
	if len(got) != 1 || !got[0].UTF8 || got[0].To != "jürgen@xn--bcher-kva.example" {
		t.Errorf("arrived: %+v", got)
	}
}

// A server that takes the connection and says nothing is given up at the end of the context.
func TestSMTPSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sender, err := mail.NewSMTP(mail.SMTP{Addr: l.Addr().String(), Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(context.Background(), mailtest.Letter(t, "ann@example.org", "Hello.")); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("a silent server gives %v", err)
	}
}
