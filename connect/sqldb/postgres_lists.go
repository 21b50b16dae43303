package sqldb

import (
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// lists writes the long lists of keys and texts that are asked for as the protocol wants
// them (an array of one dimension without empty places), into one piece of memory. The
// driver's own way goes from value to value and makes room many times.
type lists struct{ *pgtype.ArrayCodec }

// useLists has a connection write its lists so.
func useLists(m *pgtype.Map) {
	for _, oid := range []uint32{pgtype.Int8ArrayOID, pgtype.TextArrayOID} {
		if t, ok := m.TypeForOID(oid); ok {
			if c, ok := t.Codec.(*pgtype.ArrayCodec); ok {
				m.RegisterType(&pgtype.Type{Name: t.Name, OID: oid, Codec: lists{c}})
			}
		}
	}
}

func (l lists) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch {
		case oid == pgtype.Int8ArrayOID && is[[]int64](value):
			return listOf[int64]{pgtype.Int8OID, func(int64) int { return 8 }, func(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }}
		case oid == pgtype.TextArrayOID && is[[]string](value):
			return listOf[string]{pgtype.TextOID, func(v string) int { return len(v) }, func(b []byte, v string) []byte { return append(b, v...) }}
		}
	}
	return l.ArrayCodec.PlanEncode(m, oid, format, value)
}

func is[T any](value any) bool {
	_, ok := value.(T)
	return ok
}

// listOf is a list of values of one type, of so many bytes each.
type listOf[T any] struct {
	oid   uint32
	size  func(T) int
	write func([]byte, T) []byte
}

func (l listOf[T]) Encode(value any, b []byte) ([]byte, error) {
	list := value.([]T)
	if list == nil {
		return nil, nil
	}
	room := 20
	for _, v := range list {
		room += 4 + l.size(v)
	}
	b = slices.Grow(b, room)
	for _, n := range []uint32{1, 0, l.oid, uint32(len(list)), 1} { // dimensions, empty places, type; length, first index
		b = binary.BigEndian.AppendUint32(b, n)
	}
	for _, v := range list {
		b = l.write(binary.BigEndian.AppendUint32(b, uint32(l.size(v))), v)
	}
	return b, nil
}
