package collect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// tokenLife is how long a form that was shown may be sent.
const tokenLife = 24 * time.Hour

// FormToken is what a form carries: proof that we showed these words, of this version
// at this point, and until when it may be sent. It names nobody.
func (d *Desk) FormToken(p *policy.Policy, point string) string {
	b := make([]byte, 12, 12+sha256.Size)
	binary.BigEndian.PutUint64(b, uint64(d.clock().Add(tokenLife).Unix()))
	binary.BigEndian.PutUint32(b[8:], uint32(p.Number))
	return base64.RawURLEncoding.EncodeToString(append(b, d.sign(b, p, point)...))
}

func (d *Desk) sign(head []byte, p *policy.Policy, point string) []byte {
	m := hmac.New(sha256.New, d.key)
	m.Write([]byte("avow form 1\x00"))
	m.Write(head)
	m.Write(p.Hash[:])
	m.Write([]byte(p.Name + "\x00" + point))
	return m.Sum(nil)
}

// shown finds the version a submission was made under: the one its token proves,
// else the one in force, which then was not shown by us.
func (d *Desk) shown(s Submission) (p *policy.Policy, shown bool, err error) {
	if s.FormToken == "" {
		p, err = d.consent.Current(s.Policy, d.clock())
		return p, false, err
	}
	bad := avow.Errorf(avow.Invalid, "this form was not made here, or was changed; open it again")
	b, err := base64.RawURLEncoding.DecodeString(s.FormToken)
	if err != nil || len(b) != 12+sha256.Size {
		return nil, false, bad
	}
	p, err = d.consent.Version(s.Policy, int(binary.BigEndian.Uint32(b[8:])))
	if avow.KindOf(err) == avow.NotFound {
		return nil, false, bad
	}
	if err != nil {
		return nil, false, err
	}
	if !hmac.Equal(b[12:], d.sign(b[:12], p, s.Point)) {
		return nil, false, bad
	}
	if d.clock().After(time.Unix(int64(binary.BigEndian.Uint64(b)), 0)) {
		return nil, false, avow.Errorf(avow.Invalid, "this form was open for longer than a day; open it again, the words may have changed")
	}
	return p, true, nil
}
