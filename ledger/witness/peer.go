package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

// tries is how often one push asks: a witness may know another size than we remember.
const tries = 3

// peer is a witness that can be spoken to.
type peer struct {
	Witness
	id     string // name and hash of the key
	client *http.Client
}

func newPeer(w Witness) (*peer, error) {
	v, err := proof.NewCosignatureVerifier(w.Key)
	if err != nil {
		return nil, avow.FieldErrorf("witness key", "%s", avow.MessageOf(err))
	}
	u, err := proof.CheckAddress(w.URL)
	if err != nil {
		return nil, avow.FieldErrorf("witness address", "%s", avow.MessageOf(err))
	}
	if w.Name == "" {
		w.Name = v.Name()
	}
	if w.Name != v.Name() {
		return nil, avow.FieldErrorf("witness", "it is called %q, its key is of %q", w.Name, v.Name())
	}
	w.URL = strings.TrimSuffix(u.String(), "/")
	return &peer{w, fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash()), proof.Client(u)}, nil
}

// push asks the witness for its cosignature, from the size it is thought to know, or
// the one it says it does. // c2sp:tlog-witness
func (p *peer) push(ctx context.Context, signed []byte, size, known int64, prove func(earlier int64) (tlog.TreeProof, error)) (line string, err error) {
	if known > size {
		known = 0 // our log is shorter than it was; let the witness say what it knows
	}
	for range tries {
		steps, err := prove(known)
		if err != nil {
			return "", err
		}
		status, answer, err := p.ask(ctx, known, steps, signed)
		if err != nil {
			return "", err
		}
		if status == http.StatusOK {
			sig, err := proof.ReadCosignature(signed, answer, p.Key)
			return sig.Line(), err
		}
		if status != http.StatusConflict {
			return "", refusal(status)
		}
		if known, err = knows(answer, known, size); err != nil {
			return "", err
		}
	}
	return "", avow.Errorf(avow.Unavailable, "it says another size each time; it may be asked by somebody else at once")
}

// knows reads the size a witness says it knows. That our log cannot have had it is the
// very thing witnesses are for.
func knows(answer []byte, asked, size int64) (int64, error) {
	text := strings.TrimSuffix(string(answer), "\n")
	known, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || known < 0 || strconv.FormatInt(known, 10) != text:
		return 0, avow.Errorf(avow.Unavailable, "it answers that the sizes differ, and does not say which it knows")
	case known > size:
		return 0, avow.Errorf(avow.Conflict, "it has seen this log with %d entries, and it has %d: the log was cut short, or an older copy was put back", known, size)
	case known == asked:
		return 0, avow.Errorf(avow.Conflict, "it has seen another history of this log, of size %d", known)
	}
	return known, nil
}

// refusal says what a witness means, and what to do.
func refusal(status int) error {
	switch status {
	case http.StatusNotFound:
		return avow.Errorf(avow.NotFound, "it does not know this log; give whoever runs it the log's key")
	case http.StatusForbidden:
		return avow.Errorf(avow.Forbidden, "it knows this log under another key; give whoever runs it the log's key")
	case http.StatusUnprocessableEntity:
		return avow.Errorf(avow.Conflict, "it holds that this log does not go on from what it has seen")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return avow.Errorf(avow.TooMany, "it is busy")
	}
	return avow.Errorf(avow.Unavailable, "it answers with status %d", status)
}

// maxAnswer bounds what a witness may say: a few signature lines.
const maxAnswer = 32 << 10

func (p *peer) ask(ctx context.Context, known int64, steps tlog.TreeProof, signed []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/add-checkpoint", bytes.NewReader(request(known, steps, signed)))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, avow.Errorf(avow.Unavailable, "it does not answer: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, avow.Errorf(avow.Unavailable, "its answer breaks off: %w", err)
	}
	if len(answer) > maxAnswer {
		return 0, nil, avow.Errorf(avow.TooLarge, "its answer is longer than %d bytes", maxAnswer)
	}
	return resp.StatusCode, answer, nil
}

func request(known int64, steps tlog.TreeProof, signed []byte) []byte {
	b := fmt.Appendf(nil, "old %d\n", known)
	for _, h := range steps {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), signed...)
}
