//go:build !linux

package gate

// wantHugePages is for Linux.
func wantHugePages([]uint64) {}
