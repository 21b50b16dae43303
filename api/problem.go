package api

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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

	cause error
}

func problemOf(err error) problem {
	kind := avow.KindOf(err)
	status := statusOf(kind)
	p := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: avow.MessageOf(err), cause: err}
	if e, ok := err.(*avow.Error); ok {
		p.Field = e.Field
	}
	return p
}

// misfit is what does not fit the description of the interface: where it stands and what is wrong with it, without what it says.
func misfit(e *huma.ErrorModel) problem {
	p := problem{Type: "about:blank", Title: e.Title, Status: e.Status, Detail: e.Detail}
	var all []string
	for _, d := range e.Errors {
		field, says := misfitOf(d)
		p.Field = cmp.Or(p.Field, field)
		all = append(all, field+": "+says)
	}
	if len(all) > 0 {
		p.Detail = strings.Join(all, "; ")
	}
	return p
}

var (
	missing   = regexp.MustCompile(`^expected required property (\S+) to be present$`)
	otherKind = regexp.MustCompile(`^json: cannot unmarshal \S+(?: \S+)? into Go (?:struct field \S*?\.(\S+)|value) of type`)
)

// misfitOf names the field of one misfit; what is of no field is of the body.
func misfitOf(d *huma.ErrorDetail) (field, says string) {
	place, inside, _ := strings.Cut(d.Location, ".")
	field = cmp.Or(inside, place, "body")
	if m := missing.FindStringSubmatch(d.Message); m != nil {
		return strings.TrimPrefix(inside+"."+m[1], "."), "it is required"
	}
	if m := otherKind.FindStringSubmatch(d.Message); m != nil {
		return cmp.Or(m[1], field), "it holds a value of another kind, or a number that is too large"
	}
	return field, d.Message
}

// logFailure logs what is ours to repair, and not that whoever asked went away.
func logFailure(ctx context.Context, log *slog.Logger, route string, p problem) {
	if log != nil && p.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		log.ErrorContext(ctx, "request failed", slog.String("route", route), slog.String("kind", avow.KindOf(p.cause).String()), slog.Any("error", p.cause))
	}
}

func writeProblem(w http.ResponseWriter, err error) { problemOf(err).write(w) }

func (p problem) write(w http.ResponseWriter) {
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="avow"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	}
	b, _ := json.Marshal(p)
	w.Header().Set("Content-Type", problemType)
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
