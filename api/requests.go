package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// requestRoutes adds what people ask: anybody may, and staff answer. Who acts is the
// token, and never what a body says.
func (a *Rest) requestRoutes(h huma.API) {
	asking := operation("ask", http.MethodPost, "/api/v1/requests", "Take down what somebody asks about their data; for somebody else with a token, and evidence or a mandate")
	asking.DefaultStatus, asking.MaxBodyBytes = http.StatusCreated, maxAskBody
	huma.Register(h, asking, a.ask)

	read := func(id, path, summary string) huma.Operation {
		op := operation(id, http.MethodGet, "/api/v1/requests"+path, summary)
		op.Security = []map[string][]string{{"token": {}}}
		op.Errors = append(op.Errors, http.StatusForbidden)
		return op
	}
	huma.Register(h, read("list-requests", "", "The requests of people, those due first first"), a.listRequests)
	huma.Register(h, read("show-request", "/{request}", "One request, and its steps: what is to be done and was done, in names and counts"), a.showRequest)
	huma.Register(h, read("request-clock", "/{request}/clock", "Until when it is answered, by each law, and how the day comes about"), a.requestClock)
	huma.Register(h, asJSONFile(read("request-certificate", "/{request}/certificate", "What it came to, byte for byte as its hash stands in the log")), a.requestCertificate)
	huma.Register(h, asJSONFile(read("request-receipt", "/{request}/receipt", "The receipt that proves the certificate")), a.requestReceipt)
	huma.Register(h, read("list-tasks", "/todo", "What people have to do, and what waits for a system"), a.requestTasks)
	a.decisionRoutes(h)
}

const maxAskBody = 64 << 10

// asJSONFile describes an answer that is JSON made elsewhere.
func asJSONFile(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The document", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object"}}}}}
	return op
}

// askIn is what somebody asks.
type askIn struct {
	Authorization string `header:"Authorization" hidden:"true"`
	Key           string `header:"Idempotency-Key" maxLength:"200" doc:"sending the same body again with the same key is the same request"`
	Body          struct {
		Right       string          `json:"right" enum:"copy,correct,remove,move,restrict,unrestrict,object,withdraw,stop-marketing,human-review,opt-out,limit,recipients,de-index,complain"`
		Policy      string          `json:"policy,omitempty" maxLength:"64" doc:"may be left out where there is one policy"`
		Identities  []askIdentity   `json:"identities" minItems:"1" maxItems:"10" doc:"by what the person is known"`
		Corrections []askCorrection `json:"corrections,omitempty" maxItems:"50" doc:"of a request to correct"`
		Of          []string        `json:"of,omitempty" maxItems:"100" doc:"the purposes or topics that are stopped; none is all"`
		Wrote       string          `json:"wrote,omitempty" maxLength:"4000"`
		LivesIn     string          `json:"livesIn,omitempty" maxLength:"6" doc:"a country such as NL, or a part of one such as US-CA; unknown, the strictest law counts"`
		Evidence    string          `json:"evidence,omitempty" maxLength:"2000" doc:"of staff, with a token: what shows that the person wants it and who they are, as a reference"`
		Reason      string          `json:"reason,omitempty" maxLength:"2000" doc:"of unrestrict, by staff: why the restriction is lifted; the person reads it"`
		Told        string          `json:"told,omitempty" maxLength:"2000" doc:"of unrestrict: how staff told the person already; without it a letter tells them first, and a day later it is lifted"`
		Agent       string          `json:"agent,omitempty" maxLength:"200" doc:"with a token: who is authorised by the person. The person gets a letter and confirms"`
		Mandate     string          `json:"mandate,omitempty" maxLength:"2000" doc:"of an agent: the mandate, as a reference"`
	}
}

type askIdentity struct {
	Kind  string `json:"kind" maxLength:"100" doc:"email, phone, or a kind of the data map"`
	Value string `json:"value" maxLength:"320"`
}

type askCorrection struct {
	Data string `json:"data" maxLength:"200" doc:"a field of the policy: contact.name"`
	To   string `json:"to" maxLength:"2000"`
	From string `json:"from,omitempty" maxLength:"2000" doc:"only where it says this"`
}

// taken is the answer, the same whether or not anybody is known.
type taken struct {
	Body struct {
		Request string `json:"request"`
		Number  string `json:"number" doc:"to say on the telephone"`
		Next    string `json:"next" doc:"what happens now, in words"`
	}
}

// ask takes a request down. From somebody without a token the answer is the same whether or not
// they are known; a token that is not known is refused, and not taken for none.
func (a *Rest) ask(ctx context.Context, in *askIn) (*taken, error) {
	q, err := a.asked(ctx, in)
	if err != nil {
		return nil, problemOf(err)
	}
	t, err := a.Requests.Take(ctx, q)
	if err != nil {
		return nil, problemOf(err)
	}
	out := &taken{}
	out.Body.Request, out.Body.Number, out.Body.Next = t.ID.String(), t.Number, a.next(q)
	return out, nil
}

func (a *Rest) next(q cases.Ask) string {
	switch {
	case q.Right == cases.Lift && q.Told == "":
		return "A letter tells the person first. A day after it has left the restriction is lifted, and not where it cannot leave."
	case q.Door == cases.Staff:
		return "It is being done; staff vouch for the person."
	case a.Requests.Needs(q.Right, q.Corrections) == cases.Nothing:
		return "It counts, whether or not anybody is known by that."
	}
	return "If anybody is known by that, a letter with a link is on its way. When it is used, the request goes on."
}

// asked is a request, with the door that whoever sends it may use.
func (a *Rest) asked(ctx context.Context, in *askIn) (q cases.Ask, err error) {
	b := &in.Body
	q = cases.Ask{ID: sameAsk(in), Right: law.Right(b.Right), Policy: b.Policy, Region: avow.Region(b.LivesIn), Door: cases.API, Of: b.Of, Wrote: b.Wrote, Reason: b.Reason, Told: b.Told}
	if q.Region != "" && !q.Region.Known() {
		return q, avow.FieldErrorf("livesIn", "is not a region code such as NL or US-CA")
	}
	if err := visible("agent", b.Agent); err != nil {
		return q, err
	}
	for _, id := range b.Identities {
		if err := visible("identities", id.Kind); err != nil {
			return q, err
		}
		q.Identities = append(q.Identities, cases.Identity{Kind: id.Kind, Value: id.Value})
	}
	for _, c := range b.Corrections {
		q.Corrections = append(q.Corrections, cases.Correction{Data: c.Data, To: c.To, From: c.From})
	}
	if list := a.Consent.Policies(a.Now()); q.Policy == "" && len(list) == 1 {
		q.Policy = list[0].Name
	}
	if in.Authorization == "" {
		if b.Evidence != "" || b.Agent != "" || b.Mandate != "" {
			return q, avow.Errorf(avow.Unauthorized, "asking for somebody else takes a token: send it as `Authorization: Bearer …`")
		}
		return q, a.allow(ctx)
	}
	return q, a.onBehalf(ctx, &q, in)
}

// visible refuses a name with characters that nobody can see, and that PostgreSQL does not keep.
func visible(field, name string) error {
	if strings.ContainsFunc(name, unicode.IsControl) {
		return avow.FieldErrorf(field, "has a name with characters that cannot be seen; leave them out")
	}
	return nil
}

// onBehalf is a request that staff or an agent bring.
func (a *Rest) onBehalf(ctx context.Context, q *cases.Ask, in *askIn) error {
	b := &in.Body
	switch {
	case b.Evidence != "" && (b.Agent != "" || b.Mandate != ""):
		return avow.FieldErrorf("evidence", "is of staff, a mandate of an agent: send one of the two")
	case b.Evidence != "":
		c, err := a.staff(ctx)
		q.Door, q.By, q.Evidence = cases.Staff, actor(c), b.Evidence
		return err
	case b.Agent != "" || b.Mandate != "":
		_, err := a.insider(ctx)
		q.Door, q.By, q.Evidence = cases.Agent, b.Agent, b.Mandate
		return err
	}
	_, err := a.insider(ctx)
	return err
}

// sameAsk is an id that nobody finds who does not know the key and all that was sent.
func sameAsk(in *askIn) (id avow.ID) {
	if in.Key == "" {
		return id
	}
	b, err := json.Marshal(in.Body)
	if err != nil {
		return id
	}
	h := sha256.Sum256(append([]byte("request\x00"+in.Key+"\x00"+in.Authorization+"\x00"), b...))
	copy(id[:], h[:])
	return id
}

func (a *Rest) allow(ctx context.Context) error {
	if a.Allow == nil {
		return nil
	}
	return a.Allow(a.Remote(requestOf(ctx)))
}

// insider is any caller but one that may only read the log.
func (a *Rest) insider(ctx context.Context) (Caller, error) {
	c, err := a.Keys.caller(requestOf(ctx))
	if err == nil && !slices.ContainsFunc(c.Roles, func(r string) bool { return r != AuditorRole }) {
		err = avow.Errorf(avow.Forbidden, "an auditor's token reads the log, and nothing about requests")
	}
	return c, err
}

// staff is a caller who holds a staff role: a program of the organisation decides nothing.
func (a *Rest) staff(ctx context.Context) (Caller, error) {
	c, err := a.insider(ctx)
	if err == nil && !slices.ContainsFunc(c.Roles, func(r string) bool { return r != AuditorRole && r != SystemRole }) {
		err = avow.Errorf(avow.Forbidden, "this takes a staff role: make a token for a person with `avow token NAME --role ROLE`")
	}
	return c, err
}

// actor is how whoever holds a token is named in what they did.
func actor(c Caller) string { return "token " + c.Name }

type listRequestsIn struct {
	Ended  bool `query:"ended" doc:"those that have ended, the newest first"`
	Offset int  `query:"offset" minimum:"0"`
	Limit  int  `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// requestInfo is a request in names and counts.
type requestInfo struct {
	Request  string    `json:"request"`
	Number   string    `json:"number"`
	Right    string    `json:"right"`
	Regimes  []string  `json:"regimes" doc:"the laws that cover the person"`
	Region   string    `json:"region,omitempty"`
	Policy   string    `json:"policy"`
	Door     string    `json:"door"`
	State    string    `json:"state" enum:"received,verifying,planning,approval,running,checking,delivering,closed,refused,cancelled,appealed,merged,lapsed"`
	Paused   string    `json:"paused,omitempty" doc:"what the person was asked for"`
	Outcome  string    `json:"outcome,omitempty"`
	Received time.Time `json:"received"`
	Due      time.Time `json:"due,omitzero" doc:"the first moment that is too late"`
	Late     bool      `json:"late"`
	Closed   time.Time `json:"closed,omitzero"`
	Into     string    `json:"into,omitempty" doc:"the earlier request it was brought together with"`
}

func infoOf(o cases.Overview) requestInfo {
	info := requestInfo{Request: o.ID.String(), Number: o.Number, Right: string(o.Right), Regimes: []string{}, Region: string(o.Region), Policy: o.Policy, Door: string(o.Door),
		State: string(o.State), Paused: o.Paused, Outcome: o.Outcome, Received: o.Received, Due: o.Due, Late: o.Late, Closed: o.Closed}
	for _, g := range o.Regimes {
		info.Regimes = append(info.Regimes, string(g))
	}
	if o.Into != nil {
		info.Into = o.Into.String()
	}
	return info
}

type requestsOut struct{ Body []requestInfo }

func (a *Rest) listRequests(ctx context.Context, in *listRequestsIn) (*requestsOut, error) {
	_, err := a.insider(ctx)
	var list []cases.Overview
	if err == nil {
		list, err = a.Requests.List(ctx, in.Ended, in.Offset, in.Limit)
	}
	if err != nil {
		return nil, problemOf(err)
	}
	out := &requestsOut{Body: []requestInfo{}}
	for _, o := range list {
		out.Body = append(out.Body, infoOf(o))
	}
	return out, nil
}

// RequestIn names a request in a path; it is exported for huma, which fills nothing else in.
type RequestIn struct {
	Request string `path:"request" maxLength:"64" doc:"its id, as asking and the list give it"`
}

// id reads which request is meant.
func (in RequestIn) id() (avow.ID, error) {
	id, err := avow.ParseID(strings.TrimSpace(in.Request))
	if err != nil {
		return id, avow.Errorf(avow.NotFound, "there is no such request")
	}
	return id, nil
}

// one reads a request for somebody who may see it.
func (a *Rest) one(ctx context.Context, in RequestIn) (o cases.Overview, err error) {
	if _, err = a.insider(ctx); err != nil {
		return o, err
	}
	id, err := in.id()
	if err != nil {
		return o, err
	}
	return a.Requests.ByID(ctx, id)
}

// stepInfo is one thing to do.
type stepInfo struct {
	N       int       `json:"n"`
	Round   int       `json:"round"`
	Kind    string    `json:"kind"`
	About   string    `json:"about,omitempty" doc:"a system, a recipient"`
	State   string    `json:"state"`
	Who     string    `json:"who,omitempty"`
	What    string    `json:"what,omitempty"`
	Due     time.Time `json:"due,omitzero"`
	Done    time.Time `json:"done,omitzero"`
	By      string    `json:"by,omitempty"`
	Tries   int       `json:"tries,omitempty"`
	Next    time.Time `json:"next,omitzero"`
	Trouble string    `json:"trouble,omitempty"`
	Mend    bool      `json:"mend,omitempty" doc:"the trouble stays until people put something right; else it waits for a system that is away"`
	Outcome any       `json:"outcome,omitempty" doc:"names and counts: the plan, what was left"`
}

func stepOf(s cases.Step) stepInfo {
	info := stepInfo{N: s.N, Round: s.Round, Kind: s.Kind, About: s.About, State: s.State, Who: s.Who, What: s.What, Due: s.Due, Done: s.Done, By: s.By,
		Tries: s.Tries, Next: s.Next, Trouble: s.Trouble, Mend: s.Mend}
	if len(s.Outcome) > 0 {
		_ = json.Unmarshal(s.Outcome, &info.Outcome) // written by us; what is not readable is not shown
	}
	return info
}

type requestOut struct {
	Body struct {
		requestInfo
		Steps []stepInfo `json:"steps"`
	}
}

func (a *Rest) showRequest(ctx context.Context, in *RequestIn) (*requestOut, error) {
	o, err := a.one(ctx, *in)
	if err != nil {
		return nil, problemOf(err)
	}
	return a.shown(ctx, o)
}

func (a *Rest) shown(ctx context.Context, o cases.Overview) (*requestOut, error) {
	steps, err := a.Requests.Steps(ctx, o.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	out := &requestOut{}
	out.Body.requestInfo, out.Body.Steps = infoOf(o), []stepInfo{}
	for _, s := range steps {
		out.Body.Steps = append(out.Body.Steps, stepOf(s))
	}
	return out, nil
}

// clockInfo is what one law says of the time for an answer.
type clockInfo struct {
	Regime      string `json:"regime"`
	Title       string `json:"title"`
	Standing    string `json:"standing"`
	Acknowledge string `json:"acknowledge,omitempty" format:"date"`
	Answer      string `json:"answer,omitempty" format:"date" doc:"the last day"`
	Longest     string `json:"longest,omitempty" format:"date" doc:"with the time the law gives beyond"`
	NoticeBy    string `json:"noticeBy,omitempty" format:"date" doc:"the last day to tell the person of that"`
	Appeal      string `json:"appeal,omitempty" format:"date"`
	Explanation string `json:"explanation" doc:"segment by segment, with the sources"`
}

type clockOut struct{ Body []clockInfo }

func (a *Rest) requestClock(ctx context.Context, in *RequestIn) (*clockOut, error) {
	o, err := a.one(ctx, *in)
	var list []*law.Deadline
	if err == nil {
		list, err = a.Requests.Clock(ctx, o.ID)
	}
	if err != nil {
		return nil, problemOf(err)
	}
	out := &clockOut{Body: []clockInfo{}}
	for _, d := range list {
		out.Body = append(out.Body, clockInfo{string(d.Regime.Name), d.Regime.Title, string(d.Standing), dayOf(d.Acknowledge.On), dayOf(d.Respond.On), dayOf(d.Longest.On),
			dayOf(d.NoticeBy), dayOf(d.Appeal.On), d.Explain()})
	}
	return out, nil
}

func dayOf(d law.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// document is JSON made elsewhere.
type document struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (a *Rest) requestCertificate(ctx context.Context, in *RequestIn) (*document, error) {
	o, err := a.one(ctx, *in)
	var text string
	if err == nil {
		text, err = a.Requests.Raw(ctx, o.ID)
	}
	if err == nil && text == "" {
		err = avow.Errorf(avow.NotFound, "this request has no certificate: it has not ended, or nothing was done")
	}
	if err != nil {
		return nil, problemOf(err)
	}
	return &document{"application/json", []byte(text)}, nil
}

func (a *Rest) requestReceipt(ctx context.Context, in *RequestIn) (*document, error) {
	o, err := a.one(ctx, *in)
	if err != nil {
		return nil, problemOf(err)
	}
	receipt, err := a.Requests.Proof(ctx, o.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	b, err := json.MarshalIndent(receipt, "", "  ")
	return &document{"application/json", b}, err
}

// taskInfo is something to do, and for which request.
type taskInfo struct {
	Request requestInfo `json:"request"`
	Step    stepInfo    `json:"step"`
}

type tasksOut struct {
	Body struct {
		Open  []taskInfo `json:"open" doc:"what people have to do, those due first first"`
		Stuck []taskInfo `json:"stuck" doc:"what met trouble and is tried again: a system that is away, a grant that is missing"`
	}
}

func (a *Rest) requestTasks(ctx context.Context, _ *struct{}) (*tasksOut, error) {
	out := &tasksOut{}
	_, err := a.insider(ctx)
	if err == nil {
		out.Body.Open, err = tasks(a.Requests.ToDo(ctx, 1000))
	}
	if err == nil {
		out.Body.Stuck, err = tasks(a.Requests.Stuck(ctx, 1000))
	}
	if err != nil {
		return nil, problemOf(err)
	}
	return out, nil
}

func tasks(list []cases.ToDo, err error) ([]taskInfo, error) {
	out := []taskInfo{}
	for _, x := range list {
		out = append(out, taskInfo{infoOf(x.Request), stepOf(x.Step)})
	}
	return out, err
}
