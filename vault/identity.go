package vault

import (
	"strings"
	"unicode"

	"github.com/avowhq/avow"
	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Kinds of identity with rules of their own. Any other kind (a customer number, an
// account) is matched letter by letter after NFC, without the blanks around it.
const (
	Email = "email"
	Phone = "phone"
)

// Identity is something that finds a person.
type Identity struct {
	Kind  string
	Value string
	// Region reads a telephone number written without its country code.
	Region avow.Region
	// Verified tells, where the vault gives an identity out, that its holder showed to have it.
	Verified bool
}

// Normal is the identity as it is kept and written to: NFC, the domain in lower
// case and in ASCII, a telephone number in E.164. What cannot be one is Invalid.
func (id Identity) Normal() (Identity, error) {
	n, err := id.normal()
	id.Value = n.written
	return id, err
}

// normal is an identity in its two forms: as written to, and as matched.
type normal struct{ kind, written, match string }

func (n normal) matched() []byte { return parts([]byte(n.kind), []byte(n.match)) }

func (id Identity) normal() (normal, error) {
	if id.Kind == "" || len(id.Kind) > 64 || strings.ContainsFunc(id.Kind, hidden) { // which is not UTF-8 too
		return normal{}, avow.FieldErrorf("kind", "is email, phone, or another name of at most 64 bytes without characters that cannot be seen")
	}
	if len(id.Value) > 1024 {
		return normal{}, avow.FieldErrorf(id.Kind, "is too long")
	}
	text := strings.TrimSpace(norm.NFC.String(id.Value))
	if text == "" || strings.ContainsFunc(text, hidden) {
		return normal{}, avow.FieldErrorf(id.Kind, "is empty, or has characters that cannot be seen")
	}
	switch id.Kind {
	case Email:
		return normalEmail(text)
	case Phone:
		return normalPhone(text, id.Region)
	}
	return normal{id.Kind, text, text}, nil
}

// hidden characters make two identities look alike.
func hidden(r rune) bool {
	return r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// normalEmail keeps the local part as its owner writes it (rfc:5321#2.4) and lowers
// the domain. To find a person the local part is lowered too: an objection by
// Ann@ must stop what goes to ann@. That lends nobody anyone's mail, because
// links go to the spelling that is kept, never to the one that was typed. Dots,
// plus signs and the like are never folded: who owns them only the provider knows.
func normalEmail(text string) (normal, error) {
	bad := avow.FieldErrorf(Email, "is not an e-mail address; one looks like name@example.com")
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > 64 || len(text) > 254 {
		return normal{}, bad
	}
	local := text[:at]
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(text[at+1:], "."))
	if err != nil || domain == "" || len(domain) > 253 || !plainLocal(local) {
		return normal{}, bad
	}
	return normal{Email, local + "@" + domain, norm.NFC.String(strings.ToLower(local)) + "@" + domain}, nil
}

// plainLocal is dot-atom (rfc:5322#3.2.3), with letters beyond ASCII (rfc:6532#3.2). Quoted local parts are not taken.
func plainLocal(s string) bool {
	if strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`"(),:;<>@[\]`, r)
	})
}

// normalPhone is E.164. Whether the number is in use shows when it is verified.
func normalPhone(text string, region avow.Region) (normal, error) {
	bad := avow.FieldErrorf(Phone, "is not a telephone number; begin with + and the country code")
	if len(text) > 64 {
		return normal{}, bad
	}
	e164, ok := readPhone(text, string(region.Country()))
	if again, same := readPhone(e164, ""); !ok || !same || again != e164 {
		return normal{}, bad // a number that reads differently the second time would be two people
	}
	return normal{Phone, e164, e164}, nil
}

func readPhone(text, country string) (string, bool) {
	n, err := phonenumbers.Parse(text, country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}
