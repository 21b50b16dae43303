package consent

import (
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
)

// consentBody is what an event of a consent says.
type consentBody struct {
	ledger.ConsentRecord
	elsewhere
}

// Give records a consent (gdpr:7(1)). It counts at once when the person is verified
// or the policy asks for no confirmation; else when it is confirmed. Refused when
// the policy asks nobody's consent for the purpose.
func (h *Hand) Give(c Choice) (*ledger.Receipt, error) {
	p, u, err := h.purpose(c)
	if err != nil {
		return nil, err
	}
	if u.ConsentLane < 0 {
		return nil, avow.Errorf(avow.Refused, "policy %s does not rest on consent for %s", p.Name, u.Name)
	}
	lane, state := p.Consents[u.ConsentLane], given
	before := h.said.find(p.Name, kindConsent, u.Name, lane.Generation)
	if !h.who.Verified && lane.Confirm != "none" && before.state != given {
		state = unconfirmed
	}
	return h.consent(p, u, c, ledger.ConsentGiven, state)
}

// consent appends the event of a consent with the record that stands in the receipt.
// The record is long, so it is made when the event is sealed.
func (h *Hand) consent(p *policy.Policy, u *policy.CompiledPurpose, c Choice, what ledger.Type, state string) (*ledger.Receipt, error) {
	made := recorded{policy: p, purpose: u, choice: c, state: state, region: h.said.region()}
	if lane := p.Consents[u.ConsentLane]; lane.LastsFor.N > 0 && (state == given || state == confirmed) {
		made.until = after(c.made(h.tx.Now()), lane.LastsFor).Format(time.DateOnly)
	}
	receipt, err := h.r.ledger.AppendLate(h.tx, ledger.Event{Type: what, Subject: h.who.ID, Policy: p.Name, Version: p.Number},
		func() (ledger.Said, error) { return h.r.records.of(made, h.r.base) })
	if err != nil {
		return nil, err
	}
	h.receipt = receipt
	return receipt, h.hear(what, receipt, p.Name, p.Number, words{Purposes: []named{{u.Name}}, State: state, elsewhere: c.elsewhere()})
}

// Unconfirmed lists the consents that wait for a confirmation.
func (h *Hand) Unconfirmed() []Choice {
	var list []Choice
	for _, c := range h.said.list {
		if c.kind == kindConsent && c.state == unconfirmed {
			list = append(list, Choice{Policy: c.policy, Version: c.version, Purpose: c.name})
		}
	}
	return list
}

// Confirm makes a consent count that was given under an address nobody had verified.
func (h *Hand) Confirm(c Choice) (*ledger.Receipt, error) {
	p, u, err := h.purpose(c)
	if err != nil {
		return nil, err
	}
	if u.ConsentLane < 0 {
		return nil, avow.Errorf(avow.Refused, "policy %s does not rest on consent for %s", p.Name, u.Name)
	}
	return h.consent(p, u, c, ledger.ConsentConfirmed, confirmed)
}

// Withdraw takes a consent back, in every generation (gdpr:7(3)). Where the purpose
// is direct marketing it is an objection to that too, whichever basis is left.
func (h *Hand) Withdraw(c Choice) (*ledger.Receipt, error) {
	return h.no(c, withdrawn, ledger.ConsentWithdrawn)
}

// Refuse records that a person who was asked said no.
func (h *Hand) Refuse(c Choice) (*ledger.Receipt, error) {
	return h.no(c, refused, ledger.ConsentRefused)
}

func (h *Hand) no(c Choice, state string, what ledger.Type) (*ledger.Receipt, error) {
	p, u, err := h.refusable(c)
	if err != nil {
		return nil, err
	}
	return h.consent(p, u, c, what, state)
}

// refusable is the purpose of a no.
func (h *Hand) refusable(c Choice) (*policy.Policy, *policy.CompiledPurpose, error) {
	p, u, err := h.everPurpose(c)
	if err == nil && u.ConsentLane < 0 {
		err = avow.Errorf(avow.Refused, "policy %s does not rest on consent for %s; object to it instead", p.Name, u.Name)
	}
	return p, u, err
}

func samePurpose(p *policy.Policy, name string, u *policy.CompiledPurpose) bool {
	i, ok := p.Purpose(name)
	return ok && p.Purposes[i].Name == u.Name
}

func isMarketing(u *policy.CompiledPurpose) bool {
	for i := range u.Reasons {
		if u.Reasons[i].Marketing {
			return true
		}
	}
	return false
}

// Object records an objection to a purpose, or to all direct marketing under a
// topic (gdpr:21(1), gdpr:21(2)). It counts whoever brought it.
func (h *Hand) Object(c Choice) (*ledger.Receipt, error) {
	p, _, err := h.objection(c)
	if err != nil {
		return nil, err
	}
	return h.recordSaid(ledger.Objected, p, c.objection())
}

func (c Choice) objection() words {
	return words{Purpose: c.Purpose, Topic: c.Topic, Way: c.Way, By: c.By, elsewhere: c.elsewhere()}
}

// Allow ends an objection: the person says so themselves.
func (h *Hand) Allow(c Choice) (*ledger.Receipt, error) {
	p, what, err := h.objection(c)
	if err != nil {
		return nil, err
	}
	if err := h.release(what); err != nil {
		return nil, err
	}
	return h.recordSaid(ledger.ObjectionEnded, p, c.objection())
}

// objection is the row of an objection to a purpose or a topic.
func (h *Hand) objection(c Choice) (*policy.Policy, choice, error) {
	if err := c.check(h.tx.Now()); err != nil {
		return nil, choice{}, err
	}
	if (c.Purpose == "") == (c.Topic == "") {
		return nil, choice{}, avow.FieldErrorf("purpose", "or topic: an objection is to one of the two")
	}
	if c.Purpose != "" {
		p, u, err := h.everPurpose(c)
		if err != nil {
			return nil, choice{}, err
		}
		if !canStop(p, u.Name) {
			return nil, choice{}, avow.Errorf(avow.Refused, "%s of policy %s rests on nothing that an objection ends; consent to it can be withdrawn", u.Name, p.Name)
		}
		return p, choice{policy: p.Name, kind: kindPurpose, name: u.Name}, nil
	}
	p, err := h.version(c)
	if err != nil {
		return nil, choice{}, err
	}
	if _, ok := p.Topic(c.Topic); !ok {
		return nil, choice{}, avow.FieldErrorf("topic", "policy %s has no topic %q", p.Name, clip(c.Topic))
	}
	return p, choice{policy: p.Name, kind: kindTopic, name: c.Topic}, nil
}

func canStop(p *policy.Policy, purpose string) bool {
	for _, l := range p.Objections {
		if !l.Once && p.Purposes[l.Purpose].Name == purpose {
			return true
		}
	}
	return false
}

// Override records that staff weighed an objection to a purpose and found grounds
// that outweigh it (gdpr:21(1)). The reason is sealed with the person's data. Direct
// marketing is never overridden (gdpr:21(3)).
func (h *Hand) Override(c Choice, reason string) (*ledger.Receipt, error) {
	p, u, err := h.purpose(c)
	if err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	before := h.said.find(p.Name, kindPurpose, u.Name, 0)
	switch {
	case reason == "" || len(reason) > 4000:
		return nil, avow.FieldErrorf("reason", "say in at most 4,000 characters what outweighs the person's interests")
	case before.state != set && before.state != recalled:
		return nil, avow.Errorf(avow.Conflict, "there is no objection to %s to weigh", u.Name)
	case !isWeighed(p, u.Name):
		return nil, avow.Errorf(avow.Refused, "policy %s promises that an objection to %s stops it", p.Name, u.Name)
	}
	return h.recordSaid(ledger.ObjectionOverridden, p, words{Purpose: u.Name, Way: c.Way, By: c.By, Reason: reason})
}

func isWeighed(p *policy.Policy, purpose string) bool {
	for _, l := range p.Objections {
		if l.Weighed && p.Purposes[l.Purpose].Name == purpose {
			return true
		}
	}
	return false
}

// Restrict limits what is done with the person's data to keeping it, but for what
// gdpr:18(2) names. It holds in every policy.
func (h *Hand) Restrict(way, by string) (*ledger.Receipt, error) {
	return h.recordSaid(ledger.Restricted, nil, words{What: kindRestriction, Way: way, By: by})
}

// Unrestrict lifts a restriction; the person is told before (gdpr:18(3)), which is the caller's to see to.
func (h *Hand) Unrestrict(way, by, reason string) (*ledger.Receipt, error) {
	return h.recordSaid(ledger.Unrestricted, nil, words{What: kindRestriction, Way: way, By: by, Reason: reason})
}

// ShowFact records that a word under `people` was shown to be true, with the event
// that showed it, if any: something collected at a point that `makes` it. A fact that was shown stays so.
func (h *Hand) ShowFact(policyName, fact string, by *ledger.Receipt) error {
	p, err := h.r.Version(policyName, 0)
	if err != nil {
		return err
	}
	if _, ok := p.Fact(fact); !ok {
		return avow.Errorf(avow.Invalid, "policy %s has no word %q under people", p.Name, clip(fact))
	}
	if h.said.find(p.Name, kindFact, fact, 0).state == set {
		return nil
	}
	b := words{What: fact}
	if by != nil {
		b.Because = by.ID.String()
	}
	_, err = h.recordSaid(FactShown, p, b)
	return err
}

// UseOnce records that something was done that the policy lets be done once.
func (h *Hand) UseOnce(c Choice) (*ledger.Receipt, error) {
	p, u, err := h.purpose(c)
	if err != nil {
		return nil, err
	}
	if !u.Once {
		return nil, avow.Errorf(avow.Refused, "policy %s does not limit %s to once", p.Name, u.Name)
	}
	if h.said.find(p.Name, kindOnce, u.Name, 0).state == set {
		return nil, avow.Errorf(avow.Conflict, "%s was done for this person already", u.Name)
	}
	return h.recordSaid(ledger.UsedOnce, p, words{What: u.Name, Way: c.Way})
}

// LivesIn records where the person lives, which is what law covers them. The empty region changes nothing.
func (h *Hand) LivesIn(region avow.Region) error {
	if region == "" || region == h.said.region() {
		return nil
	}
	if !region.Known() {
		return avow.FieldErrorf("region", "is not a country code such as NL, or a part of one such as US-CA")
	}
	_, err := h.recordSaid(RegionShown, nil, words{What: string(region)})
	return err
}
