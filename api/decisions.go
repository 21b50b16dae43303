package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// decisionRoutes adds what staff do with a request. Each answers with the request as it is then.
func (a *Rest) decisionRoutes(h huma.API) {
	post := func(id, path, summary string, most int64) huma.Operation {
		op := operation(id, http.MethodPost, "/api/v1/requests/{request}"+path, summary)
		op.Security, op.MaxBodyBytes = []map[string][]string{{"token": {}}}, most
		op.Errors = append(op.Errors, http.StatusConflict)
		return op
	}
	const small = 16 << 10
	huma.Register(h, post("approve", "/approve", "Let its plan be carried out: by a second person, in the role that the policy names", small), a.approve)
	huma.Register(h, post("reject", "/reject", "Send its plan back: another is made", small), a.reject)
	huma.Register(h, post("refuse", "/refuse", "End it without doing it; the person is told why and where to complain", small), a.refuse)
	huma.Register(h, post("extend", "/extend", "Take the time the law gives beyond the first; the person is told why", small), a.extend)
	huma.Register(h, post("pause", "/pause", "Ask the person for something, and do nothing until they answer", small), a.pause)
	huma.Register(h, post("resume", "/resume", "Go on: the person has answered", small), a.resume)
	huma.Register(h, post("vouch", "/vouch", "State what shows who the person is, where no link can", small), a.vouch)
	huma.Register(h, post("cancel-request", "/cancel", "End it because the person told you that they want it no more", small), a.cancel)
	huma.Register(h, post("decide-appeal", "/appeal", "Decide an appeal: not by whoever refused it", small), a.decideAppeal)
	huma.Register(h, post("weigh", "/weigh", "Weigh an objection (gdpr:21(1)): it stands, or it is outweighed, and the person is told why before the use goes on", small), a.weigh)
	huma.Register(h, post("without", "/without", "Do it without a system that stays away; what is in that becomes a task", small), a.without)
	huma.Register(h, post("look", "/look", "See what the person wrote and gave. The look is recorded", small), a.look)
	huma.Register(h, post("task-done", "/tasks/{task}/done", "Say that a task is done; with what goes into the package", 1<<20), a.taskDone)
	huma.Register(h, post("task-refused", "/tasks/{task}/refused", "Say that a task cannot be done, and why", small), a.taskRefused)
	huma.Register(h, post("retry", "/tasks/{task}/retry", "Have a step tried now that waits for a system", small), a.retry)
}

// act has a member of staff do something with a request, and shows what became of it.
func (a *Rest) act(ctx context.Context, in RequestIn, do func(o cases.Overview, c Caller) error) (*requestOut, error) {
	caller, err := a.staff(ctx)
	if err != nil {
		return nil, problemOf(err)
	}
	o, err := a.one(ctx, in)
	if err == nil {
		err = do(o, caller)
	}
	if err == nil {
		o, err = a.Requests.ByID(ctx, o.ID)
	}
	if err != nil {
		return nil, problemOf(err)
	}
	return a.shown(ctx, o)
}

// approve is for the role that the policy names; for any staff role where it names none.
func (a *Rest) approve(ctx context.Context, in *RequestIn) (*requestOut, error) {
	return a.act(ctx, *in, func(o cases.Overview, c Caller) error {
		p, err := a.Consent.Version(o.Policy, 0)
		if err != nil {
			return err
		}
		if r, ok := p.Document.Rights.Each.Get(string(cases.RuledAs(o.Right))); ok && r.ApprovedBy.Name != "" && !slices.Contains(c.Roles, r.ApprovedBy.Name) {
			return avow.Errorf(avow.Forbidden, "the policy has this approved by the role %s, which this token does not hold", r.ApprovedBy.Name)
		}
		return a.Requests.Approve(ctx, o.ID, actor(c))
	})
}

// becauseIn is a decision with its reason.
type becauseIn struct {
	RequestIn
	Body struct {
		Because string `json:"because" minLength:"1" maxLength:"2000" doc:"why, in words for the person where they are told"`
	}
}

func (a *Rest) reject(ctx context.Context, in *becauseIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error { return a.Requests.Reject(ctx, o.ID, actor(c), in.Body.Because) })
}

func (a *Rest) refuse(ctx context.Context, in *becauseIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error { return a.Requests.Refuse(ctx, o.ID, actor(c), in.Body.Because) })
}

type extendIn struct {
	RequestIn
	Body struct {
		Because string `json:"because" minLength:"1" maxLength:"2000" doc:"why; the person reads it"`
		Until   string `json:"until,omitempty" format:"date" doc:"where the law lets the notice fix the day"`
	}
}

func (a *Rest) extend(ctx context.Context, in *extendIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		var until law.Date
		if in.Body.Until != "" {
			var err error
			if until, err = law.ParseDate(in.Body.Until); err != nil {
				return avow.FieldErrorf("until", "is a day, as 2026-03-31")
			}
		}
		return a.Requests.Extend(ctx, o.ID, actor(c), in.Body.Because, until)
	})
}

type pauseIn struct {
	RequestIn
	Body struct {
		Cause string `json:"cause" enum:"identity,clarification,fee"`
		Words string `json:"words" minLength:"1" maxLength:"2000" doc:"what the person is asked; they read it"`
	}
}

func (a *Rest) pause(ctx context.Context, in *pauseIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		return a.Requests.Pause(ctx, o.ID, actor(c), law.Cause(in.Body.Cause), in.Body.Words)
	})
}

func (a *Rest) resume(ctx context.Context, in *RequestIn) (*requestOut, error) {
	return a.act(ctx, *in, func(o cases.Overview, c Caller) error { return a.Requests.Resume(ctx, o.ID, actor(c)) })
}

// evidenceIn is a reference to what shows something.
type evidenceIn struct {
	RequestIn
	Body struct {
		Evidence string `json:"evidence" minLength:"1" maxLength:"2000" doc:"a reference, not the document"`
	}
}

func (a *Rest) vouch(ctx context.Context, in *evidenceIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error { return a.Requests.Vouch(ctx, o.ID, actor(c), in.Body.Evidence) })
}

func (a *Rest) cancel(ctx context.Context, in *RequestIn) (*requestOut, error) {
	return a.act(ctx, *in, func(o cases.Overview, c Caller) error { return a.Requests.Cancel(ctx, o.ID, actor(c)) })
}

type appealIn struct {
	RequestIn
	Body struct {
		Granted bool   `json:"granted" doc:"it is done after all; else the refusal stands"`
		Because string `json:"because" minLength:"1" maxLength:"2000" doc:"why; the person reads it"`
	}
}

func (a *Rest) decideAppeal(ctx context.Context, in *appealIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		return a.Requests.DecideAppeal(ctx, o.ID, actor(c), in.Body.Because, in.Body.Granted)
	})
}

type weighIn struct {
	RequestIn
	Body struct {
		Outweighed bool   `json:"outweighed" doc:"compelling legitimate grounds override the objection; else it stands"`
		Because    string `json:"because" minLength:"1" maxLength:"2000" doc:"why; the person reads it when it is outweighed"`
	}
}

func (a *Rest) weigh(ctx context.Context, in *weighIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		return a.Requests.Weigh(ctx, o.ID, actor(c), in.Body.Because, in.Body.Outweighed)
	})
}

type withoutIn struct {
	RequestIn
	Body struct {
		System  string `json:"system" minLength:"1" maxLength:"100"`
		Because string `json:"because" minLength:"1" maxLength:"2000"`
	}
}

func (a *Rest) without(ctx context.Context, in *withoutIn) (*requestOut, error) {
	if err := visible("system", in.Body.System); err != nil {
		return nil, problemOf(err)
	}
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		return a.Requests.Without(ctx, o.ID, in.Body.System, actor(c), in.Body.Because)
	})
}

type wroteOut struct {
	Body struct {
		Identities  []askIdentity   `json:"identities"`
		Shown       []askIdentity   `json:"shown" doc:"those shown to be theirs"`
		Corrections []askCorrection `json:"corrections,omitempty"`
		Of          []string        `json:"of,omitempty"`
		Text        string          `json:"text,omitempty"`
		Evidence    string          `json:"evidence,omitempty"`
		Agent       string          `json:"agent,omitempty"`
		Appeal      string          `json:"appeal,omitempty"`
	}
}

// look is a POST: it writes an event.
func (a *Rest) look(ctx context.Context, in *RequestIn) (*wroteOut, error) {
	caller, err := a.staff(ctx)
	if err != nil {
		return nil, problemOf(err)
	}
	id, err := in.id()
	var w cases.Wrote
	if err == nil {
		w, err = a.Requests.Look(ctx, id, actor(caller))
	}
	if err != nil {
		return nil, problemOf(err)
	}
	out := &wroteOut{}
	b := &out.Body
	b.Identities, b.Shown, b.Of, b.Text, b.Evidence, b.Agent, b.Appeal = identities(w.Identities), identities(w.Shown), w.Of, w.Text, w.Evidence, w.Agent, w.Appeal
	for _, c := range w.Corrections {
		b.Corrections = append(b.Corrections, askCorrection{c.Data, c.To, c.From})
	}
	return out, nil
}

func identities(list []cases.Identity) []askIdentity {
	out := []askIdentity{}
	for _, id := range list {
		out = append(out, askIdentity{id.Kind, id.Value})
	}
	return out
}

// TaskIn names a step of a request in a path.
type TaskIn struct {
	RequestIn
	Task int `path:"task" minimum:"1" doc:"the number of the step"`
}

type taskDoneIn struct {
	TaskIn
	Body struct {
		Evidence string     `json:"evidence" minLength:"1" maxLength:"2000" doc:"what shows that it was done, as a reference"`
		Attached []attached `json:"attached,omitempty" maxItems:"100" doc:"files for the package of the person, together less than a MiB"`
	}
}

type attached struct {
	Name string    `json:"name" minLength:"1" maxLength:"200"`
	Data fileBytes `json:"data" doc:"the bytes of the file in base64; a file may be empty"`
}

// fileBytes are those of a file. The framework's own check of base64 refuses the empty text, which is that of an empty file.
type fileBytes []byte

// Schema describes them.
func (fileBytes) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`, PatternDescription: "base64", Extensions: map[string]any{"contentEncoding": "base64"}}
}

func (a *Rest) taskDone(ctx context.Context, in *taskDoneIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		var files []cases.Attachment
		for _, f := range in.Body.Attached {
			files = append(files, cases.Attachment{Name: f.Name, Data: f.Data})
		}
		return a.Requests.TaskDone(ctx, o.ID, in.Task, actor(c), in.Body.Evidence, files...)
	})
}

type taskRefusedIn struct {
	TaskIn
	Body struct {
		Because string `json:"because" minLength:"1" maxLength:"2000"`
	}
}

func (a *Rest) taskRefused(ctx context.Context, in *taskRefusedIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, c Caller) error {
		return a.Requests.TaskRefused(ctx, o.ID, in.Task, actor(c), in.Body.Because)
	})
}

func (a *Rest) retry(ctx context.Context, in *TaskIn) (*requestOut, error) {
	return a.act(ctx, in.RequestIn, func(o cases.Overview, _ Caller) error { return a.Requests.Retry(ctx, o.ID, in.Task) })
}
