package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/cmd/avow/demo"
)

const formType = "application/x-www-form-urlencoded"

// caller is a program that talks to a running server, and keeps its cookies.
type caller struct {
	t      *testing.T
	s      *server
	client *http.Client
}

func newCaller(t *testing.T, s *server) *caller {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t: t, s: s, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends one request; headers are `Name: value`.
func (c *caller) do(method, path, body string, headers ...string) reply {
	c.t.Helper()
	r, err := http.NewRequest(method, c.s.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := c.client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

func (c *caller) form(path string, fields ...string) reply {
	c.t.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return c.do(http.MethodPost, path, v.Encode(), "Content-Type: "+formType)
}

// wants fails the test unless an answer has a status and holds every text.
func (r reply) wants(t *testing.T, what string, status int, texts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("%s: status %d, want %d: %.300s", what, r.status, status, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("%s: the answer does not hold %q: %.300s", what, text, r.body)
		}
	}
}

// token waits for the link in the newest letter to an address about a page, and gives its token.
func (c *caller) token(to, page string) string {
	c.t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(page) + `\?t=([A-Za-z0-9_-]+)`)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		letters, err := c.s.mailbox.List(context.Background(), to, 100)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, l := range letters {
			if found := link.FindStringSubmatch(l.Text); found != nil {
				return found[1]
			}
		}
	}
	c.t.Fatalf("no letter with a link to %s came", page)
	return ""
}

const (
	ann  = "ann@visitor.example"
	post = http.MethodPost
	get  = http.MethodGet
)

// known makes somebody known at the newsletter.
func (c *caller) known(address string) {
	c.t.Helper()
	c.form("/collect/newsletter", "policy", "harbour", "contact.email", address, "contact.name", "Ann Visitor", "consent.newsletter", "yes").
		wants(c.t, "subscribing", 200)
}

// enter opens the privacy centre.
func (c *caller) enter(address string) reply {
	c.t.Helper()
	c.form("/privacy/link", "address", address).wants(c.t, "asking for a link", 200)
	return c.form("/privacy/open", "t", c.token(address, "/privacy/open"))
}

func TestOtherSitesCannotPost(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.known(ann)
	c.enter(ann).wants(t, "entering", 303)
	for _, path := range []string{"/privacy/link", "/privacy/open", "/privacy/choices", "/privacy/copy", "/privacy/correct", "/privacy/erase", "/privacy/leave", "/privacy/me/use-again", "/confirm"} {
		for _, header := range []string{"Sec-Fetch-Site: cross-site", "Origin: https://elsewhere.example"} {
			c.do(post, path, "sure=yes&policy=harbour&withdraw=newsletter", "Content-Type: "+formType, header).wants(t, path+" with "+header, 403)
		}
	}
	c.do(get, "/privacy/me", "").wants(t, "after all of that", 200, ann, "Ann Visitor")
	c.do(post, "/collect/newsletter", "policy=harbour&contact.email=bob%40visitor.example&consent.newsletter=yes", "Content-Type: "+formType, "Sec-Fetch-Site: cross-site", "Origin: https://www.harbour.example").
		wants(t, "a form on the organisation's own site", 200)
}

func TestSessionCookie(t *testing.T) {
	for _, https := range []bool{false, true} {
		s, _ := startDemo(t, "")
		if https {
			s, _ = startPlain(t, t.TempDir(), func(c *serverConfig) { c.URL, c.demo = "https://privacy.harbour.example", openDemo }, "harbour-demo/policy.yaml")
			s.url = "http://" + s.listeners[0].Addr().String() // no proxy with a certificate stands in front here
		}
		c := newCaller(t, s)
		c.known(ann)
		in := c.enter(ann)
		cookie := in.header.Get("Set-Cookie")
		want := []string{"HttpOnly", "SameSite=Strict", "Path=/", "Expires="}
		if https {
			want = append(want, "__Host-avow=", "Secure")
			if in.header.Get("Strict-Transport-Security") == "" {
				t.Error("no Strict-Transport-Security over https")
			}
		}
		for _, part := range want {
			if !strings.Contains(cookie, part) {
				t.Errorf("https %v: the cookie lacks %s: %s", https, part, cookie)
			}
		}
		if strings.Contains(cookie, "Domain=") {
			t.Errorf("https %v: the cookie goes to other hosts: %s", https, cookie)
		}
	}
}

func TestLinkIsUsedByPostOnly(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.known(ann)
	for _, page := range []string{"/confirm", "/privacy/open"} {
		if page == "/privacy/open" {
			c.form("/privacy/link", "address", ann)
		}
		token := c.token(ann, page)
		for _, method := range []string{get, http.MethodHead, http.MethodOptions} {
			c.do(method, page+"?t="+token, "")
			c.do(method, page+"?t="+token, "", "Sec-Purpose: prefetch", "Purpose: prefetch")
		}
		if r := c.form(page, "t", token); r.status >= 400 {
			t.Errorf("%s: looking at the link used it up: %d", page, r.status)
		}
		c.form(page, "t", token).wants(t, page+" a second time", 401)
	}
}

func TestSameAnswerForKnownAndUnknown(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.known(ann)
	seen := map[string]reply{}
	for _, address := range []string{ann, "nobody@visitor.example"} {
		r := c.form("/privacy/link", "address", address)
		r.header.Del("Date")
		r.header.Del("X-Request-Id")
		seen[address] = r
	}
	known, unknown := seen[ann], seen["nobody@visitor.example"]
	if known.status != unknown.status || known.body != unknown.body || fmt.Sprint(known.header) != fmt.Sprint(unknown.header) {
		t.Errorf("the answers differ:\n%d %v\n%d %v", known.status, known.header, unknown.status, unknown.header)
	}
	again := c.form("/collect/newsletter", "policy", "harbour", "contact.email", ann, "consent.newsletter", "yes")
	first := c.form("/collect/newsletter", "policy", "harbour", "contact.email", "nobody@visitor.example", "consent.newsletter", "yes")
	reference := regexp.MustCompile(`<code>[0-9a-z]+</code>`)
	if reference.ReplaceAllString(again.body, "") != reference.ReplaceAllString(first.body, "") {
		t.Error("the form tells whether an address is known")
	}
}

// TestNothingPersonalIsLogged plays the whole story, and more, with everything
// logged, then looks for every address, name and secret that took part.
func TestNothingPersonalIsLogged(t *testing.T) {
	s, book := startDemo(t, "")
	if err := (demo.Story{Base: s.url, Token: s.demoToken, Out: io.Discard, Traces: s.traces}).Play(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := newCaller(t, s)
	c.known("eve@visitor.example")
	in := c.enter("eve@visitor.example")
	c.do(get, "/privacy/me", "")
	c.form("/privacy/correct", "field", "contact.name", "value", "Evelyn Visitor").wants(t, "correcting", 303)
	c.form("/privacy/correct", "field", "contact.nothing-of-eve", "value", "Evelyn Visitor")
	c.do(get, "/nowhere/eve@visitor.example?q=eve@visitor.example", "")
	c.do(post, "/access/v1/evaluation", `{"subject":{"type":"service","id":"eve@visitor.example"}`, "Content-Type: application/json", "Authorization: Bearer "+s.demoToken)
	toNobody := strings.Replace(annYes, "ann@visitor.example", "nobody@elsewhere.example", 1)
	for _, body := range []string{toNobody, strings.Replace(annYes, `"contact.email"`, `"nothing"`, 1), annYes} { // a purpose can be anything, and so can the rest be wrong
		c.do(post, "/access/v1/evaluation", strings.Replace(body, `"newsletter"`, `"eve@visitor.example"`, 1), "Content-Type: application/json", "Authorization: Bearer "+s.demoToken).wants(t, "a purpose nobody declared", 200, `"decision":false`)
	}

	secrets := []string{"ann@", "bob@", "eve@", "visitor.example", "Visitor", "Bob Other", s.demoToken}
	cookie, _, _ := strings.Cut(in.header.Get("Set-Cookie"), ";")
	_, session, _ := strings.Cut(cookie, "=")
	secrets = append(secrets, session)
	letters, err := s.mailbox.List(t.Context(), "", 1000)
	if err != nil || len(letters) < 4 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	for _, l := range letters {
		for _, found := range regexp.MustCompile(`\?t=([A-Za-z0-9_-]+)`).FindAllStringSubmatch(l.Text, -1) {
			secrets = append(secrets, found[1])
		}
	}
	rec := httptest.NewRecorder()
	s.metrics.handler().ServeHTTP(rec, httptest.NewRequest(get, "/metrics", nil))
	if n := strings.Count(book.String(), `"msg":"served"`); n < 30 {
		t.Fatalf("only %d requests were logged; the test looks at nothing", n)
	}
	if !strings.Contains(rec.Body.String(), "avow_decisions_total") {
		t.Fatal("no decision was counted; the test looks at nothing")
	}
	for _, secret := range secrets {
		if len(secret) < 4 {
			t.Fatalf("the secret %q is too short to look for", secret)
		}
		if strings.Contains(book.String(), secret) {
			t.Errorf("%q stands in the log", secret)
		}
		if strings.Contains(rec.Body.String(), secret) {
			t.Errorf("%q stands in the metrics", secret)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	big := "contact.email=" + strings.Repeat("a", 1<<20)
	r := c.do(post, "/collect/newsletter", big, "Content-Type: "+formType)
	r.wants(t, "a megabyte in a form", 413, "<h1>That is too much</h1>")
	r = c.do(post, "/collect/newsletter", `{"fields":{"contact.email":"`+strings.Repeat("a", 1<<20)+`"}}`, "Content-Type: application/json")
	r.wants(t, "a megabyte of JSON", 413, `"status":413`)
	c.do(post, "/access/v1/evaluation", strings.Repeat(" ", 1<<20), "Content-Type: application/json", "Authorization: Bearer "+s.demoToken).
		wants(t, "a megabyte of a question", 413, `"status":413`)
	c.do(get, "/", "").wants(t, "the next request", 200)
	for _, srv := range s.servers {
		if srv.ReadTimeout == 0 || srv.ReadHeaderTimeout == 0 || srv.WriteTimeout == 0 || srv.MaxHeaderBytes == 0 {
			t.Error("a slow body may hold a connection for ever")
		}
	}
}

func TestUndeclaredIsRefusedByName(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.form("/collect/newsletter", "policy", "harbour", "contact.email", ann, "shoe-size", "38").wants(t, "a form with too much", 422, "shoe-size", "Nothing was sent")
	asJSON := func(path, body string) reply { return c.do(post, path, body, "Content-Type: application/json") }
	for _, path := range []string{"/collect/newsletter", "/api/v1/collect/newsletter"} {
		r := asJSON(path, `{"policy":"harbour","fields":{"contact.email":"`+ann+`","shoe-size":"38"}}`)
		r.wants(t, path, 400, "shoe-size")
		isProblem(t, path, r, 400)
		asJSON(path, `{"policy":"harbour","fields":{"contact.email":"`+ann+`"},"consents":["newsletter"]}`).wants(t, path+" with what is declared", 201, `"receipt":`, `"needsConfirmation":true`)
	}
	c.do(get, "/privacy/me", "").wants(t, "no visit", 401)
}

func TestUnknownIsNotFound(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	for _, path := range []string{"/policy/nothing", "/policy/nothing.pdf", "/policy/nothing/versions", "/policy/harbour/versions/9", "/policy/harbour/versions/x", "/policy/harbour.exe", "/forms/nothing", "/forms/visit", "/assets/nothing.css", "/nothing"} {
		c.do(get, path, "").wants(t, path, 404, "<h1>There is no such page</h1>")
	}
	c.form("/collect/nothing", "policy", "harbour").wants(t, "a point nobody declared", 404)
	c.form("/collect/newsletter", "policy", "nothing").wants(t, "a policy nobody published", 404)
	isProblem(t, "JSON to no point", c.do(post, "/collect/nothing", `{"policy":"harbour","fields":{}}`, "Content-Type: application/json"), 404)
	isProblem(t, "points of no policy", c.do(get, "/api/v1/policies/nothing/points", ""), 404)
	isProblem(t, "no such route of the interface", c.do(get, "/api/v1/nothing", ""), 404)
}

// isProblem fails the test unless an answer is a problem document (rfc:9457#3).
func isProblem(t *testing.T, what string, r reply, status int) {
	t.Helper()
	var p struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.status != status || p.Status != status || p.Title == "" || p.Detail == "" ||
		!strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("%s: no problem document of %d: %d %s %.200s", what, status, r.status, r.header.Get("Content-Type"), r.body)
	}
}

func TestWhomARequestIsFrom(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		from, forwarded string
		proxies         []netip.Prefix
		want            string
	}{
		{"203.0.113.7:1000", "", nil, "203.0.113.7"},
		{"203.0.113.7:1000", "198.51.100.1", nil, "203.0.113.7"},
		{"203.0.113.7:1000", "198.51.100.1", proxy, "203.0.113.7"},
		{"10.1.2.3:1000", "198.51.100.1", nil, "10.1.2.3"},
		{"10.1.2.3:1000", "198.51.100.1", proxy, "198.51.100.1"},
		{"10.1.2.3:1000", "192.0.2.9, 198.51.100.1", proxy, "198.51.100.1"},
		{"10.1.2.3:1000", "192.0.2.9, 198.51.100.1, 10.9.9.9", proxy, "198.51.100.1"},
		{"10.1.2.3:1000", "nonsense", proxy, "10.1.2.3"},
		{"[2001:db8::1]:1000", "", nil, "2001:db8::/64"},
		{"[::ffff:203.0.113.7]:1000", "", nil, "203.0.113.7"},
	} {
		r := httptest.NewRequest(get, "/", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := remoteOf(r, c.proxies); got != c.want {
			t.Errorf("from %s, forwarded %q, proxies %v: %s, want %s", c.from, c.forwarded, c.proxies, got, c.want)
		}
	}
}

func TestMetricsAreOnLoopbackOnly(t *testing.T) {
	for address, fine := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "0.0.0.0:1": false, ":1": false, "192.0.2.1:1": false, "metrics.example:1": false, "x": false} {
		if err := loopback(address); (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
	}
	s, _ := startPlain(t, t.TempDir(), func(c *serverConfig) { c.Metrics = "127.0.0.1:0" })
	c := newCaller(t, s)
	c.do(get, "/metrics", "").wants(t, "metrics where people are", 404)
	res, err := http.Get("http://" + s.listeners[1].Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); !bytes.Contains(b, []byte("avow_http_requests_total")) {
		t.Error("no metrics on loopback")
	}
}

func TestHealth(t *testing.T) {
	s, _ := startPlain(t, t.TempDir(), nil)
	c := newCaller(t, s)
	c.do(get, "/healthz", "").wants(t, "health", 200, "ok")
	c.do(get, "/readyz", "").wants(t, "ready", 200, `"database":"ok"`)
	s.ready.Store(false)
	c.do(get, "/readyz", "").wants(t, "not ready", 503)
	s.ready.Store(true)
	c.do(get, "/readyz", "").wants(t, "ready again", 200)
}

// Without its database a server is alive and not ready. What is ours to repair stands in the log, whoever met it; what
// somebody sent that was wrong does not.
func TestWithoutItsDatabase(t *testing.T) {
	s, book := startDemo(t, "")
	c := newCaller(t, s)
	asking := []string{"Content-Type: application/json", "Authorization: Bearer " + s.demoToken}
	c.authzen("evaluation", `{}`).wants(t, "a wrong question", 400)
	c.do(post, "/api/v1/objections", `{"policy":"harbour","email":"ann@visitor.example","purpose":"nothing","way":"by post"}`, asking...).wants(t, "a wrong objection", 400)
	if strings.Contains(book.String(), "request failed") {
		t.Error("what was sent wrong is logged as a failure")
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	c.do(get, "/healthz", "").wants(t, "alive without its database", 200)
	c.do(get, "/readyz", "").wants(t, "the database is away", 503, `"database":"away"`)
	for _, r := range []reply{c.authzen("evaluation", annYes), c.do(post, "/api/v1/objections", `{"policy":"harbour","email":"ann@visitor.example","topic":"news","way":"by post"}`, asking...)} {
		if r.status < 500 {
			t.Errorf("without a database the answer is %d: %s", r.status, r.body)
		}
	}
	for _, route := range []string{"POST /access/v1/evaluation", "POST /api/v1/objections"} {
		if !strings.Contains(book.String(), `"msg":"request failed","route":"`+route+`"`) {
			t.Errorf("the failure of %s is not in the log", route)
		}
	}
	if contains(book.String(), "ann@") {
		t.Error("the log names somebody")
	}
}

// TestStopFinishesWhatIsUnderWay stops the server while a form is on its way.
func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	s, _ := startPlain(t, t.TempDir(), nil, "harbour-demo/policy.yaml")
	address := s.listeners[0].Addr().String()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := "policy=harbour&contact.email=ann%40visitor.example&consent.newsletter=yes"
	fmt.Fprintf(conn, "POST /collect/newsletter HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", address, formType, len(body))
	head := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, head); err != nil || !strings.Contains(string(head), "100 Continue") {
		t.Fatalf("the request is not under way: %q %v", head, err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if other, err := net.Dial("tcp", address); err != nil {
			break // nobody new comes in
		} else {
			other.Close()
		}
	}
	io.WriteString(conn, body)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "200 OK") || !strings.Contains(string(answer), "Your receipt") {
		t.Errorf("the request was cut off: %v %.200s", err, answer)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestPublishIsSeen publishes with the command while a server runs on the same directory.
func TestPublishIsSeen(t *testing.T) {
	dir := t.TempDir()
	s, _ := startPlain(t, dir, nil, "harbour-demo/policy.yaml")
	c := newCaller(t, s)
	c.do(get, "/policy/harbour/versions", "").wants(t, "before", 200, "Version 1")
	cmd := publishCommand{where: s.where, File: "../../examples/harbour-demo/v2.yaml", Yes: true}
	if err := cmd.Run(t.Context(), &terminal{strings.NewReader(""), io.Discard, io.Discard}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(c.do(get, "/policy/harbour", "").body, "15 November 2026") {
			c.do(get, "/policy/harbour/versions", "").wants(t, "after", 200, "Version 2", "widens")
			return
		}
	}
	t.Error("the running server does not see the version that was published beside it")
}

// TestOpenAPI reads the description of the interface as a program that makes clients would.
func TestOpenAPI(t *testing.T) {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	r := c.do(get, "/api/openapi.json", "")
	var doc struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Info.Title == "" || doc.Info.Version == "" {
		t.Errorf("openapi %q of %+v", doc.OpenAPI, doc.Info)
	}
	want := []string{"GET /api/v1/policies", "GET /api/v1/policies/{policy}/points", "POST /api/v1/collect/{point}", "POST /api/v1/objections", "POST /api/v1/withdrawals",
		"GET /api/v1/requests", "POST /api/v1/requests", "GET /api/v1/requests/todo", "GET /api/v1/requests/{request}", "GET /api/v1/requests/{request}/clock",
		"GET /api/v1/requests/{request}/certificate", "GET /api/v1/requests/{request}/receipt",
		"POST /access/v1/evaluation", "POST /access/v1/evaluations", "POST /access/v1/explanation", "GET /.well-known/authzen-configuration"}
	for _, act := range []string{"approve", "reject", "refuse", "extend", "pause", "resume", "vouch", "cancel", "appeal", "without", "look", "weigh",
		"tasks/{task}/done", "tasks/{task}/refused", "tasks/{task}/retry"} {
		want = append(want, "POST /api/v1/requests/{request}/"+act)
	}
	var got []string
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
			checkOperation(t, path, raw, ids)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the document names\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(r.body), &whole); err != nil {
		t.Fatal(err)
	}
	checkRefs(t, whole, whole)
}

// checkOperation checks what OpenAPI 3.1 demands of one.
func checkOperation(t *testing.T, path string, raw json.RawMessage, ids map[string]bool) {
	t.Helper()
	var op struct {
		OperationID string
		Responses   map[string]struct{ Description string }
		Parameters  []struct{ Name, In string }
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		t.Fatal(err)
	}
	if op.OperationID == "" || ids[op.OperationID] || len(op.Responses) == 0 {
		t.Errorf("%s: operation %q, %d responses", path, op.OperationID, len(op.Responses))
	}
	ids[op.OperationID] = true
	for code, res := range op.Responses {
		if res.Description == "" {
			t.Errorf("%s: the response %s has no description", path, code)
		}
	}
	for _, found := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		named := false
		for _, p := range op.Parameters {
			named = named || p.In == "path" && p.Name == found[1]
		}
		if !named {
			t.Errorf("%s: the parameter %s is not described", path, found[1])
		}
	}
}

// checkRefs follows every $ref of a document.
func checkRefs(t *testing.T, whole map[string]any, at any) {
	switch v := at.(type) {
	case []any:
		for _, e := range v {
			checkRefs(t, whole, e)
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			var here any = whole
			for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
				m, _ := here.(map[string]any)
				here = m[step]
			}
			if here == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, e := range v {
			checkRefs(t, whole, e)
		}
	}
}
