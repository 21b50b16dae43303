package policy

import "math/bits"

// Has reports whether the field with index i is in the set.
func (s FieldSet) Has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// Add puts a field in the set.
func (s *FieldSet) Add(i int) { s[i>>6] |= 1 << (i & 63) }

// Empty reports whether nothing is in the set.
func (s FieldSet) Empty() bool { return s[0]|s[1]|s[2]|s[3] == 0 }

// Covers reports whether everything in o is in s.
func (s FieldSet) Covers(o FieldSet) bool {
	return o[0]&^s[0]|o[1]&^s[1]|o[2]&^s[2]|o[3]&^s[3] == 0
}

// And is what is in both.
func (s FieldSet) And(o FieldSet) FieldSet {
	return FieldSet{s[0] & o[0], s[1] & o[1], s[2] & o[2], s[3] & o[3]}
}

// Or is what is in either.
func (s FieldSet) Or(o FieldSet) FieldSet {
	return FieldSet{s[0] | o[0], s[1] | o[1], s[2] | o[2], s[3] | o[3]}
}

// Minus is what is in s and not in o.
func (s FieldSet) Minus(o FieldSet) FieldSet {
	return FieldSet{s[0] &^ o[0], s[1] &^ o[1], s[2] &^ o[2], s[3] &^ o[3]}
}

// Len counts the fields.
func (s FieldSet) Len() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3])
}

// Each calls f with every index in the set, in order.
func (s FieldSet) Each(f func(i int)) { each(s[:], f) }

// Has reports whether the purpose with index i is in the set.
func (s PurposeSet) Has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// Add puts a purpose in the set.
func (s *PurposeSet) Add(i int) { s[i>>6] |= 1 << (i & 63) }

// Empty reports whether nothing is in the set.
func (s PurposeSet) Empty() bool { return s[0]|s[1]|s[2]|s[3] == 0 }

// Or is what is in either.
func (s PurposeSet) Or(o PurposeSet) PurposeSet {
	return PurposeSet{s[0] | o[0], s[1] | o[1], s[2] | o[2], s[3] | o[3]}
}

// Minus is what is in s and not in o.
func (s PurposeSet) Minus(o PurposeSet) PurposeSet {
	return PurposeSet{s[0] &^ o[0], s[1] &^ o[1], s[2] &^ o[2], s[3] &^ o[3]}
}

// Each calls f with every index in the set, in order.
func (s PurposeSet) Each(f func(i int)) { each(s[:], f) }

func each(words []uint64, f func(i int)) {
	for w, word := range words {
		for word != 0 {
			f(w<<6 + bits.TrailingZeros64(word))
			word &= word - 1
		}
	}
}
