package sqldb

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// Lists are written as the driver writes them.
func TestListsAreWrittenAsTheDriverDoes(t *testing.T) {
	theirs, ours := pgtype.NewMap(), pgtype.NewMap()
	useLists(ours)
	for _, c := range []struct {
		oid   uint32
		value any
		mine  bool
	}{
		{pgtype.Int8ArrayOID, []int64{}, true}, {pgtype.Int8ArrayOID, []int64{0}, true}, {pgtype.Int8ArrayOID, []int64{1, -1, 1 << 62, -1 << 63}, true},
		{pgtype.Int8ArrayOID, []int64(nil), true}, {pgtype.Int8ArrayOID, []int32{7}, false},
		{pgtype.TextArrayOID, []string{}, true}, {pgtype.TextArrayOID, []string{"", "a", "ä\r\n", `{"\`}, true}, {pgtype.TextArrayOID, []*string{nil}, false},
	} {
		want, err1 := theirs.Encode(c.oid, pgtype.BinaryFormatCode, c.value, []byte("before"))
		got, err2 := ours.Encode(c.oid, pgtype.BinaryFormatCode, c.value, []byte("before"))
		if err1 != nil || err2 != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%#v: %x, %v, not %x, %v", c.value, got, err2, want, err1)
		}
		plan := ours.PlanEncode(c.oid, pgtype.BinaryFormatCode, c.value)
		_, numbers := plan.(listOf[int64])
		_, texts := plan.(listOf[string])
		if (numbers || texts) != c.mine {
			t.Errorf("%#v is written by a %T", c.value, plan)
		}
	}
}
