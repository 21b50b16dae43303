package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
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

// tokenize keeps a fault in the library from being more than a problem of the file.
func tokenize(r *report, text string) (tokens token.Tokens) {
	defer func() {
		if fault := recover(); fault != nil {
			r.add(Pos{1, 1}, "unreadable", "the file cannot be read as YAML", "", "check its quotes and brackets")
			tokens = nil
		}
	}()
	return lexer.Tokenize(text)
}

// rejoin mends a fault of the library: in a list in brackets inside braces it cuts
// texts such as https://shop.example at the colon. YAML ends a key at a colon only
// where a space follows.
func rejoin(all token.Tokens) token.Tokens {
	out := make(token.Tokens, 0, len(all))
	for i := 0; i < len(all); i++ {
		t := all[i]
		if last := len(out) - 1; last >= 0 && i+1 < len(all) && cutInText(out[last], t, all[i+1]) {
			joined := *out[last]
			joined.Type = token.StringType
			joined.Value += ":" + all[i+1].Value
			out[last] = &joined
			i++
			continue
		}
		out = append(out, t)
	}
	return out
}

func cutInText(before, colon, after *token.Token) bool {
	return len(before.Value) < maxJoined && isColon(colon) && isPlain(before) && isPlain(after) && sameLine(before, colon) && sameLine(colon, after) &&
		before.Position.Column+utf8.RuneCountInString(before.Value) == colon.Position.Column &&
		colon.Position.Column+1 == after.Position.Column
}

// isPlain reports whether a token is a text without quotes.
func isPlain(t *token.Token) bool {
	return isScalar(t) && t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType && t.Type != token.ImplicitNullType
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

// plain takes out comments and refuses what this language leaves out of YAML.
func (b *builder) plain(all token.Tokens) []*token.Token {
	var kept []*token.Token
	ended, directive := false, 0
	for _, t := range all {
		if t.Type == token.DirectiveType {
			directive = t.Position.Line
		} else if t.Position.Line == directive {
			continue
		}
		if t.Type == token.CommentType {
			b.comment(t, len(kept))
			continue
		}
		if t.Type == token.DocumentEndType {
			ended = true
			continue
		}
		if t.Type == token.DocumentHeaderType && len(kept) == 0 && !ended {
			continue
		}
		if t.Type == token.DocumentHeaderType || ended {
			b.add(place(t), "second-document", "a second document begins here", t.Value, "put each policy in a file of its own")
			return kept
		}
		if what, do := leftOut(t); what != "" {
			b.add(place(t), "yaml-not-allowed", what, t.Value, do)
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// leftOut says why a kind of token has no place in a policy: nothing in it may
// mean something that a reader does not see standing there.
func leftOut(t *token.Token) (what, do string) {
	switch t.Type {
	case token.AnchorType:
		return "`&` marks a part to be repeated elsewhere, which a policy may not do", "write the part out; put a text that begins with `&` in quotes"
	case token.AliasType:
		return "`*` repeats a part from elsewhere, which a policy may not do", "write the part out; put a text that begins with `*` in quotes"
	case token.TagType:
		return "`!` gives a part a type, which a policy does not need", "remove it; put a text that begins with `!` in quotes"
	case token.MergeKeyType:
		return "`<<` merges another part, which a policy may not do", "write the keys out"
	case token.MappingKeyType:
		return "`?` begins a key of several lines, which a policy does not have", "write `key: value`; put a text that begins with `?` in quotes"
	case token.DirectiveType:
		return "`%` begins an instruction to the YAML reader, which a policy does not need", "remove it; put a text that begins with `%` in quotes"
	case token.InvalidType:
		return unreadable(t.Error)
	}
	return "", ""
}

// unreadable puts the library's commonest complaints in words for everybody.
func unreadable(complaint string) (what, do string) {
	switch {
	case strings.Contains(complaint, "end character"):
		return "the quotes that open here are never closed", "close them where the text ends"
	case strings.Contains(complaint, "escape"):
		return "a backslash in double quotes stands before a letter it cannot stand before", "put the text in single quotes"
	case strings.Contains(complaint, "reserved"):
		return "a text cannot begin with this character", "put the text in quotes"
	}
	return "this cannot be read: " + complaint, "put a text with special characters in quotes"
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

// flowList reads `[one, two]`.
func (b *builder) flowList(depth int) *node {
	open := b.take()
	list := b.node(place(open), sequenceNode, depth)
	list.flow = true
	for {
		t := b.peek()
		switch {
		case t == nil:
			b.unclosed(open, "]")
			return list
		case t.Type == token.SequenceEndType:
			b.take()
			return list
		}
		start := b.next
		item := b.flowItem(depth + 1)
		list.items = append(list.items, item)
		more := b.separated(open, token.SequenceEndType, "]")
		b.claim(item, start)
		if !more {
			return list
		}
	}
}

// flowItem reads an item of a list in brackets; `[a: b]` is a mapping of one key.
func (b *builder) flowItem(depth int) *node {
	t := b.peek()
	if !isScalar(t) || !isColon(b.after()) {
		return b.inline(depth)
	}
	m := b.node(place(t), mappingNode, depth)
	m.flow = true
	b.flowPair(m, map[string]int{}, depth)
	return m
}

// flowMapping reads `{key: value, key: value}`.
func (b *builder) flowMapping(depth int) *node {
	open := b.take()
	m := b.node(place(open), mappingNode, depth)
	m.flow = true
	seen := map[string]int{}
	for {
		t := b.peek()
		switch {
		case t == nil:
			b.unclosed(open, "}")
			return m
		case t.Type == token.MappingEndType:
			b.take()
			return m
		case !isScalar(t):
			b.unexpected("a key is expected here", "write `key: value`, or put the text in quotes")
			return m
		}
		start := b.next
		b.flowPair(m, seen, depth)
		more := b.separated(open, token.MappingEndType, "}")
		if len(m.pairs) > 0 {
			b.claim(m.pairs[len(m.pairs)-1].value, start)
		}
		if !more {
			return m
		}
	}
}

// flowPair reads one `key: value` in brackets.
func (b *builder) flowPair(m *node, seen map[string]int, depth int) {
	key := b.scalar(depth + 1)
	if !isColon(b.peek()) && continuesText(m, key) {
		b.joinText(m, key)
		return
	}
	value := b.node(key.Pos, emptyNode, depth+1)
	if isColon(b.peek()) {
		b.take()
		if t := b.peek(); t != nil && t.Type != token.CollectEntryType && t.Type != token.MappingEndType && t.Type != token.SequenceEndType {
			value = b.inline(depth + 1)
		}
	}
	b.pair(m, seen, pair{key, value})
}

// continuesText reports whether an entry of several words without a colon goes on
// with the text before it: `{covers: sites, apps for phones included, wins: always}`.
// A single word does not: it is a key that lacks its value.
func continuesText(m, key *node) bool {
	if len(m.pairs) == 0 || key.quoted || !strings.Contains(key.text, " ") {
		return false
	}
	last := m.pairs[len(m.pairs)-1].value
	return last.kind == scalarNode && !last.quoted && len(last.text) < maxJoined
}

// maxJoined keeps texts that are put together from their parts in bounds.
const maxJoined = 4096

// joinText puts back a comma that YAML took for the end of an entry.
func (b *builder) joinText(m, key *node) {
	last := m.pairs[len(m.pairs)-1].value
	last.text += ", " + key.text
	if last.joined {
		return
	}
	last.joined = true
	b.warn(last.Pos, "comma-in-text", "the comma in this text is read as part of it, but other readers of YAML take what follows for a key", last.text, "put the text in quotes")
}

// separated reads the comma between two items; the closing bracket may follow as well.
func (b *builder) separated(open *token.Token, closing token.Type, bracket string) bool {
	t := b.peek()
	switch {
	case t == nil:
		b.unclosed(open, bracket)
		return false
	case t.Type == token.CollectEntryType:
		b.take()
		return true
	case t.Type == closing:
		return true
	case isColon(t):
		b.unexpected("a second colon in one entry", "put the text in quotes")
	default:
		b.unexpected("a comma or "+quote(bracket)+" is expected here", fmt.Sprintf("check the bracket that opens on line %d", open.Position.Line))
	}
	return false
}

func (b *builder) unclosed(open *token.Token, bracket string) {
	if b.stopped {
		return
	}
	b.add(place(open), "unclosed", "the bracket that opens here is never closed", open.Value, "write "+quote(bracket)+" where the list ends")
	b.stopped = true
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
