package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/avowhq/avow"
)

// The shapes of the decision interface, for its description alone: it reads and
// writes by hand (scan.go, evaluation.go).
type (
	entityShape struct {
		Type string `json:"type" doc:"service, or what you call who asks; it may only repeat what the token says"`
		ID   string `json:"id"`
	}
	actionShape struct {
		Name string `json:"name" enum:"collect,keep,use,send,combine,disclose,transfer"`
	}
	resourceShape struct {
		Type       string `json:"type" enum:"data-subject,visitor"`
		ID         string `json:"id" doc:"the id of a data subject, or email:… or phone:…"`
		Properties struct {
			Policy string   `json:"policy,omitempty" doc:"may be left out where there is one policy"`
			Data   []string `json:"data" doc:"categories, or fields as category.field"`
			Kind   string   `json:"kind,omitempty" enum:"individual,business" doc:"of a visitor"`
			Region string   `json:"region,omitempty" doc:"of a visitor"`
		} `json:"properties"`
	}
	contextShape struct {
		Purpose   string   `json:"purpose"`
		Recipient string   `json:"recipient,omitempty"`
		Role      string   `json:"role,omitempty" doc:"a staff role that the token holds"`
		Place     string   `json:"place,omitempty" doc:"where the use happens, such as NL"`
		Cookie    string   `json:"cookie,omitempty"`
		OnEvent   bool     `json:"on_event,omitempty" doc:"the event of a declared disclosure has happened"`
		Signals   []string `json:"signals,omitempty" doc:"dnt, gpc"`
	}
	questionShape struct {
		Subject  entityShape   `json:"subject"`
		Action   actionShape   `json:"action"`
		Resource resourceShape `json:"resource"`
		Context  contextShape  `json:"context"`
	}
	optionsShape struct {
		Semantic string `json:"evaluations_semantic,omitempty" enum:"execute_all,deny_on_first_deny,permit_on_first_permit"`
	}
	partialShape struct {
		Subject  *entityShape   `json:"subject,omitempty"`
		Action   *actionShape   `json:"action,omitempty"`
		Resource *resourceShape `json:"resource,omitempty"`
		Context  *contextShape  `json:"context,omitempty"`
	}
	batchShape struct {
		partialShape
		Evaluations []partialShape `json:"evaluations,omitempty" doc:"each takes from the batch what it does not say itself"`
		Options     *optionsShape  `json:"options,omitempty"`
	}
	whyShape struct {
		Reason      string   `json:"reason"`
		Says        string   `json:"says" doc:"one sentence for a person"`
		Basis       string   `json:"basis,omitempty"`
		Policy      string   `json:"policy,omitempty"`
		Version     int      `json:"version,omitempty"`
		Clause      string   `json:"clause,omitempty"`
		Line        int      `json:"line,omitempty"`
		Obligations []string `json:"obligations,omitempty" doc:"what must be done for the yes to hold"`
	}
	decisionShape struct {
		Decision bool     `json:"decision"`
		Context  whyShape `json:"context"`
	}
	decisionsShape struct {
		Evaluations []decisionShape `json:"evaluations"`
	}
	metadataShape struct {
		Point       string `json:"policy_decision_point"`
		Evaluation  string `json:"access_evaluation_endpoint"`
		Evaluations string `json:"access_evaluations_endpoint"`
	}
)

// describeDecisions adds the decision interface to the description (authzen:1.0#6, authzen:1.0#7).
func describeDecisions(o *huma.OpenAPI) {
	describe[questionShape, decisionShape](o, "evaluation", http.MethodPost, "/access/v1/evaluation", "Ask whether a use is allowed")
	describe[batchShape, decisionsShape](o, "evaluations", http.MethodPost, "/access/v1/evaluations", "Ask about many uses at once")
	describe[questionShape, explanation](o, "explanation", http.MethodPost, "/access/v1/explanation", "Ask the same, with the evidence and what would make it a yes")
	describe[struct{}, metadataShape](o, "decision-metadata", http.MethodGet, "/.well-known/authzen-configuration", "Where the decision interface is")
}

func describe[In, Out any](o *huma.OpenAPI, id, method, path, summary string) {
	shape := func(t reflect.Type) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: o.Components.Schemas.Schema(t, true, id)}}
	}
	op := &huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary,
		Responses: map[string]*huma.Response{"200": {Description: "The answer", Content: shape(reflect.TypeFor[Out]())}}}
	if method == http.MethodPost {
		op.RequestBody = &huma.RequestBody{Required: true, Content: shape(reflect.TypeFor[In]())}
		op.Security = []map[string][]string{{"token": {}}}
		wrong := map[string]*huma.MediaType{problemType: {Schema: o.Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")}}
		for _, code := range []string{"400", "401", "403", "413", "503"} {
			op.Responses[code] = &huma.Response{Description: "What is wrong (RFC 9457)", Content: wrong}
		}
	}
	o.AddOperation(op)
}

// describeProblems has every error described as it comes.
func describeProblems(o *huma.OpenAPI) {
	wrong := &huma.MediaType{Schema: o.Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")}
	for _, path := range o.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Delete, path.Patch} {
			if op == nil {
				continue
			}
			for _, r := range op.Responses {
				if r.Content[problemType] != nil {
					r.Content[problemType] = wrong
				}
			}
		}
	}
	delete(o.Components.Schemas.Map(), "ErrorModel")
	delete(o.Components.Schemas.Map(), "ErrorDetail")
}

const problemType = "application/problem+json"

// nowhere answers for what no route of a mux does: an address that is none, or that is not asked in this way.
func nowhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		methods := methodsOf(mux, r)
		if len(methods) == 0 {
			writeProblem(w, avow.Errorf(avow.NotFound, "the interface has no such address; /api/openapi.json lists those it has"))
			return
		}
		allow := strings.Join(methods, ", ")
		w.Header().Set("Allow", allow)
		const status = http.StatusMethodNotAllowed
		problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: "this address is asked with " + allow}.write(w)
	}
}

// methodsOf are those that the address of a request may be asked with. A route that names none is for what is left.
func methodsOf(mux *http.ServeMux, r *http.Request) (out []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
			out = append(out, method)
		}
	}
	return out
}
