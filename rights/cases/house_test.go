package cases_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const (
	ann       = "ann@mail.example"
	bob       = "bob@mail.example"
	nobody    = "nobody@mail.example"
	staffMail = "privacy-team@quay.example"
	openPage  = "https://quay.example/requests/open?t="
	page      = "https://quay.example/requests"
)

var bg = context.Background()

// house is a desk with all it stands on, real: the rooms, and systems that are
// databases of their own, which can be away. The test turns the clock.
type house struct {
	*collecttest.House
	t       *testing.T
	rights  *rights.Desk
	desk    *cases.Desk
	shelves *shelves
	tune    func(*cases.Config)
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c, nil)) })
}

func tuned(t *testing.T, tune func(*cases.Config), test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c, tune)) })
}

func newHouse(t *testing.T, c store.Config, tune func(*cases.Config)) *house {
	t.Helper()
	h := &house{House: collecttest.New(t, c, time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)), t: t, shelves: newShelves(t), tune: tune}
	h.open()
	h.Publish(filepath.Join("testdata", "policy.yaml"))
	return h
}

func (h *house) open() {
	h.t.Helper()
	h.Open()
	var err error
	h.rights, err = rights.Open(bg, rights.Config{DB: h.DB, Vault: h.Vault, Ledger: h.Ledger, Outbox: h.Out, Register: h.Register,
		Link: "https://quay.example/privacy/open?t=", AddressLink: "https://quay.example/privacy/address?t=", Organisation: "Quay"})
	h.Check(err)
	h.desk = h.newDesk()
}

// newDesk is one node's desk.
func (h *house) newDesk() *cases.Desk {
	h.t.Helper()
	regimes, err := law.Load()
	h.Check(err)
	c := cases.Config{Desk: h.rights, Regimes: regimes, Engine: h.shelves, Link: openPage, Page: page, Staff: staffMail, AnswerIn: time.Nanosecond,
		Packages: cases.Folder(filepath.Join(h.Dir, "packages")), Pack: h.pack, TwoPeople: []law.Right{},
		Own: cases.Own{Restrict: h.restrict, Unrestrict: h.unrestrict, Stop: h.stop, Weighs: weighsDebts, Outweighed: h.outweighed}}
	if h.tune != nil {
		h.tune(&c)
	}
	d, err := cases.Open(bg, c)
	h.Check(err)
	return d
}

// restrict and stop are how the door wires the rooms.
func (h *house) restrict(tx *store.Tx, subject avow.ID) error {
	hand, err := h.Register.In(tx, subject)
	if err != nil {
		return err
	}
	if _, err := hand.Restrict("request", "the person"); err != nil {
		return err
	}
	return hand.Done()
}

func (h *house) unrestrict(tx *store.Tx, subject avow.ID, by, reason string) error {
	hand, err := h.Register.In(tx, subject)
	if err != nil {
		return err
	}
	if _, err := hand.Unrestrict("request", by, reason); err != nil {
		return err
	}
	return hand.Done()
}

func (h *house) stop(tx *store.Tx, s cases.Stopped) (string, error) {
	for _, id := range s.Identities {
		found, err := h.Vault.Find(tx, vault.Identity{Kind: id.Kind, Value: id.Value})
		if err != nil {
			return "", err
		}
		for _, f := range vault.Heard(found) {
			hand, err := h.Register.In(tx, f.Subject)
			if err != nil {
				return "", err
			}
			for _, c := range stoppedHere(s) {
				if _, err := hand.Object(c); err != nil {
					return "", err
				}
			}
			if err := hand.Done(); err != nil {
				return "", err
			}
		}
	}
	return "", nil
}

// weighsDebts: in the policy of these tests only an objection to recovering debts is weighed.
func weighsDebts(s cases.Stopped) (w cases.Weighed, err error) {
	if slices.Contains(s.Of, "debts") {
		w = cases.Weighed{Purposes: []string{"debts"}, Titles: []string{"Recover debts"}, All: len(s.Of) == 1}
	}
	return w, nil
}

func (h *house) outweighed(tx *store.Tx, s cases.Stopped, purposes []string, by, reason string) error {
	hand, err := h.Register.In(tx, s.Subject)
	if err != nil {
		return err
	}
	for _, name := range purposes {
		if _, err := hand.Override(consent.Choice{Policy: s.Policy, Purpose: name, By: by}, reason); err != nil {
			return err
		}
	}
	return hand.Done()
}

// stoppedHere is what was named, else the newsletter.
func stoppedHere(s cases.Stopped) (list []consent.Choice) {
	for _, name := range s.Of {
		list = append(list, consent.Choice{Policy: s.Policy, Purpose: name})
	}
	if len(list) == 0 {
		list = append(list, consent.Choice{Policy: s.Policy, Topic: "news"})
	}
	return list
}

// pack writes what the systems and avow hold.
func (h *house) pack(ctx context.Context, r cases.Request, attached []cases.Attachment, w io.Writer) (cases.Packed, error) {
	rows, err := h.shelves.export(ctx, r)
	if err != nil {
		return cases.Packed{}, err
	}
	a := pack.NewArchive(w, pack.Manifest{})
	write := func(w io.Writer) error {
		return json.NewEncoder(w).Encode(map[string]any{"rows": rows, "attached": attached, "undone": r.Undone})
	}
	if err := a.Add("rows.json", "rows", write); err != nil {
		return cases.Packed{}, err
	}
	if !r.Subject.IsZero() {
		if err := h.rights.PutFor(ctx, r.Subject, "avow", a); err != nil {
			return cases.Packed{}, err
		}
	}
	return cases.Packed{Rows: int64(len(rows)), Files: 1 + len(attached)}, a.Close()
}

// unzipped is all files of a package in one text.
func unzipped(t *testing.T, b []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, f.Name)
		if _, err := io.Copy(&out, r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return out.String()
}

func (h *house) restart() {
	h.t.Helper()
	h.Close()
	h.open()
}

func (h *house) must(kind avow.ErrorKind, err error) {
	h.t.Helper()
	if err == nil || avow.KindOf(err) != kind {
		h.t.Fatalf("want %v, got: %v", kind, err)
	}
}

// people: Ann and Bob are known here and in three systems.
func (h *house) people() {
	h.t.Helper()
	for _, p := range [][2]string{{ann, "Ann Visitor"}, {bob, "Bob Other"}} {
		h.Submit(collecttest.Submission("contact", "contact.email", p[0], "contact.name", p[1], "messages.text", "Is the blue boat sold?"))
		for _, s := range []string{"shop", "crm", "desk"} {
			h.shelves.put(s, p[0], p[1])
			h.shelves.put(s, p[0], p[1])
		}
	}
}

func (h *house) ask(right law.Right, address string, more ...func(*cases.Ask)) cases.Taken {
	h.t.Helper()
	a := cases.Ask{Right: right, Policy: "site", Region: "NL", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: address}}}
	for _, f := range more {
		f(&a)
	}
	t, err := h.desk.Take(bg, a)
	h.Check(err)
	return t
}

func (h *house) run() {
	h.t.Helper()
	_, err := h.desk.Run(bg)
	h.Check(err)
}

func (h *house) letters(address string) []mail.Opened {
	h.t.Helper()
	h.Pass(time.Second) // so that letters have an order
	return h.Letters(address)
}

// link is the token of the newest letter with a link; empty without one.
func (h *house) link(address string) string {
	h.t.Helper()
	for _, l := range h.letters(address) {
		if token := collecttest.Token(l.Text, openPage); token != "" {
			return token
		}
	}
	return ""
}

// prove has the holder of an address use the link.
func (h *house) prove(address string) cases.Pass {
	h.t.Helper()
	h.run()
	p, err := h.desk.Confirm(bg, h.link(address))
	h.Check(err)
	return p
}

func (h *house) state(t cases.Taken) cases.Overview {
	h.t.Helper()
	o, err := h.desk.ByNumber(bg, t.Number)
	h.Check(err)
	return o
}

func (h *house) is(t cases.Taken, want cases.State) {
	h.t.Helper()
	if o := h.state(t); o.State != want {
		for _, s := range h.steps(t) {
			h.t.Logf("%d %s %s %s tries %d: %s %s", s.N, s.Kind, s.About, s.State, s.Tries, s.Class, s.Trouble)
		}
		h.t.Fatalf("the request is %s, want %s", o.State, want)
	}
}

func (h *house) steps(t cases.Taken) []cases.Step {
	h.t.Helper()
	list, err := h.desk.Steps(bg, t.ID)
	h.Check(err)
	return list
}

func (h *house) step(t cases.Taken, kind, about string) cases.Step {
	h.t.Helper()
	list := h.steps(t)
	for _, s := range slices.Backward(list) {
		if s.Kind == kind && (about == "" || s.About == about) {
			return s
		}
	}
	h.t.Fatalf("there is no step %s %s", kind, about)
	return cases.Step{}
}

// audit holds the log against itself.
func (h *house) audit() {
	h.t.Helper()
	a, err := h.Ledger.Audit(bg, ledger.AuditOptions{})
	h.Check(err)
	if !a.Sound() {
		h.t.Fatal(a.Findings)
	}
}
