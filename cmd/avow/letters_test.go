package main

import (
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/avowhq/avow/mail"
)

// postOffice is a real mail server on this machine that takes every letter and keeps it.
type postOffice struct {
	addr string

	mu      sync.Mutex
	letters []*mail.Opened
}

// openPostOffice starts one; stop ends it.
func openPostOffice() (o *postOffice, stop func(), err error) {
	o = &postOffice{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{office: o}, nil }))
	server.Domain, server.EnableSMTPUTF8 = "mail.test", true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	o.addr = l.Addr().String()
	var ended sync.WaitGroup
	ended.Go(func() { server.Serve(l) })
	return o, func() {
		l.Close()
		server.Close()
		ended.Wait()
	}, nil
}

type delivery struct {
	office *postOffice
	l      mail.Letter
}

func (d *delivery) Mail(from string, o *smtp.MailOptions) error {
	d.l = mail.Letter{From: from, UTF8: o != nil && o.UTF8}
	return nil
}

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.l.To = to
	return nil
}

func (d *delivery) Data(r io.Reader) (err error) {
	if d.l.Data, err = io.ReadAll(r); err != nil {
		return err
	}
	opened, err := mail.Open(d.l)
	if err != nil {
		return err
	}
	d.office.mu.Lock()
	defer d.office.mu.Unlock()
	d.office.letters = append(d.office.letters, &opened)
	return nil
}

func (d *delivery) Reset()        { d.l = mail.Letter{} }
func (d *delivery) Logout() error { return nil }

// to gives the letters to an address, however it is spelt, the newest first.
func (o *postOffice) to(address string) (out []*mail.Opened) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.letters {
		if strings.EqualFold(l.To, address) || strings.Contains(strings.ToLower(l.To), strings.ToLower(address)) {
			out = append([]*mail.Opened{l}, out...)
		}
	}
	return out
}

// wait gives what an expression finds in a letter to an address that has not been given before.
func (o *postOffice) wait(t *testing.T, address, expression string) []string {
	t.Helper()
	find := regexp.MustCompile(expression)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, l := range o.to(address) {
			if found := find.FindStringSubmatch(l.Subject + "\n" + l.Text); found != nil {
				return found
			}
		}
	}
	for _, l := range o.to("") {
		t.Logf("to %s: %s\n%s", l.To, l.Subject, l.Text)
	}
	t.Fatalf("no letter to %s has %q", address, expression)
	return nil
}
