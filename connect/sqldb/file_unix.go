//go:build unix

package sqldb

import "syscall"

// mayWrite asks without opening the file: whoever closes a file takes away every lock that its
// process has on it (POSIX, fcntl), also those by which SQLite keeps other programs out meanwhile.
func mayWrite(file string) bool { return syscall.Access(file, 2) == nil }
