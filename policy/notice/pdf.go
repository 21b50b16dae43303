package notice

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// PDF writes the notice as a PDF of A4 pages with an outline, page numbers, links
// and tables that repeat their heading on every page. The same policy and options
// give the same bytes. It fails with an avow.Invalid error, and writes nothing,
// when the font lacks a character of the text or the script is one this writer
// cannot set: a notice with gaps would be worse than none.
func PDF(w io.Writer, p *policy.Policy, o Options) error {
	n := Build(p, o)
	d, err := newPDF(n, o.Fonts, 297)
	if err != nil {
		return err
	}
	d.notice(n)
	d.file.SetCreationDate(p.Effective)
	d.file.SetModificationDate(p.Effective)
	return d.file.Output(w)
}

// Sizes in millimetres, and of type in points.
const (
	pageWidth  = 210.0
	marginX    = 20.0
	marginTop  = 20.0
	marginFoot = 22.0
	textSize   = 9.5
	tableSize  = 8.2
	smallSize  = 7.8
)

// pdfDoc draws a notice. Measures are millimetres from the top left of a page.
type pdfDoc struct {
	file    *fpdf.Fpdf
	words   words
	height  float64
	y       float64 // where the next thing goes
	links   map[string]int
	pages   []int     // where each section begins
	entries []float64 // the height of its line in the contents, on the first page
}

func newPDF(n *Notice, fonts Fonts, height float64) (*pdfDoc, error) {
	if len(fonts.Regular) == 0 {
		fonts = Fonts{Regular: goregular.TTF, Bold: gobold.TTF}
	}
	if len(fonts.Bold) == 0 {
		fonts.Bold = fonts.Regular
	}
	if err := covers(fonts, n); err != nil {
		return nil, err
	}
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: pageWidth, Ht: height}})
	// The library cuts fonts down in place; each file gets its own bytes.
	f.AddUTF8FontFromBytes("text", "", slices.Clone(fonts.Regular))
	f.AddUTF8FontFromBytes("text", "B", slices.Clone(fonts.Bold))
	f.SetAutoPageBreak(false, 0)
	f.SetCatalogSort(true)
	f.SetTitle(printable(n.Title), true)
	f.SetLang(n.Lang)
	f.SetProducer("avow", true)
	f.SetCreator("avow", true)
	f.SetSubject(fmt.Sprintf("%s %d, %s", n.Policy, n.Version, n.Hash), true)
	d := &pdfDoc{file: f, words: wordsFor(n.Lang), height: height, links: map[string]int{}}
	n.walk(func(id string) {
		if _, ok := d.links[id]; !ok && id != "" {
			d.links[id] = f.AddLink()
		}
	})
	d.newPage()
	return d, nil
}

// covers reports characters that would not show.
func covers(fonts Fonts, n *Notice) error {
	font, err := sfnt.Parse(fonts.Regular)
	if err != nil {
		return avow.Errorf(avow.Invalid, "the font for PDF is not a TrueType font: %w", err)
	}
	var (
		buf     sfnt.Buffer
		missing []rune
	)
	n.eachInline(func(t Inline) {
		for _, r := range printable(t) {
			glyph, err := font.GlyphIndex(&buf, r)
			if (err != nil || glyph == 0 || r > 0xFFFF || needsShaping(r)) && r != ' ' && !slices.Contains(missing, r) {
				missing = append(missing, r)
			}
		}
	})
	if len(missing) == 0 {
		return nil
	}
	return avow.Errorf(avow.Invalid, "the PDF cannot show %s; use the HTML form, or name a font that has them", someRunes(missing))
}

func someRunes(list []rune) string {
	var out []string
	for _, r := range list[:min(len(list), 8)] {
		out = append(out, fmt.Sprintf("%q (U+%04X)", r, r))
	}
	if len(list) > 8 {
		out = append(out, fmt.Sprintf("and %d more characters", len(list)-8))
	}
	return strings.Join(out, ", ")
}

// needsShaping holds for scripts that are not set letter after letter from left to right.
func needsShaping(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Devanagari, unicode.Bengali,
		unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
		unicode.Thai, unicode.Lao, unicode.Tibetan, unicode.Myanmar, unicode.Khmer, unicode.Mongolian)
}

// printable is a text as it is drawn: composed, on one line, with the spaces and
// hyphens that fonts often lack replaced by plain ones.
func printable(t Inline) string { return printableText(t.String()) }

func printableText(s string) string {
	s = norm.NFC.String(s)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u00ad' || r == '\u200b' || r == '\ufeff': // invisible
			return -1
		case r == '\u2011' || r == '\u2010':
			return '-'
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
}

func (d *pdfDoc) newPage() {
	d.file.AddPage()
	d.y = marginTop
}

func (d *pdfDoc) bottom() float64 { return d.height - marginFoot }

// need begins a new page unless a height is left on this one.
func (d *pdfDoc) need(h float64) {
	if d.y+h > d.bottom() && d.y > marginTop {
		d.newPage()
	}
}

func (d *pdfDoc) anchor(id string) {
	if l, ok := d.links[id]; ok {
		d.file.SetLink(l, d.y, -1)
	}
}

func (d *pdfDoc) notice(n *Notice) {
	d.paragraphs([]Inline{strong(n.Title)}, style{size: 24, bold: true}, 0, pageWidth-2*marginX)
	d.y += 4
	for _, i := range n.Summary {
		d.term(i, style{size: textSize}, 38)
	}
	if n.URL != "" {
		d.paragraphs([]Inline{link(n.URL, n.URL)}, style{size: textSize}, 0, pageWidth-2*marginX)
	}
	d.contents(n)
	for i, s := range n.Sections {
		if i == 0 {
			d.newPage()
		}
		d.section(s, 0)
	}
	d.contentsPages()
	d.footers(n)
}

func (d *pdfDoc) contents(n *Notice) {
	d.y += 8
	d.paragraphs([]Inline{strong(n.ContentsTitle)}, style{size: 13, bold: true}, 0, pageWidth-2*marginX)
	d.y += 1
	for _, s := range n.Sections {
		d.entries = append(d.entries, d.y)
		title := concat(Inline{{Text: s.Number + "  "}}, linked(unlinked(s.Title), "#"+s.ID))
		d.paragraphs([]Inline{title}, style{size: textSize}, 0, pageWidth-2*marginX)
		d.y += .6
	}
}

// contentsPages writes the page numbers into the contents once they are known.
func (d *pdfDoc) contentsPages() {
	d.file.SetPage(1)
	s := style{size: textSize}
	for i, y := range d.entries {
		number := itoa(d.pages[i])
		d.colour(s, false)
		d.drawText(marginX+110-d.width(number, false, s.size), y, s, number)
	}
}

var headings = []struct{ size, before, after float64 }{{15, 9, 2.5}, {11.5, 5, 1.8}, {9.8, 3.5, 1.2}}

func (d *pdfDoc) section(s Section, level int) {
	h := headings[min(level, len(headings)-1)]
	d.need(h.before + 45) // a heading does not stand alone at the foot of a page
	if d.y > marginTop {
		d.y += h.before
	}
	title := unlinked(s.Title)
	if s.Number != "" {
		title = concat(plain(s.Number+". "), title)
	}
	d.anchor(s.ID)
	if level == 0 {
		d.pages = append(d.pages, d.file.PageNo())
	}
	d.setFont(style{size: h.size, bold: true}) // the outline is written in the current font's encoding
	d.file.Bookmark(printable(title), level, d.y)
	d.paragraphs([]Inline{strong(title)}, style{size: h.size, bold: true}, 0, pageWidth-2*marginX)
	d.y += h.after
	for _, b := range s.Blocks {
		d.block(b)
	}
	for _, sub := range s.Sections {
		d.section(sub, level+1)
	}
}

func (d *pdfDoc) block(b Block) {
	width := pageWidth - 2*marginX
	switch b.Kind {
	case Paragraph:
		d.anchor(b.ID)
		d.paragraphs([]Inline{b.Text}, style{size: textSize}, 0, width)
	case Note:
		d.note(b)
	case List, Steps:
		d.list(b)
	case FactList:
		for _, i := range b.Items {
			d.term(i, style{size: textSize}, 46)
		}
	case TableKind:
		d.table(b.Table)
	}
	d.y += 2.2
}

// note sets a text apart by a bar beside it.
func (d *pdfDoc) note(b Block) {
	width := pageWidth - 2*marginX
	lines := d.wrap(b.Text, style{size: textSize}, width-6)
	d.need(float64(len(lines)) * lineHeight(textSize))
	d.anchor(b.ID)
	top, page := d.y, d.file.PageNo()
	d.paragraphs([]Inline{b.Text}, style{size: textSize}, 6, width-6)
	if d.file.PageNo() == page {
		d.file.SetFillColor(11, 90, 85)
		d.file.Rect(marginX, top, 1.2, d.y-top, "F")
	}
}

func (d *pdfDoc) list(b Block) {
	for n, i := range b.Items {
		mark := "•"
		if b.Kind == Steps {
			mark = itoa(n+1) + "."
		}
		d.need(lineHeight(textSize))
		d.anchor(i.ID)
		d.drawText(marginX+1, d.y, style{size: textSize}, mark)
		body := i.Body
		if len(i.Term) > 0 {
			body = append([]Inline{strong(i.Term)}, body...)
		}
		d.paragraphs(body, style{size: textSize}, 6, pageWidth-2*marginX-6)
		d.y += .8
	}
}

// term draws a term beside what is said of it.
func (d *pdfDoc) term(i Item, s style, termWidth float64) {
	width := pageWidth - 2*marginX
	bold := style{size: s.size, bold: true}
	term := d.wrap(strong(i.Term), bold, termWidth-4)
	d.need(lineHeight(s.size) * float64(min(max(len(term), len(i.Body)), 6)))
	d.anchor(i.ID)
	top, page := d.y, d.file.PageNo()
	d.drawLines(term, marginX, d.y, bold)
	for n, line := range i.Body {
		if n > 0 {
			d.y += .5
		}
		d.paragraphs([]Inline{line}, s, termWidth, width-termWidth)
	}
	if d.file.PageNo() == page {
		d.y = max(d.y, top+float64(len(term))*lineHeight(s.size))
	}
	d.y += 1.6
}

// paragraphs draws texts below each other, across pages where needed.
func (d *pdfDoc) paragraphs(texts []Inline, s style, indent, width float64) {
	for _, t := range texts {
		if len(t) > 0 && t[0].ID != "" {
			d.anchor(t[0].ID)
		}
		for _, l := range d.wrap(t, s, width) {
			d.need(lineHeight(s.size))
			d.drawLines([]textLine{l}, marginX+indent, d.y, s)
			d.y += lineHeight(s.size)
		}
	}
}

func (d *pdfDoc) footers(n *Notice) {
	pages := d.file.PageCount()
	for i := 1; i <= pages; i++ {
		d.file.SetPage(i)
		s := style{size: smallSize, soft: true}
		left := plain(printable(n.Title) + " · " + d.words.say("versions.number", itoa(n.Version)).String() + " · " + n.Effective)
		d.drawLines(d.wrap(left, s, 120)[:1], marginX, d.height-13, s)
		right := d.words.say("page", i, pages)
		d.setFont(s)
		d.drawLines(d.wrap(right, s, 50), pageWidth-marginX-d.file.GetStringWidth(right.String()), d.height-13, s)
	}
}
