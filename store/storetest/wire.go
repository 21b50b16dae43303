package storetest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/avowhq/avow/store"
)

// Wire stands between a store and a real PostgreSQL server, and fails as a network
// does: connections are cut, all at once or at one message of a write, none can be
// made for a while, or nothing comes through. It ends with the test.
//
// A message is what a client says before it waits for an answer. Those of writes are
// told from others by the connections they come on, which ask for an
// idle_in_transaction_session_timeout, and by the transaction they are in, from its
// begin to its commit: reads, pings and what listens are never counted.
type Wire struct {
	tb     testing.TB
	config store.Config
	server string

	mu    sync.Mutex
	turn  *sync.Cond // when held or ended changes
	state wireState
	ended bool
	open  map[net.Conn]bool
	order *order
}

type wireState int

const (
	joined wireState = iota
	held
	away
)

// Cut says how a Wire cuts a write.
type Cut struct {
	Seen    bool // the server gets the message and answers it, and nobody hears that
	Stay    bool // the database is away from then on, until Back
	Commits bool // count the commits, and nothing else
}

// order is a cut that is to be made.
type order struct {
	Cut
	left int
	made chan struct{}
}

// NewWire lays a wire to the database of a configuration, whose DSN is a URL.
func NewWire(tb testing.TB, c store.Config) *Wire {
	tb.Helper()
	u, err := url.Parse(c.DSN)
	if err != nil || u.Host == "" {
		tb.Fatal("AVOW_TEST_POSTGRES must be a URL for this test")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &Wire{tb: tb, config: c, server: u.Host, open: map[net.Conn]bool{}}
	w.turn = sync.NewCond(&w.mu)
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable") // or there is nothing to be read
	u.RawQuery = q.Encode()
	w.config.DSN = u.String()
	tb.Cleanup(func() { l.Close(); w.end() })
	go w.accept(l)
	return w
}

// Config is the configuration of the same database through the wire.
func (w *Wire) Config() store.Config { return w.config }

// Cut ends every connection. New ones can be made.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutAll()
}

// Away ends every connection, and takes no new one until Back.
func (w *Wire) Away() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.be(away)
}

// Hold keeps every connection, and lets nothing through until Back.
func (w *Wire) Hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.be(held)
}

// Back ends Away and Hold. What was held comes through.
func (w *Wire) Back() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.be(joined)
}

// CutAt has the connection cut at the nth message of writes from now on, the first
// being 1, in place of an earlier CutAt. made is closed when that was done.
func (w *Wire) CutAt(n int, c Cut) (made <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.order = &order{Cut: c, left: n, made: make(chan struct{})}
	return w.order.made
}

// Spare takes back a CutAt that was not carried out, and reports whether it was.
func (w *Wire) Spare() (cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cut = w.order != nil && w.order.left <= 0
	w.order = nil
	return cut
}

func (w *Wire) be(s wireState) {
	w.state = s
	if s == away {
		w.cutAll()
	}
	w.turn.Broadcast()
}

func (w *Wire) cutAll() {
	for c := range w.open {
		c.Close()
	}
}

func (w *Wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.be(away)
}

func (w *Wire) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go w.join(client)
	}
}

func (w *Wire) join(client net.Conn) {
	server, err := net.Dial("tcp", w.server)
	if err != nil || !w.keep(client, server) {
		client.Close()
		if err == nil {
			server.Close()
		}
		return
	}
	c := &conn{w: w, client: client, server: server, answers: make(chan struct{})}
	go c.answer()
	c.ask()
	<-c.answers
	w.forget(client, server)
}

// keep notes a pair of connections, unless there are to be none.
func (w *Wire) keep(client, server net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == away {
		return false
	}
	w.open[client], w.open[server] = true, true
	return true
}

func (w *Wire) forget(client, server net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, client)
	delete(w.open, server)
}

// pass waits while the wire is held.
func (w *Wire) pass() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.state == held && !w.ended {
		w.turn.Wait()
	}
}

// due counts a message of a write, and returns the order to cut at it. The database
// is away before anybody can notice.
func (w *Wire) due(server net.Conn, commit bool) *order {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.order
	if o == nil || o.left <= 0 || o.Commits && !commit {
		return nil
	}
	if o.left--; o.left > 0 {
		return nil
	}
	delete(w.open, server) // this one has a message to take yet
	if o.Stay {
		w.be(away)
	}
	return o
}

// conn is one connection through the wire.
type conn struct {
	w              *Wire
	client, server net.Conn
	answers        chan struct{} // closed when the server has said all it will
	writer, inTx   bool
}

// answer passes on what the server says, also to nobody.
func (c *conn) answer() {
	defer close(c.answers)
	defer c.client.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := c.server.Read(b)
		c.w.pass()
		c.client.Write(b[:n])
		if err != nil {
			return
		}
	}
}

// ask passes on what the client says, message by message.
func (c *conn) ask() {
	defer c.server.Close()
	if !c.start() {
		return
	}
	for {
		text, err := c.message()
		if err != nil {
			return
		}
		if c.cut(text) {
			return
		}
		c.w.pass()
		if _, err := c.server.Write(text); err != nil {
			return
		}
	}
}

// cut cuts the connection if it is time to.
func (c *conn) cut(text []byte) bool {
	word := simple(text)
	c.inTx = c.inTx || word == "begin"
	if !c.writer || !c.inTx {
		return false
	}
	o := c.w.due(c.server, word == "commit")
	c.inTx = word != "commit" && word != "rollback"
	if o == nil {
		return false
	}
	defer close(o.made)
	c.client.Close()
	if o.Seen {
		c.server.Write(text)
		c.server.(*net.TCPConn).CloseWrite() // nothing more will be asked
		<-c.answers
	}
	return true
}

// start passes on the first packet, which has no type and names what the connection is for.
func (c *conn) start() bool {
	packet, err := c.packet(nil)
	if err != nil {
		return false
	}
	c.writer = bytes.Contains(packet, []byte("\x00idle_in_transaction_session_timeout\x00"))
	_, err = c.server.Write(packet)
	return err == nil
}

// message reads what is said before an answer is waited for. The data of a COPY is one with its end.
func (c *conn) message() (text []byte, err error) {
	for {
		kind := []byte{0}
		if _, err := io.ReadFull(c.client, kind); err != nil {
			return nil, err
		}
		packet, err := c.packet(kind)
		if err != nil {
			return nil, err
		}
		text = append(text, packet...)
		if bytes.Contains([]byte("QSHXpcfF"), kind) {
			return text, nil
		}
	}
}

// packet reads a packet of the protocol after its type: a length that counts itself, and that much.
func (c *conn) packet(kind []byte) ([]byte, error) {
	size := make([]byte, 4)
	if _, err := io.ReadFull(c.client, size); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(size)) - 4
	body, err := io.ReadAll(io.LimitReader(c.client, n))
	if err == nil && int64(len(body)) < n {
		err = io.ErrUnexpectedEOF
	}
	return append(append(kind, size...), body...), err
}

// simple is the text of a simple query; other messages have none.
func simple(text []byte) string {
	if text[0] != 'Q' {
		return ""
	}
	return string(bytes.TrimRight(text[5:], "\x00"))
}
