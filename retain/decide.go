package retain

import (
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// knower decides about values in one reading.
type knower struct {
	*run
	tx     *store.Tx
	people map[avow.ID]*somebody // by the id a value is kept under
}

// somebody is what is known of whose values they are; what is not asked for is not read.
type somebody struct {
	id     avow.ID // present; zero: staged in an import
	family []avow.ID
	stays  *string               // why nothing of theirs ends
	events map[string]*time.Time // what they last did, by policy and event
}

func (k *knower) somebody(id avow.ID) (*somebody, error) {
	if s := k.people[id]; s != nil {
		return s, nil
	}
	s := &somebody{events: map[string]*time.Time{}}
	k.people[id] = s
	family, err := k.Vault.Family(k.tx, id)
	if avow.KindOf(err) == avow.NotFound && err != nil {
		return s, nil // nobody sees them yet
	}
	if err == nil {
		s.id, s.family = family[0], family
	}
	return s, err
}

// rule is a rule of the schedule about one value.
type rule struct {
	*policy.CompiledRetention
	end   time.Time
	known bool
}

func (r *rule) over(now time.Time) bool { return r.known && !r.end.After(now) }

// rules are the rules about a value, with when each ends.
func (k *knower) rules(p *policy.Policy, v *vault.Value, field int, s *somebody) (out []rule, err error) {
	for i := range p.Retention {
		c := &p.Retention[i]
		if !c.Fields.Has(field) {
			continue
		}
		r := rule{CompiledRetention: c}
		r.end, r.known = endOf(c.Until, func(event string) (time.Time, bool) {
			at, ok, wrong := k.moment(p, v, s, event)
			if wrong != nil {
				err = wrong
			}
			return at, ok
		})
		out = append(out, r)
	}
	return out, err
}

// moment is when what a period counts from happened, for one value: never before the
// value was given. False when nobody here knows.
func (k *knower) moment(p *policy.Policy, v *vault.Value, s *somebody, event string) (at time.Time, ok bool, err error) {
	if event == collection {
		return v.At, true, nil
	}
	key := p.Name + "\x00" + event
	last := s.events[key]
	if last == nil {
		last = new(time.Time)
		s.events[key] = last
		switch {
		case event == lastContact:
			*last, err = k.Ledger.LastOwn(k.tx, s.family...)
			if last.Before(v.At) {
				*last = v.At
			}
		case k.Shown != nil:
			*last, err = k.Shown(k.tx, p, event, s.family...)
		}
	}
	if err != nil || last.IsZero() {
		return at, false, err
	}
	if last.Before(v.At) {
		return v.At, true, nil
	}
	return *last, true, nil
}

// afterHold is what a value is left for that a hold kept from an erasure: nothing but the
// hold, and it goes when that is lifted.
const afterHold = policy.DutyObeyLaw

// decide says what becomes of one value; nil when it stays as it is. What stays against the
// schedule is told.
func (k *knower) decide(v *vault.Value) (*fate, []Entry, error) {
	s, err := k.somebody(v.Subject)
	if err != nil || s.id.IsZero() {
		return nil, nil, err
	}
	f := &fate{value: *v, subject: s.id, field: v.Category + "." + v.Field}
	p := k.versions.of(v)
	if p == nil {
		return nil, []Entry{f.stays("", "the policy "+v.Policy+" is not published here")}, nil
	}
	field, ok := p.Field(f.field)
	if !ok {
		return nil, []Entry{f.stays("", "the policy does not name it any more")}, nil
	}
	rules, err := k.rules(p, v, field, s)
	if err != nil {
		return nil, nil, err
	}
	told := f.unknown(p, rules)
	if !f.judge(p, v, field, rules, k.now) {
		return nil, told, nil
	}
	why, err := k.why(s, p, field)
	if err != nil {
		return nil, nil, err
	}
	if why != "" {
		return nil, append(told, Entry{System: Own, Table: values, Rule: f.rule, Action: plan.Keep, Columns: []string{f.field}, Held: 1, Because: why}), nil
	}
	ends, err := k.how(f, p)
	if err != nil || !ends {
		return nil, told, err
	}
	return f, told, nil
}

func (f *fate) stays(rule, why string) Entry {
	return Entry{System: Own, Table: values, Rule: rule, Action: plan.Keep, Columns: []string{f.field}, Rows: 1, Refused: why, Instead: "it is left as it is"}
}

// unknown lists the rules about a value of which nobody here knows the end, or what happens then.
func (f *fate) unknown(p *policy.Policy, rules []rule) (out []Entry) {
	for _, r := range rules {
		switch {
		case !r.known:
			out = append(out, f.stays(r.Name, nobodyKnows+": "+untilWords(p, r.Until)))
		case r.Then == "" || r.Then == "not-stated":
			out = append(out, f.stays(r.Name, "the policy does not say what happens at the end"))
		}
	}
	return out
}

// judge finds out whether something of a value ends: for each purpose the rules that name it
// count, and where none does, those for all.
func (f *fate) judge(p *policy.Policy, v *vault.Value, field int, rules []rule, now time.Time) bool {
	if v.Limited && len(v.Purposes) == 1 && v.Purposes[0] == afterHold {
		f.rule, f.action = "", plan.Delete
		return true // an erasure would have taken it, had it not been held
	}
	var left []string
	gone := 0
	purposes := purposesOf(p, v, field)
	if over := overAll(rules, now); over != nil && len(purposes) == 0 {
		f.rule, f.refused, f.action = over.Name, over.Then, plan.Delete
		return true
	}
	for _, purpose := range purposes {
		by := ruling(rules, purpose)
		over := overAll(by, now)
		if over == nil {
			left = append(left, p.Purposes[purpose].Name)
			continue
		}
		gone++
		f.rule = over.Name
		f.refused = over.Then // until how decides
	}
	if gone == 0 {
		return false
	}
	f.action, f.limit = plan.Update, left
	if len(left) == 0 {
		f.action = plan.Delete
	}
	return true
}

// ruling are the rules that say how long a value is there for one purpose.
func ruling(rules []rule, purpose int) (named []rule) {
	var general []rule
	for _, r := range rules {
		switch {
		case r.OnlyFor.Has(purpose):
			named = append(named, r)
		case r.OnlyFor.Empty():
			general = append(general, r)
		}
	}
	if len(named) > 0 {
		return named
	}
	return general
}

// overAll is the rule that ended last when all have; nil when one runs, or there is none.
func overAll(rules []rule, now time.Time) (last *rule) {
	for i := range rules {
		r := &rules[i]
		if !r.over(now) || r.Then == "" || r.Then == "not-stated" {
			return nil
		}
		if last == nil || r.end.After(last.end) {
			last = r
		}
	}
	return last
}

// purposesOf is what a value was collected for; where nothing like that was recorded, all
// that may use its field.
func purposesOf(p *policy.Policy, v *vault.Value, field int) (out []int) {
	for _, name := range v.Purposes {
		if i, ok := p.Purpose(name); ok {
			out = append(out, i)
		}
	}
	if len(v.Purposes) > 0 && len(out) > 0 {
		return out
	}
	for i, u := range p.Purposes {
		if !u.Declared || u.Kind != policy.Listed && u.Kind != policy.Unlisted {
			continue
		}
		for _, reason := range u.Reasons {
			if reason.Fields.Has(field) {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// why says why nothing of a value ends although its time is over; empty when it does.
func (k *knower) why(s *somebody, p *policy.Policy, field int) (string, error) {
	for i := range k.stand.holds {
		h := &k.stand.holds[i]
		if !h.About && k.holds(h, p, field) {
			return h.Because, nil
		}
	}
	for _, h := range k.stand.subjects[s.id] {
		if k.holds(h, p, field) {
			return h.Because, nil
		}
	}
	if s.stays == nil && k.Restricted != nil {
		is, err := k.Restricted(k.tx, s.family...)
		if err != nil {
			return "", err
		}
		why := ""
		if is {
			why = restricted
		}
		s.stays = &why
	}
	if s.stays == nil {
		return "", nil
	}
	return *s.stays, nil
}

func (k *knower) holds(h *Hold, p *policy.Policy, field int) bool {
	if len(h.Tables) > 0 && !contains(h.Tables, Own+"."+values) {
		return false
	}
	return len(h.Data) == 0 || dataOf(p, h.Data).Has(field)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// how turns what the policy says into what can be done with a value of a person. It
// reports whether there is anything left to do.
func (k *knower) how(f *fate, p *policy.Policy) (bool, error) {
	then := f.refused
	f.refused = ""
	if f.action != plan.Delete || then == "erase" || then == "" {
		return true, nil
	}
	now, err := k.Vault.Content(k.tx, f.value.ID)
	if err != nil {
		return false, err
	}
	switch then {
	case "shorten":
		to, ok := shortened(now.Data)
		if isYear(now.Data) {
			return false, nil
		}
		if ok {
			f.action, f.to = plan.Mask, to
			return true, nil
		}
		f.refused, f.instead = "shorten: avow has no shorter form of it", "it is erased"
	case "pseudonymise":
		if strings.HasPrefix(now.Data, pseudonymPrefix) {
			return false, nil
		}
		f.action, f.to = plan.Mask, k.pseudonym(f.field, now.Data)
	default:
		f.refused, f.instead = "anonymise: what is kept under a person is never anonymous", "it is erased"
	}
	return true, nil
}
