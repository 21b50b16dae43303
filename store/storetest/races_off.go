//go:build !race

package storetest

// collectLess leaves collections as they are, for benchmarks too.
func collectLess() {}
