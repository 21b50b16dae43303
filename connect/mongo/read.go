package mongo

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Read implements connect.Source.
func (s *source) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	looked := lookedAt(r)
	if err := s.fields(r.Table, looked...); err != nil {
		return err
	}
	for _, in := range slices.Concat(r.Any, r.All) {
		if err := widths(s.config.System, r.Table, in); err != nil {
			return err
		}
	}
	collection, err := s.collection(ctx, r.Table)
	if err != nil {
		return err
	}
	q := &reading{s: s, r: r, collection: collection, looked: looked, filter: match.NewFilter(r, s.config.Region), each: each}
	for i := range r.Any {
		q.any = append(q.any, match.NewIndex(r.Any[i], s.config.Region))
	}
	return q.run(ctx)
}

func widths(system, table string, in connect.In) error {
	for _, t := range in.Tuples {
		if len(t) != len(in.Columns) {
			return avow.Errorf(avow.Invalid, "%s: %s: %d values for %d columns", system, table, len(t), len(in.Columns))
		}
	}
	return nil
}

// lookedAt are all the columns that a read needs of a document.
func lookedAt(r connect.Read) []string {
	out := slices.Concat(r.Columns, r.Key, match.Columns(r.When))
	for _, in := range slices.Concat(r.Any, r.All) {
		out = append(out, in.Columns...)
	}
	return out
}

// reading is one read: a row of commands, each of which asks for a part of the values.
type reading struct {
	s          *source
	r          connect.Read
	collection *mongo.Collection
	looked     []string
	filter     *match.Filter
	any        []*match.Index
	each       func(connect.Row) error
	given      int
}

func (q *reading) run(ctx context.Context) error {
	commands := q.commands()
	if len(q.r.Key) > 0 {
		return q.ordered(ctx, commands)
	}
	for i, filter := range commands {
		done, err := q.find(ctx, filter, options.Find(), func(d match.Document) bool { return q.first(d) == i })
		if done || err != nil {
			return err
		}
	}
	return nil
}

// ordered asks in one command, so that the server orders; too many values for one are
// found by reading everything.
func (q *reading) ordered(ctx context.Context, commands []bson.D) error {
	filter := bson.D{}
	if len(commands) > 0 && len(commands) <= 8 {
		filter = either(commands)
	}
	after, err := q.after(ctx)
	if err != nil {
		return err
	}
	sort := bson.D{}
	for _, column := range q.r.Key {
		sort = append(sort, bson.E{Key: field(column), Value: 1})
	}
	_, err = q.find(ctx, all(filter, after), options.Find().SetSort(sort), func(match.Document) bool { return true })
	return err
}

// commands are the filters that together find what is asked for, one after the other.
func (q *reading) commands() []bson.D {
	rest := []bson.D{q.s.condition(q.r.When)}
	for _, in := range q.r.All {
		if len(in.Tuples) <= batch(in) {
			rest = append(rest, q.s.in(in, in.Tuples))
		}
	}
	if len(q.r.Any) == 0 {
		return []bson.D{all(rest...)}
	}
	var out []bson.D
	for _, in := range q.r.Any {
		for tuples := range slices.Chunk(in.Tuples, batch(in)) {
			out = append(out, all(append([]bson.D{q.s.in(in, tuples)}, rest...)...))
		}
	}
	return out
}

// first is the command that gives a document: the first that asks for it, so that
// nothing is given twice and nobody need remember what was.
func (q *reading) first(d match.Document) int {
	if len(q.any) == 0 {
		return 0
	}
	best, offset := -1, 0
	for i, x := range q.any {
		if at, ok := x.Find(d); ok {
			if n := offset + at/batch(q.r.Any[i]); best < 0 || n < best {
				best = n
			}
		}
		offset += (len(q.r.Any[i].Tuples) + batch(q.r.Any[i]) - 1) / batch(q.r.Any[i])
	}
	return best
}

// find runs one command and gives its documents as rows; done says that enough were given.
func (q *reading) find(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder, mine func(match.Document) bool) (done bool, err error) {
	opts.SetProjection(projection(q.looked)).SetAllowDiskUse(true)
	var cursor *mongo.Cursor
	err = q.s.answer(ctx, q.r.Table, func(ctx context.Context) (err error) {
		cursor, err = q.collection.Find(ctx, filter, opts)
		return err
	})
	if err != nil {
		return false, err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for {
		var raw bson.D
		more := false
		err := q.s.answer(ctx, q.r.Table, func(ctx context.Context) error {
			if more = cursor.Next(ctx); !more {
				return cursor.Err()
			}
			return cursor.Decode(&raw)
		})
		if err != nil || !more {
			return false, err
		}
		d := match.Document(plain(raw).(map[string]any))
		if !q.filter.Holds(d) || !mine(d) {
			continue
		}
		if err := q.each(row(d, q.r.Columns)); err != nil {
			return false, err
		}
		if q.given++; q.given == q.r.Limit || q.given == q.r.Sample {
			return true, nil
		}
	}
}

func row(d match.Document, columns []string) connect.Row {
	out := make(connect.Row, len(columns))
	for i, c := range columns {
		if out[i] = d.Value(c); c == connect.Whole {
			out[i] = match.Fields(d)
		}
	}
	return out
}

// answer bounds how long one answer of the server may take.
func (s *source) answer(ctx context.Context, table string, f func(context.Context) error) error {
	bound, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := f(bound); err != nil {
		return s.failed(ctx, table, err)
	}
	return nil
}

// projection names what is wanted of a document; a path below another one is in it already.
func projection(columns []string) bson.D {
	out := bson.D{}
	if slices.Contains(columns, connect.Whole) {
		return out
	}
	paths := make([]string, len(columns))
	for i, c := range columns {
		paths[i] = field(c)
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for _, p := range paths {
		if !slices.ContainsFunc(paths, func(other string) bool { return strings.HasPrefix(p, other+".") }) {
			out = append(out, bson.E{Key: p, Value: 1})
		}
	}
	if !slices.ContainsFunc(out, func(e bson.E) bool { return e.Key == "_id" || strings.HasPrefix(e.Key, "_id.") }) {
		out = append(out, bson.E{Key: "_id", Value: 1})
	}
	return out
}

// types are those of a key in the order in which the server sorts them.
var types = [...]string{"number", "string", "object", "array", "binData", "objectId", "bool", "date", "timestamp"}

// after leaves out what comes up to r.After in the order of the key.
func (q *reading) after(ctx context.Context) (bson.D, error) {
	if len(q.r.After) == 0 {
		return bson.D{}, nil
	}
	if len(q.r.After) != len(q.r.Key) {
		return nil, avow.Errorf(avow.Invalid, "%s: %s: %d values to go on after for a key of %d columns", q.s.config.System, q.r.Table, len(q.r.After), len(q.r.Key))
	}
	values, err := q.stored(ctx)
	if err != nil {
		return nil, err
	}
	var out []bson.D
	for i, column := range q.r.Key {
		parts := []bson.D{}
		for j := range i {
			parts = append(parts, is(q.r.Key[j], "$eq", values[j]))
		}
		out = append(out, all(append(parts, beyond(column, values[i]))...))
	}
	return either(out), nil
}

func beyond(column string, value any) bson.D {
	out := []bson.D{is(column, "$gt", value)}
	for _, t := range types[slices.Index(types[:], typeOf(value))+1:] {
		out = append(out, is(column, "$type", t))
	}
	return either(out)
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "" // before all others
	case int32, int64, float64, bson.Decimal128:
		return "number"
	case bson.D:
		return "object"
	case bson.A:
		return "array"
	case bson.Binary:
		return "binData"
	case bson.ObjectID:
		return "objectId"
	case bool:
		return "bool"
	case bson.DateTime:
		return "date"
	case bson.Timestamp:
		return "timestamp"
	}
	return "string"
}

// stored is r.After as the document holds it: its text alone does not say whether it is
// an object id. When it is gone, the text is taken for what it looks like.
func (q *reading) stored(ctx context.Context) ([]any, error) {
	filter := make([]bson.D, len(q.r.Key))
	values := make([]any, len(q.r.Key))
	for i, column := range q.r.Key {
		c := q.s.server.candidates(q.r.After[i])
		if len(c) == 0 {
			return values, nil
		}
		filter[i] = is(column, "$in", c)
		values[i] = c[min(1, len(c)-1)]
	}
	var raw bson.D
	err := q.s.answer(ctx, q.r.Table, func(ctx context.Context) error {
		err := q.collection.FindOne(ctx, all(filter...), options.FindOne().SetProjection(projection(q.r.Key))).Decode(&raw)
		if err == mongo.ErrNoDocuments {
			return nil
		}
		return err
	})
	for i, column := range q.r.Key {
		if v, ok := lookup(raw, match.Path(column)); ok {
			values[i] = v
		}
	}
	return values, err
}

// lookup finds the raw value at a path without lists.
func lookup(d bson.D, path []match.Step) (any, bool) {
	for _, e := range d {
		if e.Key != path[0].Name {
			continue
		}
		if len(path) == 1 {
			return e.Value, true
		}
		below, ok := e.Value.(bson.D)
		if !ok {
			return nil, false
		}
		return lookup(below, path[1:])
	}
	return nil, false
}
