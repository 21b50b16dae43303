package cases_test

import (
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/vault"
)

// What somebody asked is listed in their visit, and opens for them and for nobody else.
func TestMine(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		visit := func(address string) string {
			h.Check(h.rights.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}))
			_, rest, _ := strings.Cut(h.letters(address)[0].Text, "/privacy/open?t=")
			token, _, _ := strings.Cut(rest, "\n")
			s, err := h.rights.Enter(bg, strings.TrimSpace(token))
			h.Check(err)
			return s.Token
		}
		mine, theirs := visit(ann), visit(bob)
		taken, err := h.desk.Take(bg, cases.Ask{Right: law.Copy, Policy: "site", Door: cases.Centre, Session: mine})
		h.Check(err)
		h.ask(law.Copy, bob) // not shown to be his
		list, err := h.desk.Mine(bg, mine)
		h.Check(err)
		if len(list) != 1 || list[0].ID != taken.ID || list[0].Words == "" {
			t.Errorf("her requests are %+v", list)
		}
		if list, err = h.desk.Mine(bg, theirs); err != nil || len(list) != 0 {
			t.Errorf("his requests are %+v, %v", list, err)
		}
		p, err := h.desk.Enter(bg, mine, taken.ID)
		h.Check(err)
		id, err := h.desk.Holder(bg, p.Token)
		if err != nil || id != taken.ID {
			t.Errorf("the pass is for %v, %v", id, err)
		}
		_, err = h.desk.Enter(bg, theirs, taken.ID)
		h.must(avow.NotFound, err)
		_, err = h.desk.Mine(bg, "no visit")
		h.must(avow.Unauthorized, err)
		_, err = h.desk.Holder(bg, "no pass")
		h.must(avow.Unauthorized, err)
	})
}

// The key of a certificate opens it after all else is gone, for a while, and no other key does.
func TestCertificateKey(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.CertificatePage = "https://quay.example/certificate?k=" }, func(h *house) {
		h.people()
		r := h.erase(ann)
		key := h.desk.CertificateKey(r.ID)
		if text := h.letters(ann)[0].Text; !strings.Contains(text, "certificate?k="+key) {
			t.Errorf("the last letter does not name the certificate: %s", text)
		}
		o, err := h.desk.Certified(bg, key)
		if err != nil || o.ID != r.ID {
			t.Errorf("the key opens %+v, %v", o, err)
		}
		other := h.desk.CertificateKey(avow.NewID(h.Clock()))
		for _, wrong := range []string{"", "x", r.ID.String(), r.ID.String() + ".", key[:len(key)-2] + "AA", other, r.ID.String() + other[26:], strings.Repeat("a", 500)} {
			_, err := h.desk.Certified(bg, wrong)
			h.must(avow.Unauthorized, err)
		}
		h.Pass(15 * 24 * time.Hour)
		_, err = h.desk.Certified(bg, key)
		h.must(avow.Unauthorized, err)
	})
}
