package retain

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
)

// tables carries out the schedule in the systems of one policy.
func (r *run) tables(ctx context.Context, s Systems) error {
	for _, sys := range s.Search.Graph.Systems() {
		name := sys.Name.Text
		if sys.Kind == string(datamap.Manual) {
			continue
		}
		if s.Search.Sources[name] == nil {
			why := "it is not opened"
			if err := s.Away[name]; err != nil {
				why = avow.MessageOf(err)
			}
			r.report.away(name, why)
			continue
		}
		err := r.system(ctx, s, sys)
		if avow.KindOf(err) == avow.Unavailable && ctx.Err() == nil {
			r.report.away(name, avow.MessageOf(err))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) system(ctx context.Context, s Systems, sys *datamap.System) error {
	lines := s.lines(sys)
	for i := range lines {
		if err := r.line(ctx, s, &lines[i], lines); err != nil {
			return err
		}
	}
	for _, t := range sys.All() {
		r.unnamed(s, t)
	}
	return nil
}

// unnamed lists the columns of a table of which the map does not say from when anything counts.
func (r *run) unnamed(s Systems, t *datamap.Table) {
	var named policy.FieldSet
	for _, rule := range s.policy().Retention {
		if _, ok := t.Retention.Get(rule.Name); ok {
			named = named.Or(rule.Fields)
		}
	}
	var columns []string
	for i := range t.Columns {
		if c := &t.Columns[i].Is; !c.Fields.Empty() && c.Fields.And(named).Empty() {
			columns = append(columns, c.Name)
		}
	}
	if len(columns) > 0 {
		r.report.add(Entry{System: t.System.Name.Text, Table: t.Name, Action: plan.Keep, Columns: columns, Refused: nobodyKnows + ": the map names no column from which a rule counts",
			Instead: "it is left as it is"})
	}
}

// line carries out one rule on one table.
func (r *run) line(ctx context.Context, s Systems, l *line, all []line) error {
	e := Entry{System: l.table.System.Name.Text, Table: l.table.Name, Rule: l.rule.Name, Action: plan.Keep, Columns: columnsOf(l.table, l.rule.Fields), Instead: "it is left as it is"}
	if e.Refused = l.why; e.Refused != "" {
		r.report.add(e)
		return nil
	}
	err := r.lineShares(ctx, s, l, all)
	switch kind := avow.KindOf(err); {
	case err == nil, ctx.Err() != nil || kind == avow.Unavailable || kind == avow.Canceled || kind == avow.Internal:
		return err
	}
	e.Refused = avow.MessageOf(err)
	r.report.add(e)
	return nil
}

func (r *run) lineShares(ctx context.Context, s Systems, l *line, all []line) error {
	if err := r.unclear(ctx, s, l); err != nil {
		return err
	}
	if len(l.open) > 0 {
		r.report.add(Entry{System: l.table.System.Name.Text, Table: l.table.Name, Rule: l.rule.Name, Action: plan.Keep, Columns: columnsOf(l.table, l.rule.Fields),
			Refused: l.unnamed(), Instead: "it ends by the others alone"})
	}
	shares := l.shares(all, r.now)
	for i := range shares {
		if err := r.share(ctx, s, l, shares[i], all); err != nil {
			return err
		}
	}
	return nil
}

// unclear tells of rows in whose moments stands something that is no date: nobody guesses what is meant. Where
// a system has a type for dates there are none such.
func (r *run) unclear(ctx context.Context, s Systems, l *line) error {
	rows := map[string]int{}
	if !l.mayBeUnclear() {
		return nil
	}
	read := connect.Read{Table: l.table.Name, Columns: l.columns, When: l.table.When.Cond()}
	err := s.Search.Sources[l.table.System.Name.Text].Read(ctx, read, func(row connect.Row) error {
		if column := l.unclearIn(row, r.now); column != "" {
			rows[column]++
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for _, column := range slices.Sorted(maps.Keys(rows)) {
		r.report.add(Entry{System: l.table.System.Name.Text, Table: l.table.Name, Rule: l.rule.Name, Action: plan.Keep, Columns: columnsOf(l.table, l.rule.Fields), Rows: rows[column],
			Refused: "in `" + column + "` stands no date (as 2026-11-22)", Instead: "it is left as it is"})
	}
	return nil
}

// mayBeUnclear reports whether the moments of a line are texts, or stand in SQLite, which keeps whatever it is given under any
// type. Those of another table are looked for by the database alone.
func (l *line) mayBeUnclear() bool {
	anything := l.table.System.Kind == string(datamap.SQLite)
	return slices.ContainsFunc(l.moments, func(m moment) bool { return anything || m.kind == connect.TextKind }) &&
		!slices.ContainsFunc(l.moments, func(m moment) bool { return m.far != nil })
}

// unclearIn is the column of a row in which stands no date; empty when there is none, or the row
// ends by the other moments.
func (l *line) unclearIn(row connect.Row, now time.Time) (column string) {
	end, known := endOf(l.rule.Until, func(event string) (time.Time, bool) {
		m := l.momentOf(event)
		if m == nil {
			return time.Time{}, false
		}
		at, ok := momentOf(row[m.at])
		if !ok && connect.Text(row[m.at]) != "" {
			column = cmp.Or(column, m.column)
		}
		return at, ok
	})
	if known && !end.After(now) {
		return ""
	}
	return column
}

func columnsOf(t *datamap.Table, fields policy.FieldSet) (out []string) {
	for i := range t.Columns {
		if c := &t.Columns[i].Is; !c.Fields.And(fields).Empty() {
			out = append(out, c.Name)
		}
	}
	slices.Sort(out)
	return out
}

// share takes batch after batch of one share of the rows.
func (r *run) share(ctx context.Context, s Systems, l *line, part share, all []line) error {
	b := &batches{run: r, systems: s, line: l, runner: plan.NewRunner(s.Search.Sources[l.table.System.Name.Text]), most: r.atOnce(l.table.System), held: map[string]int{}, mayHold: map[string]int{}}
	b.limit = b.most
	due := plan.Due{Table: l.table, Rule: l.rule.Name, Over: l.over(r.now), When: part.when, Also: part.also}
	for {
		if err := ctx.Err(); err != nil {
			return avow.Errorf(avow.Canceled, "it was stopped: %w", err)
		}
		g, err := r.guardOf(ctx, s)
		if err != nil {
			return err
		}
		if why := g.stops(l.table); why != "" {
			return b.allHeld(ctx, due, why)
		}
		due.Keep, due.Limit = part.keep, b.limit
		heldData := g.dataIn(l, &due.Keep)
		if r.dry && len(heldData) == 0 && len(part.by) > 0 && part.by[0].at < l.at && l.deletes(&part) {
			return nil // the rows went with the line before, and are told there
		}
		due.Along, b.along = l.along(all, g, r.now)
		due.Held = func(key connect.Tuple) bool { return b.isHeld(g, key) }
		due.Stays = func(t *datamap.Table, key connect.Tuple) bool {
			return g.stops(t) != "" || g.unsure[t] != "" || g.rows[t][keyText(key)] != ""
		}
		done, next, err := b.one(ctx, due)
		if err != nil {
			return err
		}
		b.tell(heldData)
		if done && next == nil {
			return nil
		}
		due.After = next
	}
}

// stops says why nothing of a table ends; empty when nothing is in the way.
func (g *guard) stops(t *datamap.Table) string {
	if g.all != "" {
		return g.all
	}
	return g.tables[t.Path()]
}

// dataIn adds the data that is held to what is kept, and gives what is held of the table's
// columns, with why.
func (g *guard) dataIn(l *line, keep *policy.FieldSet) (out []Entry) {
	for _, h := range g.data {
		about := h.fields.And(fieldsOf(l.table)).And(l.rule.Fields)
		if about.Empty() {
			continue
		}
		*keep = keep.Or(h.fields)
		out = append(out, Entry{Columns: columnsOf(l.table, about), Because: h.why})
	}
	return out
}

// wide is how many times as many rows a batch has where nothing is locked meanwhile, and each batch
// reads everything: a file is gone through and written anew, a service lists all its rows.
const wide = 20

// atOnce bounds the rows of one batch in a system.
func (r *run) atOnce(s *datamap.System) int {
	switch datamap.Kind(s.Kind) {
	case datamap.Files, datamap.HTTP:
		return wide * r.Batch
	}
	return r.Batch
}

// batches is one line while its rows are gone through.
type batches struct {
	*run
	systems Systems
	line    *line
	runner  *plan.Runner
	most    int              // rows of a batch
	limit   int              // of the next one
	held    map[string]int   // why → rows that would be over
	mayHold map[string]int   // of the batch that is being planned
	rows    int              // of the last batch
	along   map[string]*line // by the table of rows that go along, the line they would end by
}

func (b *batches) isHeld(g *guard, key connect.Tuple) bool {
	why := g.rows[b.line.table][keyText(key)]
	if why == "" {
		why = g.unsure[b.line.table]
	}
	if why == "" {
		return false
	}
	b.mayHold[why]++
	return true
}

// one plans, runs and checks one batch. It gives the key behind which the next begins; not
// done, when the same rows are to be tried again fewer at a time.
func (b *batches) one(ctx context.Context, due plan.Due) (done bool, next connect.Tuple, err error) {
	clear(b.mayHold)
	batch, err := plan.Expire(ctx, b.systems.Search, b.options(), due)
	if err != nil {
		return false, nil, err
	}
	b.rows = batch.Rows
	if batch.Rows > 0 {
		err := b.do(ctx, batch)
		if errors.Is(err, errHeldSince) {
			b.rows = 0
			return false, due.After, nil // it is planned again
		}
		if avow.KindOf(err) == avow.Conflict && err != nil && !b.dry {
			return b.refused(batch, due, err)
		}
		if err != nil {
			return false, nil, err
		}
		b.limit = min(b.limit*10, b.most)
	}
	for why, n := range b.mayHold {
		b.held[why] += n
	}
	return true, batch.Next, b.alive(ctx)
}

// refused is what follows when the system does not take a batch: the same rows fewer at
// a time, until the one that it refuses stands alone and is left.
func (b *batches) refused(batch *plan.Batch, due plan.Due, err error) (bool, connect.Tuple, error) {
	if b.limit > 1 {
		b.limit, b.rows = max(1, b.limit/10), 0
		return false, due.After, nil
	}
	b.entry(Entry{Action: plan.Keep, Columns: columnsOf(b.line.table, b.line.rule.Fields), Rows: batch.Rows, Refused: avow.MessageOf(err), Instead: "it is left as it is"})
	return true, batch.Next, nil
}

// do runs a batch, unless the run is dry, and reads again what it changed.
func (b *batches) do(ctx context.Context, batch *plan.Batch) error {
	sp := batch.Plan.Systems[0]
	var left []plan.Left
	if b.dry {
		if err := b.show(ctx, sp); err != nil {
			return err
		}
	} else {
		if err := b.writes(ctx); err != nil {
			return err
		}
		_, err := b.runner.Run(ctx, sp)
		if wrong := b.wrote(ctx); err == nil {
			err = wrong
		}
		if err != nil {
			return err
		}
		b.report.Batches++
		if left, err = plan.Check(ctx, b.systems.Search, batch.Plan, nil); err != nil {
			return err
		}
	}
	for _, e := range batch.Plan.Entries(false) {
		of := b.along[e.Table]
		if of != nil && e.Action != plan.Untie && (b.dry || e.Action != plan.Delete) {
			continue // their own line tells
		}
		b.entryOf(cmp.Or(of, b.line), Entry{Table: e.Table, Action: e.Action, How: e.How, Columns: e.Columns, Rows: e.Rows, Because: e.Reason, Refused: e.Refused, Instead: e.Instead, Left: leftOf(left, e)})
	}
	return nil
}

func leftOf(left []plan.Left, e plan.Entry) (n int) {
	for _, l := range left {
		if l.Table == e.Table && (len(l.Columns) == 0 && e.Action == plan.Delete || len(l.Columns) > 0 && slices.Contains(e.Columns, l.Columns[0])) {
			n += l.Rows
		}
	}
	return n
}

// entry adds to the report what stands for this line.
func (b *batches) entry(e Entry) { b.entryOf(b.line, e) }

// entryOf adds what stands for a line.
func (b *batches) entryOf(l *line, e Entry) {
	e.System, e.Table, e.Rule = l.table.System.Name.Text, cmp.Or(e.Table, l.table.Name), l.rule.Name
	e.Before = l.cutOffs(b.now)
	b.report.add(e)
}

// tell adds what was held in the last batch.
func (b *batches) tell(data []Entry) {
	columns := columnsOf(b.line.table, b.line.rule.Fields)
	for why, n := range b.held {
		b.entry(Entry{Action: plan.Keep, Columns: columns, Held: n, Because: why})
	}
	clear(b.held)
	for _, e := range data {
		if b.rows > 0 {
			b.entry(Entry{Action: plan.Keep, Columns: e.Columns, Held: b.rows, Because: e.Because})
		}
	}
}

// allHeld counts what would be over in a table that is held.
func (b *batches) allHeld(ctx context.Context, due plan.Due, why string) error {
	n := 0
	err := plan.Upcoming(ctx, b.systems.Search, b.options(), due, func(connect.Row) error { n++; return nil })
	if err == nil && n > 0 {
		b.entry(Entry{Action: plan.Keep, Columns: columnsOf(b.line.table, b.line.rule.Fields), Held: n, Because: why})
	}
	return err
}

// show gives the statements of a batch to whoever asked for them, and as comments in what a run may differ.
func (b *batches) show(ctx context.Context, sp *plan.SystemPlan) error {
	if b.statements == nil {
		return nil
	}
	list, but, err := b.runner.Statements(ctx, sp)
	if err != nil {
		return err
	}
	for i, line := range but {
		list = slices.Insert(list, i, connect.Statement{Text: "-- " + line})
	}
	for _, s := range list {
		if err := b.statements(sp.System, s); err != nil {
			return err
		}
	}
	return nil
}
