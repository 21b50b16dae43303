package files_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
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
