//go:build unix && !linux

package files

import "os"

// Here the standard library reads no lists of rights: a new version has what its folder gives it.
func accessList(*os.File) ([]byte, error) { return nil, nil }

func keepList(*os.File, []byte) error { return nil }

func mayGive() bool { return os.Geteuid() == 0 }
