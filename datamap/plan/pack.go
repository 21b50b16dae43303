package plan

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/avowhq/avow/connect"
)

// packed is some tuples, one after the other, in few bytes: a plan may hold a million.
type packed struct {
	width int // values of a tuple
	n     int // tuples
	bytes []byte
}

// The first byte of a value. They stand in captured plans: never change one.
const (
	packNil byte = iota
	packFalse
	packTrue
	packInt
	packFloat
	packDecimal
	packText
	packBytes
	packDate
	packTime
	packDocument
)

func (p *packed) add(t connect.Tuple) {
	p.bytes = appendTuple(p.bytes, t)
	p.n++
}

// all unpacks the tuples. What was packed here cannot fail; captured plans are checked
// when they are read.
func (p packed) all() []connect.Tuple {
	out := make([]connect.Tuple, 0, p.n)
	p.each(func(t connect.Tuple) { out = append(out, t) })
	return out
}

// each unpacks one tuple after the other. Room is made for many at once.
func (p packed) each(f func(connect.Tuple)) {
	var room connect.Tuple
	rest := p.bytes
	for i := range p.n {
		if len(room) < p.width {
			room = make(connect.Tuple, p.width*min(p.n-i, 500))
		}
		t := room[:p.width:p.width]
		room, rest = room[p.width:], unpack(t, rest)
		f(t)
	}
}

// one unpacks the only tuple.
func (p packed) one() connect.Tuple {
	t := make(connect.Tuple, p.width)
	unpack(t, p.bytes)
	return t
}

// unpack reads a tuple and gives what stands behind it.
func unpack(t connect.Tuple, b []byte) []byte {
	for i := range t {
		t[i], b, _ = readValue(b)
	}
	return b
}

// raw gives the bytes of each tuple, which are equal when the tuples are.
func (p packed) raw(f func([]byte)) {
	rest := p.bytes
	for range p.n {
		start := rest
		for range p.width {
			_, rest, _ = readValue(rest)
		}
		f(start[:len(start)-len(rest)])
	}
}

func appendTuple(b []byte, t connect.Tuple) []byte {
	for _, v := range t {
		b = appendValue(b, v)
	}
	return b
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, packNil)
	case bool:
		if v {
			return append(b, packTrue)
		}
		return append(b, packFalse)
	case int64:
		return binary.AppendVarint(append(b, packInt), v)
	case float64:
		return binary.BigEndian.AppendUint64(append(b, packFloat), math.Float64bits(v))
	case connect.Decimal:
		return appendText(append(b, packDecimal), string(v))
	case string:
		return appendText(append(b, packText), v)
	case []byte:
		return appendText(append(b, packBytes), string(v))
	case connect.Date:
		return appendText(append(b, packDate), string(v))
	case time.Time:
		b = binary.AppendVarint(append(b, packTime), v.Unix())
		return binary.AppendUvarint(b, uint64(v.Nanosecond()))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, packNil) // no value of a source
	}
	return appendText(append(b, packDocument), string(text))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errCut = errors.New("the captured plan is cut off or is none")

// readValue reads one value and gives what stands behind it.
func readValue(b []byte) (any, []byte, error) {
	if len(b) == 0 {
		return nil, nil, errCut
	}
	kind, b := b[0], b[1:]
	switch kind {
	case packNil:
		return nil, b, nil
	case packFalse, packTrue:
		return kind == packTrue, b, nil
	case packInt:
		n, rest, err := readInt(b)
		return n, rest, err
	case packFloat:
		if len(b) < 8 {
			return nil, nil, errCut
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:], nil
	case packTime:
		return readTime(b)
	}
	s, rest, err := readText(b)
	if err != nil {
		return nil, nil, err
	}
	v, err := textValue(kind, s)
	return v, rest, err
}

func textValue(kind byte, s string) (any, error) {
	switch kind {
	case packDecimal:
		return connect.Decimal(s), nil
	case packText:
		return s, nil
	case packBytes:
		return []byte(s), nil
	case packDate:
		return connect.Date(s), nil
	case packDocument:
		var v any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			return nil, errCut
		}
		return v, nil
	}
	return nil, fmt.Errorf("%w: it holds a value of kind %d", errCut, kind)
}

func readInt(b []byte) (int64, []byte, error) {
	n, size := binary.Varint(b)
	if size <= 0 {
		return 0, nil, errCut
	}
	return n, b[size:], nil
}

func readUint(b []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, errCut
	}
	return n, b[size:], nil
}

func readText(b []byte) (string, []byte, error) {
	n, b, err := readUint(b)
	if err != nil || n > uint64(len(b)) {
		return "", nil, errCut
	}
	return string(b[:n]), b[n:], nil
}

func readTime(b []byte) (any, []byte, error) {
	seconds, b, err := readInt(b)
	if err != nil {
		return nil, nil, err
	}
	nanos, b, err := readUint(b)
	if err != nil || nanos > 999_999_999 {
		return nil, nil, errCut
	}
	return time.Unix(seconds, int64(nanos)).UTC(), b, nil
}
