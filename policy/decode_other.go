package policy

import "reflect"

// Decode reads a file of another kind that is written in the same way, such as
// decision tests, into a struct whose fields carry `key` tags. Every problem is
// reported, with the file's name; what could not be read is left out.
func Decode(file string, src []byte, into any) Problems {
	r := &report{file: file}
	root := parseTree(r, src)
	if root == nil {
		return r.sorted()
	}
	d := newDecoder(r)
	d.structure(reflect.ValueOf(into).Elem(), root, root.Pos, "the file")
	return r.sorted()
}

// DidYouMean suggests the word nearest to what was written, or says what may
// stand there when nothing is near; empty when there is too much of that.
func DidYouMean(wrote string, allowed []string) string { return didYouMean(wrote, allowed) }

// Nearest is the allowed word a slip of the pen away from what was written; empty when none is.
func Nearest(wrote string, allowed []string) string { return nearest(wrote, allowed) }
