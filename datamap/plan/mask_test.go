package plan

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

func seedOf(s string) [32]byte { return keyed([32]byte{}, s, nil) }

func TestMaskValues(t *testing.T) {
	for _, c := range []struct {
		m    mask
		want string // a pattern
	}{
		{mask{way: datamap.MaskBlank, kind: connect.TextKind}, `^$`},
		{mask{way: datamap.MaskHash, kind: connect.TextKind}, `^[a-z2-7]{26}$`},
		{mask{way: datamap.MaskHash, kind: connect.TextKind, length: 10}, `^[a-z2-7]{10}$`},
		{mask{way: datamap.MaskRandom, kind: connect.TextKind, length: 40}, `^[a-z2-7]{40}$`},
		{mask{way: datamap.MaskEmail, kind: connect.TextKind}, `^[a-z2-7]{20}@erased\.invalid$`},
		{mask{way: datamap.MaskEmail, kind: connect.TextKind, length: 30}, `^[a-z2-7]{15}@erased\.invalid$`},
		{mask{way: datamap.MaskEmail, kind: connect.TextKind, length: 12}, `^[a-z2-7]{12}$`},
		{mask{way: datamap.MaskPhone, kind: connect.TextKind}, `^\+999\d{11}$`},
		{mask{way: datamap.MaskPhone, kind: connect.TextKind, length: 9}, `^\d{9}$`},
		{mask{way: datamap.MaskName, kind: connect.TextKind, length: 20}, `^Erased$`},
		{mask{way: datamap.MaskName, kind: connect.TextKind, unique: true}, `^Erased [a-z2-7]{12}$`},
		{mask{way: datamap.MaskName, kind: connect.TextKind, length: 3}, `^[a-z2-7]{3}$`},
		{mask{way: datamap.MaskText, text: "gone", kind: connect.TextKind}, `^gone$`},
		{mask{way: datamap.MaskText, text: "7", kind: connect.Integer}, `^7$`},
		{mask{way: datamap.MaskBlank, kind: connect.Integer}, `^0$`},
		{mask{way: datamap.MaskHash, kind: connect.Integer, small: 100}, `^\d{1,3}$`},
		{mask{way: datamap.MaskBlank, kind: connect.DecimalKind}, `^0$`},
		{mask{way: datamap.MaskBlank, kind: connect.Boolean}, `^false$`},
		{mask{way: datamap.MaskBlank, kind: connect.DateKind}, `^1900-01-01$`},
		{mask{way: datamap.MaskBlank, kind: connect.TimeKind}, `^1900-01-01T00:00:00Z$`},
		{mask{way: datamap.MaskHash, kind: connect.UUID}, `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		{mask{way: datamap.MaskRandom, kind: connect.ObjectID}, `^[0-9a-f]{24}$`},
		{mask{way: datamap.MaskBlank, kind: connect.JSON}, `^\{\}$`},
		{mask{way: datamap.MaskBlank, kind: connect.Binary}, `^$`},
	} {
		got := connect.Text(c.m.value(seedOf("a"), "s.t.c", []byte("1")))
		if !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("%+v makes %q, want %s", c.m, got, c.want)
		}
	}
}

// A mask is the same every time it is made, another for another row, column or case,
// fits its column, and is different in every row where it has to be.
func TestMasksAreStableAndFit(t *testing.T) {
	ways := []string{datamap.MaskBlank, datamap.MaskHash, datamap.MaskRandom, datamap.MaskEmail, datamap.MaskPhone, datamap.MaskName, datamap.MaskText}
	for _, way := range ways {
		for _, length := range []int{0, 8, 12, 20, 30, 64, 255} {
			for _, unique := range []bool{false, true} {
				m := mask{way: way, text: "erased", kind: connect.TextKind, length: length, unique: unique}
				if m.fit() == "" {
					checkMask(t, m)
				} else if !unique && way != datamap.MaskText {
					t.Errorf("%+v does not fit: %s", m, m.fit())
				}
			}
		}
	}
	a, b := seedOf("a"), seedOf("b")
	m := mask{way: datamap.MaskHash, kind: connect.TextKind}
	if m.value(a, "p", []byte("k")) == m.value(b, "p", []byte("k")) || m.value(a, "p", []byte("k")) == m.value(a, "q", []byte("k")) || m.value(a, "p", []byte("k")) == m.value(a, "pk", nil) {
		t.Error("another case, column or place makes the same mask")
	}
}

func checkMask(t *testing.T, m mask) {
	t.Helper()
	seen := map[string]bool{}
	for i := range 400 {
		key := []byte(fmt.Sprint(i))
		got := connect.Text(m.value(seedOf("a"), "p", key))
		if again := connect.Text(m.value(seedOf("a"), "p", key)); again != got {
			t.Fatalf("%+v makes %q, then %q", m, got, again)
		}
		if m.length > 0 && utf8.RuneCountInString(got) > m.length {
			t.Fatalf("%+v makes %q, which is too long", m, got)
		}
		if m.unique && seen[got] {
			t.Fatalf("%+v makes %q twice", m, got)
		}
		if m.constant() != (connect.Text(m.value(seedOf("a"), "p", []byte("other"))) == got) && i == 0 {
			t.Fatalf("%+v: constant is %v", m, m.constant())
		}
		seen[got] = true
	}
}

// What is left of a date is its year, and of that the same again.
func TestYearOf(t *testing.T) {
	for _, c := range []struct{ in, want any }{
		{connect.Date("1984-06-21"), connect.Date("1984-01-01")},
		{time.Date(1984, 6, 21, 3, 4, 5, 6, time.FixedZone("", 3600)), time.Date(1984, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"1984-06-21", "1984-01-01"},
		{"1984-06-21 10:11:12", "1984-01-01 00:00:00"},
		{"1984-06-21T10:11:12Z", "1984-01-01T00:00:00"},
		{"1984", "1984"},
		{"19840621", "1984"},
		{"June 1984", nil},
		{"", nil},
		{nil, nil},
		{int64(3), nil},
	} {
		got := yearOf(c.in)
		if got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
		if yearOf(got) != got {
			t.Errorf("%v: masked twice it is %v", got, yearOf(got))
		}
	}
}

// No mask of an address or a number can reach anybody, nor be found as a person's.
func TestMasksReachNobody(t *testing.T) {
	m := mask{way: datamap.MaskEmail, kind: connect.TextKind}
	if v := m.value(seedOf("a"), "p", nil).(string); !strings.HasSuffix(v, ".invalid") {
		t.Errorf("%q could exist", v)
	}
	m.way = datamap.MaskPhone
	if v := m.value(seedOf("a"), "p", nil).(string); connect.Same(connect.Phone, "", v, v) {
		t.Errorf("%q could exist", v)
	}
}
