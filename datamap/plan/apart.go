package plan

import (
	"slices"

	"github.com/avowhq/avow/connect"
)

// apart reports whether a rule between rows cannot refuse what columns are set to: they
// are masked, each row otherwise, in small letters and more ways than there are rows.
func apart(x connect.Exclusion, sets []set) bool {
	return x.Plain && slices.ContainsFunc(sets, func(s set) bool {
		return slices.Contains(x.Unique, s.column) && s.mask != nil && s.mask.unique && !s.mask.constant() && s.mask.fit() == "" &&
			(s.mask.kind == connect.TextKind || s.mask.kind == connect.UUID)
	})
}
