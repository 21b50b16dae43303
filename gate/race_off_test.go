//go:build !race

package gate

// worlds of 2,500 questions each: more than a million.
const worlds = 420
