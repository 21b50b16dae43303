package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
	"github.com/avowhq/avow/store"
)

// counter is where requests are taken down and done by a command: the mapped systems
// and avow's own records.
type counter struct {
	systems *datamap.Map
	engine  *systems.Engine
	house   *house
	desk    *cases.Desk
	retain  *retain.Desk
	seen    *watched
	region  string // of telephone numbers without a country code
}

// openCounter opens the systems and the records.
func (f folder) openCounter(ctx context.Context, t *terminal, w where) (_ *counter, err error) {
	c := &counter{}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.systems, err = f.readMap(t); err != nil {
		return nil, err
	}
	if err = f.credentials(c.systems); err != nil {
		return nil, err
	}
	c.region = f.region(c.systems.Policy)
	c.engine = f.engine(c.systems, func() *retain.Desk { return c.retain })
	if c.house, err = openHouse(ctx, w, "", slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	c.retain, err = c.house.openRetain(ctx, ofFolder{c.house.consent, c.systems.Policy}.Version, func(ctx context.Context) ([]retain.Systems, error) {
		one, err := retained(ctx, c.engine)
		return []retain.Systems{one}, err
	})
	if err != nil {
		return nil, err
	}
	outbox, err := c.house.outbox(c.systems.Policy)
	if err != nil {
		return nil, err
	}
	c.seen = &watched{Engine: c.engine}
	c.desk, err = c.house.openCases(ctx, casesConfig{engine: c.seen, policy: c.systems.Policy, packages: w.packages(),
		sure:   c.retain.SureOfClock,
		rights: rights.Config{Outbox: outbox, Held: heldOf(c.retain), Organisation: c.systems.Policy.Document.Organisation.Name.Plain},
		change: func(k *cases.Config) { k.Pack, k.Holds = c.engine.Pack(k.Desk, ""), c.retain.Mark }})
	if err == nil {
		c.retain.Erasing = erasingOf(c.desk)
	}
	return c, err
}

// outbox takes letters down; a running server with a mail server sends them.
func (h *house) outbox(p *policy.Policy) (*mail.Outbox, error) {
	from := h.from(mailing{})
	org := p.Document.Organisation
	if from.Name == "" {
		from.Name = org.Name.Plain
	}
	if org.Contact.Email != "" {
		from.Address = org.Contact.Email
	}
	return mail.NewOutbox(h.db, mail.Config{Key: h.vault.KeyFor("outbox"), From: from, Sender: noServer{}, Log: h.log})
}

func (c *counter) close() {
	if c.house != nil {
		c.house.close()
	}
	if c.engine != nil {
		c.engine.Close()
	}
}

// commandLease is how long a command that was killed holds up the next one.
const commandLease = 5 * time.Second

// finish does what is due, and waits for what a command that was killed had begun.
func (c *counter) finish(ctx context.Context, id avow.ID) error {
	for began := time.Now(); ; {
		tried, err := c.desk.Run(ctx)
		if err != nil {
			return err
		}
		waits, err := c.waits(ctx, id)
		if err != nil || !waits || time.Since(began) > 3*commandLease && tried == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return avow.Errorf(avow.Canceled, "it was stopped; avow rights continue goes on with it")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// waits tells whether a request waits for nothing but its turn.
func (c *counter) waits(ctx context.Context, id avow.ID) (bool, error) {
	o, err := c.desk.ByID(ctx, id)
	if err != nil || o.State.Over() {
		return false, err
	}
	steps, err := c.desk.Steps(ctx, id)
	now := time.Now()
	if slices.ContainsFunc(steps, func(s cases.Step) bool { return holdsUp(s, now) }) {
		return false, err
	}
	return slices.ContainsFunc(steps, func(s cases.Step) bool {
		return s.Done.IsZero() && s.Trouble == "" && s.What == "" && !s.Next.After(now)
	}), err
}

// holdsUp tells whether all that comes after a step waits for people, or for a letter to them.
func holdsUp(s cases.Step, now time.Time) bool {
	return s.Done.IsZero() && (s.Kind == "approve" || s.Kind == "inform" && (s.Trouble != "" || s.Next.After(now)))
}

// casesConfig is what requests need beside the records.
type casesConfig struct {
	engine   cases.Engine
	policy   *policy.Policy // of the folder, when it is not published
	packages string
	sure     func(context.Context) error // of the clock; nil: nothing doubts it
	rights   rights.Config
	change   func(*cases.Config)
}

// openCases opens the desk that takes requests.
func (h *house) openCases(ctx context.Context, c casesConfig) (*cases.Desk, error) {
	regimes, err := law.Load()
	if err != nil {
		return nil, err
	}
	c.rights.DB, c.rights.Vault, c.rights.Ledger = h.db, h.vault, h.ledger
	c.rights.Register = ofFolder{h.consent, c.policy}
	desk, err := rights.Open(ctx, c.rights)
	if err != nil {
		return nil, err
	}
	config := cases.Config{Desk: desk, Regimes: regimes, Engine: c.engine, Own: ownActs(h.consent), Packages: cases.Folder(c.packages), SureOfClock: c.sure, TwoPeople: []law.Right{}, Lease: commandLease}
	if c.policy != nil {
		config.TwoPeople = approved(c.policy)
	}
	if c.change != nil {
		c.change(&config)
	}
	return cases.Open(ctx, config)
}

// approved are the rights whose requests a second person approves, as the policy says.
func approved(p *policy.Policy) []law.Right {
	out := []law.Right{}
	for _, r := range p.Document.Rights.Each {
		if r.Is.ApprovedBy.Name != "" {
			out = append(out, law.Right(r.Key))
		}
	}
	return out
}

// ofFolder is the register with the policy of a folder, which need not be published.
type ofFolder struct {
	*consent.Register
	policy *policy.Policy
}

// Version is a published version, or the policy of the folder.
func (f ofFolder) Version(name string, number int) (*policy.Policy, error) {
	p, err := f.Register.Version(name, number)
	if avow.KindOf(err) == avow.NotFound && f.policy != nil && name == f.policy.Name && (number == 0 || number == f.policy.Number) {
		return f.policy, nil
	}
	return p, err
}

// ownActs is what requests do among what people said here.
func ownActs(register *consent.Register) cases.Own {
	return cases.Own{Stop: stops(register), Weighs: weighs(register), Outweighed: outweighed(register), Restricted: isRestricted(register),
		Unrestrict: unrestricts(register),
		Restrict: func(tx *store.Tx, subject avow.ID) error {
			h, err := register.In(tx, subject)
			if err == nil {
				_, err = h.Restrict("request", "")
			}
			if err == nil {
				err = h.Done()
			}
			return err
		},
	}
}

// watched is an engine that shows what was planned.
type watched struct {
	cases.Engine
	mu    sync.Mutex
	plans map[string]*plan.Plan
}

// Capture plans, and keeps the plans to be shown.
func (w *watched) Capture(ctx context.Context, r cases.Request) ([]cases.Part, error) {
	parts, err := w.Engine.Capture(ctx, r)
	for _, p := range parts {
		w.note(p.System, p.Captured)
	}
	return parts, err
}

// Renew plans anew, and keeps the plan to be shown.
func (w *watched) Renew(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Part, bool, error) {
	part, changed, err := w.Engine.Renew(ctx, r, system, captured)
	if changed && err == nil {
		w.note(system, part.Captured)
	}
	return part, changed, err
}

// Run does what was planned, perhaps by an earlier command.
func (w *watched) Run(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Outcome, error) {
	w.note(system, captured)
	return w.Engine.Run(ctx, r, system, captured)
}

func (w *watched) note(system string, captured []byte) {
	p, err := systems.Planned(captured)
	if err != nil {
		return // nothing was captured
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plans == nil {
		w.plans = map[string]*plan.Plan{}
	}
	w.plans[system] = p
}

// planned is what was planned in all systems, in the order of the map.
func (c *counter) planned(eachRow bool) []plan.Entry {
	out := []plan.Entry{}
	for _, s := range c.systems.Graph().Systems() {
		if p := c.seen.plans[s.Name.Text]; p != nil {
			out = append(out, p.Entries(eachRow)...)
		}
	}
	return out
}

// certify writes the certificate of a request and its proof into a folder, when it has ended.
func (c *counter) certify(ctx context.Context, folder string, id avow.ID) error {
	raw, err := c.desk.Raw(ctx, id)
	if err != nil || raw == "" {
		return err
	}
	cert, err := c.desk.Certificate(ctx, id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written to: %w", folder, err)
	}
	files := map[string][]byte{"certificate.json": []byte(raw), "certificate.txt": []byte(cert.Text())}
	if receipt, err := c.desk.Proof(ctx, id); err == nil {
		if files["receipt.json"], err = json.MarshalIndent(receipt, "", "  "); err != nil {
			return err
		}
	} else if avow.KindOf(err) != avow.NotFound {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return avow.Errorf(avow.Invalid, "%s cannot be written to: %w", folder, err)
		}
	}
	return nil
}

// waitingFor says whether a step goes on by itself, or when people have put something right.
func waitingFor(s cases.Step) string {
	if s.Mend {
		return "PUT THIS RIGHT, in"
	}
	return "WAITS FOR"
}

// outcome says where a request stands and what it waits for. Status 1: for a system, or
// something was left.
func (c *counter) outcome(ctx context.Context, t *terminal, o cases.Overview) error {
	steps, err := c.desk.Steps(ctx, o.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.err, "Request %s: %s\n", o.Number, o.State)
	waits := false
	for _, s := range steps {
		switch {
		case !s.Done.IsZero():
		case s.Trouble != "":
			waits = true
			fmt.Fprintf(t.err, "%s %s: %s\n", waitingFor(s), cmp.Or(s.About, "the systems"), s.Trouble)
		case s.Kind == "inform" && s.Next.After(time.Now()):
			fmt.Fprintf(t.err, "The person was told. It is lifted after %s.\n", s.Next.UTC().Format("2 January 2006, 15:04 UTC"))
		case s.What != "":
			writeToDo(t.err, o.Number, s)
		}
	}
	if waits {
		fmt.Fprintf(t.err, "avow rights continue goes on with it.\n")
		return outcome(exitWrong)
	}
	return nil
}
