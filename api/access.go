package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/vault"
)

// Access answers access evaluations.
type Access struct {
	Keys *Keys
	// PublicURL is where callers reach this server, as https://privacy.harbour.example.
	PublicURL string
	// Gate gives the gate of a policy; the empty name is the only policy there is. Nil: no such policy.
	Gate func(policy string) *gate.Gate
	// Find gives the subjects an identity finds, who has it verified first.
	Find func(ctx context.Context, id vault.Identity) ([]avow.ID, error)
	// State reads a subject's state from the database, and puts it into the gate.
	State func(ctx context.Context, policy string, subject avow.ID) (*gate.State, error)
	// Evidence finds the events a decision under a policy rests on.
	Evidence func(policy string) gate.Evidence
	// Decided counts a decision. It gets no personal value.
	Decided func(policy, purpose string, allowed bool, reason string)
	Now     func() time.Time
	Log     *slog.Logger // hears what is ours to repair; nil: nobody does
}

// Routes adds the decision interface to a mux.
func (a *Access) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /access/v1/evaluation", a.evaluation)
	mux.HandleFunc("POST /access/v1/evaluations", a.evaluations)
	mux.HandleFunc("POST /access/v1/explanation", a.explanation)
	mux.HandleFunc("/access/", nowhere(mux))
	mux.HandleFunc("GET /.well-known/authzen-configuration", a.configuration)
}

// configuration is the metadata of authzen:1.0#9.
func (a *Access) configuration(w http.ResponseWriter, _ *http.Request) {
	b := appendText([]byte(`{"policy_decision_point":`), a.PublicURL)
	b = appendText(append(b, `,"access_evaluation_endpoint":`...), a.PublicURL+"/access/v1/evaluation")
	b = appendText(append(b, `,"access_evaluations_endpoint":`...), a.PublicURL+"/access/v1/evaluations")
	writeJSON(w, http.StatusOK, append(b, '}'))
}

// fail answers with what is wrong.
func (a *Access) fail(w http.ResponseWriter, r *http.Request, err error) {
	logFailure(r.Context(), a.Log, r.Pattern, problemOf(err))
	writeProblem(w, err)
}

// open authenticates and reads a bounded body.
func (a *Access) open(w http.ResponseWriter, r *http.Request) (Caller, []byte, error) {
	c, err := a.Keys.caller(r)
	if err != nil {
		return c, nil, err
	}
	if t := r.Header.Get("Content-Type"); t != "" && !strings.HasPrefix(t, "application/json") {
		return c, nil, avow.FieldErrorf("Content-Type", "send application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDecisionBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return c, nil, avow.Errorf(avow.TooLarge, "the body is larger than %d bytes; split the batch", maxDecisionBody)
	case err != nil:
		return c, nil, avow.Errorf(avow.Canceled, "the body did not arrive whole: %w", err)
	}
	return c, body, nil
}

func (a *Access) evaluation(w http.ResponseWriter, r *http.Request) {
	caller, body, err := a.open(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	q, err := readQuestion(body)
	if err == nil {
		err = q.complete()
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ans, err := a.answer(r.Context(), caller, &q)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, ans.append(make([]byte, 0, 512)))
}

// evaluations answers a batch. A question that cannot be asked is a no with its
// error in its context, and does not spoil the others (authzen:1.0#7.2).
func (a *Access) evaluations(w http.ResponseWriter, r *http.Request) {
	caller, body, err := a.open(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	batch, err := readBatch(body)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if len(batch.each) == 0 {
		a.alone(w, r, caller, batch.defaults)
		return
	}
	b := append(make([]byte, 0, 256*len(batch.each)), `{"evaluations":[`...)
	for i := range batch.each {
		ans := a.batched(r.Context(), caller, &batch.each[i])
		if i > 0 {
			b = append(b, ',')
		}
		b = ans.append(b)
		if batch.semantic == denyOnFirstDeny && !ans.allowed || batch.semantic == permitOnFirstPermit && ans.allowed {
			break
		}
	}
	writeJSON(w, http.StatusOK, append(b, `]}`...))
}

// alone is a batch without evaluations: one question (authzen:1.0#7.1).
func (a *Access) alone(w http.ResponseWriter, r *http.Request, caller Caller, q question) {
	err := q.complete()
	if err == nil {
		var ans answer
		if ans, err = a.answer(r.Context(), caller, &q); err == nil {
			writeJSON(w, http.StatusOK, ans.append(nil))
			return
		}
	}
	a.fail(w, r, err)
}

func (a *Access) batched(ctx context.Context, caller Caller, q *question) answer {
	err := q.complete()
	if err == nil {
		var ans answer
		if ans, err = a.answer(ctx, caller, q); err == nil {
			return ans
		}
	}
	return answer{reason: avow.KindOf(err).String(), says: avow.MessageOf(err), status: statusOf(avow.KindOf(err))}
}

// asked is a question made ready for the gate.
type asked struct {
	gate     *gate.Gate
	policy   string
	declared bool // the purpose is one of the policy's
	names    gate.Names
	request  gate.Request
	subjects []avow.ID // empty for a visitor
}

// answer decides. Where an address finds two subjects — who verified it, and who
// merely typed it — both must allow.
func (a *Access) answer(ctx context.Context, caller Caller, q *question) (answer, error) {
	k, err := a.ready(ctx, caller, q)
	if err != nil {
		return answer{}, err
	}
	var d gate.Decision
	switch {
	case k.request.Visitor:
		d = k.gate.Ask(&k.names, &k.request)
	case len(k.subjects) == 0:
		d.Reason = gate.NoSubject
	default:
		d, err = a.ofAll(ctx, k)
	}
	if err != nil {
		return answer{}, err
	}
	a.count(k, d)
	ans := told(k, d)
	if d.Reason == gate.NoSubject {
		ans.says = unknownSubject
	}
	return ans, nil
}

// unknownSubject is said of an address that finds nobody; the gate itself only sees that nobody is named.
const unknownSubject = "No: nobody is known here under that id or address."

// ofAll asks about each subject, and gives the first no, or the last yes. A yes rests
// on a view that has just seen the head of the ledger, or on the database. The time
// is asked after the gate is: whoever was stopped meanwhile has an old view.
func (a *Access) ofAll(ctx context.Context, k *asked) (d gate.Decision, err error) {
	for _, id := range k.subjects {
		k.request.Subject = id
		d = k.gate.Ask(&k.names, &k.request)
		if d.Reason.AskDatabase() || d.Allowed && !k.gate.Fresh(a.Now()) {
			if d, err = a.fromDatabase(ctx, k, id); err != nil {
				return d, err
			}
		}
		if !d.Allowed {
			return d, nil
		}
	}
	return d, nil
}

// answerLife is how old what the database said may be when it is answered.
const answerLife = time.Second

var errTooLate = avow.Errorf(avow.Unavailable, "the database took too long, so nothing can be said that is true now; ask again")

// fromDatabase decides on what the database holds now. An id of nobody is a no. A
// process that was stopped between reading and answering reads again.
func (a *Access) fromDatabase(ctx context.Context, k *asked, id avow.ID) (gate.Decision, error) {
	for range 3 {
		began := a.Now()
		st, err := a.State(ctx, k.policy, id)
		if avow.KindOf(err) == avow.NotFound {
			return gate.Decision{Reason: gate.NoSubject, Lane: -1}, nil
		}
		if err != nil {
			return gate.Decision{}, err
		}
		k.request.Subject = st.Subject // the present id, where it was asked by one of old
		d := k.gate.DecideState(st, &k.request)
		if took := a.Now().Sub(began); !d.Allowed || took >= 0 && took <= answerLife {
			return d, nil
		}
	}
	return gate.Decision{}, errTooLate
}

func (a *Access) ready(ctx context.Context, caller Caller, q *question) (*asked, error) {
	k := &asked{gate: a.Gate(q.policy)}
	if k.gate == nil {
		return nil, avow.FieldErrorf("resource.properties.policy", "there is no policy of that name here")
	}
	current := k.gate.InForce(a.Now())
	if current == nil {
		return nil, avow.Errorf(avow.Unavailable, "no version of this policy is in force")
	}
	k.policy = current.Name
	_, k.declared = current.Purpose(q.purpose)
	role, err := caller.role(q.role)
	if err != nil {
		return nil, err
	}
	if role == SystemRole {
		role = ""
	}
	k.names = gate.Names{Purpose: q.purpose, Data: q.data, Recipient: q.recipient, Role: role, Cookie: q.cookie}
	if k.request, err = a.request(current, q); err != nil || k.request.Visitor {
		return k, err
	}
	k.subjects, err = a.subjects(ctx, q.resourceID)
	return k, err
}

func (a *Access) request(p *policy.Policy, q *question) (r gate.Request, err error) {
	r = gate.Request{Recipient: -1, Role: -1, Cookie: -1, At: a.Now(), Event: q.onEvent, Place: avow.Region(q.place)}
	if r.Act, err = avow.ParseAct(q.action); err != nil {
		return r, avow.FieldErrorf("action.name", "must be one of %s", strings.Join(avow.ActNames(), ", "))
	}
	if r.Place != "" && !r.Place.Known() {
		return r, avow.FieldErrorf("context.place", "is not a region code such as US or GB-SCT")
	}
	for _, s := range q.signals {
		switch strings.ToLower(s) {
		case "dnt":
			r.Signals |= avow.DNT
		case "gpc":
			r.Signals |= avow.GPC
		default:
			return r, avow.FieldErrorf("context.signals", "must be dnt or gpc")
		}
	}
	if q.resourceType == "visitor" {
		r.Visitor, r.Region = true, avow.Region(q.region)
		if r.Kind, err = avow.ParseSubjectKind(q.kind); err != nil {
			return r, avow.FieldErrorf("resource.properties.kind", "must be individual or business")
		}
	}
	return r, nil
}

// subjects finds who is meant: an id of ours, or an identity as `email:…` or `phone:…`.
func (a *Access) subjects(ctx context.Context, id string) ([]avow.ID, error) {
	kind, value, identity := strings.Cut(id, ":")
	if identity {
		found, err := a.Find(ctx, vault.Identity{Kind: kind, Value: value})
		if avow.KindOf(err) == avow.Invalid && err != nil {
			err = avow.FieldErrorf("resource.id", "%s", avow.MessageOf(err))
		}
		return found, err
	}
	subject, err := avow.ParseID(id)
	if err != nil {
		return nil, avow.FieldErrorf("resource.id", "must be the id of a data subject, or email:… or phone:…")
	}
	return []avow.ID{subject}, nil
}

func (a *Access) count(k *asked, d gate.Decision) {
	if a.Decided == nil {
		return
	}
	purpose := k.names.Purpose
	if !k.declared && purpose != "" { // whatever else is wrong: it may be anything, and anybody's
		purpose = "unknown"
	}
	a.Decided(k.policy, purpose, d.Allowed, d.Reason.String())
}

// told puts a decision into words.
func told(k *asked, d gate.Decision) answer {
	ans := answer{allowed: d.Allowed, reason: d.Reason.String(), says: k.gate.Sentence(d, &k.request), basis: d.Basis.String(),
		policy: k.policy, version: d.Version, obligations: obligations(d.Obligations)}
	if p := k.version(d.Version); p != nil && d.Clause < len(p.Clauses) {
		ans.clause, ans.line = p.Clauses[d.Clause].Key, p.Clauses[d.Clause].Line
	}
	return ans
}

// version is one version of the policy asked about; nil for none.
func (k *asked) version(number int) *policy.Policy {
	if rules := k.gate.Rules(); rules != nil && number > 0 && number <= len(rules.Versions()) {
		return rules.Versions()[number-1]
	}
	return nil
}

var obligationNames = []struct {
	bit  policy.Obligations
	name string
}{
	{policy.MustCarryUnsubscribe, "carry-unsubscribe"}, {policy.MustPseudonymise, "pseudonymise"}, {policy.MustNotify, "notify"},
	{policy.MustRecord, "record"}, {policy.MustMakeAnonymous, "make-anonymous"}, {policy.MustUseOnce, "use-once"}, {policy.MustBeApproved, "be-approved"},
}

func obligations(o policy.Obligations) []string {
	var names []string
	for _, n := range obligationNames {
		if o&n.bit != 0 {
			names = append(names, n.name)
		}
	}
	return names
}
