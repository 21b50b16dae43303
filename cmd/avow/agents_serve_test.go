package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store/storetest"
)

const (
	plainText   = "Content-Type: text/plain"
	drpRequests = "/drp/v1/data-rights-request"
)

// slipApp is an authorised agent, written from the Data Rights Protocol 1.0 and from nothing here: it signs
// with the library of Go, and puts the signature before the text.
type slipApp struct {
	*caller
	id    string
	key   ed25519.PrivateKey
	token string
}

func newSlip(c *caller, id string, seed byte) *slipApp {
	return &slipApp{caller: c, id: id, key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))}
}

// entry is the agent in the directory.
func (a *slipApp) entry() map[string]string {
	return map[string]string{"id": a.id, "name": "Slip " + a.id, "verify_key": base64.StdEncoding.EncodeToString(a.key.Public().(ed25519.PublicKey)),
		"web_url": "https://agent.example", "technical_contact": "tech@agent.example", "business_contact": "hello@agent.example", "identity_assurance_url": "https://agent.example/how"}
}

func (a *slipApp) sign(fields map[string]any) string {
	text, err := json.Marshal(fields)
	if err != nil {
		a.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(append(ed25519.Sign(a.key, text), text...))
}

// envelope is what every message says, with more.
func (a *slipApp) envelope(more map[string]any) map[string]any {
	at := time.Now().UTC() // to the nanosecond, so that no two messages are the same
	fields := map[string]any{"agent-id": a.id, "business-id": "QUAY_01", "issued-at": at.Format("2006-01-02T15:04:05.000000000-07:00"),
		"expires-at": at.Add(10 * time.Minute).Format("2006-01-02T15:04:05.000-07:00"), "drp.version": "1.0"}
	maps.Copy(fields, more)
	return fields
}

func (a *slipApp) bearer() string { return "Authorization: Bearer " + a.token }

func (a *slipApp) setUp() {
	a.t.Helper()
	r := a.do(post, "/drp/v1/agent/"+a.id, a.sign(a.envelope(nil)), plainText)
	r.wants(a.t, "setting up", 200)
	got := answer[map[string]string](a.t, r)
	if len(got) != 2 || got["agent-id"] != a.id || len(got["token"]) < 40 {
		a.t.Fatalf("setting up answers %s", r.body)
	}
	a.token = got["token"]
}

// drpStatus is the exercise status, as the protocol has it.
type drpStatus struct {
	RequestID       string `json:"request_id"`
	AgentRequestID  string `json:"agent_request_id"`
	Status          string `json:"status"`
	Reason          string `json:"reason"`
	ReceivedAt      string `json:"received_at"`
	ExpectedBy      string `json:"expected_by"`
	Details         string `json:"processing_details"`
	VerificationURL string `json:"user_verification_url"`
	ResultsURL      string `json:"results_url"`
	ExpiresAt       string `json:"expires_at"`
}

func (a *slipApp) exercise(what, email string, more map[string]any) drpStatus {
	a.t.Helper()
	fields := a.envelope(map[string]any{"exercise": what, "regime": "ccpa", "email": email, "email_verified": true, "name": "Visitor, Ann"})
	maps.Copy(fields, more)
	r := a.do(post, drpRequests, a.sign(fields), plainText, a.bearer())
	r.wants(a.t, what, 200)
	return answer[drpStatus](a.t, r)
}

func (a *slipApp) status(id string) drpStatus {
	a.t.Helper()
	r := a.do(get, drpRequests+"/"+id, "", a.bearer())
	r.wants(a.t, "the status", 200)
	return answer[drpStatus](a.t, r)
}

// becomes asks until a request is in a state.
func (a *slipApp) becomes(id, state, reason string) (s drpStatus) {
	a.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if s = a.status(id); s.Status == state && s.Reason == reason {
			return s
		}
	}
	a.t.Fatalf("the request never is %s %s: %+v", state, reason, s)
	return s
}

// ear is where an agent listens, over TLS.
type ear struct {
	*httptest.Server
	mu    sync.Mutex
	heard []drpStatus
	deaf  bool
}

func newEar(t *testing.T) *ear {
	e := &ear{}
	e.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var s drpStatus
		if err != nil || json.Unmarshal(b, &s) != nil || r.Method != post || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("heard %s %s", r.Method, b)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.deaf {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		e.heard = append(e.heard, s)
	}))
	t.Cleanup(e.Close)
	return e
}

// states gives what was heard since the last time, and whether it hears from now on.
func (e *ear) states(deaf bool) (list []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.heard {
		list = append(list, strings.TrimSpace(s.AgentRequestID+" "+s.Status+" "+s.Reason))
	}
	e.heard, e.deaf = nil, deaf
	slices.Sort(list)
	return list
}

// startAgents starts the quay again with agents admitted, over a database of its own.
func startAgents(t *testing.T, dsn string, listens *ear, agents ...*slipApp) *quay {
	q := startQuay(t, ", remove: {when: request}")
	q.otherwise(func(c *serverConfig) {
		c.Data, c.Keys, c.Database = t.TempDir(), t.TempDir(), dsn
		c.BusinessID, c.Inside = "QUAY_01", []string{"127.0.0.1"}
		c.roots = x509.NewCertPool()
		c.roots.AddCert(listens.Certificate())
	})
	q.admit(agents...)
	return q
}

// admit starts the server again with those agents, and no other.
func (q *quay) admit(agents ...*slipApp) {
	q.t.Helper()
	list := []map[string]string{}
	for _, a := range agents {
		list = append(list, a.entry())
	}
	text, err := json.Marshal(list)
	if err != nil {
		q.t.Fatal(err)
	}
	if err := os.WriteFile(q.file("agents.json"), text, 0o600); err != nil {
		q.t.Fatal(err)
	}
	q.otherwise(func(c *serverConfig) { c.Agents = q.file("agents.json") })
	c := newCaller(q.t, q.s)
	for _, a := range agents {
		a.caller = c
	}
}

func (q *quay) tell() {
	q.t.Helper()
	if err := q.s.tellAgentsOfChanges(context.Background()); err != nil {
		q.t.Error(err)
	}
}

// TestAgents is an agent's way through the protocol, from its first word to the answer, on both databases.
func TestAgents(t *testing.T) {
	for _, kind := range storetest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			listens := newEar(t)
			slip, other := newSlip(nil, "SLIP_APP_01", 1), newSlip(nil, "OTHER_APP", 2)
			q := startAgents(t, kind.Config(t).DSN, listens, slip, other)
			agentsComeIn(t, slip, other)
			agentsAskOnce(t, slip, other)
			agentAsksForACopy(t, q, slip, other, listens)
			agentRevokes(t, slip, other)
			agentsLearnNothing(t, q, slip)
			agentsArePutOut(t, q, slip, other)
			for _, text := range []string{"ann@", "nobody@", "Visitor", slip.token, "ref-copy"} {
				if contains(q.book.String(), text) {
					t.Errorf("the log of the server holds %q", text)
				}
			}
		})
	}
}

// agentsComeIn: a token is for whoever signs with the key that was admitted, and for nobody else.
func agentsComeIn(t *testing.T, slip, other *slipApp) {
	stranger := newSlip(slip.caller, "STRANGER", 3)
	thief := newSlip(slip.caller, slip.id, 3)
	for what, r := range map[string]reply{
		"somebody unknown":      stranger.do(post, "/drp/v1/agent/STRANGER", stranger.sign(stranger.envelope(nil)), plainText),
		"another key":           slip.do(post, "/drp/v1/agent/"+slip.id, thief.sign(thief.envelope(nil)), plainText),
		"another's address":     slip.do(post, "/drp/v1/agent/"+slip.id, other.sign(other.envelope(nil)), plainText),
		"another's name":        slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"agent-id": other.id})), plainText),
		"for another business":  slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"business-id": "QUAY_02"})), plainText),
		"too early":             slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"issued-at": "2126-01-01T00:00:00Z"})), plainText),
		"too late":              slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"expires-at": "2026-01-01T00:00:00Z"})), plainText),
		"an older version":      slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"drp.version": "0.9"})), plainText),
		"no version":            slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"drp.version": nil})), plainText),
		"a request":             slip.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(map[string]any{"exercise": "access", "email": ann})), plainText),
		"nothing":               slip.do(post, "/drp/v1/agent/"+slip.id, "", plainText),
		"not signed":            slip.do(post, "/drp/v1/agent/"+slip.id, `{"agent-id":"`+slip.id+`"}`, plainText),
		"more than can be read": slip.do(post, "/drp/v1/agent/"+slip.id, strings.Repeat("A", 70<<10), plainText),
	} {
		if r.status != 403 || r.body != "" {
			t.Errorf("setting up, %s: %d %s", what, r.status, r.body)
		}
	}
	once := slip.sign(slip.envelope(nil))
	slip.do(post, "/drp/v1/agent/"+slip.id, once, plainText).wants(t, "setting up", 200)
	if r := slip.do(post, "/drp/v1/agent/"+slip.id, once, plainText); r.status != 403 || r.body != "" {
		t.Errorf("somebody who listened has a token: %d %s", r.status, r.body)
	}
	slip.setUp()
	first := slip.token
	slip.setUp()
	other.setUp()
	slip.do(get, "/drp/v1/agent/"+slip.id, "", slip.bearer()).wants(t, "a token that holds", 200, "{}")
	for what, r := range map[string]reply{
		"no token":          slip.do(get, "/drp/v1/agent/"+slip.id, ""),
		"another's token":   slip.do(get, "/drp/v1/agent/"+slip.id, "", other.bearer()),
		"another's address": slip.do(get, "/drp/v1/agent/"+other.id, "", slip.bearer()),
		"the token before":  slip.do(get, "/drp/v1/agent/"+slip.id, "", "Authorization: Bearer "+first),
		"somebody unknown":  slip.do(get, "/drp/v1/agent/STRANGER", "", slip.bearer()),
	} {
		r.wants(t, what, 403, `"code":"403"`)
	}
}

// agentsAskOnce: what was signed counts once, for what it was signed for.
func agentsAskOnce(t *testing.T, slip, other *slipApp) {
	ask := map[string]any{"exercise": "access", "email": "early@visitor.example"}
	send := func(a *slipApp, body string, headers ...string) reply {
		return a.do(post, drpRequests, body, append(headers, plainText)...)
	}
	send(slip, slip.sign(slip.envelope(ask))).wants(t, "no token", 401, `"code":"401"`)
	send(slip, slip.sign(slip.envelope(ask)), "Authorization: Bearer wrong").wants(t, "a wrong token", 401)
	for what, c := range map[string]struct {
		body, token string
		status      int
		text        string
	}{
		"another's token":         {slip.sign(slip.envelope(ask)), other.bearer(), 403, "signature"},
		"another's name":          {slip.sign(slip.envelope(map[string]any{"agent-id": other.id})), slip.bearer(), 403, "agent-id"},
		"another business":        {slip.sign(slip.envelope(map[string]any{"business-id": "QUAY_02"})), slip.bearer(), 403, "business-id"},
		"too early":               {slip.sign(slip.envelope(map[string]any{"issued-at": "2126-01-01T00:00:00Z"})), slip.bearer(), 403, "issued-at"},
		"too late":                {slip.sign(slip.envelope(map[string]any{"expires-at": "2026-01-01T00:00:00Z"})), slip.bearer(), 403, `"fatal":true`},
		"for a token":             {slip.sign(slip.envelope(nil)), slip.bearer(), 400, "exercise"},
		"what is not served":      {slip.sign(slip.envelope(map[string]any{"exercise": "sale:opt-in", "email": ann})), slip.bearer(), 400, `"fatal":true`},
		"an address that is none": {slip.sign(slip.envelope(map[string]any{"exercise": "access", "email": "ann"})), slip.bearer(), 400, `"code":"400"`},
		"a telephone of nowhere":  {slip.sign(slip.envelope(map[string]any{"exercise": "access", "phone_number": "12"})), slip.bearer(), 400, `"code":"400"`},
		"not base64":              {`{"agent-id":"x"}`, slip.bearer(), 400, "base64"},
		"too large":               {strings.Repeat("A", 70<<10), slip.bearer(), 413, `"code":"413"`},
	} {
		send(slip, c.body, c.token).wants(t, what, c.status, c.text)
	}
	once := slip.sign(slip.envelope(ask))
	slip.do(post, drpRequests+"/", once, plainText, slip.bearer()).wants(t, "with a slash, as older agents send it", 200, "request_id")
	send(slip, once, slip.bearer()).wants(t, "again", 409, `"fatal":true`)
	slip.do(post, "/drp/v1/agent/"+slip.id, once, plainText).wants(t, "a request as a set-up", 403)
	slip.do(http.MethodPut, drpRequests, "", slip.bearer()).wants(t, "a method that is none", 404, `"code":"404"`)
}

// agentAsksForACopy: the person shows who they are, and only the person has what is found.
func agentAsksForACopy(t *testing.T, q *quay, slip, other *slipApp, listens *ear) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	more := map[string]any{"agent-request-id": "ref-copy", "status_callback": listens.URL + "/told", "relationships": []string{"customer"}, "power_of_attorney": "poa/1"}
	s := slip.exercise("access", ann, more)
	if !uuid.MatchString(s.RequestID) || s.AgentRequestID != "ref-copy" || s.Status != "in_progress" || s.Reason != "need_user_verification" ||
		s.VerificationURL != q.s.url+"/drp/verify/"+s.RequestID || s.ResultsURL != "" {
		t.Errorf("%+v", s)
	}
	for _, at := range []string{s.ReceivedAt, s.ExpectedBy, s.ExpiresAt} {
		if _, err := time.Parse("2006-01-02T15:04:05.000-07:00", at); err != nil {
			t.Error(err)
		}
	}
	if again := slip.exercise("access", ann, more); again.RequestID != s.RequestID {
		t.Errorf("asked again under the same name it is another: %+v", again)
	}
	slip.do(post, drpRequests, slip.sign(slip.envelope(map[string]any{"exercise": "deletion", "email": ann, "agent-request-id": "ref-copy"})), plainText, slip.bearer()).
		wants(t, "something else under the same name", 409)
	theirs := other.do(get, drpRequests+"/"+s.RequestID, "", other.bearer())
	theirs.wants(t, "another's request", 403)
	if none := other.do(get, drpRequests+"/"+strings.Replace(s.RequestID, s.RequestID[:8], "00000000", 1), "", other.bearer()); none.status != 403 || none.body != theirs.body {
		t.Errorf("a request that is none: %d %s", none.status, none.body)
	}
	other.do(get, drpRequests+"/x", "", other.bearer()).wants(t, "an id that is none", 403)
	slip.do(get, drpRequests+"/"+s.RequestID, "").wants(t, "no token", 401)

	visit := slip.do(get, strings.TrimPrefix(s.VerificationURL, q.s.url)+"?request_id="+s.RequestID+"&redirect_to=https%3A%2F%2Fagent.example", "")
	to := visit.header.Get("Location")
	if visit.status != 303 || !strings.HasPrefix(to, q.s.url+"/privacy/request?number=") {
		t.Fatalf("the person is sent to %d %s", visit.status, to)
	}
	number := to[len(to)-9:]
	slip.do(get, strings.TrimPrefix(to, q.s.url), "").wants(t, "where the person shows who they are", 200, number)
	slip.do(get, "/drp/verify/"+s.RequestID+"?request_id="+strings.Repeat("0", 36), "").wants(t, "another's page", 400)
	slip.do(get, "/drp/verify/"+strings.Repeat("0", 36), "").wants(t, "a page of none", 403)

	q.tell()
	if heard := listens.states(true); heard != nil {
		t.Errorf("the agent was told what the answer said: %q", heard)
	}
	letter := q.office.wait(t, ann, `(?s)`+number+`.*request/open\?t=[A-Za-z0-9_-]+`)[0]
	if !strings.Contains(letter, "on your behalf by: Slip SLIP_APP_01 (SLIP_APP_01)") {
		t.Errorf("the letter does not say who asked: %s", letter)
	}
	newCaller(t, q.s).shows(q.office, ann, number)
	done := slip.becomes(s.RequestID, "fulfilled", "")
	if done.ResultsURL == "" || done.ExpiresAt == "" || done.VerificationURL != "" {
		t.Errorf("%+v", done)
	}
	if r := slip.do(get, strings.TrimPrefix(done.ResultsURL, q.s.url), "", slip.bearer()); r.status != 303 || contains(r.body, "Kade") {
		t.Errorf("the agent fetches the result: %d %s", r.status, r.body)
	}
	q.tell()
	listens.states(false)
	q.tell() // it is too early to try again
	if heard := listens.states(false); heard != nil {
		t.Errorf("%q", heard)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		q.tell()
		if heard := listens.states(false); heard != nil {
			if !slices.Equal(heard, []string{"ref-copy fulfilled"}) {
				t.Errorf("the agent heard %q", heard)
			}
			return
		}
	}
	t.Error("the agent never heard that it is done")
}

// agentRevokes: a person wants it no more.
func agentRevokes(t *testing.T, slip, other *slipApp) {
	s := slip.exercise("deletion", ann, nil)
	at, why := drpRequests+"/"+s.RequestID, map[string]any{"reason": "I keep my account"}
	other.do(http.MethodDelete, at, other.sign(why), other.bearer()).wants(t, "revoked by another", 403)
	slip.do(http.MethodDelete, at, other.sign(why), slip.bearer()).wants(t, "signed by another", 403)
	slip.do(http.MethodDelete, at, slip.sign(why)).wants(t, "revoked without a token", 401)
	slip.do(http.MethodDelete, at, "", slip.bearer()).wants(t, "not signed", 400)
	slip.do(http.MethodDelete, at, slip.sign(map[string]any{"reason": 7}), slip.bearer()).wants(t, "a reason that is none", 400)
	slip.do(http.MethodDelete, at, slip.sign(slip.envelope(map[string]any{"business-id": "QUAY_02"})), slip.bearer()).wants(t, "for another business", 403)
	slip.do(http.MethodDelete, at, slip.sign(slip.envelope(map[string]any{"exercise": "deletion"})), slip.bearer()).wants(t, "a request", 403)
	for range 2 { // an agent that heard no answer sends it again
		r := slip.do(http.MethodDelete, at, slip.sign(why), slip.bearer())
		r.wants(t, "revoked", 200)
		if got := answer[drpStatus](t, r); got.Status != "revoked" || got.RequestID != s.RequestID || got.ExpectedBy != "" {
			t.Errorf("%+v", got)
		}
	}
	if got := slip.status(s.RequestID); got.Status != "revoked" {
		t.Errorf("%+v", got)
	}
}

// agentsLearnNothing: of somebody unknown an agent sees what it sees of somebody known.
func agentsLearnNothing(t *testing.T, q *quay, slip *slipApp) {
	for _, what := range []string{"deletion", "sale:opt-out"} {
		known, unknown := slip.exercise(what, "bob@visitor.example", nil), slip.exercise(what, "nobody@visitor.example", nil)
		if a, b := plainly(known), plainly(unknown); a != b {
			t.Errorf("%s, answered:\n%+v\n%+v", what, a, b)
		}
		for range 3 {
			if _, err := q.s.requests.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			// Both are done beside this, one after the other: what differs is wrong when it stays.
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				a, b := plainly(slip.status(known.RequestID)), plainly(slip.status(unknown.RequestID))
				if a == b {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("%s:\n%+v\n%+v", what, a, b)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	if letters := q.office.to("nobody@visitor.example"); len(letters) != 0 {
		t.Error("somebody unknown got a letter")
	}
	var n reply
	for range 6 {
		n = slip.do(post, drpRequests, slip.sign(slip.envelope(map[string]any{"exercise": "access", "email": "nobody@visitor.example"})), plainText, slip.bearer())
	}
	n.wants(t, "the same again and again", 429, `"code":"429"`)
	if strings.Contains(n.body, "fatal") || n.header.Get("Retry-After") == "" {
		t.Errorf("what can be sent again is fatal: %s", n.body)
	}
}

// plainly is a status without what names the request or the moment.
func plainly(s drpStatus) drpStatus {
	if s.VerificationURL != "" {
		s.VerificationURL = "a page"
	}
	s.RequestID, s.ReceivedAt, s.ExpiresAt, s.ExpectedBy = "", "", s.ExpiresAt[:min(10, len(s.ExpiresAt))], s.ExpectedBy[:min(10, len(s.ExpectedBy))]
	return s
}

// agentsArePutOut: whom the operator takes out of the file, or whose key is another, comes in no more.
func agentsArePutOut(t *testing.T, q *quay, slip, other *slipApp) {
	slip.do(get, "/api/openapi.json", "").wants(t, "the description", 200, `"/drp/v1/data-rights-request/{request}"`, "Data Rights Protocol 1.0", "user_verification_url")
	changed := newSlip(nil, other.id, 9)
	q.admit(slip, changed)
	slip.do(get, "/drp/v1/agent/"+slip.id, "", slip.bearer()).wants(t, "a token after a restart", 200)
	changed.do(post, drpRequests, other.sign(other.envelope(nil)), plainText, other.bearer()).wants(t, "the token of a key that was changed", 401)
	q.admit(changed)
	changed.do(post, drpRequests, slip.sign(slip.envelope(nil)), plainText, slip.bearer()).wants(t, "somebody who was put out", 401)
	changed.do(post, "/drp/v1/agent/"+slip.id, slip.sign(slip.envelope(nil)), plainText).wants(t, "somebody who was put out sets up", 403)
	q.otherwise(func(c *serverConfig) { c.Agents = "" })
	c := newCaller(t, q.s)
	c.do(post, drpRequests, "", plainText, slip.bearer()).wants(t, "nobody is admitted", 404)
	if r := c.do(get, "/api/openapi.json", ""); strings.Contains(r.body, "/drp/") {
		t.Error("what is not there is described")
	}
}

// What is not said right is a refusal to start, and not a server that lets anybody in.
func TestAgentsFile(t *testing.T) {
	q := startQuay(t, "")
	c := q.s.serverConfig
	if err := q.s.stop(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"good.json": "[]", "bad.json": `[{"id": "A"}]`, "large.json": "[" + strings.Repeat(" ", 1<<20) + "]"} {
		if err := os.WriteFile(q.file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []struct {
		file, business string
		kind           avow.ErrorKind
	}{{"good.json", "", avow.Invalid}, {"bad.json", "QUAY_01", avow.Invalid}, {"large.json", "QUAY_01", avow.TooLarge}, {"none.json", "QUAY_01", avow.Unavailable}} {
		c.Agents, c.BusinessID = q.file(bad.file), bad.business
		s, err := startServer(context.Background(), c)
		if err == nil {
			stopWith(t, s)
		}
		if err == nil || avow.KindOf(err) != bad.kind {
			t.Errorf("%s: %v", bad.file, err)
		}
	}
}

// An agent gives the address where it listens: it does not reach what is inside, and is not followed elsewhere.
func TestCallbacksStayOutside(t *testing.T) {
	listens := newEar(t)
	elsewhere := httptest.NewTLSServer(http.RedirectHandler(listens.URL, http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	slip := newSlip(nil, "SLIP_APP_01", 1)
	q := startAgents(t, "", listens, slip)
	send := q.s.agents.Post
	bg := context.Background()
	if err := send(bg, listens.URL+"/told", []byte(`{}`)); err != nil {
		t.Error(err)
	}
	if err := send(bg, elsewhere.URL, []byte(`{}`)); avow.KindOf(err) != avow.Unavailable || strings.Contains(err.Error(), elsewhere.URL) {
		t.Error(err)
	}
	q.otherwise(func(c *serverConfig) { c.Inside = nil })
	send = q.s.agents.Post
	for _, to := range []string{listens.URL, "https://[::1]:1/", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://localhost:1/"} {
		if err := send(bg, to, []byte(`{}`)); avow.KindOf(err) != avow.Refused || err == nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// signedByAgent sends what the agent SLIP_APP_01 signs, and keeps the answer: `signed STATUS METHOD URL FIELDS [Header: value]...`.
// What is posted gets the envelope that the protocol wants.
func signedByAgent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: signed STATUS METHOD URL FIELDS [Header: value]...")
	}
	fields := map[string]any{}
	ts.Check(json.Unmarshal([]byte(args[3]), &fields))
	slip := newSlip(nil, "SLIP_APP_01", 1)
	if args[1] == post {
		fields = slip.envelope(fields)
	}
	r, err := http.NewRequest(args[1], args[2], strings.NewReader(slip.sign(fields)))
	ts.Check(err)
	keep(ts, args[0], r, append([]string{plainText}, args[4:]...))
}
