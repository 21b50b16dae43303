package find

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/connect"
)

var moment = time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC)

func TestValuesComeBack(t *testing.T) {
	for _, v := range []any{nil, true, false, int64(0), int64(1), int64(-1), int64(255), int64(256), int64(-255), int64(-256), int64(-257), int64(math.MaxInt64), int64(math.MinInt64),
		1.5, -1.5, 0.0, connect.Decimal("5.9"), "", "a", "a\x00b", "\x00", "\x00\xff", []byte{}, []byte{0, 255, 0}, connect.Date("2026-11-22"), moment, time.Unix(-5, 7).UTC(),
		[]any{}, []any{int64(1), nil, "x", []any{"y"}}, map[string]any{"b": int64(1), "a": []any{true}}} {
		b := appendValue(nil, v)
		// What stands behind a value is not read with it.
		got, n := readValue(append(bytes.Clone(b), classInt, escape))
		if n != len(b) {
			t.Errorf("%#v takes %d of %d bytes", v, n, len(b))
		}
		if diff := cmp.Diff(v, got); diff != "" {
			t.Errorf("%#v: %s", v, diff)
		}
	}
}

func TestValuesKeepTheirOrder(t *testing.T) {
	ordered := [][]any{
		{int64(math.MinInt64), int64(-70000), int64(-257), int64(-256), int64(-255), int64(-1), int64(0), int64(1), int64(255), int64(256), int64(70000), int64(math.MaxInt64)},
		{"", "\x00", "a", "a\x00b", "ab", "b"},
		{-2.5, -1.0, 0.0, 0.5, 3.0},
		{time.Unix(-5, 0), time.Unix(0, 0), time.Unix(0, 1), time.Unix(1<<33, 0)},
	}
	for _, values := range ordered {
		for i := 1; i < len(values); i++ {
			if bytes.Compare(appendValue(nil, values[i-1]), appendValue(nil, values[i])) >= 0 {
				t.Errorf("%v does not come before %v", values[i-1], values[i])
			}
		}
	}
}

func TestCast(t *testing.T) {
	for _, c := range []struct {
		in    any
		class byte
		want  any
	}{
		{"42", classInt, int64(42)}, {"042", classInt, nil}, {"x", classInt, nil}, {int64(42), classText, "42"}, {connect.Decimal("7"), classInt, int64(7)},
		{"2026-11-22", classDate, connect.Date("2026-11-22")}, {connect.Text(moment), classTime, moment}, {connect.Text([]byte{1, 2}), classBytes, []byte{1, 2}},
		{"true", classFalse, true}, {"1.5", classFloat, 1.5}, {"5.9", classDecimal, connect.Decimal("5.9")}, {"five", classDecimal, nil},
	} {
		got, ok := cast(c.in, c.class)
		if ok != (c.want != nil) || ok && !cmp.Equal(got, c.want) {
			t.Errorf("%#v as %#x: %#v %v, want %#v", c.in, c.class, got, ok, c.want)
		}
	}
}

// A set of rows holds what a map of Go would.
func TestRowSetIsAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s, want := newRowSet(1), map[string]uint32{}
	for range 50_000 {
		key := appendValue(nil, int64(r.IntN(30_000)-15_000))
		row, known := s.find(key)
		if w, ok := want[string(key)]; ok != known || known && w != row {
			t.Fatalf("the row of %x is %d %v, should be %d %v", key, row, known, w, ok)
		}
		if known {
			continue
		}
		rest := bytes.Repeat([]byte{classInt}, r.IntN(40))
		row, err := s.add(key, rest)
		if err != nil {
			t.Fatal(err)
		}
		want[string(key)] = row
		if k, got := s.record(row); !bytes.Equal(k, key) || !bytes.HasPrefix(got, rest) {
			t.Fatalf("row %d is not what was put in", row)
		}
	}
	if int(s.len()) != len(want) {
		t.Errorf("%d rows, should be %d", s.len(), len(want))
	}
}

func TestRowsLargerThanAPiece(t *testing.T) {
	s := newRowSet(1)
	var keys [][]byte
	for i, size := range []int{10, arenaChunk + 5, 3, 2 * arenaChunk, 100} {
		key := appendValue(nil, string(bytes.Repeat([]byte{byte('a' + i)}, size)))
		if _, err := s.add(key, []byte{classNil}); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	for i, key := range keys {
		if row, ok := s.find(key); !ok || row != uint32(i) || !bytes.Equal(s.key(row), key) {
			t.Errorf("row %d is lost", i)
		}
	}
}

func TestIndex(t *testing.T) {
	x := newIndex([]int{1})
	for row, v := range []string{"a", "b", "a", "c", "a"} {
		if err := x.add(appendValue(nil, v), uint32(row)); err != nil {
			t.Fatal(err)
		}
	}
	n, ok := x.values.find(appendValue(nil, "a"))
	var got []uint32
	x.each(n, func(row uint32) bool { got = append(got, row); return true })
	slices.Sort(got)
	if !ok || !slices.Equal(got, []uint32{0, 2, 4}) {
		t.Errorf("the rows of a are %v", got)
	}
}

// A million rows with a key, a reference and one tie take some thirty bytes each.
func TestAMillionRowsAreSmall(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newTied(newRowSet(1))
	var key, kept []byte
	for i := range int64(1_000_000) {
		key, kept = appendInt(key[:0], 5_000_000+7*i), appendInt(kept[:0], 1000+i%9)
		row, err := s.rows.add(key, kept)
		if err != nil {
			t.Fatal(err)
		}
		s.add(row, tie{person: int32(i % 3), link: 1, way: 1})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20; used > 40 {
		t.Errorf("a million rows take %d MiB", used)
	} else {
		t.Logf("a million rows take %d MiB", used)
	}
	runtime.KeepAlive(s)
}
