package notice

import (
	"bufio"
	_ "embed"
	"html"
	"io"
	"strconv"

	"github.com/avowhq/avow/policy"
)

// CSS is the style of a notice, for a page that embeds HTMLFragment. Everything
// in it is under the class `notice`, or about the page as a whole under `notice-page`.
//
//go:embed notice.css
var CSS string

// HTML writes the notice as a page of its own. It holds no script and no style
// attribute (w3c-csp); with Options.Stylesheet it holds no style at all.
func HTML(w io.Writer, p *policy.Policy, o Options) error {
	return Build(p, o).HTML(w, o)
}

// HTMLFragment writes the notice as an article to stand inside another page, in
// its main part. The article brings the page's only h1.
func HTMLFragment(w io.Writer, p *policy.Policy, o Options) error {
	n := Build(p, o)
	h := newHTML(w, n)
	h.article(n)
	return h.out.Flush()
}

// HTML writes a notice as a page of its own.
func (n *Notice) HTML(w io.Writer, o Options) error {
	h := newHTML(w, n)
	h.raw(`<!doctype html>` + "\n" + `<html lang="`).text(n.Lang).raw(`" class="notice-page">` + "\n<head>\n")
	h.raw(`<meta charset="utf-8">` + "\n" + `<meta name="viewport" content="width=device-width, initial-scale=1">` + "\n")
	h.raw(`<meta name="color-scheme" content="light dark">` + "\n<title>").text(n.Title.String()).raw("</title>\n")
	if n.URL != "" {
		h.raw(`<link rel="canonical" href="`).text(n.URL).raw("\">\n")
	}
	if href := safeLocal(o.Stylesheet); href != "" {
		h.raw(`<link rel="stylesheet" href="`).text(href).raw("\">\n")
	} else {
		h.raw("<style>\n" + CSS + "</style>\n")
	}
	h.raw("</head>\n<body>\n" + `<a class="notice-skip" href="#notice-text">`).inline(h.words.say("skip")).raw("</a>\n<main>\n")
	h.article(n)
	h.raw("</main>\n</body>\n</html>\n")
	return h.out.Flush()
}

type htmlWriter struct {
	out   *bufio.Writer // keeps the first error until Flush
	words words
}

func newHTML(w io.Writer, n *Notice) *htmlWriter {
	return &htmlWriter{out: bufio.NewWriter(w), words: wordsFor(n.Lang)}
}

func (h *htmlWriter) raw(s string) *htmlWriter {
	h.out.WriteString(s)
	return h
}

func (h *htmlWriter) text(s string) *htmlWriter { return h.raw(html.EscapeString(s)) }

func (h *htmlWriter) id(id string) *htmlWriter {
	if id == "" {
		return h
	}
	return h.raw(` id="`).text(id).raw(`"`)
}

func (h *htmlWriter) inline(t Inline) *htmlWriter {
	for _, s := range t {
		h.span(s)
	}
	return h
}

func (h *htmlWriter) span(s Span) {
	end := ""
	if s.Strong {
		h.raw("<strong>")
		end = "</strong>"
	}
	switch {
	case s.Href != "":
		h.raw(`<a href="`).text(s.Href).raw(`"`)
		if s.Text == s.Href {
			h.raw(` class="notice-url"`) // print does not say it twice
		}
		h.id(s.ID).lang(s.Lang).raw(">")
		end = "</a>" + end
	case s.Lang != "" || s.ID != "":
		h.raw("<span").id(s.ID).lang(s.Lang).raw(">")
		end = "</span>" + end
	}
	h.text(s.Text).raw(end)
}

func (h *htmlWriter) lang(tag string) *htmlWriter {
	if tag == "" {
		return h
	}
	return h.raw(` lang="`).text(tag).raw(`" dir="auto"`)
}

func (h *htmlWriter) article(n *Notice) {
	class := "notice"
	if n.wide {
		class += " notice-wide"
	}
	h.raw(`<article class="` + class + `" lang="`).text(n.Lang).raw("\">\n")
	h.raw("<header>\n<h1>").inline(n.Title).raw("</h1>\n")
	h.facts(n.Summary, "notice-facts")
	if len(n.Other) > 0 {
		h.raw(`<p class="notice-other">`).inline(h.words.say("labelled", h.words.say("also-as"), h.words.comma(n.Other))).raw("</p>\n")
	}
	h.raw("</header>\n")
	h.contents(n)
	h.raw(`<div class="notice-text" id="notice-text">` + "\n")
	for _, s := range n.Sections {
		h.section(s, 2)
	}
	h.raw("</div>\n</article>\n")
}

func (h *htmlWriter) contents(n *Notice) {
	h.raw(`<nav class="notice-contents" aria-labelledby="notice-contents">` + "\n" + `<h2 id="notice-contents">`)
	h.inline(n.ContentsTitle).raw("</h2>\n<ol>\n")
	for _, s := range n.Sections {
		h.raw(`<li><a href="#`).text(s.ID).raw(`">`).inline(unlinked(s.Title)).raw("</a>")
		h.raw("</li>\n")
	}
	h.raw("</ol>\n</nav>\n")
}

// unlinked is a text without its links, for where it stands in a link itself.
func unlinked(t Inline) Inline {
	out := append(Inline(nil), t...)
	for i := range out {
		out[i].Href = ""
	}
	return out
}

func (h *htmlWriter) section(s Section, level int) {
	tag := "h" + strconv.Itoa(min(level, 6))
	h.raw("<section").id(s.ID).raw(">\n<" + tag + ">")
	if s.Number != "" {
		h.raw(`<span class="notice-number">`).text(s.Number + ".").raw("</span> ")
	}
	h.inline(s.Title).raw("</" + tag + ">\n")
	for _, b := range s.Blocks {
		h.block(b)
	}
	for _, sub := range s.Sections {
		h.section(sub, level+1)
	}
	h.raw("</section>\n")
}

func (h *htmlWriter) block(b Block) {
	switch b.Kind {
	case Paragraph:
		h.raw("<p").id(b.ID).raw(">").inline(b.Text).raw("</p>\n")
	case Note:
		h.raw(`<p class="notice-note"`).id(b.ID).raw(">").inline(b.Text).raw("</p>\n")
	case List:
		h.raw("<ul").id(b.ID).raw(">\n").listItems(b.Items).raw("</ul>\n")
	case Steps:
		h.raw(`<ol class="notice-steps"`).id(b.ID).raw(">\n").listItems(b.Items).raw("</ol>\n")
	case FactList:
		h.facts(b.Items, "notice-list")
	case TableKind:
		h.table(b.Table, b.ID)
	}
}

func (h *htmlWriter) listItems(items []Item) *htmlWriter {
	for _, i := range items {
		h.raw("<li").id(i.ID).raw(">")
		if len(i.Term) > 0 {
			h.raw("<strong>").inline(i.Term).raw("</strong>")
		}
		h.lines(i.Body, len(i.Term) > 0).raw("</li>\n")
	}
	return h
}

// lines writes one line as it is and several as a list.
func (h *htmlWriter) lines(body []Inline, always bool) *htmlWriter {
	if len(body) == 1 && !always {
		return h.inline(body[0])
	}
	if len(body) == 0 {
		return h
	}
	h.raw("<ul>\n")
	for _, line := range body {
		h.raw("<li>").inline(line).raw("</li>\n")
	}
	return h.raw("</ul>\n")
}

func (h *htmlWriter) facts(items []Item, class string) {
	h.raw(`<dl class="` + class + "\">\n")
	for _, i := range items {
		h.raw("<div").id(i.ID).raw("><dt>").inline(i.Term).raw("</dt>")
		for _, line := range i.Body {
			h.raw("<dd>").inline(line).raw("</dd>")
		}
		h.raw("</div>\n")
	}
	h.raw("</dl>\n")
}

// table writes roles on every part: on a phone the style makes blocks of the
// cells, and a browser may then forget that they are a table (wcag:2.2#1.3.1).
func (h *htmlWriter) table(t *Table, id string) {
	h.raw(`<table role="table"`)
	if t.even && len(t.Columns) == 5 {
		h.raw(` class="notice-even"`)
	}
	h.id(id).raw(">\n<caption>").inline(t.Caption).raw("</caption>\n")
	h.raw(`<thead role="rowgroup"><tr role="row">`)
	for _, c := range t.Columns {
		h.raw(`<th scope="col" role="columnheader">`).inline(c).raw("</th>")
	}
	h.raw("</tr></thead>\n")
	for _, g := range t.Groups {
		h.group(t, g)
	}
	h.raw("</table>\n")
}

func (h *htmlWriter) group(t *Table, g Group) {
	h.raw(`<tbody role="rowgroup"`).id(g.ID).raw(">\n")
	for i, r := range g.Rows {
		h.raw(`<tr role="row"`).id(r.ID).raw(">")
		if i == 0 {
			h.groupHead(g)
		}
		for c, cell := range r.Cells {
			class := ""
			if len(cell) == 1 && cell[0].String() == h.words.say("cell.none").String() {
				class = ` class="notice-none"`
			}
			h.raw(`<td role="cell"`+class+` data-label="`).text(t.Columns[c+1].String()).raw(`">`).lines(cell, false).raw("</td>")
		}
		h.raw("</tr>\n")
	}
	h.raw("</tbody>\n")
}

func (h *htmlWriter) groupHead(g Group) {
	if len(g.Rows) > 1 {
		h.raw(`<th scope="rowgroup" role="rowheader" rowspan="` + strconv.Itoa(len(g.Rows)) + `">`)
	} else {
		h.raw(`<th scope="row" role="rowheader">`)
	}
	for i, line := range g.Head {
		if i == 0 {
			h.inline(line)
			continue
		}
		h.raw(`<span class="notice-small">`).inline(line).raw("</span>")
	}
	h.raw("</th>")
}
