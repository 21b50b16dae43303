package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/store"
)

const (
	posting = 64   // connections, each with one request at a time
	posts   = 8192 // events a round
)

// posted is consents over HTTP to a server process, beside events appended in this process.
type posted struct {
	sealed       *lane
	withdrawn    *lane // an event each
	form, letter *lane // two events each: what was collected, and the consent
}

// The limits of a server stand as they are: 20 forms at once from one sender and 200 at
// one point, then one in two seconds and 50 a second. So forms come from many senders, as a proxy that
// the server was told to trust says, and to many points.
const perSender = 10

// site is whoever posts: a site's own program, over connections that stay open.
type site struct {
	server *running
	token  string
	conns  []*conn
	sent   atomic.Int64 // forms so far, each of somebody new
}

type conn struct {
	net.Conn
	in  *bufio.Reader
	out bytes.Buffer
}

func measurePosted(ctx context.Context, c config) (*posted, error) {
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sealed, people, err := inhabited(ctx, filepath.Join(dir, "sealed"), "", few)
	if err != nil {
		return nil, err
	}
	defer sealed.close()
	served := filepath.Join(dir, "served")
	if err := prepare(ctx, served); err != nil {
		return nil, err
	}
	s, err := openSite(c.binary, served)
	if err != nil {
		return nil, err
	}
	defer s.server.stop()
	defer s.close()
	p := &posted{}
	p.sealed = eventsOf(posting, c.share(posts), func(place, times int) error { return sealed.append(ctx, ofTurn(people, posting, place, times), 1) })
	p.withdrawn = eventsOf(posting, c.share(posts), s.withdraw)
	p.form = eventsOf(posting, c.share(posts/2), func(place, _ int) error { return s.form(place, "panel") })
	p.letter = eventsOf(posting, c.share(posts/2), func(place, _ int) error { return s.form(place, "newsletter") })
	p.form.each, p.letter.each = 2, 2
	if err := inTurns("HTTP", c.rounds, []*lane{p.sealed, s.metered(p.withdrawn), s.metered(p.form)}); err != nil {
		return nil, err
	}
	// Letters leave for a while after their forms, so these come last, and are compared with the median of the others.
	return p, inTurns("HTTP, with letters", c.rounds, []*lane{s.metered(p.letter)})
}

// prepare makes a server's directory with people who have consented.
func prepare(ctx context.Context, dir string) error {
	h, people, err := inhabited(ctx, dir, "", few)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(people, 256) {
		err := h.db.Write(ctx, func(tx *store.Tx) error { return h.consents(tx, chunk) })
		if err != nil {
			return errors.Join(err, h.close())
		}
	}
	return h.close()
}

func (h *house) consents(tx *store.Tx, people []avow.ID) error {
	for _, who := range people {
		hand, err := h.consent.In(tx, who)
		if err != nil {
			return err
		}
		if _, err := hand.Give(consent.Choice{Policy: "site", Purpose: "panel", Way: "form"}); err != nil {
			return err
		}
		if err := hand.Done(); err != nil {
			return err
		}
	}
	return nil
}

func openSite(binary, dir string) (*site, error) {
	token, err := exec.Command(binary, "token", "--keys", keysOf(dir), "site").Output()
	if err != nil {
		return nil, err
	}
	server, err := startAvow(binary, dir, "--trusted-proxy", "127.0.0.0/8")
	if err != nil {
		return nil, err
	}
	s := &site{server: server, token: strings.TrimSpace(string(token))}
	if _, err := server.ready(); err != nil {
		return nil, errors.Join(err, server.stop())
	}
	for range posting {
		c, err := net.Dial("tcp", server.addr)
		if err != nil {
			return nil, errors.Join(err, server.stop())
		}
		s.conns = append(s.conns, &conn{Conn: c, in: bufio.NewReader(c)})
	}
	return s, nil
}

func (s *site) close() {
	for _, c := range s.conns {
		c.Close()
	}
}

// metered has the server's time measured, not that of whoever posts.
func (s *site) metered(l *lane) *lane {
	l.clock = s.server.spent
	return l
}

// withdraw takes back what somebody had consented to, by their address: the
// simplest change of a consent there is over HTTP.
func (s *site) withdraw(place, times int) error {
	who := (place + times*posting) * 7919 % few // in no order, and nobody twice at once
	return s.post(place, "/api/v1/withdrawals", http.StatusNoContent, "",
		fmt.Appendf(nil, `{"policy":"site","email":%q,"purpose":"panel","way":"by telephone"}`, address(who)))
}

// form sends the form of somebody new: they are claimed, two values are kept, and one consent given.
func (s *site) form(place int, purpose string) error {
	n := int(s.sent.Add(1))
	sender := n / perSender
	return s.post(place, "/collect/"+pointName(n), http.StatusCreated, fmt.Sprintf("10.%d.%d.%d", sender>>16&255, sender>>8&255, sender&255),
		fmt.Appendf(nil, `{"policy":"site","fields":{"contact.email":"visitor-%d@mail.example","contact.name":"Somebody"},"consents":[%q]}`, n, purpose))
}

// post sends a request, and reads the whole answer.
func (s *site) post(place int, path string, want int, sender string, body []byte) error {
	c := s.conns[place]
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n", path, s.server.addr, s.token, len(body))
	if sender != "" {
		fmt.Fprintf(&c.out, "X-Forwarded-For: %s\r\n", sender)
	}
	c.out.WriteString("\r\n")
	c.out.Write(body)
	if _, err := c.Write(c.out.Bytes()); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("POST %s: %s: %s", path, answer.Status, said)
	}
	return err
}
