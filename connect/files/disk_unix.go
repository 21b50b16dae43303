//go:build unix

package files

import (
	"io/fs"
	"os"
	"syscall"
)

// lock takes a file for this process alone, or fails at once.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// keepOwner gives the new version to whom the old one belongs; only root can, and for others it is theirs already or their right.
func keepOwner(now *os.File, before fs.FileInfo) error {
	if s, ok := before.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return now.Chown(int(s.Uid), int(s.Gid))
	}
	return nil
}

func syncFolder(dir *os.File) error { return dir.Sync() }

func mayWrite(dir string) bool { return syscall.Access(dir, 2) == nil }
