package policy

// node is a part of a file before it has a type. Every scalar is text: what YAML
// would read as a boolean, number or null is the characters that were written.
type node struct {
	Pos
	kind   nodeKind
	text   string // scalarNode
	quoted bool   // scalarNode: it stood in quotes or as a block
	joined bool   // scalarNode: a comma in it was taken for the end of an entry
	lines  bool   // scalarNode: it stood on several lines
	flow   bool   // mappingNode, sequenceNode: it stood in braces or brackets
	pairs  []pair // mappingNode, in the order of the file
	again  []pair // mappingNode: pairs whose key stood in it before
	items  []*node
	head   []string // the comments above it or above its key; an empty one is a blank line
	foot   []string // of the root: the comments below everything
	trail  behind   // the comment behind it or behind its key
}

type nodeKind uint8

const (
	emptyNode nodeKind = iota // nothing was written
	scalarNode
	mappingNode
	sequenceNode
)

// pair is one `key: value`.
type pair struct {
	key   *node
	value *node
}

// get finds the value of a key.
func (n *node) get(key string) (*node, bool) {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value, true
		}
	}
	return nil, false
}

// is reports whether the node is the word, written without quotes or with.
func (n *node) is(word string) bool { return n.kind == scalarNode && n.text == word }

// what says what the node is, for a person.
func (n *node) what() string {
	switch n.kind {
	case scalarNode:
		return "a text"
	case mappingNode:
		return "a group of keys"
	case sequenceNode:
		return "a list"
	}
	return "nothing"
}

// shown is the offending text of a node.
func (n *node) shown() string {
	if n.kind == mappingNode && len(n.pairs) > 0 {
		return n.pairs[0].key.text
	}
	return n.text
}

// same reports whether two nodes say the same, however they are laid out.
func (n *node) same(o *node) bool {
	if n.kind != o.kind || n.text != o.text || len(n.pairs) != len(o.pairs) || len(n.items) != len(o.items) {
		return false
	}
	for i, p := range n.pairs {
		if p.key.text != o.pairs[i].key.text || !p.value.same(o.pairs[i].value) {
			return false
		}
	}
	for i, item := range n.items {
		if !item.same(o.items[i]) {
			return false
		}
	}
	return true
}
