package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// actor says who acts.
type actor struct {
	By string `help:"Who does this. The name you are logged in by, when not set." placeholder:"NAME"`
}

// acting says who acts, and why.
type acting struct {
	actor   `embed:""`
	Because string `help:"What shows that the person asks and who they are: the number of a ticket, not the evidence itself." default:"asked for on the command line" placeholder:"TEXT"`
}

// name is who acts.
func (a actor) name() string {
	for _, name := range []string{a.By, os.Getenv("SUDO_USER"), os.Getenv("USER"), os.Getenv("LOGNAME")} {
		if strings.TrimSpace(name) != "" {
			return name
		}
	}
	return "somebody at the command line"
}

// accessCommand gathers what concerns somebody.
type accessCommand struct {
	whom     `embed:""`
	acting   `embed:""`
	where    `embed:""`
	Out      string `help:"The folder the package is written to: index.html to read, data.json, tables as CSV, a manifest." placeholder:"DIR"`
	Portable bool   `help:"Only what they may take to another service: what they gave or what was observed of them, used on consent or for a contract."`
	DryRun   bool   `help:"List what would be in it, without a value, and write nothing."`
}

// Help is shown by avow rights access --help.
func (c *accessCommand) Help() string {
	return `Reads every system that the files in systems/ describe, and what avow itself holds. What is somebody else's is left out of shared rows, and of rows that only mention the person.

    avow rights access --identity email=ann@example.com --dry-run
    avow rights access --identity email=ann@example.com --out ann/ --because "ticket 4711"

With --portable the systems and avow itself give what gdpr:20 is about and nothing else, as the privacy centre's request to take data elsewhere does.

The look is recorded, with who looked and why. It ends with status 1 when something could not be read; the package then says what is missing.

Where people have to look through something by hand, a request is taken down that waits for them (avow rights tasks, done), and avow rights answer writes the package.`
}

// sparing is how much garbage, in percent of what is in use, is left lying while a
// package is made: a person may have a million rows, and the machine is not ours alone.
const sparing = 40

// spare collects garbage so, until it is undone.
func spare() (undo func()) {
	if memoryIsSet() {
		return func() {}
	}
	before := debug.SetGCPercent(sparing)
	return func() { debug.SetGCPercent(before) }
}

// Run gathers.
func (c *accessCommand) Run(ctx context.Context, t *terminal) error {
	if c.DryRun {
		return c.show(ctx, t, c.where, c.what(), nil, false)
	}
	if c.Out == "" {
		return avow.FieldErrorf("--out", "name the folder the package is to be written to, or look first with --dry-run")
	}
	defer spare()()
	who, err := person(c.Identity)
	if err != nil {
		return err
	}
	files, err := c.readMap(t)
	if err != nil {
		return err
	}
	if len(byHand(files)) > 0 {
		return c.request(ctx, t, who)
	}
	m, err := c.openMap(ctx, t, files)
	if err != nil {
		return err
	}
	defer m.close()
	h, err := openHouse(ctx, c.where, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.looked(ctx, c.acting, m.policy.Name, c.right()); err != nil {
		return err
	}
	return c.gather(ctx, t, m, h, who)
}

// The two things that access shows.
const (
	showAll      = "access"
	showPortable = "portable"
)

func (c *accessCommand) what() string {
	if c.Portable {
		return showPortable
	}
	return showAll
}

func (c *accessCommand) right() law.Right {
	if c.Portable {
		return law.Move
	}
	return law.Copy
}

// looked records that staff looked somebody up in the mapped systems. Who was looked up stands in their own history when they are known here.
func (h *house) looked(ctx context.Context, a acting, policy string, right law.Right) error {
	request := showAll
	if right == law.Move {
		request = string(right)
	}
	body, err := json.Marshal(map[string]string{"request": request, "by": a.name(), "evidence": a.Because})
	if err != nil {
		return err
	}
	return h.db.Write(ctx, func(tx *store.Tx) error {
		_, err := h.ledger.Append(tx, ledger.Event{Type: ledger.LookedAt, Policy: policy, Body: body, Ours: true})
		return err
	})
}

func (c *accessCommand) gather(ctx context.Context, t *terminal, m *mapped, h *house, who find.Person) error {
	o := pack.Options{Policy: m.policy, Made: time.Now(), Portable: c.Portable}
	for _, id := range who.Identities {
		o.Identities = append(o.Identities, id.Kind+": "+id.Value)
	}
	o.Also = append(o.Also, func(a *pack.Archive) error { return c.own(ctx, h, who, a) })
	list := newAccessList(t.out, c.JSON)
	w, f, err := m.gather(ctx, who, o, c.what(), list.add)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.WriteFolder(c.Out); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written to: %w", c.Out, err)
	}
	if err := list.end(); err != nil {
		return err
	}
	if !c.JSON {
		_, err = fmt.Fprintf(t.out, "%s in %s\n", plural(int(w.Len()), "record"), c.Out)
	}
	if err != nil {
		return err
	}
	return c.unread(t, f)
}

// gather puts everything that concerns somebody into a package.
func (m *mapped) gather(ctx context.Context, who find.Person, o pack.Options, what string, each func(find.Record) error) (*pack.Writer, *find.Found, error) {
	s := m.search(find.Options{ToShow: true})
	f, err := s.Find(ctx, []find.Person{who})
	if err != nil {
		return nil, nil, err
	}
	w, err := pack.New(o)
	if err != nil {
		return nil, nil, err
	}
	err = complete(f, s.Export(ctx, f, 0, m.wanted(what, func(rec find.Record) error {
		if err := each(rec); err != nil {
			return err
		}
		return w.Add(rec)
	})))
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	w.Missing(append(missing(f), byHand(m.graph.Map)...))
	return w, f, nil
}

// byHand are the systems that no program reaches.
func byHand(m *datamap.Map) (out []string) {
	for _, s := range m.Systems {
		if s.Kind == string(datamap.Manual) {
			out = append(out, fmt.Sprintf("%s is looked through by hand.", s.Name.Text))
		}
	}
	return out
}

// own puts in what avow itself holds of the person.
func (c *accessCommand) own(ctx context.Context, h *house, who find.Person, a *pack.Archive) error {
	subjects, err := h.verified(ctx, who)
	if err != nil || len(subjects) == 0 {
		return err
	}
	d, err := rights.Open(ctx, rights.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Register: h.consent,
		Choices: func(ctx context.Context, subject avow.ID) ([]rights.Choice, error) {
			return said(ctx, h.consent, subject)
		}})
	if err != nil {
		return err
	}
	for i, subject := range subjects {
		folder := "avow"
		if i > 0 {
			folder = fmt.Sprintf("avow-%d", i+1)
		}
		if err := d.Own(ctx, subject, c.name(), c.Because, folder, c.Portable, a); err != nil {
			return err
		}
	}
	return nil
}

// verified are those known here by one of the identities, shown to be theirs.
func (h *house) verified(ctx context.Context, who find.Person) (out []avow.ID, err error) {
	err = h.db.Read(ctx, func(tx *store.Tx) error {
		out = nil
		for _, id := range who.Identities {
			if id.Kind != vault.Email && id.Kind != vault.Phone {
				continue
			}
			found, err := h.vault.Find(tx, vault.Identity{Kind: id.Kind, Value: id.Value})
			if err != nil {
				return err
			}
			for _, f := range vault.Holders(found) {
				if f.Verified && !slices.Contains(out, f.Subject) {
					out = append(out, f.Subject)
				}
			}
		}
		return nil
	})
	return out, err
}
