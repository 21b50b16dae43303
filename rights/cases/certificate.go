package cases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
)

// CertificateFormat names the form of a certificate.
const CertificateFormat = "avow-request-certificate/1"

// Certificate says what a request came to, in names and counts: no value of anybody. It
// stays when all else of the request is gone. The event of its end holds its SHA-256, so that the
// log's receipt proves it (see Proof).
type Certificate struct {
	Format       string            `json:"format"`
	Organisation string            `json:"organisation"`
	Number       string            `json:"number"`
	Request      avow.ID           `json:"request"`
	Right        law.Right         `json:"right"`
	Policy       string            `json:"policy"`
	Version      int               `json:"version"`
	Regimes      []avow.Regime     `json:"regimes"`
	Received     time.Time         `json:"received"`
	Verified     time.Time         `json:"verified"`
	Changed      time.Time         `json:"changed,omitzero"`
	Finished     time.Time         `json:"finished"`
	Shown        string            `json:"shown"` // how they showed who they are
	ApprovedBy   string            `json:"approvedBy,omitempty"`
	Systems      []CertifiedSystem `json:"systems"`
	Here         *rights.Erasure   `json:"here,omitempty"`      // avow's own records
	Corrected    int64             `json:"corrected,omitempty"` // values in avow's own records
	Recipients   []CertifiedTask   `json:"recipients"`
	Tasks        []CertifiedTask   `json:"tasks"`
	Checked      []CertifiedLook   `json:"checked"` // each reading again
	Package      *Packed           `json:"package,omitempty"`
	Partial      bool              `json:"partial"` // something could not be done as the map says, or not at all
	Clock        []string          `json:"clock"`   // how the deadline came about, by law
	Notes        []string          `json:"notes,omitempty"`

	notHere []string // what could not be corrected in avow's own records
}

// CertifiedSystem is what was done in one system.
type CertifiedSystem struct {
	System string    `json:"system"`
	State  string    `json:"state"` // done, partial
	At     time.Time `json:"at"`
	Tables []Touched `json:"tables"`
	Left   int       `json:"left,omitempty"` // rows that changed hands between plan and change, and were left alone
}

// CertifiedTask is what people did.
type CertifiedTask struct {
	What  string          `json:"what"`
	State string          `json:"state"`
	At    time.Time       `json:"at"`
	By    string          `json:"by,omitempty"`
	Why   string          `json:"why,omitempty"`   // of what was refused
	Files []CertifiedFile `json:"files,omitempty"` // what shows it; whoever has the file can show that it was this one
}

// CertifiedFile is a file that was handed in. Its name could be somebody's and is not here.
type CertifiedFile struct {
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// CertifiedLook is one reading again.
type CertifiedLook struct {
	Kind string         `json:"kind"` // check: the ways of the plan; sweep: texts
	At   time.Time      `json:"at"`
	Left int            `json:"left"` // what was found that should be gone; done again since
	Not  []CertifiedGap `json:"notSwept,omitempty"`
}

// CertifiedGap is a system, or one table of it, in which no program could search.
type CertifiedGap struct {
	System string `json:"system"`
	Table  string `json:"table,omitempty"`
	Why    string `json:"why"`
}

// words is the line of a gap.
func (g CertifiedGap) words() string {
	name := g.System
	if g.Table != "" {
		name += "." + g.Table
	}
	return "not swept: " + name + ", " + g.Why
}

// words is the line of a task.
func (t CertifiedTask) words() string {
	text := fmt.Sprintf("%s: %s, %s", strings.TrimSuffix(t.What, "."), t.State, stamp(t.At))
	if t.By != "" {
		text += ", by " + t.By
	}
	if t.Why != "" {
		text += ", because: " + t.Why
	}
	for _, f := range t.Files {
		text += fmt.Sprintf("\n  shown by a file of %d bytes, SHA-256 %s", f.Bytes, f.SHA256)
	}
	return text
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// deliver tells the person what came of it and remembers what outlives the request.
func (d *Desk) deliver(tx *store.Tx, c *record, st *step) error {
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	if err := d.moment(tx, c, law.Answered, law.Date{}); err != nil {
		return err
	}
	cert, err := d.certify(tx, c, s)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(cert, "", "  ")
	if err != nil {
		return err
	}
	c.certificate = string(text)
	if c.Outcome != takenBack {
		c.Outcome = "done"
		if cert.Partial {
			c.Outcome = "partly done"
		}
	}
	if s.Outweighed != nil {
		c.Outcome = s.Outweighed.outcome()
	}
	if err := d.remember(tx, c, s); err != nil {
		return err
	}
	if err := d.doneLetter(tx, c, s, cert); err != nil {
		return err
	}
	return finish(tx, st, stepDone, "", nil)
}

// certify puts together what the steps came to.
func (d *Desk) certify(tx *store.Tx, c *record, s *secret) (*Certificate, error) {
	cert := &Certificate{Format: CertificateFormat, Organisation: d.Desk.Organisation, Number: c.Number, Request: c.ID, Right: c.Right, Policy: c.Policy,
		Version: c.Version, Regimes: c.Regimes, Received: c.Received, Verified: c.Verified, Changed: c.Changed, Finished: tx.Now(), ApprovedBy: c.approvedBy,
		Shown: howShown(s), Systems: []CertifiedSystem{}, Recipients: []CertifiedTask{}, Tasks: []CertifiedTask{}, Checked: []CertifiedLook{}, Clock: []string{}}
	all, err := steps(tx, c.ID, `done IS NOT NULL AND state <> ?`, stepDropped)
	if err != nil {
		return nil, err
	}
	plans := map[int]planned{}
	for _, st := range plansFirst(all) {
		if err := cert.add(st, plans); err != nil {
			return nil, err
		}
	}
	clocks, err := d.clocks(tx, c, tx.Now())
	for _, k := range clocks {
		cert.Clock = append(cert.Clock, k.Explain())
	}
	return cert, err
}

// weighed tells whether staff have weighed an objection.
func (cert *Certificate) weighed() bool {
	return slices.ContainsFunc(cert.Tasks, func(t CertifiedTask) bool { return strings.HasPrefix(t.What, wasWeighed) })
}

const wasWeighed = "The objection was weighed and "

func howShown(s *secret) string {
	for _, g := range s.Identities {
		if g.Proved != "" {
			return g.Proved
		}
	}
	return "the right asks for nothing to be shown"
}

func (cert *Certificate) add(st step, plans map[int]planned) error {
	read := func(to any) error {
		if st.Outcome == "" {
			return nil
		}
		return json.Unmarshal([]byte(st.Outcome), to)
	}
	cert.Partial = cert.Partial || st.State == stepPartial && st.Kind == kindRun || st.State == stepRefused
	switch st.Kind {
	case kindPlan:
		var p planned
		if err := read(&p); err != nil {
			return err
		}
		plans[st.Round] = p
	case kindRun:
		var out Outcome
		if err := read(&out); err != nil {
			return err
		}
		x := CertifiedSystem{System: st.About, State: st.State, At: st.Done, Left: out.Left}
		for _, p := range plans[st.Round].Parts {
			if p.System == st.About {
				x.Tables = p.Tables
			}
		}
		if plans[st.Round].Whole { // it stands there with all that was done before
			cert.Systems = slices.DeleteFunc(cert.Systems, func(o CertifiedSystem) bool { return o.System == x.System })
		}
		cert.Systems = append(cert.Systems, x)
		cert.Notes = append(cert.Notes, out.Notes...)
	case kindTell:
		cert.Recipients = append(cert.Recipients, CertifiedTask{What: "Tell " + st.About, State: st.State, At: st.Done})
	case kindWeigh:
		var w Weighed
		if err := read(&w); err != nil {
			return err
		}
		what := wasWeighed + "stands: " + strings.Join(w.Titles, "; ")
		if st.State == stepRefused {
			what = wasWeighed + "is not followed: " + strings.Join(w.Titles, "; ")
		}
		cert.Tasks = append(cert.Tasks, CertifiedTask{What: what, State: st.State, At: st.Done, By: st.By})
	case kindTask:
		var shown shownBy
		if err := read(&shown); err != nil {
			return err
		}
		t := CertifiedTask{What: st.What, State: st.State, At: st.Done, By: st.By, Why: shown.Why, Files: shown.Files}
		if strings.HasPrefix(st.About, "recipient ") {
			cert.Recipients = append(cert.Recipients, t)
		} else {
			cert.Tasks = append(cert.Tasks, t)
		}
	case kindCheck:
		var left []Left
		if err := read(&left); err != nil {
			return err
		}
		cert.Checked = append(cert.Checked, CertifiedLook{Kind: st.Kind, At: st.Done, Left: len(left)})
	case kindSweep:
		var hits []Hit
		if err := read(&hits); err != nil {
			return err
		}
		cert.Checked = append(cert.Checked, swept(st.Done, hits))
	case kindPack:
		cert.Package = &Packed{}
		return read(cert.Package)
	case kindOwn:
		if cert.Right == law.Remove {
			cert.Here = &rights.Erasure{}
			return read(cert.Here)
		}
		var out Outcome
		if st.Outcome != "" && cert.Right == law.Correct {
			err := read(&out)
			cert.Corrected += out.Rows
			cert.Notes, cert.notHere = append(cert.Notes, out.Notes...), append(cert.notHere, out.Notes...)
			cert.Partial = cert.Partial || len(out.Notes) > 0
			return err
		}
	}
	return nil
}

// swept is a sweep: how many of the person's rows still named them, and where no program could search.
func swept(at time.Time, hits []Hit) CertifiedLook {
	l := CertifiedLook{Kind: kindSweep, At: at}
	for _, h := range hits {
		switch {
		case h.Not != "":
			l.Not = append(l.Not, CertifiedGap{h.System, h.Table, h.Not})
		case h.Owned:
			l.Left++
		}
	}
	return l
}

// words says it to the person.
func (cert *Certificate) words() string {
	done := cert.done()
	text := "This was done:\n"
	if len(done) == 0 {
		text = nothingDone(cert.Right)
	}
	for _, line := range append(done, cert.undone()...) {
		text += "\n- " + line
	}
	if left, looked := cert.lastCheck(); looked {
		text += "\n\nAfterwards it was read again" + foundAgain(cert.Right, left > 0)
	}
	return text
}

func nothingDone(right law.Right) string {
	if right == law.Correct {
		return "Nothing was changed: nothing was found that says otherwise than you want it, or what you named does not stand there."
	}
	return "Nothing had to be done: nothing was found in our systems."
}

// foundAgain is what another reading came to.
func foundAgain(right law.Right, wrong bool) string {
	switch {
	case right == law.Remove && wrong:
		return ". Something that should be gone was still there, and our staff have looked into it."
	case right == law.Remove:
		return ", and what should be gone is gone."
	case wrong:
		return ". Something did not stand there as it should, and our staff have looked into it."
	}
	return ", and stands as it should."
}

// done is what was done, a line each.
func (cert *Certificate) done() (out []string) {
	line := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if cert.Corrected > 0 {
		line("in our own records: %s corrected", counted(int(cert.Corrected), "value", "values"))
	}
	if cert.Here != nil && (cert.Here.Values > 0 || cert.Here.Identities > 0) {
		line("in our own records: %s and %s erased", counted(cert.Here.Values, "value", "values"), counted(cert.Here.Identities, "address", "addresses"))
	}
	if cert.Here != nil {
		for _, k := range cert.Here.Kept {
			line("in our own records, kept: %s, for: %s; %s. %s", strings.Join(k.Titles, ", "), strings.Join(k.For, "; "), k.Until, k.Because)
		}
	}
	for _, s := range cert.Systems {
		for _, t := range s.Tables {
			if t.Rows > 0 && t.Action != "read" {
				line("%s", t.words(s.System))
			}
		}
	}
	return out
}

// undone is what could not be done, a line each.
func (cert *Certificate) undone() (out []string) {
	for _, why := range cert.notHere {
		out = append(out, "not done in our own records: "+why)
	}
	for _, t := range append(slices.Clone(cert.Tasks), cert.Recipients...) {
		if t.State != stepRefused {
			continue
		}
		text := "not done: " + t.What
		if t.Why != "" {
			text += " The reason: " + t.Why
		}
		out = append(out, text)
	}
	return out
}

// lastCheck is what was left when it was read again for the last time.
func (cert *Certificate) lastCheck() (left int, looked bool) {
	for _, l := range cert.Checked {
		if l.Kind == kindCheck {
			left, looked = l.Left, true
		}
	}
	return left, looked
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (t Touched) words(system string) string {
	rows := "rows"
	if t.Rows == 1 {
		rows = "row"
	}
	text := fmt.Sprintf("%s, %s: %d %s, %s", system, t.Table, t.Rows, rows, actions[t.Action])
	if t.Because != "" {
		text += ": " + t.Because
	}
	if t.Until != "" {
		text += " Until: " + t.Until + "."
	}
	if t.Refused != "" {
		text += " (" + t.Refused + "; instead: " + t.Instead + ")"
	}
	return text
}

var actions = map[string]string{"read": "read", "delete": "deleted", "clear": "emptied", "mask": "made unreadable", "keep": "kept", "untie": "no longer tied to you", "update": "changed"}

// Certificate is what a request came to, as JSON; NotFound before its end.
func (d *Desk) Certificate(ctx context.Context, id avow.ID) (*Certificate, error) {
	var text string
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx, id)
		text = c.certificate
		return err
	})
	if err == nil && text == "" {
		err = avow.Errorf(avow.NotFound, "this request has no certificate: it has not ended, or nothing was done")
	}
	if err != nil {
		return nil, err
	}
	cert := &Certificate{}
	return cert, json.Unmarshal([]byte(text), cert)
}

// Text is the certificate to read and print.
func (cert *Certificate) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s\nCertificate of request %s (%s)\n", cert.Organisation, cert.Number, cert.Right)
	line("Received:  %s", stamp(cert.Received))
	line("Verified:  %s, by: %s", stamp(cert.Verified), cert.Shown)
	if cert.ApprovedBy != "" {
		line("Approved:  by %s", cert.ApprovedBy)
	}
	line("Finished:  %s", stamp(cert.Finished))
	line("Policy:    %s, version %d%s\n", cert.Policy, cert.Version, lawsOf(cert.Regimes))
	if h := cert.Here; h != nil && h.Values+h.Identities+len(h.Kept) > 0 {
		line("avow's own records: %s, %s erased; fields: %s", counted(h.Values, "value", "values"), counted(h.Identities, "identity", "identities"), strings.Join(h.Fields, ", "))
		for _, k := range h.Kept {
			line("  kept: %s for %s, %s: %s", strings.Join(k.Fields, ", "), strings.Join(k.For, "; "), k.Until, k.Because)
		}
	}
	if cert.Corrected > 0 {
		line("avow's own records: %s corrected", counted(int(cert.Corrected), "value", "values"))
	}
	for _, s := range cert.Systems {
		line("%s: %s, %s", s.System, s.State, stamp(s.At))
		for _, t := range s.Tables {
			line("  %s [%s]", t.words(t.Action), strings.Join(t.Columns, ", "))
		}
		if s.Left > 0 {
			line("  %d rows were somebody else's by then, and were left alone", s.Left)
		}
	}
	for _, t := range append(slices.Clone(cert.Recipients), cert.Tasks...) {
		line("%s", t.words())
	}
	for _, l := range cert.Checked {
		line("%s: %s, %d found%s", l.Kind, stamp(l.At), l.Left, noText[l.Kind])
		for _, g := range l.Not {
			line("  %s", g.words())
		}
	}
	for _, n := range cert.Notes {
		line("note: %s", n)
	}
	for _, k := range cert.Clock {
		line("\n%s", k)
	}
	return b.String()
}

// noText is what a look leaves out, whatever the systems are.
var noText = map[string]string{kindSweep: "; what is no text, as pictures and PDF files, and text that is packed or encoded (base64) is not read"}

// lawsOf names the laws that set the clock.
func lawsOf(list []avow.Regime) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = string(r)
	}
	if len(words) == 0 {
		return ""
	}
	return "; law: " + strings.Join(words, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// Proof is the receipt of the event that ended a request. It holds the SHA-256 of the
// certificate's JSON as Raw gives it, and shows that the log has it.
func (d *Desk) Proof(ctx context.Context, id avow.ID) (receipt *ledger.Receipt, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx, id)
		if err != nil {
			return err
		}
		if c.event.IsZero() {
			return avow.Errorf(avow.NotFound, "this request has not ended with a certificate")
		}
		e, err := d.Desk.Ledger.ByID(tx, c.event)
		if err != nil {
			return err
		}
		receipt, err = d.Desk.Ledger.Receipt(tx, e)
		return err
	})
	return receipt, err
}

// Raw is the certificate as it was hashed.
func (d *Desk) Raw(ctx context.Context, id avow.ID) (text string, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx, id)
		text = c.certificate
		return err
	})
	return text, err
}
