package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/rights/cases"
)

// tasksCommand lists what people have to do.
type tasksCommand struct {
	atCounter `embed:""`
	JSON      bool `name:"json" help:"Write a JSON array."`
}

// Run lists.
func (c *tasksCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		list, err := b.desk.ToDo(ctx, 1000)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		for _, x := range list {
			late := ""
			if !x.Step.Due.IsZero() && time.Now().After(x.Step.Due) {
				late = "  OVERDUE"
			}
			if _, err := fmt.Fprintf(t.out, "%s %d  %s, by %s%s: %s\n", x.Request.Number, x.Step.N, x.Step.Who, x.Step.Due.Format(time.DateOnly), late, x.Step.What); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeToDo says what somebody has to do, and how it is ended.
func writeToDo(w io.Writer, number string, s cases.Step) {
	until := ""
	if !s.Due.IsZero() {
		until = ", until " + s.Due.Format(time.DateOnly)
	}
	fmt.Fprintf(w, "To do by hand (%d), by %s%s: %s\n", s.N, s.Who, until, s.What)
	if s.Kind == "task" {
		fmt.Fprintf(w, "  then: avow rights done %s %d --by NAME --evidence TEXT --file FILE\n", number, s.N)
	}
}

// withTasks adds to what was planned what is left to people in systems that no program reaches.
func (c *counter) withTasks(ctx context.Context, id avow.ID, entries []plan.Entry) ([]plan.Entry, error) {
	steps, err := c.desk.Steps(ctx, id)
	for _, s := range steps {
		sys := c.systems.System(s.About)
		if s.Kind == "task" && s.Done.IsZero() && sys != nil && sys.Kind == string(datamap.Manual) {
			entries = append(entries, plan.Entry{System: s.About, Columns: []string{}, Action: plan.Task, Reason: s.What})
		}
	}
	return entries, err
}

// tasks are what people would do in systems that no program reaches.
func (m *mapped) tasks() (out []plan.Entry) {
	for _, s := range m.graph.Map.Systems {
		if s.Kind == string(datamap.Manual) {
			out = append(out, plan.Entry{System: s.Name.Text, Columns: []string{}, Action: plan.Task, Reason: notice.Text(m.policy, s.Task.Do, "")})
		}
	}
	return out
}

// lookCommand shows whom a request is about.
type lookCommand struct {
	atCounter `embed:""`
	Number    string `arg:"" help:"The number of the request."`
	By        string `help:"Who looks. The name you are logged in by, when not set." placeholder:"NAME"`
	JSON      bool   `name:"json" help:"Write JSON."`
}

// Run shows it.
func (c *lookCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		o, err := b.numbered(ctx, c.Number)
		if err != nil {
			return err
		}
		w, err := b.desk.Look(ctx, o.ID, actor{By: c.By}.name())
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, w)
		}
		return writeWrote(t.out, w)
	})
}

func writeWrote(to io.Writer, w cases.Wrote) error {
	for _, id := range w.Identities {
		fmt.Fprintf(to, "%s: %s\n", id.Kind, id.Value)
	}
	for _, x := range w.Corrections {
		fmt.Fprintf(to, "correct %s: %s\n", x.Data, x.To)
	}
	for _, part := range []struct{ lead, text string }{{"of", strings.Join(w.Of, ", ")}, {"wrote", w.Text}, {"evidence", w.Evidence}, {"agent", w.Agent}, {"appeal", w.Appeal}} {
		if part.text != "" {
			fmt.Fprintf(to, "%s: %s\n", part.lead, part.text)
		}
	}
	return nil
}

// doneCommand ends a task.
type doneCommand struct {
	atCounter `embed:""`
	Number    string   `arg:"" help:"The number of the request."`
	Task      int      `arg:"" help:"The number of the task, as avow rights tasks prints it."`
	By        string   `required:"" help:"Who did it." placeholder:"NAME"`
	Evidence  string   `required:"" help:"What shows that it was done." placeholder:"TEXT"`
	File      []string `help:"A file that shows it, or, of an access, that belongs into the package. Its SHA-256 stands in the certificate." placeholder:"FILE" sep:"none"`
	Refused   bool     `help:"It cannot be done, and the evidence says why: the person is told that, and the certificate says it. Name nobody in it."`
	Out       string   `help:"The folder for what the request came to, when this was the last thing to do." placeholder:"DIR"`
}

// Run ends the task.
func (c *doneCommand) Run(ctx context.Context, t *terminal) error {
	files, err := attachments(c.File)
	if err != nil {
		return err
	}
	return c.with(ctx, t, func(b *counter) error {
		o, err := b.numbered(ctx, c.Number)
		if err != nil {
			return err
		}
		end := b.desk.TaskDone
		if c.Refused {
			end = b.desk.TaskRefused
		}
		err = end(ctx, o.ID, c.Task, c.By, c.Evidence, files...)
		if avow.KindOf(err) == avow.NotFound {
			return avow.Errorf(avow.NotFound, "request %s has no task %d to do; avow rights tasks lists them", o.Number, c.Task)
		}
		if err != nil {
			return err
		}
		if err := b.goOn(ctx, t, o.ID); err != nil || c.Out == "" {
			return err
		}
		if o, err = b.desk.ByID(ctx, o.ID); err != nil || o.State != cases.Closed {
			return err
		}
		return b.answer(ctx, t, o.ID, c.By, c.Out)
	})
}

// mostHandedIn bounds one file that is handed in; together they have a bound of their own.
const mostHandedIn = 32 << 20

// attachments reads the files that show something.
func attachments(names []string) (out []cases.Attachment, err error) {
	for _, name := range names {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, avow.FieldErrorf("--file", "there is no file %s", name)
		}
		if err != nil {
			return nil, avow.FieldErrorf("--file", "%s cannot be read", name)
		}
		data, err := io.ReadAll(io.LimitReader(f, mostHandedIn+1))
		f.Close()
		switch {
		case err != nil:
			return nil, avow.FieldErrorf("--file", "%s cannot be read", name)
		case len(data) > mostHandedIn:
			return nil, avow.FieldErrorf("--file", "%s is larger than %d MiB", name, mostHandedIn>>20)
		}
		out = append(out, cases.Attachment{Name: filepath.Base(name), Data: data})
	}
	return out, nil
}

// answerCommand writes what a request came to.
type answerCommand struct {
	atCounter `embed:""`
	Number    string `arg:"" help:"The number of the request."`
	Out       string `required:"" help:"The folder it is written to." placeholder:"DIR"`
	actor     `embed:""`
}

// Run writes it.
func (c *answerCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		o, err := b.numbered(ctx, c.Number)
		if err != nil {
			return err
		}
		return b.answer(ctx, t, o.ID, c.name(), c.Out)
	})
}

// answer writes the certificate of a request and its proof into a folder, and the package of
// one for a copy. Status 1: it has not ended.
func (c *counter) answer(ctx context.Context, t *terminal, id avow.ID, by, folder string) error {
	o, err := c.desk.ByID(ctx, id)
	if err != nil {
		return err
	}
	if o.State != cases.Closed {
		fmt.Fprintf(t.err, "Request %s is %s: there is nothing to write yet.\n", o.Number, o.State)
		return outcome(exitWrong)
	}
	if err := c.certify(ctx, folder, id); err != nil || o.Right != law.Copy && o.Right != law.Move {
		return err
	}
	return c.unpack(ctx, id, by, folder)
}

// unpack writes the files of a package into a folder and nowhere else.
func (c *counter) unpack(ctx context.Context, id avow.ID, by, folder string) error {
	cannot := func(err error) error { return avow.Errorf(avow.Invalid, "%s cannot be written to: %w", folder, err) }
	root, err := os.OpenRoot(folder) // certify has made it
	if err != nil {
		return cannot(err)
	}
	defer root.Close()
	packed, err := os.CreateTemp(folder, ".package-*")
	if err != nil {
		return cannot(err)
	}
	defer os.Remove(packed.Name())
	defer packed.Close()
	if err := c.desk.Hand(ctx, id, by, packed); err != nil {
		return err
	}
	size, err := packed.Seek(0, io.SeekCurrent)
	if err != nil {
		return cannot(err)
	}
	z, err := zip.NewReader(packed, size)
	if err != nil {
		return avow.Errorf(avow.Internal, "the package cannot be opened: %w", err)
	}
	for _, f := range z.File {
		if err := extract(root, f); err != nil {
			return cannot(err)
		}
	}
	return nil
}

func extract(root *os.Root, f *zip.File) error {
	if strings.HasSuffix(f.Name, "/") {
		return nil
	}
	if err := root.MkdirAll(path.Dir(f.Name), 0o700); err != nil {
		return err
	}
	from, err := f.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := root.OpenFile(filepath.FromSlash(f.Name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// request takes an access down that people have a part in, and does what programs can. The
// package is made when they are done.
func (c *accessCommand) request(ctx context.Context, t *terminal, who find.Person) error {
	b, err := c.openCounter(ctx, t, c.where)
	if err != nil {
		return err
	}
	defer b.close()
	ask := cases.Ask{Right: c.right(), Policy: b.systems.Policy.Name, Door: cases.Staff, By: c.name(), Evidence: c.Because}
	for _, id := range who.Identities {
		ask.Identities = append(ask.Identities, cases.Identity{Kind: id.Kind, Value: b.inFull(id)})
	}
	taken, err := b.desk.Take(ctx, ask)
	if err != nil {
		return err
	}
	if err := b.finish(ctx, taken.ID); err != nil {
		return err
	}
	o, err := b.standing(ctx, taken)
	if err != nil {
		return err
	}
	entries, err := b.withTasks(ctx, o.ID, []plan.Entry{})
	if err != nil {
		return err
	}
	if c.JSON || len(entries) > 0 {
		if err := c.write(t, entries); err != nil {
			return err
		}
	}
	if err := b.outcome(ctx, t, o); err != nil {
		return err
	}
	if o.State == cases.Closed {
		return b.answer(ctx, t, o.ID, c.name(), c.Out)
	}
	_, err = fmt.Fprintf(t.err, "Nothing is in %s yet. When all is done: avow rights answer %s --out %s\n", c.Out, o.Number, c.Out)
	return err
}

// standing is a request that was taken down, or the earlier one that it was brought together with.
func (c *counter) standing(ctx context.Context, taken cases.Taken) (cases.Overview, error) {
	o, err := c.desk.ByID(ctx, taken.ID)
	if err == nil && o.Into != nil {
		return c.desk.ByID(ctx, *o.Into)
	}
	return o, err
}
