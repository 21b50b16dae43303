package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/avowhq/avow/api"
)

// token makes a token on the running server, and gives its header.
func (q *quay) token(name string, roles ...string) string {
	q.t.Helper()
	token, c := api.NewToken(name, roles)
	q.callers = append(q.callers, c)
	q.s.keys.Set(q.callers)
	return "Authorization: Bearer " + token
}

const jsonType = "Content-Type: application/json"

// answer reads a JSON answer.
func answer[T any](t *testing.T, r reply) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v: %.500s", err, r.body)
	}
	return v
}

type shownRequest struct {
	Request, Number, State, Right, Door string
	Steps                               []struct {
		N                        int
		Kind, State, About, What string
		Outcome                  any
	}
}

// at reads a request until it is in a state.
func (c *caller) at(id, state, token string) shownRequest {
	c.t.Helper()
	var v shownRequest
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		r := c.do(get, "/api/v1/requests/"+id, "", token)
		if r.status != 200 {
			c.t.Fatalf("reading a request: %d %s", r.status, r.body)
		}
		if v = answer[shownRequest](c.t, r); v.State == state {
			return v
		}
	}
	c.t.Fatalf("the request is %s and never was %s: %+v", v.State, state, v.Steps)
	return v
}

// Staff ask for somebody by the interface; a second person in the role that the policy names approves.
func TestRequestsByStaff(t *testing.T) {
	q := startQuay(t, ", remove: {when: request, approved-by: officer}")
	c := newCaller(t, q.s)
	kim, lee, clerk := q.token("kim", "officer"), q.token("lee", "officer"), q.token("clerk", "clerk")
	shop, auditor := q.token("shop", "system"), q.token("auditor", "auditor")
	body := `{"right":"remove","identities":[{"kind":"email","value":"ann@visitor.example"}],"livesIn":"NL","evidence":"ticket quince-4711"}`

	c.do(post, "/api/v1/requests", body, jsonType).wants(t, "on behalf without a token", 401)
	c.do(post, "/api/v1/requests", body, jsonType, "Authorization: Bearer avow_none").wants(t, "with a token nobody knows", 401)
	c.do(post, "/api/v1/requests", body, jsonType, shop).wants(t, "vouching by a program", 403, "staff role")
	made := c.do(post, "/api/v1/requests", body, jsonType, kim, "Idempotency-Key: abc")
	made.wants(t, "on behalf", 201, "vouch")
	id := answer[shownRequest](t, made).Request
	if again := answer[shownRequest](t, c.do(post, "/api/v1/requests", body, jsonType, kim, "Idempotency-Key: abc")); again.Request != id {
		t.Errorf("the same again is request %s, not %s", again.Request, id)
	}
	v := c.at(id, "approval", kim)
	if v.Door != "staff" || contains(fmt.Sprint(v), "visitor.example") {
		t.Errorf("the request is %+v", v)
	}
	at := "/api/v1/requests/" + id
	c.do(post, at+"/approve", "", shop).wants(t, "a program approves", 403)
	c.do(post, at+"/approve", "", auditor).wants(t, "an auditor approves", 403)
	c.do(post, at+"/approve", "", clerk).wants(t, "another role approves", 403, "officer")
	c.do(post, at+"/approve", "", kim).wants(t, "whoever asked approves", 403, "second person")
	c.do(post, at+"/reject", `{"because":"look at the help desk again"}`, jsonType, lee).wants(t, "sending the plan back", 200)
	c.at(id, "approval", lee)
	if got := q.text("shop.db", `SELECT name FROM customers WHERE id = 1`); got != "Ann Visitor" {
		t.Errorf("before it was approved the shop says %q", got)
	}
	c.do(get, at+"/clock", "", lee).wants(t, "the clock", 200, `"regime":"gdpr"`, `"standing":"running"`, "explanation")
	c.do(get, at+"/clock", "", auditor).wants(t, "the clock for an auditor", 403)
	c.do(get, at+"/certificate", "", lee).wants(t, "no certificate yet", 404)
	c.do(post, at+"/weigh", `{"outweighed":true,"because":"it is needed"}`, jsonType, lee).wants(t, "weighing what is no objection", 409)
	c.do(post, at+"/weigh", `{"outweighed":true,"because":"it is needed"}`, jsonType, shop).wants(t, "a program weighs", 403)
	c.do(post, at+"/extend", `{"because":"many systems"}`, jsonType, lee).wants(t, "more time", 200)
	c.do(post, at+"/pause", `{"cause":"nonsense","words":"x"}`, jsonType, lee).wants(t, "a cause that is none", 422)
	c.do(post, at+"/pause", `{"cause":"clarification","words":"Which of the two?"}`, jsonType, lee).wants(t, "asking the person", 200, `"paused":"clarification"`)
	c.do(post, at+"/resume", "", lee).wants(t, "going on", 200)
	c.do(post, at+"/look", "", lee).wants(t, "what they wrote", 200, "ann@visitor.example", "ticket quince-4711")
	c.do(post, at+"/approve", "", lee).wants(t, "a second person approves", 200)
	c.at(id, "closed", lee)
	if got := q.text("shop.db", `SELECT count(*) FROM customers WHERE email LIKE 'ann%'`); got != "0" {
		t.Errorf("%s of her are left", got)
	}
	c.do(get, at+"/certificate", "", lee).wants(t, "the certificate", 200, `"approvedBy": "token lee"`, "avow-request-certificate/1")
	c.do(get, at+"/receipt", "", lee).wants(t, "its receipt", 200)
	c.do(post, at+"/refuse", `{"because":"too late"}`, jsonType, lee).wants(t, "refusing what is done", 409)
	c.do(get, "/api/v1/requests?ended=true", "", shop).wants(t, "the list", 200, `"state":"closed"`)
	c.do(get, "/api/v1/requests/nothing", "", lee).wants(t, "none", 404)
	c.do(get, "/api/v1/requests", "").wants(t, "the list without a token", 401)
	q.noPersonIn(t, "ann@", "quince")
}

// An agent asks with a mandate; the person confirms. A refusal can be appealed where the law knows that.
func TestRequestsOfAgents(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	kim, lee, shop := q.token("kim", "officer"), q.token("lee", "officer"), q.token("shop", "system")
	made := c.do(post, "/api/v1/requests", `{"right":"copy","identities":[{"kind":"email","value":"bob@visitor.example"}],"livesIn":"US-VA","agent":"Data Helpers Ltd","mandate":"file 12"}`, jsonType, shop)
	made.wants(t, "by an agent", 201, "letter")
	v := answer[shownRequest](t, made)
	at := "/api/v1/requests/" + v.Request
	q.office.wait(t, "bob@visitor.example", v.Number+`(?s).*Data Helpers Ltd`)
	if s := c.at(v.Request, "verifying", kim); s.Door != "agent" {
		t.Errorf("it came by %s", s.Door)
	}
	c.do(post, at+"/refuse", `{"because":"the mandate names somebody else"}`, jsonType, kim).wants(t, "refusing", 200, `"state":"refused"`)
	c.shows(q.office, "bob@visitor.example", v.Number)
	c.do(get, "/privacy/request", "").wants(t, "the refusal", 200, "the mandate names somebody else", "Autoriteit Persoonsgegevens", "Appeal")
	c.form("/privacy/request/appeal", "words", "").wants(t, "an appeal without a word", 422)
	c.form("/privacy/request/appeal", "words", "It names me.").wants(t, "appealing", 303)
	c.do(get, "/privacy/request?done=appealed", "").wants(t, "the appeal", 200, `data-state="appealed"`, "Somebody else looks at it again")
	c.do(post, at+"/appeal", `{"granted":true,"because":"it does name them"}`, jsonType, kim).wants(t, "deciding on oneself", 403)
	c.do(post, at+"/appeal", `{"granted":false,"because":"it names another Bob"}`, jsonType, lee).wants(t, "deciding", 200, `"state":"refused"`)
	q.noPersonIn(t, "bob@", "another Bob")
}
