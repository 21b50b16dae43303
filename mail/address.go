package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"golang.org/x/net/idna"
)

// Address reads one e-mail address and gives the form in which it travels: the
// domain in ASCII (rfc:5890) and lower case, what stands before the @ as it was
// given. beyond reports whether that part has letters beyond ASCII. The error
// does not repeat the address.
func Address(s string) (address string, beyond bool, err error) {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 {
		return "", false, avow.Errorf(avow.Invalid, "an e-mail address has one name, an @ and a domain, like name@mail.example")
	}
	local, domain := s[:at], s[at+1:]
	if err := checkLocal(local); err != nil {
		return "", false, err
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !plausibleDomain(ascii) {
		return "", false, avow.Errorf(avow.Invalid, "the part after the @ is not the name of a mail domain")
	}
	address = local + "@" + ascii
	if len(address) > 254 { // rfc:5321#4.5.3.1.3, less the brackets
		return "", false, avow.Errorf(avow.Invalid, "an e-mail address has at most 254 characters")
	}
	return address, !isASCII(local), nil
}

// checkLocal accepts dot-atoms of rfc:5322#3.2.3, extended by rfc:6531. Quoted
// forms are refused: nobody's provider gives them out, and they are how headers are injected.
func checkLocal(local string) error {
	if len(local) > 64 { // rfc:5321#4.5.3.1.1
		return avow.Errorf(avow.Invalid, "the part before the @ has at most 64 characters")
	}
	if !utf8.ValidString(local) || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") ||
		strings.Contains(local, "..") || strings.IndexFunc(local, notAtom) >= 0 {
		return avow.Errorf(avow.Invalid, "the part before the @ has a character that addresses do not have")
	}
	return nil
}

func notAtom(r rune) bool {
	if r >= utf8.RuneSelf {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r)
	}
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
}

// plausibleDomain: letters, digits and dashes in labels; one label will do in a house of one's own.
func plausibleDomain(d string) bool {
	for label := range strings.SplitSeq(d, ".") {
		if len(label) > 63 { // rfc:1035#2.3.4
			return false
		}
	}
	return d != "" && len(d) <= 253 && !strings.HasSuffix(d, ".") && strings.IndexFunc(d, notHostname) < 0
}

func notHostname(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.')
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
