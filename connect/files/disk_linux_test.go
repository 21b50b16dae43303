package files_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
	"golang.org/x/sys/unix"
)

// asNobody has what follows on this thread done without the rights of root, by the owner of a folder.
func asNobody(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	err := filepath.WalkDir(filepath.Dir(dir), func(at string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(at, nobody, -1)
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Error(err)
		}
	})
}

// What a crash has left of a file that nobody may write is begun anew.
func TestLeftOfAReadOnlyFile(t *testing.T) {
	s, dir := folder(t, map[string]string{"p.csv": "id,name\n1,Ann\n2,Bob\n"})
	if err := os.Chmod(filepath.Join(dir, "p.csv"), 0o440); err != nil {
		t.Fatal(err)
	}
	asNobody(t, dir)
	// A change that is cut short before it puts the new version into its place leaves it.
	beside, kept := filepath.Join(dir, ".p.csv.avow-new"), filepath.Join(dir, ".kept")
	killed := files.Meddle(s, func() {
		if err := os.Rename(beside, kept); err != nil {
			t.Error(err)
		}
	})
	c := by("id", "2")
	c.Table = "p.csv"
	if _, err := killed.Change(t.Context(), []connect.Change{c}); err == nil {
		t.Fatal("it was not cut short")
	}
	if err := os.Rename(kept, beside); err != nil {
		t.Fatal(err)
	}
	connecttest.Do(t, s, c)
	if got := text(t, dir, "p.csv"); got != "id,name\n1,Ann\n" {
		t.Errorf("%q", got)
	}
	at, err := os.Stat(filepath.Join(dir, "p.csv"))
	if err != nil || at.Mode().Perm() != 0o440 {
		t.Errorf("%v, %v", at.Mode(), err)
	}
}

// nobodys is a group that no test is of.
const nobodys = 54_321

func groupOf(t *testing.T, at string) int {
	t.Helper()
	is, err := os.Stat(at)
	if err != nil {
		t.Fatal(err)
	}
	return int(is.Sys().(*syscall.Stat_t).Gid)
}

// A file stays in its group, also where new files of the folder are of another.
func TestGroupIsKept(t *testing.T) {
	s, dir := folder(t, map[string]string{"p.csv": "id,name\n1,Ann\n2,Bob\n"})
	at := filepath.Join(dir, "p.csv")
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range append(groups, os.Getegid()) {
		if err := os.Chown(at, -1, group); err != nil {
			t.Fatal(err)
		}
		c := sets(by("id", 1), set("name", strconv.Itoa(group)))
		c.Table = "p.csv"
		connecttest.Do(t, s, c)
		if groupOf(t, at) != group {
			t.Errorf("%d became %d", group, groupOf(t, at))
		}
	}
	if os.Geteuid() != 0 {
		return // nobody else may give a file to a group of others
	}
	if err := os.Chown(at, 4242, nobodys); err != nil {
		t.Fatal(err)
	}
	c := by("id", 1)
	c.Table = "p.csv"
	connecttest.Do(t, s, c)
	if is, err := os.Stat(at); err != nil || is.Sys().(*syscall.Stat_t).Uid != 4242 || groupOf(t, at) != nobodys {
		t.Errorf("%v, %v", is.Sys(), err)
	}
}

// A file whose group cannot be kept is changed where that makes no difference, and left as it is where other people could read it then.
func TestGroupThatCannotBeKept(t *testing.T) {
	const before, after = "id,name\n1,Ann\n2,Bob\n", "id,name\n1,Ann\n"
	for mode, changed := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o640: false, 0o660: false, 0o604: false} {
		t.Run(mode.String(), func(t *testing.T) {
			if files.SameRights(mode, true, false, false) != changed {
				t.Error("it is judged wrongly")
			}
			if os.Geteuid() != 0 {
				return // nobody else has a file of a group of others
			}
			s, dir := folder(t, map[string]string{"p.csv": before})
			at := filepath.Join(dir, "p.csv")
			if err := errors.Join(os.Chmod(at, mode), os.Chown(at, -1, nobodys)); err != nil {
				t.Fatal(err)
			}
			asNobody(t, dir)
			c := by("id", 2)
			c.Table = "p.csv"
			_, err := s.Change(t.Context(), []connect.Change{c})
			if want := map[bool]string{true: after, false: before}[changed]; text(t, dir, "p.csv") != want || (err == nil) != changed {
				t.Fatalf("%q, %v", text(t, dir, "p.csv"), err)
			}
			if !changed {
				connecttest.WantKind(t, err, avow.Forbidden, "Bob", dir)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
			schema, err := s.Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if schema.Table("p.csv").Lacks[connect.OpDelete] == "" && !changed {
				t.Error("it is not said beforehand")
			}
		})
	}
}

// Whoever owned a file must not have less of it than before, nor a list of rights stand for another owner or group.
func TestSameRights(t *testing.T) {
	for _, c := range []struct {
		mode               os.FileMode
		owner, group, list bool
		want               bool
	}{
		{0o640, true, true, true, true}, {0o600, false, true, false, false}, {0o644, false, true, false, false}, {0o664, false, true, false, true}, {0o666, false, false, false, true},
		{0o644, false, false, false, false}, {0o664, false, true, true, false}, {0o644, true, false, true, false},
	} {
		if got := files.SameRights(c.mode, c.owner, c.group, c.list); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// accessList is one as the system keeps it: the owner, one user, the group, the most that those two have, and all others.
func accessList(user uint32, others uint16) []byte {
	var b bytes.Buffer
	const all = 1<<32 - 1
	binary.Write(&b, binary.LittleEndian, uint32(2))
	for _, e := range []struct {
		tag, may uint16
		id       uint32
	}{{0x01, 6, all}, {0x02, 4, user}, {0x04, 0, all}, {0x10, 4, all}, {0x20, others, all}} {
		binary.Write(&b, binary.LittleEndian, e)
	}
	return b.Bytes()
}

// The rights of single users stay, and those that the folder gives to new files do not come to old ones.
func TestAccessListIsKept(t *testing.T) {
	for name, list := range map[string][]byte{"with a list": accessList(4242, 0), "without": nil} {
		t.Run(name, func(t *testing.T) {
			s, dir := folder(t, map[string]string{"p.csv": "id,name\n1,Ann\n2,Bob\n"})
			at := filepath.Join(dir, "p.csv")
			if list != nil {
				if err := unix.Setxattr(at, "system.posix_acl_access", list, 0); err != nil {
					t.Fatalf("the disk with the folder for tests keeps no lists of rights: %v", err)
				}
			}
			if err := unix.Setxattr(dir, "system.posix_acl_default", accessList(4343, 4), 0); err != nil {
				t.Fatalf("the disk with the folder for tests keeps no lists of rights: %v", err)
			}
			c := by("id", 2)
			c.Table = "p.csv"
			connecttest.Do(t, s, c)
			got := make([]byte, 1000)
			n, err := unix.Getxattr(at, "system.posix_acl_access", got)
			if !bytes.Equal(got[:max(n, 0)], list) {
				t.Errorf("%x became %x: %v", list, got[:max(n, 0)], err)
			}
			if is, err := os.Stat(at); err != nil || is.Mode().Perm() != 0o640 {
				t.Errorf("%v, %v", is.Mode(), err)
			}
		})
	}
}
