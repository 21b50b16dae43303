package draft

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// The bounds of what is kept of a sample while it is judged.
const (
	maxText     = 2_000 // characters of a value that are looked at
	maxDistinct = 400   // different values of a column
	maxInside   = 60    // fields inside the values of a column
	maxDepth    = 6
)

// evidence is what the sampled values of a column look like. It counts different
// values, so that one that stands everywhere weighs once.
type evidence struct {
	rows     int // with a value
	distinct map[string]any
	marks    [marks]int
	national []int // by nationalNumbers
	years    []int
	binary   bool // text that is kept as bytes
	inside   map[string]*evidence
}

func newEvidence() *evidence {
	return &evidence{distinct: map[string]any{}, national: make([]int, len(nationalNumbers)), inside: map[string]*evidence{}}
}

// n is how many different values were looked at.
func (e *evidence) n() int { return len(e.distinct) }

// spread is at most so many of the different values, taken evenly from all of them: the
// same ones whenever the same values were seen.
func (e *evidence) spread(most int) []any {
	var texts []string
	for text, v := range e.distinct {
		if v != nil {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	n := min(most, len(texts))
	out := make([]any, 0, n)
	for i := range n {
		out = append(out, e.distinct[texts[i*len(texts)/n]])
	}
	return out
}

// share is how many of the different values have a mark, from 0 to 1.
func (e *evidence) share(m mark) float64 {
	if e == nil || e.n() == 0 {
		return 0
	}
	return float64(e.marks[m]) / float64(e.n())
}

// add looks at one value.
func (e *evidence) add(v any) { e.addAt(v, 0) }

func (e *evidence) addAt(v any, depth int) {
	switch v := v.(type) {
	case nil:
	case map[string]any, []any:
		e.document(v, depth)
	case []byte:
		e.bytes(v, depth)
	case time.Time:
		e.keep(v.Format(time.RFC3339), v)
		e.years = append(e.years, v.Year())
	case connect.Date:
		e.keep(string(v), v)
		e.year(string(v))
	case string:
		e.text(v, v, depth)
	default:
		e.text(connect.Text(v), v, depth)
	}
}

func (e *evidence) keep(text string, v any) bool {
	e.rows++
	if _, known := e.distinct[text]; known || len(e.distinct) >= maxDistinct {
		return false
	}
	e.distinct[text] = v
	return true
}

func (e *evidence) year(text string) {
	m := dateForm.FindStringSubmatch(text)
	if m == nil {
		return
	}
	if year, err := strconv.Atoi(m[1] + m[5]); err == nil {
		e.years = append(e.years, year)
	}
}

func (e *evidence) text(s string, v any, depth int) {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if s == "" {
		return
	}
	if len(s) > 2 && (s[0] == '{' || s[0] == '[') {
		var doc any
		if json.Unmarshal([]byte(s), &doc) == nil {
			e.document(doc, depth)
			return
		}
	}
	s = clip(s)
	if !e.keep(s, v) {
		return
	}
	recognise(s, func(m mark) { e.marks[m]++ })
	for i, is := range nationalNumbers {
		if len(s) <= 20 && is(s) {
			e.national[i]++
		}
	}
	e.year(s)
}

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

func (e *evidence) bytes(b []byte, depth int) {
	switch {
	case len(b) == 0:
	case isImage(b):
		e.rows++
		e.distinct[strconv.Itoa(e.rows)] = nil
		e.marks[markImage]++
	case bytes.HasPrefix(b, []byte("ID3")), bytes.HasPrefix(b, []byte("OggS")), len(b) > 12 && string(b[8:12]) == "WAVE":
		e.rows++
		e.distinct[strconv.Itoa(e.rows)] = nil
		e.marks[markVoice]++
	case utf8.Valid(b) && printable(b):
		e.binary = true
		e.text(string(b), nil, depth)
	default:
		e.keep(string(b[:min(len(b), 16)]), nil)
	}
}

func isImage(b []byte) bool {
	for _, magic := range []string{"\xff\xd8\xff", "\x89PNG", "GIF8", "BM"} {
		if bytes.HasPrefix(b, []byte(magic)) && len(b) > 8 {
			return true
		}
	}
	return len(b) > 12 && string(b[8:12]) == "WEBP"
}

func printable(b []byte) bool {
	for _, c := range b[:min(len(b), 200)] {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return true
}

// document looks at the fields of a document, each by its own name.
func (e *evidence) document(v any, depth int) {
	if depth == 0 {
		e.rows++
		e.distinct[strconv.Itoa(e.rows)] = nil
		e.marks[markJSON]++
	}
	e.walk(v, "", depth+1)
}

func (e *evidence) walk(v any, name string, depth int) {
	if depth > maxDepth {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) { // as many as are kept, and always the same
			e.walk(v[key], strings.TrimPrefix(name+"."+key, "."), depth+1)
		}
	case []any:
		for _, each := range v[:min(len(v), 20)] {
			e.walk(each, name, depth+1)
		}
	default:
		e.within(name).addAt(v, depth)
	}
}

// within is the evidence of one field inside the values.
func (e *evidence) within(name string) *evidence {
	if name == "" {
		name = "value"
	}
	sub := e.inside[name]
	if sub == nil {
		sub = newEvidence()
		if len(e.inside) < maxInside {
			e.inside[name] = sub
		}
	}
	return sub
}

// insides are the names of the fields inside, sorted.
func (e *evidence) insides() []string {
	var out []string
	for name := range e.inside {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// say is what the values alone say: a sort, and how much.
func (e *evidence) say() (Sort, strength) {
	if e == nil || e.n() < 3 {
		return e.sayLittle()
	}
	for _, each := range []struct {
		sort Sort
		mark mark
		min  float64
	}{{Email, markEmail, .6}, {Bank, markIBAN, .6}, {IP, markIP, .8}, {Agent, markAgent, .6}, {Device, markMAC, .8}, {Phone, markPhone, .7}, {Place, markPoint, .8}, {Voice, markVoice, .6}, {Health, markBlood, .9}} {
		if e.share(each.mark) >= each.min {
			return each.sort, strong
		}
	}
	if e.n() >= 8 && e.share(markCard) >= .85 {
		return Card, strong
	}
	if e.n() >= 5 && slices.Max(e.national)*10 >= e.n()*9 {
		return Government, strong
	}
	return e.sayMore()
}

// sayLittle is of one value or two, where it is hardly anything else.
func (e *evidence) sayLittle() (Sort, strength) {
	switch {
	case e.share(markEmail) == 1:
		return Email, medium
	case e.share(markIBAN) == 1:
		return Bank, medium
	}
	return "", 0
}

func (e *evidence) sayMore() (Sort, strength) {
	switch {
	case e.share(markStreet) >= .6 && e.share(markStreetWord) >= .3:
		return Street, strong
	case e.n() >= 5 && e.share(markNameShape) >= .75 && e.share(markGiven) >= .35:
		return Name, strong
	case e.n() >= 8 && e.share(markNameShape) >= .75 && (e.share(markGiven) >= .2 || e.share(markFamily) >= .25):
		return Name, medium
	case e.isGender():
		return Gender, medium
	case e.n() >= 5 && e.share(markICD) >= .6:
		return Health, medium
	case e.share(markInside) >= .1 && e.marks[markInside] >= 2:
		return Mixed, medium
	case e.isBirth():
		return Birth, medium
	case e.share(markImage) >= .6:
		return Photo, weak
	}
	return "", 0
}

// isGender: a few different values, all of them words for a sex, one of them for women.
func (e *evidence) isGender() bool {
	if e.n() < 2 || e.n() > 6 || e.share(markGender) < 1 {
		return false
	}
	for v := range e.distinct {
		if genderPair[fold(v)] {
			return true
		}
	}
	return false
}

// isBirth: days of the last century and of this one's first years, far apart.
func (e *evidence) isBirth() bool {
	if len(e.years) < 5 || len(e.years)*10 < e.rows*8 {
		return false
	}
	years := slices.Sorted(slices.Values(e.years))
	return years[0] > 1900 && years[len(years)/2] < 2006 && years[len(years)-1] < 2024 && years[len(years)*9/10]-years[len(years)/10] >= 15
}

// contradicts reports whether values were seen and none of them can be of the sort.
func (e *evidence) contradicts(s Sort) bool {
	if e == nil || e.n() < 4 {
		return false
	}
	switch s {
	case Email:
		return e.share(markEmail) < .1 && e.share(markHex) < .5 && e.share(markInside) == 0
	case Phone:
		return e.share(markPhone)+e.share(markBarePhone) < .1 && !e.mostlyDigits()
	case Bank:
		return e.share(markIBAN) == 0 && e.share(markSentence) > .3
	case IP:
		return e.share(markIP) < .1 && e.share(markHex) < .5
	case Birth:
		return len(e.years) > 0 && slices.Min(e.years) > 2018
	case Name:
		return e.share(markDate)+e.share(markURL)+e.share(markUUID) > .5
	case Zip:
		return e.share(markZip) < .3
	case Card:
		return e.share(markSentence) > .3
	}
	return false
}

func (e *evidence) mostlyDigits() bool {
	n := 0
	for s := range e.distinct {
		digits := 0
		for _, r := range s {
			if r >= '0' && r <= '9' {
				digits++
			}
		}
		if digits >= 3 && digits*2 > len(s) {
			n++
		}
	}
	return n*2 > e.n()
}

// countsFrom reports whether several whole numbers were seen, and none is below some: a
// system counts its rows from one, people give numbers of as many digits as all will need.
func (e *evidence) countsFrom(least int) bool {
	for text := range e.distinct {
		if n, err := strconv.Atoi(text); err != nil || n < least {
			return false
		}
	}
	return e.n() >= 3
}

// bounds are the least and the greatest whole number that were seen.
func (e *evidence) bounds() (least, greatest int64) {
	for text := range e.distinct {
		n, err := strconv.ParseInt(text, 10, 62)
		if err != nil {
			continue
		}
		if least == 0 && greatest == 0 {
			least, greatest = n, n
		}
		least, greatest = min(least, n), max(greatest, n)
	}
	return least, greatest
}
