package notice

import (
	"bufio"
	"html"
	"io"
	"strconv"
	"strings"

	"github.com/avowhq/avow/policy"
)

// Markdown writes the notice as Markdown with tables (GitHub Flavored Markdown).
// Ids are written as empty anchors, which is HTML; nothing else is.
func Markdown(w io.Writer, p *policy.Policy, o Options) error {
	return Build(p, o).Markdown(w)
}

// Markdown writes a notice as Markdown.
func (n *Notice) Markdown(w io.Writer) error {
	m := &mdWriter{out: bufio.NewWriter(w), words: wordsFor(n.Lang)}
	m.line("# ", mdInline(n.Title), "")
	for _, i := range n.Summary {
		m.line("- **", mdInline(i.Term), ":** ", mdInline(m.words.comma(i.Body)))
	}
	if len(n.Other) > 0 {
		m.line("- ", mdInline(m.words.say("labelled", m.words.say("also-as"), m.words.comma(n.Other))))
	}
	m.line("")
	m.line("## ", mdInline(n.ContentsTitle))
	m.line("")
	for i, s := range n.Sections {
		m.line(strconv.Itoa(i+1), ". [", mdInline(unlinked(s.Title)), "](#", mdURL(s.ID), ")")
	}
	m.line("")
	for _, s := range n.Sections {
		m.section(s, 2)
	}
	return m.out.Flush()
}

type mdWriter struct {
	out   *bufio.Writer // keeps the first error until Flush
	words words
}

func (m *mdWriter) line(parts ...string) {
	for _, p := range parts {
		m.out.WriteString(p)
	}
	m.out.WriteByte('\n')
}

func (m *mdWriter) section(s Section, level int) {
	number := ""
	if s.Number != "" {
		number = s.Number + `\. `
	}
	m.line(mdAnchor(s.ID))
	m.line()
	m.line(strings.Repeat("#", min(level, 6)), " ", number, mdInline(s.Title))
	m.line()
	for _, b := range s.Blocks {
		m.block(b)
	}
	for _, sub := range s.Sections {
		m.section(sub, level+1)
	}
}

func (m *mdWriter) block(b Block) {
	switch b.Kind {
	case Paragraph:
		m.line(mdAnchor(b.ID), mdInline(b.Text))
	case Note:
		m.line("> ", mdAnchor(b.ID), mdInline(b.Text))
	case List:
		m.items(b.Items, "- ")
	case Steps:
		m.items(b.Items, "1. ")
	case FactList:
		m.items(b.Items, "- ")
	case TableKind:
		m.table(b.Table)
	}
	m.line()
}

func (m *mdWriter) items(items []Item, mark string) {
	indent := strings.Repeat(" ", len(mark))
	for _, i := range items {
		if len(i.Term) == 0 {
			m.line(mark, mdAnchor(i.ID), mdInline(m.words.comma(i.Body)))
			continue
		}
		m.line(mark, mdAnchor(i.ID), "**", mdInline(i.Term), "**")
		for _, line := range i.Body {
			m.line(indent, "- ", mdInline(line))
		}
	}
}

func (m *mdWriter) table(t *Table) {
	m.line("*", mdInline(t.Caption), "*")
	m.line()
	for _, c := range t.Columns {
		m.out.WriteString("| " + mdInline(c) + " ")
	}
	m.line("|")
	m.line(strings.Repeat("| --- ", len(t.Columns)), "|")
	for _, g := range t.Groups {
		for i, r := range g.Rows {
			anchor := mdAnchor(r.ID)
			if i == 0 {
				anchor = mdAnchor(g.ID) + anchor
			}
			m.out.WriteString("| " + anchor + mdCell(g.Head) + " ")
			for _, c := range r.Cells {
				m.out.WriteString("| " + mdCell(c) + " ")
			}
			m.line("|")
		}
	}
}

func mdCell(c Cell) string {
	var out []string
	for _, line := range c {
		out = append(out, mdInline(line))
	}
	return strings.Join(out, "<br>")
}

func mdAnchor(id string) string {
	if id == "" {
		return ""
	}
	return `<a id="` + html.EscapeString(id) + `"></a>`
}

func mdInline(t Inline) string {
	var out strings.Builder
	for _, s := range t {
		text := mdText(s.Text)
		if s.Strong && strings.TrimSpace(s.Text) != "" {
			text = "**" + text + "**"
		}
		if s.Href != "" {
			text = "[" + text + "](" + mdURL(s.Href) + ")"
		}
		out.WriteString(mdAnchor(s.ID) + text)
	}
	return out.String()
}

// mdText escapes everything that Markdown or HTML would read as markup. A line
// break in a text becomes a space: a text of the policy opens no block.
func mdText(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			out.WriteByte(' ')
		case r == '<':
			out.WriteString("&lt;")
		case r == '>':
			out.WriteString("&gt;")
		case r == '&':
			out.WriteString("&amp;")
		case strings.ContainsRune("\\`*_{}[]()#+!|~$", r):
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < ' ':
		default:
			out.WriteRune(r)
		}
	}
	return startOfLine(out.String())
}

// startOfLine keeps a text from opening a list or a rule where it begins a line.
func startOfLine(s string) string {
	trimmed := strings.TrimLeft(s, "0123456789")
	if trimmed != s && strings.HasPrefix(trimmed, ".") {
		return s[:len(s)-len(trimmed)] + `\` + trimmed
	}
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "=") {
		return `\` + s
	}
	return s
}

// mdURL writes an address so that it cannot end the link it stands in.
func mdURL(href string) string {
	return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", `"`, "%22", `\`, "%5C", " ", "%20", "|", "%7C", "\n", "", "\r", "").Replace(href)
}
