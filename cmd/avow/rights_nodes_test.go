package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// fewServerKills is how many servers are killed in an ordinary run.
const fewServerKills = 8

// serverPart is what a server that is a process of its own is told: avow serve --systems, with another lease.
type serverPart struct {
	Data, Keys, DSN, Systems string
	Gone                     time.Duration // as in answering
}

// playServer is such a server. It says where it listens, and is killed, or stops when its input ends. A step of a process that is dead is
// taken over sooner than in life, and what was answered is forgotten at once.
func playServer() {
	var part serverPart
	if err := json.Unmarshal([]byte(os.Getenv(nodeVariable)), &part); err != nil {
		panic(err)
	}
	s, err := startServer(context.Background(), serverConfig{
		where: where{Data: part.Data, Keys: part.Keys, Database: part.DSN}, listening: listening{Listen: "127.0.0.1:0"},
		answering: answering{Systems: part.Systems, RetainAt: -1, away: 50 * time.Millisecond, gone: part.Gone, tune: func(c *cases.Config) {
			c.Lease, c.Keep = time.Second, time.Millisecond
		}},
		out: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.url)
	io.Copy(io.Discard, os.Stdin)
	s.stop()
}

// TestServersKilled: two servers on one PostgreSQL answer requests in three systems while requests flow in at both, and one after
// the other is killed at random, in the middle of steps mostly, and started again; now and then both. At the end
// every request that was acknowledged is closed, once, with one certificate that says what was done, and everybody is
// as they asked, and everybody else to the letter as they were.
func TestServersKilled(t *testing.T) {
	kills, err := strconv.Atoi(cmp.Or(os.Getenv(killPoints), strconv.Itoa(fewServerKills)))
	if err != nil || kills < 1 {
		t.Fatalf("%s is a number of times", killPoints)
	}
	kills = min(kills, 100) // of servers; processes without one are killed by the thousand in TestRightsKilled
	for _, kind := range storetest.Kinds(t) {
		if c := kind.Config(t); c.DSN != "" {
			p := newServerPair(t, c.DSN, min(mostPeople, 40+5*kills))
			p.killed(kills)
			p.end()
		}
	}
}

// serverPair is two servers, the systems they work in, and the house of the test beside them.
type serverPair struct {
	t     *testing.T
	world *threeSystems
	rightsKilled
	dir, dsn string
	token    string
	asked    map[invented]stage

	at       [2]string // the servers' addresses
	nodes    [2]*nodeProcess
	nodeMu   sync.Mutex
	stderr   logBook
	killedIn int // with a step under way somewhere
	tookOver int // asks that were sent again, because a server was gone before it answered
}

func newServerPair(t *testing.T, dsn string, people int) *serverPair {
	t.Helper()
	p := &serverPair{t: t, dir: t.TempDir(), dsn: dsn, asked: map[invented]stage{}}
	p.world = newThreeSystems(t, p.dir, people)
	w := where{Data: filepath.Join(p.dir, "data"), Keys: filepath.Join(p.dir, "keys"), Database: dsn}
	house, err := openHouse(context.Background(), w, "http://127.0.0.1", slog.New(slog.DiscardHandler))
	p.check(err)
	t.Cleanup(func() { house.close() })
	_, err = house.consent.Publish(context.Background(), "policy.yaml", []byte(killedPolicy))
	p.check(err)
	p.counter, p.ctx = &counter{house: house}, context.Background()
	p.desk, err = house.openCases(p.ctx, casesConfig{packages: filepath.Join(p.dir, "packages")})
	p.check(err)
	token, caller := api.NewToken("kim", []string{"officer"})
	p.token = token
	p.check(writeCallers(w.tokenFile(), w.Keys, []api.Caller{caller}))
	for i := range p.nodes {
		keys := filepath.Join(p.dir, fmt.Sprint("keys", i))
		p.check(os.MkdirAll(keys, 0o700))
		for _, name := range []string{"organisation.json", "tokens.json"} {
			b, err := os.ReadFile(filepath.Join(w.Keys, name))
			p.check(err)
			p.check(os.WriteFile(filepath.Join(keys, name), b, 0o600))
		}
		p.start(i)
	}
	return p
}

func (p *serverPair) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.stderr.String())
	}
}

func (p *serverPair) start(i int) {
	p.t.Helper()
	part := serverPart{Data: filepath.Join(p.dir, fmt.Sprint("data", i)), Keys: filepath.Join(p.dir, fmt.Sprint("keys", i)), DSN: p.dsn, Systems: p.dir}
	n := startProcess(p.t, "server", part, &p.stderr, p.world.env...)
	p.nodes[i] = n
	p.nodeMu.Lock()
	p.at[i] = n.url
	p.nodeMu.Unlock()
}

// killed has requests flow in while servers are killed and started again.
func (p *serverPair) killed(kills int) {
	p.t.Helper()
	stop := make(chan struct{})
	var flowing sync.WaitGroup
	flowing.Go(func() { p.flow(stop) })
	for range kills {
		which := []int{rand.N(2)}
		if rand.N(8) == 0 {
			which = []int{0, 1}
		}
		if p.awaitStep(1500 * time.Millisecond) {
			p.killedIn++
		}
		time.Sleep(rand.N(15 * time.Millisecond))
		for _, i := range which {
			p.nodes[i].Process.Kill()
			p.nodes[i].Wait()
		}
		p.look()
		time.Sleep(rand.N(700 * time.Millisecond))
		for _, i := range which {
			p.start(i)
		}
	}
	close(stop)
	flowing.Wait()
}

// awaitStep waits a while until some server has taken a step, and tells whether one has.
func (p *serverPair) awaitStep(most time.Duration) bool {
	if rand.N(4) == 0 {
		time.Sleep(rand.N(most))
		return false
	}
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(3 * time.Millisecond) {
		var held int
		p.check(p.house.db.Read(p.ctx, func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(n) FROM rights_case_steps WHERE leased > ?`, tx.Now()).Scan(&held)
		}))
		if held > 0 {
			return true
		}
	}
	return false
}

// look looks into the systems, as anybody can at any time: nobody is half done in any.
func (p *serverPair) look() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for system := range systemTables {
		p.check(p.world.look(system, p.asked))
	}
}

// flow takes requests down, at either server, until stop: with one key each, so that one that was sent again is the same.
func (p *serverPair) flow(stop <-chan struct{}) {
	for who := invented(1); int(who) <= p.world.people; who++ {
		wants := []stage{erased, erased, corrected, erased, before, erased, before}[int(who)%7]
		if wants == before {
			continue
		}
		select {
		case <-stop:
			return
		case <-time.After(rand.N(500 * time.Millisecond)):
		}
		p.mu.Lock()
		p.asked[who] = wants
		p.mu.Unlock()
		a := rightsAsk{Person: who, Wants: wants, Number: who%6 == 0}
		if err := p.send(&a); err != nil {
			p.t.Error(err)
			return
		}
		p.Asks = append(p.Asks, a)
	}
}

// send asks until a server has acknowledged it.
func (p *serverPair) send(a *rightsAsk) error {
	body := map[string]any{"right": "remove", "identities": []map[string]string{{"kind": "email", "value": a.Person.email()}}, "livesIn": "GB", "evidence": "ticket 4711"}
	if a.Number {
		body["identities"] = append(body["identities"].([]map[string]string), map[string]string{"kind": "member-number", "value": a.Person.member()})
	}
	if a.Wants == corrected {
		body["right"], body["corrections"] = "correct", []map[string]string{{"data": "contact.name", "to": a.Person.renamed()}}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	key := avow.NewID(time.Now()).String()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		p.nodeMu.Lock()
		at := p.at[rand.N(2)]
		p.nodeMu.Unlock()
		id, wrong, err := p.post(at, key, text)
		if err == nil && wrong != "" {
			return fmt.Errorf("a request was answered with %s", wrong)
		}
		if err == nil {
			a.ID = id
			return nil
		}
		p.tookOver++
	}
	return fmt.Errorf("no server took the request of person %d down within a minute", a.Person)
}

// post sends a request once. err: nobody answered; what was answered may have been taken down.
func (p *serverPair) post(at, key string, body []byte) (id avow.ID, wrong string, err error) {
	req, err := http.NewRequest(http.MethodPost, at+"/api/v1/requests", bytes.NewReader(body))
	if err != nil {
		return id, "", err
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + p.token, "Idempotency-Key": key} {
		req.Header.Set(name, value)
	}
	res, err := (&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return id, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return id, "", err
	}
	var taken struct{ Request string }
	if res.StatusCode/100 != 2 || json.Unmarshal(answer, &taken) != nil {
		return id, fmt.Sprintf("%d: %.300s", res.StatusCode, answer), nil
	}
	id, err = avow.ParseID(taken.Request)
	return id, "", err
}

// end waits until all is done, by both servers or the one that has it, and looks at everything.
func (p *serverPair) end() {
	p.t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		p.tasks()
		var left int
		p.check(p.house.db.Read(p.ctx, func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(id) FROM rights_cases WHERE stage <> 'over'`).Scan(&left)
		}))
		if left == 0 {
			break
		}
		if time.Now().After(end) {
			p.check(p.unfinished())
		}
	}
	for i, n := range p.nodes {
		n.in.Close()
		if err := n.Wait(); err != nil {
			p.t.Errorf("server %d ended badly: %v\n%s", i, err, p.stderr.String())
		}
	}
	p.check(p.world.finished(p.asked))
	p.check(p.allRight())
	for _, a := range p.Asks {
		p.check(p.certified(a))
	}
	p.t.Logf("%d requests; with a step under way at %d kills; %d asks sent again", len(p.Asks), p.killedIn, p.tookOver)
	if len(p.Asks) < 5 || p.killedIn == 0 {
		p.t.Error("too little happened: this proves little")
	}
}

// tasks does what people are asked to do: to look at a text of somebody else.
func (p *serverPair) tasks() {
	p.t.Helper()
	list, err := p.desk.ToDo(p.ctx, 1000)
	p.check(err)
	for _, x := range list {
		if !strings.Contains(x.Step.What, "may name the person") {
			p.t.Fatalf("a person is asked to: %s%s", x.Step.What, p.partly())
		}
		p.check(p.desk.TaskDone(p.ctx, x.Request.ID, x.Step.N, "Kim", "I looked."))
	}
}

// certified: the certificate counts each row of the person once, in every system.
func (p *serverPair) certified(a rightsAsk) error {
	if a.Wants != erased {
		return nil
	}
	c, err := p.desk.Certificate(p.ctx, a.ID)
	if err != nil {
		return err
	}
	got := map[string]int{}
	for _, s := range c.Systems {
		if got[s.System]++; got[s.System] > 1 {
			return fmt.Errorf("the certificate of person %d names %s twice", a.Person, s.System)
		}
		for _, table := range s.Tables { // a row of which one column is masked and another cleared stands there twice
			got[s.System+"."+table.Table] = max(got[s.System+"."+table.Table], table.Rows)
		}
	}
	for table, want := range map[string]int{"shop.customers": 1, "shop.carts": 2, "shop.cart_items": 2, "shop.orders": 2,
		"crm.contacts": 1, "crm.notes": 2, "crm.tickets": 1, "club.members": 1, "club.bookings": 2} {
		if got[table] != want {
			return fmt.Errorf("the certificate of person %d says %d rows of %s, want %d: %v", a.Person, got[table], table, want, got)
		}
	}
	return nil
}
