package notice

import "slices"

// Blocks. Each gives nothing when it would be empty.

func paragraph(t Inline) []Block {
	if len(t) == 0 {
		return nil
	}
	return []Block{{Kind: Paragraph, Text: t}}
}

func noteBlock(t Inline) []Block {
	if len(t) == 0 {
		return nil
	}
	return []Block{{Kind: Note, Text: t}}
}

func items(kind Kind, list []Item) []Block {
	if len(list) == 0 {
		return nil
	}
	return []Block{{Kind: kind, Items: list}}
}

func factBlock(list ...Item) []Block {
	return items(FactList, slices.DeleteFunc(slices.Clone(list), func(i Item) bool { return len(i.Body) == 0 }))
}

func bullets(texts []Inline) []Block {
	var list []Item
	for _, t := range texts {
		list = append(list, Item{Body: []Inline{t}})
	}
	return items(List, list)
}

// fact is an item of a list of facts.
func (b *builder) fact(key string, body ...Inline) Item {
	return Item{Term: b.say(key), Body: lines(body...)}
}

// withID puts an id on the first block.
func withID(id string, blocks []Block) []Block {
	if len(blocks) > 0 {
		blocks[0].ID = id
	}
	return blocks
}

// table makes a table without the columns that are empty in every row.
func (b *builder) table(caption Inline, columns []string, groups []Group) []Block {
	if len(groups) == 0 {
		return nil
	}
	t := &Table{Caption: caption, Groups: groups}
	for i, key := range columns {
		if i == 0 || t.column(i-1) {
			t.Columns = append(t.Columns, b.say(key))
		}
	}
	t.dropEmpty(len(columns) - 1)
	t.fillEmpty(b.say("cell.none"))
	return []Block{{Kind: TableKind, Table: t}}
}

// column reports whether something stands in a column.
func (t *Table) column(i int) bool {
	for _, g := range t.Groups {
		for _, r := range g.Rows {
			if len(r.Cells[i]) > 0 {
				return true
			}
		}
	}
	return false
}

func (t *Table) dropEmpty(columns int) {
	for i := columns - 1; i >= 0; i-- {
		if t.column(i) {
			continue
		}
		for g := range t.Groups {
			for r := range t.Groups[g].Rows {
				row := &t.Groups[g].Rows[r]
				row.Cells = slices.Delete(row.Cells, i, i+1)
			}
		}
	}
}

// fillEmpty writes a dash where nothing stands, so that nobody wonders whether
// something is missing.
func (t *Table) fillEmpty(dash Inline) {
	for _, g := range t.Groups {
		for _, r := range g.Rows {
			for i := range r.Cells {
				if len(r.Cells[i]) == 0 {
					r.Cells[i] = Cell{dash}
				}
			}
		}
	}
}

// one is a group of one row.
func one(id string, head Inline, cells ...Cell) Group {
	return Group{ID: id, Head: Cell{head}, Rows: []Row{{Cells: cells}}}
}

func cell(texts ...Inline) Cell { return lines(texts...) }

// mark gives the first of some lines an id.
func mark(texts []Inline, id string) []Inline {
	if len(texts) > 0 && len(texts[0]) > 0 {
		first := slices.Clone(texts[0])
		first[0].ID = id
		texts[0] = first
	}
	return texts
}
