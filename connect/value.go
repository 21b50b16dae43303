package connect

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
)

// A value of a row is one of: nil, bool, int64, float64, Decimal, string, []byte, Date,
// time.Time, and in documents map[string]any and []any of these. All sources give the
// same kind for the same kind of column, so that one row kept in several systems reads
// the same: numbers with a scale are Decimal, moments are time.Time in UTC.

// Decimal is an exact number as digits, without an exponent and without zeros at the
// end that say nothing: `5.9`, not `5.90`.
type Decimal string

// Date is a day without a time: `2026-11-22`.
type Date string

// Tuple is the values of several columns, in the order of the columns.
type Tuple []any

// Row is the values of one row in the order of Read.Columns. It may be kept; its bytes
// are its own.
type Row []any

// Text is the one text of a value by which values of different systems are compared:
// the number 42 and the text "42" are the same. Nothing and an empty text are "".
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Decimal:
		return string(v)
	case Date:
		return string(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return documentText(v)
}

// Plain is the text of a value as a person writes it: bytes that are a text are that text.
func Plain(v any) string {
	if b, ok := v.([]byte); ok && utf8.Valid(b) {
		return string(b)
	}
	return Text(v)
}
