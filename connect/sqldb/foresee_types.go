package sqldb

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// refusesType says why a value cannot stand in a column, as far as its description tells;
// empty when it can.
func refusesType(c *column, v any) string {
	if v == nil {
		if !c.Nullable {
			return "NOT NULL"
		}
		return ""
	}
	own, ok := mine(c, v)
	if !ok || c.tooLong(own) || !c.inRange(own) || c.rounds(own) || c.Strict && !c.takesText(own) {
		return "the type " + c.Type
	}
	return ""
}

func (c *column) tooLong(v any) bool {
	if c.Length <= 0 || c.shared {
		return false
	}
	switch v := v.(type) {
	case string:
		return len(v) > c.Length && utf8.RuneCountInString(v) > c.Length
	case []byte:
		return len(v) > c.Length
	}
	return false
}

func (c *column) inRange(v any) bool {
	if c.Range == nil {
		return true
	}
	if t, ok := v.(time.Time); ok {
		return t.Unix() >= c.Range.Least && t.Unix() <= c.Range.Most
	}
	if connect.Order(v, int64(0)) == 0 {
		return true
	}
	// A number between Most and the next whole one may still be rounded into the range.
	return connect.Order(v, c.Range.Least-1) > 0 && connect.Order(v, c.Range.Most+1) < 0
}

// rounds reports whether a number has more digits behind the point than the column keeps.
func (c *column) rounds(v any) bool {
	d, ok := v.(connect.Decimal)
	kind := c.Type
	if c.base != "" {
		kind = c.base
	}
	m := precision.FindStringSubmatch(kind)
	if !ok || m == nil || c.shared {
		return false
	}
	scale, _ := strconv.Atoi(m[2])
	_, part, _ := strings.Cut(string(d), ".")
	return len(part) > max(scale, 0)
}

var (
	clock     = regexp.MustCompile(`^-?\d{1,3}(:[0-5]?\d){1,2}(\.\d{1,6})?$`)
	bitString = regexp.MustCompile(`^[01]*$`)
)

// takesText judges what stands in a column that takes certain texts only. Of what is not
// known here the database is asked.
func (c *column) takesText(v any) bool {
	text := connect.Text(v)
	kind, _, _ := strings.Cut(strings.ToLower(c.Type), "(")
	switch {
	case c.Blank != nil && text == *c.Blank:
		return true
	case c.Kind == connect.Binary: // shapes
		return false
	case kind == "set":
		return !slices.ContainsFunc(strings.Split(text, ","), func(part string) bool { return !c.member(part) })
	case len(c.Takes) > 0:
		return c.member(text)
	case c.base != "":
		return kind != "bit" && kind != "bit varying" || bitString.MatchString(text) && c.bits(len(text), kind == "bit")
	case kind == "time":
		return clock.MatchString(text)
	case kind == "inet4", kind == "inet6":
		a, err := netip.ParseAddr(text)
		return err == nil && (kind == "inet6" || a.Is4())
	}
	return true
}

func (c *column) member(text string) bool {
	return slices.ContainsFunc(c.Takes, func(m string) bool { return m == text || c.capitals && strings.EqualFold(m, text) })
}

// bits reports whether a string of bits has as many as fit.
func (c *column) bits(n int, exactly bool) bool {
	m := sized.FindStringSubmatch(c.base)
	if m == nil {
		return true
	}
	most, _ := strconv.Atoi(m[1])
	return n == most || !exactly && n < most
}
