// Package systems does what a request asks in the systems of a data map: it is the
// cases.Engine over datamap and connect.
//
// What stays true: everything is found and planned before anything is changed, and what is
// captured for one system is all that its change needs later, after a stop or a week.
// A system that cannot be read makes a capture wait; one that staff decided to do without is
// left out and becomes a task. What is told of a plan are names and counts.
//
// What it never does: keep what it captured, or decide that a request is granted.
package systems

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/rights/cases"
)

// Config is a map and how its systems are reached.
type Config struct {
	Map *datamap.Map
	// Open opens a system. It is asked once, and again while that fails.
	Open   func(ctx context.Context, s *datamap.System) (connect.Source, error)
	Region string // the country of telephone numbers without a country code
	// Holds gives what is held against an erasure of the person of a request. Nil: nothing ever is. It
	// is asked when an erasure is planned, and before each system's part is run: then without a search, by their identities and those met in their rows.
	Holds func(ctx context.Context, s *find.Search, f *find.Found, r cases.Request) ([]plan.Hold, error)
}

// Engine is safe for concurrent use. It implements cases.Engine.
type Engine struct {
	Config
	mu      sync.Mutex
	sources map[string]connect.Source
	facts   map[string][]datamap.TableFacts // as the systems said last
}

// New is an engine; nothing is opened yet.
func New(c Config) *Engine {
	return &Engine{Config: c, sources: map[string]connect.Source{}, facts: map[string][]datamap.TableFacts{}}
}

// Close closes the systems.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var last error
	for _, src := range e.sources {
		if err := src.Close(); err != nil {
			last = err
		}
	}
	clear(e.sources)
	return last
}

// source is an opened system.
func (e *Engine) source(ctx context.Context, s *datamap.System) (connect.Source, error) {
	e.mu.Lock()
	src := e.sources[s.Name.Text]
	e.mu.Unlock()
	if src != nil {
		return src, nil
	}
	src, err := e.Open(ctx, s)
	if err != nil {
		return nil, waits(s.Name.Text, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if other := e.sources[s.Name.Text]; other != nil { // somebody else was quicker
		src.Close()
		return other, nil
	}
	e.sources[s.Name.Text] = src
	return src, nil
}

// waits says that a system cannot be worked with now. One that is away is asked again until it is back. One that
// is set up wrongly keeps its kind of error: asking again helps only when somebody has put it right, which is told.
func waits(system string, err error) error {
	switch kind := avow.KindOf(err); kind {
	case avow.Canceled, avow.TooLarge:
		return err
	case avow.Unavailable, avow.TooMany, avow.Internal:
		return avow.Errorf(avow.Unavailable, "%s cannot be worked with now: %s", system, avow.MessageOf(err))
	default:
		return avow.Errorf(kind, "%s cannot be worked with until somebody puts it right: %s", system, avow.MessageOf(err))
	}
}

// drop forgets a system that cannot be worked with: the next try opens it as it is set up then, at another address or with another login.
// A step that is in the middle of it is cut short at worst, and done again.
func (e *Engine) drop(system string, src connect.Source, err error) {
	switch avow.KindOf(err) {
	case avow.Canceled, avow.TooLarge, avow.TooMany, avow.Conflict:
		return
	}
	e.mu.Lock()
	known := e.sources[system] == src
	if known {
		delete(e.sources, system)
	}
	e.mu.Unlock()
	if known {
		src.Close()
	}
}

// world is the systems as they are now.
type world struct {
	graph   *datamap.Graph
	sources find.Sources
	schemas map[string]*connect.Schema
	away    map[string]error
}

// look opens and describes all systems but those to do without, at the same time.
func (e *Engine) look(ctx context.Context, without []string) (*world, error) {
	w := &world{sources: find.Sources{}, schemas: map[string]*connect.Schema{}, away: map[string]error{}}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, s := range e.Map.Systems {
		name := s.Name.Text
		if s.Kind == string(datamap.Manual) || slices.Contains(without, name) {
			continue
		}
		wg.Go(func() {
			var src connect.Source
			var schema *connect.Schema
			err := avow.Unpanicked(func() (err error) { src, schema, err = e.describe(ctx, s); return err })
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				w.away[name] = err
				return
			}
			w.sources[name], w.schemas[name] = src, schema
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, avow.Errorf(avow.Canceled, "it was stopped: %w", err)
	}
	return w, e.complete(w)
}

func (e *Engine) describe(ctx context.Context, s *datamap.System) (connect.Source, *connect.Schema, error) {
	src, err := e.source(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	schema, err := src.Describe(ctx)
	if err != nil {
		e.drop(s.Name.Text, src, err)
		return nil, nil, waits(s.Name.Text, err)
	}
	return src, schema, nil
}

// complete makes the graph with what the databases say of keys and references; of one that is away, what it said last.
func (e *Engine) complete(w *world) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, schema := range w.schemas {
		e.facts[name] = datamap.FactsOf(schema)
	}
	whole, err := e.Map.Complete(e.facts)
	if err != nil {
		return avow.Errorf(avow.Invalid, "the data map does not fit the systems any more; avow map check says where. Put it right; a server reads it when it starts")
	}
	w.graph = whole.Graph()
	return nil
}

// allThere is an error that names the systems that are away, or are set up wrongly: of such a kind, then.
func (w *world) allThere() error {
	if len(w.away) == 0 {
		return nil
	}
	var why []string
	kind := avow.Unavailable
	for _, err := range w.away {
		why = append(why, avow.MessageOf(err))
		switch k := avow.KindOf(err); k {
		case avow.Unavailable, avow.Canceled, avow.TooLarge:
		default:
			kind = k
		}
	}
	slices.Sort(why)
	return avow.Errorf(kind, "%s", strings.Join(why, "; "))
}

// Now is the systems as they are: a search over those that are there, and why others are not. They stay the engine's to close.
func (e *Engine) Now(ctx context.Context) (*find.Search, map[string]error, error) {
	w, err := e.look(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	return w.search(find.Options{Region: e.Region}), w.away, nil
}

func (e *Engine) search(w *world, r cases.Request, toShow bool) *find.Search {
	return w.search(find.Options{Region: e.region(r.Region), ToShow: toShow})
}

func (w *world) search(o find.Options) *find.Search {
	s := find.New(w.graph, w.sources, w.schemas, o)
	s.Away = w.away
	return s
}

func (e *Engine) region(of avow.Region) string {
	if c := of.Country(); c != "" {
		return string(c)
	}
	return e.Region
}

func people(r cases.Request) []find.Person {
	p := find.Person{}
	for _, id := range r.Identities {
		p.Identities = append(p.Identities, find.Identity{Kind: id.Kind, Value: id.Value})
	}
	return []find.Person{p}
}

// Find gives a search and what it found of the person, for a package: every system that is not to be done without was read, or it is Unavailable.
func (e *Engine) Find(ctx context.Context, r cases.Request) (*find.Search, *find.Found, error) {
	return e.find(ctx, r, true)
}

func (e *Engine) find(ctx context.Context, r cases.Request, toShow bool) (*find.Search, *find.Found, error) {
	w, err := e.look(ctx, r.Without)
	if err != nil {
		return nil, nil, err
	}
	if err := w.allThere(); err != nil {
		return nil, nil, err
	}
	s := e.search(w, r, toShow)
	f, err := s.Find(ctx, people(r))
	if err != nil {
		return nil, nil, err
	}
	return s, f, read(f, r.Without)
}

// read tells whether all was read that can be: a table that may not be read is told in the plan.
func read(f *find.Found, without []string) error {
	for _, s := range f.Systems {
		name := s.System.Name.Text
		if slices.Contains(without, name) {
			continue
		}
		if s.Away != nil {
			return waits(name, s.Away)
		}
		for _, t := range s.Tables {
			if t.Err != nil && avow.KindOf(t.Err) == avow.Unavailable {
				return waits(t.Table.Path(), t.Err)
			}
		}
	}
	return nil
}
