package proof

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

// MaxReceipts is the bytes of a file of receipts.
const MaxReceipts = 64 << 20

// Source is what is to be verified; one of them.
type Source struct {
	Receipts []byte // a receipt, or a list of them, as JSON
	Dir      string // a directory an operator exported the log to
	URL      string // of a log: what "checkpoint" and "tile/…" are below
}

// Locate finds out what a person means by a word on the command line: an address, a
// directory, or a file of receipts. NotFound when it is nothing of these.
func Locate(word string) (Source, error) {
	if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
		return Source{URL: word}, nil
	}
	info, err := os.Stat(word)
	if err != nil {
		return Source{}, avow.Errorf(avow.NotFound, "%s is no file, directory or address (https://…): %w", word, err)
	}
	if info.IsDir() {
		return Source{Dir: word}, nil
	}
	text, err := ReadFile(word, MaxReceipts)
	return Source{Receipts: text}, err
}

// ReadFile reads a file that a person named, up to a bound.
func ReadFile(name string, bound int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, avow.Errorf(avow.NotFound, "%s cannot be opened: %w", name, err)
	}
	defer f.Close()
	return readBounded(f, name, bound)
}

// Options of a verification; the zero value checks what it can, and proves nothing.
type Options struct {
	// Key is the verifier key of the log, got from somewhere else than the log.
	Key string
	// Witnesses are keys of witnesses the caller trusts; their cosignatures are checked.
	Witnesses []string
	// Earlier is a signed checkpoint that the caller kept: the log must still have all that it had then.
	Earlier []byte
	// Receipt is a receipt, or a list of them, to be found in the log.
	Receipt []byte
	// Token opens the entries of a log that shows them to auditors.
	Token string
	// Quick reads of a log only what Earlier and Receipt need.
	Quick bool
	// Progress is told how far the reading of a log is, in entries.
	Progress func(done, total int64)
}

// Verify checks everything it can about a receipt, an exported log or a log on the
// web. What it found wrong stands in the report; an error is returned when it could not look:
// Invalid for what is no key, receipt or address, NotFound, Unavailable or Forbidden for what cannot be read.
func Verify(ctx context.Context, from Source, o Options) (*Report, error) {
	v := &verification{ctx: ctx, o: o, Report: &Report{Checks: []Check{}, Key: strings.TrimSpace(o.Key)}}
	if err := v.checkKeys(); err != nil {
		return nil, err
	}
	switch {
	case from.Receipts != nil:
		return v.Report, v.receipts(from.Receipts)
	case from.Dir != "":
		d, done, err := openDirectory(from.Dir)
		if err != nil {
			return nil, err
		}
		defer done()
		return v.reportOr(v.log(d))
	case from.URL != "":
		a, err := openAddress(from.URL, o.Token)
		if err != nil {
			return nil, err
		}
		defer a.client.CloseIdleConnections()
		return v.reportOr(v.log(a))
	}
	return nil, avow.Errorf(avow.Invalid, "there is nothing to verify: name a file, a directory or an address")
}

// verification is one run.
type verification struct {
	*Report
	ctx context.Context
	o   Options
}

func (v *verification) reportOr(err error) (*Report, error) {
	if err != nil {
		return nil, err
	}
	return v.Report, nil
}

func (v *verification) checkKeys() error {
	if v.o.Key != "" {
		if _, err := NewVerifier(v.o.Key); err != nil {
			return err
		}
	}
	for _, key := range v.o.Witnesses {
		if _, err := NewCosignatureVerifier(key); err != nil {
			return err
		}
	}
	return nil
}

// opened reads a signed checkpoint, under the key if there is one, and adds what
// became of its signature to the report. An error is of what is no checkpoint. A
// log that was restored has another name than before, and receipts of both are about.
func (v *verification) opened(signed []byte, where string) (Signed, error) {
	s, err := PeekCheckpoint(signed)
	if err != nil {
		return s, err
	}
	if v.o.Key == "" {
		v.unsigned(s, where)
		return s, nil
	}
	if v.otherName(s.Checkpoint) {
		v.add(Open, where, "the checkpoint is of the log %s, and the key you trust is of another; its signature was not checked", s.Checkpoint.Origin)
		return s, nil
	}
	trusted, err := ReadCheckpoint(signed, v.o.Key, v.o.Witnesses...)
	if err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return s, nil
	}
	v.add(Passed, where, "the checkpoint is signed by the key you trust")
	return trusted, nil
}

// otherName reports a checkpoint of a log that the key the caller trusts is not the key of.
func (v *verification) otherName(c Checkpoint) bool {
	key, err := NewVerifier(v.o.Key)
	return err != nil || key.Name() != c.Origin
}

// unsigned says whose name the checkpoint is signed in. A key is known by the hash in the line; that anybody can write.
func (v *verification) unsigned(s Signed, where string) {
	for _, sig := range s.Signatures {
		if sig.Name != s.Checkpoint.Origin {
			continue
		}
		v.Key = keyName(sig.Name, sig.Key)
		v.add(Open, where, "the checkpoint says it is signed by %s; you have not said which key you trust, so its signature was not checked", v.Key)
		return
	}
	v.add(Failed, where, "the checkpoint is not signed by its log")
}

// cosigned lists who else signed.
func (v *verification) cosigned(s Signed, where string) {
	for _, sig := range s.Signatures {
		at := CosignedAt(sig)
		switch {
		case sig.Name == s.Checkpoint.Origin || at.IsZero():
		case sig.Verified:
			v.add(Passed, where, "the witness %s saw this log grow without being rewritten, up to this checkpoint, %s", sig.Name, at.Format(time.DateTime+" UTC"))
		default:
			v.add(Left, where, "a cosignature names %s; you have not given that witness's key, so it was not checked", keyName(sig.Name, sig.Key))
		}
	}
}

func (v *verification) is(c Checkpoint) {
	v.Origin, v.Size, v.Root = c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:])
}

// receipts checks a file of receipts without the log's help.
func (v *verification) receipts(text []byte) error {
	list, err := parseReceipts(text)
	if err != nil {
		return err
	}
	before, err := v.earlier()
	if err != nil {
		return err
	}
	for _, r := range list {
		if v.ctx.Err() != nil {
			return avow.Errorf(avow.Canceled, "it was given up: %w", v.ctx.Err())
		}
		if len(list) == 1 {
			v.receipt(r, "", before)
			continue
		}
		v.oneOfMany(r, before)
	}
	return nil
}

// oneOfMany says in one line what is well with a receipt, and in full what is not.
func (v *verification) oneOfMany(r *Receipt, before *Signed) {
	one := &verification{Report: &Report{}, ctx: v.ctx, o: v.o}
	where := "receipt " + r.ID.String()
	one.receipt(r, where, before)
	v.Key = cmp.Or(v.Key, one.Key)
	if one.Size >= v.Size {
		v.Origin, v.Size, v.Root = one.Origin, one.Size, one.Root
	}
	if one.Verdict() == Proved {
		v.add(Passed, where, "it says what was recorded, and is entry %d of the log, under the key you trust", r.Proof.Index)
		return
	}
	for _, c := range one.Checks {
		v.add(c.State, c.Where, "%s", c.What)
	}
}

func (v *verification) receipt(r *Receipt, where string, before *Signed) {
	if err := r.Check(); err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return
	}
	v.add(Passed, where, "the receipt says what was recorded, of %s", r.EventTime.UTC().Format("2006-01-02 15:04 UTC"))
	if r.Proof.Log == "" {
		v.add(Open, where, "the receipt carries no proof of the log; look for it in the log itself, or ask for it again")
		return
	}
	in, err := r.inclusion()
	if err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return
	}
	s, err := v.opened(in.Checkpoint, where)
	if err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return
	}
	v.is(s.Checkpoint)
	if err := in.Check(hashOf(r), s.Checkpoint); err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return
	}
	v.add(Passed, where, "it is entry %d of the log at size %d", in.Index, s.Checkpoint.Size)
	v.cosigned(s, where)
	v.sameSize(before, s.Checkpoint, where)
}

// sameSize is what an earlier checkpoint tells without the log.
func (v *verification) sameSize(before *Signed, c Checkpoint, where string) {
	switch {
	case before == nil:
	case before.Checkpoint.Origin != c.Origin:
		v.add(Left, where, "the earlier checkpoint is of another log, %s", before.Checkpoint.Origin)
	case before.Checkpoint.Size != c.Size:
		v.add(Left, where, "whether it goes with the earlier checkpoint, of size %d, only the log can show", before.Checkpoint.Size)
	case before.Checkpoint.Root != c.Root:
		v.add(Failed, where, "the log signed two histories of size %d: the earlier checkpoint and this one differ. Keep both: together they prove it", c.Size)
	default:
		v.add(Passed, where, "the earlier checkpoint is the same")
	}
}

// hashOf is the place in the tree of a receipt that passed Check.
func hashOf(r *Receipt) Hash {
	leaf, err := ParseLeaf(r.Proof.Leaf)
	if err != nil {
		return Hash{}
	}
	return leaf.Hash()
}

// earlier reads the caller's own checkpoint, under the key if there is one.
func (v *verification) earlier() (*Signed, error) {
	if v.o.Earlier == nil {
		return nil, nil
	}
	s, err := v.opened(v.o.Earlier, "the earlier checkpoint")
	if err != nil {
		return nil, avow.Errorf(avow.KindOf(err), "the earlier checkpoint: %s", avow.MessageOf(err))
	}
	return &s, nil
}

func parseReceipts(text []byte) ([]*Receipt, error) {
	if len(text) > MaxReceipts {
		return nil, avow.Errorf(avow.TooLarge, "a file of receipts is at most %d bytes", MaxReceipts)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '[' {
		r, err := ParseReceipt(text)
		return []*Receipt{r}, err
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) == 0 {
		return nil, avow.Errorf(avow.Invalid, "that is not a list of receipts")
	}
	list := make([]*Receipt, len(parts))
	for i, part := range parts {
		r, err := ParseReceipt(part)
		if err != nil {
			return nil, avow.Errorf(avow.KindOf(err), "receipt %d: %s", i+1, avow.MessageOf(err))
		}
		list[i] = r
	}
	return list, nil
}

func entriesOf(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
