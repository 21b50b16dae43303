package notice

import (
	"strings"
	"unicode/utf8"
)

// style is how a text looks in the PDF.
type style struct {
	size float64 // points
	bold bool
	soft bool // grey
}

// piece is text of one look on one line; line is what stands beside each other.
type piece struct {
	x    float64
	text string
	bold bool
	href string
}

type textLine []piece

func lineHeight(points float64) float64 { return points * 1.38 * 25.4 / 72 }

func (d *pdfDoc) setFont(s style) {
	weight := ""
	if s.bold {
		weight = "B"
	}
	d.file.SetFont("text", weight, s.size)
}

func (d *pdfDoc) width(text string, bold bool, size float64) float64 {
	d.setFont(style{size: size, bold: bold})
	return d.file.GetStringWidth(text)
}

// wrap breaks a text into lines of a width.
func (d *pdfDoc) wrap(t Inline, s style, width float64) []textLine {
	w := &wrapper{d: d, s: s, max: width}
	for _, span := range t {
		bold := s.bold || span.Strong
		for i, word := range strings.Split(printableText(span.Text), " ") {
			if i > 0 {
				w.space()
			}
			w.add(word, bold, span.Href)
		}
	}
	w.end()
	return w.lines
}

// wrapper gathers words into lines. A word may be made of pieces of several looks.
type wrapper struct {
	d     *pdfDoc
	s     style
	max   float64
	lines []textLine
	line  textLine
	x     float64
	gap   bool    // a space comes before the next piece
	word  []piece // the word being gathered
	wordW float64
}

func (w *wrapper) add(text string, bold bool, href string) {
	if text == "" {
		return
	}
	w.word = append(w.word, piece{text: text, bold: bold, href: href})
	w.wordW += w.d.width(text, bold, w.s.size)
}

func (w *wrapper) space() {
	w.place()
	w.gap = true
}

// place puts the gathered word on the line, or on the next one.
func (w *wrapper) place() {
	if len(w.word) == 0 {
		return
	}
	gap := 0.0
	if w.gap && len(w.line) > 0 {
		gap = w.d.width(" ", false, w.s.size)
	}
	if len(w.line) > 0 && w.x+gap+w.wordW > w.max {
		w.newLine()
		gap = 0
	}
	w.x += gap
	for _, p := range w.word {
		w.put(p)
	}
	w.word, w.wordW, w.gap = nil, 0, false
}

// put draws a piece at the end of the line; one wider than a whole line is cut.
func (w *wrapper) put(p piece) {
	for p.text != "" {
		fits := w.fitting(p)
		if fits == 0 {
			w.newLine()
			continue
		}
		part := p
		part.text, part.x = p.text[:fits], w.x
		w.line = append(w.line, part)
		w.x += w.d.width(part.text, p.bold, w.s.size)
		p.text = p.text[fits:]
	}
}

// fitting counts the bytes of a piece that fit on the line; at the start of a
// line at least one letter does.
func (w *wrapper) fitting(p piece) int {
	if w.x+w.d.width(p.text, p.bold, w.s.size) <= w.max+.01 {
		return len(p.text)
	}
	n, x := 0, w.x
	for _, r := range p.text {
		x += w.d.width(string(r), p.bold, w.s.size)
		if x > w.max && (n > 0 || len(w.line) > 0) {
			break
		}
		n += utf8.RuneLen(r)
	}
	return n
}

func (w *wrapper) newLine() {
	w.lines = append(w.lines, w.line)
	w.line, w.x = nil, 0
}

func (w *wrapper) end() {
	w.place()
	if len(w.line) > 0 {
		w.newLine()
	}
}

// drawLines draws lines below each other from the top at y.
func (d *pdfDoc) drawLines(lines []textLine, x, y float64, s style) {
	for _, l := range lines {
		for i, p := range l {
			d.drawPiece(l, i, p, x, y, s)
		}
		y += lineHeight(s.size)
	}
}

func (d *pdfDoc) drawPiece(l textLine, i int, p piece, x, y float64, s style) {
	look := s
	look.bold = p.bold
	text := p.text
	if i+1 < len(l) && l[i+1].x > p.x+d.width(text, p.bold, s.size)+.01 {
		text += " " // the space is drawn too, so that copied text has it
	}
	d.colour(s, p.href != "")
	d.drawText(x+p.x, y, look, text)
	if p.href == "" {
		return
	}
	w, h := d.width(p.text, p.bold, s.size), lineHeight(s.size)
	if id, inside := strings.CutPrefix(p.href, "#"); inside {
		if l, ok := d.links[id]; ok {
			d.file.Link(x+p.x, y, w, h, l)
		}
		return
	}
	d.file.LinkString(x+p.x, y, w, h, p.href)
}

func (d *pdfDoc) colour(s style, link bool) {
	switch {
	case link:
		d.file.SetTextColor(11, 90, 85)
	case s.soft:
		d.file.SetTextColor(85, 96, 92)
	default:
		d.file.SetTextColor(20, 24, 23)
	}
}

// drawText draws a text whose line begins at the top y.
func (d *pdfDoc) drawText(x, y float64, s style, text string) {
	d.setFont(s)
	d.file.Text(x, y+s.size*25.4/72*1.06, text)
}
