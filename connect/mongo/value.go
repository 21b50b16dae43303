package mongo

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// plain is a value as all sources give it.
func plain(v any) any {
	switch v := v.(type) {
	case bson.D:
		out := make(map[string]any, len(v))
		for _, e := range v {
			out[e.Key] = plain(e.Value)
		}
		return out
	case bson.A:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case int32:
		return int64(v)
	case bson.ObjectID:
		return v.Hex()
	case bson.DateTime:
		return v.Time().UTC()
	case bson.Timestamp:
		return time.Unix(int64(v.T), 0).UTC()
	case bson.Decimal128:
		return decimal(v)
	case bson.Binary:
		return binary(v)
	case nil, bson.Null, bson.Undefined:
		return nil
	case int64, float64, string, bool:
		return v
	case bson.Symbol:
		return string(v)
	case bson.JavaScript:
		return string(v)
	case bson.Regex:
		return "/" + v.Pattern + "/" + v.Options
	}
	return fmt.Sprint(v)
}

// ordered and bsonOf turn documents into what package match edits, and back.
func ordered(v any) any {
	switch v := v.(type) {
	case bson.D:
		out := make(match.Object, len(v))
		for i, e := range v {
			out[i] = match.Field{Name: e.Key, Value: ordered(e.Value)}
		}
		return out
	case bson.A:
		out := make(match.List, len(v))
		for i, e := range v {
			out[i] = ordered(e)
		}
		return out
	}
	return v
}

func bsonOf(v any) any {
	switch v := v.(type) {
	case match.Object:
		out := make(bson.D, len(v))
		for i, f := range v {
			out[i] = bson.E{Key: f.Name, Value: bsonOf(f.Value)}
		}
		return out
	case match.List:
		out := make(bson.A, len(v))
		for i, e := range v {
			out[i] = bsonOf(e)
		}
		return out
	}
	return v
}

func binary(v bson.Binary) any {
	if (v.Subtype == bson.TypeBinaryUUID || v.Subtype == bson.TypeBinaryUUIDOld) && len(v.Data) == 16 {
		text := hex.EncodeToString(v.Data)
		return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
	}
	return v.Data
}

// decimal writes an exact number without an exponent.
func decimal(v bson.Decimal128) any {
	n, exp, err := v.BigInt()
	if err != nil { // infinity, or not a number
		return v.String()
	}
	sign := ""
	if n.Sign() < 0 {
		sign, n = "-", n.Neg(n)
	}
	digits := n.String()
	if exp >= 0 {
		if digits == "0" {
			exp = 0
		}
		return connect.Decimal(sign + digits + strings.Repeat("0", exp))
	}
	if short := -exp + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) + exp
	text := strings.TrimSuffix(strings.TrimRight(digits[:point]+"."+digits[point:], "0"), ".")
	if text == "0" {
		sign = ""
	}
	return connect.Decimal(sign + text)
}

// candidates are the values of all types that have the same text as v.
func (s server) candidates(v any) bson.A {
	text := connect.Text(v)
	if text == "" {
		return nil
	}
	out := bson.A{text}
	if data, ok := v.([]byte); ok {
		return bson.A{bson.Binary{Data: data}, text}
	}
	if id, err := bson.ObjectIDFromHex(text); err == nil {
		out = append(out, id)
	}
	if text == "true" || text == "false" {
		out = append(out, text == "true")
	}
	out = append(out, s.numbers(text)...)
	if id, ok := uuid(text); ok {
		out = append(out, id)
	}
	if t, ok := v.(time.Time); ok {
		out = append(out, bson.NewDateTimeFromTime(t))
	} else if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		out = append(out, bson.NewDateTimeFromTime(t))
	}
	return out
}

// numbers are the numbers that a text says; the server compares all types of them as one.
func (s server) numbers(text string) bson.A {
	if len(text) > 40 || strings.Trim(text, "+-.0123456789") != "" {
		return nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return bson.A{n}
	}
	var out bson.A
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		out = append(out, f)
	}
	if s.decimals {
		if d, err := bson.ParseDecimal128(text); err == nil {
			out = append(out, d)
		}
	}
	return out
}

func uuid(text string) (bson.Binary, bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return bson.Binary{}, false
	}
	data, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return bson.Binary{Subtype: bson.TypeBinaryUUID, Data: data}, err == nil && len(data) == 16
}

// like makes a value of the type that the field held before, where v can be one.
func (s server) like(v, old any) any {
	text := connect.Text(v)
	switch old := old.(type) {
	case bson.ObjectID:
		if id, err := bson.ObjectIDFromHex(text); err == nil {
			return id
		}
	case int32:
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return int32(n)
		}
	case int64:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case float64:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) {
			return f
		}
	case bson.Decimal128:
		if d, err := bson.ParseDecimal128(text); err == nil {
			return d
		}
	case bool:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case bson.DateTime:
		if t, ok := connect.ParseTime(text); ok {
			return bson.NewDateTimeFromTime(t)
		}
	case bson.Binary:
		if id, ok := uuid(text); ok && len(old.Data) == 16 {
			return bson.Binary{Subtype: old.Subtype, Data: id.Data}
		}
	case string:
		switch v.(type) {
		case int64, float64, connect.Decimal, bool, time.Time:
			return text
		}
	}
	return s.native(v)
}

// native is a value where no field says of which type it should be.
func (s server) native(v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		if d, err := bson.ParseDecimal128(string(v)); err == nil && s.decimals {
			return d
		}
		if r, ok := new(big.Rat).SetString(string(v)); ok {
			f, _ := r.Float64()
			return f
		}
		return string(v)
	case connect.Date:
		return string(v)
	case []byte:
		return bson.Binary{Data: v}
	case time.Time:
		return bson.NewDateTimeFromTime(v)
	case map[string]any:
		out := make(bson.D, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, bson.E{Key: key, Value: s.native(v[key])})
		}
		return out
	case []any:
		out := make(bson.A, len(v))
		for i, e := range v {
			out[i] = s.native(e)
		}
		return out
	}
	return v
}
