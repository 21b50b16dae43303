package cases

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Holder is the request that a pass is for. Unauthorized when its time is over.
func (d *Desk) Holder(ctx context.Context, pass string) (id avow.ID, err error) {
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := holder(tx, pass)
		id = c.ID
		return err
	})
	return id, err
}

// Mine is a request in the list of whoever asked.
type Mine struct {
	Overview
	Words string
}

// MostMine is how many of their requests somebody is shown.
const MostMine = 50

// Mine lists the requests of somebody in a visit at the desk of package rights that were
// shown to be theirs, the newest first, at most MostMine. Unauthorized when the visit has ended.
func (d *Desk) Mine(ctx context.Context, session string) (out []Mine, err error) {
	subject, err := d.Desk.Who(ctx, session)
	if err != nil {
		return nil, err
	}
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		out = []Mine{}
		found, err := list(tx, `subject = ? AND verified IS NOT NULL ORDER BY received DESC, id LIMIT ?`, subject, MostMine)
		for _, c := range found {
			waits, err := waitsFor(tx, c.ID)
			if err != nil {
				return err
			}
			out = append(out, Mine{c.overview(tx.Now()), stateWords[c.State] + waits})
		}
		return err
	})
	return out, err
}

// Enter gives somebody in a visit a pass for a request of theirs. NotFound for one that is not.
func (d *Desk) Enter(ctx context.Context, session string, id avow.ID) (p Pass, err error) {
	subject, err := d.Desk.Who(ctx, session)
	if err != nil {
		return p, err
	}
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := lock(tx, id)
		if err != nil {
			return err
		}
		if c.Verified.IsZero() || c.Subject != subject {
			return noRequest
		}
		p, err = d.pass(tx, &c)
		return err
	})
	return p, err
}

// CertificateKey opens the certificate of a request, which holds nobody's value, for as long as
// an answer can be fetched. It is a secret of whoever asked, and is kept nowhere: all else that
// knew them of an erasure is gone when they want to see it.
func (d *Desk) CertificateKey(id avow.ID) string {
	return id.String() + "." + base64.RawURLEncoding.EncodeToString(d.certificateMAC(id))
}

func (d *Desk) certificateMAC(id avow.ID) []byte {
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("certificates of requests"))
	h.Write(id[:])
	return h.Sum(nil)
}

// Certified is the request whose certificate a key opens. Unauthorized for a wrong key, and when its time is over.
func (d *Desk) Certified(ctx context.Context, key string) (o Overview, err error) {
	wrong := avow.Errorf(avow.Unauthorized, "this address does not open a certificate, or its time is over")
	text, mac, _ := strings.Cut(key[:min(len(key), 200)], ".")
	id, err := avow.ParseID(text)
	if err != nil {
		return o, wrong
	}
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(given, d.certificateMAC(id)) {
		return o, wrong
	}
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx, id)
		if avow.KindOf(err) == avow.NotFound || err == nil && !c.Closed.IsZero() && c.Closed.Add(d.Keep).Before(tx.Now()) {
			return wrong
		}
		o = c.overview(tx.Now())
		return err
	})
	return o, err
}
