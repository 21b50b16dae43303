package systems

import (
	"context"
	"io"
	"path"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/rights/pack"
)

// Pack is what cases.Config.Pack wants: everything the systems hold of the person, what avow
// itself does, and what staff attached, as one ZIP file. temp is the folder for what is put together meanwhile, sealed.
// It is Unavailable while a system is away. For portability (gdpr:20) it holds of the systems what the person
// gave or what was observed of them, used on consent or for a contract.
func (e *Engine) Pack(desk *rights.Desk, temp string) func(ctx context.Context, r cases.Request, attached []cases.Attachment, w io.Writer) (cases.Packed, error) {
	return func(ctx context.Context, r cases.Request, attached []cases.Attachment, w io.Writer) (cases.Packed, error) {
		s, f, err := e.Find(ctx, r)
		if err != nil {
			return cases.Packed{}, err
		}
		out, err := pack.New(e.options(ctx, desk, r, f, attached, temp))
		if err != nil {
			return cases.Packed{}, err
		}
		defer out.Close()
		err = s.Export(ctx, f, 0, e.wanted(r, out.Add))
		if err != nil {
			return cases.Packed{}, waits("the systems", err)
		}
		if err := out.WriteZIP(w); err != nil {
			return cases.Packed{}, err
		}
		return cases.Packed{Rows: out.Len(), Files: len(attached)}, nil
	}
}

func (e *Engine) options(ctx context.Context, desk *rights.Desk, r cases.Request, f *find.Found, attached []cases.Attachment, temp string) pack.Options {
	o := pack.Options{Policy: e.Map.Policy, Made: r.Now, Temp: temp, Portable: r.Right == law.Move, Missing: e.missing(r, f, attached)}
	for _, id := range r.Identities {
		o.Identities = append(o.Identities, id.Kind+": "+id.Value)
	}
	o.Also = append(o.Also, func(a *pack.Archive) error { return attach(a, attached) })
	own := desk.PutFor
	if o.Portable {
		own = desk.PutPortableFor
	}
	if !r.Subject.IsZero() {
		o.Also = append(o.Also, func(a *pack.Archive) error { return own(ctx, r.Subject, "avow", a) })
	}
	return o
}

// attach adds what staff handed in.
func attach(a *pack.Archive, attached []cases.Attachment) error {
	for _, x := range attached {
		name := path.Join("attached", path.Base(x.System)) + "/" + x.Name
		if err := a.Add(name, "added by hand, from "+x.System, func(w io.Writer) error { _, err := w.Write(x.Data); return err }); err != nil {
			return err
		}
	}
	return nil
}

// missing says what is not in the package, in words.
func (e *Engine) missing(r cases.Request, f *find.Found, attached []cases.Attachment) (out []string) {
	for _, s := range e.Map.Systems {
		if says := byPeople(r, s, attached); says != "" {
			out = append(out, s.Name.Text+": "+says)
		}
	}
	for _, s := range f.Systems {
		for _, t := range s.Tables {
			switch {
			case slices.Contains(r.Without, s.System.Name.Text):
			case t.Err != nil:
				out = append(out, t.Table.Path()+": "+avow.MessageOf(t.Err))
			case t.Hidden != "":
				out = append(out, t.Table.Path()+": "+t.Hidden)
			}
			if t.Err == nil && t.Len() > 0 && t.Unshown() != "" && !slices.Contains(r.Without, s.System.Name.Text) {
				out = append(out, t.Table.Path()+": "+t.Unshown())
			}
		}
	}
	return out
}

// byPeople says what people came to in a system that no program has read; empty where one has, or they added something.
func byPeople(r cases.Request, s *datamap.System, attached []cases.Attachment) string {
	name := s.Name.Text
	away := slices.Contains(r.Without, name)
	if !away && s.Kind != string(datamap.Manual) {
		return ""
	}
	if i := slices.IndexFunc(r.Undone, func(u cases.Undone) bool { return u.System == name }); i >= 0 {
		return "it could not be looked through: " + r.Undone[i].Why
	}
	switch {
	case slices.ContainsFunc(attached, func(a cases.Attachment) bool { return a.System == name }):
		return ""
	case away:
		return "it could not be reached; it was looked through by hand, and nothing was added"
	}
	return "looked through by hand, and nothing was added"
}

// wanted leaves out what portability is not about: other columns, and rows that only mention the person.
func (e *Engine) wanted(r cases.Request, add func(find.Record) error) func(find.Record) error {
	if r.Right != law.Move {
		return add
	}
	return plan.PortableRecords(e.Map, add)
}
