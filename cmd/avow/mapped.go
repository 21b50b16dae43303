package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/cases/systems"
)

// folder is a policy with the files of its systems, and how these are reached.
type folder struct {
	Policy  string   `help:"The policy file. The files of its systems lie in systems/ beside it, or where it says." default:"policy.yaml" placeholder:"FILE"`
	Secrets string   `help:"The directory that secret:NAME in a file of a system means." placeholder:"DIR" env:"AVOW_SECRETS"`
	Inside  []string `help:"A host or network inside that services and buckets may be reached at, and databases without TLS: crm.internal, 10.2.0.0/16. None by default." placeholder:"HOST" env:"AVOW_INSIDE"`
	Region  string   `help:"The country of telephone numbers without a country code: GB. Without it, where the organisation is." placeholder:"COUNTRY"`
}

// mapped is the systems of a policy, opened.
type mapped struct {
	policy  *policy.Policy
	graph   *datamap.Graph
	sources find.Sources
	schemas map[string]*connect.Schema
	away    map[string]error // what could not be reached
	refused map[string]error // what cannot be opened as things are: a login, a variable that is not set
	region  string
}

// openMapped reads the policy and its systems, and opens these. A system that is away
// is none of the sources; what is wrong with the files ends the command.
func (f folder) openMapped(ctx context.Context, t *terminal) (*mapped, error) {
	m, err := f.readMap(t)
	if err != nil {
		return nil, err
	}
	return f.openMap(ctx, t, m)
}

// readMap reads the policy and the files of its systems.
func (f folder) readMap(t *terminal) (*datamap.Map, error) {
	l, err := t.load(f.Policy, nil)
	if err != nil {
		return nil, err
	}
	if _, err := l.must(t); err != nil {
		return nil, err
	}
	l.problems = nil
	l.loadSystems()
	if l.systems == nil {
		return nil, l.wrong(t)
	}
	if len(l.systems.Systems) == 0 {
		for _, p := range l.problems {
			fmt.Fprintln(t.err, p)
		}
		return nil, avow.Errorf(avow.NotFound, "no file says where the data of %s stands; write one with avow map draft, into systems/ beside the policy", l.name)
	}
	return l.systems, nil
}

// wrong writes the errors in the files, which end the command.
func (l *loaded) wrong(t *terminal) error {
	var wrong wrongFiles
	for _, p := range l.problems {
		if !p.Warning {
			fmt.Fprintln(t.err, p)
			wrong.problems = append(wrong.problems, p)
		}
	}
	return wrong
}

// openMap opens each system of a map and completes the map with what they say. What is
// wrong with it is said whole, not only what keeps it from being completed.
func (f folder) openMap(ctx context.Context, t *terminal, m *datamap.Map) (*mapped, error) {
	out := f.openSystems(ctx, m)
	if len(out.refused) > 0 {
		out.close()
		var wrong []error
		for _, name := range slices.Sorted(maps.Keys(out.refused)) {
			wrong = append(wrong, out.refused[name])
		}
		return nil, errors.Join(wrong...)
	}
	return f.complete(t, m, out)
}

// complete completes a map with what the systems say that are open.
func (f folder) complete(t *terminal, m *datamap.Map, out *mapped) (*mapped, error) {
	whole, err := m.Complete(out.facts())
	var wrong policy.Problems
	if errors.As(err, &wrong) {
		defer out.close()
		l := &loaded{problems: f.live(m, out)}
		return nil, l.wrong(t)
	}
	if err != nil {
		out.close()
		return nil, err
	}
	out.graph = whole.Graph()
	return out, nil
}

// openSystems opens each system of a map that can be opened.
func (f folder) openSystems(ctx context.Context, m *datamap.Map) *mapped {
	out := &mapped{policy: m.Policy, sources: find.Sources{}, schemas: map[string]*connect.Schema{}, away: map[string]error{}, refused: map[string]error{}, region: f.region(m.Policy)}
	f.openAll(ctx, out, m)
	return out
}

// unseen tells what could not be opened, for whatever reason, and whether there was any.
func (m *mapped) unseen(w io.Writer, says string) bool {
	all := maps.Clone(m.away)
	maps.Copy(all, m.refused)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%s: %s: %s\n", says, name, avow.MessageOf(all[name]))
	}
	return len(all) > 0
}

// live is what is wrong with a map beside the systems that are open.
func (f folder) live(m *datamap.Map, open *mapped, more ...policy.Problem) (out policy.Problems) {
	for _, p := range append(m.CheckLive(open.schemas), more...) {
		p.File = filepath.Join(filepath.Dir(f.Policy), p.File)
		out = append(out, p)
	}
	return out
}

// openAll opens all systems at the same time.
func (f folder) openAll(ctx context.Context, out *mapped, m *datamap.Map) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, s := range m.Systems {
		if s.Kind == string(datamap.Manual) {
			continue
		}
		wg.Go(func() {
			name := s.Name.Text
			src, schema, err := f.described(ctx, s, out.region)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				out.sources[name], out.schemas[name] = src, schema
			case avow.KindOf(err) == avow.Unavailable:
				out.away[name] = err
			default:
				out.refused[name] = err
			}
		})
	}
	wg.Wait()
}

// described opens one system to read it, and has it describe itself.
func (f folder) described(ctx context.Context, s *datamap.System, region string) (connect.Source, *connect.Schema, error) {
	src, err := f.open(ctx, s, region, true)
	if err != nil {
		return nil, nil, err
	}
	schema, err := src.Describe(ctx)
	if err != nil {
		src.Close()
		return nil, nil, err
	}
	return src, schema, nil
}

// open opens one system.
func (f folder) open(ctx context.Context, s *datamap.System, region string, readOnly bool) (connect.Source, error) {
	dir := filepath.Dir(f.Policy)
	c := connect.Config{System: s.Name.Text, Kind: s.Kind, At: s.At.Text, Within: s.Schema.Text, Region: region, ReadOnly: readOnly, Folder: dir, Files: os.DirFS(dir), Allow: f.Inside}
	for _, table := range s.All() {
		c.Tables = append(c.Tables, table.Name)
	}
	if s.Credentials.Given() {
		var err error
		if c.Secret, err = f.secret(s); err != nil {
			return nil, err
		}
	}
	return open.Source(ctx, c)
}

// region is the country of telephone numbers: as given, else where the organisation is.
func (f folder) region(p *policy.Policy) string {
	if f.Region != "" {
		return strings.ToUpper(f.Region)
	}
	for _, e := range p.Document.Organisation.Entities {
		for _, r := range e.Is.In.Regions {
			return string(r.Country())
		}
	}
	return ""
}

// facts is what the systems say of keys and references.
func (m *mapped) facts() map[string][]datamap.TableFacts {
	out := map[string][]datamap.TableFacts{}
	for name, schema := range m.schemas {
		out[name] = datamap.FactsOf(schema)
	}
	return out
}

// secret finds the credentials of a system.
func (f folder) secret(s *datamap.System) (string, error) {
	scheme, name := s.Credentials.Scheme, s.Credentials.Name
	if scheme == "file" && !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(f.Policy), name)
	}
	secret, err := open.Secret(scheme, name, f.Secrets, os.Getenv)
	if err != nil {
		return "", avow.Errorf(avow.KindOf(err), "system %s: %s", s.Name.Text, avow.MessageOf(err))
	}
	return secret, nil
}

// credentials ends with the first that is missing of those the systems are opened with: it is
// missing here, so nothing is gained by waiting.
func (f folder) credentials(m *datamap.Map) error {
	for _, s := range m.Systems {
		if !s.Credentials.Given() {
			continue
		}
		if _, err := f.secret(s); err != nil {
			return err
		}
	}
	return nil
}

// engine does requests in the systems of a map, which it opens when it needs them. The desk that
// knows what is held is asked for then, because it is opened after the engine.
func (f folder) engine(m *datamap.Map, desk func() *retain.Desk) *systems.Engine {
	region := f.region(m.Policy)
	return systems.New(systems.Config{Map: m, Region: region, Open: func(ctx context.Context, s *datamap.System) (connect.Source, error) {
		return f.open(ctx, s, region, false)
	}, Holds: func(ctx context.Context, s *find.Search, found *find.Found, r cases.Request) ([]plan.Hold, error) {
		return desk().Against(ctx, m.Policy, s, found, r.Subject)
	}})
}

func (m *mapped) search(o find.Options) *find.Search {
	o.Region = m.region
	return find.New(m.graph, m.sources, m.schemas, o)
}

func (m *mapped) close() {
	for _, src := range m.sources {
		src.Close()
	}
}

// person reads identities: `email=ann@example.com`.
func person(words []string) (find.Person, error) {
	var p find.Person
	for _, w := range words {
		kind, value, ok := strings.Cut(w, "=")
		if !ok || kind == "" || value == "" {
			return p, avow.FieldErrorf("--identity", "write it as KIND=VALUE, as email=ann@example.com")
		}
		p.Identities = append(p.Identities, find.Identity{Kind: kind, Value: value})
	}
	if len(p.Identities) == 0 {
		return p, avow.FieldErrorf("--identity", "say who it is about: --identity email=ann@example.com")
	}
	return p, nil
}

// missing are the systems and tables that were not read, in words.
func missing(f *find.Found) (out []string) {
	for _, s := range f.Systems {
		switch {
		case s.System.Kind == string(datamap.Manual):
			continue
		case s.Away != nil:
			out = append(out, fmt.Sprintf("%s: %s", s.System.Name.Text, avow.MessageOf(s.Away)))
			continue
		}
		for _, r := range s.Tables {
			switch {
			case r.Err != nil:
				out = append(out, fmt.Sprintf("%s: %s", r.Table.Path(), avow.MessageOf(r.Err)))
			case r.Hidden != "":
				out = append(out, fmt.Sprintf("%s: %s", r.Table.Path(), r.Hidden))
			}
			if r.Err == nil && r.Len() > 0 && r.Unshown() != "" {
				out = append(out, fmt.Sprintf("%s: %s", r.Table.Path(), r.Unshown()))
			}
		}
	}
	slices.Sort(out)
	return out
}
