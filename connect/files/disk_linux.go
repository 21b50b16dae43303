package files

import (
	"bytes"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// listed is the attribute with the rights of single users and groups (`setfacl`). While a file has it, the rights of
// its group in the mode are the most that anybody has by it.
const listed = "system.posix_acl_access"

// accessList is that of a file; nothing when it has none.
func accessList(f *os.File) ([]byte, error) {
	const most = 64 << 10 // of any attribute
	out := make([]byte, most)
	n, err := unix.Fgetxattr(int(f.Fd()), listed, out)
	switch {
	case errors.Is(err, unix.ENODATA), errors.Is(err, unix.ENOTSUP):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return out[:n], nil
}

// keepList gives a file the list of another, or takes that away which its folder gave it.
func keepList(f *os.File, list []byte) error {
	given, err := accessList(f)
	switch {
	case err != nil || bytes.Equal(given, list):
		return err
	case list == nil:
		return unix.Fremovexattr(int(f.Fd()), listed)
	}
	if unix.Fsetxattr(int(f.Fd()), listed, list, 0) != nil {
		return errRights
	}
	return nil
}

// mayGive reports whether this program may give files away.
func mayGive() bool {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var is [2]unix.CapUserData
	return unix.Capget(&head, &is[0]) == nil && is[0].Effective&(1<<unix.CAP_CHOWN) != 0
}
