package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// Check reads a file whole, holds it against the policy in force and reports. It
// writes nothing. A file with errors is no error of Check; a policy or source that is
// not there is, and so is a file that cannot be read.
func (d *Desk) Check(ctx context.Context, f File, o Options) (*Report, error) {
	now, err := d.now(ctx)
	if err != nil {
		return nil, err
	}
	p, err := d.consent.Current(o.Policy, now)
	if err != nil {
		return nil, err
	}
	return d.check(ctx, f, o, p, now)
}

// now is the database's time: the one that choices and duties count by.
func (d *Desk) now(ctx context.Context) (now time.Time, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		now = tx.Now()
		return nil
	})
	return now, err
}

func (d *Desk) check(ctx context.Context, f File, o Options, p *policy.Policy, now time.Time) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{File: nameOf(f), Policy: p.Name, Version: p.Number, Source: o.Source, State: Checked, Allowed: o.Allowed, By: o.By,
		Codes: map[Code]int{}, Findings: []Finding{}}
	c, err := newChecker(p, o, now)
	if err != nil {
		return nil, err
	}
	err = c.each(ctx, f, func(l line) error {
		if o.Progress != nil && r.Lines%4096 == 0 {
			o.Progress(Checked, l.number)
		}
		r.count(l)
		for _, finding := range l.findings {
			r.add(finding)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	hash, err := hashOf(f)
	r.Hash = hex.EncodeToString(hash[:])
	return r, err
}

func (r *Report) count(l line) {
	r.Broken = r.Broken || l.fatal
	if l.number > 0 && !l.fatal {
		r.Lines++
	}
	if l.person != nil {
		r.Accepted++
	} else {
		r.Errors++
	}
}

// nameOf is the last part of a name: where a file lies is nobody's business.
func nameOf(f File) string {
	return clip(path.Base(strings.ReplaceAll(f.Name, `\`, "/")))
}

func hashOf(f File) (hash [32]byte, err error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, f.Size)); err != nil {
		return hash, unreadable(err)
	}
	return [32]byte(h.Sum(nil)), nil
}

func unreadable(err error) error {
	return avow.Errorf(avow.Unavailable, "the file cannot be read: %w", err)
}

// line is what reading a line came to: somebody, or why not.
type line struct {
	number   int
	person   *person
	findings []Finding
	fatal    bool // nothing behind it can be read
}

// each gives every line of a file to f. What is wrong with the file is a line too.
func (c *checker) each(ctx context.Context, f File, take func(line) error) error {
	t, err := c.begin(f, take)
	if t == nil || err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return avow.Errorf(avow.Canceled, "the import was stopped; it can go on later")
		}
		r, err := t.next()
		if err == io.EOF {
			return nil
		}
		l, err := c.line(r, err)
		if err != nil {
			return err
		}
		if err := take(l); err != nil || l.fatal {
			return err
		}
	}
}

// begin reads what comes before the lines. No table and no error: what is wrong was told.
func (c *checker) begin(f File, take func(line) error) (table, error) {
	t, err := open(f, c.o)
	var names []string
	if err == nil {
		names, err = t.header()
	}
	var p *problem
	if errors.As(err, &p) {
		return nil, take(line{number: p.Line, findings: []Finding{p.Finding}, fatal: true})
	}
	if err != nil || names == nil {
		return t, err
	}
	problems := c.columns.header(names)
	if c.source < 0 && !slices.ContainsFunc(names, func(n string) bool { col, _ := c.columns.find(n); return col.is == isSource }) {
		p := broken(1, CodeSource, "no source is named", "name the source of the file, or have a column "+wordSource)
		problems = append(problems, p)
	}
	if len(problems) == 0 {
		return t, nil
	}
	l := line{number: 1, fatal: true}
	for _, p := range problems {
		l.findings = append(l.findings, p.Finding)
	}
	return nil, take(l)
}

func (c *checker) line(r row, err error) (line, error) {
	var p *problem
	if errors.As(err, &p) {
		return line{number: p.Line, findings: []Finding{p.Finding}, fatal: p.fatal}, nil
	}
	if err != nil {
		return line{}, err
	}
	person, findings := c.check(r)
	return line{number: r.line, person: person, findings: findings}, nil
}
