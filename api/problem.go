package api

import (
	"encoding/json"
	"net/http"

	"github.com/avowhq/avow"
)

// statusOf is this face's one map from kinds of errors to HTTP.
func statusOf(k avow.ErrorKind) int {
	switch k {
	case avow.Invalid:
		return http.StatusBadRequest
	case avow.NotFound:
		return http.StatusNotFound
	case avow.Conflict:
		return http.StatusConflict
	case avow.Refused, avow.Forbidden:
		return http.StatusForbidden
	case avow.Unauthorized:
		return http.StatusUnauthorized
	case avow.TooLarge:
		return http.StatusRequestEntityTooLarge
	case avow.TooMany:
		return http.StatusTooManyRequests
	case avow.Unavailable, avow.Canceled:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem is an error document (rfc:9457#3).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
}

func problemOf(err error) problem {
	kind := avow.KindOf(err)
	status := statusOf(kind)
	p := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: avow.MessageOf(err)}
	if e, ok := err.(*avow.Error); ok {
		p.Field = e.Field
	}
	return p
}

func writeProblem(w http.ResponseWriter, err error) {
	p := problemOf(err)
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="avow"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	}
	b, _ := json.Marshal(p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	w.Write(b)
}

func writeJSON(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b)
}
