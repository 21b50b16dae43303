package consent

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
)

// Events of this room beside those that every room knows.
const (
	FactShown          ledger.Type = "fact-shown"          // a word under `people` was shown to be true
	RegionShown        ledger.Type = "region-shown"        // where the person lives
	ObjectionsRecalled ledger.Type = "objections-recalled" // what the holder of a claimed address, or somebody erased, had stopped
	ConsentsLapsed     ledger.Type = "consents-lapsed"     // all of them, because the person wants to be erased
	ChoicesJoined      ledger.Type = "choices-joined"      // with those of a subject who was shown to be the same person
	ChoicesMerged      ledger.Type = "choices-merged"      // by staff, with evidence
	ChoicesSplit       ledger.Type = "choices-split"       // a merger was undone
	ChoicesCarried     ledger.Type = "choices-carried"     // as they stood when this program found them
	Suppressed         ledger.Type = "suppressed"          // a keyed hash of an address remembers who said stop
	SuppressionEnded   ledger.Type = "suppression-ended"
)

// event is what an event says to the fold.
type event struct {
	kind    ledger.Type
	id      avow.ID
	at      time.Time
	policy  string
	version int
	says    words
}

// words is what the bodies of events hold that change what a person has said. Names
// and words of the policy only.
type words struct {
	Purposes []named `json:"purposes,omitempty"` // of a consent
	State    string  `json:"eventState,omitempty"`
	Purpose  string  `json:"purpose,omitempty"`
	Topic    string  `json:"topic,omitempty"`
	What     string  `json:"what,omitempty"`
	Way      string  `json:"way,omitempty"`
	By       string  `json:"by,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	Because  string  `json:"because,omitempty"` // the event this follows from
	Things   []thing `json:"things,omitempty"`
	Was      string  `json:"was,omitempty"`  // the id that was joined or split off
	From     string  `json:"from,omitempty"` // whom this one was split off from
	Address  []byte  `json:"address,omitempty"`
	elsewhere
	lapses bool // of an erasure: something must be kept
}

type named struct {
	Purpose string `json:"purpose"`
}

// thing is a row as an event tells of it.
type thing struct {
	Policy     string    `json:"policy,omitempty"`
	Kind       string    `json:"kind"`
	Name       string    `json:"name,omitempty"`
	Generation int       `json:"generation,omitempty"`
	State      string    `json:"state,omitempty"`
	Seq        int64     `json:"seq,omitempty"`
	At         time.Time `json:"at,omitzero"`
	Ends       time.Time `json:"ends,omitzero"`
	Version    int       `json:"version,omitempty"`
	Event      string    `json:"event,omitempty"`
}

func thingOf(c choice) thing {
	t := thing{c.policy, c.kind, c.name, c.generation, c.state, c.seq, c.at, c.ends, c.version, ""}
	if !c.event.IsZero() {
		t.Event = c.event.String()
	}
	return t
}

func (t thing) choice() choice {
	c := choice{t.Policy, t.Kind, t.Name, t.Generation, t.State, t.Seq, t.At, t.Ends, t.Version, avow.ID{}}
	c.event, _ = avow.ParseID(t.Event)
	return c
}

// read takes the body of an event. Other rooms' `was` is a list, which nothing here rests on.
func (e *event) read(body json.RawMessage) error {
	if e.kind == ledger.Erased {
		var b struct {
			Kept []json.RawMessage `json:"kept"`
		}
		err := json.Unmarshal(body, &b)
		e.says.lapses = len(b.Kept) > 0
		return err
	}
	if len(body) == 0 {
		return nil
	}
	return json.Unmarshal(body, &e.says)
}

// heard tells which events the fold hears, beside those that bring people together.
func heard(t ledger.Type) bool {
	switch t {
	case ledger.ConsentGiven, ledger.ConsentConfirmed, ledger.ConsentWithdrawn, ledger.ConsentRefused, ledger.Objected, ledger.ObjectionEnded,
		ledger.ObjectionOverridden, ledger.Restricted, ledger.Unrestricted, ledger.UsedOnce, ledger.Erased,
		FactShown, RegionShown, ObjectionsRecalled, ConsentsLapsed, ChoicesCarried:
		return true
	}
	return false
}

// book finds the versions that events name.
type book func(name string, number int) (*policy.Policy, error)

// hear folds one event into what its person has said. It is the one place that says
// what an event does, when it happens and whenever the events are folded again.
func (b book) hear(s *said, e event) error {
	switch e.kind {
	case ledger.ConsentGiven, ledger.ConsentConfirmed, ledger.ConsentWithdrawn, ledger.ConsentRefused:
		return b.hearConsent(s, e)
	case ledger.Objected, ledger.ObjectionEnded, ledger.ObjectionOverridden:
		return b.hearObjection(s, e)
	case ledger.Restricted:
		s.put(e.choice(kindRestriction, "", set))
	case ledger.Unrestricted:
		s.put(e.choice(kindRestriction, "", ended))
	case ledger.UsedOnce:
		s.put(e.choice(kindOnce, e.says.What, set))
	case FactShown:
		s.put(e.choice(kindFact, e.says.What, set))
	case RegionShown:
		s.remove(func(c choice) bool { return c.kind == kindRegion })
		s.put(e.choice(kindRegion, e.says.What, set))
	case ObjectionsRecalled:
		e.recall(s)
	case ConsentsLapsed, ledger.Erased:
		e.lapse(s)
	case ChoicesCarried:
		var list []choice
		for _, t := range e.says.Things {
			list = append(list, t.choice())
		}
		s.become(list)
	}
	return nil
}

// choice is a row that this event makes.
func (e event) choice(kind, name, state string) choice {
	return choice{policy: e.policy, kind: kind, name: name, state: state, at: e.made(), version: e.version, event: e.id}
}

// made is when the choice was made, which for an imported one is not when it was recorded.
func (e event) made() time.Time {
	if e.says.Since.IsZero() {
		return e.at
	}
	return e.says.Since.UTC()
}

func (b book) purpose(e event, name string) (*policy.Policy, *policy.CompiledPurpose, error) {
	p, err := b(e.policy, e.version)
	if err != nil {
		return nil, nil, err
	}
	i, ok := p.Purpose(name)
	if !ok {
		return nil, nil, avow.Errorf(avow.Invalid, "policy %s has no purpose %q", p.Name, clip(name))
	}
	return p, &p.Purposes[i], nil
}

// hearConsent: a no takes every generation back, and is an objection to the direct
// marketing of the purpose.
func (b book) hearConsent(s *said, e event) error {
	name := ""
	if len(e.says.Purposes) > 0 {
		name = e.says.Purposes[0].Purpose
	}
	p, u, err := b.purpose(e, name)
	if err != nil {
		return err
	}
	if u.ConsentLane < 0 {
		return avow.Errorf(avow.Invalid, "policy %s does not rest on consent for %s", p.Name, u.Name)
	}
	lane := p.Consents[u.ConsentLane]
	c := e.choice(kindConsent, u.Name, e.consentState())
	c.generation = lane.Generation
	if c.state == given && lane.LastsFor.N > 0 {
		c.ends = after(c.at, lane.LastsFor)
	}
	no := c.state == withdrawn || c.state == refused
	if no {
		for _, o := range slices.Clone(s.list) {
			if o.policy == p.Name && o.kind == kindConsent && samePurpose(p, o.name, u) && o.state != c.state {
				o.state, o.at = c.state, e.at
				s.put(o)
			}
		}
	}
	s.put(c)
	if no && isMarketing(u) {
		s.put(e.choice(kindMarketing, u.Name, set))
	}
	return nil
}

func (e event) consentState() string {
	switch {
	case e.kind == ledger.ConsentWithdrawn:
		return withdrawn
	case e.kind == ledger.ConsentRefused:
		return refused
	case e.says.State == unconfirmed:
		return unconfirmed
	}
	return given
}

func (b book) hearObjection(s *said, e event) error {
	if e.says.Purpose == "" {
		state := set
		if e.kind == ledger.ObjectionEnded {
			state = ended
		}
		s.put(e.choice(kindTopic, e.says.Topic, state))
		return nil
	}
	_, u, err := b.purpose(e, e.says.Purpose)
	if err != nil {
		return err
	}
	switch e.kind {
	case ledger.Objected:
		s.put(e.choice(kindPurpose, u.Name, set))
	case ledger.ObjectionOverridden:
		s.put(e.choice(kindPurpose, u.Name, overridden))
	default:
		if m := s.find(e.policy, kindMarketing, u.Name, 0); m.state == set || m.state == recalled { // what a withdrawal set goes with it
			m.state, m.at = ended, e.at
			s.put(m)
		}
		s.put(e.choice(kindPurpose, u.Name, ended))
	}
	return nil
}

// recall gives what was stopped before to somebody who has said nothing about it since.
func (e event) recall(s *said) {
	for _, t := range e.says.Things {
		if s.find(t.Policy, t.Kind, t.Name, 0).state == "" {
			s.put(choice{policy: t.Policy, kind: t.Kind, name: t.Name, state: recalled, at: e.at, version: t.Version, event: e.id})
		}
	}
}

// lapse ends every consent of somebody of whom something must be kept; of somebody
// erased wholly nothing is left.
func (e event) lapse(s *said) {
	if e.kind == ledger.Erased && !e.says.lapses {
		s.become(nil)
		return
	}
	for _, c := range slices.Clone(s.list) {
		if c.kind == kindConsent && (c.state == given || c.state == unconfirmed) {
			c.state, c.at, c.event = withdrawn, e.at, e.id
			s.put(c)
		}
	}
}
