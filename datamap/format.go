package datamap

import "github.com/avowhq/avow/policy"

// Format lays a file of the map out in the one canonical way, as policy.Format
// does for a policy: the keys of the language in its order, names in the order of
// the author, comments where they stood. A file that cannot be read comes back as
// problems alone.
func Format(src []byte) ([]byte, policy.Problems) { return policy.FormatLike(src, new(System)) }
