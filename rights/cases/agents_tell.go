package cases

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

// KeepForAgents is how long an agent can ask how a request ended.
const KeepForAgents = 90 * 24 * time.Hour

const (
	mostToldAtOnce = 100
	mostAway       = 3  // times in a row that an agent does not answer
	mostAgentTries = 20 // with the wait doubled up to an hour: most of a day
)

// agentSecret is what an agent said that may tell something of a person. It is sealed under a key of the
// organisation's, because it is needed when the request's own is gone.
type agentSecret struct {
	Reference string `json:"reference,omitempty"`
	Exercise  string `json:"exercise"`
	Callback  string `json:"callback,omitempty"`
}

func (d *Desk) agentCipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(d.Desk.Vault.KeyFor("what agents say of requests"))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (d *Desk) sealAgent(id avow.ID, s agentSecret) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	a, err := d.agentCipher()
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, nil, plain, id[:]), nil
}

func (d *Desk) openAgent(id avow.ID, sealed []byte) (s agentSecret, err error) {
	a, err := d.agentCipher()
	if err != nil {
		return s, err
	}
	plain, err := a.Open(nil, nil, sealed, id[:])
	if err != nil {
		return s, avow.Errorf(avow.Internal, "what an agent said of a request does not open: the row was changed, or the key is another: %w", err)
	}
	return s, json.Unmarshal(plain, &s)
}

// readAgent reads a request for the agent who brought it.
func (d *Desk) readAgent(tx *store.Tx, agent string, id avow.ID) (r AgentRequest, err error) {
	var sealed []byte
	err = tx.QueryRow(`SELECT sealed FROM rights_agent_requests WHERE case_id = ? AND agent = ?`, id, agent).Scan(&sealed)
	if avow.KindOf(err) == avow.NotFound {
		return r, notTheirs
	}
	if err != nil {
		return r, err
	}
	s, err := d.openAgent(id, sealed)
	if err != nil {
		return r, err
	}
	c, err := read(tx, id)
	if err != nil {
		return r, err
	}
	r = AgentRequest{ID: id, Agent: agent, Number: c.Number, Reference: s.Reference, Exercise: s.Exercise, Callback: s.Callback, Received: c.Received}
	if c.State == Merged {
		r.Merged = true
		if c, err = read(tx, c.Into); err != nil {
			return r, err
		}
	}
	r.State, r.Paused, r.Due, r.Closed = c.State, c.paused, c.Due, c.Closed
	if c.State == Verifying {
		r.Lapses = c.Received.Add(d.Lapse)
	}
	if c.State == Closed && (c.Right == law.Copy || c.Right == law.Move) && c.stage != over {
		r.Package = c.Closed.Add(d.keepFor(&c))
	}
	return r, nil
}

// mark is what an agent was told, for comparing; the statement of untold writes it the same.
func (r *AgentRequest) mark() string { return string(r.State) + "/" + r.Paused }

func told(tx *store.Tx, r AgentRequest, next time.Time) error {
	_, err := tx.Exec(`UPDATE rights_agent_requests SET told = ?, told_due = ?, tries = 0, next = ? WHERE case_id = ?`, r.mark(), r.Due, next, r.ID)
	return err
}

// untold finds the requests whose state their agent has not heard of, or whose day has moved.
// While it waits for the person the day moves by itself, and nobody is told of that.
const untold = `SELECT a.case_id, a.agent, a.tries FROM rights_agent_requests a
	JOIN rights_cases c ON c.id = a.case_id LEFT JOIN rights_cases m ON m.id = c.merged_into
	WHERE a.next <= ? AND (a.told <> COALESCE(m.state, c.state) || '/' || COALESCE(m.paused, c.paused)
		OR COALESCE(a.told_due, 0) <> COALESCE(m.due, c.due, 0) AND COALESCE(m.paused, c.paused) = '' AND COALESCE(m.state, c.state) NOT IN ('received', 'verifying'))
	ORDER BY a.next LIMIT ?`

type untoldAgent struct {
	id    avow.ID
	agent string
	tries int
}

// TellAgents has agents told how their requests are, where that has changed since they heard of it: the newest state, not
// each in between. It is run by a schedule. What cannot be told is tried again, longer apart each time, for most of a day.
// tell gives no error where telling again is of no use.
func (d *Desk) TellAgents(ctx context.Context, tell func(ctx context.Context, r AgentRequest) error) error {
	var list []untoldAgent
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.Collect(tx, func(r *store.Rows) (u untoldAgent, err error) {
			return u, r.Scan(store.IntoID(&u.id), &u.agent, &u.tries)
		},
			untold, tx.Now(), mostToldAtOnce)
		return err
	})
	if err != nil {
		return err
	}
	away := map[string]int{} // who does not answer is left for the next time, and holds up nobody
	for _, u := range list {
		if away[u.agent] >= mostAway {
			continue
		}
		heard, err := d.tellAgent(ctx, u, tell)
		if err != nil {
			return err
		}
		if !heard {
			away[u.agent]++
		}
	}
	return d.forgetAgents(ctx)
}

func (d *Desk) tellAgent(ctx context.Context, u untoldAgent, tell func(ctx context.Context, r AgentRequest) error) (heard bool, err error) {
	r, err := d.AgentRequest(ctx, u.agent, u.id)
	if err != nil {
		return false, err
	}
	trouble := tell(ctx, r)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return trouble == nil, d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		if trouble == nil || u.tries+1 >= mostAgentTries {
			return told(tx, r, tx.Now())
		}
		wait := d.Backoff
		for range min(u.tries, 10) {
			wait *= 2
		}
		_, err := tx.Exec(`UPDATE rights_agent_requests SET tries = tries + 1, next = ? WHERE case_id = ?`, tx.Now().Add(min(wait, time.Hour)), u.id)
		return err
	})
}

// forgetAgents ends what is kept for agents of requests that ended long ago.
func (d *Desk) forgetAgents(ctx context.Context) error {
	if sure, err := d.sure(ctx); err != nil || !sure {
		return err
	}
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		before := tx.Now().Add(-KeepForAgents)
		_, err := tx.Exec(`DELETE FROM rights_agent_requests WHERE case_id IN (SELECT c.id FROM rights_cases c LEFT JOIN rights_cases m ON m.id = c.merged_into
			WHERE c.closed < ? AND (m.id IS NULL OR m.closed < ?))`, before, before)
		return err
	})
}
