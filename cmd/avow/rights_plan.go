package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
)

// rightsCommands do what people ask for in the systems where their data stands.
type rightsCommands struct {
	Plan       planCommand       `cmd:"" help:"Show what a request would do, and change nothing."`
	Access     accessCommand     `cmd:"" help:"Gather everything that concerns somebody into a package they can read."`
	Erase      eraseCommand      `cmd:"" help:"Erase somebody from every system, check it, and certify it."`
	Rectify    rectifyCommand    `cmd:"" help:"Correct what is wrong about somebody, everywhere it stands."`
	Restrict   restrictCommand   `cmd:"" help:"Have somebody's data kept and not used."`
	Unrestrict unrestrictCommand `cmd:"" help:"Lift a restriction, after the person was told."`
	Replay     replayCommand     `cmd:"" help:"Erase again who was erased, after a system was restored from a backup."`
	List       listCommand       `cmd:"" help:"List the requests, those due first first."`
	Show       showCommand       `cmd:"" help:"Show one request: its clock, its steps, what is to be done by hand."`
	Continue   continueCommand   `cmd:"" help:"Go on with requests that waited for a system or for staff."`
	Approve    approveCommand    `cmd:"" help:"Approve the plan of a request, as a second person."`
	Reject     rejectCommand     `cmd:"" help:"Send the plan of a request back: another is made."`
	Refuse     refuseCommand     `cmd:"" help:"End a request without doing it; the person is told why and where to complain."`
	Cancel     cancelCommand     `cmd:"" help:"End a request that the person wants no more, before anything is changed."`
	Extend     extendCommand     `cmd:"" help:"Take the time the law gives beyond the first; the person is told why."`
	Pause      pauseCommand      `cmd:"" help:"Ask the person for something, and do nothing until they answer."`
	Resume     resumeCommand     `cmd:"" help:"Go on with a request: the person has answered."`
	Vouch      vouchCommand      `cmd:"" help:"State what shows who the person is, where no link can."`
	Without    withoutCommand    `cmd:"" help:"Do a request without a system that stays away."`
	Appeal     appealCommand     `cmd:"" help:"Decide an appeal; not by whoever refused the request."`
	Weigh      weighCommand      `cmd:"" help:"Decide an objection that is weighed: it stands, or it is outweighed."`
	Tasks      tasksCommand      `cmd:"" help:"List what people have to do by hand, those due first first."`
	Look       lookCommand       `cmd:"" help:"Show whom a request is about and what they wrote. The look is recorded."`
	Done       doneCommand       `cmd:"" help:"Say that a task was done by hand, with what shows it, or that it cannot be, and why."`
	Answer     answerCommand     `cmd:"" help:"Write what a request came to: the certificate with its proof, the package of an access."`
}

// whom says who a request is about, and what it is shown as.
type whom struct {
	folder   `embed:""`
	Identity []string `help:"By what they are known: email=ann@example.com. All that are given are one person's." placeholder:"KIND=VALUE" sep:"none" required:""`
	JSON     bool     `name:"json" help:"Write JSON: system, table, key, columns, action, reason of every row."`
}

// planCommand shows what a request would do.
type planCommand struct {
	whom   `embed:""`
	where  `embed:""`
	For    string   `help:"The request: access, erase, rectify, restrict, unrestrict or object." enum:"access,erase,rectify,restrict,unrestrict,object" default:"erase"`
	Set    []string `help:"For rectify: the field of the policy and what is right: contact.email=ann@new.example." placeholder:"FIELD=VALUE" sep:"none"`
	Was    []string `help:"For rectify: what the field says now. Only where it says that is it changed." placeholder:"FIELD=VALUE" sep:"none"`
	asSent `embed:""`
}

// asSent asks for the statements of a plan.
type asSent struct {
	SQL bool `name:"sql" help:"Print what would be sent to each system too, with its parameters. That is personal data."`
}

// Run plans, and changes nothing. It ends with status 1 when a system cannot be looked into.
func (c *planCommand) Run(ctx context.Context, t *terminal) error {
	fix, err := corrections(c.Set, c.Was)
	if err != nil {
		return err
	}
	return c.show(ctx, t, c.where, c.For, fix, c.SQL)
}

// show makes a plan and prints it.
func (w whom) show(ctx context.Context, t *terminal, at where, what string, fix []plan.Correction, asSent bool) error {
	who, err := person(w.Identity)
	if err != nil {
		return err
	}
	m, err := w.openMapped(ctx, t)
	if err != nil {
		return err
	}
	defer m.close()
	if what == showAll || what == showPortable {
		return w.showAccess(ctx, t, m, who, what)
	}
	p, f, err := m.plan(ctx, at, plan.Work(what), who, fix)
	if err != nil {
		return err
	}
	if err := w.write(t, p.Entries(w.JSON)); err != nil {
		return err
	}
	if asSent {
		if what == string(plan.Erasure) && !at.recorded() {
			fmt.Fprint(t.out, "\n-- No records of avow are here: holds and claims that a run looks for in them count in none of this.\n")
		}
		if err := m.writeStatements(ctx, t.out, p); err != nil {
			return err
		}
	}
	return w.unread(t, f)
}

// plan finds what concerns one person and says what becomes of it.
func (m *mapped) plan(ctx context.Context, at where, what plan.Work, who find.Person, fix []plan.Correction) (*plan.Plan, *find.Found, error) {
	s := m.search(find.Options{})
	f, err := s.Find(ctx, []find.Person{who})
	if err != nil {
		return nil, nil, err
	}
	key := make([]byte, 32)
	rand.Read(key)
	o := plan.Options{CaseKey: key, Now: time.Now()}
	var p *plan.Plan
	switch what {
	case plan.Erasure:
		if o.Holds, err = at.heldFrom(ctx, m, s, f); err != nil {
			return nil, nil, err
		}
		p, err = plan.Erase(ctx, s, f, o)
	case plan.Rectification:
		p, err = plan.Rectify(ctx, s, f, o, fix)
	case plan.Restriction, plan.Lifting:
		p, err = plan.Restrict(ctx, s, f, o, what == plan.Restriction)
	default:
		p, err = plan.Object(ctx, s, f, o, true)
	}
	return p, f, err
}

// corrections reads `contact.email=ann@new.example`, and what was said before.
func corrections(set, was []string) ([]plan.Correction, error) {
	var out []plan.Correction
	for _, w := range set {
		field, value, err := fieldOf("--set", w)
		if err != nil {
			return nil, err
		}
		out = append(out, plan.Correction{Data: field, To: value})
	}
	for _, w := range was {
		field, value, err := fieldOf("--was", w)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(out, func(c plan.Correction) bool { return c.Data == field && c.From == "" })
		if i < 0 || value == "" {
			return nil, avow.FieldErrorf("--was", "say what is right, too: --set %s=VALUE, once for each --was", field)
		}
		out[i].From = value
	}
	return out, nil
}

func fieldOf(flag, word string) (field, value string, err error) {
	field, value, ok := strings.Cut(word, "=")
	if !ok || field == "" {
		return "", "", avow.FieldErrorf(flag, "write it as FIELD=VALUE, as contact.email=ann@new.example")
	}
	return field, value, nil
}

// write prints entries for eyes or for scripts.
func (w whom) write(t *terminal, entries []plan.Entry) error {
	if w.JSON {
		return writeJSON(t.out, entries)
	}
	return writeEntries(t.out, entries)
}

// writeEntries prints a plan table by table.
func writeEntries(w io.Writer, entries []plan.Entry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w, "Nothing is held of them in the mapped systems.")
		return err
	}
	system, table := "", ""
	for _, e := range entries {
		if e.System != system {
			system, table = e.System, ""
			fmt.Fprintf(w, "%s\n", system)
		}
		if e.Table != table {
			table = e.Table
			fmt.Fprintf(w, "  %s\n", table)
		}
		if _, err := fmt.Fprintf(w, "    %s\n", entryLine(e)); err != nil {
			return err
		}
	}
	return nil
}

// entryLine says one thing that becomes of some rows.
func entryLine(e plan.Entry) string {
	var b strings.Builder
	b.WriteString(string(e.Action))
	if e.How != "" {
		fmt.Fprintf(&b, " (%s)", e.How)
	}
	if e.Rows > 0 {
		fmt.Fprintf(&b, " %s", plural(e.Rows, "row"))
	}
	if len(e.Columns) > 0 {
		fmt.Fprintf(&b, ": %s", strings.Join(e.Columns, ", "))
	}
	for _, part := range []struct{ lead, text string }{{"; ", e.Reason}, {"; until ", e.Until}, {"\n      REFUSED: ", e.Refused}, {"\n      instead: ", e.Instead}} {
		if part.text != "" {
			b.WriteString(part.lead + part.text)
		}
	}
	return b.String()
}

// writeStatements prints what each system would be sent, and in what a run may differ.
func (m *mapped) writeStatements(ctx context.Context, w io.Writer, p *plan.Plan) error {
	for _, sp := range p.Systems {
		src := m.sources[sp.System]
		if src == nil {
			continue
		}
		list, but, err := sp.Statements(ctx, src)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			fmt.Fprintf(w, "\n-- %s, in one step\n", sp.System)
		}
		for _, line := range but {
			fmt.Fprintf(w, "-- %s\n", line)
		}
		for _, s := range list {
			writeStatement(w, s)
		}
	}
	return nil
}

func writeStatement(w io.Writer, s connect.Statement) {
	fmt.Fprintln(w, s.Text)
	if len(s.Values) == 0 {
		return
	}
	parts := make([]string, len(s.Values))
	for i, v := range s.Values {
		parts[i] = parameter(v)
	}
	if s.Cut > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", s.Cut))
	}
	fmt.Fprintf(w, "  -- %s\n", strings.Join(parts, ", "))
}

// parameter is one value of a statement on one line: nothing is told from an empty text,
// and what somebody wrote into a row cannot end the comment that it stands in.
func parameter(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		q := strconv.Quote(v)
		q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
		return "'" + strings.ReplaceAll(q, "'", "''") + "'"
	case []byte:
		return "X'" + hex.EncodeToString(v) + "'"
	}
	return connect.Text(v)
}

// accessEntry is one row that would be shown.
type accessEntry struct {
	System   string         `json:"system"`
	Table    string         `json:"table"`
	Key      map[string]any `json:"key"`
	Columns  []string       `json:"columns"`
	Action   plan.Action    `json:"action"`
	Reason   string         `json:"reason"` // owns, shares, mentions, and by which link
	Redacted []string       `json:"redacted,omitempty"`
	Withheld []string       `json:"withheld,omitempty"`
}

// showAccess lists what somebody would be shown, without a value.
func (w whom) showAccess(ctx context.Context, t *terminal, m *mapped, who find.Person, what string) error {
	list := newAccessList(t.out, w.JSON)
	f, err := m.export(ctx, who, m.wanted(what, list.add))
	if err == nil {
		err = list.end(m.tasks()...)
	}
	if err != nil {
		return err
	}
	return w.unread(t, f)
}

// wanted leaves out what is not asked for.
func (m *mapped) wanted(what string, each func(find.Record) error) func(find.Record) error {
	if what == showPortable {
		return plan.PortableRecords(m.graph.Map, each)
	}
	return each
}

// export finds what concerns somebody and gives each record of it.
func (m *mapped) export(ctx context.Context, who find.Person, each func(find.Record) error) (*find.Found, error) {
	s := m.search(find.Options{ToShow: true})
	f, err := s.Find(ctx, []find.Person{who})
	if err != nil {
		return nil, err
	}
	return f, complete(f, s.Export(ctx, f, 0, each))
}

// complete notes the tables that could not be read to their end, as others that could not be read.
func complete(f *find.Found, err error) error {
	var part *find.Incomplete
	if !errors.As(err, &part) {
		return err
	}
	for _, t := range part.Tables {
		if r := f.Rows(t.Table); r != nil && r.Err == nil {
			r.Err = t.Err
		}
	}
	return nil
}

func accessOf(rec find.Record) accessEntry {
	e := accessEntry{System: rec.Table.System.Name.Text, Table: rec.Table.Name, Key: map[string]any{}, Columns: []string{}, Action: plan.Read, Reason: rec.Relation.String() + " (" + rec.Via + ")"}
	names := rec.Table.KeyColumns()
	for i, v := range rec.Key {
		if i < len(names) { // where no column is the key all are, and their values are not listed
			e.Key[names[i]] = v
		}
	}
	for _, c := range rec.Cells {
		switch c.Access {
		case datamap.Redacted:
			e.Redacted = append(e.Redacted, c.Name)
		case datamap.Withheld:
			e.Withheld = append(e.Withheld, c.Name)
		default:
			e.Columns = append(e.Columns, c.Name)
		}
	}
	return e
}

// accessList prints what is shown as it comes, for scripts, or how much of it stands
// where, for people. Its memory does not grow with the rows.
type accessList struct {
	out   *bufio.Writer
	json  bool
	rows  int
	lines []plan.Entry
}

func newAccessList(w io.Writer, json bool) *accessList {
	return &accessList{out: bufio.NewWriter(w), json: json}
}

// add takes a record in.
func (l *accessList) add(rec find.Record) error {
	if rec.Changed {
		return nil
	}
	e := accessOf(rec)
	if !l.json {
		l.rows++
		l.count(e)
		return nil
	}
	return l.write(e)
}

// task takes in what people look through.
func (l *accessList) task(e plan.Entry) error {
	if l.json {
		return l.write(e)
	}
	l.lines = append(l.lines, e)
	return nil
}

// write writes one entry of the list as JSON.
func (l *accessList) write(e any) error {
	l.rows++
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	lead := ",\n  "
	if l.rows == 1 {
		lead = "[\n  "
	}
	l.out.WriteString(lead)
	_, err = l.out.Write(text)
	return err
}

// count adds a row to the line before, when it says the same.
func (l *accessList) count(e accessEntry) {
	last := len(l.lines) - 1
	if last >= 0 && l.lines[last].Table == e.Table && l.lines[last].System == e.System && l.lines[last].Reason == e.Reason && slices.Equal(l.lines[last].Columns, e.Columns) {
		l.lines[last].Rows++
		return
	}
	l.lines = append(l.lines, plan.Entry{System: e.System, Table: e.Table, Columns: e.Columns, Action: e.Action, Reason: e.Reason, Rows: 1})
}

// end prints what is left, and what people look through.
func (l *accessList) end(tasks ...plan.Entry) error {
	for _, e := range tasks {
		if err := l.task(e); err != nil {
			return err
		}
	}
	switch {
	case !l.json:
		if err := writeEntries(l.out, l.merged()); err != nil {
			return err
		}
	case l.rows == 0:
		l.out.WriteString("[]\n")
	default:
		l.out.WriteString("\n]\n")
	}
	return l.out.Flush()
}

// merged are the lines, those that say the same of one table together.
func (l *accessList) merged() []plan.Entry {
	var out []plan.Entry
	for _, e := range l.lines {
		i := slices.IndexFunc(out, func(o plan.Entry) bool {
			return o.Table == e.Table && o.System == e.System && o.Reason == e.Reason && slices.Equal(o.Columns, e.Columns)
		})
		if i < 0 {
			out = append(out, e)
			continue
		}
		out[i].Rows += e.Rows
	}
	return out
}

// unread says what was not looked into, and for whom to decide, and ends with status 1 when there is any of it.
func (w whom) unread(t *terminal, f *find.Found) error {
	for _, kind := range f.Unknown {
		fmt.Fprintf(t.err, "No table of the map knows people by %s.\n", kind)
	}
	for _, table := range f.Unreached {
		fmt.Fprintf(t.err, "%s is reached only by other identities than were given.\n", table.Path())
	}
	for _, c := range f.Conflicts {
		fmt.Fprintf(t.err, "%s %s: %s; it is left alone until somebody has decided whose it is.\n", c.Table.Path(), keyOf(c.Key), conflictWords(c))
	}
	gone := missing(f)
	for _, line := range gone {
		fmt.Fprintf(t.err, "NOT READ: %s\n", line)
	}
	if len(gone) > 0 {
		return outcome(exitWrong)
	}
	return nil
}

func keyOf(key connect.Tuple) string {
	parts := make([]string, len(key))
	for i, v := range key {
		parts[i] = connect.Text(v)
	}
	return strings.Join(parts, "+")
}

func conflictWords(c find.Conflict) string {
	var parts []string
	for _, a := range c.Against {
		parts = append(parts, fmt.Sprintf("%s (%s)", a.Why, a.Link.Name))
	}
	return strings.Join(parts, ", ")
}
