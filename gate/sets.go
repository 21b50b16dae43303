package gate

import "github.com/avowhq/avow/policy"

// Sets are read where they lie: a method on a value would copy 32 bytes each time,
// which is most of what a decision would cost.

func covers(s, o *policy.FieldSet) bool {
	return o[0]&^s[0] == 0 && o[1]&^s[1]|o[2]&^s[2]|o[3]&^s[3] == 0 // most policies have fewer than 64 fields
}

func empty(s *policy.FieldSet) bool { return s[0]|s[1]|s[2]|s[3] == 0 }

func meet(s, o *policy.FieldSet) bool {
	return o[0]&s[0]|o[1]&s[1]|o[2]&s[2]|o[3]&s[3] != 0
}

// become copies word by word, as a set is read.
func become(s, o *policy.FieldSet) {
	s[0], s[1], s[2], s[3] = o[0], o[1], o[2], o[3]
}

// add puts into s what is in both a and b.
func add(s, a, b *policy.FieldSet) {
	s[0] |= a[0] & b[0]
	s[1] |= a[1] & b[1]
	s[2] |= a[2] & b[2]
	s[3] |= a[3] & b[3]
}

// unite makes s what is in a or in b.
func unite(s, a, b *policy.FieldSet) {
	s[0] = a[0] | b[0]
	s[1] = a[1] | b[1]
	s[2] = a[2] | b[2]
	s[3] = a[3] | b[3]
}
