// Package drp is the face for authorised agents: the Data Rights Protocol 1.0, by which
// programs that people authorised send what those people ask of the organisation (drp:1.0).
//
// What stays true: nobody comes in whom the operator did not admit, with a key. What
// changes something is signed by that key, for this organisation and this moment, and
// counts once. What an agent vouches for opens nothing: the person shows who they are
// wherever the right asks for that. An agent sees how far its own requests are, and learns
// of nobody whether they are known here. An error holds no value of anybody.
//
// What it never does: decide, keep anything, or fetch a key from a network.
package drp

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/rights/cases"
)

// maxBody bounds a message, in bytes as it is sent.
const maxBody = 64 << 10

// Server answers agents. All of it is required but Allow and Limit.
type Server struct {
	Requests *cases.Desk
	Agents   func() Directory // who is admitted by now
	Business string           // who we are among them: the `business-id` their messages are for
	// Policy names the policy their requests are under.
	Policy func() (string, error)
	URL    string // of this server, as people see it
	Now    func() time.Time
	// Allow bounds how often somebody who is not admitted may try, by whom the request is from, and
	// Limit how often an agent may: TooMany.
	Allow, Limit func(who string) error
	// Remote names whom a request is from.
	Remote func(*http.Request) string
	// Post sends the state of a request to an agent that wants to be told.
	Post func(ctx context.Context, to string, body []byte) error
}

// Routes adds the protocol to a mux, under /drp/.
func (s *Server) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /drp/v1/agent/{agent}", s.setUp)
	mux.HandleFunc("GET /drp/v1/agent/{agent}", s.agent)
	mux.HandleFunc("POST /drp/v1/data-rights-request", s.exercise)
	mux.HandleFunc("POST /drp/v1/data-rights-request/{$}", s.exercise) // as before 0.9.3 of the protocol, which may be kept
	mux.HandleFunc("GET /drp/v1/data-rights-request/{request}", s.status)
	mux.HandleFunc("DELETE /drp/v1/data-rights-request/{request}", s.revoke)
	mux.HandleFunc("GET /drp/verify/{request}", s.verify)
	mux.HandleFunc("/drp/", nowhere)
}

func nowhere(w http.ResponseWriter, _ *http.Request) {
	writeError(w, avow.Errorf(avow.NotFound, "the protocol has no such address, or no such method at it"))
}

// setUp gives an agent the token that the other addresses ask for (drp:1.0#2.05). What does not
// hold is a 403 without a word.
func (s *Server) setUp(w http.ResponseWriter, r *http.Request) {
	token, err := s.admit(r)
	switch kindOf(err) {
	case avow.TooMany, avow.Unavailable, avow.Canceled, avow.Internal:
		if err != nil {
			writeError(w, err)
			return
		}
	}
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"agent-id": r.PathValue("agent"), "token": token})
}

func (s *Server) admit(r *http.Request) (string, error) {
	if err := allow(s.Allow, s.Remote(r)); err != nil {
		return "", err
	}
	agent, ok := s.Agents()[r.PathValue("agent")]
	if !ok {
		return "", fault{http.StatusForbidden, "this agent is not admitted", true}
	}
	m, err := s.read(r, agent)
	if err != nil {
		return "", err
	}
	if err := m.envelope(agent, s.Business, s.Now()); err != nil {
		return "", err
	}
	if m.has("exercise") || m.has("reason") { // what was signed for something else makes no token
		return "", fault{http.StatusForbidden, "this message asks for something else", true}
	}
	return s.Requests.Admit(r.Context(), m.used(agent), agent.Key)
}

// agent tells an agent that its token still holds (drp:1.0#2.06).
func (s *Server) agent(w http.ResponseWriter, r *http.Request) {
	agent, err := s.holder(r)
	if kindOf(err) == avow.Unauthorized && err != nil || err == nil && agent.ID != r.PathValue("agent") {
		err = fault{http.StatusForbidden, "this token is not that agent's", true}
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// holder is the admitted agent whose token a request carries (rfc:6750#2.1).
func (s *Server) holder(r *http.Request) (Agent, error) {
	held, err := s.Requests.AgentBy(r.Context(), bearer(r))
	if err == nil {
		agent, ok := s.Agents()[held.Agent]
		if ok && agent.Key.Equal(ed25519.PublicKey(held.Key)) {
			return agent, allow(s.Limit, agent.ID)
		}
		err = avow.Errorf(avow.Unauthorized, "this token was given to somebody who is not admitted any more, or whose key has changed; ask for another")
	}
	if kindOf(err) == avow.Unauthorized {
		if busy := allow(s.Allow, s.Remote(r)); busy != nil {
			return Agent{}, busy
		}
	}
	return Agent{}, err
}

// exercise takes a request down (drp:1.0#2.01). The checks come in the order of drp:1.0#3.07.
func (s *Server) exercise(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func(agent Agent) (out cases.AgentRequest, err error) {
		m, err := s.read(r, agent)
		if err != nil {
			return out, err
		}
		if err := m.envelope(agent, s.Business, s.Now()); err != nil {
			return out, err
		}
		a, err := m.ask(agent)
		if err != nil {
			return out, err
		}
		if a.Policy, err = s.Policy(); err != nil {
			return out, err
		}
		return s.Requests.TakeFrom(r.Context(), m.used(agent), a)
	})
}

// status says how far a request is (drp:1.0#2.02).
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func(agent Agent) (out cases.AgentRequest, err error) {
		id, err := parseUUID(r.PathValue("request"))
		if err != nil {
			return out, err
		}
		return s.Requests.AgentRequest(r.Context(), agent.ID, id)
	})
}

// revoke ends a request that the person wants no more (drp:1.0#2.04). Its message says nothing that binds it to a request or a moment; the
// token does. What it says of them all the same must hold. The reason is not kept.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func(agent Agent) (out cases.AgentRequest, err error) {
		id, err := parseUUID(r.PathValue("request"))
		if err != nil {
			return out, err
		}
		m, err := s.read(r, agent)
		if err != nil {
			return out, err
		}
		if m.has("exercise") {
			return out, fault{http.StatusForbidden, "this message asks for something else", true}
		}
		if _, err := m.text("reason", 4000); err != nil {
			return out, err
		}
		var once *cases.AgentMessage
		if m.has("agent-id") || m.has("business-id") || m.has("issued-at") || m.has("expires-at") {
			if err := m.envelope(agent, s.Business, s.Now()); err != nil {
				return out, err
			}
			used := m.used(agent)
			once = &used
		}
		return s.Requests.Revoke(r.Context(), agent.ID, id, once)
	})
}

// answer is what each of an agent's requests has in common: whose token it is, and the state as the answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, do func(Agent) (cases.AgentRequest, error)) {
	agent, err := s.holder(r)
	var out cases.AgentRequest
	if err == nil {
		out, err = do(agent)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, s.describe(out))
}

// verify leads a person, whom their agent sends, to where they show who they are (drp:1.0#3.02.1). Nobody is sent
// back to the agent's page: the link that shows it is in a letter, and the agent hears of it as of any change.
func (s *Server) verify(w http.ResponseWriter, r *http.Request) {
	id, err := parseUUID(r.PathValue("request"))
	if q := r.URL.Query(); err == nil && q.Has("request_id") && q.Get("request_id") != r.PathValue("request") {
		err = fault{http.StatusBadRequest, "request_id names another request", true}
	}
	if err == nil {
		err = allow(s.Allow, s.Remote(r))
	}
	var number string
	if err == nil {
		number, err = s.Requests.AgentNumber(r.Context(), id)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.URL+"/privacy/request?"+url.Values{"number": {number}}.Encode(), http.StatusSeeOther)
}

// Tell sends an agent the state of a request, where it said to (drp:1.0#2.03).
func (s *Server) Tell(ctx context.Context, r cases.AgentRequest) error {
	if _, admitted := s.Agents()[r.Agent]; !admitted || r.Callback == "" {
		return nil // whoever was put out hears no more
	}
	body, err := encode(s.describe(r))
	if err != nil {
		return err
	}
	return s.Post(ctx, r.Callback, body)
}

// read reads a message that an agent signed.
func (s *Server) read(r *http.Request, agent Agent) (*message, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return nil, avow.Errorf(avow.TooLarge, "a message has at most %d bytes", maxBody)
	}
	if err != nil {
		return nil, avow.Errorf(avow.Canceled, "the message did not arrive whole")
	}
	return open(body, agent.Key)
}

func allow(by func(string) error, who string) error {
	if by == nil {
		return nil
	}
	return by(who)
}
