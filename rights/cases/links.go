package cases

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// sendLink sends a link and a code. Beyond five an hour to one address, of whichever requests, nothing is sent, and nothing said.
func (d *Desk) sendLink(tx *store.Tx, c *record, s *secret, slot, to string) error {
	box := d.box(to)
	if err := tx.Lock("rights case box", box); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM rights_case_links WHERE made < ?`, tx.Now().Add(-time.Hour)); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow(`SELECT count(hash) FROM rights_case_links WHERE box = ?`, box).Scan(&n); err != nil || n >= linkHour {
		return err
	}
	token, code := newToken(), newCode()
	address, err := d.Desk.Vault.Seal(tx, c.ID, sealContext(c.ID, "link", 0, 0), []byte(to))
	if err != nil {
		return err
	}
	err = tx.Insert("rights_case_links", "hash, case_id, slot, code, tries, address, box, made, expires, used",
		[]any{hashOf(token), c.ID, slot, d.codeHash(c.ID, code), 0, address, box, tx.Now(), tx.Now().Add(linkLife), time.Time{}})
	if err != nil {
		return err
	}
	return d.linkLetter(tx, c, s, slot, to, token, code)
}

// box is a keyed hash of an address letters go to.
func (d *Desk) box(address string) []byte {
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("letters to one address"))
	h.Write([]byte(strings.ToLower(address)))
	return h.Sum(nil)
}

func newToken() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func newCode() string {
	var raw [8]byte
	rand.Read(raw[:])
	return fmt.Sprintf("%08d", binary.BigEndian.Uint64(raw[:])%1e8)
}

func hashOf(token string) []byte {
	h := sha256.Sum256([]byte(token[:min(len(token), 200)]))
	return h[:]
}

// codeHash is keyed: a code is short enough to be tried out by whoever reads the table.
func (d *Desk) codeHash(id avow.ID, code string) []byte {
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("codes of requests"))
	h.Write(id[:])
	h.Write([]byte(code[:min(len(code), 20)]))
	return h.Sum(nil)
}

// Send sends another link to whoever a request is about: to an address that is known. The answer tells
// nothing, whether there is such a request, and takes the same time.
func (d *Desk) Send(ctx context.Context, number string) error {
	return d.atLeast(ctx, func() error {
		err := d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = NULL, next = ?, tries = 0 WHERE kind = ? AND state = ?
				AND case_id = (SELECT id FROM rights_cases WHERE number = ?)`, stepWaiting, tx.Now(), kindFind, stepDone, number[:min(len(number), 20)])
			return err
		})
		d.nudge()
		return err
	})
}

// atLeast takes a time that tells nothing.
func (d *Desk) atLeast(ctx context.Context, do func() error) error {
	t := time.NewTimer(d.AnswerIn)
	defer t.Stop()
	err := do()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return err
}

// Pass lets its holder see one request for half an hour. The token is a secret of theirs.
type Pass struct {
	Token   string
	Number  string
	Expires time.Time
}

// Confirm uses a link up, once: whoever does holds the address. Unauthorized when it was used, is
// too old, or never was.
func (d *Desk) Confirm(ctx context.Context, token string) (p Pass, err error) {
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		p, err = d.confirm(tx, hashOf(token))
		return err
	})
	d.nudge()
	return p, err
}

// ConfirmCode is Confirm with the number of a request and the code of its last letter. Five wrong ones end it.
func (d *Desk) ConfirmCode(ctx context.Context, number, code string) (p Pass, err error) {
	wrong := false
	err = d.atLeast(ctx, func() error {
		return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
			wrong = false
			hash, err := d.tryCode(tx, number, strings.ReplaceAll(code, " ", ""))
			if hash == nil || err != nil {
				wrong = true
				return err
			}
			p, err = d.confirm(tx, hash)
			return err
		})
	})
	d.nudge()
	if err == nil && wrong {
		err = badLink
	}
	return p, err
}

// tryCode finds the link of a code, and counts the try where there is none.
func (d *Desk) tryCode(tx *store.Tx, number, code string) (hash []byte, err error) {
	var id avow.ID
	err = tx.QueryRow(`SELECT id FROM rights_cases WHERE number = ?`, number[:min(len(number), 20)]).Scan(store.IntoID(&id))
	if avow.KindOf(err) == avow.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := tx.Lock("rights case", id[:]); err != nil {
		return nil, err
	}
	err = tx.QueryRow(`SELECT hash FROM rights_case_links WHERE case_id = ? AND code = ? AND used IS NULL AND expires > ? AND tries < ?`,
		id, d.codeHash(id, code), tx.Now(), codeTries).Scan(&hash)
	if avow.KindOf(err) != avow.NotFound {
		return hash, err
	}
	_, err = tx.Exec(`UPDATE rights_case_links SET tries = tries + 1 WHERE case_id = ? AND used IS NULL`, id)
	return nil, err
}

func (d *Desk) confirm(tx *store.Tx, hash []byte) (Pass, error) {
	n, err := tx.Exec(`UPDATE rights_case_links SET used = ? WHERE hash = ? AND used IS NULL AND expires > ?`, tx.Now(), hash, tx.Now())
	if err != nil {
		return Pass{}, err
	}
	if n != 1 {
		return Pass{}, badLink
	}
	var id avow.ID
	var slot string
	var sealed []byte
	if err := tx.QueryRow(`SELECT case_id, slot, address FROM rights_case_links WHERE hash = ?`, hash).Scan(store.IntoID(&id), &slot, &sealed); err != nil {
		return Pass{}, err
	}
	c, err := lock(tx, id)
	if err != nil {
		return Pass{}, err
	}
	address, err := d.Desk.Vault.Open(tx, c.ID, sealContext(c.ID, "link", 0, 0), sealed)
	if avow.KindOf(err) == avow.NotFound {
		return Pass{}, badLink // it ended meanwhile
	}
	if err != nil {
		return Pass{}, err
	}
	if c.State == Verifying {
		if err := d.shown(tx, &c, slot, string(address)); err != nil {
			return Pass{}, err
		}
		if err := save(tx, &c); err != nil {
			return Pass{}, err
		}
	}
	if slot == slotNew && c.Verified.IsZero() {
		return Pass{Number: c.Number}, nil // the new address alone opens nothing
	}
	return d.pass(tx, &c)
}

// shown notes that somebody holds an address, and goes on when that was all.
func (d *Desk) shown(tx *store.Tx, c *record, slot, address string) error {
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	if slot == slotNew {
		s.New = address
	} else {
		s.To = address
		s.prove(Identity{vault.Email, address}, byLink)
		if err := d.findHere(tx, c, Identity{vault.Email, address}, true); err != nil {
			return err
		}
		if !c.Subject.IsZero() {
			if err := d.addKnown(tx, c, s); err != nil {
				return err
			}
		}
	}
	if s.To == "" || d.Needs(c.Right, s.Corrections) == Both && s.New == "" {
		return d.seal(tx, c, s)
	}
	return d.verified(tx, c, s)
}

func (d *Desk) pass(tx *store.Tx, c *record) (Pass, error) {
	p := Pass{Token: newToken(), Number: c.Number, Expires: tx.Now().Add(passLife)}
	id := c.ID
	if !c.Into.IsZero() {
		id = c.Into
	}
	if _, err := tx.Exec(`DELETE FROM rights_case_passes WHERE expires < ?`, tx.Now()); err != nil {
		return p, err
	}
	return p, tx.Insert("rights_case_passes", "hash, case_id, expires", []any{hashOf(p.Token), id, p.Expires})
}

// Leave ends a pass before its time: whoever has it by then opens nothing with it. One that is none is no error.
func (d *Desk) Leave(ctx context.Context, pass string) error {
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM rights_case_passes WHERE hash = ?`, hashOf(pass))
		return err
	})
}

// holder is the request a pass is for.
func holder(tx *store.Tx, pass string) (record, error) {
	var id avow.ID
	err := tx.QueryRow(`SELECT case_id FROM rights_case_passes WHERE hash = ? AND expires > ?`, hashOf(pass), tx.Now()).Scan(store.IntoID(&id))
	if avow.KindOf(err) == avow.NotFound {
		return record{}, avow.Errorf(avow.Unauthorized, "your visit has ended; ask for a new link")
	}
	if err != nil {
		return record{}, err
	}
	return lock(tx, id)
}
