//go:build race

package storetest

import "runtime/debug"

// collectLess: with the race detector sync.Pool drops much of what it is given, and goose
// takes 4 MB from one for each line of a migration. So that not every empty database
// costs a hundred collections, there are fewer.
func collectLess() { debug.SetGCPercent(400) }
