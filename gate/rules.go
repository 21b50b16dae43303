package gate

import (
	"math"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Rules are the versions of one policy, compiled for deciding. They are immutable
// and safe for concurrent use.
type Rules struct {
	versions []*policy.Policy // version n is versions[n-1]
	starts   []int64          // Unix milliseconds
	facts    []facts          // of each version
	names    []names
	atlas    *atlas
	reaches  [][]reach // [version][class]
	visitors [][4]*table

	mu     sync.Mutex
	tables map[tableKey]*table
}

// facts are what of a version is the same for everybody.
type facts struct {
	used                          uint64 // facts some ground asks for
	special, criminal, identifies policy.FieldSet
	dnt, gpc, combine, nameless   int  // clauses
	conditions                    bool // some reason has a condition on a source
	sensitive                     bool // there are special categories or convictions
}

type tableKey struct {
	version  int
	business bool
	asks     bool
	facts    uint64
}

// NewRules compiles versions 1, 2, … of one policy.
func NewRules(versions []*policy.Policy) (*Rules, error) {
	s := &Rules{versions: versions, tables: map[tableKey]*table{}}
	for i, p := range versions {
		if err := follows(versions[:i], p); err != nil {
			return nil, err
		}
		s.starts = append(s.starts, p.Effective.UnixMilli())
		s.facts = append(s.facts, factsOf(p))
		s.names = append(s.names, namesOf(s.names, p))
	}
	s.atlas = atlasFor(safeRegions(versions))
	for i, p := range versions {
		all := make([]reach, len(s.atlas.regions))
		for class := range all {
			all[class] = s.atlas.reach(p, class)
		}
		s.reaches = append(s.reaches, all)
		s.visitors = append(s.visitors, [4]*table{
			s.table(i, false, false, 0), s.table(i, false, true, 0), s.table(i, true, false, 0), s.table(i, true, true, 0)})
	}
	return s, nil
}

func follows(before []*policy.Policy, p *policy.Policy) error {
	n := len(before)
	if p.Number != n+1 {
		return avow.Errorf(avow.Conflict, "version %d of policy %q cannot follow version %d: publish the versions in order", p.Number, p.Name, n)
	}
	if n > 0 && p.Name != before[n-1].Name {
		return avow.Errorf(avow.Conflict, "policy %q is not a version of policy %q", p.Name, before[n-1].Name)
	}
	if n > 0 && p.Effective.Before(before[n-1].Effective) {
		return avow.Errorf(avow.Conflict, "version %d of policy %q takes effect before version %d: give it a later date", p.Number, p.Name, n)
	}
	return nil
}

func safeRegions(versions []*policy.Policy) (out []avow.Region) {
	for _, p := range versions {
		for i := range p.Recipients {
			out = append(out, p.Recipients[i].Safeguard.Regions...)
		}
		for i := range p.Roles {
			out = append(out, p.Roles[i].Safeguard.Regions...)
		}
	}
	return out
}

// inForce is the index of the version in force, -1 before the first.
func (s *Rules) inForce(at int64) int {
	i := len(s.starts) - 1
	for i >= 0 && s.starts[i] > at {
		i--
	}
	return i
}

// InForce is the version in force at a time; nil when none was.
func (s *Rules) InForce(at time.Time) *policy.Policy {
	if i := s.inForce(at.UnixMilli()); i >= 0 {
		return s.versions[i]
	}
	return nil
}

// Versions gives the versions, the first one first.
func (s *Rules) Versions() []*policy.Policy { return append([]*policy.Policy(nil), s.versions...) }

func factsOf(p *policy.Policy) facts {
	f := facts{special: p.Special, criminal: p.Criminal, sensitive: !p.Special.Empty() || !p.Criminal.Empty()}
	for i := range p.Fields {
		if p.Fields[i].Identifies {
			f.identifies.Add(i)
		}
	}
	for i := range p.Clauses {
		switch p.Clauses[i].Key {
		case "signals.dnt":
			f.dnt = i
		case "signals.gpc":
			f.gpc = i
		case "combine":
			f.combine = i
		case "never." + string(policy.NeverIdentifyFrom):
			f.nameless = i
		}
	}
	for i := range p.Purposes {
		for j := range p.Purposes[i].Reasons {
			r := &p.Purposes[i].Reasons[j]
			f.used |= factsIn(r)
			f.conditions = f.conditions || len(r.SourceConditions) > 0
		}
	}
	return f
}

func factsIn(r *policy.CompiledReason) (used uint64) {
	for _, g := range append(append([]policy.Ground(nil), r.SpecialGrounds...), r.CriminalGrounds...) {
		used |= g.Facts
	}
	for act := range r.Grounds {
		for kind := range r.Grounds[act] {
			for _, g := range r.Grounds[act][kind] {
				used |= g.Facts
			}
		}
	}
	return used
}

// table gives a version's rules for one sort of person.
func (s *Rules) table(version int, business, asks bool, shown uint64) *table {
	key := tableKey{version, business, asks, shown & s.facts[version].used}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tables[key]
	if !ok {
		t = newTable(s.versions[version], &s.facts[version], key)
		t.rules, t.from, t.next = s, s.starts[version], math.MaxInt64
		if version+1 < len(s.starts) {
			t.next = s.starts[version+1]
		}
		s.tables[key] = t
	}
	return t
}

// visitor gives the rules for somebody of whom nothing is shown, without a lock.
func (s *Rules) visitor(version int, kind avow.SubjectKind, class int) *table {
	i := 0
	if kind == avow.Business {
		i = 2
	}
	if s.reaches[version][class].asks {
		i++
	}
	return s.visitors[version][i]
}
