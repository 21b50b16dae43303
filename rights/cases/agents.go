package cases

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// AgentMessage is a message that an agent signed, which a face found to be theirs. It is used once.
type AgentMessage struct {
	Agent   string
	Hash    [32]byte  // SHA-256 of what was signed
	Expires time.Time // from when it is refused for its age
}

// AgentToken is who holds a token, and the key that it was given to.
type AgentToken struct {
	Agent string
	Key   []byte
}

// AgentAsk is a request that an agent brings by a protocol.
type AgentAsk struct {
	Ask
	Reference string // the agent's own name for it; may be empty
	Exercise  string // what is asked, in the protocol's words
	Callback  string // where to tell of changes; empty: nowhere
}

// AgentRequest is a request as the agent who brought it may see it: how far it is, and nothing of
// what was found.
type AgentRequest struct {
	ID        avow.ID
	Agent     string
	Number    string
	Reference string
	Exercise  string
	Callback  string
	State     State // of the earlier request, where it was merged into one
	Merged    bool
	Paused    string // what the person was asked for
	Received  time.Time
	Due       time.Time // the answer comes before this
	Lapses    time.Time // while somebody has to show who they are: how long they can
	Closed    time.Time
	Package   time.Time // until when the person can fetch it; zero where there is none
}

const (
	mostReference = 200  // bytes
	mostCallback  = 2000 // bytes
)

var (
	notTheirs   = avow.Errorf(avow.Forbidden, "there is no such request of this agent")
	usedMessage = avow.Errorf(avow.Conflict, "this message was used already; sign another")
)

// Admit gives an agent a token for the key that signed the message. It takes the place of the one before, and
// is kept hashed. Conflict when the message was used before.
func (d *Desk) Admit(ctx context.Context, m AgentMessage, key []byte) (token string, err error) {
	token = newToken()
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		if err := use(tx, m); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO rights_agents (agent, token, verify_key, made) VALUES (?, ?, ?, ?)
			ON CONFLICT (agent) DO UPDATE SET token = excluded.token, verify_key = excluded.verify_key, made = excluded.made`,
			m.Agent, hashOf(token), key, tx.Now())
		return err
	})
	return token, err
}

// AgentBy finds who holds a token. Unauthorized when nobody does. Whether the agent and the key
// are admitted still is for the face to say.
func (d *Desk) AgentBy(ctx context.Context, token string) (a AgentToken, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT agent, verify_key FROM rights_agents WHERE token = ?`, hashOf(token)).Scan(&a.Agent, &a.Key)
	})
	if avow.KindOf(err) == avow.NotFound {
		err = avow.Errorf(avow.Unauthorized, "this token is not known; ask for another with a signed message")
	}
	return a, err
}

// use marks a message as used, in the transaction of what it does.
func use(tx *store.Tx, m AgentMessage) error {
	if err := tx.Lock("rights agent message", m.Hash[:]); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM rights_agent_messages WHERE expires < ?`, tx.Now().Add(-time.Hour)); err != nil {
		return err
	}
	var used bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_agent_messages WHERE hash = ?)`, m.Hash[:]).Scan(&used)
	if err == nil && used {
		err = usedMessage
	}
	if err != nil {
		return err
	}
	return tx.Insert("rights_agent_messages", "hash, expires", []any{m.Hash[:], m.Expires})
}

// TakeFrom takes a request down that an agent signed: at the door Agent, so that the person
// has to show who they are wherever the right asks for that. The same request under the same reference is
// taken once, and its state is the answer again. Conflict when the message was used before, or the reference stands
// for something else; else as Take.
func (d *Desk) TakeFrom(ctx context.Context, m AgentMessage, a AgentAsk) (r AgentRequest, err error) {
	a.Identities = slices.Clone(a.Identities)
	a.Door, a.Session = Agent, ""
	if err := a.check(); err != nil {
		return r, err
	}
	if len(a.Reference) > mostReference || len(a.Callback) > mostCallback || len(a.Exercise) > mostReference {
		return r, avow.Errorf(avow.TooLarge, "a reference has at most %d bytes, and the address of a callback %d", mostReference, mostCallback)
	}
	same := d.agentSame(m, a.Reference)
	a.ID = d.agentCase(same, &a)
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if err := use(tx, m); err != nil {
			return err
		}
		r, err = d.takeFrom(tx, m.Agent, a, same)
		return err
	})
	if err == nil {
		d.nudge()
	}
	return r, err
}

func (d *Desk) takeFrom(tx *store.Tx, agent string, a AgentAsk, same []byte) (AgentRequest, error) {
	if err := tx.Lock("rights agent request", same); err != nil {
		return AgentRequest{}, err
	}
	var was avow.ID
	err := tx.QueryRow(`SELECT case_id FROM rights_agent_requests WHERE same = ?`, same).Scan(store.IntoID(&was))
	switch {
	case err == nil && was != a.ID:
		return AgentRequest{}, avow.Errorf(avow.Conflict, "this reference stands for another request of this agent")
	case err == nil:
		return d.readAgent(tx, agent, was)
	case avow.KindOf(err) != avow.NotFound:
		return AgentRequest{}, err
	}
	if _, err := d.take(tx, a.Ask, avow.ID{}); err != nil {
		return AgentRequest{}, err
	}
	sealed, err := d.sealAgent(a.ID, agentSecret{a.Reference, a.Exercise, a.Callback})
	if err != nil {
		return AgentRequest{}, err
	}
	next := zeroTime
	if a.Callback != "" {
		next = tx.Now()
	}
	err = tx.Insert("rights_agent_requests", "case_id, agent, same, sealed, told, told_due, tries, next", []any{a.ID, agent, same, sealed, "", zeroTime, 0, next})
	if err != nil {
		return AgentRequest{}, err
	}
	r, err := d.readAgent(tx, agent, a.ID)
	if err != nil {
		return r, err
	}
	return r, told(tx, r, next) // by the answer to this
}

// agentSame is a keyed hash of what an agent calls a request; without a name, of its message.
func (d *Desk) agentSame(m AgentMessage, reference string) []byte {
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("requests of agents"))
	fmt.Fprintf(h, "%q", m.Agent)
	if reference != "" {
		fmt.Fprintf(h, " named %q", reference)
	} else {
		fmt.Fprintf(h, " message %x", m.Hash)
	}
	return h.Sum(nil)
}

// agentCase is the id of a request: nobody finds it, and the same is asked under the same name has the same.
// It is a UUID of version 8, as whoever reads it by a protocol wants it (rfc:9562#5.8).
func (d *Desk) agentCase(same []byte, a *AgentAsk) (id avow.ID) {
	h := hmac.New(sha256.New, d.Desk.Vault.KeyFor("ids of agents' requests"))
	h.Write(same)
	fmt.Fprintf(h, "%q %q %q %q", a.Right, a.Exercise, a.Policy, a.Region)
	for _, i := range a.Identities {
		fmt.Fprintf(h, " %q %q", i.Kind, i.Value)
	}
	copy(id[:], h.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}

// AgentRequest is how far a request of an agent is. Forbidden for another's, and for one that is not.
func (d *Desk) AgentRequest(ctx context.Context, agent string, id avow.ID) (r AgentRequest, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		r, err = d.readAgent(tx, agent, id)
		return err
	})
	return r, err
}

// AgentNumber is the number of a request that an agent brought. NotFound for any other.
func (d *Desk) AgentNumber(ctx context.Context, id avow.ID) (number string, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT c.number FROM rights_cases c JOIN rights_agent_requests a ON a.case_id = c.id WHERE c.id = ?`, id).Scan(&number)
	})
	if avow.KindOf(err) == avow.NotFound {
		err = noRequest
	}
	return number, err
}

// Revoke is Cancel by the agent who brought a request, for the person; m, where there is one, is used up. Revoking
// again changes nothing. Forbidden for another's, Refused once something was changed, Conflict when it has ended.
func (d *Desk) Revoke(ctx context.Context, agent string, id avow.ID, m *AgentMessage) (r AgentRequest, err error) {
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		if r, err = d.readAgent(tx, agent, id); err != nil {
			return err
		}
		if m != nil {
			if err := use(tx, *m); err != nil {
				return err
			}
		}
		c, err := lock(tx, id)
		if err != nil || c.State == Cancelled {
			return err
		}
		c.Outcome = "cancelled; the agent said that the person wants it no more"
		if err := d.cancel(tx, &c); err != nil {
			return err
		}
		if err := save(tx, &c); err != nil {
			return err
		}
		r, err = d.readAgent(tx, agent, id)
		return err
	})
	d.nudge()
	return r, err
}

// States lists every state there is, sorted: for faces that say them in other words.
func States() []State { return slices.Sorted(maps.Keys(stateWords)) }
