package sqldb

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// value is what a driver gave, as connect gives it: the same for the same kind of
// column, whatever the database. What does not fit the kind of its column (SQLite
// takes a word in a column of numbers) is given as it stands.
func value(c *column, given any) any {
	switch v := given.(type) {
	case nil:
		return nil
	case []byte:
		if c.Kind == connect.Binary {
			return v
		}
		return valueOfText(c, string(v))
	case string:
		return valueOfText(c, v)
	case int64:
		if c.Kind == connect.Integer {
			return given
		}
		return valueOfInteger(c, v)
	case uint64:
		if v <= math.MaxInt64 {
			return valueOfInteger(c, int64(v))
		}
		return connect.Decimal(strconv.FormatUint(v, 10))
	case float32:
		f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		return valueOfFloat(c, f)
	case float64:
		return valueOfFloat(c, v)
	case time.Time:
		return v.UTC()
	}
	return given
}

func valueOfInteger(c *column, v int64) any {
	switch {
	case c.Kind == connect.Boolean && (v == 0 || v == 1):
		return v == 1
	case c.Kind == connect.DecimalKind && !c.float:
		return connect.Decimal(strconv.FormatInt(v, 10))
	case c.Kind == connect.DecimalKind:
		return float64(v)
	}
	return v
}

func valueOfFloat(c *column, v float64) any {
	if c.Kind == connect.DecimalKind && !c.float && !math.IsInf(v, 0) && !math.IsNaN(v) {
		return connect.Decimal(strconv.FormatFloat(v, 'f', -1, 64))
	}
	return v
}

func valueOfText(c *column, s string) any {
	switch c.Kind {
	case connect.Integer:
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i
		}
		if d, ok := decimal(s); ok && !c.shared {
			return d // past 64 bits
		}
	case connect.DecimalKind:
		return valueOfNumber(c, s)
	case connect.Boolean:
		switch strings.ToLower(s) {
		case "t", "true":
			return true
		case "f", "false":
			return false
		}
	case connect.DateKind:
		return valueOfDate(s)
	case connect.TimeKind:
		if strings.HasPrefix(s, "0000-00-00") {
			return nil // MySQL's way to say nothing
		}
		if t, ok := connect.ParseTime(s); ok {
			return t
		}
	case connect.JSON:
		return document(s)
	case connect.Binary:
		return []byte(s)
	}
	return s
}

func valueOfNumber(c *column, s string) any {
	if c.float {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f
		}
		return s
	}
	if d, ok := decimal(s); ok {
		return d
	}
	return s
}

func valueOfDate(s string) any {
	if s == "0000-00-00" {
		return nil
	}
	if d, ok := date(s); ok {
		return d
	}
	return s
}

func date(s string) (connect.Date, bool) {
	t, ok := connect.ParseTime(s)
	if !ok || !t.Equal(t.Truncate(24*time.Hour)) {
		return "", false
	}
	return connect.Date(t.Format(time.DateOnly)), true
}

// decimal is a number without an exponent and without zeros at the end.
func decimal(s string) (connect.Decimal, bool) {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, part, _ := strings.Cut(s, ".")
	if whole+part == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(part, "0123456789") != "" {
		return "", false
	}
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		part = "." + part
	}
	if whole+part == "0" {
		sign = ""
	}
	return connect.Decimal(sign + whole + part), true
}

// document is a JSON text as a value: whole numbers are int64, others Decimal.
func document(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.Decode(new(any)) != io.EOF {
		return s // also `12 Main Street`, which begins as JSON
	}
	return numbers(v)
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if d, ok := decimal(v.String()); ok {
			return d
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String() // beyond what anything but a text holds
	case map[string]any:
		for k, each := range v {
			v[k] = numbers(each)
		}
	case []any:
		for i, each := range v {
			v[i] = numbers(each)
		}
	}
	return v
}

// own turns a value from elsewhere into one of the column's kind that reads the same;
// false when there is none, and then no row has it. Nothing and an empty text are none.
func own(c *column, v any) (any, bool) {
	if i, ok := v.(int64); ok && c.Kind == connect.Integer {
		return v, c.high == 0 || i >= c.low && i <= c.high
	}
	text := connect.Text(v)
	if text == "" || c.Kind != connect.Binary && (strings.ContainsRune(text, 0) || !utf8.ValidString(text)) {
		return nil, false // no statement can carry it: what arrived would be another text
	}
	switch c.Kind {
	case connect.Integer:
		return ownInteger(c, text)
	case connect.DecimalKind:
		return ownNumber(c, v, text)
	case connect.Boolean:
		return ownBoolean(c, v, text)
	case connect.DateKind:
		if t, ok := v.(time.Time); ok {
			text = t.UTC().Format(time.RFC3339Nano)
		}
		d, ok := date(text)
		return d, ok
	case connect.TimeKind:
		if t, ok := v.(time.Time); ok {
			return t.UTC(), true
		}
		t, ok := connect.ParseTime(text)
		return t, ok
	case connect.Binary:
		if b, ok := v.([]byte); ok {
			return b, true
		}
		return []byte(text), true
	case connect.UUID:
		return ownUUID(text)
	}
	if b, ok := v.([]byte); ok {
		return string(b), utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
	}
	return text, true
}

func ownInteger(c *column, text string) (any, bool) {
	i, err := strconv.ParseInt(text, 10, 64)
	if u, wide := strconv.ParseUint(text, 10, 64); err != nil && wide == nil && c.high == math.MaxInt64 {
		return u, strconv.FormatUint(u, 10) == text // of an unsigned column the upper half
	}
	if err != nil || strconv.FormatInt(i, 10) != text {
		return nil, false // `042` is another text than 42
	}
	return i, c.high == 0 || i >= c.low && i <= c.high
}

func ownBoolean(c *column, v any, text string) (any, bool) {
	if i, ok := v.(int64); ok && c.cast == "tinyint" && i != 0 && i != 1 {
		return i, i >= math.MinInt8 && i <= math.MaxInt8 // MySQL's way to say yes and no has room for more
	}
	b, err := strconv.ParseBool(text)
	return b, err == nil && text != "T" && text != "F"
}

func ownNumber(c *column, v any, text string) (any, bool) {
	if f, ok := v.(float64); ok && c.float {
		if c.single {
			f = float64(float32(f)) // as it stands there, all digits of it
		}
		return f, true
	}
	d, ok := decimal(text)
	if !ok || len(d) > 300 {
		return nil, false
	}
	if c.float {
		f, err := strconv.ParseFloat(string(d), 64)
		return f, err == nil
	}
	return d, true
}

func ownUUID(text string) (any, bool) {
	text = strings.ToLower(text)
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 || len(text) != 36 {
		return nil, false
	}
	return text, true
}

// written is a value as JSON: a Decimal is a number there.
func written(v any) string {
	text, err := json.Marshal(literalNumbers(v))
	if err != nil {
		return "null"
	}
	return string(text)
}

func literalNumbers(v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		return json.Number(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, each := range v {
			out[k] = literalNumbers(each)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, each := range v {
			out[i] = literalNumbers(each)
		}
		return out
	}
	return v
}
