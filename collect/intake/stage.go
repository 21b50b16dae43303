package intake

import (
	"context"
	"encoding/json"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// A chunk is what one transaction keeps of a file.
const (
	chunkPeople   = 500
	chunkFindings = 2000
	// keptFindings bounds the findings kept of one file; those beyond are counted.
	keptFindings = 100_000
)

// Stage checks a file whole, then keeps its people apart, some hundred in a
// transaction; nobody finds them until Flip. A file that was being staged under the
// same options goes on where it stopped, as after a crash. The report comes back with
// an error too, when there is one.
//
// Errors: Refused when more lines are wrong than are allowed, and then nothing was
// written; Conflict when the file was taken before and Again is not said, or when it is being staged
// with other options; Invalid for options that cannot be; Canceled when ctx ended, and what
// was staged so far stays for the next call.
func (d *Desk) Stage(ctx context.Context, f File, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	hash, err := hashOf(f)
	if err != nil {
		return nil, err
	}
	imp, found, err := d.earlier(ctx, hash, o)
	if err != nil {
		return nil, err
	}
	if found && imp.State == Staged {
		return imp.report(), nil
	}
	now, err := d.now(ctx)
	if err != nil {
		return nil, err
	}
	p, err := d.policyOf(imp, found, o, now)
	if err != nil {
		return nil, err
	}
	r, err := d.check(ctx, f, o, p, now)
	if err != nil {
		return r, err
	}
	if err := r.worthStaging(hash); err != nil {
		return r, err
	}
	if !found {
		if imp, err = d.begin(ctx, r, o, hash); err != nil {
			return r, err
		}
	}
	s := &staging{d: d, imp: imp, p: p}
	if err := s.run(ctx, f, o, now); err != nil {
		return r, err
	}
	return d.Report(ctx, imp.id)
}

// earlier finds whether this file came before. Staging goes on; anything else needs to be said.
func (d *Desk) earlier(ctx context.Context, hash [32]byte, o Options) (imp record, found bool, err error) {
	options, err := json.Marshal(o)
	if err != nil {
		return imp, false, err
	}
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		list, err := store.Collect(tx, scanRecord, `SELECT `+recordColumns+` FROM intake_imports WHERE hash = ? ORDER BY begun DESC, id DESC`, hash[:])
		if err != nil {
			return err
		}
		for _, r := range list {
			open := r.State == Staging || r.State == Staged
			switch {
			case open && r.options == string(options) && r.Policy == o.Policy && r.Allowed == o.Allowed:
				imp, found = r, true
				return nil
			case open:
				return avow.Errorf(avow.Conflict, "this file is being imported as %s with other options; flip or discard that import first, or give the same options", r.id)
			case r.State != Discarded && r.State != Discarding && !o.Again:
				return avow.Errorf(avow.Conflict, "this file was imported already, as %s; to import it again all the same, give --again", r.id)
			}
		}
		return nil
	})
	return imp, found, err
}

// policyOf is the version under which a file is taken: what began goes on under the version it began under.
func (d *Desk) policyOf(imp record, found bool, o Options, now time.Time) (*policy.Policy, error) {
	if found {
		return d.consent.Version(imp.Policy, imp.Version)
	}
	return d.consent.Current(o.Policy, now)
}

func (r *Report) worthStaging(hash [32]byte) error {
	switch {
	case r.Hash != hexOf(hash[:]):
		return avow.Errorf(avow.Conflict, "the file changes while it is read; import it when it is finished")
	case !r.OK():
		return r.refusal()
	case r.Accepted == 0:
		return avow.Errorf(avow.Refused, "the file has nobody in it")
	}
	return nil
}

// begin makes the import's record.
func (d *Desk) begin(ctx context.Context, r *Report, o Options, hash [32]byte) (imp record, err error) {
	options, err := json.Marshal(o)
	if err != nil {
		return imp, err
	}
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		size, err := d.ledger.Size(tx)
		if err != nil {
			return err
		}
		imp = record{id: avow.NewID(tx.Now()), hash: hash[:], options: string(options), seen: size}
		imp.Report = Report{File: r.File, Policy: r.Policy, Version: r.Version, Source: o.Source, State: Staging, Allowed: o.Allowed,
			By: o.By, Started: tx.Now(), Codes: map[Code]int{}}
		return imp.insert(tx)
	})
	return imp, err
}

// staging is a file on its way into the tables, chunk by chunk.
type staging struct {
	d     *Desk
	imp   record
	p     *policy.Policy
	o     Options
	chunk chunk
}

// chunk is what the next transaction keeps.
type chunk struct {
	people   []person
	findings []Finding
	lines    Report // counts
	last     int    // line
}

func (s *staging) run(ctx context.Context, f File, o Options, now time.Time) error {
	s.o = o
	c, err := newChecker(s.p, o, now)
	if err != nil {
		return err
	}
	err = c.each(ctx, f, func(l line) error {
		if l.number <= s.imp.line {
			return nil // before a stop
		}
		s.chunk.add(l)
		if len(s.chunk.people) < chunkPeople && len(s.chunk.findings) < chunkFindings {
			return nil
		}
		return s.keep(ctx, Staging)
	})
	if err != nil {
		return err
	}
	return s.keep(ctx, Staged)
}

func (c *chunk) add(l line) {
	c.last = l.number
	c.lines.count(l)
	c.findings = append(c.findings, l.findings...)
	if l.person != nil {
		c.people = append(c.people, *l.person)
	}
}

// keep writes a chunk, with how far the file has been dealt with. Whoever stages the
// same import at the same time comes too late, and stops.
func (s *staging) keep(ctx context.Context, then State) error {
	var after record
	err := s.d.db.Write(ctx, func(tx *store.Tx) error {
		k := keeper{Desk: s.d, tx: tx, imp: s.imp, p: s.p, o: s.o, known: map[string]member{}}
		if err := k.people(s.chunk.people); err != nil {
			return err
		}
		after = s.imp
		after.advance(&s.chunk, &k, then)
		if err := after.save(tx, s.imp.line); err != nil {
			return err
		}
		return writeFindings(tx, s.imp, append(s.chunk.findings[:len(s.chunk.findings):len(s.chunk.findings)], k.findings...))
	})
	if err != nil {
		return err
	}
	s.imp = after
	if s.o.Progress != nil {
		s.o.Progress(Staging, after.line)
	}
	s.chunk = chunk{people: s.chunk.people[:0], findings: s.chunk.findings[:0]}
	return nil
}
