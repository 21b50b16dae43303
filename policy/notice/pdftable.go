package notice

import (
	"math"
	"strings"
)

const (
	cellPad = 1.6
	rowPad  = 1.3
)

// pdfTable is a table being drawn: its columns' places and its heading.
type pdfTable struct {
	d      *pdfDoc
	x, w   []float64
	header [][]textLine
}

func (d *pdfDoc) table(t *Table) {
	d.need(24)
	d.paragraphs([]Inline{t.Caption}, style{size: smallSize, soft: true}, 0, pageWidth-2*marginX)
	d.y += 1
	p := &pdfTable{d: d}
	p.columns(t)
	for i, c := range t.Columns {
		p.header = append(p.header, d.wrap(strong(c), style{size: smallSize, bold: true}, p.inner(i)))
	}
	p.head()
	for _, g := range t.Groups {
		p.group(g)
	}
}

func (p *pdfTable) inner(i int) float64 { return p.w[i] - 2*cellPad }

// columns shares the width by how much text a column has, and gives each at
// least the room of its longest word, as far as that goes.
func (p *pdfTable) columns(t *Table) {
	total := pageWidth - 2*marginX
	if t.even && len(t.Columns) == len(evenShares) {
		p.place(total, evenShares[:])
		return
	}
	least, weight := make([]float64, len(t.Columns)), make([]float64, len(t.Columns))
	note := func(col int, t Inline, bold bool) {
		for _, s := range t {
			for _, word := range strings.Fields(printableText(s.Text)) {
				wide := p.d.width(word, bold || s.Strong, tableSize) + 2*cellPad + .5
				least[col] = max(least[col], min(wide, total/3))
				weight[col] += float64(len(word))
			}
		}
	}
	for c, title := range t.Columns {
		note(c, title, true)
	}
	for _, g := range t.Groups {
		for _, line := range g.Head {
			note(0, line, true)
		}
		for _, r := range g.Rows {
			for c, cell := range r.Cells {
				for _, line := range cell {
					note(c+1, line, false)
				}
			}
		}
	}
	p.share(total, least, weight)
}

func (p *pdfTable) share(total float64, least, weight []float64) {
	sumLeast, sumWeight := 0.0, 0.0
	for i := range least {
		sumLeast += least[i]
		sumWeight += math.Pow(weight[i], .8)
	}
	rest, scale := max(0, total-sumLeast), min(1, total/sumLeast)
	shares := make([]float64, len(least))
	for i := range least {
		shares[i] = (least[i]*scale + rest*math.Pow(weight[i], .8)/sumWeight) / total
	}
	p.place(total, shares)
}

// evenShares are the parts of the width in tables that should look alike.
var evenShares = [...]float64{.20, .32, .17, .15, .16}

func (p *pdfTable) place(total float64, shares []float64) {
	x := marginX
	for _, share := range shares {
		p.x, p.w = append(p.x, x), append(p.w, share*total)
		x += share * total
	}
}

// head draws the heading; it is drawn again on every page.
func (p *pdfTable) head() {
	d := p.d
	h := float64(tallest(p.header))*lineHeight(smallSize) + 2*rowPad
	d.file.SetFillColor(243, 240, 232)
	d.file.Rect(marginX, d.y, pageWidth-2*marginX, h, "F")
	for i, lines := range p.header {
		d.drawLines(lines, p.x[i]+cellPad, d.y+rowPad, style{size: smallSize, bold: true})
	}
	d.y += h
}

func (p *pdfTable) group(g Group) {
	s := style{size: tableSize}
	var head []textLine
	for n, line := range g.Head {
		if n == 0 {
			line = strong(line)
		}
		head = append(head, p.d.wrap(line, s, p.inner(0))...)
	}
	for i, r := range g.Rows {
		ids, cells := []string{r.ID}, make([][]textLine, len(p.x))
		if i == 0 {
			ids, cells[0] = append(ids, g.ID), head
		}
		for c, cell := range r.Cells {
			cells[c+1] = p.cell(cell, c+1, s)
		}
		p.row(ids, head, cells, i == len(g.Rows)-1)
	}
}

// cell is the lines of a cell. Where it holds several texts, the second and
// later lines of each stand in a little, so that one sees where the next begins.
func (p *pdfTable) cell(c Cell, col int, s style) []textLine {
	const hang = 2.2
	if len(c) == 1 {
		return p.d.wrap(c[0], s, p.inner(col))
	}
	var out []textLine
	for _, text := range c {
		for i, l := range p.d.wrap(text, s, p.inner(col)-hang) {
			for n := range l {
				if i > 0 {
					l[n].x += hang
				}
			}
			out = append(out, l)
		}
	}
	return out
}

// row draws a row; one that does not fit on what is left of the page goes to the
// next, and one longer than a page is continued there.
func (p *pdfTable) row(ids []string, head []textLine, cells [][]textLine, last bool) {
	d := p.d
	if rows := tallest(cells); rows > p.room() && (p.room() < 4 || rows <= 25) {
		p.nextPage()
		cells[0] = head // on a new page a row says again what it belongs to
	}
	for _, id := range ids {
		d.anchor(id)
	}
	for left := tallest(cells); left > 0; {
		now := min(left, max(p.room(), 1))
		for c := range cells {
			n := min(now, len(cells[c]))
			d.drawLines(cells[c][:n], p.x[c]+cellPad, d.y+rowPad, style{size: tableSize})
			cells[c] = cells[c][n:]
		}
		d.y += float64(now)*lineHeight(tableSize) + 2*rowPad
		if left -= now; left > 0 {
			p.nextPage()
		}
	}
	p.rule(last)
}

// room is the number of lines of a row that fit on the page.
func (p *pdfTable) room() int {
	return int((p.d.bottom() - p.d.y - 2*rowPad) / lineHeight(tableSize))
}

func (p *pdfTable) nextPage() {
	p.d.newPage()
	p.head()
}

func tallest(cells [][]textLine) int {
	rows := 0
	for _, lines := range cells {
		rows = max(rows, len(lines))
	}
	return rows
}

// rule draws the line below a row: thin, and from the second column on, where
// the heading goes on to the next row.
func (p *pdfTable) rule(last bool) {
	d := p.d
	d.file.SetDrawColor(200, 196, 186)
	d.file.SetLineWidth(.15)
	x := p.x[0]
	if !last && len(p.x) > 1 {
		x = p.x[1]
	}
	d.file.Line(x, d.y, pageWidth-marginX, d.y)
}
