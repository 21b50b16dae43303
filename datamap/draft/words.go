package draft

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed words.txt
var wordList string

//go:embed people.txt
var peopleList string

// concept is what a word of a name means: `email`, `birth`, `blocker`.
type concept string

// dictionary is word → what it may mean.
type dictionary map[string][]concept

var words = sync.OnceValue(func() dictionary { return readWords(wordList) })

// given and family are first and last names that many people bear.
var (
	people = sync.OnceValue(func() dictionary { return readWords(peopleList) })
)

// skeletons are the words without their vowels, as old systems shorten them: `gndr`,
// `pstl`. What two words of different meaning share means nothing.
var skeletons = sync.OnceValue(func() dictionary {
	out := dictionary{}
	for w, is := range words() {
		s := skeleton(w)
		if len(w) < 5 || len(s) < 3 || len(s) == len(w) || words()[s] != nil {
			continue
		}
		out.join(s, is)
	}
	return out
})

// skeleton is the first letter and the consonants after it.
func skeleton(w string) string {
	var b strings.Builder
	for i, r := range w {
		if i == 0 || !strings.ContainsRune("aeiou", r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func readWords(text string) dictionary {
	out := dictionary{}
	for line := range strings.Lines(text) {
		meaning, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(list) {
			if c := concept(meaning); !slices.Contains(out[w], c) {
				out[w] = append(out[w], c)
			}
		}
	}
	return out
}

// fold makes a word small and plain: accents go, ß is ss.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ReplaceAll(s, "ß", "ss")) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// token is one word of a name, with what it may mean; nothing when nobody knows it.
type token struct {
	text string
	is   []concept
}

func (t token) means(c concept) bool { return slices.Contains(t.is, c) }

// tokens are the words of a name: `usrFirst_name2` is usr, first, name. Words that
// were written together are taken apart where the dictionary knows the parts.
func tokens(name string) []token {
	var out []token
	for _, w := range split(name) {
		w = fold(w)
		if is := meaning(w); is != nil || len(w) < 3 || related()[w] != nil {
			out = append(out, token{w, is})
			continue
		}
		if is := skeletons()[w]; is != nil {
			out = append(out, token{w, is})
			continue
		}
		parts := apart(w)
		if len(parts) == 1 && parts[0].is == nil {
			parts[0].is = shortened(w)
		}
		out = append(out, parts...)
	}
	return out
}

// endings are those of plurals and cases.
var endings = []string{"s", "es", "n", "en", "e", "er", "r", "ar", "i"}

// meaning is what a word may mean: as it stands, with umlauts written out or not, or
// without its ending.
func meaning(w string) []concept {
	if is := words()[w]; is != nil || len(w) < 5 {
		return is
	}
	if is := plainUmlauts()[withoutUmlauts(w)]; is != nil {
		return is
	}
	for _, end := range endings {
		if base, ok := strings.CutSuffix(w, end); ok && len(base) >= 4 && words()[base] != nil {
			return words()[base]
		}
	}
	return nil
}

var umlauts = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")

func withoutUmlauts(w string) string { return umlauts.Replace(w) }

// plainUmlauts are the words whose umlauts may be written in two ways.
var plainUmlauts = sync.OnceValue(func() dictionary {
	out := dictionary{}
	for w, is := range words() {
		if len(w) >= 5 {
			out.join(withoutUmlauts(w), is)
		}
	}
	return out
})

// join adds a word; what is written like one of another meaning means nothing.
func (d dictionary) join(w string, is []concept) {
	if had, ok := d[w]; ok && !slices.Equal(had, is) {
		is = []concept{}
	}
	d[w] = is
}

// beginnings are the beginnings of the long words, as names are cut short: `occup`.
var beginnings = sync.OnceValue(func() dictionary {
	out := dictionary{}
	for w, is := range words() {
		if compound(w) {
			continue // `membership` is no `membershipno`
		}
		for n := 5; n < len(w)-1; n++ {
			out.join(w[:n], is)
		}
	}
	return out
})

// compound reports whether a word ends in another.
func compound(w string) bool {
	for i := 4; i <= len(w)-2; i++ {
		if words()[w[i:]] != nil {
			return true
		}
	}
	return false
}

// shortened is what a word means that is the beginning of words of one meaning.
func shortened(w string) []concept {
	if is := beginnings()[w]; len(is) > 0 {
		return is
	}
	return nil
}

// split cuts a name where its writing shows a new word.
func split(name string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, string(word))
		}
		word = word[:0]
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r):
			end()
			continue
		case i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsUpper(runes[i-1]) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return versions(out)
}

// versions writes the card that says who somebody is, and the key of a program, as one
// word, and puts `ipv` and its digit, which is gone, right again.
func versions(in []string) []string {
	for i := 0; i+1 < len(in); i++ {
		if whole := strings.ToLower(in[i] + in[i+1]); whole == "idcard" || whole == "apikey" || whole == "hausnr" || whole == "postcode" {
			in = slices.Replace(slices.Clone(in), i, i+2, whole)
		}
	}
	for i, w := range in {
		if strings.EqualFold(w, "ipv") {
			in[i] = "ip"
		}
	}
	return in
}

// apart splits a word into known ones; the first part may be unknown, or the last
// behind a long one.
func apart(w string) []token {
	if len(w) > 40 {
		return []token{{w, nil}}
	}
	best := make([]cut, len(w)+1)
	for i := range best {
		best[i].cost = 1 << 20
	}
	best[0].cost = 0
	for end := 1; end <= len(w); end++ {
		for start := range end {
			c := best[start].cost + pieceCost(w[start:end], start, w[end:])
			if c < best[end].cost {
				best[end] = cut{c, start}
			}
		}
	}
	if best[len(w)].cost >= 9 {
		return []token{{w, nil}}
	}
	var out []token
	for end := len(w); end > 0; end = best[end].from {
		part := w[best[end].from:end]
		out = append(out, token{part, words()[part]})
	}
	slices.Reverse(out)
	return out
}

type cut struct{ cost, from int }

// pieceCost is how unlikely it is that a piece is a word of its own.
func pieceCost(piece string, start int, rest string) int {
	known, last := words()[piece] != nil || len(piece) >= 4 && related()[piece] != nil, rest == ""
	switch {
	case known && len(piece) >= 4:
		return 2
	case known && len(piece) == 3:
		return 3
	case known && len(piece) == 2 && (start == 0 || last):
		return 4
	case !known && start == 0 && len(piece) > 1 && len(piece) <= 8 && tail(rest):
		return 5
	case !known && start >= 6 && last && len(piece) >= 4 && (len(piece) <= 8 || start >= 8 && len(piece) <= 16):
		return 5
	}
	return 100
}

// tail reports whether what stands behind an unknown part is long enough to be no
// chance: `capacity` is not a city, `xyzname` is a name.
func tail(rest string) bool {
	return len(rest) >= 5 || rest == "name" || rest == "mail" || rest == "date"
}

// stem is a word without its plural, so that `companies` and `company` are the same. What
// looks like a plural and is none goes too: `applications` and `application` both lose
// their n.
func stem(w string) string { return singular(singular(fold(w))) }

func singular(w string) string {
	for _, ending := range []struct{ plural, one string }{{"ies", "y"}, {"sses", "ss"}, {"ches", "ch"}, {"xes", "x"}, {"en", ""}, {"es", "e"}, {"s", ""}, {"n", ""}} {
		if len(w) > len(ending.plural)+2 && strings.HasSuffix(w, ending.plural) {
			return strings.TrimSuffix(strings.TrimSuffix(w, ending.plural)+ending.one, "e")
		}
	}
	return strings.TrimSuffix(w, "e")
}
