package interop

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/avowhq/avow/ledger/proof"
)

// Our verifier reads a log that another program wrote, and finds what is changed in it.
func TestVerifyAForeignLog(t *testing.T) {
	dir := t.TempDir()
	key := write(t, dir, 700)
	verdict := func(o proof.Options) proof.Verdict {
		r, err := proof.Verify(t.Context(), proof.Source{Dir: dir}, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict() != proof.Broken && r.Size != 700 {
			t.Errorf("%+v", r)
		}
		return r.Verdict()
	}
	if got := verdict(proof.Options{Key: key}); got != proof.Proved {
		t.Errorf("as it was written: %s", got)
	}
	if got := verdict(proof.Options{}); got != proof.Unproved {
		t.Errorf("without a key: %s", got)
	}
	file := filepath.Join(dir, "tile", "entries", "001")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[77] ^= 4
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := verdict(proof.Options{Key: key}); got != proof.Broken {
		t.Errorf("with an entry changed: %s", got)
	}
}

// write has tessera write a log into a directory, and gives its key.
func write(t *testing.T, dir string, entries uint) string {
	t.Helper()
	secret, key, err := note.GenerateKey(rand.Reader, "foreign.example/log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(t.Context(), posix.Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	o := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(entries, 100*time.Millisecond).WithCheckpointInterval(100 * time.Millisecond)
	appender, shutdown, reader, err := tessera.NewAppender(t.Context(), driver, o)
	if err != nil {
		t.Fatal(err)
	}
	var last tessera.IndexFuture
	for i := range entries {
		last = appender.Add(t.Context(), tessera.NewEntry(fmt.Appendf(nil, "entry %d", i)))
	}
	if _, _, err := tessera.NewPublicationAwaiter(t.Context(), reader.ReadCheckpoint, 20*time.Millisecond).Await(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return key
}
