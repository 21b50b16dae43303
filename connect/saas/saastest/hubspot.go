// Package saastest has local servers that behave as the documentation of services says, for
// what their descriptions use. Tests of any room reach them by the built-in descriptions.
//
// What stays true: what the documentation forbids is refused as it says, so that a description
// which asks wrongly fails; the rows are in memory and may be looked at between two requests.
//
// What it never does: stand in for the service itself. Nothing here was ever held against one.
package saastest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// HubSpot is a server that behaves as developers.hubspot.com says, for what the
// description uses: "Read a batch", "Search the CRM", "List objects", "Update a batch",
// "Archive a batch", "Permanently delete a contact", "Properties", "Associations v4",
// "Private apps", "Error handling", "API usage guidelines and limits".
type HubSpot struct {
	*httptest.Server
	mu         sync.Mutex
	Properties map[string]map[string]string            // object → property → type
	Rows       map[string]map[string]map[string]string // object → id → properties
	Links      map[string]map[string][]string          // `contacts/deals` → id → ids
	Scopes     []string
	Requests   []string
	Bodies     []string
	Most       int // what a search gives in all
	Blocked    []string
	Before     func(w http.ResponseWriter, r *http.Request) bool
	Page       int
}

// HubToken is the token that opens it.
const HubToken = "pat-eu1-very-secret"

// NewHubSpot starts one with a few objects and their properties, and without a row.
func NewHubSpot(t testing.TB) *HubSpot {
	h := &HubSpot{Most: 10_000, Page: 200, Links: map[string]map[string][]string{}, Scopes: []string{"tickets"}}
	for _, o := range []string{"contacts", "companies", "deals"} {
		h.Scopes = append(h.Scopes, "crm.objects."+o+".read", "crm.objects."+o+".write")
	}
	h.Properties = map[string]map[string]string{
		"contacts": {"email": "string", "firstname": "string", "lastname": "string", "phone": "phone_number", "mobilephone": "phone_number", "createdate": "datetime", "shoe_size": "number", "hs_object_id": "number", "hs_additional_emails": "string", "score": "number"},
		"deals":    {"dealname": "string", "amount": "number", "closedate": "datetime", "hs_object_id": "number"},
	}
	h.Rows = map[string]map[string]map[string]string{"contacts": {}, "deals": {}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	return h
}

// Add puts a row into an object.
func (h *HubSpot) Add(object, id string, props map[string]string) string {
	props["hs_object_id"] = id
	h.Rows[object][id] = props
	return id
}

// Link ties two rows together, in both directions.
func (h *HubSpot) Link(a, ida, b, idb string) {
	for _, way := range [][4]string{{a, ida, b, idb}, {b, idb, a, ida}} {
		name := way[0] + "/" + way[2]
		if h.Links[name] == nil {
			h.Links[name] = map[string][]string{}
		}
		h.Links[name][way[1]] = append(h.Links[name][way[1]], way[3])
	}
}

// HubError answers as the service does when it refuses.
func HubError(w http.ResponseWriter, status int, category, message string) {
	Answer(w, status, map[string]any{"status": "error", "message": message, "category": category, "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf"})
}

// Secret is the credentials that open it, as a system of the map names them.
func (h *HubSpot) Secret() string {
	return fmt.Sprintf(`{"address": %q, "token": %q}`, h.URL, HubToken)
}

func (h *HubSpot) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	h.Requests, h.Bodies = append(h.Requests, r.Method+" "+r.URL.Path), append(h.Bodies, string(body))
	if h.Before != nil && h.Before(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+HubToken {
		HubError(w, 401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
		return
	}
	in := map[string]any{}
	if len(body) > 0 && json.Unmarshal(body, &in) != nil {
		HubError(w, 400, "VALIDATION_ERROR", "Invalid input JSON")
		return
	}
	at := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.Method == "POST" && r.URL.Path == "/oauth/v2/private-apps/get/access-token-info" && in["tokenKey"] == HubToken {
		Answer(w, 200, map[string]any{"userId": 1, "hubId": 2, "appId": 3, "scopes": h.Scopes})
		return
	}
	if len(at) < 4 || at[0] != "crm" {
		w.WriteHeader(404)
		return
	}
	switch {
	case at[2] == "properties":
		h.properties(w, at[3])
	case at[2] == "associations":
		h.associations(w, at[3]+"/"+at[4], in)
	case at[1] == "v4" && r.Method == "DELETE":
		h.unlink(at[3], at[4], at[6], at[7])
		w.WriteHeader(204)
	default:
		h.objects(w, r, at[3], strings.Join(at[4:], "/"), in, len(body))
	}
}

func (h *HubSpot) objects(w http.ResponseWriter, r *http.Request, object, what string, in map[string]any, size int) {
	scope := "crm.objects." + object + map[bool]string{true: ".read", false: ".write"}[what == "" || strings.HasSuffix(what, "read") || what == "search"]
	inputs, _ := in["inputs"].([]any)
	switch {
	case h.Rows[object] == nil:
		HubError(w, 404, "OBJECT_NOT_FOUND", "Unable to infer object type from: "+object)
	case !slices.Contains(h.Scopes, scope):
		Answer(w, 403, map[string]any{"status": "error", "category": "MISSING_SCOPES", "message": "This app hasn't been granted all required scopes to make this call.",
			"errors": []any{map[string]any{"context": map[string]any{"requiredGranularScopes": []string{scope}}}}})
	case len(inputs) > 100:
		HubError(w, 400, "VALIDATION_ERROR", "The maximum number of inputs supported in a batch request is 100")
	case what == "" && r.Method == "GET":
		h.list(w, object, r)
	case what == "batch/read":
		h.read(w, object, in, inputs)
	case what == "search":
		h.search(w, object, in, size)
	case what == "batch/update":
		h.update(w, object, inputs)
	case what == "batch/archive":
		for _, each := range inputs {
			delete(h.Rows[object], each.(map[string]any)["id"].(string))
		}
		w.WriteHeader(204)
	case what == "gdpr-delete" && object == "contacts":
		h.erase(w, in)
	default:
		w.WriteHeader(404)
	}
}

func (h *HubSpot) erase(w http.ResponseWriter, in map[string]any) {
	id, _ := in["objectId"].(string)
	if in["idProperty"] == "email" {
		h.Blocked = append(h.Blocked, id)
	}
	if h.Rows["contacts"][id] == nil {
		HubError(w, 404, "OBJECT_NOT_FOUND", "No contact with id "+id)
		return
	}
	delete(h.Rows["contacts"], id)
	w.WriteHeader(204)
}

func (h *HubSpot) one(object, id string, props []string) map[string]any {
	out := map[string]any{}
	for _, p := range props {
		if _, known := h.Properties[object][p]; !known {
			continue // the real one leaves properties out that it does not know
		}
		if v, ok := h.Rows[object][id][p]; ok && v != "" {
			out[p] = v
		} else {
			out[p] = nil
		}
	}
	return map[string]any{"id": id, "properties": out, "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z", "archived": false}
}

func (h *HubSpot) read(w http.ResponseWriter, object string, in map[string]any, inputs []any) {
	found, gone := []any{}, []string{}
	for _, each := range inputs {
		id := each.(map[string]any)["id"].(string)
		if h.Rows[object][id] == nil {
			gone = append(gone, id)
			continue
		}
		found = append(found, h.one(object, id, texts(in["properties"])))
	}
	if len(gone) == 0 {
		Answer(w, 200, map[string]any{"status": "COMPLETE", "results": found})
		return
	}
	Answer(w, 207, map[string]any{"status": "COMPLETE", "results": found, "numErrors": 1, "errors": []any{
		map[string]any{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects", "context": map[string]any{"ids": gone}}}})
}

// search knows lists of values only: small letters for texts, the whole body bounded.
func (h *HubSpot) search(w http.ResponseWriter, object string, in map[string]any, size int) {
	if limit, _ := in["limit"].(float64); size > 3000 || limit > 200 {
		HubError(w, 400, "VALIDATION_ERROR", "request too large")
		return
	}
	groups := in["filterGroups"].([]any)
	var matches []func(row map[string]string) bool
	for _, g := range groups {
		m := h.filter(object, g.(map[string]any)["filters"].([]any)[0].(map[string]any))
		if m == nil || len(groups) > 5 {
			HubError(w, 400, "VALIDATION_ERROR", "There was a problem with the request.")
			return
		}
		matches = append(matches, m)
	}
	var ids []string
	for id, row := range h.Rows[object] {
		if slices.ContainsFunc(matches, func(m func(map[string]string) bool) bool { return m(row) }) {
			ids = append(ids, id)
		}
	}
	total := len(ids)
	slices.Sort(ids)
	ids = ids[:min(total, h.Most)]
	from, _ := strconv.Atoi(fmt.Sprint(in["after"]))
	h.give(w, object, ids, from, min(h.Page, 200), texts(in["properties"]), map[string]any{"total": total})
}

// filter is one filter of a search; nil when it is none.
func (h *HubSpot) filter(object string, f map[string]any) func(row map[string]string) bool {
	property, _ := f["propertyName"].(string)
	if _, known := h.Properties[object][property]; !known {
		return nil
	}
	switch f["operator"] {
	case "IN":
		values := texts(f["values"])
		return func(row map[string]string) bool {
			return row[property] != "" && slices.Contains(values, strings.ToLower(row[property]))
		}
	case "CONTAINS_TOKEN":
		word, _ := f["value"].(string)
		return func(row map[string]string) bool {
			return slices.Contains(strings.FieldsFunc(strings.ToLower(row[property]), func(c rune) bool { return c == ';' || c == ' ' }), word)
		}
	}
	return nil
}

func (h *HubSpot) list(w http.ResponseWriter, object string, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("after"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if limit > 100 {
		HubError(w, 400, "VALIDATION_ERROR", "limit")
		return
	}
	h.give(w, object, slices.Sorted(maps.Keys(h.Rows[object])), from, min(h.Page, limit), strings.Split(r.URL.Query().Get("properties"), ","), map[string]any{})
}

func (h *HubSpot) give(w http.ResponseWriter, object string, ids []string, from, n int, props []string, out map[string]any) {
	to := min(from+n, len(ids))
	found := []any{}
	for _, id := range ids[from:to] {
		found = append(found, h.one(object, id, props))
	}
	if out["results"] = found; to < len(ids) {
		out["paging"] = map[string]any{"next": map[string]any{"after": strconv.Itoa(to), "link": h.URL + "/?after=" + strconv.Itoa(to)}}
	}
	Answer(w, 200, out)
}

func (h *HubSpot) update(w http.ResponseWriter, object string, inputs []any) {
	done, failed := []any{}, []any{}
	fail := func(category, id string) {
		failed = append(failed, map[string]any{"status": "error", "category": category, "message": "secret words about " + id, "context": map[string]any{"ids": []string{id}}})
	}
	for _, each := range inputs {
		e := each.(map[string]any)
		id, _ := e["id"].(string)
		row := h.Rows[object][id]
		props, _ := e["properties"].(map[string]any)
		switch email, given := props["email"].(string); {
		case row == nil:
			fail("OBJECT_NOT_FOUND", id)
		case given && email != "" && !strings.Contains(email, "@"):
			fail("VALIDATION_ERROR", id)
		default:
			for k, v := range props {
				row[k] = fmt.Sprint(v)
			}
			done = append(done, h.one(object, id, nil))
		}
	}
	status, out := 200, map[string]any{"status": "COMPLETE", "results": done}
	if len(failed) > 0 {
		status, out["errors"], out["numErrors"] = 207, failed, len(failed)
	}
	Answer(w, status, out)
}

func (h *HubSpot) properties(w http.ResponseWriter, object string) {
	if h.Properties[object] == nil {
		HubError(w, 404, "OBJECT_NOT_FOUND", "Unable to infer object type from: "+object)
		return
	}
	out := []any{}
	for name, typ := range h.Properties[object] {
		out = append(out, map[string]any{"name": name, "type": typ, "label": name, "modificationMetadata": map[string]any{"readOnlyValue": name == "createdate" || name == "score"}})
	}
	Answer(w, 200, map[string]any{"results": out})
}

func (h *HubSpot) associations(w http.ResponseWriter, way string, in map[string]any) {
	out := []any{}
	for _, each := range in["inputs"].([]any) {
		id := each.(map[string]any)["id"].(string)
		to := []any{}
		for _, other := range h.Links[way][id] {
			to = append(to, map[string]any{"toObjectId": json.Number(other), "associationTypes": []any{}})
		}
		if len(to) > 500 {
			out = append(out, map[string]any{"from": map[string]any{"id": id}, "to": to[:500], "paging": map[string]any{"next": map[string]any{"after": "500"}}})
		} else if len(to) > 0 {
			out = append(out, map[string]any{"from": map[string]any{"id": id}, "to": to})
		}
	}
	Answer(w, 200, map[string]any{"status": "COMPLETE", "results": out})
}

func (h *HubSpot) unlink(a, ida, b, idb string) {
	for _, way := range [][4]string{{a, ida, b, idb}, {b, idb, a, ida}} {
		list := h.Links[way[0]+"/"+way[2]]
		list[way[1]] = slices.DeleteFunc(list[way[1]], func(id string) bool { return id == way[3] })
	}
}

// texts are the texts of a list.
func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, each := range list {
		if text, ok := each.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
