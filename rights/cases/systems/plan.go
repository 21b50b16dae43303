package systems

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/rights/cases"
)

// captured is what a step keeps of one system: its part of the plan, and of the restriction before an erasure, and
// the edition of the map that it was made with; empty where an older program made it.
type captured struct {
	Plan, Restrict []byte
	Edition        string
}

// bytes writes it as the length of the plan, the plan and the restriction. Before them stands the edition, behind a
// length that no plan has.
func (c captured) bytes() []byte {
	out := make([]byte, 0, len(c.Plan)+len(c.Restrict)+len(c.Edition)+3*binary.MaxVarintLen64)
	if c.Edition != "" {
		out = append(binary.AppendUvarint(append(out, 0), uint64(len(c.Edition))), c.Edition...)
	}
	out = binary.AppendUvarint(out, uint64(len(c.Plan)))
	return append(append(out, c.Plan...), c.Restrict...)
}

func fromBytes(b []byte) (c captured, ok bool) {
	if len(b) > 1 && b[0] == 0 {
		n, k := binary.Uvarint(b[1:])
		if k <= 0 || n > uint64(len(b)-1-k) {
			return c, false
		}
		c.Edition, b = string(b[1+k:1+k+int(n)]), b[1+k+int(n):]
	}
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return c, false
	}
	c.Plan, c.Restrict = b[k:k+int(n)], b[k+int(n):]
	return c, true
}

// Capture finds and plans. Rows whose owner is in doubt are left alone, and become a task.
func (e *Engine) Capture(ctx context.Context, r cases.Request) ([]cases.Part, error) {
	if r.Right == law.Copy || r.Right == law.Move {
		return e.byHand(nil, r), nil // the package finds for itself, when it is made
	}
	if _, stops := stops[r.Right]; stops {
		return e.stop(ctx, r)
	}
	s, f, err := e.find(ctx, r, false)
	if err != nil {
		return nil, err
	}
	p, restrict, err := e.plan(ctx, s, f, r)
	if err != nil {
		return nil, err
	}
	var parts []cases.Part
	for _, sp := range p.Systems {
		if sp.Away != "" || len(sp.Groups) == 0 || e.isManual(sp.System) {
			continue
		}
		part, err := e.part(p, restrict, sp)
		if err != nil {
			return nil, err
		}
		if r.Right == law.Remove {
			part.Met = met(f, sp.System)
		}
		parts = append(parts, part)
	}
	if r.Right == law.Correct {
		parts = append(parts, inParts(p, r)...)
	}
	return append(e.byHand(parts, r), doubts(f)...), nil
}

// inParts are the columns that hold more than what is corrected, which no program writes over: people put right what
// is wrong in them.
func inParts(p *plan.Plan, r cases.Request) (parts []cases.Part) {
	var data []string
	for _, c := range r.Corrections {
		data = append(data, c.Data)
	}
	for _, x := range p.ByHand() {
		rows := "1 row"
		if x.Rows > 1 {
			rows = fmt.Sprintf("%d rows", x.Rows)
		}
		parts = append(parts, cases.Part{System: x.System, Task: &cases.Task{
			Do: fmt.Sprintf("%s.%s.%s was left as it is in %s of the person's: %s. Look, and put right %s there, and nothing else.",
				x.System, x.Table, strings.Join(x.Columns, ", "), rows, x.Refused, strings.Join(data, ", "))}})
	}
	return parts
}

// plan makes the plan of a right, and for an erasure that of the restriction before it.
func (e *Engine) plan(ctx context.Context, s *find.Search, f *find.Found, r cases.Request) (p, restrict *plan.Plan, err error) {
	o := plan.Options{CaseKey: r.Key, Now: r.Now}
	if o.Done, err = together(r.Before); err != nil {
		return nil, nil, err
	}
	switch r.Right {
	case law.Remove:
		if o.Holds, err = e.holds(ctx, s, f, r); err != nil {
			return nil, nil, err
		}
		if restrict, err = plan.Restrict(ctx, s, f, o, true); err != nil {
			return nil, nil, err
		}
		p, err = plan.Erase(ctx, s, f, o)
	case law.Correct:
		p, err = plan.Rectify(ctx, s, f, o, corrections(r))
	case law.Restrict:
		p, err = plan.Restrict(ctx, s, f, o, true)
	case cases.Lift:
		o.Objects = r.Objects
		p, err = plan.Restrict(ctx, s, f, o, false)
	case law.Object:
		p, err = plan.Object(ctx, s, f, o, !r.Lift)
	default:
		return nil, nil, avow.Errorf(avow.Invalid, "%s is nothing that is done in systems", r.Right)
	}
	return p, restrict, err
}

func (e *Engine) holds(ctx context.Context, s *find.Search, f *find.Found, r cases.Request) ([]plan.Hold, error) {
	if e.Holds == nil {
		return nil, nil
	}
	of := *f
	of.People = known(r)
	return e.Holds(ctx, s, &of, r)
}

// known is the person of a request by all that was shown to be theirs, and that stands in rows of theirs.
func known(r cases.Request) []find.Person {
	out := people(r)
	for _, id := range r.Met {
		out[0].Identities = append(out[0].Identities, find.Identity{Kind: id.Kind, Value: id.Value})
	}
	return out
}

// Free is Unavailable when something was held since a plan was made that it does not know of.
func (e *Engine) Free(ctx context.Context, r cases.Request, text []byte) error {
	if e.Holds == nil || r.Right != law.Remove {
		return nil
	}
	now, err := e.Holds(ctx, nil, &find.Found{People: known(r)}, r) // no other system is read: it may be away
	if err != nil || len(now) == 0 {
		return err
	}
	_, p, err := decode(text)
	if err != nil {
		return err
	}
	for _, h := range now {
		if !slices.ContainsFunc(p.Holds(), func(o plan.Hold) bool {
			return o.Because == h.Because && o.Until.Equal(h.Until) && slices.Equal(o.Data, h.Data) && slices.Equal(o.Tables, h.Tables)
		}) {
			return avow.Errorf(avow.Unavailable, "a hold was placed since this was planned; it waits until the hold is lifted: %s", h.Because)
		}
	}
	return nil
}

func corrections(r cases.Request) (out []plan.Correction) {
	for _, c := range r.Corrections {
		out = append(out, plan.Correction{Data: c.Data, To: c.To, From: c.From})
	}
	return out
}

// part is one system's part of a plan, in the captured form and in names and counts.
func (e *Engine) part(p, restrict *plan.Plan, sp *plan.SystemPlan) (cases.Part, error) {
	out := cases.Part{System: sp.System, Rank: e.rank(sp.System, map[string]bool{}), Tables: e.touched(alone(p, sp))}
	c := captured{Edition: e.Map.Edition()}
	var err error
	if c.Plan, err = alone(p, sp).Encode(); err != nil {
		return out, err
	}
	if restrict != nil {
		i := slices.IndexFunc(restrict.Systems, func(x *plan.SystemPlan) bool { return x.System == sp.System })
		if i >= 0 && restrict.Systems[i].Changes() {
			out.Restrict = true
			if c.Restrict, err = alone(restrict, restrict.Systems[i]).Encode(); err != nil {
				return out, err
			}
		}
	}
	out.Captured = c.bytes()
	return out, nil
}

// alone is a plan of one system only.
func alone(p *plan.Plan, sp *plan.SystemPlan) *plan.Plan {
	one := *p
	one.Systems = []*plan.SystemPlan{sp}
	return &one
}

// rank is how many systems come before one, one after the other.
func (e *Engine) rank(name string, seen map[string]bool) int {
	s := e.Map.System(name)
	if s == nil || seen[name] {
		return 0
	}
	seen[name] = true
	rank := 0
	for _, before := range s.EraseAfter {
		rank = max(rank, 1+e.rank(before.Text, seen))
	}
	return rank
}

// touched is a plan for certificates: by table and action, what of the policy it is.
func (e *Engine) touched(p *plan.Plan) (out []cases.Touched) {
	for _, x := range p.Entries(false) {
		out = append(out, cases.Touched{Table: x.Table, Rows: x.Rows, Action: string(x.Action), Columns: x.Columns, Data: e.data(x.System, x.Table, x.Columns),
			Because: x.Reason, Until: x.Until, Refused: x.Refused, Instead: x.Instead})
	}
	return out
}

// data is the fields of the policy that some columns hold.
func (e *Engine) data(system, table string, columns []string) (out []string) {
	s := e.Map.System(system)
	if s == nil || s.Table(table) == nil {
		return nil
	}
	fields := policy.FieldSet{}
	for _, name := range columns {
		if c := s.Table(table).Column(name); c != nil {
			fields = fields.Or(c.Fields)
		}
	}
	fields.Each(func(i int) { out = append(out, e.Map.Policy.Fields[i].Path()) })
	return out
}

// byHand adds what people do: systems that no program reaches, and those to do without.
func (e *Engine) byHand(parts []cases.Part, r cases.Request) []cases.Part {
	for _, s := range e.Map.Systems {
		name := s.Name.Text
		switch {
		case s.Kind == string(datamap.Manual):
			parts = append(parts, cases.Part{System: name, Task: &cases.Task{Who: s.Task.Who.Text, Do: e.inManual(s, r), In: lasts(s.Task.Within)}})
		case slices.Contains(r.Without, name):
			parts = append(parts, cases.Part{System: name, Task: &cases.Task{Do: "Do by hand in " + name + " what was asked for (" + string(r.Right) + "): it could not be reached."}})
		}
	}
	return parts
}

func (e *Engine) isManual(system string) bool {
	s := e.Map.System(system)
	return s == nil || s.Kind == string(datamap.Manual)
}

func (e *Engine) inManual(s *datamap.System, r cases.Request) string {
	if r.Lift {
		return lifted(s.Name.Text, r.Right)
	}
	if r.Right == cases.Lift {
		return s.Name.Text + ": the restriction of the person's data is lifted. Take back what was marked there for it."
	}
	return doIn(e.Map.Policy, s, r.Right)
}

// lifted is what people do where no program takes a mark back, when what it was made for stands no more.
func lifted(name string, right law.Right) string {
	what := "the objection was outweighed, or taken back"
	if right == law.StopMarketing {
		what = "the person allows marketing again"
	}
	return name + ": " + what + ". Take back what was marked there for it."
}

func doIn(p *policy.Policy, s *datamap.System, right law.Right) string {
	return fmt.Sprintf("%s (%s): %s", s.Name.Text, right, notice.Text(p, s.Task.Do, ""))
}

// lasts is a period as the clock takes it; zero when none is given.
func lasts(p policy.Period) time.Duration {
	const day = 24 * time.Hour
	n := time.Duration(p.N)
	switch p.Unit {
	case policy.Hours:
		return n * time.Hour
	case policy.Days:
		return n * day
	case policy.Weeks:
		return 7 * n * day
	case policy.Months:
		return 30 * n * day
	}
	return 365 * n * day
}

// doubts are the rows that are perhaps somebody else's: people decide, table by table.
func doubts(f *find.Found) (parts []cases.Part) {
	var order []*datamap.Table
	count := map[*datamap.Table]int{}
	links := map[*datamap.Table][]string{}
	for _, c := range f.Conflicts {
		if count[c.Table] == 0 {
			order = append(order, c.Table)
		}
		count[c.Table]++
		for _, l := range c.By {
			if !slices.Contains(links[c.Table], l.Name) {
				links[c.Table] = append(links[c.Table], l.Name)
			}
		}
	}
	for _, t := range order {
		parts = append(parts, cases.Part{System: t.System.Name.Text, Task: &cases.Task{
			Do: fmt.Sprintf("%d rows of %s are the person's by %s and somebody else's by another way; they were left alone. Decide whose they are, and put right what is wrong.",
				count[t], t.Path(), strings.Join(links[t], ", "))}})
	}
	return parts
}

func decode(text []byte) (c captured, p *plan.Plan, err error) {
	c, ok := fromBytes(text)
	if !ok {
		return c, nil, avow.Errorf(avow.Internal, "what was captured cannot be read")
	}
	p, err = plan.Decode(c.Plan)
	return c, p, err
}

// Restrict does the restriction that was captured with an erasure.
func (e *Engine) Restrict(ctx context.Context, _ cases.Request, system string, text []byte) error {
	c, _, err := decode(text)
	if err != nil || len(c.Restrict) == 0 {
		return err
	}
	p, err := plan.Decode(c.Restrict)
	if err != nil {
		return err
	}
	_, err = e.run(ctx, system, p)
	return err
}

// Run does one system's part, in one step. Done again it changes nothing more.
func (e *Engine) Run(ctx context.Context, _ cases.Request, system string, text []byte) (cases.Outcome, error) {
	_, p, err := decode(text)
	if err != nil {
		return cases.Outcome{}, err
	}
	return e.run(ctx, system, p)
}

func (e *Engine) run(ctx context.Context, system string, p *plan.Plan) (out cases.Outcome, err error) {
	s := e.Map.System(system)
	if s == nil {
		return out, avow.Errorf(avow.Unavailable, "the data map has no system %s any more; put it back until the request is done", system)
	}
	src, err := e.source(ctx, s)
	if err != nil {
		return out, err
	}
	for _, sp := range p.Systems {
		done, err := sp.Run(ctx, src)
		if err != nil {
			e.drop(system, src, err)
			return out, err
		}
		for _, t := range done.Tables {
			out.Rows += int64(t.Planned) // of the plan: what an earlier try did counts too
		}
	}
	return out, nil
}

// Check reads again what was planned, and for an erasure what leads to the person by now.
// Rows that changed hands since were left alone; another plan finds out whose they are.
func (e *Engine) Check(ctx context.Context, r cases.Request, parts map[string][]byte) ([]cases.Left, error) {
	w, err := e.look(ctx, r.Without)
	if err != nil {
		return nil, err
	}
	if err := w.allThere(); err != nil {
		return nil, err
	}
	whole, err := together(parts)
	if whole == nil || err != nil {
		return nil, err
	}
	left, err := plan.Check(ctx, e.search(w, r, false), whole, people(r))
	if err != nil {
		return nil, err
	}
	var out []cases.Left
	for _, l := range left {
		switch {
		case slices.Contains(r.Without, l.System):
			continue
		case l.Why == plan.NotReadable:
			return nil, avow.Errorf(avow.Unavailable, "%s cannot be read again now", l.System)
		}
		out = append(out, cases.Left{System: l.System, Table: l.Table, Rows: l.Rows, Why: string(l.Why)})
	}
	return out, nil
}

// together is the whole plan again, of the parts of its systems; nil when there are none.
func together(parts map[string][]byte) (whole *plan.Plan, err error) {
	for _, text := range parts {
		_, p, err := decode(text)
		if err != nil {
			return nil, err
		}
		if whole == nil {
			whole = p
		} else {
			whole.Systems = append(whole.Systems, p.Systems...)
		}
	}
	return whole, nil
}
