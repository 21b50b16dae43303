package saastest

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
)

// Salesforce is a server that behaves as the "REST API Developer Guide" says, for the
// resources that the description uses: Query, QueryMore, sObject Describe, sObject
// Collections, Status Codes and Error Responses; and the token endpoint of "OAuth 2.0
// Client Credentials Flow".
type Salesforce struct {
	*httptest.Server
	mu       sync.Mutex
	Types    map[string]map[string]string         // object → field → type
	Rows     map[string]map[string]map[string]any // object → id → row
	Page     int
	locators map[string][]any
	Tokens   int    // given so far
	Token    string // the one that is valid
	May      map[string]bool
	Requests []string // method and path
	Queries  []string
	Before   func(w http.ResponseWriter, r *http.Request) bool // answers in the service's place
}

// Data is the path of the data of the version that the description uses.
const Data = "/services/data/v62.0"

// NewSalesforce starts one with a few objects and their fields, and without a row.
func NewSalesforce(t testing.TB) *Salesforce {
	sf := &Salesforce{Page: 2000, locators: map[string][]any{}, May: map[string]bool{"read": true, "update": true, "delete": true}}
	sf.Types = map[string]map[string]string{
		"Contact": {"Id": "id", "FirstName": "string", "LastName": "string", "Email": "email", "Phone": "phone", "AccountId": "reference",
			"Birthdate": "date", "Shoe_Size__c": "double", "HasOptedOutOfEmail": "boolean", "CreatedDate": "datetime", "Description": "textarea", "Age__c": "double"},
		"Task": {"Id": "id", "WhoId": "reference", "WhatId": "reference", "Subject": "string", "Description": "textarea", "ActivityDate": "date"},
	}
	sf.Rows = map[string]map[string]map[string]any{"Contact": {}, "Task": {}}
	sf.Server = httptest.NewServer(http.HandlerFunc(sf.serve))
	t.Cleanup(sf.Close)
	return sf
}

// Add puts a row into an object.
func (sf *Salesforce) Add(object, id string, row map[string]any) string {
	row["Id"] = id
	sf.Rows[object][id] = row
	return id
}

// Secret is the credentials that open it, as a system of the map names them.
func (sf *Salesforce) Secret() string {
	return fmt.Sprintf(`{"address": %q, "client_id": "app", "client_secret": "hush-hush"}`, sf.URL)
}

func (sf *Salesforce) serve(w http.ResponseWriter, r *http.Request) {
	sf.mu.Lock()
	defer sf.mu.Unlock()
	sf.Requests = append(sf.Requests, r.Method+" "+r.URL.Path)
	if sf.Before != nil && sf.Before(w, r) {
		return
	}
	if r.URL.Path == "/services/oauth2/token" {
		sf.giveToken(w, r)
		return
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+sf.Token || sf.Token == "":
		SalesforceError(w, 401, "INVALID_SESSION_ID", "Session expired or invalid")
	case len(r.RequestURI) > 16_384:
		w.WriteHeader(414)
	case r.Method == "GET" && r.URL.Path == Data+"/query":
		sf.query(w, r)
	case r.Method == "GET" && strings.HasPrefix(r.URL.Path, Data+"/query/"):
		sf.more(w, strings.TrimPrefix(r.URL.Path, Data+"/query/"))
	case r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/describe"):
		sf.describe(w, strings.Split(r.URL.Path, "/")[5])
	case r.Method == "PATCH" && r.URL.Path == Data+"/composite/sobjects":
		sf.update(w, r)
	case r.Method == "DELETE" && r.URL.Path == Data+"/composite/sobjects":
		sf.delete(w, r)
	default:
		SalesforceError(w, 404, "NOT_FOUND", "The requested resource does not exist")
	}
}

func (sf *Salesforce) giveToken(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_id") != "app" || r.FormValue("client_secret") != "hush-hush" {
		Answer(w, 400, map[string]any{"error": "invalid_client", "error_description": "invalid client credentials"})
		return
	}
	sf.Tokens++
	sf.Token = "token-" + strconv.Itoa(sf.Tokens)
	Answer(w, 200, map[string]any{"access_token": sf.Token, "token_type": "Bearer", "instance_url": "https://elsewhere.example", "scope": "api"})
}

// Answer writes an answer as JSON.
func Answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// SalesforceError answers as the service does when it refuses.
func SalesforceError(w http.ResponseWriter, status int, code, message string) {
	Answer(w, status, []any{map[string]any{"errorCode": code, "message": message}})
}

func (sf *Salesforce) query(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("q")
	sf.Queries = append(sf.Queries, text)
	q, err := ReadSOQL(text, func(object string) map[string]string {
		if !sf.May["read"] {
			return nil
		}
		return sf.Types[object]
	})
	if err != nil {
		SalesforceError(w, 400, err.Code, err.Message+": "+text)
		return
	}
	var ids []string
	for id, row := range sf.Rows[q.Object] {
		if q.Where(row) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	found := []any{}
	for _, id := range ids {
		one := map[string]any{"attributes": map[string]any{"type": q.Object, "url": Data + "/sobjects/" + q.Object + "/" + id}}
		for _, f := range q.Fields {
			one[f] = sf.Rows[q.Object][id][f]
		}
		found = append(found, one)
	}
	sf.give(w, found)
}

// give answers with the first page of some rows.
func (sf *Salesforce) give(w http.ResponseWriter, rows []any) {
	out := map[string]any{"totalSize": len(rows), "done": true, "records": rows}
	if len(rows) > sf.Page {
		locator := fmt.Sprintf("01g%d-%d", len(sf.locators), sf.Page)
		sf.locators[locator] = rows[sf.Page:]
		out["records"], out["done"], out["nextRecordsUrl"] = rows[:sf.Page], false, Data+"/query/"+locator
	}
	Answer(w, 200, out)
}

func (sf *Salesforce) more(w http.ResponseWriter, locator string) {
	rows, ok := sf.locators[locator]
	if !ok {
		SalesforceError(w, 400, "INVALID_QUERY_LOCATOR", "invalid query locator")
		return
	}
	sf.give(w, rows)
}

func (sf *Salesforce) describe(w http.ResponseWriter, object string) {
	types := sf.Types[object]
	if types == nil {
		SalesforceError(w, 404, "NOT_FOUND", "The requested resource does not exist")
		return
	}
	fields := []any{}
	for name, typ := range types {
		fields = append(fields, map[string]any{"name": name, "type": typ, "length": 80, "nillable": name != "LastName" && name != "Id", "updateable": name != "Id" && name != "CreatedDate"})
	}
	Answer(w, 200, map[string]any{"name": object, "fields": fields, "queryable": sf.May["read"], "updateable": sf.May["update"], "deletable": sf.May["delete"]})
}

func sfResult(id string, code string, fields ...string) map[string]any {
	if code == "" {
		return map[string]any{"id": id, "success": true, "errors": []any{}}
	}
	return map[string]any{"success": false, "errors": []any{map[string]any{"statusCode": code, "message": "secret words about " + id, "fields": fields}}}
}

func (sf *Salesforce) update(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AllOrNone bool             `json:"allOrNone"`
		Records   []map[string]any `json:"records"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || len(in.Records) > 200 {
		SalesforceError(w, 400, "JSON_PARSER_ERROR", "malformed, or more than 200 records")
		return
	}
	out := []any{}
	for _, rec := range in.Records {
		id, _ := rec["Id"].(string)
		object, _ := rec["attributes"].(map[string]any)["type"].(string)
		row := sf.Rows[object][id]
		delete(rec, "attributes")
		switch last, given := rec["LastName"]; {
		case row == nil:
			out = append(out, sfResult(id, "ENTITY_IS_DELETED"))
		case !sf.May["update"]:
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
	Answer(w, 200, out)
}

func (sf *Salesforce) delete(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if len(ids) > 200 {
		SalesforceError(w, 400, "EXCEEDED_ID_LIMIT", "more than 200 ids")
		return
	}
	out := []any{}
	for _, id := range ids {
		code := "ENTITY_IS_DELETED"
		for _, rows := range sf.Rows {
			if rows[id] != nil && !sf.May["delete"] {
				code = "INSUFFICIENT_ACCESS_OR_READONLY"
			} else if rows[id] != nil {
				delete(rows, id)
				code = ""
			}
		}
		out = append(out, sfResult(id, code))
	}
	Answer(w, 200, out)
}
