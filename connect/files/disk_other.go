//go:build !unix

package files

import (
	"io/fs"
	"os"
)

// Here files cannot be locked by the standard library: two processes must not change one file at a time.
func lock(*os.File) error { return nil }

func keepRights(now, _ *os.File, before fs.FileInfo) error { return now.Chmod(before.Mode().Perm()) }

func rightsStay(fs.FileInfo, fs.FileInfo) bool { return true }

func syncFolder(*os.File) error { return nil }

func mayWrite(string) bool { return true }
