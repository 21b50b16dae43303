package proof_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

func TestReceipt(t *testing.T) {
	b := build(t, 40)
	text := b.receiptText(17, 33)
	r, err := proof.ParseReceipt(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(); err != nil {
		t.Error(err)
	}
	if err := r.Verify(b.signer.Key()); err != nil {
		t.Error(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "    "); err != nil {
		t.Fatal(err)
	}
	if r, err := proof.ParseReceipt(indented.Bytes()); err != nil || r.Verify(b.signer.Key()) != nil {
		t.Errorf("a receipt that was indented: %v", err)
	}
	for name, spoil := range map[string]func(r *proof.Receipt){
		"document":      func(r *proof.Receipt) { r.Document = strings.Replace(r.Document, "yes", "no!", 1) },
		"salt":          func(r *proof.Receipt) { r.Proof.Salt[3]++ },
		"no salt":       func(r *proof.Receipt) { r.Proof.Salt = nil },
		"a longer salt": func(r *proof.Receipt) { r.Proof.Salt, r.Document = append(r.Proof.Salt, r.Document[0]), r.Document[1:] },
		"id":            func(r *proof.Receipt) { r.ID[0]++ },
		"record":        func(r *proof.Receipt) { r.Record[0]++ },
		"person":        func(r *proof.Receipt) { r.Principal = "somebody else" },
		"type":          func(r *proof.Receipt) { r.EventType = "consent-withdrawn" },
		"time":          func(r *proof.Receipt) { r.EventTime = r.EventTime.Add(1) },
		"policy":        func(r *proof.Receipt) { r.Policy = "other" },
		"version":       func(r *proof.Receipt) { r.Version++ },
		"consent":       func(r *proof.Receipt) { r.Consent = json.RawMessage(`{"answer":"no","shown":"<b>17</b>"}`) },
		"consent said more": func(r *proof.Receipt) {
			r.Consent = json.RawMessage(`{"answer":"no","answer":"yes","shown":"<b>17</b>"}`)
		},
		"leaf":             func(r *proof.Receipt) { r.Proof.Leaf[20] ^= 1 },
		"sealed in leaf":   func(r *proof.Receipt) { r.Proof.Leaf[30] ^= 1 },
		"no leaf":          func(r *proof.Receipt) { r.Proof.Leaf = nil },
		"place":            func(r *proof.Receipt) { r.Proof.Index++ },
		"no proof":         func(r *proof.Receipt) { r.Proof.Log = "" },
		"place in proof":   func(r *proof.Receipt) { r.Proof.Log = strings.Replace(r.Proof.Log, "index 17", "index 18", 1) },
		"proof of another": func(r *proof.Receipt) { r.Proof.Log = b.receipt(18, 33).Proof.Log },
		"size":             func(r *proof.Receipt) { r.Proof.Log = strings.Replace(r.Proof.Log, "\n33\n", "\n34\n", 1) },
	} {
		r, err := proof.ParseReceipt(text)
		if err != nil {
			t.Fatal(err)
		}
		spoil(r)
		if err := r.Verify(b.signer.Key()); err == nil || avow.KindOf(err) == avow.Internal {
			t.Errorf("%s: a spoilt receipt passes, or fails badly: %v", name, err)
		}
		spoilt, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		report, err := proof.Verify(t.Context(), proof.Source{Receipts: spoilt}, proof.Options{Key: b.signer.Key()})
		if err == nil && report.Verdict() == proof.Proved {
			t.Errorf("%s: a spoilt receipt is proved", name)
		}
	}
}

// Every byte of a receipt but its white space and what is for people's programs alone counts.
func TestEveryByteOfAReceipt(t *testing.T) {
	b := build(t, 9)
	text := b.receiptText(4, 9)
	passed := 0
	for i := range text {
		spoilt := slices.Clone(text)
		spoilt[i] ^= 2
		r, err := proof.Verify(t.Context(), proof.Source{Receipts: spoilt}, proof.Options{Key: b.signer.Key()})
		if err != nil || r.Verdict() != proof.Proved {
			continue
		}
		passed++
		was, errWas := proof.ParseReceipt(text)
		is, errIs := proof.ParseReceipt(spoilt)
		if errWas != nil || errIs != nil {
			t.Fatal(errWas, errIs)
		}
		// What names the schema is about the form; a consent may be left out. Two spellings of a time or of base64 are the same.
		was.Schema, is.Schema, was.Consent, is.Consent, is.EventTime = "", "", nil, nil, was.EventTime
		if !reflect.DeepEqual(was, is) {
			t.Errorf("byte %d was changed and nothing says so", i)
		}
	}
	if passed > 80 {
		t.Errorf("%d bytes can be changed", passed)
	}
}

// wants lists lines of a report, each as its state and a part of it.
func wants(t *testing.T, name string, r *proof.Report, verdict proof.Verdict, lines ...string) {
	t.Helper()
	if r.Verdict() != verdict {
		t.Errorf("%s: %s, want %s", name, r.Verdict(), verdict)
	}
	for _, line := range lines {
		state, part, _ := strings.Cut(line, ": ")
		if !slices.ContainsFunc(r.Checks, func(c proof.Check) bool {
			return string(c.State) == state && strings.Contains(c.Where+": "+c.What, part)
		}) {
			t.Errorf("%s: no line %q in %+v", name, line, r.Checks)
		}
	}
}

func TestVerifyReceipt(t *testing.T) {
	b := build(t, 40)
	key := b.signer.Key()
	from := proof.Source{Receipts: b.receiptText(17, 33)}
	wants(t, "with the key", verify(t, from, proof.Options{Key: key}), proof.Proved,
		"passed: says what was recorded, of 2026-11-22 12:17 UTC", "passed: signed by the key you trust", "passed: entry 17 of the log at size 33")
	r := verify(t, from, proof.Options{})
	wants(t, "without", r, proof.Unproved, "open: says it is signed by "+key[:strings.LastIndex(key, "+")]+"; you have not said which key you trust")
	if strings.Contains(r.Key, key) {
		t.Error("the key is said to be known")
	}
	wants(t, "another key", verify(t, from, proof.Options{Key: newSigner(t, origin, 3).Key()}), proof.Broken, "failed: not signed by "+origin)
	wants(t, "another log's key", verify(t, from, proof.Options{Key: newSigner(t, "b.example", 1).Key()}), proof.Unproved,
		"open: is of the log "+origin+", and the key you trust is of another")
	wants(t, "the same checkpoint", verify(t, from, proof.Options{Key: key, Earlier: b.signed(33)}), proof.Proved, "passed: the earlier checkpoint is the same")
	wants(t, "another size", verify(t, from, proof.Options{Key: key, Earlier: b.signed(20)}), proof.Proved, "left: only the log can show")
	fork := build(t, 10)
	for range 30 {
		fork.grow("no")
	}
	wants(t, "a fork", verify(t, from, proof.Options{Key: key, Earlier: fork.signed(33)}), proof.Broken, "failed: two histories of size 33")
	old := *b.receipts[4]
	text, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "of before there was a tree", verify(t, proof.Source{Receipts: text}, proof.Options{Key: key}), proof.Unproved,
		"passed: says what was recorded", "open: carries no proof of the log")
}

func TestVerifyReceipts(t *testing.T) {
	b := build(t, 40)
	list := func(texts ...[]byte) proof.Source {
		return proof.Source{Receipts: append(append([]byte(" ["), bytes.Join(texts, []byte(",\n"))...), ']')}
	}
	r := verify(t, list(b.receiptText(1, 40), b.receiptText(2, 39)), proof.Options{Key: b.signer.Key()})
	wants(t, "two", r, proof.Proved, "passed: receipt "+b.receipts[1].ID.String()+": it says what was recorded, and is entry 1 of the log, under the key you trust")
	if len(r.Checks) != 2 || r.Size != 40 {
		t.Errorf("%+v", r)
	}
	bad := bytes.Replace(b.receiptText(2, 40), []byte("yes"), []byte("no!"), -1)
	wants(t, "one of two is bad", verify(t, list(b.receiptText(1, 40), bad), proof.Options{Key: b.signer.Key()}), proof.Broken,
		"failed: receipt "+b.receipts[2].ID.String()+": the document of this receipt is not the one", "passed: receipt "+b.receipts[1].ID.String())
	for _, bad := range []string{"[]", "[", "{}", "[{}]", "null", "", "x"} {
		if _, err := proof.Verify(t.Context(), proof.Source{Receipts: []byte(bad)}, proof.Options{}); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := proof.ParseReceipt(make([]byte, proof.MaxReceipt+1)); avow.KindOf(err) != avow.TooLarge {
		t.Errorf("a receipt too long: %v", err)
	}
}

// What a holder of an earlier checkpoint or of a receipt finds out about a log.
func TestHistory(t *testing.T) {
	b := build(t, 600)
	key := b.signer.Key()
	rewritten := build(t, 299)
	for rewritten.size() < 650 {
		rewritten.grow("no")
	}
	short := build(t, 100)
	whole, fork, cut := proof.Source{Dir: export(t, b.files())}, proof.Source{Dir: export(t, rewritten.files())}, proof.Source{Dir: export(t, short.files())}
	for _, quick := range []bool{false, true} {
		for _, x := range []struct {
			name    string
			from    proof.Source
			o       proof.Options
			verdict proof.Verdict
			lines   []string
		}{
			{"all is well", whole, proof.Options{Earlier: b.signed(257), Receipt: b.receiptText(200, 256)}, proof.Proved,
				[]string{"passed: still has all 257 entries it had then", "passed: is entry 200 of this log", "passed: still has all 256 entries"}},
			{"the same size", whole, proof.Options{Earlier: b.signed(600)}, proof.Proved, []string{"passed: still has all 600"}},
			{"the empty log", whole, proof.Options{Earlier: b.signed(0)}, proof.Proved, []string{"passed: the empty log"}},
			{"rewritten", fork, proof.Options{Earlier: b.signed(300)}, proof.Broken, []string{"failed: history was rewritten: the first 300 entries"}},
			{"rewritten later", fork, proof.Options{Earlier: b.signed(299)}, proof.Proved, []string{"passed: still has all 299"}},
			{"a receipt of what was rewritten", fork, proof.Options{Receipt: b.receiptText(299, 400)}, proof.Broken, []string{"failed: entry 299 of the log is another record"}},
			{"a receipt of before", fork, proof.Options{Receipt: b.receiptText(200, 400)}, proof.Broken,
				[]string{"passed: is entry 200 of this log", "failed: history was rewritten: the first 400 entries"}},
			{"cut short", cut, proof.Options{Earlier: b.signed(300)}, proof.Broken, []string{"failed: the log had 300 entries and now has 100"}},
			{"a receipt of what was cut off", cut, proof.Options{Receipt: b.receiptText(299, 400)}, proof.Broken, []string{"failed: it says entry 299; the log has 100"}},
			{"an earlier checkpoint of another log", whole, proof.Options{Earlier: newSigner(t, "b.example", 1).Sign(rewritten.checkpoint(300))}, proof.Broken,
				[]string{"failed: it is of another log, b.example, which this one does not go on from"}},
			{"of a longer one", whole, proof.Options{Earlier: newSigner(t, "b.example", 1).Sign(rewritten.checkpoint(601))}, proof.Broken,
				[]string{"failed: it is of another log, b.example, which had 601 entries"}},
			{"of the name it had before", whole, proof.Options{Earlier: newSigner(t, "b.example", 1).Sign(b.checkpoint(300))}, proof.Unproved,
				[]string{"open: is of the log b.example, and the key you trust is of another", "left: this one has the same 300 entries, and goes on from there under its own name"}},
			{"an earlier checkpoint nobody signed", whole, proof.Options{Earlier: newSigner(t, origin, 5).Sign(b.checkpoint(300))}, proof.Broken,
				[]string{"failed: the earlier checkpoint: the checkpoint is not signed by"}},
		} {
			x.o.Key, x.o.Quick = key, quick
			wants(t, fmt.Sprintf("%s, quick %v", x.name, quick), verify(t, x.from, x.o), x.verdict, x.lines...)
		}
	}
	wants(t, "another log's key", verify(t, whole, proof.Options{Key: newSigner(t, "b.example", 1).Key()}), proof.Broken,
		"failed: this is the log "+origin+", and not the one whose key you trust")
	for name, o := range map[string]proof.Options{"earlier": {Earlier: []byte("x")}, "receipt": {Receipt: []byte("x")}} {
		if _, err := proof.Verify(t.Context(), whole, o); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s that is none: %v", name, err)
		}
	}
	damaged := clone(b.files())
	damaged["tile/0/000"][64] ^= 1
	wants(t, "a damaged tile on the way", verifyFiles(t, damaged, proof.Options{Key: key, Quick: true, Receipt: b.receiptText(2, 600)}), proof.Broken,
		"failed: tiles do not fit its checkpoint, so entry 2")
}

func TestNoKey(t *testing.T) {
	b := build(t, 10)
	r := verify(t, proof.Source{Dir: export(t, b.files())}, proof.Options{})
	wants(t, "no key", r, proof.Unproved, "open: you have not said which key you trust", "left: compare that key")
	if r.Offered != b.signer.Key() {
		t.Errorf("it offers %q", r.Offered)
	}
	var text bytes.Buffer
	if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "Not proved") || !strings.Contains(text.String(), b.signer.Key()) ||
		strings.Contains(text.String(), "Proved:") {
		t.Errorf("%v\n%s", err, text.String())
	}
	text.Reset()
	r = verify(t, proof.Source{Dir: export(t, b.files())}, proof.Options{Key: b.signer.Key()})
	if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "\nProved:") || !strings.Contains(text.String(), "ok    10 entries") {
		t.Errorf("%v\n%s", err, text.String())
	}
	files := b.files()
	files["checkpoint"] = bytes.Replace(files["checkpoint"], []byte("— "+origin), []byte("— elsewhere.example"), 1)
	wants(t, "signed by somebody else", verifyFiles(t, files, proof.Options{}), proof.Broken, "failed: not signed by its log")
	if new(proof.Report).Verdict() != proof.Unproved {
		t.Error("an empty report proves something")
	}
}

// cosigner is a witness, made from the specification alone.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

func newCosigner(name string) cosigner {
	return cosigner{name, ed25519.NewKeyFromSeed(append([]byte(name), make([]byte, 32-len(name))...))}
}

func (c cosigner) hash() []byte {
	sum := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.key.Public().(ed25519.PublicKey)...))
	return sum[:4]
}

func (c cosigner) vkey() string {
	return fmt.Sprintf("%s+%x+%s", c.name, c.hash(), base64.StdEncoding.EncodeToString(append([]byte{4}, c.key.Public().(ed25519.PublicKey)...)))
}

func (c cosigner) cosign(signed []byte, at uint64) []byte {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n", at, text)
	raw := append(binary.BigEndian.AppendUint64(c.hash(), at), ed25519.Sign(c.key, []byte(message))...)
	return append(slices.Clone(signed), fmt.Sprintf("— %s %s\n", c.name, base64.StdEncoding.EncodeToString(raw))...)
}

func TestCosignatures(t *testing.T) {
	b := build(t, 10)
	w := newCosigner("witness.example")
	signed := w.cosign(b.signed(10), 1_795_000_000)
	s, err := proof.ReadCheckpoint(signed, b.signer.Key(), w.vkey())
	if err != nil || len(s.Signatures) != 2 || !s.Signatures[1].Verified || proof.CosignedAt(s.Signatures[1]).Unix() != 1_795_000_000 {
		t.Fatalf("%+v, %v", s, err)
	}
	if !proof.CosignedAt(s.Signatures[0]).IsZero() {
		t.Error("the log's own signature is taken for a witness's")
	}
	files := b.files()
	files["checkpoint"] = signed
	o := proof.Options{Key: b.signer.Key(), Witnesses: []string{w.vkey()}}
	wants(t, "cosigned", verifyFiles(t, files, o), proof.Proved, "passed: the witness witness.example saw this log grow")
	o.Witnesses = nil
	wants(t, "an unknown witness", verifyFiles(t, files, o), proof.Proved, "left: a cosignature names witness.example")
	o.Witnesses = []string{w.vkey()}
	for name, cosigned := range map[string][]byte{
		"another time": w.cosign(b.signed(10), 1_795_000_001), "another checkpoint": w.cosign(b.signed(9), 1_795_000_000),
	} {
		line := cosigned[bytes.LastIndex(cosigned, []byte("— ")):]
		mixed := append(bytes.Clone(b.signed(10)), line...)
		if name == "another time" { // the time is signed too
			raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(string(line[strings.LastIndex(string(line), " ")+1:])))
			raw[11]++
			mixed = append(bytes.Clone(b.signed(10)), "— "+w.name+" "+base64.StdEncoding.EncodeToString(raw)+"\n"...)
		}
		files["checkpoint"] = mixed
		wants(t, name, verifyFiles(t, files, o), proof.Broken, "failed: the signature of witness.example")
	}
	// A witness alone vouches for nothing of ours.
	only := append(bytes.Clone(b.checkpoint(10).Text()), '\n')
	if _, err := proof.ReadCheckpoint(w.cosign(only, 1), b.signer.Key(), w.vkey()); avow.KindOf(err) != avow.Refused {
		t.Errorf("a checkpoint only a witness signed: %v", err)
	}
}

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "receipt.json")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]proof.Source{"https://log.example/x": {URL: "https://log.example/x"}, dir: {Dir: dir}, file: {Receipts: []byte("{}")}} {
		if got, err := proof.Locate(word); err != nil || got.URL != want.URL || got.Dir != want.Dir || !bytes.Equal(got.Receipts, want.Receipts) {
			t.Errorf("%s: %+v, %v", word, got, err)
		}
	}
	if _, err := proof.Locate(filepath.Join(dir, "nothing")); avow.KindOf(err) != avow.NotFound {
		t.Errorf("%v", err)
	}
}
