package interop

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/ledger/witness"
)

const witnessName = "witness.example/w"

// litewitness runs torchwood's witness, which is told of a log's key. Its own key is in an SSH agent, as it wants.
func litewitness(t *testing.T, logKey string) witness.Witness {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	dir := t.TempDir()
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(dir, "witness.db")
	address := freeAddress(t)
	cmd := exec.Command(tool(t, "litewitness"), "-name="+witnessName, "-db="+db, "-ssh-agent="+sshAgent(t, key),
		"-listen="+address, "-key="+ssh.FingerprintSHA256(public))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	waitFor(t, "http://"+address+"/")
	tellOf(t, db, logKey)
	v, err := torchwood.NewCosignatureSigner(witnessName, key)
	if err != nil {
		t.Fatal(err)
	}
	return witness.Witness{Key: v.Verifier().String(), URL: "http://" + address}
}

func sshAgent(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: &key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	return socket
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitFor(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(address)
		if err == nil {
			resp.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the witness does not come up: %v", err)
		}
	}
}

// tellOf does what its own command for that does: a log is known from the empty tree on.
func tellOf(t *testing.T, file, logKey string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty := sha256.Sum256(nil)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", origin, base64.StdEncoding.EncodeToString(empty[:])); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO key (origin, key) VALUES (?, ?)", origin, logKey); err != nil {
		t.Fatal(err)
	}
}

// A real witness takes our pushes, and everybody can check what it signed.
func TestWitness(t *testing.T) {
	h := build(t)
	w := litewitness(t, h.Key())
	d, err := witness.Open(t.Context(), h.db, h.Ledger, []witness.Witness{w})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 2, 255, 256, 257, 257, 3000} {
		h.growTo(size)
		if err := d.Push(t.Context()); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
	}
	cosigned, err := d.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := proof.ReadCheckpoint(cosigned, h.Key(), w.Key)
	if err != nil || len(s.Signatures) != 2 || !s.Signatures[1].Verified || s.Checkpoint.Size != 3000 || proof.CosignedAt(s.Signatures[1]).IsZero() {
		t.Errorf("we: %+v, %v", s, err)
	}
	theirs(t, cosigned, h.Key(), w.Key)

	// A receipt with the cosigned checkpoint in its proof is a proof that needs us for nothing.
	r := h.receipt(1234)
	in, err := proof.ParseInclusion([]byte(r.Proof.Log))
	if err != nil {
		t.Fatal(err)
	}
	text := proof.FormatInclusion(in.Index, in.Proof, cosigned)
	leaf, err := proof.ParseLeaf(r.Proof.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	policy := torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(logVerifier(t, h.Key())), torchwood.SingleVerifierPolicy(cosignatureVerifier(t, w.Key)))
	if err := torchwood.VerifyProof(policy, leaf.Hash(), text); err != nil {
		t.Errorf("torchwood, log and witness: %v", err)
	}
	if err := torchwood.VerifyProof(policy, leaf.Hash(), []byte(r.Proof.Log)); err == nil {
		t.Error("torchwood needs no witness")
	}
	st, err := d.State(t.Context())
	if err != nil || len(st) != 1 || st[0].Size != 3000 || st[0].LastError != "" || st[0].Name != witnessName {
		t.Errorf("%+v, %v", st, err)
	}
}

// theirs checks a cosigned checkpoint with two other readers.
func theirs(t *testing.T, cosigned []byte, logKey, witnessKey string) {
	t.Helper()
	formats, err := f_note.NewVerifierForCosignatureV1(witnessKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]note.Verifier{"torchwood": cosignatureVerifier(t, witnessKey), "transparency-dev/formats": formats} {
		n, err := note.Open(cosigned, note.VerifierList(logVerifier(t, logKey), v))
		if err != nil || len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
}

func logVerifier(t *testing.T, key string) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func cosignatureVerifier(t *testing.T, key string) note.Verifier {
	t.Helper()
	v, err := torchwood.NewCosignatureVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A real witness refuses a log that was made anew under the same name and key, shorter or longer.
func TestWitnessRefusesARewrittenLog(t *testing.T) {
	h := build(t)
	w := litewitness(t, h.Key())
	d, err := witness.Open(t.Context(), h.db, h.Ledger, []witness.Witness{w})
	if err != nil {
		t.Fatal(err)
	}
	h.growTo(300)
	if err := d.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	forged := build(t)
	fd, err := witness.Open(t.Context(), forged.db, forged.Ledger, []witness.Witness{w})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		size int
		says string
	}{{299, "cut short"}, {400, "does not go on from what it has seen"}} {
		forged.growTo(x.size)
		if err := fd.Push(t.Context()); avow.KindOf(err) != avow.Conflict || !strings.Contains(err.Error(), x.says) {
			t.Errorf("size %d: %v", x.size, err)
		}
	}
	if err := d.Push(t.Context()); err != nil {
		t.Errorf("the log itself: %v", err)
	}
	unknown := litewitness(t, "other.example+00000000+AAAA")
	ud, err := witness.Open(t.Context(), h.db, h.Ledger, []witness.Witness{unknown})
	if err != nil {
		t.Fatal(err)
	}
	if err := ud.Push(t.Context()); err == nil {
		t.Error("a witness that has another key signs")
	}
}
