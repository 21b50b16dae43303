package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// monkeyShots names the variable that says how many requests the monkeys send on each database.
const monkeyShots = "AVOW_TEST_MONKEYS"

const (
	fewShots   = 600 // in an ordinary run; more of them find more
	monkeys    = 32  // at once
	monkeySeed = 7
)

// TestMonkeys has many at once send everything there is to send to a server, mostly with something wrong in it, in
// between people whose acts are known. Whatever comes, the server panics nowhere, answers nothing with 5xx and everything in time; a wrong
// request to an address for programs is answered with a problem document. In the end the records are sound, and everybody
// is as they said last. On PostgreSQL two servers share the database.
func TestMonkeys(t *testing.T) {
	shots, err := strconv.Atoi(cmp.Or(os.Getenv(monkeyShots), strconv.Itoa(fewShots)))
	if err != nil || shots < 1 {
		t.Fatalf("%s is a number of requests", monkeyShots)
	}
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		m := newMonkeys(t, db)
		var all sync.WaitGroup
		var people []*monkeyPerson
		for i := range 4 + shots/500 {
			p := newMonkeyPerson(m, i)
			people = append(people, p)
			all.Go(p.live)
		}
		doors := monkeyDoors()
		for i := range monkeys {
			all.Go(func() { m.play(i, shots/monkeys, doors) })
		}
		all.Wait()
		m.end(people)
	})
}

// monkey is all monkeys of a test, with what they share.
type monkey struct {
	t       *testing.T
	q       *quay
	servers []*server
	tokens  []string // headers
	shop    string   // the one of a program
	slip    *slipApp

	mu       sync.Mutex
	met      map[string][]string // what stood in letters and answers, by what it is
	visits   []*http.Client      // of people who are let in, and everybody's to use
	faults   map[string]int
	statuses map[int]int
}

func newMonkeys(t *testing.T, db store.Config) *monkey {
	t.Helper()
	m := &monkey{t: t, q: startSwitches(t, db, switchMarks), met: map[string][]string{}, faults: map[string]int{}, statuses: map[int]int{}}
	m.slip = newSlip(nil, "MONKEY", 9)
	list, err := json.Marshal([]map[string]string{m.slip.entry()})
	if err != nil {
		t.Fatal(err)
	}
	m.q.write("agents.json", string(list))
	m.q.otherwise(func(c *serverConfig) {
		c.TrustedProxy, c.Agents, c.BusinessID, c.AgentsPolicy, c.Inside = []string{"127.0.0.0/8"}, m.q.file("agents.json"), "QUAY_01", "quay", []string{"127.0.0.1"}
		c.Packages = m.q.file("packages")
		c.Policy = append(c.Policy, filepath.Join("..", "..", "examples", demoPolicy))
	})
	m.servers = []*server{m.q.s}
	if db.DSN != "" {
		m.servers = append(m.servers, m.beside())
	}
	m.shop = m.q.token("shop", "system")
	m.tokens = []string{m.shop, m.q.token("kim", "officer"), m.q.token("lee", "officer", "clerk"), m.q.token("max", "auditor")}
	for _, s := range m.servers {
		s.keys.Set(m.q.callers)
	}
	m.slip.caller = newCaller(t, m.q.s)
	m.slip.setUp()
	m.tokens = append(m.tokens, m.slip.bearer())
	for i := range 60 {
		m.met["address"] = append(m.met["address"], fmt.Sprintf("crowd%d@visitor.example", i))
	}
	m.met["address"] = append(m.met["address"], ann, "bob@visitor.example")
	return m
}

// beside is another server on the same database.
func (m *monkey) beside() *server {
	m.t.Helper()
	c := m.q.s.serverConfig
	c.Data, c.Keys = m.t.TempDir(), m.t.TempDir()
	b, err := os.ReadFile(filepath.Join(m.q.s.Keys, "organisation.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(c.Keys, "organisation.json"), b, 0o600)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	s, err := startServer(context.Background(), c)
	if err != nil {
		m.t.Fatal(err)
	}
	stopWith(m.t, s)
	return s
}

// signText signs what an agent says.
func (a *slipApp) signText(text string) string {
	return base64.StdEncoding.EncodeToString(append(ed25519.Sign(a.key, []byte(text)), text...))
}

func (m *monkey) fault(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults[fmt.Sprintf(format, args...)]++
}

func monkeyClient() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no options
	}
	return &http.Client{Jar: jar, Timeout: 40 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// play sends so many requests, one after the other.
func (m *monkey) play(i, shots int, doors doors) {
	r := rand.New(rand.NewPCG(monkeySeed, uint64(i)))
	mine := monkeyClient()
	for n := range shots {
		c := mine
		m.mu.Lock()
		if len(m.visits) > 0 && r.IntN(3) > 0 {
			c = pick(r, m.visits)
		}
		m.mu.Unlock()
		if n%40 == i%40 {
			m.comeIn(r)
		}
		m.look()
		s := m.aim(r, pick(r, doors))
		if answer, ok := m.send(r, c, s); ok {
			m.hold(s, answer)
		}
	}
}

// comeIn has one of the crowd ask for a link, for anybody to be let in by.
func (m *monkey) comeIn(r *rand.Rand) {
	c := monkeyClient()
	address := fmt.Sprintf("crowd%d@visitor.example", r.IntN(60))
	m.post(r, c, "/collect/newsletter", "policy", "quay", "contact.email", address, "consent.newsletter", "yes")
	m.post(r, c, "/privacy/link", "address", address)
	for range 4 {
		a, ok := m.post(r, c, "/privacy/open", "t", m.some(r, "token"))
		if ok && a.status == http.StatusSeeOther {
			m.mu.Lock()
			m.visits = append(m.visits, c)
			m.mu.Unlock()
			return
		}
		m.post(r, c, "/confirm", "t", m.some(r, "token"))
	}
}

var monkeyLinks = regexp.MustCompile(`[?&][tk]=([A-Za-z0-9_-]+)`)

// look reads the letters to the crowd.
func (m *monkey) look() {
	m.q.office.mu.Lock()
	letters := slices.Clone(m.q.office.letters[max(0, len(m.q.office.letters)-20):])
	m.q.office.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range letters {
		if strings.Contains(l.To, "person") {
			continue
		}
		for _, found := range monkeyLinks.FindAllStringSubmatch(l.Text, -1) {
			m.meet("token", found[1])
		}
	}
}

const mostMet = 40

func (m *monkey) meet(kind, what string) {
	if list := m.met[kind]; !slices.Contains(list, what) {
		m.met[kind] = append(list[max(0, len(list)-mostMet):], what)
	}
}

var (
	monkeyNumber  = regexp.MustCompile(`\b\d{4}-\d{4}\b`)
	monkeyRequest = regexp.MustCompile(`"request":"([0-9a-z-]+)"`)
	monkeyUUID    = regexp.MustCompile(`"request_id":"([0-9a-f-]{36})"`)
	monkeyEvent   = regexp.MustCompile(`name="event" value="([^"]+)"`)
)

// hold holds an answer to what is promised of every one.
func (m *monkey) hold(s shot, a reply) {
	m.mu.Lock()
	m.statuses[a.status]++
	for kind, find := range map[string]*regexp.Regexp{"number": monkeyNumber, "request": monkeyRequest, "uuid": monkeyUUID, "event": monkeyEvent} {
		for _, found := range find.FindAllStringSubmatch(a.body[:min(len(a.body), 20000)], 5) {
			m.meet(kind, found[len(found)-1])
		}
	}
	m.mu.Unlock()
	what := fmt.Sprintf("%s %s", s.method, s.path)
	if a.status >= 500 {
		m.fault("%s is answered with %d: kind %s, headers %q, query %.300q, body %.600q: %.300s", what, a.status, s.kind, s.headers, s.query, s.body, a.body)
	}
	if s.method == http.MethodHead || a.status < 400 || !strings.HasPrefix(s.path, "/api/v1/") && !strings.HasPrefix(s.path, "/access/v1/") || a.status == http.StatusRequestHeaderFieldsTooLarge {
		return
	}
	var p struct {
		Status        int
		Detail, Field string
		Errors        []struct{ Message, Location string }
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Status != a.status || p.Detail == "" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		m.fault("%s is answered with %d and no problem document: %s %q: %.300s", what, a.status, s.kind, s.headers, a.body)
		return
	}
	if (a.status == 400 || a.status == 422) && p.Field == "" && len(p.Errors) == 0 && strings.HasPrefix(s.body, "{") && json.Valid([]byte(s.body)) {
		m.fault("%s names no field that is wrong: %s %q, body %.600q: %s", what, s.kind, s.headers, s.body, a.body)
	}
}

func (m *monkey) post(r *rand.Rand, c *http.Client, path string, fields ...string) (reply, bool) {
	v := make([]any, len(fields))
	for i := range fields {
		v[i] = fields[i]
	}
	s := shot{method: post, path: path, kind: formType, body: plainForm(pairs(v))}
	a, ok := m.send(r, c, s)
	if ok {
		m.hold(s, a)
	}
	return a, ok
}

// end has what is under way come to its end, and looks at what is left.
func (m *monkey) end(people []*monkeyPerson) {
	m.t.Helper()
	for _, p := range people {
		p.check()
	}
	for _, s := range m.servers {
		newCaller(m.t, s).do(get, "/readyz", "").wants(m.t, "afterwards", 200)
	}
	for _, s := range m.servers[1:] {
		if err := s.stop(); err != nil {
			m.t.Error(err)
		}
	}
	a, err := m.q.s.house.audit(context.Background(), nil)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(a.Findings) > 0 {
		m.t.Errorf("the audit finds %+v", a.Findings)
	}
	for _, line := range strings.Split(m.q.book.String(), "\n") {
		var l struct{ Level, Msg string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Level == slog.LevelError.String() && !strings.HasPrefix(l.Msg, putRight) {
			m.faults["the log: "+line[:min(len(line), 1500)]]++
		}
	}
	w := httptest.NewRecorder()
	m.q.s.metrics.handler().ServeHTTP(w, httptest.NewRequest(get, "/metrics", nil))
	for where, text := range map[string]string{"the log": m.q.book.String(), "the metrics": w.Body.String()} {
		if i := strings.Index(text, "@visitor.example"); i >= 0 {
			m.t.Errorf("%s holds an address: %.200s", where, text[max(0, i-150):])
		}
	}
	for what, n := range m.faults {
		m.t.Errorf("%d times: %s", n, what)
	}
	m.t.Logf("answers by status: %v; letters: %d; visits: %d; events: %d", m.statuses, len(m.q.office.to("")), len(m.visits), a.Size)
}

// A request that is sent again, at the same time and to another server, is one request.
func TestSameRequestAtOnce(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		m := newMonkeys(t, db)
		for round := range 10 {
			const times = 6
			var said [times]string
			var all sync.WaitGroup
			for i := range times {
				all.Go(func() {
					r := rand.New(rand.NewPCG(uint64(round), uint64(i)))
					a, there := m.send(r, monkeyClient(), shot{method: http.MethodPost, path: "/api/v1/requests", kind: "application/json",
						headers: [][2]string{{"Idempotency-Key", fmt.Sprint("key", round)}},
						body:    fmt.Sprintf(`{"right":"copy","policy":"quay","identities":[{"kind":"email","value":"p%d@visitor.example"}]}`, round)})
					if !there || a.status != http.StatusCreated {
						t.Error(a.status, a.body)
					}
					said[i] = a.body
				})
			}
			all.Wait()
			for _, body := range said {
				if body != said[0] {
					t.Errorf("%s and %s", said[0], body)
				}
			}
		}
	})
}
