package draft

import (
	"regexp"
	"strings"
)

// digitsOf are the digits of a text whose other characters are only separators.
func digitsOf(s string) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune(" -./", r):
			return "", false
		}
	}
	return b.String(), true
}

// isIBAN checks form and check digits (ISO 13616: the remainder by 97 is 1).
func isIBAN(s string) bool {
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if len(s) < 15 || len(s) > 34 || !ibanForm.MatchString(s) {
		return false
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

var ibanForm = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]+$`)

// isCard checks the length, the first digits of the large schemes and the last digit (ISO/IEC 7812).
func isCard(s string) bool {
	d, ok := digitsOf(s)
	return ok && len(d) >= 13 && len(d) <= 19 && strings.ContainsRune("3456", rune(d[0])) && luhn(d)
}

func luhn(d string) bool {
	sum := 0
	for i := range len(d) {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// weighted is the sum of the first digits, each times its weight.
func weighted(d string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(d[i]-'0') * w
	}
	return sum
}

var (
	usNumber      = regexp.MustCompile(`^[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}$`)
	ukNumber      = regexp.MustCompile(`(?i)^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]$`)
	italianNumber = regexp.MustCompile(`(?i)^[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]$`)
	spanishForm   = regexp.MustCompile(`(?i)^[XYZ0-9][0-9]{7}[- ]?[A-Z]$`)
	germanPension = regexp.MustCompile(`(?i)^[0-9]{2} ?[0-3][0-9][01][0-9][0-9]{2} ?[A-Z] ?[0-9]{3}$`)
	mexicanNumber = regexp.MustCompile(`(?i)^[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]$`)
	germanHealth  = regexp.MustCompile(`^[A-Z][0-9]{9}$`)
)

// nationalNumbers recognise the numbers that states give to people, each by its own check.
var nationalNumbers = []func(string) bool{
	usNumber.MatchString, ukNumber.MatchString, italianNumber.MatchString, germanPension.MatchString, mexicanNumber.MatchString,
	isSpanishNumber, isFrenchNumber, isBrazilianNumber, isDutchNumber, isGermanTax, isSwedishNumber, isPolishNumber, isSwissNumber, isGermanHealth,
}

func isSpanishNumber(s string) bool {
	if !spanishForm.MatchString(s) {
		return false
	}
	s = strings.ToUpper(s)
	n := strings.IndexByte("XYZ", s[0])
	if n < 0 {
		n = int(s[0] - '0')
	}
	for _, c := range s[1:8] {
		n = n*10 + int(c-'0')
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] == s[len(s)-1]
}

func isFrenchNumber(s string) bool {
	d, ok := digitsOf(s)
	if !ok || len(d) != 15 || d[0] != '1' && d[0] != '2' {
		return false
	}
	rest := 0
	for _, c := range d[:13] {
		rest = (rest*10 + int(c-'0')) % 97
	}
	return 97-rest == int(d[13]-'0')*10+int(d[14]-'0')
}

func isBrazilianNumber(s string) bool {
	d, ok := digitsOf(s)
	if !ok || len(d) != 11 || strings.Count(d, d[:1]) == 11 {
		return false
	}
	check := func(sum int) byte { return byte('0' + (sum*10%11)%10) }
	return check(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == d[9] && check(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == d[10]
}

func isDutchNumber(s string) bool {
	d, ok := digitsOf(s)
	return ok && len(d) == 9 && d[:4] != "0000" && weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

// isGermanTax checks the tax number of people (ISO/IEC 7064, MOD 11,10).
func isGermanTax(s string) bool {
	d, ok := digitsOf(s)
	if !ok || len(d) != 11 || d[0] == '0' {
		return false
	}
	product := 10
	for _, c := range d[:10] {
		sum := (int(c-'0') + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return byte('0'+(11-product)%10) == d[10]
}

func isSwedishNumber(s string) bool {
	d, ok := digitsOf(strings.ReplaceAll(s, "+", "-"))
	if ok && len(d) == 12 {
		d = d[2:]
	}
	return ok && len(d) == 10 && d[2:4] >= "01" && d[2:4] <= "12" && d[4:6] >= "01" && d[4:6] <= "31" && luhn(d)
}

func isPolishNumber(s string) bool {
	d, ok := digitsOf(s)
	return ok && len(d) == 11 && d[4:6] >= "01" && d[4:6] <= "31" && (10-weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10 == int(d[10]-'0')
}

func isSwissNumber(s string) bool {
	d, ok := digitsOf(s)
	return ok && len(d) == 13 && strings.HasPrefix(d, "756") && (10-weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)%10)%10 == int(d[12]-'0')
}

func isGermanHealth(s string) bool {
	if !germanHealth.MatchString(s) {
		return false
	}
	n := int(s[0]-'A') + 1
	d := string([]byte{byte('0' + n/10), byte('0' + n%10)}) + s[1:9]
	sum := 0
	for i := range len(d) {
		p := int(d[i]-'0') * (1 + i%2)
		sum += p/10 + p%10
	}
	return byte('0'+sum%10) == s[9]
}
