package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
)

// atlas is the mapped systems of each published policy, by its latest version. It is a
// cases.Engine; without a folder every policy has an empty map.
type atlas struct {
	folder   folder // its Policy names a file beside systems/, which need not be there
	dir      string
	register *consent.Register
	log      *slog.Logger
	clock    func() time.Time
	retain   *retain.Desk // what is held against erasures

	mu      sync.Mutex
	placed  map[string]placed // by policy
	retired []*systems.Engine // of versions before: steps may still be in them
}

// placed is an engine, and the version of the policy that its map was read with.
type placed struct {
	engine  *systems.Engine
	version int
}

// openAtlas reads the files of the systems with each policy that is published. One
// that does not fit, or misses a secret, stops the start.
func (s *server) openAtlas() (*atlas, error) {
	a := &atlas{folder: folder{Policy: filepath.Join(s.Systems, "policy.yaml"), Secrets: s.Secrets, Inside: s.Inside}, dir: s.Systems, register: s.consent, log: s.log,
		clock: s.now, placed: map[string]placed{}}
	if a.dir == "" {
		return a, nil
	}
	if _, err := os.Stat(filepath.Join(a.dir, "systems")); err != nil {
		return nil, avow.FieldErrorf("--systems", "there is no folder systems in %s", a.dir)
	}
	for _, p := range s.consent.Policies(s.now()) {
		if _, err := a.of(p.Name); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// mapped tells whether systems are mapped for a policy.
func (a *atlas) mapped(name string) bool {
	if a.dir == "" {
		return false
	}
	e, err := a.of(name)
	return err == nil && len(e.Map.Systems) > 0
}

// of is the engine of a policy. A version that was published since is read with the
// files as they are; where they do not fit it the version before stays.
func (a *atlas) of(name string) (*systems.Engine, error) {
	p, err := a.register.Version(name, 0)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.placed[name]
	if was.engine != nil && was.version == p.Number {
		return was.engine, nil
	}
	m, err := a.load(p)
	switch {
	case err == nil:
		if was.engine != nil {
			a.retired = append(a.retired, was.engine)
		}
		was.engine = a.folder.engine(m, func() *retain.Desk { return a.retain })
	case was.engine == nil:
		return nil, err
	default:
		a.log.Error("the files of the systems do not fit the policy any more; requests are answered by the version before, until they are mended and the server is started again", slog.String("policy", name), slog.Any("error", err))
	}
	a.placed[name] = placed{was.engine, p.Number}
	return was.engine, nil
}

// load reads the files of the systems with a policy.
func (a *atlas) load(p *policy.Policy) (*datamap.Map, error) {
	if a.dir == "" {
		return &datamap.Map{Policy: p}, nil
	}
	m, err := datamap.Load(os.DirFS(a.dir), p)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the files of the systems in %s do not fit the policy %s, version %d: %s", a.dir, p.Name, p.Number, err)
	}
	return m, a.folder.credentials(m)
}

// all are the engines of all published policies that have one.
func (a *atlas) all() (out []*systems.Engine, err error) {
	for _, p := range a.register.Policies(a.clock()) {
		e, wrong := a.of(p.Name)
		if wrong != nil {
			err = wrong
			continue
		}
		out = append(out, e)
	}
	return out, err
}

func (a *atlas) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, e := range a.retired {
		errs = append(errs, e.Close())
	}
	for _, p := range a.placed {
		errs = append(errs, p.engine.Close())
	}
	return errors.Join(errs...)
}

// pack makes packages.
func (a *atlas) pack(desk *rights.Desk) func(context.Context, cases.Request, []cases.Attachment, io.Writer) (cases.Packed, error) {
	return func(ctx context.Context, r cases.Request, attached []cases.Attachment, w io.Writer) (cases.Packed, error) {
		e, err := a.of(r.Policy)
		if err != nil {
			return cases.Packed{}, err
		}
		return e.Pack(desk, "")(ctx, r, attached, w)
	}
}

// Held asks the systems of all policies. One that is away is waited for, unless another knows.
func (a *atlas) Held(ctx context.Context, region avow.Region, ids []cases.Identity) (out []cases.Identity, err error) {
	engines, err := a.all()
	for _, e := range engines {
		found, wrong := e.Held(ctx, region, ids)
		if wrong != nil {
			err = wrong
		}
		out = append(out, found...)
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, err
}

// Capture plans in the systems of the policy that a request is under.
func (a *atlas) Capture(ctx context.Context, r cases.Request) ([]cases.Part, error) {
	e, err := a.of(r.Policy)
	if err != nil {
		return nil, err
	}
	return e.Capture(ctx, r)
}

// Restrict restricts what was captured.
func (a *atlas) Restrict(ctx context.Context, r cases.Request, system string, captured []byte) error {
	e, err := a.of(r.Policy)
	if err != nil {
		return err
	}
	return e.Restrict(ctx, r, system, captured)
}

// Free looks whether something is held.
func (a *atlas) Free(ctx context.Context, r cases.Request, captured []byte) error {
	e, err := a.of(r.Policy)
	if err != nil {
		return err
	}
	return e.Free(ctx, r, captured)
}

// Run does what was captured.
func (a *atlas) Run(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Outcome, error) {
	e, err := a.of(r.Policy)
	if err != nil {
		return cases.Outcome{}, err
	}
	return e.Run(ctx, r, system, captured)
}

// Renew plans anew what was planned with files that were corrected since.
func (a *atlas) Renew(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Part, bool, error) {
	e, err := a.of(r.Policy)
	if err != nil {
		return cases.Part{}, false, err
	}
	return e.Renew(ctx, r, system, captured)
}

// Check reads again what was changed.
func (a *atlas) Check(ctx context.Context, r cases.Request, captured map[string][]byte) ([]cases.Left, error) {
	e, err := a.of(r.Policy)
	if err != nil {
		return nil, err
	}
	return e.Check(ctx, r, captured)
}

// Sweep looks for the person in texts.
func (a *atlas) Sweep(ctx context.Context, r cases.Request, captured map[string][]byte) ([]cases.Hit, error) {
	e, err := a.of(r.Policy)
	if err != nil {
		return nil, err
	}
	return e.Sweep(ctx, r, captured)
}

// Forms are the texts that an identity is compared by in some system of any policy.
func (a *atlas) Forms(region avow.Region, id cases.Identity) (out []cases.Form) {
	engines, err := a.all()
	if err != nil {
		a.log.Error("the files of the systems do not fit a policy; who is erased now is not found again in its systems after a restore", slog.Any("error", err))
	}
	for _, e := range engines {
		for _, f := range e.Forms(region, id) {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// Scan reads the identities that the systems of all policies hold.
func (a *atlas) Scan(ctx context.Context, names []string, each func(cases.Scanned) error) error {
	engines, err := a.all()
	if err != nil {
		return err
	}
	for _, e := range engines {
		if err := e.Scan(ctx, names, each); err != nil {
			return err
		}
	}
	return nil
}

var _ cases.Engine = (*atlas)(nil)
