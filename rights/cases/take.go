package cases

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Ask is a request as it comes in.
type Ask struct {
	// ID makes asking again the same request: a face that heard no answer gives it again. Zero is a new one.
	ID          avow.ID
	Right       law.Right
	Policy      string
	Region      avow.Region // where the person lives; empty: not known, and the strictest law counts
	Door        Door
	Identities  []Identity
	Corrections []Correction // of Correct
	Of          []string     // of what a person stops: purposes or topics; none is all
	Wrote       string       // in their own words
	Session     string       // of a visit at the desk of package rights: they are known
	By          string       // Staff, Agent: who asks
	Reason      string       // of Lift by staff: why it is lifted; the person reads it
	Told        string       // of Lift by staff: how they told the person already; empty, a letter tells them first
	Evidence    string       // Staff: what shows that the person wants it and who they are; a reference. Agent: the mandate
}

// Taken is what the asker is told, the same whoever they are.
type Taken struct {
	ID     avow.ID
	Number string // to say on the phone: 4821-7730
}

const (
	mostIdentities  = 10
	mostCorrections = 50
	mostText        = 4000 // characters
	mostOpen        = 5    // open requests for one identity and right that nobody has shown to be theirs
)

// Take takes a request down. From a visitor nobody has verified, the answer is the same
// whether or not an address is known, and takes the same time: who holds it is looked up later, and nothing of that is
// told but to the address itself. Staff who state evidence have verified it by that (a face lets only staff be Staff); an agent has not. Invalid for what cannot be
// asked, Unauthorized when a visit has ended, TooMany for the same again and again.
func (d *Desk) Take(ctx context.Context, a Ask) (Taken, error) {
	a.Identities = slices.Clone(a.Identities) // they are put into the form that is kept
	if err := a.check(); err != nil {
		return Taken{}, err
	}
	if a.Door == Replay {
		return Taken{}, avow.FieldErrorf("door", "only Replay comes by it")
	}
	known, err := d.visitor(ctx, a)
	if err != nil {
		return Taken{}, err
	}
	var t Taken
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) (err error) {
		t, err = d.take(tx, a, known)
		return err
	})
	if err == nil {
		d.nudge()
	}
	return t, err
}

func (a *Ask) check() error {
	_, served := recipes[a.Right]
	byStaff := a.Door == Staff || a.Door == Agent
	switch {
	case !served:
		return avow.FieldErrorf("right", "there is no such right here")
	case a.Door != Centre && a.Door != API && !byStaff && a.Door != Replay:
		return avow.FieldErrorf("door", "there is no such door")
	case len(a.Identities) == 0 && a.Session == "":
		return avow.FieldErrorf("identities", "give an address by which you are known")
	case len(a.Identities) > mostIdentities:
		return avow.FieldErrorf("identities", "at most %d", mostIdentities)
	case utf8.RuneCountInString(a.Wrote) > mostText || !utf8.ValidString(a.Wrote):
		return avow.FieldErrorf("wrote", "at most %d characters", mostText)
	case len(a.Evidence) > 2000 || len(a.By) > 200 || len(a.Of) > 100:
		return avow.Errorf(avow.TooLarge, "evidence has at most 2,000 bytes, a name 200, and a list 100 entries")
	case byStaff && (strings.TrimSpace(a.By) == "" || strings.TrimSpace(a.Evidence) == ""):
		return avow.FieldErrorf("evidence", "whoever asks for somebody else says who they are, and what shows that the person wants it")
	}
	if err := a.checkLift(); err != nil {
		return err
	}
	return a.checkCorrections()
}

func (a *Ask) checkCorrections() error {
	if a.Right == law.Correct && (len(a.Corrections) == 0 || len(a.Corrections) > mostCorrections) {
		return avow.FieldErrorf("corrections", "say what is wrong and what is right, at most %d at a time", mostCorrections)
	}
	if a.Right != law.Correct && len(a.Corrections) > 0 {
		return avow.FieldErrorf("corrections", "belong to a request to correct")
	}
	for _, c := range a.Corrections {
		if !strings.Contains(c.Data, ".") || strings.TrimSpace(c.To) == "" || utf8.RuneCountInString(c.To) > 2000 || utf8.RuneCountInString(c.From) > 2000 {
			return avow.FieldErrorf("corrections", "each names a field and what is right, in at most 2,000 characters")
		}
	}
	for i := range a.Identities {
		id := &a.Identities[i]
		id.Value = strings.TrimSpace(id.Value)
		if id.Kind == "" || len(id.Kind) > 100 || id.Value == "" || len(id.Value) > 320 || !utf8.ValidString(id.Value) || strings.ContainsRune(id.Kind+id.Value, 0) {
			return avow.FieldErrorf("identities", "each has a kind and a value of at most 320 bytes")
		}
		if id.Kind != vault.Email && id.Kind != vault.Phone {
			continue
		}
		n, err := vault.Identity{Kind: id.Kind, Value: id.Value, Region: a.Region.Country()}.Normal()
		if err != nil {
			return avow.FieldErrorf("identities", "%s", avow.MessageOf(err))
		}
		id.Value = n.Value
	}
	return nil
}

// fits tells whether what is asked can be done under a policy: later nobody is there to say it better. A name that no policy
// has stops nothing, and a value that no system takes would be carried from try to try.
func (a *Ask) fits(p *policy.Policy) error {
	for _, name := range a.Of {
		_, known := p.Purpose(name)
		if !known && !slices.ContainsFunc(p.Topics, func(t policy.Topic) bool { return t.Name == name }) {
			return avow.FieldErrorf("of", "each is a purpose or a topic of the policy")
		}
	}
	for _, c := range a.Corrections {
		switch _, known := p.Field(c.Data); {
		case !known:
			return avow.FieldErrorf("corrections", "each names a field of the policy, such as contact.email")
		case !legible(c.To) || !legible(c.From):
			return avow.FieldErrorf("corrections", "a value has characters that nobody can see; type it again")
		}
	}
	if to := newAddress(a.Corrections); to != "" {
		if _, err := (vault.Identity{Kind: vault.Email, Value: to}).Normal(); err != nil {
			return avow.FieldErrorf("corrections", "what is right is an e-mail address, such as name@mail.example")
		}
	}
	return nil
}

// legible tells whether a text is one that every system keeps as it is.
func legible(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) })
}

// visitor is whose visit the request comes from; zero without one.
func (d *Desk) visitor(ctx context.Context, a Ask) (avow.ID, error) {
	if a.Session == "" {
		return avow.ID{}, nil
	}
	return d.Desk.Who(ctx, a.Session)
}

func (d *Desk) take(tx *store.Tx, a Ask, known avow.ID) (Taken, error) {
	if !a.ID.IsZero() {
		c, err := lock(tx, a.ID) // another server may be taking it
		if avow.KindOf(err) != avow.NotFound {
			return Taken{c.ID, c.Number}, err
		}
	} else {
		a.ID = avow.NewID(tx.Now())
	}
	p, err := d.Desk.Register.Version(a.Policy, 0)
	if err != nil {
		return Taken{}, err
	}
	if err := a.fits(p); err != nil {
		return Taken{}, err
	}
	c := &record{ID: a.ID, Right: a.Right, Policy: p.Name, Version: p.Number, Region: a.Region, Door: a.Door, State: Received, stage: toVerify, round: 1,
		openedBy: a.By, Received: tx.Now()}
	if c.Regimes, err = d.regimes(p.Regimes, a, tx.Now()); err != nil {
		return Taken{}, err
	}
	s := &secret{Corrections: a.Corrections, Wrote: a.Wrote, Of: a.Of, Evidence: a.Evidence, Key: make([]byte, 32)}
	rand.Read(s.Key)
	if a.Right == Lift {
		s.Lifting = &lifting{Reason: a.Reason, Told: strings.TrimSpace(a.Told), Own: a.Door == Centre}
	}
	if a.Door == Agent {
		s.Agent = a.By
	}
	for _, id := range a.Identities {
		s.Identities = append(s.Identities, given{Identity: id})
	}
	if c.same = d.sameness(a.Right, a.Identities); c.same == nil {
		c.same = c.ID[:]
	}
	if err := d.limit(tx, c); err != nil {
		return Taken{}, err
	}
	return d.begin(tx, c, s, known)
}

// begin writes a new request and what it waits for.
func (d *Desk) begin(tx *store.Tx, c *record, s *secret, known avow.ID) (Taken, error) {
	if err := d.Desk.Vault.NewKey(tx, c.ID); err != nil {
		return Taken{}, err
	}
	var err error
	if c.Number, err = newNumber(tx); err != nil {
		return Taken{}, err
	}
	if err := d.seal(tx, c, s); err != nil {
		return Taken{}, err
	}
	if err := insert(tx, c); err != nil {
		return Taken{}, err
	}
	if err := d.event(tx, c, ledger.RequestMade); err != nil {
		return Taken{}, err
	}
	if err := d.reckon(tx, c); err != nil {
		return Taken{}, err
	}
	if _, err := add(tx, c, step{Stage: toVerify, Kind: kindFind, State: stepDone, Done: tx.Now()}); err != nil { // so that a link can be sent
		return Taken{}, err
	}
	level := d.Needs(c.Right, s.Corrections)
	switch {
	case !known.IsZero():
		err = d.isVisitor(tx, c, s, known, level)
	case c.Door == Staff || c.Door == Replay || level == Nothing:
		err = d.isVouched(tx, c, s, level)
	default:
		err = d.askWho(tx, c)
	}
	if err != nil {
		return Taken{}, err
	}
	return Taken{c.ID, c.Number}, save(tx, c)
}

// limit bounds what anybody can pile up under one identity, by what was typed and not by who is known.
func (d *Desk) limit(tx *store.Tx, c *record) error {
	if c.Door == Replay || c.Door == Staff { // staff state who it is
		return nil
	}
	if err := tx.Lock("rights case same", c.same); err != nil {
		return err
	}
	var n int
	err := tx.QueryRow(`SELECT count(id) FROM rights_cases WHERE same = ? AND closed IS NULL AND verified IS NULL`, c.same).Scan(&n)
	if err == nil && n >= mostOpen {
		err = avow.Errorf(avow.TooMany, "this was asked for several times already; use the link that was sent, or wait a while")
	}
	return err
}

// sameness is a keyed hash of the right and the first identity: the same for two requests of one person. nil without an identity.
func (d *Desk) sameness(right law.Right, ids []Identity) []byte {
	if len(ids) == 0 {
		return nil
	}
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("requests of one person"))
	fmt.Fprintf(h, "%s\x00%s\x00%s", right, ids[0].Kind, strings.ToLower(ids[0].Value))
	return h.Sum(nil)
}

// newNumber draws a number that nobody can count by.
func newNumber(tx *store.Tx) (string, error) {
	for range 20 {
		var raw [8]byte
		rand.Read(raw[:])
		n := binary.BigEndian.Uint64(raw[:]) % 1e8
		number := fmt.Sprintf("%04d-%04d", n/1e4, n%1e4)
		var taken bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_cases WHERE number = ?)`, number).Scan(&taken)
		if err != nil || !taken {
			return number, err
		}
	}
	return "", avow.Errorf(avow.Unavailable, "no free number was found; ask again")
}

// regimes are the laws that cover the person and have a deadline for the right: those
// the policy names, by where they live; unknown, the strictest.
func (d *Desk) regimes(named []avow.Regime, a Ask, now time.Time) (out []avow.Regime, err error) {
	region := a.Region
	if region == "" {
		region = d.Home
	}
	for _, f := range avow.RegimesFor(region, named) {
		g, err := d.Regimes.Regime(f.Name)
		if err != nil {
			continue
		}
		zone, err := zoneOf(g, a.Region)
		if err != nil {
			return nil, err
		}
		if slices.Contains(g.Rights(law.DateOf(now, zone)), a.Right) { // a law begins where they live
			out = append(out, f.Name)
		}
	}
	return out, nil
}
