package notice

import "strings"

// Notice is a whole notice, as text in a structure. Its JSON form is stable: keys
// may be added, none is renamed or taken away.
type Notice struct {
	Lang          string    `json:"lang"`
	Languages     []string  `json:"languages,omitempty"` // in which the policy has texts
	Title         Inline    `json:"title"`
	Policy        string    `json:"policy"`  // short name
	Version       int       `json:"version"` // from 1
	Hash          string    `json:"sha256"`  // of the policy file, hexadecimal
	Effective     string    `json:"effective"`
	Updated       string    `json:"updated,omitempty"`
	URL           string    `json:"url,omitempty"`
	Summary       []Item    `json:"summary"`
	Other         []Inline  `json:"other,omitempty"` // links to other renderings
	ContentsTitle Inline    `json:"contents_title"`
	Sections      []Section `json:"sections"`
	wide          bool      // tables have many columns
}

// Section is a heading with what stands under it. Its ID is the key of the
// policy file it is about, or a name of ours.
type Section struct {
	ID       string    `json:"id"`
	Number   string    `json:"number,omitempty"` // `3`; sections inside a section have none
	Title    Inline    `json:"title"`
	Blocks   []Block   `json:"blocks,omitempty"`
	Sections []Section `json:"sections,omitempty"`
}

// Kind is what a block is.
type Kind string

// The kinds of blocks.
const (
	Paragraph Kind = "paragraph" // Text
	Note      Kind = "note"      // Text; set apart from its surroundings
	List      Kind = "list"      // Items without terms
	Steps     Kind = "steps"     // Items in an order that counts
	FactList  Kind = "facts"     // Items with terms
	TableKind Kind = "table"     // Table
)

// Block is one piece of a section.
type Block struct {
	ID    string `json:"id,omitempty"`
	Kind  Kind   `json:"kind"`
	Text  Inline `json:"text,omitempty"`
	Items []Item `json:"items,omitempty"`
	Table *Table `json:"table,omitempty"`
}

// Item is one entry of a list: lines of text, under a term in a list of facts.
type Item struct {
	ID   string   `json:"id,omitempty"`
	Term Inline   `json:"term,omitempty"`
	Body []Inline `json:"body,omitempty"`
}

// Table is rows in groups; a group has a heading that stands in the first column
// beside all its rows.
type Table struct {
	Caption Inline   `json:"caption"`
	Columns []Inline `json:"columns"` // the first is the heading of the groups
	Groups  []Group  `json:"groups"`
	even    bool     // one of several alike: its columns are as wide as theirs
}

// Group is the rows beside one row heading.
type Group struct {
	ID   string `json:"id,omitempty"`
	Head Cell   `json:"head"`
	Rows []Row  `json:"rows"`
}

// Row is one row, without the heading.
type Row struct {
	ID    string `json:"id,omitempty"`
	Cells []Cell `json:"cells"`
}

// Cell is the lines of one cell.
type Cell []Inline

// Inline is running text.
type Inline []Span

// Span is a piece of text. Href is one of http, https, mailto and tel, or `#id`
// of the same notice; Lang is set where the language is not the notice's.
type Span struct {
	Text   string `json:"text"`
	Href   string `json:"href,omitempty"`
	Lang   string `json:"lang,omitempty"`
	Strong bool   `json:"strong,omitempty"`
	ID     string `json:"id,omitempty"` // of the sentence that begins here
}

// String is the text alone.
func (t Inline) String() string {
	var s strings.Builder
	for _, span := range t {
		s.WriteString(span.Text)
	}
	return s.String()
}

func (s Section) empty() bool { return len(s.Blocks) == 0 && len(s.Sections) == 0 }

// number counts the sections from 1.
func (n *Notice) number() {
	for i := range n.Sections {
		n.Sections[i].Number = itoa(i + 1)
	}
}

// Anchor finds the id that a clause key of the policy has in this notice: its
// own, or that of the part it stands in. The empty text means it is not printed.
func (n *Notice) Anchor(key string) string {
	ids := n.ids()
	for key != "" {
		if id := Anchor(key); ids[id] {
			return id
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return ""
		}
		key = key[:cut]
	}
	return ""
}

func (n *Notice) ids() map[string]bool {
	ids := map[string]bool{}
	n.walk(func(id string) { ids[id] = true })
	delete(ids, "")
	return ids
}

// walk calls f with every id, in the order of the text.
func (n *Notice) walk(f func(id string)) {
	for _, s := range n.Sections {
		s.walk(f)
	}
}

func (s Section) walk(f func(id string)) {
	f(s.ID)
	for _, b := range s.Blocks {
		b.walk(f)
	}
	for _, sub := range s.Sections {
		sub.walk(f)
	}
}

func (b Block) walk(f func(id string)) {
	f(b.ID)
	for _, item := range b.Items {
		item.walk(f)
	}
	if b.Table == nil {
		return
	}
	for _, g := range b.Table.Groups {
		f(g.ID)
		for _, r := range g.Rows {
			f(r.ID)
		}
	}
}

func (i Item) walk(f func(id string)) {
	f(i.ID)
	for _, line := range i.Body {
		for _, s := range line {
			f(s.ID)
		}
	}
}

// Anchor is the id of a clause key: the key itself, with every character that
// does not belong in an id written as ~ and its bytes in hexadecimal. Different
// keys have different ids.
func Anchor(key string) string {
	const hexDigits = "0123456789abcdef"
	var id strings.Builder
	for i := 0; i < len(key); i++ {
		c := key[i]
		if c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			id.WriteByte(c)
			continue
		}
		id.WriteByte('~')
		id.WriteByte(hexDigits[c>>4])
		id.WriteByte(hexDigits[c&15])
	}
	return id.String()
}

// at is the id of a part of the policy file.
func at(path ...string) string { return Anchor(strings.Join(path, ".")) }

// unlinkMissing turns links to parts that are not printed into plain text.
func (n *Notice) unlinkMissing() {
	ids := n.ids()
	n.eachInline(func(t Inline) {
		for i := range t {
			if id, inPage := strings.CutPrefix(t[i].Href, "#"); inPage && !ids[id] {
				t[i].Href = ""
			}
		}
	})
}

// eachInline calls f with every running text, in the order of the notice.
func (n *Notice) eachInline(f func(Inline)) {
	f(n.Title)
	for _, i := range n.Summary {
		i.each(f)
	}
	for _, t := range n.Other {
		f(t)
	}
	for _, s := range n.Sections {
		s.each(f)
	}
}

func (s Section) each(f func(Inline)) {
	f(s.Title)
	for _, b := range s.Blocks {
		b.each(f)
	}
	for _, sub := range s.Sections {
		sub.each(f)
	}
}

func (b Block) each(f func(Inline)) {
	f(b.Text)
	for _, i := range b.Items {
		i.each(f)
	}
	if b.Table != nil {
		b.Table.each(f)
	}
}

func (i Item) each(f func(Inline)) {
	f(i.Term)
	for _, t := range i.Body {
		f(t)
	}
}

func (t *Table) each(f func(Inline)) {
	f(t.Caption)
	for _, c := range t.Columns {
		f(c)
	}
	for _, g := range t.Groups {
		for _, line := range g.Head {
			f(line)
		}
		for _, r := range g.Rows {
			for _, c := range r.Cells {
				for _, line := range c {
					f(line)
				}
			}
		}
	}
}
