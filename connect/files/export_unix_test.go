//go:build unix

package files

// SameRights is sameRights.
var SameRights = sameRights
