package cases

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const (
	linkLife  = 15 * time.Minute
	passLife  = 30 * time.Minute
	linkHour  = 5 // links to one address within an hour
	codeTries = 5

	slotHeld = "held" // an address that is known
	slotNew  = "new"  // the new address of a correction

	byLink = "one-time link"
)

var badLink = avow.Errorf(avow.Unauthorized, "this link or code was used already or has expired; ask for a new one")

// newAddress is the address that a correction puts in the place of another; empty when none does.
func newAddress(corrections []Correction) string {
	for _, c := range corrections {
		if _, field, _ := strings.Cut(c.Data, "."); field == vault.Email {
			return c.To
		}
	}
	return ""
}

// askWho has it looked up who holds an address, and waits until somebody shows to.
func (d *Desk) askWho(tx *store.Tx, c *record) error {
	if err := d.move(tx, c, Verifying); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = NULL WHERE case_id = ? AND kind = ?`, stepWaiting, c.ID, kindFind); err != nil {
		return err
	}
	_, err := add(tx, c, step{Stage: toVerify, Kind: kindProve, State: stepOpen, Who: "the person, or staff on evidence",
		What: "Use the link that was sent to an address that is known, or state what else shows who they are."})
	return err
}

// isVisitor takes somebody for the person because of the visit they are in. A new address
// they have to show all the same.
func (d *Desk) isVisitor(tx *store.Tx, c *record, s *secret, known avow.ID, level Level) error {
	c.Subject = known
	s.Identities = nil // what was typed beside is not shown to be theirs
	if err := d.addKnown(tx, c, s); err != nil {
		return err
	}
	if level != Both {
		return d.verified(tx, c, s)
	}
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	return d.askWho(tx, c)
}

// addKnown adds the identities that are verified of a subject.
func (d *Desk) addKnown(tx *store.Tx, c *record, s *secret) error {
	held, err := d.Desk.Vault.Identities(tx, c.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return nil
	}
	for _, id := range held {
		if !id.Verified {
			continue
		}
		s.prove(Identity{id.Kind, id.Value}, "verified here before")
		if s.To == "" && id.Kind == vault.Email {
			s.To = id.Value
		}
	}
	return err
}

// isVouched takes what was given for shown: by staff who stated evidence, or because the right asks for none.
func (d *Desk) isVouched(tx *store.Tx, c *record, s *secret, level Level) error {
	for i := range s.Identities {
		g := &s.Identities[i]
		switch {
		case level == Nothing && c.Door != Staff:
			continue // an opt-out counts for what was typed, and shows nobody anything
		case c.Door == Staff:
			g.Proved = "evidence stated by staff"
			c.vouchedBy = c.openedBy
		default:
			g.Proved = "erased under it before"
		}
		if s.To == "" && g.Kind == vault.Email && c.Door == Staff {
			s.To = g.Value
		}
		if err := d.findHere(tx, c, g.Identity, c.Door == Staff); err != nil {
			return err
		}
	}
	if c.Door == Staff {
		s.New = newAddress(s.Corrections)
	}
	return d.verified(tx, c, s)
}

// findHere finds out who somebody is in avow's own records.
func (d *Desk) findHere(tx *store.Tx, c *record, id Identity, shown bool) error {
	if !c.Subject.IsZero() {
		return nil
	}
	v := vault.Identity{Kind: id.Kind, Value: id.Value, Region: c.Region.Country()}
	if shown {
		var err error
		c.Subject, err = d.Desk.VerifyFor(tx, v)
		return err
	}
	found, err := d.Desk.Vault.Find(tx, v)
	if err == nil && len(found) > 0 && found[0].Verified {
		c.Subject = found[0].Subject
	}
	return err
}

// verified goes on with a request that was shown to be the person's.
func (d *Desk) verified(tx *store.Tx, c *record, s *secret) error {
	c.Verified = tx.Now()
	if _, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = ?, holder = NULL, leased = NULL WHERE case_id = ? AND stage = ? AND done IS NULL`,
		stepDone, tx.Now(), c.ID, string(toVerify)); err != nil {
		return err
	}
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	if c.State == Verifying {
		if err := d.moment(tx, c, law.IdentityGiven, law.Date{}); err != nil {
			return err
		}
	}
	if done, err := d.merge(tx, c, s); done || err != nil {
		return err
	}
	if err := d.acknowledge(tx, c, s); err != nil {
		return err
	}
	return d.advance(tx, c)
}

// acknowledge tells somebody who got no link that the request was taken down, and until when it is answered.
func (d *Desk) acknowledge(tx *store.Tx, c *record, s *secret) error {
	known, err := d.happened(tx, c, law.Acknowledged)
	if err != nil || known || s.To == "" || c.Door == Replay {
		return err
	}
	if err := d.moment(tx, c, law.Acknowledged, law.Date{}); err != nil {
		return err
	}
	return d.letter(tx, c, s, "Your request "+c.Number, fmt.Sprintf("It was taken down. You have the answer before the end of %s. To follow it, ask for a link with its number: %s",
		law.DateOf(c.Due.Add(-time.Second), time.UTC).Long(), d.Page))
}

// acknowledged notes that a letter says so.
func (d *Desk) acknowledged(tx *store.Tx, c *record) error {
	known, err := d.happened(tx, c, law.Acknowledged)
	if err != nil || known {
		return err
	}
	return d.moment(tx, c, law.Acknowledged, law.Date{})
}

// happened tells whether something that matters to the clock has happened.
func (d *Desk) happened(tx *store.Tx, c *record, what law.Event) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_case_moments WHERE case_id = ? AND what = ?)`, c.ID, string(what)).Scan(&yes)
	return yes, err
}

// doFind looks up who holds an address, in avow's own records and else in the systems, and sends a link
// there: to the spelling that is kept. Of one that nobody holds nothing happens.
func (d *Desk) doFind(ctx context.Context, c *record, _ *step) (settle, error) {
	var s *secret
	to := Identity{}
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if s, err = d.open(tx, c); err != nil {
			return err
		}
		if s.To != "" {
			to = Identity{vault.Email, s.To}
			return nil
		}
		to, err = d.heldHere(tx, c, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if to.Value == "" && c.Verified.IsZero() {
		held, err := d.Engine.Held(ctx, c.Region, s.all())
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(held, func(id Identity) bool { return id.Kind == vault.Email }); i >= 0 {
			to = held[i]
		}
	}
	return func(tx *store.Tx, c *record, st *step) error {
		if err := finish(tx, st, stepDone, "", nil); err != nil {
			return err
		}
		if c.State == Verifying {
			if err := d.moment(tx, c, law.IdentityAsked, law.Date{}); err != nil {
				return err
			}
		}
		if to.Value == "" {
			return nil
		}
		if err := d.acknowledged(tx, c); err != nil { // the letter says so
			return err
		}
		if s.To == "" || !c.Verified.IsZero() {
			if err := d.sendLink(tx, c, s, slotHeld, to.Value); err != nil {
				return err
			}
		}
		if n := newAddress(s.Corrections); c.Verified.IsZero() && n != "" && d.Needs(c.Right, s.Corrections) == Both {
			return d.sendLink(tx, c, s, slotNew, n)
		}
		return nil
	}, nil
}

// heldHere is the first address given that somebody here is known by, as it is kept.
func (d *Desk) heldHere(tx *store.Tx, c *record, s *secret) (Identity, error) {
	for _, g := range s.Identities {
		if g.Kind != vault.Email {
			continue
		}
		found, err := d.Desk.Vault.Find(tx, vault.Identity{Kind: g.Kind, Value: g.Value, Region: c.Region.Country()})
		if err != nil {
			return Identity{}, err
		}
		found = vault.Holders(found)
		if len(found) == 0 {
			continue
		}
		held, err := d.Desk.Vault.Identities(tx, found[0].Subject)
		if err != nil {
			return Identity{}, err
		}
		for _, id := range held {
			if id.Kind == g.Kind && strings.EqualFold(id.Value, g.Value) {
				return Identity{id.Kind, id.Value}, nil
			}
		}
	}
	return Identity{}, nil
}

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

// Vouch has staff state what shows that the person asks, where no link can. It speaks for all that was given.
func (d *Desk) Vouch(ctx context.Context, id avow.ID, by, evidence string) error {
	if err := stated(by, evidence); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		if c.State != Verifying {
			return avow.Errorf(avow.Conflict, "this request is %s; nothing is to be shown", c.State)
		}
		s, err := d.open(tx, c)
		if err != nil {
			return err
		}
		c.vouchedBy, s.Evidence, s.New = by, strings.TrimSpace(s.Evidence+"\n"+evidence), newAddress(s.Corrections)
		for i := range s.Identities {
			s.Identities[i].Proved = "evidence stated by staff"
			if err := d.findHere(tx, c, s.Identities[i].Identity, true); err != nil {
				return err
			}
			if s.To == "" && s.Identities[i].Kind == vault.Email {
				s.To = s.Identities[i].Value
			}
		}
		return d.verified(tx, c, s)
	})
}

func stated(by, evidence string) error {
	switch {
	case strings.TrimSpace(by) == "" || len(by) > 200:
		return avow.FieldErrorf("by", "say who decides this")
	case strings.TrimSpace(evidence) == "" || len(evidence) > 2000:
		return avow.FieldErrorf("evidence", "say why, or what shows it, in at most 2,000 bytes")
	}
	return nil
}

// change is one thing that happens to a request.
func (d *Desk) change(ctx context.Context, id avow.ID, do func(tx *store.Tx, c *record) error) error {
	err := d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := lock(tx, id)
		if err != nil {
			return err
		}
		if err := do(tx, &c); err != nil {
			return err
		}
		return save(tx, &c)
	})
	d.nudge()
	return err
}
