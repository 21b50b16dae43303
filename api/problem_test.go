package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/rights/cases"
)

// bare is the interface with nothing behind it: what is wrong is found before that is asked.
func bare() http.Handler {
	mux := http.NewServeMux()
	a := &Rest{Keys: new(Keys), Consent: new(consent.Register), Requests: new(cases.Desk), Now: time.Now, Remote: func(*http.Request) string { return "" }}
	a.Routes(mux)
	(&Access{Keys: new(Keys)}).Routes(mux)
	return mux
}

// What does not fit the description is a problem as all others are: it names the field, and repeats nothing of what was sent.
func TestMisfits(t *testing.T) {
	h := bare()
	const ann, requests = "ann@visitor.example", "/api/v1/requests"
	known := `"identities":[{"kind":"email","value":"` + ann + `"}]`
	for _, c := range []struct {
		method, path, kind, body string
		status                   int
		field                    string
	}{
		{"POST", requests, "application/json", `{"right":"copy","bogus":"` + ann + `",` + known + `}`, 422, "bogus"},
		{"POST", requests, "application/json", `{"right":"` + ann + `",` + known + `}`, 422, "right"},
		{"POST", requests, "application/json", `{"right":"copy","wrote":7,` + known + `}`, 422, "wrote"},
		{"POST", requests, "application/json", `{"right":"copy","identities":[{"kind":"email","value":"` + strings.Repeat(ann, 20) + `"}]}`, 422, "identities[0].value"},
		{"POST", requests, "application/json", `{"right":"copy",` + known, 400, "body"},
		{"POST", requests, "application/json", `{` + known + `}`, 422, "right"},
		{"POST", requests, "application/json", `{"right":"copy","identities":[{"kind":"email"}]}`, 422, "identities[0].value"},
		{"POST", requests, "application/json", `{"right":["` + ann + `"],"right":"copy",` + known + `}`, 422, "right"},
		{"POST", requests, "application/json", `{"right":"copy","bogus":1e999,` + known + `}`, 400, "body"},
		{"POST", requests, "text/plain", `{"right":"copy",` + known + `}`, 415, "body"},
		{"POST", requests, "application/json", `{"wrote":"` + strings.Repeat(ann, 5000) + `"}`, 413, ""},
		{"GET", requests + "?limit=" + ann, "", "", 422, "limit"},
		{"POST", requests + "/x/tasks/" + ann + "/done", "application/json", `{"evidence":"x"}`, 422, "task"},
		{"POST", requests + "/x/tasks/7/done", "application/json", `{"evidence":"x","attached":[{"name":"a.txt","data":"` + ann + `"}]}`, 422, "attached[0].data"},
		{"POST", requests + "/x/tasks/7/done", "application/json", `{"evidence":"x","attached":[{"name":"a.txt","data":"aGVsb8="}]}`, 422, "attached[0].data"},
		{"POST", requests + "/x/tasks/7/done", "application/json", `{"evidence":"x","attached":[{"name":"a.txt"}]}`, 422, "attached[0].data"},
		{"POST", requests + "/x/tasks/7/done", "application/json", `{"evidence":"x","attached":[{"name":"a.txt","data":"aGVsbG8="},{"name":"empty.txt","data":""}]}`, 401, ""}, // nothing but a token is missing
		{"DELETE", requests, "", "", 405, ""},
		{"PUT", requests + "/x/approve", "", "", 405, ""},
		{"GET", "/api/v1/withdrawals", "", "", 405, ""},
		{"GET", "/access/v1/evaluation", "", "", 405, ""},
		{"GET", "/api/v1/nothing", "", "", 404, ""},
		{"POST", "/access/v1/nothing", "", "", 404, ""},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var p map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
			continue
		}
		field, _ := p["field"].(string)
		if w.Code != c.status || p["status"] != float64(c.status) || field != c.field || p["type"] != "about:blank" || p["detail"] == "" || p["detail"] == "validation failed" ||
			w.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(w.Body.String(), ann) {
			t.Errorf("%s %s is answered %d %q: %s", c.method, c.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if allow := w.Header().Get("Allow"); (c.status == 405) != (allow != "") || strings.Contains(allow, c.method) {
			t.Errorf("%s %s may be asked with %q", c.method, c.path, allow)
		}
	}
}

// What is described as wrong is what comes.
func TestProblemsAreDescribed(t *testing.T) {
	w := httptest.NewRecorder()
	bare().ServeHTTP(w, httptest.NewRequest("GET", "/api/openapi.json", nil))
	if text := w.Body.String(); strings.Contains(text, "ErrorModel") || strings.Contains(text, "ErrorDetail") || !strings.Contains(text, "#/components/schemas/Problem") {
		t.Error("the description tells of errors that do not come")
	}
}
