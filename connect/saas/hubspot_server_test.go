package saas

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

	"github.com/avowhq/avow/connect"
)

// hubspot is a server that behaves as developers.hubspot.com says, for what the
// description uses: "Read a batch", "Search the CRM", "List objects", "Update a batch",
// "Archive a batch", "Permanently delete a contact", "Properties", "Associations v4",
// "Private apps", "Error handling", "API usage guidelines and limits".
type hubspot struct {
	*httptest.Server
	mu       sync.Mutex
	props    map[string]map[string]string            // object → property → type
	rows     map[string]map[string]map[string]string // object → id → properties
	links    map[string]map[string][]string          // `contacts/deals` → id → ids
	scopes   []string
	requests []string
	bodies   []string
	most     int // what a search gives in all
	blocked  []string
	before   func(w http.ResponseWriter, r *http.Request) bool
	page     int
}

const hubToken = "pat-eu1-very-secret"

func newHubSpot(t *testing.T) *hubspot {
	h := &hubspot{most: 10_000, page: 200, links: map[string]map[string][]string{}, scopes: []string{"tickets"}}
	for _, o := range []string{"contacts", "companies", "deals"} {
		h.scopes = append(h.scopes, "crm.objects."+o+".read", "crm.objects."+o+".write")
	}
	h.props = map[string]map[string]string{
		"contacts": {"email": "string", "firstname": "string", "lastname": "string", "phone": "phone_number", "mobilephone": "phone_number", "createdate": "datetime", "shoe_size": "number", "hs_object_id": "number", "hs_additional_emails": "string", "score": "number"},
		"deals":    {"dealname": "string", "amount": "number", "closedate": "datetime", "hs_object_id": "number"},
	}
	h.rows = map[string]map[string]map[string]string{"contacts": {}, "deals": {}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	return h
}

func (h *hubspot) open(t *testing.T, change ...func(*connect.Config)) *Source {
	return hurry(openAt(t, "hubspot", h.URL, `"token": "`+hubToken+`"`, change...))
}

// hurry takes the rates away, which would only make a test slow.
func hurry(s *Source) *Source {
	s.c.rate = nil
	for _, t := range s.d.tables {
		for _, f := range t.find {
			f.rate = rate{}
		}
	}
	return s
}

func (h *hubspot) add(object, id string, props map[string]string) string {
	props["hs_object_id"] = id
	h.rows[object][id] = props
	return id
}

func (h *hubspot) link(a, ida, b, idb string) {
	for _, way := range [][4]string{{a, ida, b, idb}, {b, idb, a, ida}} {
		name := way[0] + "/" + way[2]
		if h.links[name] == nil {
			h.links[name] = map[string][]string{}
		}
		h.links[name][way[1]] = append(h.links[name][way[1]], way[3])
	}
}

func hubError(w http.ResponseWriter, status int, category, message string) {
	answer1(w, status, map[string]any{"status": "error", "message": message, "category": category, "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf"})
}

func (h *hubspot) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	h.requests, h.bodies = append(h.requests, r.Method+" "+r.URL.Path), append(h.bodies, string(body))
	if h.before != nil && h.before(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+hubToken {
		hubError(w, 401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
		return
	}
	in := map[string]any{}
	if len(body) > 0 && json.Unmarshal(body, &in) != nil {
		hubError(w, 400, "VALIDATION_ERROR", "Invalid input JSON")
		return
	}
	at := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.Method == "POST" && r.URL.Path == "/oauth/v2/private-apps/get/access-token-info" && in["tokenKey"] == hubToken {
		answer1(w, 200, map[string]any{"userId": 1, "hubId": 2, "appId": 3, "scopes": h.scopes})
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

func (h *hubspot) objects(w http.ResponseWriter, r *http.Request, object, what string, in map[string]any, size int) {
	scope := "crm.objects." + object + map[bool]string{true: ".read", false: ".write"}[what == "" || strings.HasSuffix(what, "read") || what == "search"]
	inputs, _ := in["inputs"].([]any)
	switch {
	case h.rows[object] == nil:
		hubError(w, 404, "OBJECT_NOT_FOUND", "Unable to infer object type from: "+object)
	case !slices.Contains(h.scopes, scope):
		answer1(w, 403, map[string]any{"status": "error", "category": "MISSING_SCOPES", "message": "This app hasn't been granted all required scopes to make this call.",
			"errors": []any{map[string]any{"context": map[string]any{"requiredGranularScopes": []string{scope}}}}})
	case len(inputs) > 100:
		hubError(w, 400, "VALIDATION_ERROR", "The maximum number of inputs supported in a batch request is 100")
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
			delete(h.rows[object], each.(map[string]any)["id"].(string))
		}
		w.WriteHeader(204)
	case what == "gdpr-delete" && object == "contacts":
		h.erase(w, in)
	default:
		w.WriteHeader(404)
	}
}

func (h *hubspot) erase(w http.ResponseWriter, in map[string]any) {
	id, _ := in["objectId"].(string)
	if in["idProperty"] == "email" {
		h.blocked = append(h.blocked, id)
	}
	if h.rows["contacts"][id] == nil {
		hubError(w, 404, "OBJECT_NOT_FOUND", "No contact with id "+id)
		return
	}
	delete(h.rows["contacts"], id)
	w.WriteHeader(204)
}

func (h *hubspot) one(object, id string, props []string) map[string]any {
	out := map[string]any{}
	for _, p := range props {
		if _, known := h.props[object][p]; !known {
			continue // the real one leaves properties out that it does not know
		}
		if v, ok := h.rows[object][id][p]; ok && v != "" {
			out[p] = v
		} else {
			out[p] = nil
		}
	}
	return map[string]any{"id": id, "properties": out, "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z", "archived": false}
}

func (h *hubspot) read(w http.ResponseWriter, object string, in map[string]any, inputs []any) {
	found, gone := []any{}, []string{}
	for _, each := range inputs {
		id := each.(map[string]any)["id"].(string)
		if h.rows[object][id] == nil {
			gone = append(gone, id)
			continue
		}
		found = append(found, h.one(object, id, texts(in["properties"])))
	}
	if len(gone) == 0 {
		answer1(w, 200, map[string]any{"status": "COMPLETE", "results": found})
		return
	}
	answer1(w, 207, map[string]any{"status": "COMPLETE", "results": found, "numErrors": 1, "errors": []any{
		map[string]any{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects", "context": map[string]any{"ids": gone}}}})
}

// search knows lists of values only: small letters for texts, the whole body bounded.
func (h *hubspot) search(w http.ResponseWriter, object string, in map[string]any, size int) {
	if limit, _ := in["limit"].(float64); size > 3000 || limit > 200 {
		hubError(w, 400, "VALIDATION_ERROR", "request too large")
		return
	}
	groups := in["filterGroups"].([]any)
	var matches []func(row map[string]string) bool
	for _, g := range groups {
		m := h.filter(object, g.(map[string]any)["filters"].([]any)[0].(map[string]any))
		if m == nil || len(groups) > 5 {
			hubError(w, 400, "VALIDATION_ERROR", "There was a problem with the request.")
			return
		}
		matches = append(matches, m)
	}
	var ids []string
	for id, row := range h.rows[object] {
		if slices.ContainsFunc(matches, func(m func(map[string]string) bool) bool { return m(row) }) {
			ids = append(ids, id)
		}
	}
	total := len(ids)
	slices.Sort(ids)
	ids = ids[:min(total, h.most)]
	from, _ := strconv.Atoi(fmt.Sprint(in["after"]))
	h.give(w, object, ids, from, min(h.page, 200), texts(in["properties"]), map[string]any{"total": total})
}

// filter is one filter of a search; nil when it is none.
func (h *hubspot) filter(object string, f map[string]any) func(row map[string]string) bool {
	property, _ := f["propertyName"].(string)
	if _, known := h.props[object][property]; !known {
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

func (h *hubspot) list(w http.ResponseWriter, object string, r *http.Request) {
	from, _ := strconv.Atoi(r.URL.Query().Get("after"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if limit > 100 {
		hubError(w, 400, "VALIDATION_ERROR", "limit")
		return
	}
	h.give(w, object, slices.Sorted(maps.Keys(h.rows[object])), from, min(h.page, limit), strings.Split(r.URL.Query().Get("properties"), ","), map[string]any{})
}

func (h *hubspot) give(w http.ResponseWriter, object string, ids []string, from, n int, props []string, out map[string]any) {
	to := min(from+n, len(ids))
	found := []any{}
	for _, id := range ids[from:to] {
		found = append(found, h.one(object, id, props))
	}
	if out["results"] = found; to < len(ids) {
		out["paging"] = map[string]any{"next": map[string]any{"after": strconv.Itoa(to), "link": h.URL + "/?after=" + strconv.Itoa(to)}}
	}
	answer1(w, 200, out)
}

func (h *hubspot) update(w http.ResponseWriter, object string, inputs []any) {
	done, failed := []any{}, []any{}
	fail := func(category, id string) {
		failed = append(failed, map[string]any{"status": "error", "category": category, "message": "secret words about " + id, "context": map[string]any{"ids": []string{id}}})
	}
	for _, each := range inputs {
		e := each.(map[string]any)
		id, _ := e["id"].(string)
		row := h.rows[object][id]
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
	answer1(w, status, out)
}

func (h *hubspot) properties(w http.ResponseWriter, object string) {
	if h.props[object] == nil {
		hubError(w, 404, "OBJECT_NOT_FOUND", "Unable to infer object type from: "+object)
		return
	}
	out := []any{}
	for name, typ := range h.props[object] {
		out = append(out, map[string]any{"name": name, "type": typ, "label": name, "modificationMetadata": map[string]any{"readOnlyValue": name == "createdate" || name == "score"}})
	}
	answer1(w, 200, map[string]any{"results": out})
}

func (h *hubspot) associations(w http.ResponseWriter, way string, in map[string]any) {
	out := []any{}
	for _, each := range in["inputs"].([]any) {
		id := each.(map[string]any)["id"].(string)
		to := []any{}
		for _, other := range h.links[way][id] {
			to = append(to, map[string]any{"toObjectId": json.Number(other), "associationTypes": []any{}})
		}
		if len(to) > 500 {
			out = append(out, map[string]any{"from": map[string]any{"id": id}, "to": to[:500], "paging": map[string]any{"next": map[string]any{"after": "500"}}})
		} else if len(to) > 0 {
			out = append(out, map[string]any{"from": map[string]any{"id": id}, "to": to})
		}
	}
	answer1(w, 200, map[string]any{"status": "COMPLETE", "results": out})
}

func (h *hubspot) unlink(a, ida, b, idb string) {
	for _, way := range [][4]string{{a, ida, b, idb}, {b, idb, a, ida}} {
		list := h.links[way[0]+"/"+way[2]]
		list[way[1]] = slices.DeleteFunc(list[way[1]], func(id string) bool { return id == way[3] })
	}
}
