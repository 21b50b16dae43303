package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
)

// explanation is a decision with everything needed to check it.
type explanation struct {
	Decision bool       `json:"decision"`
	Reason   string     `json:"reason"`
	Says     string     `json:"says"`               // why, in one sentence
	MakeYes  string     `json:"make_yes,omitempty"` // what would make a no a yes
	Basis    string     `json:"basis"`
	Policy   string     `json:"policy"`
	Version  int        `json:"version"`
	Hash     string     `json:"hash,omitempty"` // SHA-256 of that version's file
	Clause   string     `json:"clause"`
	Line     int        `json:"line"`
	Words    string     `json:"words"` // the policy's own
	Evidence []evidence `json:"evidence"`
}

// evidence is one event in the ledger.
type evidence struct {
	Event string    `json:"event"`
	Index uint64    `json:"index"`
	At    time.Time `json:"at"`
	What  string    `json:"what"`
}

// explanation answers the same question as evaluation, with the evidence. Where an
// address finds two subjects it explains the one that decides.
func (a *Access) explanation(w http.ResponseWriter, r *http.Request) {
	caller, body, err := a.open(w, r)
	var q question
	if err == nil {
		q, err = readQuestion(body)
	}
	if err == nil {
		err = q.complete()
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	e, err := a.explain(r, caller, &q)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	b, err := json.Marshal(e)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, b)
}

func (a *Access) explain(r *http.Request, caller Caller, q *question) (explanation, error) {
	k, err := a.ready(r.Context(), caller, q)
	if err != nil {
		return explanation{}, err
	}
	if !k.request.Visitor && len(k.subjects) == 0 {
		return ofNobody(k), nil
	}
	if d := k.gate.Resolve(&k.names, &k.request); d != gate.Undecided {
		no := gate.Decision{Reason: d}
		return explanation{Reason: d.String(), Says: k.gate.Sentence(no, &k.request), Policy: k.policy, Basis: no.Basis.String(), Evidence: []evidence{}}, nil
	}
	if !k.request.Visitor {
		d, err := a.ofAll(r.Context(), k)
		if err != nil {
			return explanation{}, err
		}
		if d.Reason == gate.NoSubject {
			return ofNobody(k), nil
		}
	}
	return a.explainOne(r.Context(), k)
}

// ofNobody is the no about somebody who is not known here.
func ofNobody(k *asked) explanation {
	return explanation{Reason: gate.NoSubject.String(), Says: unknownSubject, Policy: k.policy, Basis: avow.BasisNone.String(), Evidence: []evidence{}}
}

// explainOne explains the decision about the request's subject, or a visitor.
func (a *Access) explainOne(ctx context.Context, k *asked) (explanation, error) {
	var st *gate.State
	if !k.request.Visitor {
		var err error
		if st, err = a.State(ctx, k.policy, k.request.Subject); err != nil {
			return explanation{}, err
		}
	}
	x, err := k.gate.Explain(ctx, st, &k.request, a.Evidence(k.policy))
	if err != nil {
		return explanation{}, err
	}
	return explained(k, x), nil
}

func explained(k *asked, x gate.Explanation) explanation {
	e := explanation{Decision: x.Decision.Allowed, Reason: x.Decision.Reason.String(), Says: x.Sentence, MakeYes: x.MakeYes, Basis: x.Basis.String(),
		Policy: x.Policy, Version: x.Version, Clause: x.Key, Line: x.Line, Words: x.Says, Evidence: []evidence{}}
	if p := k.version(x.Version); p != nil {
		e.Hash = hex.EncodeToString(p.Hash[:])
	}
	for _, p := range x.Evidence {
		e.Evidence = append(e.Evidence, evidence{Event: p.Event.String(), Index: p.Index, At: p.At, What: p.What})
	}
	return e
}
