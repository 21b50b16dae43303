package draft

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// mark is something that a value can look like.
type mark uint8

const (
	markEmail mark = iota
	markPhone
	markBarePhone // only digits, as many as a number has
	markIBAN
	markCard
	markIP
	markMAC
	markUUID
	markHex
	markAgent
	markURL
	markStreet     // words and a house number
	markStreetWord // and a word for street
	markNameShape
	markGiven
	markFamily
	markWhole   // a first name and what stands with it in a name of somebody
	markMailbox // an address of mail with somebody's name in it
	markZip
	markPoint
	markICD
	markBlood
	markGender
	markWords    // letters and spaces only
	markSentence // five words or more
	markInside   // a longer text with an address in it
	markImage
	markVoice
	markDate
	markJSON
	markWord // a short word, or one of letters and digits
	markFirm // a name with a word that only firms have
	marks
)

var (
	emailForm  = regexp.MustCompile(`^[^\s@<>"(),:;]{1,64}@[\pL\pN-]+(\.[\pL\pN-]+)*\.[\pL]{2,24}$`)
	emailIn    = regexp.MustCompile(`[\pL\pN._%+-]{1,64}@[\pL\pN-]+(\.[\pL\pN-]+)*\.[\pL]{2,24}`)
	phoneForm  = regexp.MustCompile(`^(\+|00)?\(?[0-9][0-9 ()./-]{5,22}[0-9]( ?(x|ext\.?) ?[0-9]{1,6})?$`)
	phoneIn    = regexp.MustCompile(`\+[0-9]{1,3}[ -]?[0-9][0-9 -]{6,14}[0-9]|\(?[0-9]{3}\)?[ -][0-9]{3}-[0-9]{4}`)
	bareForm   = regexp.MustCompile(`^[0-9]{9,13}$`)
	dateForm   = regexp.MustCompile(`^([0-9]{4})[-/.]?(0[1-9]|1[0-2])[-/.]?([0-2][0-9]|3[01])([T ].*)?$|^[0-3]?[0-9][./-][0-3]?[0-9][./-]([0-9]{4})$`)
	macForm    = regexp.MustCompile(`(?i)^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$`)
	uuidForm   = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	hexForm    = regexp.MustCompile(`(?i)^[0-9a-f]{32,128}$|^\$2[aby]\$|^\$argon2|^pbkdf2`)
	agentForm  = regexp.MustCompile(`^(Mozilla|Opera|Dalvik|okhttp|curl|python-requests)/[0-9.]+`)
	urlForm    = regexp.MustCompile(`(?i)^(https?|ftp)://\S+$`)
	streetForm = regexp.MustCompile(`^[\pL][\pL .'’-]+,? [0-9]{1,5} ?[a-zA-Z]?([ ,/-].*)?$|^[0-9]{1,5}[a-zA-Z]?( ?(bis|ter))?[ ,]+[\pL][\pL0-9 .'’-]+`)
	streetWord = regexp.MustCompile(`(?i)(stra(ß|ss)e|str\.|weg|allee|platz|gasse|ring|damm|laan|straat|plein|gracht|vägen|gatan)\b|\b(street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|square|terrace|rue|chemin|impasse|quai|calle|avenida|plaza|paseo|via|viale|piazza|corso|rua|ulica|ul|apt|suite|cours|route|camino|carrera|ronda|crescent|close|trail|parkway|circle|hill|grove)\b`)
	zipForm    = regexp.MustCompile(`(?i)^([0-9]{4,5}(-[0-9]{4})?|[0-9]{4} ?[A-Z]{2}|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|[0-9]{2}-[0-9]{3}|[0-9]{5}-[0-9]{3}|[0-9]{3} ?[0-9]{2})$`)
	pointForm  = regexp.MustCompile(`^\(?-?[0-9]{1,3}\.[0-9]{3,}[,; ]+-?[0-9]{1,3}\.[0-9]{3,}\)?$|^POINT ?\(`)
	wordsForm  = regexp.MustCompile(`^\pL{3,}[\pL ,.'’/&-]*$`)
	wordForm   = regexp.MustCompile(`^[\pL\pN][\pL\pN._/-]*\pL[\pL\pN._/-]*$|^\pL[\pL\pN._/-]{2,}$`)
	icdForm    = regexp.MustCompile(`^[A-TV-Z][0-9]{2}\.[0-9]{1,4}$`)
	bloodForm  = regexp.MustCompile(`(?i)^(a|b|ab|o|0) ?([+-]|pos|neg|rh[+-])$`)
)

var genders = map[string]bool{"m": true, "f": true, "w": true, "d": true, "x": true, "h": true, "v": true, "male": true, "female": true, "man": true, "woman": true, "mannlich": true, "weiblich": true, "divers": true,
	"homme": true, "femme": true, "hombre": true, "mujer": true, "masculin": true, "feminin": true, "masculino": true, "femenino": true, "maschio": true, "femmina": true, "other": true, "non-binary": true, "nonbinary": true,
	"mr": true, "mrs": true, "ms": true, "miss": true, "mx": true, "herr": true, "frau": true, "mme": true, "mlle": true, "sr": true, "sra": true, "u": true, "unknown": true, "diverse": true, "vrouw": true, "mr.": true, "mrs.": true, "ms.": true, "sr.": true, "sra.": true, "dr": true, "dr.": true}

var genderPair = map[string]bool{"f": true, "w": true, "female": true, "weiblich": true, "femme": true, "mujer": true, "feminin": true, "femenino": true, "femmina": true, "mrs": true, "ms": true, "frau": true, "mme": true, "sra": true, "vrouw": true, "woman": true, "mrs.": true, "ms.": true, "sra.": true}

// recognise tells what one text looks like.
func recognise(s string, tell func(mark)) {
	is := func(m mark, yes bool) bool {
		if yes {
			tell(m)
		}
		return yes
	}
	words := len(strings.Fields(s))
	if is(markSentence, words >= 5 && letters(s)) || len(s) > 60 {
		is(markInside, emailIn.MatchString(s) || phoneIn.MatchString(s))
		is(markAgent, agentForm.MatchString(s))
		is(markHex, hexForm.MatchString(s))
		is(markURL, urlForm.MatchString(s))
		is(markStreet, words < 12 && streetForm.MatchString(s)) // a long address
		is(markStreetWord, words < 12 && streetForm.MatchString(s) && streetWord.MatchString(s))
		return
	}
	switch {
	case is(markEmail, emailForm.MatchString(s)):
		is(markMailbox, ofMailbox(s))
		return
	case is(markUUID, uuidForm.MatchString(s)), is(markMAC, macForm.MatchString(s)),
		is(markIP, isAddress(s)), is(markIBAN, isIBAN(s)), is(markURL, urlForm.MatchString(s)), is(markAgent, agentForm.MatchString(s)), is(markHex, hexForm.MatchString(s)),
		is(markPoint, pointForm.MatchString(s)), is(markCard, isCard(s)):
		return
	}
	is(markDate, dateForm.MatchString(s))
	is(markPhone, isPhone(s))
	is(markBarePhone, bareForm.MatchString(s))
	is(markZip, zipForm.MatchString(s))
	is(markICD, icdForm.MatchString(s))
	is(markBlood, bloodForm.MatchString(s))
	is(markGender, genders[fold(s)])
	if is(markStreet, streetForm.MatchString(s)) {
		is(markStreetWord, streetWord.MatchString(s))
	}
	is(markInside, !emailForm.MatchString(s) && emailIn.MatchString(s))
	is(markWord, wordForm.MatchString(s))
	is(markFirm, legalForm.MatchString(s))
	is(markWords, wordsForm.MatchString(s))
	recognisePerson(s, tell)
}

func letters(s string) bool {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n*2 > len(s)
}

func isAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	if err != nil {
		p, perr := netip.ParsePrefix(s)
		return perr == nil && p.Addr().IsValid()
	}
	return a.IsValid() && !strings.HasPrefix(s, "0.")
}

// isPhone reports whether a text is written as only phone numbers are: with a plus,
// brackets, a zero in front, or separators, and enough digits.
func isPhone(s string) bool {
	if !phoneForm.MatchString(s) || dateForm.MatchString(s) || usNumber.MatchString(s) {
		return false
	}
	n, separators := 0, 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		} else if r != '+' {
			separators++
		}
	}
	if n < 7 || n > 16 || strings.HasPrefix(s, "978") || strings.HasPrefix(s, "979") {
		return false
	}
	return s[0] == '+' || s[0] == '(' || s[0] == '0' && n >= 9 && n <= 14 || separators >= 2 && strings.Count(s, ".") != 1 && !goodsNumber.MatchString(s)
}

// goodsNumber is how numbers of goods and firms are written that end in few digits behind
// many.
var goodsNumber = regexp.MustCompile(`^[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}$|^[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}$|^[0-9]{2}\.[0-9]{3}\.[0-9]{3}-[0-9kK]$`)

var (
	// nameForm is large, and made when it is first needed: most programs draft nothing.
	nameForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(\p{Lu}[\p{L}'’.-]*|\p{Lu}\.|[Dd]e[lr]?|[Vv]an|[Vv]on|[Dd]er|den|da|do|dos|di|la|le|el|y|zu|zur|bin|al)([ ,-]+(\p{Lu}[\p{L}'’.-]*|[Dd]e[lr]?|[Vv]an|[Vv]on|[Dd]er|den|da|do|dos|di|la|le|el|y|zu|zur|bin|al)){0,4}$`)
	})
	legalForm = regexp.MustCompile(`(?i)(\b(ltd|ltda|limited|inc|llc|llp|gmbh|mbh|kgaa|ohg|plc|corp|corporation|sarl|sasu|srl|spa|bvba|eirl|pty|pvt|holdings?|enterprises|industries|sp\. ?z ?o\. ?o|group)\b\.?|\b(s\.? ?a|s\.? ?l|s\.? ?l\.? ?u|s\.? ?r\.? ?l|s\.? ?p\.? ?a|b\.? ?v|n\.? ?v|a\.? ?b|a/s|ag|kg|e\. ?k|e\.? ?v|oy|s\. de r\. ?l|s\.a\. de c\.v)\.?|& (co|sons|cie)\b\.?)$`)
	firmWords = regexp.MustCompile(`(?i)\b(ltd|inc|llc|gmbh|ag|kg|plc|sons|co|corp|sarl|sas|s\.?a\.?|s\.?l\.?|bv|b\.v\.|group|company|and|und|et|&|ohg|ev|e\.v\.|stiftung|partners|records|band|orchestra|hotel|bank)(\b|$)`)
)

// recognisePerson tells whether a text has the shape of somebody's name, and whether
// a word of it is a name that many people bear.
func recognisePerson(s string, tell func(mark)) {
	if len(s) < 2 || len(s) > 50 || !nameForm().MatchString(s) || firmWords.MatchString(s) || legalForm.MatchString(s) {
		return
	}
	tell(markNameShape)
	given, family, ends := false, false, false
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	for i, w := range words {
		is := token{is: people()[fold(w)]}
		given, family = given || is.means("given"), family || is.means("family")
		ends = ends || is.means("given") && (i == 0 || i == len(words)-1)
	}
	if given {
		tell(markGiven)
	}
	if ends && (len(words) == 2 || len(words) > 2 && family) {
		tell(markWhole)
	}
	if family {
		tell(markFamily)
	}
}

// ofMailbox reports whether a word before the sign of an address of mail is a name that
// many people bear.
func ofMailbox(s string) bool {
	box, _, _ := strings.Cut(s, "@")
	return slices.ContainsFunc(strings.FieldsFunc(box, func(r rune) bool { return !unicode.IsLetter(r) }), func(w string) bool {
		is := token{is: people()[fold(w)]}
		return is.means("given") || is.means("family")
	})
}
