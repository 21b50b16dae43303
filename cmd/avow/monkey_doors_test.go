package main

import (
	"net/http"
	"slices"
	"strings"
)

// door is an address of the server with what may well be sent to it.
type door struct {
	method, path string
	fields       map[string]any // of a form, where asJSON is not set
	asJSON       bool
	signed       bool // by an agent
	token        bool // of staff or a program, mostly
}

// forPrograms tells whether errors are told to programs there.
func (d door) forPrograms() bool {
	return strings.HasPrefix(d.path, "/api/") || strings.HasPrefix(d.path, "/access/") || strings.HasPrefix(d.path, "/drp/")
}

// doors are addresses of a server. A name in braces is filled from what the monkeys have met.
type doors []door

func (l *doors) see(token bool, paths ...string) {
	for _, p := range paths {
		*l = append(*l, door{method: get, path: p, token: token, fields: map[string]any{}})
	}
}

func (l *doors) form(path string, fields ...any) {
	*l = append(*l, door{method: post, path: path, fields: pairs(fields)})
}

func (l *doors) json(path string, token bool, fields ...any) {
	*l = append(*l, door{method: post, path: path, fields: pairs(fields), asJSON: true, token: token})
}

func (l *doors) signed(method, path string, fields ...any) {
	*l = append(*l, door{method: method, path: path, fields: pairs(fields), signed: true})
}

// monkeyDoors are all addresses of a server.
func monkeyDoors() doors {
	var l doors
	l.toSee()
	l.pages()
	l.asking()
	l.programs()
	l.requests()
	l.decisions()
	l.agents()
	return l
}

func (l *doors) toSee() {
	l.see(false, "/", "/assets/avow.css", "/assets/verify.js", "/policy/quay", "/policy/quay.pdf", "/policy/harbour.json", "/policy/harbour.md", "/policy/quay/versions", "/policy/quay/versions/1", "/policy/harbour/versions/1.pdf",
		"/forms/newsletter", "/forms/competition", "/confirm", "/privacy", "/privacy/open", "/privacy/me", "/privacy/ask", "/privacy/ask/copy", "/privacy/ask/object", "/privacy/request", "/privacy/request/open",
		"/privacy/certificate", "/privacy/address", "/privacy/me/use-again", "/log", "/verify", "/log/key", "/log/checkpoint", "/log/tile/0/000", "/log/tile/0/000.p/3", "/log/tile/entries/000.p/2", "/log/cosigned", "/healthz", "/readyz",
		"/api/openapi.json", "/api/openapi.yaml", "/api/openapi-3.0.json", "/api/v1/policies", "/api/v1/policies/quay/points", "/.well-known/authzen-configuration", "/drp/v1/agent/MONKEY", "/drp/verify/{request}", "/metrics", "/nothing")
	l.see(true, "/api/v1/requests", "/api/v1/requests/todo", "/api/v1/requests/{request}", "/api/v1/requests/{request}/clock", "/api/v1/requests/{request}/certificate", "/api/v1/requests/{request}/receipt", "/log/tile/entries/000.p/2",
		"/drp/v1/data-rights-request/{uuid}")
}

// pages are the forms of people.
func (l *doors) pages() {
	l.form("/collect/newsletter", "policy", "quay", "contact.email", "{address}", "consent.newsletter", "yes", "language", "en", "lives-in", "NL", "form-token", "{token}")
	l.form("/collect/competition", "policy", "harbour", "contact.name", "Ann", "contact.email", "{address}", "entries.answer", "42", "age", "30", "consent.competitions", "yes")
	l.form("/collect/purchase", "policy", "harbour", "contact.name", "Ann", "contact.email", "{address}", "contact.address", "1 Kade\nRotterdam", "contact.phone", "+31 20 624 1111", "orders.items", "rope", "consent.newsletter", "yes", "consent.offers", "yes")
	l.form("/collect/webinar", "contact.name", "Ann", "contact.email", "{address}", "webinars.questions", "Why?")
	l.form("/confirm", "t", "{token}")
	l.form("/privacy/link", "address", "{address}")
	l.form("/privacy/open", "t", "{token}")
	for _, c := range choiceNames {
		l.form("/privacy/choices", "policy", "quay", c[0], c[1])
	}
	l.form("/privacy/copy")
	l.form("/privacy/receipt", "event", "{event}")
	l.form("/privacy/correct", "field", "contact.email", "value", "x")
	l.form("/privacy/correct", "field", "contact.name", "value", "Ann")
	l.form("/privacy/erase")
	l.form("/privacy/addresses", "address", "{address}")
	l.form("/privacy/addresses/remove", "kind", "email", "address", "{address}")
	l.form("/privacy/address", "t", "{token}", "sure", "yes")
	l.form("/privacy/employer", "employer", "Quay")
}

// asking is what people ask, and how they follow it.
func (l *doors) asking() {
	for _, right := range []string{"copy", "correct", "remove", "move", "restrict", "object", "withdraw", "stop-marketing", "human-review", "opt-out", "complain"} {
		l.form("/privacy/ask/"+right, "policy", "quay", "address", "{address}", "wrote", "please", "field", "contact.name", "to", "Ann", "from", "An", "of", "newsletter", "once", "0123456789abcdef{once}")
		l.form("/privacy/ask/"+right, "policy", "quay", "visit", "yes", "field", "contact.name", "to", "Ann", "of", "debts", "once", "0123456789abcdef{once}")
	}
	l.form("/privacy/request/link", "number", "{number}")
	l.form("/privacy/request/open", "t", "{token}")
	l.form("/privacy/request/code", "number", "{number}", "code", "123456")
	l.form("/privacy/request/cancel")
	l.form("/privacy/request/appeal", "words", "I do not agree")
	l.form("/privacy/request/package")
	l.form("/privacy/certificate", "k", "{token}", "what", "receipt")
	l.form("/privacy/me/ask", "right", "copy", "once", "0123456789abcdef{once}")
	l.form("/privacy/me/request", "request", "{request}")
	l.form("/privacy/me/use-again", "policy", "quay", "once", "0123456789abcdef{once}")
}

// programs is what programs of the organisation send.
func (l *doors) programs() {
	for _, path := range []string{"/collect/newsletter", "/api/v1/collect/newsletter"} {
		l.json(path, false, "policy", "quay", "fields", map[string]any{"contact.email": "{address}"}, "consents", []any{"newsletter"}, "confirmed", []any{}, "age", 20, "kind", "individual", "livesIn", "NL", "language", "nl")
	}
	l.json("/api/v1/objections", true, "policy", "quay", "email", "{address}", "topic", "news", "way", "by telephone")
	l.json("/api/v1/objections", true, "policy", "quay", "email", "{address}", "purpose", "debts", "way", "by telephone")
	l.json("/api/v1/objections", true, "policy", "harbour", "phone", "+31 20 624 1111", "purpose", "fraud", "way", "by telephone")
	l.json("/api/v1/withdrawals", true, "policy", "quay", "email", "{address}", "purpose", "newsletter", "way", "by post")
	subject := map[string]any{"type": "service", "id": "shop"}
	resource := map[string]any{"type": "data-subject", "id": "email:{address}", "properties": map[string]any{"policy": "quay", "data": []any{"contact.email"}, "kind": "individual", "region": "NL"}}
	about := map[string]any{"purpose": "newsletter", "recipient": "crm", "role": "system", "place": "NL", "cookie": "_ga", "on_event": false, "signals": []any{"gpc"}}
	few := map[string]any{"purpose": "newsletter"}
	visitor := map[string]any{"type": "visitor", "properties": map[string]any{"policy": "harbour", "data": []any{"website"}, "kind": "individual", "region": "US-CA"}}
	for _, path := range []string{"/access/v1/evaluation", "/access/v1/explanation"} {
		l.json(path, true, "subject", subject, "action", map[string]any{"name": "send"}, "resource", resource, "context", about)
		l.json(path, true, "subject", subject, "action", map[string]any{"name": "send"}, "resource", resource, "context", few)
		l.json(path, true, "subject", subject, "action", map[string]any{"name": "collect"}, "resource", visitor, "context", map[string]any{"cookie": "harbour_visits", "signals": []any{"dnt"}})
	}
	l.json("/access/v1/evaluations", true, "subject", subject, "action", map[string]any{"name": "use"}, "context", few, "options", map[string]any{"evaluations_semantic": "execute_all"},
		"evaluations", []any{map[string]any{"resource": resource}, map[string]any{"resource": visitor}, map[string]any{}})
}

// requests are those that programs, staff and agents bring.
func (l *doors) requests() {
	for _, right := range []string{"copy", "correct", "remove", "restrict", "unrestrict", "object", "withdraw", "stop-marketing"} {
		ask := []any{"right", right, "policy", "quay", "identities", []any{map[string]any{"kind": "email", "value": "{address}"}}, "of", []any{"newsletter"}, "wrote", "please", "livesIn", "NL"}
		if right == "correct" {
			ask = append(ask, "corrections", []any{map[string]any{"data": "contact.name", "to": "Ann", "from": "An"}})
		}
		l.json("/api/v1/requests", false, ask...)
		l.json("/api/v1/requests", true, append(slices.Clone(ask), "evidence", "a passport", "reason", "it is settled", "told", "by letter")...)
		l.json("/api/v1/requests", true, append(slices.Clone(ask), "agent", "Bob", "mandate", "a letter")...)
	}
}

// decisions are what staff do with them.
func (l *doors) decisions() {
	for _, act := range []string{"approve", "reject", "refuse", "extend", "pause", "resume", "vouch", "cancel", "appeal", "weigh", "without", "look", "tasks/7/done", "tasks/7/refused", "tasks/7/retry", "tasks/99999999999/retry", "tasks/9223372036854775807/refused"} {
		*l = append(*l, door{method: post, path: "/api/v1/requests/{request}/" + act, fields: decisionFields(act), asJSON: true, token: true})
	}
}

// agents is what an agent signs.
func (l *doors) agents() {
	l.signed(post, "/drp/v1/agent/MONKEY")
	for _, what := range []string{"access", "deletion", "sale:opt_out", "sale:opt_in", "access:categories"} {
		l.signed(post, "/drp/v1/data-rights-request", "exercise", what, "regime", "ccpa", "email", "{address}", "email_verified", true, "name", "Visitor, Ann", "phone_number", "+31 20 624 1111", "address", "1 Kade", "power_of_attorney", "yes",
			"relationships", []any{"customer"}, "status_callback", "https://127.0.0.1:1/x", "agent_request_id", "{once}")
	}
	l.signed(http.MethodDelete, "/drp/v1/data-rights-request/{uuid}", "reason", "no more")
}

var choiceNames = [][2]string{{"withdraw", "newsletter"}, {"give", "newsletter"}, {"stop-topic", "news"}, {"allow-topic", "news"}, {"object", "debts"}, {"allow", "debts"}, {"object", "answer"}, {"allow", "answer"}}

func pairs(list []any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(list); i += 2 {
		m[list[i].(string)] = list[i+1]
	}
	return m
}

func decisionFields(act string) map[string]any {
	switch act {
	case "reject", "refuse", "tasks/7/refused", "tasks/9223372036854775807/refused":
		return pairs([]any{"because", "it is so"})
	case "extend":
		return pairs([]any{"because", "it is much", "until", "2027-01-01"})
	case "pause":
		return pairs([]any{"cause", "clarification", "words", "Which one?"})
	case "vouch":
		return pairs([]any{"evidence", "a passport"})
	case "appeal":
		return pairs([]any{"granted", true, "because", "it is so"})
	case "weigh":
		return pairs([]any{"outweighed", true, "because", "it is so"})
	case "without":
		return pairs([]any{"system", "helpdesk", "because", "it stays away"})
	case "tasks/7/done":
		return pairs([]any{"evidence", "seen", "attached", []any{map[string]any{"name": "a.txt", "data": "aGVsbG8="}}})
	}
	return map[string]any{}
}
