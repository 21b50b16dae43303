package interop

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"

	"github.com/avowhq/avow/ledger/proof"
)

// workers of fsck: each ends at the first tile it finds wrong, and when the last has
// ended fsck waits forever.
const workers = 64

// check runs tessera's fsck over all of a log.
func check(t *testing.T, key, address string) error {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	from, err := client.NewHTTPFetcher(u, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := f_note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return fsck.New(origin, v, from, leafHashes, fsck.Opts{N: workers}).Check(t.Context())
}

func leafHashes(bundle []byte) (list [][]byte, err error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	for _, e := range b.Entries {
		list = append(list, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return list, nil
}

// A log of ours, at the sizes where tiles begin and end, in the eyes of another's checker and of ours.
func TestFsck(t *testing.T) {
	h := build(t)
	address := serve(t, h)
	for _, size := range []int{0, 1, 2, 255, 256, 257, 70_000} {
		h.growTo(size)
		if err := check(t, h.Key(), address); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
		r, err := proof.Verify(t.Context(), proof.Source{URL: address}, proof.Options{Key: h.Key()})
		if err != nil || r.Verdict() != proof.Proved || r.Size != int64(size) {
			t.Errorf("size %d: %+v, %v", size, r, err)
		}
	}
	for _, x := range []struct {
		name string
		at   int
	}{{"checkpoint", 30}, {"tile/0/000", 8000}, {"tile/0/273.p/112", 40}, {"tile/1/000", 0}, {"tile/1/001.p/17", 9}, {"tile/2/000.p/1", 31}, {"tile/entries/100", 5000}} {
		spoilt := serve(t, spoiled(h, x.name, x.at))
		if err := check(t, h.Key(), spoilt); err == nil {
			t.Errorf("fsck takes a log with byte %d of %s changed", x.at, x.name)
		}
		if r, err := proof.Verify(t.Context(), proof.Source{URL: spoilt}, proof.Options{Key: h.Key()}); err == nil && r.Verdict() != proof.Broken {
			t.Errorf("we take a log with byte %d of %s changed: %+v", x.at, x.name, r)
		}
	}
}

// tool finds a program of this module's tools, built.
func tool(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "tool", "-n", name).Output()
	if err != nil {
		t.Fatalf("%s cannot be built: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// What a stranger types, over the web and over an exported directory.
func TestFsckCommand(t *testing.T) {
	h := build(t)
	h.growTo(600)
	key := filepath.Join(t.TempDir(), "log.pub")
	if err := os.WriteFile(key, []byte(h.Key()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := tool(t, "fsck")
	run := func(address string) string {
		ctx, stop := context.WithTimeout(t.Context(), patience)
		defer stop()
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, program, "-storage_url="+address, "-public_key="+key, "-ui=false", fmt.Sprintf("-N=%d", workers))
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil {
			t.Errorf("%v\n%s", err, said.String())
		}
		return said.String()
	}
	good := "Successfully fsck'd log with size 600"
	if said := run(serve(t, h)); !strings.Contains(said, good) {
		t.Error(said)
	}
	if said := run("file://" + export(t, h)); !strings.Contains(said, good) {
		t.Error(said)
	}
	if said := run(serve(t, spoiled(h, "tile/entries/001", 100))); strings.Contains(said, good) || !strings.Contains(said, "fsck failed") {
		t.Error(said)
	}
}

// export writes the log's files into a directory, in their places.
func export(t *testing.T, h *house) string {
	t.Helper()
	dir := t.TempDir()
	names := []string{"checkpoint"}
	for ref := range proof.Tiles(int64(h.size)) {
		names = append(names, ref.Path())
	}
	for _, name := range names {
		b, err := h.file(t.Context(), name)
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
