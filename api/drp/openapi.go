package drp

import (
	"maps"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// The shapes of answers, for the description alone.
type (
	tokenShape struct {
		Agent string `json:"agent-id"`
		Token string `json:"token"`
	}
	emptyShape struct{}
)

const signedText = "A JSON object with its Ed25519 signature before it, the whole in base64"

// Describe adds the protocol to the description of the interface. What agents send is signed text: its
// keys stand in the protocol (drp:1.0#2).
func Describe(o *huma.OpenAPI) {
	if o.Components.SecuritySchemes == nil {
		o.Components.SecuritySchemes = map[string]*huma.SecurityScheme{}
	}
	o.Components.SecuritySchemes["agent"] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", Description: "A token that an admitted agent asked for with a signed message."}
	agent, request := pathParameter("agent", "the agent's id in the directory"), pathParameter("request", "request_id, as the answer gave it")
	ok := answers[Status](o)
	add := func(id, method, path, summary string, signed bool, param *huma.Param, responses map[string]*huma.Response) *huma.Operation {
		op := &huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"Data Rights Protocol 1.0"}, Responses: responses,
			Security: []map[string][]string{{"agent": {}}}}
		if param != nil {
			op.Parameters = []*huma.Param{param}
		}
		if signed {
			op.RequestBody = &huma.RequestBody{Required: true, Description: signedText,
				Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string", Format: "byte"}}}}
		}
		o.AddOperation(op)
		return op
	}
	add("drp-set-up", http.MethodPost, "/drp/v1/agent/{agent}", "Ask for a token, with a signed message; 403 without a word where something does not hold", true, agent, answers[tokenShape](o)).Security = nil
	add("drp-agent", http.MethodGet, "/drp/v1/agent/{agent}", "Ask whether a token still holds", false, agent, answers[emptyShape](o))
	add("drp-exercise", http.MethodPost, "/drp/v1/data-rights-request", "Send what a person asks", true, nil, ok)
	add("drp-status", http.MethodGet, "/drp/v1/data-rights-request/{request}", "Ask how far a request is", false, request, maps.Clone(ok))
	add("drp-revoke", http.MethodDelete, "/drp/v1/data-rights-request/{request}", "End a request that the person wants no more", true, request, maps.Clone(ok))
}

func pathParameter(name, doc string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: doc, Schema: &huma.Schema{Type: "string"}}
}

// answers are the answer of a kind, and what may be wrong (drp:1.0#3.06).
func answers[T any](o *huma.OpenAPI) map[string]*huma.Response {
	schema := func(t reflect.Type) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: o.Components.Schemas.Schema(t, true, "")}}
	}
	wrong := schema(reflect.TypeFor[failure]())
	out := map[string]*huma.Response{"200": {Description: "The answer", Content: schema(reflect.TypeFor[T]())}}
	for _, code := range []string{"400", "401", "403", "409", "413", "429", "503"} {
		out[code] = &huma.Response{Description: "What is wrong", Content: wrong}
	}
	return out
}
