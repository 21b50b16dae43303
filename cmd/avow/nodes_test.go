package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// nodeVariable holds the nodePart of a process.
const nodeVariable = "AVOW_TEST_NODE"

// nodePart is what a server that is a process of its own is told.
type nodePart struct {
	Data, Keys, DSN string
	Wrong           time.Duration // by how much its machine's clock is wrong
}

// playNode is such a server. It says where it listens, and stops when its input ends.
func playNode() {
	var part nodePart
	err := json.Unmarshal([]byte(os.Getenv(nodeVariable)), &part)
	if err != nil {
		panic(err)
	}
	s, err := startServer(context.Background(), serverConfig{
		where:     where{Data: part.Data, Keys: part.Keys, Database: part.DSN, clock: func() time.Time { return time.Now().Add(part.Wrong) }},
		listening: listening{Listen: "127.0.0.1:0"}, out: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.url)
	io.Copy(io.Discard, os.Stdin)
	s.stop()
}

// withinASecond is the promise: a withdrawal that one node has acknowledged is a no on
// every node within this time, or the node refuses to answer.
const withinASecond = time.Second

// TestNodes holds three servers on one database to the promise: with clocks that are
// minutes apart, with one that is stopped and goes on, with one whose connections to
// the database are cut or answer no more, and with all connections ended by the database.
func TestNodes(t *testing.T) {
	for _, k := range storetest.Kinds(t) {
		if c := k.Config(t); c.DSN != "" {
			testNodes(t, c.DSN)
		}
	}
}

func testNodes(t *testing.T, dsn string) {
	f := newFleet(t, dsn)
	for _, trouble := range []struct {
		name      string
		end, heal func()
		refuses   int // the node that may have no answer; -1: none
	}{
		{"nothing", func() {}, func() {}, -1},
		{"a stopped process", func() { f.signal(1, syscall.SIGSTOP) }, func() { f.signal(1, syscall.SIGCONT) }, 1},
		{"the process stopped that is ahead", func() { f.signal(2, syscall.SIGSTOP) }, func() { f.signal(2, syscall.SIGCONT) }, 2},
		{"cut off", f.proxy.cut, f.proxy.join, 2},
		{"no answer from the database", f.proxy.hold, f.proxy.join, 2},
		{"nobody hears any more", f.deafen, func() {}, -1},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			f.everybody(true, -1)
			trouble.end()
			f.withdraw(0)
			f.everybody(false, trouble.refuses)
			time.Sleep(withinASecond) // whoever is away has an old view by now
			trouble.heal()
			f.everybody(false, -1)
			f.give()
		})
	}
	f.end()
}

// fleet is three nodes, the house of the test itself beside them, and a person.
type fleet struct {
	t     *testing.T
	nodes []*nodeProcess
	proxy *proxy // between the last node and the database
	house *house
	who   avow.ID
	token string

	withdrawn atomic.Pointer[time.Time] // when a withdrawal was acknowledged that still holds
	done      chan struct{}
	asking    sync.WaitGroup
	asked     atomic.Int64
}

type nodeProcess struct {
	*exec.Cmd
	in     io.WriteCloser
	url    string
	client *http.Client
	latest atomic.Pointer[reading]
}

// reading is what a node said last, and when it was asked.
type reading struct {
	began time.Time
	yes   bool
	ok    bool // it answered at all
}

const annsAddress = "ann@visitor.example"

func newFleet(t *testing.T, dsn string) *fleet {
	t.Helper()
	f := &fleet{t: t, done: make(chan struct{})}
	f.proxy = newProxy(t, dsn)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys0")
	f.open(dsn, dir, keys)
	for i, wrong := range []time.Duration{0, -5 * time.Minute, 7 * time.Minute} {
		part := nodePart{Data: filepath.Join(dir, fmt.Sprint("data", i)), Keys: filepath.Join(dir, fmt.Sprint("keys", i)), DSN: dsn, Wrong: wrong}
		if i == 2 {
			part.DSN = f.proxy.dsn
		}
		if err := os.MkdirAll(part.Keys, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"organisation.json", "tokens.json"} {
			b, err := os.ReadFile(filepath.Join(keys, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(part.Keys, name), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		f.start(part)
	}
	for _, n := range f.nodes {
		f.asking.Go(func() { f.ask(n) })
	}
	return f
}

// open makes the house, its policy, a person who said yes, and a token to ask with.
func (f *fleet) open(dsn, dir, keys string) {
	f.t.Helper()
	var err error
	w := where{Data: filepath.Join(dir, "data"), Keys: keys, Database: dsn}
	if f.house, err = openHouse(context.Background(), w, "http://127.0.0.1", slog.New(slog.DiscardHandler)); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { f.house.close() })
	src, err := os.ReadFile(filepath.Join("..", "..", "examples", demoPolicy))
	if err == nil {
		_, err = f.house.consent.Publish(context.Background(), demoPolicy, src)
	}
	if err == nil {
		err = f.house.db.Write(context.Background(), func(tx *store.Tx) error {
			v, err := f.house.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: annsAddress})
			if err != nil {
				return err
			}
			f.who = v.Subject
			_, err = f.house.vault.Put(tx, vault.Value{Subject: f.who, Category: "contact", Field: "email", Source: "you", Point: "newsletter",
				Policy: "harbour", Version: 1, Basis: avow.Consent, Purposes: []string{"newsletter"}, Data: annsAddress})
			return err
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	token, caller := api.NewToken("test", []string{api.SystemRole})
	if err := writeCallers(w.tokenFile(), keys, []api.Caller{caller}); err != nil {
		f.t.Fatal(err)
	}
	f.token = token
	f.give()
}

// give has the person say yes. From then on a yes is right.
func (f *fleet) give() {
	f.t.Helper()
	f.withdrawn.Store(nil)
	err := f.house.consent.Do(context.Background(), f.who, func(h *consent.Hand) error {
		_, err := h.Give(consent.Choice{Policy: "harbour", Purpose: "newsletter", Way: "test"})
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) start(part nodePart) {
	f.t.Helper()
	n := startProcess(f.t, "node", part, os.Stderr)
	n.client = &http.Client{Timeout: 3 * time.Second}
	f.nodes = append(f.nodes, n)
}

// startProcess starts a server that is a process of its own, told what it is, and waits until it says where it listens.
func startProcess(t testing.TB, as string, part any, stderr io.Writer, env ...string) *nodeProcess {
	t.Helper()
	told, err := json.Marshal(part)
	if err != nil {
		t.Fatal(err)
	}
	n := &nodeProcess{Cmd: exec.Command(os.Args[0])}
	n.Env, n.Stderr = append(append(os.Environ(), role+"="+as, nodeVariable+"="+string(told)), env...), stderr
	out, err := n.StdoutPipe()
	if err == nil {
		n.in, err = n.StdinPipe()
	}
	if err == nil {
		err = n.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Process.Kill() })
	if _, err := fmt.Fscanln(out, &n.url); err != nil {
		said, _ := stderr.(fmt.Stringer)
		t.Fatalf("the %s does not start: %v\n%v", as, err, said)
	}
	return n
}

// ask asks one node again and again, and holds every yes to the promise.
func (f *fleet) ask(n *nodeProcess) {
	for {
		select {
		case <-f.done:
			return
		default:
		}
		r := f.question(n)
		n.latest.Store(&r)
		f.asked.Add(1)
		if at := f.withdrawn.Load(); at != nil && r.yes && r.began.After(at.Add(withinASecond)) {
			f.t.Errorf("%s says yes to a question that was asked %v after the withdrawal", n.url, r.began.Sub(*at))
		}
		if !r.ok {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func (f *fleet) question(n *nodeProcess) reading {
	r := reading{began: time.Now()}
	body := strings.Replace(annYes, "email:ann@visitor.example", f.who.String(), 1)
	var d decided
	status, answer := f.post(n, "/access/v1/evaluation", body)
	r.ok = status == http.StatusOK && json.Unmarshal(answer, &d) == nil
	r.yes = r.ok && d.Decision
	return r
}

func (f *fleet) post(n *nodeProcess, path, body string) (status int, answer []byte) {
	req, err := http.NewRequest(http.MethodPost, n.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+f.token)
	res, err := n.client.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		return 0, nil
	}
	return res.StatusCode, answer
}

// withdraw takes the consent back on one node. From its acknowledgement on the promise runs.
func (f *fleet) withdraw(node int) {
	f.t.Helper()
	status, answer := f.post(f.nodes[node], "/api/v1/withdrawals", `{"policy":"harbour","purpose":"newsletter","email":"`+annsAddress+`","way":"by telephone"}`)
	if status != http.StatusNoContent {
		f.t.Fatalf("the withdrawal was answered with %d: %s", status, answer)
	}
	now := time.Now()
	f.withdrawn.Store(&now)
}

// everybody waits until every node but one answers what is right, to a question asked from now on.
func (f *fleet) everybody(yes bool, but int) {
	f.t.Helper()
	from := time.Now()
	for i, n := range f.nodes {
		for end := time.Now().Add(time.Minute); i != but; time.Sleep(20 * time.Millisecond) {
			if r := n.latest.Load(); r != nil && r.ok && r.yes == yes && r.began.After(from) {
				break
			}
			if time.Now().After(end) {
				f.t.Fatalf("node %d does not come to answer %v", i, yes)
			}
		}
	}
}

func (f *fleet) signal(node int, s os.Signal) {
	f.t.Helper()
	if err := f.nodes[node].Process.Signal(s); err != nil {
		f.t.Fatal(err)
	}
}

// deafen ends every connection of the nodes at the database, those that listen among them.
func (f *fleet) deafen() {
	f.t.Helper()
	err := f.house.db.Read(context.Background(), func(tx *store.Tx) error {
		var n int
		return tx.QueryRow(`SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE 'LISTEN%'`).Scan(&n)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) end() {
	close(f.done)
	f.asking.Wait()
	for i, n := range f.nodes {
		n.in.Close()
		if err := n.Wait(); err != nil {
			f.t.Errorf("node %d ended badly: %v", i, err)
		}
	}
	f.t.Logf("%d questions were asked", f.asked.Load())
	findings, err := f.house.consent.Check(context.Background(), nil)
	if err != nil || len(findings) > 0 {
		f.t.Errorf("the fold is not what the events say: %v, %v", findings, err)
	}
}

// proxy stands between a node and the database: it passes everything on, or nothing.
type proxy struct {
	dsn, to string
	mu      sync.Mutex
	state   proxyState
	conns   map[net.Conn]bool
	wake    *sync.Cond
}

type proxyState int

const (
	joined proxyState = iota
	held              // connections stay, and nothing comes through
	cut               // connections end, and no new one is taken
)

func newProxy(t *testing.T, dsn string) *proxy {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		t.Fatal("AVOW_TEST_POSTGRES must be a URL for this test")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: u.Host, conns: map[net.Conn]bool{}}
	p.wake = sync.NewCond(&p.mu)
	u.Host = l.Addr().String()
	p.dsn = u.String()
	t.Cleanup(func() { l.Close(); p.set(cut) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *proxy) cut()  { p.set(cut) }
func (p *proxy) hold() { p.set(held) }
func (p *proxy) join() { p.set(joined) }

func (p *proxy) set(s proxyState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	if s == cut {
		for c := range p.conns {
			c.Close()
		}
	}
	p.wake.Broadcast()
}

func (p *proxy) serve(c net.Conn) {
	there, err := net.Dial("tcp", p.to)
	if err != nil || !p.keep(c, there) {
		c.Close()
		return
	}
	go p.copy(there, c)
	p.copy(c, there)
}

// keep takes a pair of connections in, unless they are cut.
func (p *proxy) keep(pair ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range pair {
		if p.state == cut {
			c.Close()
			continue
		}
		p.conns[c] = true
	}
	return p.state != cut
}

func (p *proxy) copy(to, from net.Conn) {
	defer func() {
		p.mu.Lock()
		delete(p.conns, to)
		p.mu.Unlock()
		to.Close()
		from.Close()
	}()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		p.mu.Lock()
		for p.state == held {
			p.wake.Wait()
		}
		p.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
