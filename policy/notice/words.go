package notice

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/avowhq/avow"
)

// The phrases of each language: words/en.txt and, when there are others, files
// named by their language tag. A line is `key = text`; {1}, {2} … are the places
// where something is put in. A phrase another language lacks is taken from English.
//
//go:embed words/*.txt
var phraseFiles embed.FS

const fallbackLang = "en"

// words are our own words in one language.
type words struct {
	lang    string
	phrases map[string]string
	english map[string]string
}

// wordsFor finds our words in a language: its own file, that of the language
// without its region, or English.
func wordsFor(tag string) words {
	all := phrases()
	tag = strings.ToLower(tag)
	for _, try := range []string{tag, strings.SplitN(tag, "-", 2)[0]} {
		if p, ok := all[try]; ok {
			return words{lang: try, phrases: p, english: all[fallbackLang]}
		}
	}
	return words{lang: fallbackLang, phrases: all[fallbackLang], english: all[fallbackLang]}
}

// phrases reads the phrase files once; the house's tests fail on a wrong one.
var phrases = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	files, err := phraseFiles.ReadDir("words")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		text, err := phraseFiles.ReadFile(path.Join("words", f.Name()))
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(f.Name(), ".txt")] = parsePhrases(string(text))
	}
	return all
})

func parsePhrases(text string) map[string]string {
	p := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if key, phrase, ok := strings.Cut(line, "="); ok {
			p[strings.TrimSpace(key)] = unquoted(strings.TrimSpace(phrase))
		}
	}
	return p
}

// unquoted takes the quotes off a phrase that has them to keep its spaces.
func unquoted(s string) string {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

func (w words) has(key string) bool { _, ok := w.english[key]; return ok }

// find gives a phrase and the language it is in, when that is not the notice's.
func (w words) find(key string) (phrase, lang string) {
	if p, ok := w.phrases[key]; ok {
		return p, ""
	}
	if p, ok := w.english[key]; ok {
		return p, fallbackLang
	}
	return key, ""
}

// say is a phrase with its places filled by texts or numbers.
func (w words) say(key string, args ...any) Inline {
	phrase, lang := w.find(key)
	var out Inline
	for phrase != "" {
		open := strings.IndexByte(phrase, '{')
		if open < 0 || open+2 >= len(phrase) || phrase[open+2] != '}' {
			return append(out, Span{Text: phrase, Lang: lang})
		}
		if open > 0 {
			out = append(out, Span{Text: phrase[:open], Lang: lang})
		}
		out = append(out, filled(args, int(phrase[open+1]-'1'))...)
		phrase = phrase[open+3:]
	}
	return out
}

func filled(args []any, i int) Inline {
	if i < 0 || i >= len(args) {
		return nil
	}
	switch a := args[i].(type) {
	case Inline:
		return a
	case string:
		return plain(a)
	default:
		return plain(fmt.Sprint(a))
	}
}

// region is the name of a country, a part of one or a group of countries.
func (w words) region(r avow.Region) Inline {
	if key := "region." + string(r); w.has(key) {
		return w.say(key)
	}
	country, part, isPart := strings.Cut(string(r), "-")
	code, err := language.ParseRegion(country)
	if err != nil {
		return plain(string(r))
	}
	name := display.Regions(language.Make(w.lang)).Name(code)
	if name == "" {
		name = country
	}
	if isPart {
		return w.say("region.part", name, part)
	}
	return plain(name)
}

// language is the name of a language.
func (w words) language(tag string) Inline {
	parsed, err := language.Parse(tag)
	if err != nil {
		return plain(tag)
	}
	return plain(display.Languages(language.Make(w.lang)).Name(parsed))
}

// join makes a list in running text: a, b and c.
func (w words) join(last string, parts []Inline) Inline {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	comma := w.say("list.comma")
	head := parts[0]
	if last == "list.or-else" {
		comma = w.say("list.semicolon")
	}
	for _, p := range parts[1 : len(parts)-1] {
		head = concat(head, comma, p)
	}
	return w.say(last, head, parts[len(parts)-1])
}

func (w words) and(parts []Inline) Inline { return w.join("list.and", parts) }
func (w words) or(parts []Inline) Inline  { return w.join("list.or", parts) }

// comma makes a list with commas alone.
func (w words) comma(parts []Inline) Inline {
	var out Inline
	for i, p := range parts {
		if i > 0 {
			out = concat(out, w.say("list.comma"))
		}
		out = concat(out, p)
	}
	return out
}

// initialisms are names in policy files that are written in capitals for people.
const initialisms = " ip id url cv crm faq usa eu eea uk us vat pdf sms gps gdpr ccpa api aaa ico hr it tv dns "

// human writes a name of the file the way people write: `job-role` is "job role".
func (w words) human(name string) string {
	parts := strings.FieldsFunc(letterHyphen.ReplaceAllString(name, "$1\u2010"), func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	for i, p := range parts {
		if strings.Contains(initialisms, " "+strings.ToLower(p)+" ") && p != "us" && p != "it" {
			parts[i] = strings.ToUpper(p)
		}
	}
	return strings.ReplaceAll(strings.Join(parts, " "), "\u2010", "-")
}

// letterHyphen is a hyphen that belongs to a word: of e-mail, x-ray, t-shirt.
var letterHyphen = regexp.MustCompile(`\b(\pL)-`)

// Human with a capital, for a heading or the start of a line.
func (w words) humanTitle(name string) string { return capital(w.human(name)) }

func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// capitalised makes the first letter of a text a capital.
func capitalised(t Inline) Inline {
	if len(t) == 0 {
		return t
	}
	out := append(Inline(nil), t...)
	out[0].Text = capital(out[0].Text)
	return out
}
