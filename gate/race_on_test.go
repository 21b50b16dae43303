//go:build race

package gate

// worlds is fewer where the race detector makes each ten times as slow.
const worlds = 60
