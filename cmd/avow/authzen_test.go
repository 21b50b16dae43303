package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
)

// decided is an answer of the decision interface.
type decided struct {
	Decision bool
	Context  struct {
		Reason, Says, Basis, Clause string
		Version, Line               int
		Error                       struct {
			Status  int
			Message string
		}
	}
}

// asker is a caller with a token, and two people of which one subscribed and confirmed.
func asker(t *testing.T) *caller {
	s, _ := startDemo(t, "")
	c := newCaller(t, s)
	c.known(ann)
	c.form("/confirm", "t", c.token(ann, "/confirm")).wants(t, "confirming", 200)
	c.form("/collect/newsletter", "policy", "harbour", "contact.email", "bob@visitor.example", "consent.newsletter", "yes").wants(t, "bob", 200)
	return c
}

// authzen posts a body with the demo's token and more headers.
func (c *caller) authzen(path, body string, headers ...string) reply {
	c.t.Helper()
	return c.do(post, "/access/v1/"+path, body, append([]string{"Content-Type: application/json", "Authorization: Bearer " + c.s.demoToken}, headers...)...)
}

const (
	service  = `"subject":{"type":"service","id":"shop"}`
	send     = `"action":{"name":"send"}`
	toAnn    = `"resource":{"type":"data-subject","id":"email:ann@visitor.example","properties":{"policy":"harbour","data":["contact.email"]}}`
	toBob    = `"resource":{"type":"data-subject","id":"email:bob@visitor.example","properties":{"policy":"harbour","data":["contact.email"]}}`
	letter   = `"context":{"purpose":"newsletter"}`
	annYes   = `{` + service + `,` + send + `,` + toAnn + `,` + letter + `}`
	bobsNo   = `{` + service + `,` + send + `,` + toBob + `,` + letter + `}`
	defaults = service + `,` + send + `,` + letter
)

// TestAuthZENEvaluation holds the single evaluation to authzen:1.0#6.
func TestAuthZENEvaluation(t *testing.T) {
	c := asker(t)
	var d decided
	r := c.authzen("evaluation", annYes, "X-Request-ID: bfe9eb29-ab87-4ca3-be83-a1d5d8305716")
	if err := json.Unmarshal([]byte(r.body), &d); err != nil || r.status != 200 || !d.Decision || d.Context.Basis != "consent" || d.Context.Line == 0 || d.Context.Version != 1 {
		t.Errorf("ann: %d %v %s", r.status, err, r.body)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("X-Request-Id") != "bfe9eb29-ab87-4ca3-be83-a1d5d8305716" {
		t.Errorf("headers: %v", r.header)
	}
	if got := c.authzen("evaluation", annYes, "X-Request-ID: <script>").header.Get("X-Request-Id"); got == "" || strings.Contains(got, "<") {
		t.Errorf("a request id that is none came back as %q", got)
	}
	c.authzen("evaluation", bobsNo).wants(t, "bob has not confirmed", 200, `"decision":false`, "consent")
	c.authzen("evaluation", strings.Replace(annYes, "ann@", "nobody@", 1)).wants(t, "nobody", 200, `"decision":false`)
	idOfNobody := strings.Replace(annYes, "email:ann@visitor.example", avow.NewID(time.Now()).String(), 1)
	for _, path := range []string{"evaluation", "explanation"} {
		c.authzen(path, idOfNobody).wants(t, "an id of nobody, "+path, 200, `"decision":false`, "no-subject")
	}

	for what, body := range map[string]string{
		"no body": ``, "no JSON": `{`, "no object": `[]`, "no subject": `{` + send + `,` + toAnn + `,` + letter + `}`, "no action": `{` + service + `,` + toAnn + `,` + letter + `}`,
		"no resource": `{` + defaults + `}`, "no purpose": `{` + service + `,` + send + `,` + toAnn + `}`, "no such act": strings.Replace(annYes, "send", "sell", 1),
		"no such policy": strings.Replace(annYes, "harbour", "elsewhere", 1), "an id that is none": strings.Replace(annYes, "email:ann@visitor.example", "ann", 1),
		"two bodies": annYes + annYes, "a type that is none": strings.Replace(annYes, "data-subject", "person", 1),
	} {
		isProblem(t, what, c.authzen("evaluation", body), 400)
	}
	isProblem(t, "no such address", c.do(get, "/access/v1/nothing", ""), 404)
	isProblem(t, "no such method", c.do(get, "/access/v1/evaluation", ""), 405)
	for _, id := range []string{"em\\u0000ail:x", ":x", "email:", "email:ann"} {
		r := c.authzen("evaluation", strings.Replace(annYes, "email:ann@visitor.example", id, 1))
		isProblem(t, "the id "+id, r, 400)
		r.wants(t, "the id "+id, 400, `"field":"resource.id"`)
	}
	isProblem(t, "another content type", c.authzen("evaluation", annYes, "Content-Type: text/plain"), 400)
}

// TestAuthZENNeedsAToken asks without one, and with one that is none.
func TestAuthZENNeedsAToken(t *testing.T) {
	c := asker(t)
	for _, path := range []string{"evaluation", "evaluations", "explanation"} {
		for _, header := range []string{"X-Nothing: 1", "Authorization: Bearer nothing", "Authorization: Basic YTpi", "Authorization: " + c.s.demoToken} {
			r := c.do(post, "/access/v1/"+path, annYes, "Content-Type: application/json", header)
			isProblem(t, path+" "+header, r, 401)
			if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") || strings.Contains(r.body, `"decision"`) {
				t.Errorf("%s: %v %s", path, r.header, r.body)
			}
		}
	}
	isProblem(t, "a role the token does not hold", c.authzen("evaluation", strings.Replace(annYes, `"purpose"`, `"role":"marketing","purpose"`, 1)), 403)
	isProblem(t, "objections", c.do(post, "/api/v1/objections", `{"policy":"harbour","email":"ann@visitor.example","topic":"news","way":"by post"}`, "Content-Type: application/json"), 401)
}

// TestAuthZENEvaluations holds the batch to authzen:1.0#7.
func TestAuthZENEvaluations(t *testing.T) {
	c := asker(t)
	ann, bob := `{`+toAnn+`}`, `{`+toBob+`}`
	unasked := `{"resource":{"type":"nothing","id":"x"}}`
	for _, k := range []struct {
		what, body string
		want       []bool
	}{
		{"defaults fill what is missing", `{` + defaults + `,"evaluations":[` + ann + `,` + bob + `]}`, []bool{true, false}},
		{"what is said wins over the default", `{` + defaults + `,` + toBob + `,"evaluations":[{},` + ann + `,{"action":{"name":"keep"},` + toAnn + `}]}`, []bool{false, true, true}},
		{"everything said in each", `{"evaluations":[` + annYes + `,` + bobsNo + `]}`, []bool{true, false}},
		{"execute_all", `{` + defaults + `,"options":{"evaluations_semantic":"execute_all"},"evaluations":[` + bob + `,` + ann + `,` + bob + `]}`, []bool{false, true, false}},
		{"deny_on_first_deny stops after the first no", `{` + defaults + `,"options":{"evaluations_semantic":"deny_on_first_deny"},"evaluations":[` + ann + `,` + bob + `,` + ann + `]}`, []bool{true, false}},
		{"permit_on_first_permit stops after the first yes", `{` + defaults + `,"options":{"evaluations_semantic":"permit_on_first_permit"},"evaluations":[` + bob + `,` + ann + `,` + bob + `]}`, []bool{false, true}},
		{"options that nobody knows are passed over", `{` + defaults + `,"options":{"another":{"x":[1]}},"evaluations":[` + ann + `]}`, []bool{true}},
		{"an error is a no, and spoils nothing", `{` + defaults + `,"evaluations":[` + unasked + `,` + ann + `]}`, []bool{false, true}},
	} {
		r := c.authzen("evaluations", k.body)
		var out struct{ Evaluations []decided }
		if err := json.Unmarshal([]byte(r.body), &out); err != nil || r.status != 200 {
			t.Errorf("%s: %d %v %s", k.what, r.status, err, r.body)
			continue
		}
		var got []bool
		for _, d := range out.Evaluations {
			got = append(got, d.Decision)
		}
		if len(got) != len(k.want) {
			t.Errorf("%s: %v, want %v: %s", k.what, got, k.want, r.body)
			continue
		}
		for i := range got {
			if got[i] != k.want[i] {
				t.Errorf("%s: %v, want %v: %s", k.what, got, k.want, r.body)
			}
		}
		if strings.HasPrefix(k.what, "an error") && (out.Evaluations[0].Context.Error.Status != 400 || out.Evaluations[0].Context.Error.Message == "") {
			t.Errorf("the error is not told: %s", r.body)
		}
	}
	c.authzen("evaluations", annYes).wants(t, "a batch without evaluations is one question", 200, `{"decision":true`)
	c.authzen("evaluations", strings.Replace(annYes, "{", `{"evaluations":[],`, 1)).wants(t, "and with none listed", 200, `{"decision":true`)
	isProblem(t, "a semantic that is none", c.authzen("evaluations", `{`+defaults+`,"options":{"evaluations_semantic":"guess"},"evaluations":[`+ann+`]}`), 400)
	isProblem(t, "no JSON", c.authzen("evaluations", `{"evaluations":[`), 400)
	isProblem(t, "too many", c.authzen("evaluations", `{`+defaults+`,"evaluations":[`+strings.Repeat("{},", 1000)+`{}]}`), 413)
}

// TestAuthZENMetadata reads authzen:1.0#9 from a server whose address is configured;
// what a request says of the host changes nothing.
func TestAuthZENMetadata(t *testing.T) {
	s, _ := startPlain(t, t.TempDir(), func(c *serverConfig) { c.URL = "https://privacy.harbour.example/" })
	s.url = "http://" + s.listeners[0].Addr().String()
	r := newCaller(t, s).do(get, "/.well-known/authzen-configuration", "", "X-Forwarded-Host: elsewhere.example")
	var m map[string]string
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"policy_decision_point": "", "access_evaluation_endpoint": "/access/v1/evaluation", "access_evaluations_endpoint": "/access/v1/evaluations"} {
		if m[key] != "https://privacy.harbour.example"+want {
			t.Errorf("%s is %q", key, m[key])
		}
	}
}

// TestExplanation asks why, with the events it rests on.
func TestExplanation(t *testing.T) {
	c := asker(t)
	c.authzen("explanation", annYes).wants(t, "why yes", 200, `"decision":true`, `"evidence":[{`, `"words":`)
	c.authzen("explanation", bobsNo).wants(t, "why no", 200, `"decision":false`, `"make_yes":`)
}
