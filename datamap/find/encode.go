package find

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/avowhq/avow/connect"
)

// A value is kept as bytes that end by themselves and whose order is that of the
// values, so that rows are compared, hashed and sorted without reading them. The first
// byte is its class; an integer's says its length and sign too.
const (
	classEnd     = 0x00 // of a list or document
	classNil     = 0x01
	classFalse   = 0x02
	classTrue    = 0x03
	classInt     = 0x10 // zero; a byte more or less above or below
	classFloat   = 0x28
	classDecimal = 0x30
	classText    = 0x38
	classBytes   = 0x40
	classDate    = 0x48
	classTime    = 0x50
	classList    = 0x58
	classObject  = 0x60
	textEnd      = 0x00
	escape       = 0xff
)

// appendValue writes one value of a row.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, classNil)
	case bool:
		if v {
			return append(b, classTrue)
		}
		return append(b, classFalse)
	case int64:
		return appendInt(b, v)
	case float64:
		return appendFloat(b, v)
	case connect.Decimal:
		return appendText(append(b, classDecimal), string(v))
	case string:
		return appendText(append(b, classText), v)
	case []byte:
		return appendText(append(b, classBytes), v)
	case connect.Date:
		return appendText(append(b, classDate), string(v))
	case time.Time:
		b = binary.BigEndian.AppendUint64(append(b, classTime), uint64(v.Unix())^1<<63)
		return binary.BigEndian.AppendUint32(b, uint32(v.Nanosecond()))
	case []any:
		b = append(b, classList)
		for _, each := range v {
			b = appendValue(b, each)
		}
		return append(b, classEnd)
	case map[string]any:
		return appendObject(b, v)
	}
	return appendText(append(b, classText), connect.Text(v))
}

func appendObject(b []byte, v map[string]any) []byte {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, classObject)
	for _, name := range names {
		b = appendValue(appendText(append(b, classText), name), v[name])
	}
	return append(b, classEnd)
}

func appendInt(b []byte, v int64) []byte {
	if v == 0 {
		return append(b, classInt)
	}
	u, sign := uint64(v), 1
	if v < 0 {
		u, sign = uint64(-(v+1))+1, -1
	}
	n := 1
	for n < 8 && u>>(8*n) != 0 {
		n++
	}
	if sign < 0 {
		u = ^u
	}
	b = append(b, byte(classInt+sign*n))
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(u>>(8*i)))
	}
	return b
}

func appendFloat(b []byte, v float64) []byte {
	u := math.Float64bits(v)
	if u>>63 == 1 {
		u = ^u
	} else {
		u |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(append(b, classFloat), u)
}

// appendText writes a text behind its class; a zero in it is escaped, and a zero ends it.
func appendText[T string | []byte](b []byte, s T) []byte {
	start := len(b)
	b = append(b, s...)
	if bytes.IndexByte(b[start:], textEnd) < 0 {
		return append(b, textEnd)
	}
	b = b[:start]
	for i := range len(s) {
		b = append(b, s[i])
		if s[i] == textEnd {
			b = append(b, escape)
		}
	}
	return append(b, textEnd)
}

// intSize is how many bytes follow the class of an integer; false when it is none.
func intSize(class byte) (int, bool) {
	n := int(class) - classInt
	if n < 0 {
		n = -n
	}
	return n, n <= 8
}

// valueSize is how many bytes of b its first value takes.
func valueSize(b []byte) int {
	if n, ok := intSize(b[0]); ok {
		return 1 + n
	}
	switch b[0] {
	case classFloat:
		return 9
	case classTime:
		return 13
	case classDecimal, classText, classBytes, classDate:
		return 1 + textSize(b[1:])
	case classList, classObject:
		n := 1
		for b[n] != classEnd {
			n += valueSize(b[n:])
		}
		return n + 1
	}
	return 1
}

// textSize is how many bytes a text takes, its end included.
func textSize(b []byte) int {
	n := 0
	for {
		n += bytes.IndexByte(b[n:], textEnd) + 1
		if n == len(b) || b[n] != escape {
			return n
		}
		n++
	}
}

// readValue reads the first value of b, and how many bytes it takes.
func readValue(b []byte) (any, int) {
	if n, ok := intSize(b[0]); ok {
		return readInt(b[0], b[1:1+n]), 1 + n
	}
	size := valueSize(b)
	switch b[0] {
	case classFalse, classTrue:
		return b[0] == classTrue, size
	case classFloat:
		return readFloat(b[1:]), size
	case classTime:
		return time.Unix(int64(binary.BigEndian.Uint64(b[1:])^1<<63), int64(binary.BigEndian.Uint32(b[9:]))).UTC(), size
	case classDecimal:
		return connect.Decimal(readText(b[1:size])), size
	case classText:
		return string(readText(b[1:size])), size
	case classBytes:
		return bytes.Clone(readText(b[1:size])), size
	case classDate:
		return connect.Date(readText(b[1:size])), size
	case classList:
		return readList(b[1:]), size
	case classObject:
		return readObject(b[1:]), size
	}
	return nil, size
}

func readInt(class byte, b []byte) int64 {
	var u uint64
	if class < classInt {
		u = math.MaxUint64
	}
	for _, c := range b {
		u = u<<8 | uint64(c)
	}
	if class < classInt {
		return -int64(^u)
	}
	return int64(u)
}

func readFloat(b []byte) float64 {
	u := binary.BigEndian.Uint64(b)
	if u>>63 == 1 {
		return math.Float64frombits(u &^ (1 << 63))
	}
	return math.Float64frombits(^u)
}

func readText(b []byte) []byte {
	b = b[:len(b)-1]
	if bytes.IndexByte(b, textEnd) < 0 {
		return b
	}
	return bytes.ReplaceAll(b, []byte{textEnd, escape}, []byte{textEnd})
}

func readList(b []byte) []any {
	out := []any{}
	for b[0] != classEnd {
		v, n := readValue(b)
		out, b = append(out, v), b[n:]
	}
	return out
}

func readObject(b []byte) map[string]any {
	out := map[string]any{}
	for b[0] != classEnd {
		name, n := readValue(b)
		v, m := readValue(b[n:])
		out[name.(string)], b = v, b[n+m:]
	}
	return out
}

// isEmpty reports that a value says nothing: none, or an empty text.
func isEmpty(b []byte) bool {
	return b[0] == classNil || b[0] == classText && b[1] == textEnd && len(b) == 2
}

// classes is a set of classes of values.
type classes uint16

// kinds are the classes a reference may be read as.
var kinds = [...]byte{classFalse, classInt, classFloat, classDecimal, classText, classBytes, classDate, classTime}

func classOf(b byte) classes {
	if _, ok := intSize(b); ok {
		b = classInt
	}
	if b == classTrue {
		b = classFalse
	}
	i := slices.Index(kinds[:], b)
	if i < 0 {
		return 0 // no plain value
	}
	return 1 << i
}

// cast is a value as another class writes it: the number 42 and the text 42 name the
// same row. False when that class cannot hold it.
func cast(v any, class byte) (any, bool) {
	text := connect.Text(v)
	switch class {
	case classFalse:
		return text == "true", text == "true" || text == "false"
	case classInt:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil && strconv.FormatInt(n, 10) == text
	case classFloat:
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && connect.Text(f) == text
	case classDecimal:
		_, err := strconv.ParseFloat(text, 64)
		return connect.Decimal(text), err == nil
	case classText:
		return text, true
	case classBytes:
		b, err := base64.StdEncoding.DecodeString(text)
		return b, err == nil
	case classDate:
		_, err := time.Parse(time.DateOnly, text)
		return connect.Date(text), err == nil
	case classTime:
		t, err := time.Parse(time.RFC3339Nano, text)
		return t.UTC(), err == nil
	}
	return nil, false
}
