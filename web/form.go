package web

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/policy"
)

// form is one collection point as a person meets it.
type form struct {
	Policy, Point string
	Title         string
	Action        string
	Token         string
	Fields        []input
	Consents      []tick
	Confirm       []tick // statements the giver makes about other people's data
	FromAge       int
	Age           *input // asked for where FromAge is set
	Layer         layer
	Wrong         bool   // it came back because something is wrong
	Problem       string // what, where no input of the form shows it
}

// input is one declared field.
type input struct {
	Name, ID     string // `contact.email` and the id in the page
	Label        string
	Type         string // text, email, tel; textarea for long texts
	Autocomplete string // html#autofill
	Required     bool
	Value        string
	Error        string
}

// Long reports whether the answer may have several lines.
func (i input) Long() bool { return i.Type == "textarea" }

// tick is one box, never ticked beforehand (gdpr:7(2), recital 32).
type tick struct {
	Name, ID string
	Label    string
	Hint     string
	Ticked   bool
	Error    string
}

// layer is the short notice beside a form: the first layer, with links into the
// whole (gdpr:13).
type layer struct {
	Who     string
	Uses    []layerUse
	Kept    []string
	Notice  string // where the whole notice is
	Title   string // of the policy
	Version int
}

type layerUse struct{ Title, Because, Basis string }

// sent is what a person typed, when a form comes back with an error.
type sent struct {
	values  map[string]string
	ticked  map[string]bool
	field   string // the field the error is about; empty when it is about the whole
	problem string
}

func (s *sent) value(name string) string {
	if s == nil {
		return ""
	}
	return s.values[name]
}

func (s *sent) errorOf(name string) string {
	if s == nil || s.field != name {
		return ""
	}
	if says, ok := strings.CutPrefix(s.problem, "is "); ok {
		return "This is " + says + "."
	}
	return upperFirst(s.problem) + "."
}

// buildForm makes the form of a point from the policy alone, so that no form can
// ask for what the policy does not declare.
func buildForm(p *policy.Policy, pt *policy.CompiledPoint, token string, back *sent) form {
	f := form{Policy: p.Name, Point: pt.Name, Title: pt.Title, Action: "/collect/" + pt.Name, Token: token, FromAge: pt.FromAge, Layer: buildLayer(p, pt)}
	if f.Title == "" {
		f.Title = sentence(pt.Name)
	}
	pt.Needs.Each(func(i int) { f.Fields = append(f.Fields, buildInput(p.Fields[i], true, back)) })
	pt.May.Minus(pt.Needs).Each(func(i int) { f.Fields = append(f.Fields, buildInput(p.Fields[i], false, back)) })
	for _, i := range pt.Consent {
		f.Consents = append(f.Consents, buildConsent(p, i, back))
	}
	if pt.FromAge > 0 {
		f.Age = &input{Value: back.value(collect.InputAge), Error: back.errorOf(collect.InputAge)}
	}
	for n, words := range pt.Confirm {
		name := fmt.Sprintf("confirm.%d", n)
		f.Confirm = append(f.Confirm, tick{Name: name, ID: htmlID(name), Label: "I confirm: " + words + ".", Error: back.errorOf(name), Ticked: back != nil && back.ticked[name]})
	}
	f.Wrong, f.Problem = back != nil, f.unplaced(back)
	return f
}

// unplaced is an error that no input of the form shows: about the whole, or about
// something that was sent and is not asked for.
func (f *form) unplaced(back *sent) string {
	if back == nil {
		return ""
	}
	placed := f.Age != nil && f.Age.Error != ""
	for _, in := range f.Fields {
		placed = placed || in.Error != ""
	}
	for _, t := range slices.Concat(f.Consents, f.Confirm) {
		placed = placed || t.Error != ""
	}
	switch {
	case placed:
		return ""
	case back.field != "":
		return back.field + ": " + back.problem
	}
	return back.problem
}

func buildConsent(p *policy.Policy, purpose int, back *sent) tick {
	u := p.Purposes[purpose]
	name := "consent." + u.Name
	t := tick{Name: name, ID: htmlID(name), Label: "Yes: " + lowerFirst(u.Title) + ".", Ticked: back != nil && back.ticked[name], Error: back.errorOf(name)}
	if c, ok := p.Document.Consents.Get(u.Name); ok {
		t.Label = firstOf(plain(p, c.Asks), t.Label)
	}
	t.Hint = "You can take this back at any time, as easily as you give it."
	return t
}

func buildInput(f policy.Field, required bool, back *sent) input {
	in := input{Name: f.Path(), ID: htmlID(f.Path()), Label: fieldLabel(f.Name), Type: "text", Required: required, Value: back.value(f.Path()), Error: back.errorOf(f.Path())}
	if k, ok := fieldKinds[f.Name]; ok && !f.Others {
		in.Type, in.Autocomplete = k.kind, k.autocomplete
	} else if ok {
		in.Type = k.kind
	}
	return in
}

type fieldKind struct{ label, kind, autocomplete string }

// fieldKinds are the fields browsers and people know well (html#autofill).
var fieldKinds = map[string]fieldKind{
	"name":      {"Name", "text", "name"},
	"email":     {"E-mail address", "email", "email"},
	"phone":     {"Phone number", "tel", "tel"},
	"address":   {"Postal address", "textarea", "street-address"},
	"country":   {"Country", "text", "country-name"},
	"employer":  {"Employer", "text", "organization"},
	"company":   {"Company", "text", "organization"},
	"job-role":  {"Job role", "text", "organization-title"},
	"title":     {"Job title", "text", "organization-title"},
	"messages":  {"Message", "textarea", ""},
	"message":   {"Message", "textarea", ""},
	"post":      {"Post", "textarea", ""},
	"question":  {"Question", "textarea", ""},
	"answer":    {"Answer", "text", ""},
	"birthday":  {"Date of birth", "text", "bday"},
	"interests": {"Interests", "text", ""},
}

func fieldLabel(name string) string {
	if k, ok := fieldKinds[name]; ok {
		return k.label
	}
	return sentence(name)
}

func buildLayer(p *policy.Policy, pt *policy.CompiledPoint) layer {
	l := layer{Who: plain(p, p.Document.Organisation.Name), Notice: "/policy/" + p.Name, Title: plain(p, p.Document.Title), Version: p.Number}
	kind := pt.As
	pt.For.Each(func(i int) {
		for _, r := range p.Purposes[i].Reasons {
			use := layerUse{Title: p.Purposes[i].Title, Because: p.Clauses[r.Clause].Says}
			var bases []string
			for _, g := range r.Grounds[0][kind] {
				bases = append(bases, strings.ReplaceAll(g.Basis.String(), "-", " "))
			}
			use.Basis = strings.Join(bases, " or ")
			l.Uses = append(l.Uses, use)
		}
	})
	return l
}

// plain is a text in the language that prevails.
func plain(p *policy.Policy, t policy.Text) string {
	if t.Plain != "" || len(t.In) == 0 {
		return t.Plain
	}
	if in, ok := t.In.Get(p.Document.Languages.Prevails); ok {
		return *in
	}
	return t.In[0].Is
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func htmlID(name string) string { return strings.NewReplacer(".", "-", " ", "-").Replace(name) }

// sentence makes words of a key: `job-role` is "Job role".
func sentence(key string) string {
	return upperFirst(strings.ReplaceAll(key, "-", " "))
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// lowerFirst makes a title part of a sentence; capitals that follow each other stay (PDF).
func lowerFirst(s string) string {
	if s == "" || (len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z') {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// fieldOf is the label of a field written as `contact.name`.
func fieldOf(path string) string {
	_, name, ok := strings.Cut(path, ".")
	if !ok {
		name = path
	}
	return fieldLabel(name)
}

// words are the functions templates may use.
var words = template.FuncMap{"lower": lowerFirst, "field": fieldOf, "day": day}
