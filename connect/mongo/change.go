package mongo

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	changeBatch = 2000 // documents that are read, decided on and written together
	changeTries = 5    // when others change the same documents
)

// Change implements connect.Source.
func (s *source) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	if s.config.ReadOnly {
		return nil, avow.Errorf(avow.Forbidden, "%s: it was opened for reading only", s.config.System)
	}
	for _, c := range changes {
		if err := s.checkChange(c); err != nil {
			return nil, err
		}
	}
	if err := s.there(ctx, changes); err != nil {
		return nil, err
	}
	if s.server.transactions {
		return s.transaction(ctx, changes)
	}
	return s.inOrder(ctx, changes)
}

// there looks for all collections first: within a transaction a server does not say.
func (s *source) there(ctx context.Context, changes []connect.Change) error {
	for _, c := range changes {
		if _, err := s.collection(ctx, c.Table); err != nil {
			return err
		}
		for _, u := range c.Unless {
			if _, err := s.collection(ctx, u.Table); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *source) transaction(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	session, err := s.client.StartSession()
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	var inside error // as it was before it became one for people, so that the driver sees what can be tried again
	results, err := session.WithTransaction(ctx, func(ctx context.Context) (any, error) {
		out, err := s.inOrder(withRaw(ctx, &inside), changes)
		if err != nil && inside != nil {
			return nil, inside
		}
		return out, err
	})
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	return results.([]connect.Result), nil
}

func (s *source) inOrder(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	results := make([]connect.Result, len(changes))
	for i, c := range changes {
		collection, err := s.collection(ctx, c.Table)
		if err != nil {
			return nil, err
		}
		w := s.writing(c, collection)
		for from := 0; from < len(c.Keys); from += changeBatch {
			n, err := w.batch(ctx, c.Keys[from:min(from+changeBatch, len(c.Keys))], from)
			if err != nil {
				return nil, err
			}
			results[i].Changed += n
		}
	}
	return results, nil
}

// checkChange finds what cannot be asked before anything is done.
func (s *source) checkChange(c connect.Change) error {
	bad := func(format string, args ...any) error {
		return avow.Errorf(avow.Invalid, "%s: %s: "+format, append([]any{s.config.System, c.Table}, args...)...)
	}
	columns := slices.Concat(c.Key, match.Columns(c.When))
	for _, in := range slices.Concat(c.Guard, c.Elements) {
		if err := widths(s.config.System, c.Table, in); err != nil {
			return err
		}
		columns = append(columns, in.Columns...)
	}
	for _, set := range c.Set {
		columns = append(columns, set.Column)
		if set.Each != nil && len(set.Each) != len(c.Keys) {
			return bad("%d values for %d keys", len(set.Each), len(c.Keys))
		}
		if field(set.Column) == "_id" || slices.Contains(c.Key, set.Column) {
			return bad("%q is of the key, which cannot be changed", set.Column)
		}
	}
	for _, u := range c.Unless {
		columns = append(columns, u.Of...)
		if len(u.Of) != len(u.Columns) || len(u.Of) == 0 {
			return bad("%d columns of %s are compared with %d", len(u.Columns), u.Table, len(u.Of))
		}
		if err := s.fields(u.Table, slices.Concat(u.Columns, u.Key, match.Columns(u.When))...); err != nil {
			return err
		}
	}
	switch {
	case c.Kind != connect.Delete && c.Kind != connect.Update:
		return bad("%q is no kind of change", c.Kind)
	case len(c.Key) == 0:
		return bad("no key says which documents are meant")
	}
	for _, k := range c.Keys {
		if len(k) != len(c.Key) {
			return bad("%d values for a key of %d columns", len(k), len(c.Key))
		}
	}
	return s.fields(c.Table, columns...)
}

// writing is one Change being made.
type writing struct {
	s          *source
	c          connect.Change
	collection *mongo.Collection
	guards     []*match.Index
	editor     *match.Editor
	columns    []string // what is needed of a document
}

func (s *source) writing(c connect.Change, collection *mongo.Collection) *writing {
	w := &writing{s: s, c: c, collection: collection}
	for _, in := range c.Guard {
		w.guards = append(w.guards, match.NewIndex(in, s.config.Region))
	}
	w.columns = slices.Concat(c.Key, w.stands())
	for _, in := range c.Guard {
		w.columns = append(w.columns, in.Columns...)
	}
	w.editor = match.NewEditor(c, s.config.Region, s.server.like, plain)
	for i := range c.Set {
		w.columns = append(w.columns, c.Set[i].Column)
	}
	for _, in := range c.Elements {
		w.columns = append(w.columns, in.Columns...)
	}
	return w
}

// alone reports whether a guard looks at one field only, outside of lists. Then each value
// that was found in any of the documents is good for all of them.
func (w *writing) alone(guard connect.In) bool {
	return len(guard.Columns) == 1 && !strings.Contains(guard.Columns[0], "[]") && len(w.c.Unless) == 0 && !slices.Contains(match.Columns(w.c.When), guard.Columns[0])
}

// stands are the columns on which the decision to change a document stands, as they are in it.
func (w *writing) stands() []string {
	out := match.Columns(w.c.When)
	for _, in := range w.c.Guard {
		if !w.alone(in) {
			out = append(out, in.Columns...)
		}
	}
	for _, u := range w.c.Unless {
		out = append(out, u.Of...)
	}
	return out
}

// batch changes the documents of some keys, which begin at `from` of all. What others
// changed between reading and writing is read again.
func (w *writing) batch(ctx context.Context, keys []connect.Tuple, from int) (changed int64, err error) {
	for range changeTries {
		models, meant, err := w.models(ctx, keys, from)
		if err != nil || len(models) == 0 {
			return changed, err
		}
		var result *mongo.BulkWriteResult
		err = w.s.answer(ctx, w.c.Table, func(ctx context.Context) (err error) {
			result, err = w.collection.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
			return keepRaw(ctx, err)
		})
		if err != nil {
			return changed, err
		}
		changed += result.DeletedCount + result.ModifiedCount
		if result.DeletedCount+result.MatchedCount == int64(meant) {
			return changed, nil
		}
	}
	return changed, avow.Errorf(avow.Conflict, "%s: %s: others kept changing the same documents; try again", w.s.config.System, w.c.Table)
}

// found is a document of the keys, and which of all keys it has.
type found struct {
	raw bson.D
	doc match.Document
	key int
}

// models reads the documents and says what is to be written: nothing for those that
// are not meant any more or are already as wanted. Documents that were alike and become
// alike are one command.
func (w *writing) models(ctx context.Context, keys []connect.Tuple, from int) (models []mongo.WriteModel, meant int, err error) {
	docs, err := w.read(ctx, keys, from)
	if err != nil {
		return nil, 0, err
	}
	for _, u := range w.c.Unless {
		if docs, err = w.without(ctx, u, docs); err != nil {
			return nil, 0, err
		}
	}
	var commands commands
	guards := w.held(docs)
	for _, f := range docs {
		filter, update := w.command(f)
		filter = append(filter, guards...)
		if w.c.Kind == connect.Update && len(update) == 0 {
			continue
		}
		meant++
		if err := commands.add(f.raw, filter, update); err != nil {
			return nil, 0, avow.Errorf(avow.Internal, "%s: %s: a document cannot be written as it was read", w.s.config.System, w.c.Table)
		}
	}
	return commands.models(w.c.Kind), meant, nil
}

func (w *writing) read(ctx context.Context, keys []connect.Tuple, from int) ([]found, error) {
	in := connect.In{Columns: w.c.Key, Tuples: keys}
	index := match.NewIndex(in, "")
	filter := all(w.s.in(in, keys), w.s.condition(w.c.When))
	var out []found
	err := w.s.answer(ctx, w.c.Table, func(ctx context.Context) error {
		cursor, err := w.collection.Find(ctx, filter, options.Find().SetProjection(whole(w.columns)))
		if err != nil {
			return keepRaw(ctx, err)
		}
		defer cursor.Close(context.WithoutCancel(ctx))
		for cursor.Next(ctx) {
			var raw bson.D
			if err := cursor.Decode(&raw); err != nil {
				return err
			}
			doc := match.Document(plain(raw).(map[string]any))
			if key, ok := index.Find(doc); ok && w.meant(doc) {
				out = append(out, found{raw, doc, from + key})
			}
		}
		return keepRaw(ctx, cursor.Err())
	})
	return out, err
}

func (w *writing) meant(doc match.Document) bool {
	for _, g := range w.guards {
		if !g.Holds(doc) {
			return false
		}
	}
	return match.Holds(w.c.When, doc)
}

// whole takes the top fields of the paths: a list is compared and written back as a whole.
func whole(columns []string) bson.D {
	var top []string
	for _, c := range columns {
		top = append(top, match.Path(c)[0].Name)
	}
	return projection(top)
}

// held are the values of the guards that look at one field: it must hold one of them still.
func (w *writing) held(docs []found) bson.D {
	var out []bson.D
	for _, g := range w.c.Guard {
		if !w.alone(g) {
			continue
		}
		values := bson.A{}
		seen := map[string]bool{}
		for _, f := range docs {
			v, _ := lookup(f.raw, match.Path(g.Columns[0]))
			if text := fmt.Sprintf("%T %v", v, v); !seen[text] {
				seen[text] = true
				values = append(values, v)
			}
		}
		out = append(out, is(g.Columns[0], "$in", values))
	}
	if len(out) == 0 {
		return nil
	}
	return bson.D{{Key: "$and", Value: out}}
}

// command is what is written to one document, and what must be as it was for that.
func (w *writing) command(f found) (filter, update bson.D) {
	for _, column := range w.stands() {
		filter = asItWas(filter, f.raw, column, true)
	}
	if w.c.Kind == connect.Delete {
		return filter, nil
	}
	changed := bsonOf(w.editor.Apply(ordered(f.raw).(match.Object), f.key)).(bson.D)
	set, unset := bson.D{}, bson.D{}
	for _, e := range w.c.Set {
		path := root(f.raw, match.Path(e.Column))
		before, was := lookup(f.raw, path)
		after, is := lookup(changed, path)
		name := joined(path)
		switch {
		case was == is && reflect.DeepEqual(before, after), has(set, name), has(unset, name):
			continue
		case is:
			set = append(set, bson.E{Key: name, Value: after})
		default:
			unset = append(unset, bson.E{Key: name, Value: ""})
		}
		if _, list := before.(bson.A); list {
			filter = asItWas(filter, f.raw, e.Column, false)
		}
	}
	if len(set) > 0 {
		update = append(update, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: unset})
	}
	return filter, update
}

func has(d bson.D, key string) bool {
	return slices.ContainsFunc(d, func(e bson.E) bool { return e.Key == key })
}

// asItWas adds that a field still holds what was read.
func asItWas(filter bson.D, raw bson.D, column string, exact bool) bson.D {
	path := root(raw, match.Path(column))
	name := joined(path)
	if has(filter, name) {
		return filter
	}
	value, ok := lookup(raw, path)
	switch {
	case ok:
		return append(filter, bson.E{Key: name, Value: bson.D{{Key: "$eq", Value: value}}})
	case exact:
		return append(filter, bson.E{Key: name, Value: bson.D{{Key: "$exists", Value: false}}})
	}
	return filter
}

// root is the part of a path that leads up to its first list.
func root(raw bson.D, path []match.Step) []match.Step {
	for i := range path {
		if path[i].List {
			return path[:i+1]
		}
		if v, _ := lookup(raw, path[:i+1]); v != nil {
			if _, list := v.(bson.A); list {
				return path[:i+1]
			}
		}
	}
	return path
}

func joined(path []match.Step) string {
	var b []byte
	for i, p := range path {
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, p.Name...)
	}
	return string(b)
}
