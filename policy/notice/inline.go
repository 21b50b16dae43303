package notice

import (
	"net/url"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

func plain(s string) Inline {
	if s == "" {
		return nil
	}
	return Inline{{Text: s}}
}

func strong(t Inline) Inline {
	out := make(Inline, len(t))
	for i, s := range t {
		s.Strong = true
		out[i] = s
	}
	return out
}

// link is text that leads somewhere; it stays plain text when the address is not
// one a page may lead to.
func link(text, href string) Inline {
	return Inline{{Text: text, Href: safeHref(href)}}
}

// linked makes a text lead to one place.
func linked(t Inline, href string) Inline {
	href = safeHref(href)
	out := make(Inline, len(t))
	for i, s := range t {
		s.Href = href
		out[i] = s
	}
	return out
}

// safeHref is the address when a page may lead to it, else nothing: a policy file
// must not be able to put a script behind a link.
func safeHref(href string) string {
	if strings.HasPrefix(href, "#") {
		return href
	}
	u, err := url.Parse(href)
	if err != nil || strings.ContainsAny(href, " \t\r\n\"<>\\`{}|^") {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
		return href
	case "mailto", "tel":
		return href
	}
	return ""
}

// safeLocal also lets through a path on the same host, for addresses that come
// from the program and not from a policy file.
func safeLocal(href string) string {
	if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") {
		return href
	}
	return safeHref(href)
}

func mailLink(address string) Inline {
	if !isMail(address) {
		return plain(address)
	}
	return link(address, "mailto:"+address)
}

func phoneLink(number string) Inline {
	digits := strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	if len(digits) < 5 {
		return plain(number)
	}
	return link(number, "tel:"+digits)
}

func isMail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " <>\"'()[]:;,?&%\\/") && !strings.Contains(domain, "@")
}

// linkify turns the addresses in a text into links.
func linkify(s, lang string) Inline {
	var out Inline
	add := func(text, href string) {
		if text == "" {
			return
		}
		if n := len(out); n > 0 && href == "" && out[n-1].Href == "" {
			out[n-1].Text += text
			return
		}
		out = append(out, Span{Text: text, Href: href, Lang: lang})
	}
	for s != "" {
		start := strings.IndexFunc(s, func(r rune) bool { return r != ' ' && r != '\n' && r != '\t' })
		if start < 0 {
			break
		}
		add(s[:start], "")
		s = s[start:]
		end := strings.IndexAny(s, " \n\t")
		if end < 0 {
			end = len(s)
		}
		addWord(s[:end], add)
		s = s[end:]
	}
	return out
}

func addWord(word string, add func(text, href string)) {
	front := len(word) - len(strings.TrimLeft(word, "(<\"'“‘["))
	core := strings.TrimRight(word[front:], ".,;:!?)>\"'”’]")
	href := ""
	switch {
	case isMail(core):
		href = "mailto:" + core
	case strings.HasPrefix(core, "https://"), strings.HasPrefix(core, "http://"):
		href = safeHref(core)
	}
	add(word[:front], "")
	add(core, href)
	add(word[front+len(core):], "")
}

// lines puts texts in the order given and leaves out the empty ones.
func lines(texts ...Inline) []Inline {
	var out []Inline
	for _, t := range texts {
		if len(t) > 0 {
			out = append(out, t)
		}
	}
	return out
}

func concat(parts ...Inline) Inline {
	var out Inline
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
