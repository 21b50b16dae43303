package saas

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// failure is an answer that is no success. Of the service's own words it keeps only a
// code and names of fields: its sentences repeat values.
type failure struct {
	means  meaning
	status int
	code   string
	fields []string
}

func (f *failure) Error() string { return fmt.Sprintf("%d%s", f.status, codeText(f.code)) }

// judge says what is wrong with an answer; nil when nothing is.
func (c *client) judge(q *call, a *answer) *failure {
	if a.status/100 == 2 {
		return nil
	}
	f := &failure{status: a.status, means: meant(a.status)}
	for _, p := range c.d.errors.code {
		if f.code, _ = p.of(a.body).(string); f.code != "" {
			break
		}
	}
	f.fields = texts(c.d.errors.field.of(a.body))
	if m := c.d.errors.rule(a.status, f.code); m != "" {
		f.means = m
	}
	if slices.Contains(q.gone, a.status) {
		f.means = fine
	}
	if f.means == fine {
		return nil
	}
	return f
}

func (e *errorRules) rule(status int, code string) meaning {
	for _, r := range e.rules {
		if (r.status == 0 || r.status == status) && (r.code == "" || r.code == code) {
			return r.means
		}
	}
	return ""
}

// meant is what a status means where the description says nothing of it (rfc:9110#15).
func meant(status int) meaning {
	switch status {
	case http.StatusUnauthorized:
		return expired
	case http.StatusForbidden, http.StatusPaymentRequired:
		return denied
	case http.StatusNotFound, http.StatusGone:
		return missing
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusLocked:
		return refused
	}
	if status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly {
		return busy
	}
	return wrong
}

func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// codeText is a code of the service in brackets' words, when it is one and no sentence.
func codeText(v any) string {
	s, _ := v.(string)
	if s == "" || len(s) > 80 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
		return ""
	}
	return ", " + s
}

// explain makes an error for people of a failure.
func (c *client) explain(err error, t *table, op connect.Op) error {
	f, ok := err.(*failure)
	if !ok {
		return err
	}
	what := fmt.Sprintf("%q in system %q (%s answered %d%s%s)", t.name, c.system, c.d.name, f.status, codeText(f.code), t.known(f.fields))
	switch f.means {
	case expired:
		return avow.Errorf(avow.Forbidden, "the credentials of system %q are not accepted any more (%s answered %d%s)", c.system, c.d.name, f.status, codeText(f.code))
	case denied:
		return avow.Errorf(avow.Forbidden, "the login may not %s %s; it needs: %s", op, what, t.scope(op))
	case missing:
		return avow.Errorf(avow.NotFound, "there is no such table, row or column: %s", what)
	case refused:
		return avow.Errorf(avow.Conflict, "the service refuses to %s %s", op, what)
	case busy, spent:
		return avow.Errorf(avow.Unavailable, "the service does not %s %s at present", op, what)
	}
	return avow.Errorf(avow.Invalid, "the service does not understand how to %s %s", op, what)
}

// scope is what a login needs for an operation.
func (t *table) scope(op connect.Op) string {
	if s := t.scopes[op]; s != "" {
		return s
	}
	return "the permission to " + string(op) + " " + t.name
}

// known lists those of the fields that are columns, which are no values of anybody.
func (t *table) known(fields []string) string {
	var out []string
	for _, c := range t.columns {
		if slices.Contains(fields, c.called()) {
			out = append(out, c.name)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " about " + strings.Join(out, ", ")
}
