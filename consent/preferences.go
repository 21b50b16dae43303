package consent

import (
	"context"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Preferences is what a person can choose under one policy, as it stands.
type Preferences struct {
	Policy     string            `json:"policy"`
	Title      string            `json:"title"`
	Version    int               `json:"version"` // in force, whose words these are
	Topics     []TopicChoice     `json:"topics"`
	Consents   []ConsentChoice   `json:"consents"`
	Objections []ObjectionChoice `json:"objections"`
	Restricted bool              `json:"restricted"`
}

// TopicChoice is a topic of direct marketing.
type TopicChoice struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Purposes []string `json:"purposes"` // titles of what is behind it
	Stopped  bool     `json:"stopped"`  // the person opted out
}

// ConsentChoice is a purpose that rests on consent.
type ConsentChoice struct {
	Purpose string    `json:"purpose"`
	Title   string    `json:"title"`
	Asks    string    `json:"asks"`  // the words the person agrees to
	State   string    `json:"state"` // given, unconfirmed, withdrawn, refused; empty: never asked
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	// Changed: consent was given to an earlier, narrower form of the purpose and does not count for this one.
	Changed bool `json:"changed"`
}

// ObjectionChoice is a purpose that can be objected to, beside direct marketing.
type ObjectionChoice struct {
	Purpose string `json:"purpose"`
	Title   string `json:"title"`
	State   string `json:"state"` // set, overridden; empty: no objection
	Weighed bool   `json:"weighed"`
}

// State gives what a person can choose, in every policy under which something of
// theirs is held or was said. NotFound when there is nobody.
func (r *Register) State(ctx context.Context, subject avow.ID) ([]Preferences, error) {
	list := []Preferences{}
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		list = list[:0]
		who, err := r.vault.Subject(tx, subject)
		if err != nil {
			return err
		}
		said, err := r.choices(tx, who.ID)
		if err != nil {
			return err
		}
		values, err := r.vault.Holdings(tx, who.ID)
		if err != nil {
			return err
		}
		for _, p := range r.Policies(tx.Now()) {
			if concerns(p.Name, said, values) {
				list = append(list, preferences(p, r.find(p.Name).versions, who, values, said, tx.Now()))
			}
		}
		return nil
	})
	return list, err
}

func concerns(policyName string, said []choice, values []vault.Value) bool {
	for _, c := range said {
		if c.policy == policyName {
			return true
		}
	}
	for _, v := range values {
		if v.Policy == policyName {
			return true
		}
	}
	return false
}

// preferences is pure.
func preferences(p *policy.Policy, versions []*policy.Policy, who vault.Subject, values []vault.Value, said []choice, now time.Time) Preferences {
	st := fold(versions, who, holdings(versions, values), said, now, 0)
	out := Preferences{Policy: p.Name, Title: says(p, p.Document.Title), Version: p.Number, Restricted: st.Restricted,
		Topics: []TopicChoice{}, Consents: []ConsentChoice{}, Objections: []ObjectionChoice{}}
	for _, t := range p.Topics {
		out.Topics = append(out.Topics, topicChoice(p, t, func(lane int) bool { return st.Objected(lane) }))
	}
	for i := range p.Purposes {
		u := &p.Purposes[i]
		if !u.Declared || u.Ended || u.Kind == policy.Duty {
			continue
		}
		if u.ConsentLane >= 0 {
			out.Consents = append(out.Consents, consentChoice(p, u, said, now))
		}
		if o, ok := objectionChoice(p, i, said); ok {
			out.Objections = append(out.Objections, o)
		}
	}
	return withEarlier(out, p, versions, said, now)
}

// withEarlier adds what was consented to under an earlier version and is left out by
// the one in force: it may still be served with what was collected then, so it can be withdrawn.
func withEarlier(out Preferences, p *policy.Policy, versions []*policy.Policy, said []choice, now time.Time) Preferences {
	for _, c := range said {
		if c.policy != p.Name || c.kind != kindConsent || c.state != given && c.state != unconfirmed {
			continue
		}
		if i, ok := p.Purpose(c.name); ok && (p.Purposes[i].Declared || p.Purposes[i].Ended) {
			continue
		}
		for _, old := range slices.Backward(versions[:p.Number]) {
			if i, ok := old.Purpose(c.name); ok && old.Purposes[i].Declared && old.Purposes[i].ConsentLane >= 0 {
				out.Consents = append(out.Consents, consentChoice(old, &old.Purposes[i], said, now))
				break
			}
		}
	}
	return out
}

// topicChoice: a topic is stopped when every lane behind it is.
func topicChoice(p *policy.Policy, t policy.Topic, objected func(lane int) bool) TopicChoice {
	out := TopicChoice{Topic: t.Name, Title: firstOf(t.Title, t.Name), Purposes: []string{}}
	lanes, stopped := 0, 0
	for i, l := range p.Objections {
		if l.Topic == t.Name && p.Purposes[l.Purpose].Declared {
			lanes++
			if objected(i) {
				stopped++
			}
		}
	}
	t.Purposes.Each(func(i int) { out.Purposes = append(out.Purposes, p.Purposes[i].Title) })
	out.Stopped = lanes > 0 && lanes == stopped
	return out
}

func consentChoice(p *policy.Policy, u *policy.CompiledPurpose, said []choice, now time.Time) ConsentChoice {
	out := ConsentChoice{Purpose: u.Name, Title: u.Title, Asks: u.Title}
	if rule, ok := p.Document.Consents.Get(u.Name); ok {
		out.Asks = firstOf(says(p, rule.Asks), u.Title)
	}
	lane := p.Consents[u.ConsentLane]
	for _, c := range said {
		switch {
		case c.policy != p.Name || c.kind != kindConsent || !samePurpose(p, c.name, u):
		case c.generation == lane.Generation:
			out.State, out.Since, out.Until = c.state, c.at, c.ends
			if c.state == given && !c.ends.IsZero() && !c.ends.After(now) {
				out.State = ""
			}
		case c.state == given:
			out.Changed = true
		}
	}
	out.Changed = out.Changed && out.State == ""
	return out
}

func objectionChoice(p *policy.Policy, purpose int, said []choice) (ObjectionChoice, bool) {
	u := &p.Purposes[purpose]
	out := ObjectionChoice{Purpose: u.Name, Title: u.Title}
	found := false
	for _, l := range p.Objections {
		if l.Purpose == purpose && l.Topic == "" && !l.Once {
			found, out.Weighed = true, l.Weighed
		}
	}
	for _, c := range said {
		if c.policy == p.Name && c.kind == kindPurpose && c.state != ended && samePurpose(p, c.name, u) {
			out.State = c.state
		}
	}
	return out, found
}
