package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/api/drp"
	"github.com/avowhq/avow/connect/inside"
	"github.com/avowhq/avow/rights/cases"
)

// agenting says which agents may send what people ask, by the Data Rights Protocol.
type agenting struct {
	Agents       string `help:"A file of the agents who may send people's requests by the Data Rights Protocol, in the form of its directory. Nobody is admitted by default." type:"existingfile" placeholder:"FILE" env:"AVOW_AGENTS"`
	BusinessID   string `help:"Our id among those agents: their messages have to name it." placeholder:"ID" env:"AVOW_BUSINESS_ID" name:"business-id"`
	AgentsPolicy string `help:"The policy their requests are under, where there are several." placeholder:"POLICY" env:"AVOW_AGENTS_POLICY" name:"agents-policy"`

	roots *x509.CertPool // who vouches for where they are told of changes, for tests; nil: whom the system trusts
}

const (
	tellAgents   = 30 * time.Second // how often changes are looked for
	agentAnswers = 20 * time.Second // how long an agent may take to hear one
)

// openAgents makes the face of agents; none where nobody is admitted.
func (s *server) openAgents() error {
	if s.Agents == "" {
		return nil
	}
	if strings.TrimSpace(s.BusinessID) == "" {
		return avow.FieldErrorf("--business-id", "say who you are among the agents of --agents: their messages name whom they are for, and no other is taken")
	}
	var err error
	if s.admitted, err = openAgentsFile(s.Agents, s.now); err != nil {
		return err
	}
	reach, err := inside.Read(s.Inside)
	if err != nil {
		return err
	}
	s.agents = &drp.Server{Requests: s.requests, Agents: s.admitted.directory, Business: s.BusinessID, Policy: s.agentsPolicy, URL: s.url, Now: s.now,
		Allow: s.asks.allow, Limit: s.admitted.allow, Remote: remote, Post: postTo(callbackClient(reach, s.roots))}
	return nil
}

// agentsPolicy is the policy that requests of agents are under: the one that was named, else the only one in force.
func (s *server) agentsPolicy() (string, error) {
	list := s.consent.Policies(s.now())
	if s.AgentsPolicy == "" && len(list) == 1 {
		return list[0].Name, nil
	}
	for _, p := range list {
		if p.Name == s.AgentsPolicy {
			return p.Name, nil
		}
	}
	s.log.Error("requests of agents are turned away: say with --agents-policy which policy in force they are under", slog.Int("policies", len(list)))
	return "", avow.Errorf(avow.Unavailable, "no request is taken at the moment; the operator has to say which policy counts")
}

// callbackClient reaches the public internet, and inside only what the operator allows: where an agent is told of changes is
// an address that it gave itself. It goes where it was sent and nowhere else.
func callbackClient(reach *inside.Allowed, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       agentAnswers,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// No Proxy: it would dial in our place, and nobody would judge where.
		Transport: &http.Transport{DialContext: reach.Dial, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, TLSHandshakeTimeout: 10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}
}

// postTo sends JSON, and wants a 200 or its like. What is answered beside that is not read. The error names no address: a path may name a person.
func postTo(client *http.Client) func(ctx context.Context, to string, body []byte) error {
	return func(ctx context.Context, to string, body []byte) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return avow.Errorf(avow.Invalid, "the address of an agent is none")
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if errors.Is(err, inside.Err) {
			return avow.Errorf(avow.Refused, "the address of an agent leads into a private network; the operator can allow the host with --inside")
		}
		if err != nil {
			return avow.Errorf(avow.Unavailable, "the agent does not answer")
		}
		defer res.Body.Close()
		if res.StatusCode < 200 || res.StatusCode > 299 {
			return avow.Errorf(avow.Unavailable, "the agent answered with status %d", res.StatusCode)
		}
		return nil
	}
}

// tellAgentsOfChanges tells agents who wish it how their requests are.
func (s *server) tellAgentsOfChanges(ctx context.Context) error {
	return s.requests.TellAgents(ctx, func(ctx context.Context, r cases.AgentRequest) error {
		err := s.agents.Tell(ctx, r)
		if err != nil {
			s.log.Warn("an agent was not told of a change; it is tried again", slog.String("agent", r.Agent), slog.Any("error", err))
		}
		return err
	})
}
