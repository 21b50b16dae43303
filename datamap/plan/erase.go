package plan

import (
	"context"
	"errors"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

// builder makes one plan.
type builder struct {
	search  *find.Search
	found   *find.Found
	options Options
	held    []*policy.FieldSet // of each hold; nil: about everything
	work    Work
}

// Erase says what becomes of everything that was found when these people are erased (gdpr:17).
func Erase(ctx context.Context, s *find.Search, f *find.Found, o Options) (*Plan, error) {
	b, err := newBuilder(s, f, Erasure, o)
	if err != nil {
		return nil, err
	}
	return b.each(ctx, (*system).erase)
}

func newBuilder(s *find.Search, f *find.Found, w Work, o Options) (*builder, error) {
	if len(o.CaseKey) < 16 && o.seed == [32]byte{} {
		return nil, avow.Errorf(avow.Invalid, "The key of a case has at least 16 bytes; this one has %d.", len(o.CaseKey))
	}
	if o.Now.IsZero() {
		return nil, avow.Errorf(avow.Invalid, "A plan needs to know what day it is.")
	}
	if len(o.CaseKey) > 0 {
		o.seed = keyed([32]byte{}, "avow masks 1", o.CaseKey)
		o.CaseKey = nil
	}
	b := &builder{search: s, found: f, options: o, work: w}
	for _, h := range o.Holds {
		about, err := b.about(h)
		if err != nil {
			return nil, err
		}
		b.held = append(b.held, about)
	}
	return b, nil
}

// about is the data of a hold; nil for all.
func (b *builder) about(h Hold) (*policy.FieldSet, error) {
	if h.Person < 0 || h.Person >= len(b.found.People) {
		return nil, avow.Errorf(avow.Invalid, "A hold is on person %d, and %d were sought.", h.Person, len(b.found.People))
	}
	if len(h.Data) == 0 {
		return nil, nil
	}
	var out policy.FieldSet
	for _, name := range h.Data {
		fields, _, ok := b.search.Graph.Map.Policy.Data(name)
		if !ok {
			return nil, avow.Errorf(avow.Invalid, "A hold is on `%s`, and the policy has no such data.", name)
		}
		out = out.Or(fields)
	}
	return &out, nil
}

// each plans every system, in the order in which they are to be run.
func (b *builder) each(ctx context.Context, plan func(*system, context.Context) error) (*Plan, error) {
	p := &Plan{For: b.work, At: b.options.Now.UTC(), options: b.options}
	for _, s := range b.search.Graph.Systems() {
		sp, err := b.one(ctx, s, plan)
		if err != nil {
			return nil, err
		}
		p.Systems = append(p.Systems, sp)
	}
	return p, nil
}

func (b *builder) one(ctx context.Context, of *datamap.System, plan func(*system, context.Context) error) (*SystemPlan, error) {
	s := &system{builder: b, of: of, plan: &SystemPlan{System: of.Name.Text, seed: b.options.seed}}
	if of.Kind == string(datamap.Manual) {
		s.manual()
		return s.plan, nil
	}
	src := b.search.Sources[of.Name.Text]
	found := b.in(of)
	switch {
	case found != nil && found.Away != nil:
		s.plan.Away = avow.MessageOf(found.Away)
	case src == nil:
		s.plan.Away = "The system is not opened."
	case found == nil:
		s.plan.Away = "Nothing was looked for in it."
	}
	if s.plan.Away != "" {
		return s.plan, nil
	}
	s.src, s.schema = src, b.search.Schemas[of.Name.Text]
	if err := s.load(found); err != nil {
		return nil, err
	}
	err := s.named(ctx)
	if err == nil {
		err = s.takeBack(ctx)
	}
	if err == nil {
		err = s.foreseen(ctx, plan)
	}
	s.keepBefore()
	if err == nil {
		err = s.keepDone(ctx)
	}
	if avow.KindOf(err) == avow.Unavailable && ctx.Err() == nil {
		return &SystemPlan{System: s.plan.System, seed: s.plan.seed, Away: avow.MessageOf(err)}, nil
	}
	return s.plan, err
}

func (b *builder) in(of *datamap.System) *find.SystemFound {
	for i := range b.found.Systems {
		if b.found.Systems[i].System == of {
			return &b.found.Systems[i]
		}
	}
	return nil
}

// system is one system while its part of a plan is made.
type system struct {
	*builder
	of     *datamap.System
	src    connect.Source
	schema *connect.Schema // nil: it says nothing of itself
	plan   *SystemPlan
	tables []*table
	edges  []*edge
	barred map[string]bool // table and column that cannot be emptied to let rows go
}

// load takes the rows of all tables beside each other.
func (s *system) load(found *find.SystemFound) error {
	s.tables = make([]*table, len(found.Tables))
	failed := make([]error, len(found.Tables))
	var wg sync.WaitGroup
	for i, rows := range found.Tables {
		wg.Go(func() {
			failed[i] = avow.Unpanicked(func() (err error) { s.tables[i], err = s.table(rows.Table, s.schema, rows); return err })
		})
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	s.barred = map[string]bool{}
	s.edges = s.findEdges()
	return nil
}

func (s *system) tableOf(of *datamap.Table) *table {
	for _, t := range s.tables {
		if t.of == of {
			return t
		}
	}
	return nil
}

// manual is what somebody does by hand.
func (s *system) manual() {
	do := text(s.of.Task.Do)
	s.plan.Groups = append(s.plan.Groups, &Group{Lines: []Line{{Action: Task, Reason: do}}})
}

// erase plans the erasure in one system.
func (s *system) erase(ctx context.Context) error {
	if err := s.refuseDeletes(ctx); err != nil {
		return err
	}
	order, err := s.deleteOrder(ctx)
	if err != nil {
		return err
	}
	s.untie()
	for _, t := range s.tables {
		if err := s.readExtra(ctx, t); err != nil {
			return err
		}
	}
	s.eraseGroups(order)
	s.tableByTable()
	s.unread()
	s.conflicts()
	return nil
}
