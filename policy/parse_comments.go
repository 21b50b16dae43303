package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// commentKeeper keeps the comments of a file by the token they stand at, until the
// part of the tree they belong to claims them.
type commentKeeper struct {
	lines  []string
	above  map[int][]string // on lines of their own, above the token
	behind map[int]behind   // on the token's line, behind it
	last   int              // the line of the last comment above a token
}

// behind is a comment behind something, with the column it begins in.
type behind struct {
	text   string
	column int
}

func newComments(text string) commentKeeper {
	return commentKeeper{lines: strings.Split(text, "\n"), above: map[int][]string{}, behind: map[int]behind{}}
}

// comment notes a comment that stands before token number next.
func (c *commentKeeper) comment(t *token.Token, next int) {
	text := "#" + strings.TrimRight(t.Value, " ")
	if _, taken := c.behind[next-1]; !taken && next > 0 && !c.ownLine(t) {
		c.behind[next-1] = behind{text, t.Position.Column}
		return
	}
	line := t.Position.Line
	if list := c.above[next]; (len(list) > 0 && line > c.last+1) || (len(list) == 0 && c.blank(line-1)) {
		c.above[next] = append(list, "")
	}
	c.last = line
	c.above[next] = append(c.above[next], text)
}

// ownLine reports whether nothing but space stands before a comment.
func (c *commentKeeper) ownLine(t *token.Token) bool {
	if t.Position.Line > len(c.lines) {
		return true
	}
	return strings.HasPrefix(strings.TrimSpace(c.lines[t.Position.Line-1]), "#")
}

// blank reports whether a line (from 1) is there and empty.
func (c *commentKeeper) blank(line int) bool {
	return line >= 1 && line <= len(c.lines) && strings.TrimSpace(c.lines[line-1]) == ""
}

// claim gives a node the comments at the tokens from start to the next one, except
// those that a part inside it has claimed.
func (b *builder) claim(n *node, start int) {
	blank := b.blankAbove(start)
	if len(b.above) == 0 && len(b.behind) == 0 && !blank {
		return
	}
	if list := b.above[start]; blank && (len(list) > 0 || start > 0) {
		b.above[start] = append(list, "")
	}
	for i := start; i < min(b.next, len(b.tokens)); i++ {
		n.head = append(n.head, b.above[i]...)
		delete(b.above, i)
		comment, ok := b.behind[i]
		switch {
		case ok && n.trail.text == "":
			n.trail = comment
		case ok:
			n.head = append(n.head, comment.text)
		}
		delete(b.behind, i)
	}
}

// blankAbove reports whether a token is the first of its line, and the line above is empty.
func (b *builder) blankAbove(start int) bool {
	return (start == 0 || !sameLine(b.tokens[start-1], b.tokens[start])) && b.blank(b.tokens[start].Position.Line-1)
}

// leftOver puts the comments nobody claimed at the top and the foot of the file.
func (b *builder) leftOver(root *node) {
	root.foot = b.above[len(b.tokens)]
	delete(b.above, len(b.tokens))
	for _, at := range slices.Sorted(maps.Keys(b.above)) {
		root.head = append(root.head, b.above[at]...)
	}
	for _, at := range slices.Sorted(maps.Keys(b.behind)) {
		root.head = append(root.head, b.behind[at].text)
	}
}
