package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// agentsNow writes the file of agents under a server that runs.
func (q *quay) agentsNow(agents ...*slipApp) {
	q.t.Helper()
	list := []map[string]string{}
	for _, a := range agents {
		list = append(list, a.entry())
	}
	text, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(q.file("agents.json"), text, 0o600)
	}
	if err != nil {
		q.t.Fatal(err)
	}
}

// Who is admitted changes with the file, while the server runs. A file that cannot be taken changes nothing, and the
// log says so once, without a word of what stands in it.
func TestAgentsFileIsReadAgain(t *testing.T) {
	slip, other := newSlip(nil, "SLIP_APP_01", 1), newSlip(nil, "OTHER_APP", 2)
	q := startAgents(t, "", newEar(t), slip)
	other.caller = slip.caller
	in := func(when string, a *slipApp, status int) {
		t.Helper()
		a.do(post, "/drp/v1/agent/"+a.id, a.sign(a.envelope(nil)), plainText).wants(t, when, status)
	}
	in("before", other, 403)
	slip.setUp()
	q.agentsNow(slip, other)
	for end := time.Now().Add(time.Minute); len(q.s.admitted.directory()) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the server does not read the file again")
		}
	}
	other.setUp()
	slip.do(get, "/drp/v1/agent/"+slip.id, "", slip.bearer()).wants(t, "a token from before", 200)

	const said = "the changed file of agents cannot be taken"
	for at, text := range map[string]string{
		`"entry 2"`:             `[{"id":"FINE","name":"Fine","verify_key":"` + slip.entry()["verify_key"] + `"},{"id":"Ann Visitor"}]`,
		`"the file as a whole"`: `{"secret": "Ann Visitor"`,
		`"kind":"too-large"`:    `["` + strings.Repeat("Ann Visitor", 1<<17) + `"]`,
		`"kind":"unavailable"`:  "",
	} {
		before := strings.Count(q.book.String(), said)
		if text == "" {
			if err := os.Remove(q.file("agents.json")); err != nil {
				t.Fatal(err)
			}
		} else {
			q.write("agents.json", text)
		}
		q.s.lookForAgents()
		q.s.lookForAgents()
		book := q.book.String()
		if n := strings.Count(book, said) - before; n != 1 || !strings.Contains(book, at) {
			t.Errorf("%s: the log says it %d times: %.500s", at, n, book[max(0, len(book)-500):])
		}
		if contains(book, "Ann Visitor") {
			t.Errorf("%s: the log holds what stands in the file", at)
		}
		slip.do(get, "/drp/v1/agent/"+slip.id, "", slip.bearer()).wants(t, at, 200)
		in(at, other, 200)
	}

	other.setUp()
	q.agentsNow(other)
	q.s.lookForAgents()
	slip.do(get, "/drp/v1/agent/"+slip.id, "", slip.bearer()).wants(t, "who was put out", 403)
	in("who was put out", slip, 403)
	other.do(get, "/drp/v1/agent/"+other.id, "", other.bearer()).wants(t, "who stays", 200)
}
