package saas

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow/connect"
)

// salesforce is a server that behaves as the "REST API Developer Guide" says, for the
// resources that the description uses: Query, QueryMore, sObject Describe, sObject
// Collections, Status Codes and Error Responses; and the token endpoint of "OAuth 2.0
// Client Credentials Flow".
type salesforce struct {
	*httptest.Server
	mu       sync.Mutex
	types    map[string]map[string]string         // object → field → type
	rows     map[string]map[string]map[string]any // object → id → row
	page     int
	locators map[string][]any
	tokens   int    // given so far
	token    string // the one that is valid
	may      map[string]bool
	requests []string // method and path
	queries  []string
	before   func(w http.ResponseWriter, r *http.Request) bool // answers in the service's place
}

const sfData = "/services/data/v62.0"

func newSalesforce(t *testing.T) *salesforce {
	sf := &salesforce{page: 2000, locators: map[string][]any{}, may: map[string]bool{"read": true, "update": true, "delete": true}}
	sf.types = map[string]map[string]string{
		"Contact": {"Id": "id", "FirstName": "string", "LastName": "string", "Email": "email", "Phone": "phone", "AccountId": "reference",
			"Birthdate": "date", "Shoe_Size__c": "double", "HasOptedOutOfEmail": "boolean", "CreatedDate": "datetime", "Description": "textarea", "Age__c": "double"},
		"Task": {"Id": "id", "WhoId": "reference", "WhatId": "reference", "Subject": "string", "Description": "textarea", "ActivityDate": "date"},
	}
	sf.rows = map[string]map[string]map[string]any{"Contact": {}, "Task": {}}
	sf.Server = httptest.NewServer(http.HandlerFunc(sf.serve))
	t.Cleanup(sf.Close)
	return sf
}

func (sf *salesforce) add(object, id string, row map[string]any) string {
	row["Id"] = id
	sf.rows[object][id] = row
	return id
}

// open opens the built-in description on the server.
func (sf *salesforce) open(t *testing.T, change ...func(*connect.Config)) *Source {
	return openAt(t, "salesforce", sf.URL, `"client_id": "app", "client_secret": "hush-hush"`, change...)
}

func openAt(t *testing.T, description, address, creds string, change ...func(*connect.Config)) *Source {
	t.Helper()
	c := connect.Config{System: "crm", Kind: "http", At: description, Region: "GB", Allow: []string{"127.0.0.1"},
		Secret: fmt.Sprintf(`{"address": %q, %s}`, address, creds)}
	for _, f := range change {
		f(&c)
	}
	s, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (sf *salesforce) serve(w http.ResponseWriter, r *http.Request) {
	sf.mu.Lock()
	defer sf.mu.Unlock()
	sf.requests = append(sf.requests, r.Method+" "+r.URL.Path)
	if sf.before != nil && sf.before(w, r) {
		return
	}
	if r.URL.Path == "/services/oauth2/token" {
		sf.giveToken(w, r)
		return
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+sf.token || sf.token == "":
		sfError(w, 401, "INVALID_SESSION_ID", "Session expired or invalid")
	case len(r.RequestURI) > 16_384:
		w.WriteHeader(414)
	case r.Method == "GET" && r.URL.Path == sfData+"/query":
		sf.query(w, r)
	case r.Method == "GET" && strings.HasPrefix(r.URL.Path, sfData+"/query/"):
		sf.more(w, strings.TrimPrefix(r.URL.Path, sfData+"/query/"))
	case r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/describe"):
		sf.describe(w, strings.Split(r.URL.Path, "/")[5])
	case r.Method == "PATCH" && r.URL.Path == sfData+"/composite/sobjects":
		sf.update(w, r)
	case r.Method == "DELETE" && r.URL.Path == sfData+"/composite/sobjects":
		sf.delete(w, r)
	default:
		sfError(w, 404, "NOT_FOUND", "The requested resource does not exist")
	}
}

func (sf *salesforce) giveToken(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_id") != "app" || r.FormValue("client_secret") != "hush-hush" {
		answer1(w, 400, map[string]any{"error": "invalid_client", "error_description": "invalid client credentials"})
		return
	}
	sf.tokens++
	sf.token = "token-" + strconv.Itoa(sf.tokens)
	answer1(w, 200, map[string]any{"access_token": sf.token, "token_type": "Bearer", "instance_url": "https://elsewhere.example", "scope": "api"})
}

func answer1(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func sfError(w http.ResponseWriter, status int, code, message string) {
	answer1(w, status, []any{map[string]any{"errorCode": code, "message": message}})
}

func (sf *salesforce) query(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("q")
	sf.queries = append(sf.queries, text)
	q, err := readSOQL(text, func(object string) map[string]string {
		if !sf.may["read"] {
			return nil
		}
		return sf.types[object]
	})
	if err != nil {
		sfError(w, 400, err.code, err.message+": "+text)
		return
	}
	var ids []string
	for id, row := range sf.rows[q.object] {
		if q.where(row) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	found := []any{}
	for _, id := range ids {
		one := map[string]any{"attributes": map[string]any{"type": q.object, "url": sfData + "/sobjects/" + q.object + "/" + id}}
		for _, f := range q.fields {
			one[f] = sf.rows[q.object][id][f]
		}
		found = append(found, one)
	}
	sf.give(w, found)
}

// give answers with the first page of some rows.
func (sf *salesforce) give(w http.ResponseWriter, rows []any) {
	out := map[string]any{"totalSize": len(rows), "done": true, "records": rows}
	if len(rows) > sf.page {
		locator := fmt.Sprintf("01g%d-%d", len(sf.locators), sf.page)
		sf.locators[locator] = rows[sf.page:]
		out["records"], out["done"], out["nextRecordsUrl"] = rows[:sf.page], false, sfData+"/query/"+locator
	}
	answer1(w, 200, out)
}

func (sf *salesforce) more(w http.ResponseWriter, locator string) {
	rows, ok := sf.locators[locator]
	if !ok {
		sfError(w, 400, "INVALID_QUERY_LOCATOR", "invalid query locator")
		return
	}
	sf.give(w, rows)
}

func (sf *salesforce) describe(w http.ResponseWriter, object string) {
	types := sf.types[object]
	if types == nil {
		sfError(w, 404, "NOT_FOUND", "The requested resource does not exist")
		return
	}
	fields := []any{}
	for name, typ := range types {
		fields = append(fields, map[string]any{"name": name, "type": typ, "length": 80, "nillable": name != "LastName" && name != "Id", "updateable": name != "Id" && name != "CreatedDate"})
	}
	answer1(w, 200, map[string]any{"name": object, "fields": fields, "queryable": sf.may["read"], "updateable": sf.may["update"], "deletable": sf.may["delete"]})
}

func sfResult(id string, code string, fields ...string) map[string]any {
	if code == "" {
		return map[string]any{"id": id, "success": true, "errors": []any{}}
	}
	return map[string]any{"success": false, "errors": []any{map[string]any{"statusCode": code, "message": "secret words about " + id, "fields": fields}}}
}

func (sf *salesforce) update(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AllOrNone bool             `json:"allOrNone"`
		Records   []map[string]any `json:"records"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || len(in.Records) > 200 {
		sfError(w, 400, "JSON_PARSER_ERROR", "malformed, or more than 200 records")
		return
	}
	out := []any{}
	for _, rec := range in.Records {
		id, _ := rec["Id"].(string)
		object, _ := rec["attributes"].(map[string]any)["type"].(string)
		row := sf.rows[object][id]
		delete(rec, "attributes")
		switch last, given := rec["LastName"]; {
		case row == nil:
			out = append(out, sfResult(id, "ENTITY_IS_DELETED"))
		case !sf.may["update"]:
			out = append(out, sfResult(id, "INSUFFICIENT_ACCESS_OR_READONLY"))
		case given && (last == nil || last == ""):
			out = append(out, sfResult(id, "REQUIRED_FIELD_MISSING", "LastName"))
		default:
			for k, v := range rec {
				row[k] = v
			}
			out = append(out, sfResult(id, ""))
		}
	}
	answer1(w, 200, out)
}

func (sf *salesforce) delete(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if len(ids) > 200 {
		sfError(w, 400, "EXCEEDED_ID_LIMIT", "more than 200 ids")
		return
	}
	out := []any{}
	for _, id := range ids {
		code := "ENTITY_IS_DELETED"
		for _, rows := range sf.rows {
			if rows[id] != nil && !sf.may["delete"] {
				code = "INSUFFICIENT_ACCESS_OR_READONLY"
			} else if rows[id] != nil {
				delete(rows, id)
				code = ""
			}
		}
		out = append(out, sfResult(id, code))
	}
	answer1(w, 200, out)
}
