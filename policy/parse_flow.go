package policy

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/token"
)

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
