package notice

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/avowhq/avow/policy"
)

// walkPage calls f with every element of a page.
func walkPage(t *testing.T, page string, f func(n *html.Node, attr map[string]string)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		f(n, attr)
	}
}

func TestPageIsWellMade(t *testing.T) {
	for name, p := range policies(t) {
		for form, page := range map[string]string{"notice": rendered(t, HTML, p, Options{Stylesheet: "/notice.css"}), "record": rendered(t, ROPA, p, Options{Stylesheet: "/notice.css"})} {
			checkPage(t, name+", "+form, page)
		}
	}
}

func checkPage(t *testing.T, name, page string) {
	t.Helper()
	ids, level, h1 := map[string]bool{}, 0, 0
	var refs []string
	walkPage(t, page, func(n *html.Node, attr map[string]string) {
		if id, ok := attr["id"]; ok {
			if ids[id] || id == "" {
				t.Errorf("%s: id %q stands twice", name, id)
			}
			ids[id] = true
		}
		if to, ok := strings.CutPrefix(attr["href"], "#"); ok {
			refs = append(refs, to)
		}
		if to, ok := attr["aria-labelledby"]; ok {
			refs = append(refs, to)
		}
		if _, ok := attr["style"]; ok || n.Data == "script" || n.Data == "style" {
			t.Errorf("%s: <%s> breaks a strict Content-Security-Policy", name, n.Data)
		}
		if n.Data == "html" && attr["lang"] == "" {
			t.Errorf("%s: the page has no language", name)
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			now := int(n.Data[1] - '0')
			if now > level+1 {
				t.Errorf("%s: <%s> follows a heading of level %d", name, n.Data, level)
			}
			if level = now; now == 1 {
				h1++
			}
		}
		checkTable(t, name, n, attr)
	})
	if h1 != 1 {
		t.Errorf("%s: %d headings of level 1", name, h1)
	}
	for _, r := range refs {
		if !ids[r] {
			t.Errorf("%s: a link leads to #%s, which is not there", name, r)
		}
	}
}

func checkTable(t *testing.T, name string, n *html.Node, attr map[string]string) {
	t.Helper()
	switch n.Data {
	case "table":
		if n.FirstChild == nil || firstElement(n) != "caption" {
			t.Errorf("%s: a table has no caption", name)
		}
	case "th":
		if attr["scope"] == "" {
			t.Errorf("%s: a table heading does not say what it heads", name)
		}
	case "td":
		if attr["data-label"] == "" {
			t.Errorf("%s: a cell does not say which column it is in, for phones", name)
		}
		if strings.TrimSpace(textOf(n)) == "" {
			t.Errorf("%s: a cell of column %q is empty", name, attr["data-label"])
		}
	}
}

func firstElement(n *html.Node) string {
	for c := range n.ChildNodes() {
		if c.Type == html.ElementNode {
			return c.Data
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var s strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			s.WriteString(c.Data)
		}
	}
	return s.String()
}

const hostile = "</h1><script>alert(1)</script>\"'><img src=x onerror=alert(1)> [a](javascript:alert(1)) | `x` **b**\n# h <https://ok.example> javascript:alert(1)"

// poisoned is a document in which every text, and every string that may be an
// address, is hostile.
func poisoned(t *testing.T) *policy.Policy {
	p := *small(t)
	d := *p.Document
	poison(reflect.ValueOf(&d).Elem(), "")
	d.Languages = policy.Languages{}
	p.Document = &d
	return &p
}

var addresses = map[string]bool{"About": true, "URL": true, "Page": true, "Email": true, "Phone": true, "Name": true, "Hours": true, "VAT": true}

func poison(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.Struct:
		if _, ok := v.Interface().(policy.Text); ok {
			v.Set(reflect.ValueOf(policy.Text{Plain: hostile}))
			return
		}
		if _, ok := v.Interface().(policy.Ref); ok {
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Slice:
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		v.Set(fresh)
		for i := range v.Len() {
			poison(v.Index(i), field)
		}
	case reflect.String:
		if addresses[field] || field == "Is" {
			v.SetString("javascript:alert(1)//\"><script>")
		}
	}
}

func TestHostileTextIsText(t *testing.T) {
	p := poisoned(t)
	for form, page := range map[string]string{"notice": rendered(t, HTML, p, Options{}), "record": rendered(t, ROPA, p, Options{})} {
		times := 0
		walkPage(t, page, func(n *html.Node, attr map[string]string) {
			if n.Data == "script" || n.Data == "img" {
				t.Errorf("%s: a text of the policy became <%s>", form, n.Data)
			}
			for key, value := range attr {
				if strings.HasPrefix(key, "on") {
					t.Errorf("%s: a text of the policy became the attribute %s", form, key)
				}
				if key == "href" && !allowed(value) {
					t.Errorf("%s: a link leads to %q", form, value)
				}
			}
			if n.Data == "body" {
				times = strings.Count(textOf(n), "<script>alert(1)</script>")
			}
		})
		if times < 10 {
			t.Errorf("%s: the hostile text is printed %d times as text", form, times)
		}
	}
}

func allowed(href string) bool {
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:", "#"} {
		if strings.HasPrefix(href, scheme) {
			return true
		}
	}
	return false
}

var (
	ourAnchor = regexp.MustCompile(`<a id="[A-Za-z0-9._~-]+"></a>|<br>`)
	anyLink   = regexp.MustCompile(`(?:^|[^\\])\]\(([^)]*)\)`)
)

func TestHostileTextIsTextInMarkdown(t *testing.T) {
	md := ourAnchor.ReplaceAllString(rendered(t, Markdown, poisoned(t), Options{}), "")
	if i := strings.IndexByte(md, '<'); i >= 0 {
		t.Errorf("HTML in the Markdown: %q", md[i:min(len(md), i+60)])
	}
	for _, m := range anyLink.FindAllStringSubmatch(md, -1) {
		if !allowed(m[1]) {
			t.Errorf("a link leads to %q", m[1])
		}
	}
	columns := 0
	for _, line := range strings.Split(md, "\n") {
		if !strings.HasPrefix(line, "| ") {
			columns = 0
			continue
		}
		n := strings.Count(line, "|") - strings.Count(line, `\|`)
		if columns > 0 && n != columns {
			t.Errorf("a row has %d cells, its heading %d: %.80s", n, columns, line)
		}
		columns = n
	}
	if !strings.Contains(md, `\*\*b\*\*`) || strings.Contains(md, "\n# h") {
		t.Error("a text of the policy is read as Markdown")
	}
}

func TestLinksThatMayBeFollowed(t *testing.T) {
	for href, want := range map[string]bool{
		"https://shop.example/a?b=c": true, "http://shop.example": true, "mailto:a@shop.example": true, "tel:+3120": true, "#brief": true,
		"javascript:alert(1)": false, "JaVaScRiPt:alert(1)": false, "data:text/html,x": false, "//evil.example": false, "https:evil": false,
		"https://shop.example/\"><script>": false, "vbscript:x": false, "/local": false, " javascript:x": false, "https://": false,
	} {
		if got := safeHref(href) != ""; got != want {
			t.Errorf("%q may be followed: %v, want %v", href, got, want)
		}
	}
}
