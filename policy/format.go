package policy

import (
	"reflect"
	"slices"
	"strings"
)

// The widths of the canonical layout, in characters.
const (
	indentStep = 2
	flowWidth  = 120 // what stands in braces or brackets stays on one line up to here
	textWidth  = 100 // texts of several lines are wrapped here

	maxCommentColumn = 80 // a comment farther to the right moves up to what it stands behind
)

// Format lays a policy file out in the one canonical way: the keys of the language
// in the order of the reference, names in the order of the author, two spaces a
// step, quotes only where they are needed. Comments stay with the line they stand
// at; no value changes. A file that cannot be read comes back as problems alone;
// what a policy may not say is no hindrance.
func Format(src []byte) ([]byte, Problems) { return FormatLike(src, new(Document)) }

// FormatLike lays out a file of another kind that is written in the same way; like
// points at the struct that Decode reads it into.
func FormatLike(src []byte, like any) ([]byte, Problems) {
	r := &report{}
	root := parseTree(r, src)
	if root == nil || r.list.Errors() {
		return nil, r.sorted()
	}
	t := reflect.TypeOf(like).Elem()
	if root.kind != mappingNode {
		r.add(root.Pos, "wrong-shape", "the file does not begin with keys", root.shown(), "write one `key: value` on each line")
		return nil, r.sorted()
	}
	keepTop(root)
	order(root, t)
	out := newLayout(root).document(root)
	if !sameContent(root, out) {
		r.add(Pos{1, 1}, "cannot-format", "this file cannot be laid out without changing what it says", "", "leave it as it is, and report this")
		return nil, r.sorted()
	}
	return out, nil
}

// keepTop leaves the comments that stand apart at the top of the file there,
// whichever key comes to be the first.
func keepTop(root *node) {
	if len(root.pairs) == 0 {
		return
	}
	first := root.pairs[0].value
	for i := len(first.head) - 1; i >= 0; i-- {
		if first.head[i] == "" {
			root.head = append(root.head, first.head[:i+1]...)
			first.head = first.head[i+1:]
			return
		}
	}
}

// sameContent reads a layout back and compares: every value, every comment.
func sameContent(root *node, out []byte) bool {
	r := &report{}
	again := parseTree(r, out)
	return again != nil && len(r.list) == 0 && root.same(again) && slices.Equal(commentsOf(root), commentsOf(again))
}

// commentsOf lists all comments of a tree, sorted: moving one is no change.
func commentsOf(n *node) []string {
	var out []string
	var walk func(n *node)
	walk = func(n *node) {
		for _, text := range append(append(slices.Clone(n.head), n.foot...), n.trail.text) {
			if text != "" {
				out = append(out, text)
			}
		}
		for _, p := range n.pairs {
			walk(p.value)
		}
		for _, item := range n.items {
			walk(item)
		}
	}
	walk(n)
	slices.Sort(out)
	return out
}

// order sorts the keys of the language into the order of the types; names the
// author chose keep theirs, behind them.
func order(n *node, t reflect.Type) {
	if part, several := elementOf(t); several {
		for _, item := range n.items {
			order(item, part)
		}
		for _, p := range n.pairs {
			order(p.value, part)
		}
		return
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[reader]()) {
		return
	}
	s := new(shape)
	s.collect(t, nil)
	rank := func(p pair) int {
		if i := slices.Index(s.keyNames(), p.key.text); i >= 0 {
			return i
		}
		return len(s.keys)
	}
	slices.SortStableFunc(n.pairs, func(a, b pair) int { return rank(a) - rank(b) })
	for _, p := range n.pairs {
		if f, ok := s.find(p.key.text); ok {
			order(p.value, t.FieldByIndex(f.index).Type)
		} else if s.rest != nil {
			part, _ := elementOf(t.FieldByIndex(s.rest).Type)
			order(p.value, part)
		}
	}
}

// elementOf is the type of the parts of a list or of named entries.
func elementOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Slice {
		return t, false
	}
	part := t.Elem()
	if is, ok := entryPart(part); ok {
		return is, true
	}
	return part, true
}

// entryPart is the type behind the names, when t is an Entry.
func entryPart(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct || t.NumField() != 3 || !strings.HasPrefix(t.Name(), "Entry[") {
		return nil, false
	}
	return t.Field(2).Type, true
}

// layout writes a tree.
type layout struct {
	strings.Builder
	commented map[*node]bool // it or something inside it has a comment
}

func newLayout(root *node) *layout {
	l := &layout{commented: map[*node]bool{}}
	l.mark(root)
	return l
}

// mark notes which parts have comments inside: those cannot stand on one line.
func (l *layout) mark(n *node) bool {
	inside := false
	for _, p := range n.pairs {
		if l.mark(p.value) || hasComment(p.value) {
			inside = true
		}
	}
	for _, item := range n.items {
		if l.mark(item) || hasComment(item) {
			inside = true
		}
	}
	l.commented[n] = inside
	return inside
}

func hasComment(n *node) bool {
	return n.trail.text != "" || slices.ContainsFunc(n.head, func(s string) bool { return s != "" })
}

func (l *layout) document(root *node) []byte {
	l.head(root.head, 0)
	if root.trail.text != "" {
		l.head([]string{root.trail.text}, 0)
	}
	if len(root.pairs) > 0 {
		l.mapping(root, 0, false)
	} else {
		l.WriteString("{}\n")
	}
	l.head(root.foot, 0)
	return []byte(strings.TrimLeft(strings.TrimRight(l.String(), "\n")+"\n", "\n"))
}

// head writes the comments and blank lines above a part.
func (l *layout) head(lines []string, indent int) {
	blank := false
	for _, line := range lines {
		if line == "" {
			if !blank {
				l.WriteString("\n")
			}
			blank = true
			continue
		}
		blank = false
		l.WriteString(strings.Repeat(" ", indent) + line + "\n")
	}
}

// mapping writes `key: value` lines. Behind a dash the first line has its indent already.
func (l *layout) mapping(n *node, indent int, behindDash bool) {
	for i, p := range n.pairs {
		if i > 0 || !behindDash {
			l.head(p.value.head, indent)
			l.WriteString(strings.Repeat(" ", indent))
		}
		l.WriteString(inFlow(p.key.text, false) + ":")
		l.value(p.value, indent)
	}
}

// value writes what stands behind a colon or dash, to the end of the line or below.
func (l *layout) value(n *node, indent int) {
	column := l.column()
	switch {
	case n.kind == emptyNode:
		l.endLine("", n.trail)
	case n.kind == scalarNode:
		l.text(n, indent)
	case l.fits(n, column):
		l.endLine(" "+flow(n), n.trail)
	case n.kind == sequenceNode && n.flow && l.onlyTexts(n):
		l.wrapped(n, column, indent)
	case n.kind == mappingNode:
		l.endLine("", n.trail)
		l.mapping(n, indent+indentStep, false)
	default:
		l.endLine("", n.trail)
		l.list(n, indent+indentStep)
	}
}

// column is how many characters stand on the line that is being written.
func (l *layout) column() int {
	s := l.String()
	return len([]rune(s[strings.LastIndexByte(s, '\n')+1:]))
}

// endLine ends a line. A comment behind it keeps its column where it can, so that
// comments that stand below each other still do.
func (l *layout) endLine(text string, trail behind) {
	l.WriteString(text)
	if trail.text != "" {
		space := 2
		if trail.column <= maxCommentColumn {
			space = max(space, trail.column-1-l.column())
		}
		l.WriteString(strings.Repeat(" ", space) + trail.text)
	}
	l.WriteString("\n")
}

// fits reports whether a part stays in braces or brackets on one line.
func (l *layout) fits(n *node, column int) bool {
	if len(n.pairs)+len(n.items) == 0 {
		return true
	}
	return n.flow && !l.commented[n] && column+1+len([]rune(flow(n))) <= flowWidth
}

func (l *layout) onlyTexts(n *node) bool {
	return !l.commented[n] && !slices.ContainsFunc(n.items, func(item *node) bool { return item.kind != scalarNode })
}

// wrapped writes a list of texts in brackets over several lines, the later ones
// below the first text where that leaves them room.
func (l *layout) wrapped(n *node, column, indent int) {
	hang := column + len(" [")
	if hang > flowWidth/3 {
		hang = indent + indentStep
	}
	line := " ["
	for i, item := range n.items {
		text := inFlow(item.text, item.quoted)
		if i < len(n.items)-1 {
			text += ","
		}
		if column+len([]rune(line))+1+len([]rune(text)) > flowWidth && i > 0 {
			l.WriteString(strings.TrimRight(line, " ") + "\n")
			column, line = hang, ""
			l.WriteString(strings.Repeat(" ", column))
		}
		line += text + " "
	}
	l.endLine(strings.TrimRight(line, " ")+"]", n.trail)
}

// list writes `- item` lines.
func (l *layout) list(n *node, indent int) {
	for _, item := range n.items {
		inner := item.kind == mappingNode && len(item.pairs) > 0 && !l.fits(item, indent+1)
		l.head(item.head, indent)
		if inner {
			l.head(append([]string{item.trail.text}, item.pairs[0].value.head...)[startOf(item):], indent)
		}
		l.WriteString(strings.Repeat(" ", indent) + "-")
		if inner {
			l.WriteString(" ")
			l.mapping(item, indent+indentStep, true)
			continue
		}
		l.value(item, indent)
	}
}

// startOf skips the comment behind a dash when there is none.
func startOf(item *node) int {
	if item.trail.text == "" {
		return 1
	}
	return 0
}
