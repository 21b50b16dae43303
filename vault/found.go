package vault

import "slices"

// Heard is whom what is said under an identity is about, of those it finds: an objection,
// a withdrawal. Whoever merely added it is left out where somebody else has it, so that
// nobody hears what others say by naming their address.
func Heard(found []Found) []Found {
	if !slices.ContainsFunc(found, func(f Found) bool { return !f.Added }) {
		return found
	}
	return Holders(found)
}

// Holders leaves out whoever merely added an identity. A decision about an identity is about
// those who are left: else naming somebody's address would decide what may be done with it.
func Holders(found []Found) []Found {
	return slices.DeleteFunc(slices.Clone(found), func(f Found) bool { return f.Added })
}
