package plan

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// mask makes values that take the place of a person's. The same row of the same case
// gets the same value however often it is made; nobody without the case's key can tell
// what it stands for, nor that two of them stand for one person.
type mask struct {
	way    string
	text   string // MaskText
	kind   connect.Kind
	length int  // how many characters fit; 0: no bound
	unique bool // no two rows may have the same
	small  int  // numbers: the greatest that fits, 0: no bound that matters
	least  int  // and the least beside zero; 0: 1
}

// What a mask needs at least to be different in every row: 8 characters are 40 bits.
const shortestUnique = 8

// constant reports whether every row gets the same value.
func (m mask) constant() bool {
	switch m.kind {
	case connect.Integer, connect.DecimalKind:
		return m.way == datamap.MaskBlank || m.way == datamap.MaskText
	case connect.UUID, connect.ObjectID:
		return false
	case connect.TextKind, "":
		return m.way == datamap.MaskBlank || m.way == datamap.MaskText || m.way == datamap.MaskName && !m.unique
	}
	return true
}

// fit says why such a mask cannot stand in its column; empty when it can.
func (m mask) fit() string {
	switch {
	case m.unique && m.constant():
		return "no two rows may have the same value in it"
	case m.unique && m.kind == connect.TextKind && m.length > 0 && m.length < shortestUnique:
		return fmt.Sprintf("no two rows may have the same value in it, and only %d characters fit", m.length)
	case m.unique && (m.kind == connect.Integer || m.kind == connect.DecimalKind) && m.small > 0 && m.small < 1<<31-1:
		return "no two rows may have the same value in it, and too few numbers fit"
	case m.way == datamap.MaskText && m.number() && !m.isNumber():
		return "it is no number that fits"
	case m.way == datamap.MaskText && m.kind == connect.TextKind && m.length > 0 && len([]rune(m.text)) > m.length:
		return fmt.Sprintf("only %d characters fit", m.length)
	}
	return ""
}

func (m mask) number() bool { return m.kind == connect.Integer || m.kind == connect.DecimalKind }

// isNumber reports whether the text of a mask is a number of its column.
func (m mask) isNumber() bool {
	if m.kind == connect.DecimalKind {
		return isDecimal.MatchString(m.text)
	}
	_, err := strconv.ParseInt(m.text, 10, 64)
	return err == nil
}

var isDecimal = regexp.MustCompile(`^-?\d{1,30}(\.\d{1,30})?$`)

// value is the mask for one row. Place is system, table and column.
func (m mask) value(seed [32]byte, place string, key []byte) any {
	sum := keyed(seed, place, key)
	switch m.kind {
	case connect.Integer:
		return m.integer(sum)
	case connect.DecimalKind:
		if m.way == datamap.MaskText && m.isNumber() {
			return connect.Decimal(m.text)
		}
		return connect.Decimal(strconv.FormatInt(m.integer(sum), 10))
	case connect.Boolean:
		return false
	case connect.DateKind:
		return noDate
	case connect.TimeKind:
		return noTime()
	case connect.Binary:
		return []byte{}
	case connect.JSON:
		return map[string]any{}
	case connect.UUID:
		return uuid(sum)
	case connect.ObjectID:
		return hex.EncodeToString(sum[:12])
	}
	return m.textValue(sum)
}

// The day that stands for no day where one must stand. Every database has it.
const noDate = connect.Date("1900-01-01")

func noTime() time.Time { return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC) }

func keyed(seed [32]byte, place string, key []byte) [32]byte {
	mac := hmac.New(sha256.New, seed[:])
	mac.Write(binary.AppendUvarint(nil, uint64(len(place))))
	mac.Write([]byte(place))
	mac.Write(key)
	return [32]byte(mac.Sum(nil))
}

func (m mask) integer(sum [32]byte) int64 {
	switch m.way {
	case datamap.MaskBlank:
		return 0
	case datamap.MaskText:
		n, _ := strconv.ParseInt(m.text, 10, 64)
		return n
	}
	most := uint64(1<<31 - 1)
	if m.small > 0 {
		most = uint64(m.small)
	}
	least := uint64(max(m.least, 1))
	if most < least {
		return 0
	}
	return int64(binary.BigEndian.Uint64(sum[:8])%(most-least+1) + least)
}

// uuid is a UUID of version 8, which is for values of one's own making (rfc:9562#5.8).
func uuid(sum [32]byte) string {
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func letters(sum [32]byte, n int) string {
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:min(n, 51)]
}

// textValue is a mask of text, no longer than what fits.
func (m mask) textValue(sum [32]byte) string {
	room := m.length
	if room <= 0 {
		room = 255
	}
	switch m.way {
	case datamap.MaskBlank:
		return ""
	case datamap.MaskText:
		return m.text
	case datamap.MaskEmail:
		return emailMask(sum, room)
	case datamap.MaskPhone:
		return phoneMask(sum, room)
	case datamap.MaskName:
		return m.nameMask(sum, room)
	case datamap.MaskRandom:
		return letters(sum, room)
	}
	return letters(sum, min(room, 26))
}

// emailMask is an address under a top domain that never exists (rfc:2606#2).
func emailMask(sum [32]byte, room int) string {
	const domain = "@erased.invalid"
	if room < shortestUnique+len(domain) {
		return letters(sum, min(room, 26))
	}
	return letters(sum, min(room-len(domain), 20)) + domain
}

// phoneMask is a number under a country code that is nobody's.
func phoneMask(sum [32]byte, room int) string {
	const nobody = "+999"
	digits := fmt.Sprintf("%011d", binary.BigEndian.Uint64(sum[:8])%100_000_000_000)
	if room < len(nobody)+shortestUnique {
		return digits[:min(room, len(digits))]
	}
	return nobody + digits[:min(room-len(nobody), len(digits))]
}

func (m mask) nameMask(sum [32]byte, room int) string {
	const nobody = "Erased"
	switch {
	case m.unique && room >= len(nobody)+1+shortestUnique:
		return nobody + " " + letters(sum, min(room-len(nobody)-1, 12))
	case m.unique || room < len(nobody):
		return letters(sum, min(room, 26))
	}
	return nobody
}

// yearOf leaves the year of a date: its first day. What has no year becomes nothing.
func yearOf(v any) any {
	switch v := v.(type) {
	case connect.Date:
		if len(v) >= 4 {
			return v[:4] + "-01-01"
		}
	case time.Time:
		return time.Date(v.UTC().Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	case string:
		return yearOfText(v)
	}
	return nil
}

func yearOfText(s string) any {
	if len(s) < 4 {
		return nil
	}
	if _, err := strconv.Atoi(s[:4]); err != nil {
		return nil
	}
	switch {
	case len(s) == 4:
		return s
	case len(s) >= 19 && s[4] == '-':
		return s[:4] + "-01-01" + s[10:11] + "00:00:00"
	case s[4] == '-':
		return s[:4] + "-01-01"
	}
	return s[:4]
}
