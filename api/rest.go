package api

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
)

// maxCollectBody bounds a submission in JSON, in bytes.
const maxCollectBody = 128 << 10

// Rest is the interface around the decisions, described by OpenAPI 3.1 at /api/openapi.json.
type Rest struct {
	Keys    *Keys
	Consent *consent.Register
	Collect *collect.Desk
	// Requests takes what people ask; nil: the interface has none of that.
	Requests *cases.Desk
	// Allow bounds how often somebody without a token may ask: TooMany. nil: without bounds.
	Allow     func(sender string) error
	PublicURL string
	Version   string // of the program
	// Describe adds what else is reached here to the description; nil: nothing.
	Describe func(*huma.OpenAPI)
	Now      func() time.Time
	// Remote names whom a request is from, for limits; it is not kept.
	Remote func(*http.Request) string
	// Log hears what is ours to repair; nil: nobody does.
	Log *slog.Logger

	mux *http.ServeMux
}

type requestKey struct{}

// Routes adds the interface to a mux, under /api/.
func (a *Rest) Routes(mux *http.ServeMux) {
	a.mux = http.NewServeMux()
	c := huma.DefaultConfig("avow", a.Version)
	c.Info.Description = "Policies, collection points and objections of one avow server. Decisions are asked at /access/v1/evaluation, as OpenID AuthZEN has it."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/api/openapi", "", ""
	c.CreateHooks = nil // no links to schemas in the answers
	c.Transformers = append(c.Transformers, a.heed)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "A token made by `avow token`."}}
	h := humago.New(a.mux, c)
	huma.Register(h, operation("list-policies", http.MethodGet, "/api/v1/policies", "The policies in force"), a.policies)
	huma.Register(h, operation("list-points", http.MethodGet, "/api/v1/policies/{policy}/points", "The collection points of a policy, for a site that draws its own forms"), a.points)
	collecting := operation("collect", http.MethodPost, "/api/v1/collect/{point}", "Give data at a collection point")
	collecting.DefaultStatus, collecting.MaxBodyBytes = http.StatusCreated, maxCollectBody
	huma.Register(h, collecting, a.collect)
	stopping := operation("object", http.MethodPost, objections, "Record that somebody said stop, however it reached the organisation")
	stopping.Security, stopping.MaxBodyBytes = []map[string][]string{{"token": {}}}, maxSaid
	huma.Register(h, stopping, a.object)
	withdrawing := operation("withdraw", http.MethodPost, withdrawals, "Record that somebody took a consent back, however it reached the organisation")
	withdrawing.Security, withdrawing.MaxBodyBytes = stopping.Security, stopping.MaxBodyBytes
	huma.Register(h, withdrawing, a.withdraw)
	if a.Requests != nil {
		a.requestRoutes(h)
	}
	describeDecisions(h.OpenAPI())
	describeProblems(h.OpenAPI())
	if a.Describe != nil {
		a.Describe(h.OpenAPI())
	}
	a.mux.HandleFunc("/", nowhere(a.mux))
	whole := a.withRequest(a.mux)
	mux.Handle("/api/", whole)
	mux.Handle("POST "+objections, a.shortcut(objections, a.object, whole))
	mux.Handle("POST "+withdrawals, a.shortcut(withdrawals, a.withdraw, whole))
}

// heed looks at each answer for what is ours to repair, and has what does not fit the description said as all else that is wrong.
func (a *Rest) heed(ctx huma.Context, _ string, answer any) (any, error) {
	switch p := answer.(type) {
	case *huma.ErrorModel:
		return misfit(p), nil
	case problem:
		logFailure(ctx.Context(), a.Log, ctx.Operation().Method+" "+ctx.Operation().Path, p)
	}
	return answer, nil
}

func operation(id, method, path, summary string) huma.Operation {
	op := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Errors: []int{400, 401, 404, 422, 429, 503}}
	if method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return op
}

// withRequest keeps the request at hand for what huma does not pass on: who asks.
func (a *Rest) withRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

func requestOf(ctx context.Context) *http.Request { return ctx.Value(requestKey{}).(*http.Request) }

// CollectJSON takes a submission posted as JSON to /collect/{point}. A page of any
// site may post one: nothing of a browser's is believed here but what it sends.
func (a *Rest) CollectJSON(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	to, at := *r, *r.URL
	at.Path, at.RawPath = "/api/v1"+r.URL.Path, ""
	to.URL = &at
	a.withRequest(a.mux).ServeHTTP(w, &to)
}

// Preflight answers a browser that asks whether a page may post JSON here.
func Preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// problem as huma hands it out.
func (p problem) Error() string             { return p.Detail }
func (p problem) GetStatus() int            { return p.Status }
func (p problem) ContentType(string) string { return problemType }

type policyInfo struct {
	Name      string `json:"name"`
	Title     string `json:"title"`
	Version   int    `json:"version"`
	Effective string `json:"effective" format:"date"`
	Hash      string `json:"hash" doc:"SHA-256 of the policy file, in hex"`
	Notice    string `json:"notice" format:"uri" doc:"the page people read; with .json the machine twin"`
}

type policiesOut struct{ Body []policyInfo }

func (a *Rest) policies(context.Context, *struct{}) (*policiesOut, error) {
	out := &policiesOut{Body: []policyInfo{}}
	for _, p := range a.Consent.Policies(a.Now()) {
		out.Body = append(out.Body, policyInfo{p.Name, plain(p, p.Document.Title), p.Number, p.Effective.Format(time.DateOnly), hex.EncodeToString(p.Hash[:]), a.PublicURL + "/policy/" + p.Name})
	}
	return out, nil
}

type pointInfo struct {
	Point     string        `json:"point"`
	Title     string        `json:"title"`
	Needs     []string      `json:"needs" doc:"fields that must be given"`
	MayHave   []string      `json:"mayHave" doc:"fields that may be given"`
	Consents  []consentInfo `json:"consents" doc:"a box each, never ticked beforehand"`
	Confirm   []string      `json:"confirm" doc:"statements the giver must confirm"`
	FromAge   int           `json:"fromAge,omitempty"`
	FormToken string        `json:"formToken" doc:"send it back with the form: it proves which words were shown; valid for a day"`
}

type consentInfo struct {
	Purpose string `json:"purpose"`
	Asks    string `json:"asks" doc:"the words beside the box"`
}

type pointsIn struct {
	Policy string `path:"policy" maxLength:"64"`
}

type pointsOut struct{ Body []pointInfo }

func (a *Rest) points(_ context.Context, in *pointsIn) (*pointsOut, error) {
	p, err := a.Consent.Current(in.Policy, a.Now())
	if err != nil {
		return nil, problemOf(err)
	}
	out := &pointsOut{Body: []pointInfo{}}
	for i := range p.Points {
		if !p.Points[i].Automatic {
			out.Body = append(out.Body, a.pointInfo(p, &p.Points[i]))
		}
	}
	return out, nil
}

func (a *Rest) pointInfo(p *policy.Policy, pt *policy.CompiledPoint) pointInfo {
	info := pointInfo{Point: pt.Name, Title: pt.Title, Needs: paths(p, pt.Needs), MayHave: paths(p, pt.May), Consents: []consentInfo{},
		Confirm: append([]string{}, pt.Confirm...), FromAge: pt.FromAge, FormToken: a.Collect.FormToken(p, pt.Name)}
	for _, i := range pt.Consent {
		c := consentInfo{p.Purposes[i].Name, p.Purposes[i].Title}
		if rule, ok := p.Document.Consents.Get(c.Purpose); ok && plain(p, rule.Asks) != "" {
			c.Asks = plain(p, rule.Asks)
		}
		info.Consents = append(info.Consents, c)
	}
	return info
}

func paths(p *policy.Policy, set policy.FieldSet) []string {
	list := []string{}
	set.Each(func(i int) { list = append(list, p.Fields[i].Path()) })
	return list
}

func plain(p *policy.Policy, t policy.Text) string {
	if in, ok := t.In.Get(p.Document.Languages.Prevails); ok && t.Plain == "" {
		return *in
	}
	return t.Plain
}

type collectIn struct {
	Point string `path:"point" maxLength:"64"`
	GPC   string `header:"Sec-GPC"`
	DNT   string `header:"DNT"`
	Body  struct {
		Policy    string            `json:"policy,omitempty" maxLength:"64" doc:"may be left out where there is one policy"`
		Fields    map[string]string `json:"fields" doc:"declared fields: {\"contact.email\": …}; an undeclared one is refused by name"`
		Consents  []string          `json:"consents,omitempty" maxItems:"64" doc:"the purposes whose box the person ticked"`
		Confirmed []string          `json:"confirmed,omitempty" maxItems:"64" doc:"the statements the giver confirmed"`
		Age       int               `json:"age,omitempty" minimum:"0" maximum:"150" doc:"years, where the point asks; it is checked and not kept"`
		Kind      string            `json:"kind,omitempty" enum:"individual,business"`
		LivesIn   string            `json:"livesIn,omitempty" maxLength:"6" doc:"a country such as NL, or a part of one such as US-CA"`
		Language  string            `json:"language,omitempty" maxLength:"35"`
		FormToken string            `json:"formToken,omitempty" maxLength:"512"`
	}
}

type collectOut struct{ Body collect.Result }

func (a *Rest) collect(ctx context.Context, in *collectIn) (*collectOut, error) {
	kind, err := avow.ParseSubjectKind(in.Body.Kind)
	if err != nil {
		return nil, problemOf(err)
	}
	s := collect.Submission{Policy: in.Body.Policy, Point: in.Point, Fields: in.Body.Fields, Consents: in.Body.Consents, Confirmed: in.Body.Confirmed,
		Age: in.Body.Age, FormToken: in.Body.FormToken, Kind: kind, Region: avow.Region(in.Body.LivesIn), Language: in.Body.Language, RemoteKey: a.Remote(requestOf(ctx))}
	if in.GPC == "1" {
		s.Signals |= avow.GPC
	}
	if len(in.DNT) > 0 && in.DNT[0] == '1' {
		s.Signals |= avow.DNT
	}
	if list := a.Consent.Policies(a.Now()); s.Policy == "" && len(list) == 1 {
		s.Policy = list[0].Name
	}
	result, err := a.Collect.Accept(ctx, s)
	if err != nil {
		return nil, problemOf(err)
	}
	return &collectOut{result}, nil
}
