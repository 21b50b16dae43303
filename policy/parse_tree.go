package policy

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// buildTree makes the tree of a text. The library cuts the text into tokens; the
// tree is built here, because the library's own parser takes quadratic time on
// long mappings, is recursive without a bound, and stops at the first error.
func buildTree(r *report, text string) *node {
	b := &builder{report: r}
	b.commentKeeper = newComments(text)
	b.tokens = b.plain(rejoin(tokenize(r, text)))
	if len(r.list) > 0 || len(b.tokens) == 0 {
		if len(r.list) == 0 {
			r.add(Pos{1, 1}, "empty-file", "the file holds nothing but comments", "", "begin with `avow: v1`")
		}
		return nil
	}
	root := b.block(0)
	if !b.stopped && !b.end() {
		b.unexpected("this line does not belong to what stands above it", "check how far it is indented")
	}
	b.leftOver(root)
	return root
}

// builder makes a tree out of tokens, one token at a time, never going back.
type builder struct {
	*report
	tokens []*token.Token
	next   int
	nodes  int
	commentKeeper
	stopped bool // a bound was passed; what follows is not read
}

func place(t *token.Token) Pos { return Pos{t.Position.Line, max(t.Position.Column, 1)} }

func (b *builder) end() bool { return b.next >= len(b.tokens) }

func (b *builder) peek() *token.Token {
	if b.stopped || b.end() {
		return nil
	}
	return b.tokens[b.next]
}

// after is the token behind the next one.
func (b *builder) after() *token.Token {
	if b.stopped || b.next+1 >= len(b.tokens) {
		return nil
	}
	return b.tokens[b.next+1]
}

// take goes past the next token, which its caller has peeked at.
func (b *builder) take() *token.Token {
	t := b.tokens[b.next]
	b.next++
	return t
}

func (b *builder) unexpected(message, do string) {
	if t := b.peek(); t != nil {
		b.add(place(t), "syntax", message, t.Value, do)
	}
	b.stopped = true
}

// node makes a node, unless the bounds are passed.
func (b *builder) node(at Pos, kind nodeKind, depth int) *node {
	b.nodes++
	switch {
	case depth > maxDepth && !b.stopped:
		b.add(at, "too-deep", fmt.Sprintf("parts stand inside parts more than %d deep", maxDepth), "", "a policy needs fewer than ten")
		b.stopped = true
	case b.nodes > maxNodes && !b.stopped:
		b.add(at, "too-many", fmt.Sprintf("the file has more than %d parts", maxNodes), "", "split it into several policies")
		b.stopped = true
	}
	return &node{Pos: at, kind: kind}
}

// block reads what stands on lines of its own: a mapping, a list, or a text.
func (b *builder) block(depth int) *node {
	t := b.peek()
	if t == nil {
		return b.node(Pos{1, 1}, emptyNode, depth)
	}
	switch {
	case t.Type == token.SequenceEntryType:
		return b.blockList(depth)
	case isColon(b.after()) && sameLine(t, b.after()) && isScalar(t):
		return b.blockMapping(depth)
	}
	return b.inline(depth)
}

// blockMapping reads `key: value` lines that stand in one column.
func (b *builder) blockMapping(depth int) *node {
	column := b.peek().Position.Column
	m := b.node(place(b.peek()), mappingNode, depth)
	seen := map[string]int{}
	for t := b.peek(); t != nil && t.Position.Column == column && t.Type != token.SequenceEntryType; t = b.peek() {
		if !isScalar(t) || !isColon(b.after()) || !sameLine(t, b.after()) {
			b.notAKey(t)
			return m
		}
		start := b.next
		key := b.scalar(depth + 1)
		colon := b.take()
		value := b.valueOf(colon, column, depth+1)
		b.claim(value, start)
		b.pair(m, seen, pair{key, value})
		if !b.lineEnds(colon) {
			return m
		}
	}
	b.tooFar(column)
	return m
}

// notAKey explains a line among keys that is not one.
func (b *builder) notAKey(t *token.Token) {
	message, do := "a line `key: value` is expected here", "write a colon and a space after the key"
	if t.Type == token.MappingValueType {
		message, do = "there is no key before this colon", "put a text with a colon in quotes"
	}
	b.unexpected(message, do)
}

// pair adds a key to a mapping, unless it stands there already.
func (b *builder) pair(m *node, seen map[string]int, p pair) {
	if first, twice := seen[p.key.text]; twice {
		b.add(p.key.Pos, "duplicate-key", fmt.Sprintf("%s stands here a second time; the first is on line %d", quote(p.key.text), first), p.key.text, "join the two or rename one")
		m.again = append(m.again, p)
		return
	}
	seen[p.key.text] = p.key.Line
	m.pairs = append(m.pairs, p)
}

// valueOf reads what stands behind a colon, on the same line or indented below it.
func (b *builder) valueOf(colon *token.Token, column, depth int) *node {
	t := b.peek()
	at := place(colon)
	if t == nil {
		return b.node(at, emptyNode, depth)
	}
	if sameLine(colon, t) {
		if t.Type == token.SequenceEntryType {
			b.unexpected("a list in lines cannot begin behind a key", "begin it on the next line, or write it in brackets: `[one, two]`")
			return b.node(at, emptyNode, depth)
		}
		return b.inline(depth)
	}
	listBelow := t.Type == token.SequenceEntryType && t.Position.Column >= column
	if t.Position.Column > column || listBelow {
		return b.block(depth)
	}
	return b.node(at, emptyNode, depth)
}

// lineEnds checks that nothing stands behind a value on its line.
func (b *builder) lineEnds(colon *token.Token) bool {
	t := b.peek()
	if t == nil {
		return !b.stopped
	}
	if !sameLine(b.tokens[b.next-1], t) || b.afterBlockText() {
		return true
	}
	switch t.Type {
	case token.MappingValueType:
		b.unexpected("a second colon on one line", "put the text in quotes")
	case token.MappingEndType, token.SequenceEndType:
		b.unexpected("this bracket closes nothing", "remove it, or put the text in quotes")
	default:
		b.unexpected("something stands behind the value", "put the whole text in quotes")
	}
	return false
}

// afterBlockText reports whether the last token is a text under `|` or `>`, which
// takes whole lines.
func (b *builder) afterBlockText() bool {
	return b.next >= 2 && isBlockHeader(b.tokens[b.next-2])
}

func isBlockHeader(t *token.Token) bool {
	return t.Type == token.LiteralType || t.Type == token.FoldedType
}

// tooFar reports a line that is indented deeper than its neighbours.
func (b *builder) tooFar(column int) {
	if t := b.peek(); t != nil && t.Position.Column > column {
		b.unexpected("this line does not begin in the same column as the lines it belongs to", "indent it as they are")
	}
}

// blockList reads `- item` lines that stand in one column.
func (b *builder) blockList(depth int) *node {
	column := b.peek().Position.Column
	list := b.node(place(b.peek()), sequenceNode, depth)
	for t := b.peek(); t != nil && t.Position.Column == column && t.Type == token.SequenceEntryType; t = b.peek() {
		start := b.next
		dash := b.take()
		list.items = append(list.items, b.blockItem(dash, column, depth+1))
		b.claim(list.items[len(list.items)-1], start)
		if !b.stopped && !b.lineEnds(dash) {
			return list
		}
	}
	b.tooFar(column)
	return list
}

// blockItem reads what stands behind a dash.
func (b *builder) blockItem(dash *token.Token, column, depth int) *node {
	item := b.peek()
	if item == nil || (!sameLine(dash, item) && item.Position.Column <= column) {
		return b.node(place(dash), emptyNode, depth)
	}
	return b.block(depth)
}

// inline reads a text or something in brackets.
func (b *builder) inline(depth int) *node {
	t := b.peek()
	switch {
	case t == nil:
		return b.node(Pos{1, 1}, emptyNode, depth)
	case t.Type == token.MappingStartType:
		return b.flowMapping(depth)
	case t.Type == token.SequenceStartType:
		return b.flowList(depth)
	case isBlockHeader(t):
		return b.blockText(depth)
	case isScalar(t):
		return b.scalar(depth)
	}
	b.unexpected("a text is expected here", "put a text with special characters in quotes")
	return b.node(place(t), emptyNode, depth)
}

// scalar takes one token as a text.
func (b *builder) scalar(depth int) *node {
	t := b.take()
	n := b.node(place(t), scalarNode, depth)
	n.text = t.Value
	n.quoted = t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType
	n.lines = strings.Contains(strings.TrimSpace(t.Origin), "\n")
	return n
}

// blockText reads a text under `|` or `>`.
func (b *builder) blockText(depth int) *node {
	n := b.node(place(b.take()), scalarNode, depth)
	n.quoted, n.lines = true, true
	if t := b.peek(); t != nil && isScalar(t) {
		n.text = b.take().Value
	}
	return n
}

func isColon(t *token.Token) bool { return t != nil && t.Type == token.MappingValueType }

func sameLine(a, b *token.Token) bool { return a.Position.Line == b.Position.Line }

// isScalar reports whether a token is a text, whatever YAML would take it for.
func isScalar(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.SingleQuoteType, token.DoubleQuoteType, token.BoolType, token.NullType,
		token.IntegerType, token.FloatType, token.HexIntegerType, token.OctetIntegerType,
		token.BinaryIntegerType, token.InfinityType, token.NanType, token.ImplicitNullType:
		return true
	}
	return false
}
