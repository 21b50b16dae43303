//go:build unix

package files

import (
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// lock takes a file for this process alone, or fails at once.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// keepRights gives the new version to whom the old one belongs, with all that says who may read it, or is errRights: only root can
// give a file to another user, and to a group only who is of it.
func keepRights(now, old *os.File, before fs.FileInfo) error {
	is, err := now.Stat()
	if err != nil {
		return err
	}
	was, fresh := before.Sys().(*syscall.Stat_t), is.Sys().(*syscall.Stat_t)
	group := was.Gid == fresh.Gid || now.Chown(-1, int(was.Gid)) == nil
	list, err := accessList(old)
	if err != nil {
		return err
	}
	if !sameRights(before.Mode(), true, group, list != nil) {
		return errRights
	}
	// The list comes before the mode, which would give the group what it says for all who are in the list, and the owner
	// last: who has given a file away may not change these.
	if err := keepList(now, list); err != nil {
		return err
	}
	if err := now.Chmod(before.Mode().Perm()); err != nil {
		return err
	}
	owner := was.Uid == fresh.Uid || now.Chown(int(was.Uid), -1) == nil
	if !sameRights(before.Mode(), owner, group, list != nil) {
		return errRights
	}
	return nil
}

// sameRights reports whether everybody may do with a new version what they may with the old one, though it has another owner or group:
// whoever was of the group is one of all others then, and the other way round. An owner is taken to be of the file's group.
func sameRights(mode fs.FileMode, owner, group, list bool) bool {
	if owner && group {
		return true
	}
	user, members, others := mode>>6&7, mode>>3&7, mode&7
	if !group {
		return !list && members == others && (owner || user&^others == 0)
	}
	return !list && user&^members == 0
}

// rightsStay reports whether a new version of a file could be given to whom the old one belongs, or would have the same rights.
func rightsStay(before, folder fs.FileInfo) bool {
	was, ok := before.Sys().(*syscall.Stat_t)
	if !ok || mayGive() {
		return true
	}
	groups, err := os.Getgroups()
	group := err != nil || int(was.Gid) == os.Getegid() || slices.Contains(groups, int(was.Gid))
	if in, ok := folder.Sys().(*syscall.Stat_t); ok && folder.Mode()&fs.ModeSetgid != 0 {
		group = group || in.Gid == was.Gid
	}
	return sameRights(before.Mode(), int(was.Uid) == os.Geteuid(), group, false)
}

func syncFolder(dir *os.File) error { return dir.Sync() }

func mayWrite(dir string) bool { return syscall.Access(dir, 2) == nil }
