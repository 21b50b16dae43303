package proof

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
)

const inclusionHead = "c2sp.org/tlog-proof@v1\n"

// Inclusion shows that a log has a leaf. // c2sp:tlog-proof
type Inclusion struct {
	Index      int64
	Proof      tlog.RecordProof
	Checkpoint []byte // signed
}

// FormatInclusion writes the proof that a leaf is in the log of a signed checkpoint.
func FormatInclusion(index int64, p tlog.RecordProof, checkpoint []byte) []byte {
	b := append([]byte(inclusionHead), "index "...)
	b = append(strconv.AppendInt(b, index, 10), '\n')
	for _, h := range p {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), checkpoint...)
}

// ParseInclusion reads what FormatInclusion wrote; Invalid otherwise. Extra data, which
// nothing vouches for, is refused: ours has none.
func ParseInclusion(text []byte) (Inclusion, error) {
	bad := avow.Errorf(avow.Invalid, "that is not a proof of a log")
	if len(text) > MaxInclusion {
		return Inclusion{}, avow.Errorf(avow.TooLarge, "a proof is at most %d bytes", MaxInclusion)
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || len(lines) > 2+maxHashes {
		return Inclusion{}, bad
	}
	in := Inclusion{Checkpoint: checkpoint, Proof: make(tlog.RecordProof, 0, len(lines))}
	for _, line := range lines[2:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return Inclusion{}, bad
		}
		in.Proof = append(in.Proof, h)
	}
	var err error
	in.Index, err = strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil || in.Index < 0 || !bytes.Equal(FormatInclusion(in.Index, in.Proof, checkpoint), text) {
		return Inclusion{}, bad
	}
	return in, nil
}

// Check reports whether a leaf is at the proof's place in the tree of a checkpoint;
// Refused when it is not. That the checkpoint is the log's is for its signature to show.
func (in Inclusion) Check(leaf Hash, c Checkpoint) error {
	if in.Index >= c.Size || tlog.CheckRecord(in.Proof, c.Size, c.Root, in.Index, leaf) != nil {
		return avow.Errorf(avow.Refused, "the log at size %d does not have this record at place %d", c.Size, in.Index)
	}
	return nil
}
