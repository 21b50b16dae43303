package consent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// maxSource bounds a policy file that is published.
const maxSource = 4 << 20

// Preview is what publishing a file would do.
type Preview struct {
	Policy   *policy.Policy  // the version it would be, or is already; nil when the file has errors
	Problems policy.Problems // errors and warnings
	Changes  []policy.Change // from the version before; empty for the first
	Same     bool            // exactly these bytes are the latest version: publishing does nothing
}

// Publication is one published version.
type Publication struct {
	Policy    *policy.Policy
	File      string
	Published time.Time
}

// Preview checks a file and shows what it would change, and changes nothing.
func (r *Register) Preview(file string, src []byte) (Preview, error) {
	if len(src) > maxSource {
		return Preview{}, avow.Errorf(avow.TooLarge, "a policy file has at most 4 MiB")
	}
	doc, problems := policy.Parse(file, src)
	if doc == nil || problems.Errors() {
		return Preview{Problems: problems}, nil
	}
	var before *policy.Policy
	if s := r.find(doc.Policy.Name); s != nil {
		before = s.last()
		if before.Hash == sha256.Sum256(src) {
			return Preview{Policy: before, Problems: problems, Same: true}, nil
		}
	}
	p, problems := policy.Load(file, src, before)
	v := Preview{Policy: p, Problems: problems}
	if p == nil || before == nil {
		return v, nil
	}
	v.Changes = policy.Diff(before, p)
	return v, r.hurried(file, before, &v)
}

// hurried warns when a version that widens the promise begins sooner than the one
// before it promises to announce changes (E40).
func (r *Register) hurried(file string, before *policy.Policy, v *Preview) error {
	notice := before.Document.Changes.Notice
	if notice.N == 0 || !policy.Widening(v.Changes) {
		return nil
	}
	now, err := r.now(context.Background())
	if err != nil || !v.Policy.Effective.Before(after(now, notice)) {
		return err
	}
	v.Problems = append(v.Problems, policy.Problem{
		File: file, Pos: v.Policy.Document.Effective.Pos, Warning: true, Code: "hurried-change",
		Message: "this version widens the promise, and begins sooner than the " + period(notice) + " of notice that version " +
			strconv.Itoa(before.Number) + " promises",
		Suggest: "make it effective from " + after(now, notice).AddDate(0, 0, 1).Format(time.DateOnly),
	})
	return nil
}

func (r *Register) now(ctx context.Context) (now time.Time, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error { now = tx.Now(); return nil })
	return now, err
}

// Publish makes a file the next version of its policy. The same bytes as the
// latest version change nothing; a file with errors is Invalid and its problems are in
// the Preview; a version that would begin before the one it follows is a Conflict.
func (r *Register) Publish(ctx context.Context, file string, src []byte) (Preview, error) {
	r.publishing.Lock()
	defer r.publishing.Unlock()
	v, err := r.Preview(file, src)
	if err != nil || v.Same {
		return v, err
	}
	if v.Policy == nil || v.Problems.Errors() {
		return v, avow.Errorf(avow.Invalid, "%s has errors and was not published; avow check shows them", file)
	}
	next, err := r.extended(v.Policy)
	if err != nil {
		return v, err
	}
	if err := r.db.Write(ctx, func(tx *store.Tx) error { return r.insertVersion(tx, file, v.Policy, len(v.Changes)) }); err != nil {
		return v, err
	}
	return v, r.begin(ctx, next)
}

// extended is the series as it is with one more version, when the gate takes it.
func (r *Register) extended(p *policy.Policy) (*series, error) {
	next := &series{name: p.Name, gate: gate.New(r.gates), versions: []*policy.Policy{p}}
	if s := r.find(p.Name); s != nil {
		next.gate, next.versions = s.gate, append(slices.Clone(s.versions), p)
	}
	if p.Number != len(next.versions) {
		return nil, avow.Errorf(avow.Conflict, "another version of %s was published meanwhile; look at the change again", p.Name)
	}
	_, err := gate.NewRules(next.versions)
	return next, err
}

func (r *Register) insertVersion(tx *store.Tx, file string, p *policy.Policy, changes int) error {
	_, err := tx.Exec(`INSERT INTO policy_versions (name, number, effective, hash, file, source, published) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		p.Name, p.Number, p.Effective, p.Hash[:], file, p.Source, tx.Now())
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"hash": p.Hash[:], "effective": p.Effective.Format(time.DateOnly), "changes": changes})
	if err != nil {
		return err
	}
	_, err = r.ledger.Append(tx, ledger.Event{Type: ledger.NoticePublished, Policy: p.Name, Version: p.Number, Body: body})
	return err
}

// begin makes a series the one that holds here. People's states are folded again
// before the gate learns of the new version, because it may open lanes that an
// objection made earlier fills.
func (r *Register) begin(ctx context.Context, next *series) error {
	r.mu.Lock()
	r.series[next.name] = next
	r.mu.Unlock()
	if len(next.versions) > 1 {
		if _, err := r.load(ctx, []*series{next}); err != nil {
			return err
		}
	}
	return r.open(ctx, next)
}

// open hands the gate the versions it does not have yet.
func (r *Register) open(ctx context.Context, s *series) error {
	now, err := r.now(ctx)
	if err != nil {
		return err
	}
	have := 0
	if rules := s.gate.Rules(); rules != nil {
		have = len(rules.Versions())
	}
	for _, p := range s.versions[have:] {
		if err := s.gate.Publish(p, now); err != nil {
			return err
		}
	}
	return nil
}

// reload compiles what the database has and this node does not: at the start all,
// later what other nodes published.
func (r *Register) reload(ctx context.Context) error {
	found := map[string]*series{}
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		clear(found)
		return store.Each(tx, func(rows *store.Rows) error {
			var name, file string
			var number int
			var src, hash []byte
			if err := rows.Scan(&name, &number, &file, &src, &hash); err != nil {
				return err
			}
			return r.compiled(found, name, number, file, src, hash)
		}, `SELECT name, number, file, source, hash FROM policy_versions ORDER BY name, number`)
	})
	if err != nil {
		return err
	}
	for _, s := range found {
		if old := r.find(s.name); old == nil || len(old.versions) < len(s.versions) {
			if err := r.begin(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// compiled adds a stored version to a series, reusing what this node has compiled.
func (r *Register) compiled(found map[string]*series, name string, number int, file string, src, hash []byte) error {
	s := found[name]
	if s == nil {
		s = &series{name: name, gate: gate.New(r.gates)}
		if old := r.find(name); old != nil {
			s.gate, s.versions = old.gate, slices.Clone(old.versions)
		}
		found[name] = s
	}
	if number <= len(s.versions) {
		return nil
	}
	var before *policy.Policy
	if len(s.versions) > 0 {
		before = s.last()
	}
	p, problems := policy.Load(file, src, before)
	if sum := sha256.Sum256(src); p == nil && !bytes.Equal(sum[:], hash) {
		return avow.Errorf(avow.Conflict, "version %d of policy %s: the text in the database is not the one that was published, and is no policy any more: %s. "+
			"Somebody changed it, or the disk did; run avow audit, keep the database as it is, and restore a backup", number, name, problems[0])
	}
	if p == nil || p.Number != number {
		return avow.Errorf(avow.Conflict, "version %d of policy %s, published earlier, no longer compiles with this program: %s", number, name, problems.Error())
	}
	s.versions = append(s.versions, p)
	return nil
}

// Policies gives the version of each policy that is in force at a time, by name.
// A policy whose first version has not begun is not among them.
func (r *Register) Policies(at time.Time) []*policy.Policy {
	var list []*policy.Policy
	for _, s := range r.all() {
		if p := s.inForce(at); p != nil {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *policy.Policy) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Current is the version of a policy in force at a time; NotFound when there is none.
func (r *Register) Current(name string, at time.Time) (*policy.Policy, error) {
	s := r.find(name)
	if s == nil {
		return nil, unknownPolicy(name)
	}
	p := s.inForce(at)
	if p == nil {
		return nil, avow.Errorf(avow.NotFound, "policy %s takes effect on %s", name, s.versions[0].Effective.Format(time.DateOnly))
	}
	return p, nil
}

func (s *series) inForce(at time.Time) *policy.Policy {
	for _, p := range slices.Backward(s.versions) {
		if !p.Effective.After(at) {
			return p
		}
	}
	return nil
}

// Version is one version of a policy; number 0 is the latest published, in force or not yet.
func (r *Register) Version(name string, number int) (*policy.Policy, error) {
	s := r.find(name)
	switch {
	case s == nil:
		return nil, unknownPolicy(name)
	case number == 0:
		return s.last(), nil
	case number < 0 || number > len(s.versions):
		return nil, avow.Errorf(avow.NotFound, "policy %s has no version %d", name, number)
	}
	return s.versions[number-1], nil
}

// Versions gives all published versions of a policy, the first one first.
func (r *Register) Versions(ctx context.Context, name string) ([]Publication, error) {
	s := r.find(name)
	if s == nil {
		return nil, unknownPolicy(name)
	}
	var list []Publication
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.Collect(tx, func(rows *store.Rows) (p Publication, err error) {
			var number int
			if err = rows.Scan(&number, &p.File, store.IntoTime(&p.Published)); err == nil && number <= len(s.versions) {
				p.Policy = s.versions[number-1]
			}
			return p, err
		}, `SELECT number, file, published FROM policy_versions WHERE name = ? AND number <= ? ORDER BY number`, name, len(s.versions))
		return err
	})
	return list, err
}
