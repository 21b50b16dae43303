package saas

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow/connect"
)

// moments are the ways services write one: RFC 3339, Salesforce's offset without a
// colon, and without a zone, which means UTC.
var moments = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05"}

// fromJSON is a value of an answer as the kind of its column. What is not of that kind
// stays what it is.
func fromJSON(kind connect.Kind, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any, map[string]any:
		return document(v)
	case json.Number:
		if t, ok := epoch(kind, v.String()); ok {
			return fromJSON(kind, t)
		}
		if typed, err := as(kind, v.String()); err == nil && kind != connect.JSON {
			return typed
		}
		return number(v.String())
	case string:
		if v == "" && kind != connect.TextKind {
			return nil
		}
		if t, ok := epoch(kind, v); ok {
			return fromJSON(kind, t)
		}
	}
	if typed, err := as(kind, v); err == nil {
		return typed
	}
	return v
}

// epoch reads a day or a moment that is given as milliseconds since 1970, as HubSpot's
// properties sometimes are; false when it is written otherwise.
func epoch(kind connect.Kind, text string) (string, bool) {
	if kind != connect.DateKind && kind != connect.TimeKind || len(text) > 15 {
		return "", false
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", false
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano), true
}

// read is a column's value in a row.
func (c *column) read(v any) any {
	text, ok := v.(string)
	if !ok || c.split == "" {
		return fromJSON(c.kind, v)
	}
	list := []any{}
	for part := range strings.SplitSeq(text, c.split) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// document is JSON with the numbers of rows.
func document(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = document(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = document(v[k])
		}
		return out
	}
	return v
}

// wire is a document as JSON, with numbers as numbers.
func wire(v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		return json.Number(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = wire(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = wire(v[k])
		}
		return out
	}
	return v
}

// number is an integer where it is one, else exact.
func number(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if d, ok := decimal(s); ok {
		return d
	}
	return s
}

const maxDigits = 100

// decimal reads digits, also with an exponent, as an exact number.
func decimal(s string) (connect.Decimal, bool) {
	if s == "" || len(s) > maxDigits || strings.Trim(s, "0123456789.+-eE") != "" {
		return "", false
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(s), "e"); ok {
		if n, err := strconv.Atoi(exponent); err != nil || n > maxDigits || n < -maxDigits {
			return "", false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return "", false
	}
	text := r.FloatString(2 * maxDigits)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "" || text == "-" || text == "-0" {
		text = "0"
	}
	return connect.Decimal(text), true
}

// as is a value as one of the kind; an unfit error when it cannot be one, so that no
// column of the kind holds it.
func as(kind connect.Kind, v any) (any, error) {
	text := connect.Text(v)
	if day, ok := v.(time.Time); ok && kind == connect.DateKind {
		text = day.UTC().Format(time.DateOnly)
	}
	switch kind {
	case connect.Integer:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	case connect.DecimalKind:
		if d, ok := decimal(text); ok {
			return d, nil
		}
	case connect.Boolean:
		switch text {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
	case connect.DateKind:
		if len(text) > 10 && text[10] == 'T' {
			text = text[:10]
		}
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return connect.Date(text), nil
		}
	case connect.TimeKind:
		if t, ok := moment(text); ok {
			return t, nil
		}
	case connect.Binary:
		if b, err := base64.StdEncoding.DecodeString(text); err == nil {
			return b, nil
		}
	case connect.JSON:
		return v, nil
	default:
		return text, nil
	}
	return nil, unfit("another type than its column's")
}

func moment(text string) (time.Time, bool) {
	for _, layout := range moments {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.UTC(), true
	}
	return time.Time{}, false
}

// toJSON is a value as it is sent for a column.
func toJSON(c *column, v, empty any) (any, error) {
	if v == nil {
		return empty, nil
	}
	if c.kind == connect.JSON {
		return wire(v), nil
	}
	typed, err := as(c.kind, v)
	if err != nil {
		return nil, err
	}
	switch typed := typed.(type) {
	case connect.Decimal:
		return json.Number(typed), nil
	case time.Time:
		return typed.Format("2006-01-02T15:04:05.000Z"), nil
	case bool, int64:
		return typed, nil
	}
	return connect.Text(typed), nil
}
