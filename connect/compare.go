package connect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxCompared bounds what is compared other than letter by letter.
const maxCompared = 4096

// Same reports whether two texts are the same to a comparison. Region is the country
// of phone numbers without a country code. Nothing and what cannot be such a value (a
// text without an @ as an address) is the same as nothing else, nor as itself.
func Same(compare Compare, region, a, b string) bool {
	x, ok := Normal(compare, region, a)
	if !ok {
		return false
	}
	y, ok := Normal(compare, region, b)
	return ok && x == y
}

// Normal is the one form of all texts that are the same to a comparison; false when
// text cannot be such a value, or there is nothing in it.
func Normal(compare Compare, region, text string) (string, bool) {
	if compare == Exact || compare == "" || compare == AsStored {
		return text, text != ""
	}
	if len(text) > maxCompared {
		return "", false
	}
	out, ok := normal(compare, region, text)
	return out, ok && len(out) <= maxCompared
}

func normal(compare Compare, region, text string) (string, bool) {
	switch compare {
	case Trimmed:
		text = strings.TrimSpace(text)
	case IgnoreCase:
		text = fold(strings.TrimSpace(text))
	case Digits:
		text = digits(text)
	case Email:
		return normalEmail(text)
	case Phone:
		return normalPhone(text, region)
	}
	return text, text != ""
}

// fold lets capitals and how letters are composed not count. A
// letter folds to one letter (ß stays ß), so that what is only ASCII equals only ASCII,
// but for the sign of the kelvin, which Unicode says is a K.
func fold(text string) string {
	switch {
	case !utf8.ValidString(text):
		return text // in no known alphabet: only itself
	case !isASCII(text):
		text = norm.NFC.String(text)
	}
	return strings.Map(foldRune, text)
}

func foldRune(r rune) rune {
	if r < unicode.MaxASCII {
		return unicode.ToLower(r)
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least <= unicode.MaxASCII {
		return r // ſ, the long s
	}
	return least
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// normalEmail compares the local part without case. Only the receiving host may say that
// Ann and ann are one mailbox (rfc:5321#2.4), but hosts that tell them apart are hardly
// found, and rows written with either are the rule: not to find one of them
// would leave a person's data behind. Nothing is ever sent to the compared form.
func normalEmail(text string) (string, bool) {
	text = strings.TrimSpace(text)
	at := strings.LastIndexByte(text, '@')
	if at < 1 || !utf8.ValidString(text) {
		return "", false
	}
	domain := fold(strings.TrimRight(text[at+1:], "."))
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		ascii = domain
	}
	return fold(text[:at]) + "@" + ascii, ascii != ""
}

// normalPhone is E.164. With an extension it is another number: behind one line of a
// firm are many people (rfc:3966#5.3).
func normalPhone(text, region string) (string, bool) {
	number, err := phonenumbers.Parse(text, strings.ToUpper(region))
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return "", false
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	// A number that reads differently the second time would be two.
	again, err := phonenumbers.Parse(e164, "")
	if err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return "", false
	}
	if ext := number.GetExtension(); ext != "" {
		e164 += ";ext=" + ext
	}
	return e164, true
}
