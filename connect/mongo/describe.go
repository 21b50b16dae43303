package mongo

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A collection says nothing of its fields: documents are looked at, the first ones and
// those with the greatest keys, which are the latest where keys are object ids.
const (
	sampled   = 200
	maxFields = 2000 // of one collection; a map with a key for each person would have millions
)

// Describe implements connect.Source. The fields are those of sampled documents: one
// that is rare may be missing, and every field may be empty.
func (s *source) Describe(ctx context.Context) (*connect.Schema, error) {
	var found []mongo.CollectionSpecification
	err := s.answer(ctx, "", func(ctx context.Context) (err error) {
		found, err = s.db.ListCollectionSpecifications(ctx, bson.D{})
		return err
	})
	if err != nil {
		return nil, err
	}
	rights, err := s.rights(ctx)
	if err != nil {
		return nil, err
	}
	out := &connect.Schema{Product: s.product, Atomic: s.server.transactions, Within: s.db.Name()}
	slices.SortFunc(found, func(a, b mongo.CollectionSpecification) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range found {
		if strings.HasPrefix(f.Name, "system.") {
			continue
		}
		t, err := s.table(ctx, f, rights)
		if err != nil {
			return nil, err
		}
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

func (s *source) table(ctx context.Context, f mongo.CollectionSpecification, rights rights) (connect.Table, error) {
	t := connect.Table{Name: f.Name, View: f.Type == "view", Key: []string{"_id"}, Rows: -1, Lacks: s.lacks(f.Name, rights)}
	if t.View {
		t.Lacks[connect.OpUpdate] = "a view cannot be changed; map the collection it shows"
		t.Lacks[connect.OpDelete] = t.Lacks[connect.OpUpdate]
	}
	if _, denied := t.Lacks[connect.OpRead]; denied {
		t.Columns = []connect.Column{{Name: "_id"}}
		return t, nil
	}
	collection := s.db.Collection(f.Name)
	fields := fields{seen: map[string]*seen{}}
	for _, order := range []int{0, -1} {
		if err := s.sample(ctx, collection, order, &fields); err != nil {
			return t, err
		}
	}
	t.Columns = fields.columns()
	if t.View {
		return t, nil
	}
	err := s.answer(ctx, f.Name, func(ctx context.Context) (err error) {
		if t.Rows, err = collection.EstimatedDocumentCount(ctx); err != nil {
			return err
		}
		return indexes(ctx, collection, &t)
	})
	return t, err
}

func (s *source) sample(ctx context.Context, collection *mongo.Collection, order int, fields *fields) error {
	opts := options.Find().SetLimit(sampled)
	if order != 0 {
		opts.SetSort(bson.D{{Key: "_id", Value: order}})
	}
	return s.answer(ctx, collection.Name(), func(ctx context.Context) error {
		cursor, err := collection.Find(ctx, bson.D{}, opts)
		if err != nil {
			return err
		}
		defer cursor.Close(context.WithoutCancel(ctx))
		for cursor.Next(ctx) {
			var raw bson.D
			if err := cursor.Decode(&raw); err != nil {
				return err
			}
			fields.document("", raw)
		}
		return cursor.Err()
	})
}

func indexes(ctx context.Context, collection *mongo.Collection, t *connect.Table) error {
	cursor, err := collection.Indexes().List(ctx)
	if err != nil {
		return err
	}
	var list []index
	if err := cursor.All(ctx, &list); err != nil {
		return err
	}
	for _, x := range list {
		var columns []string
		for _, e := range x.Key {
			columns = append(columns, named(t, e.Key))
		}
		t.Indexes = append(t.Indexes, columns)
		if x.holds() && x.Name != "_id_" {
			t.Unique = append(t.Unique, columns)
		}
	}
	return nil
}

// index is what a server says of one.
type index struct {
	Name    string `bson:"name"`
	Key     bson.D `bson:"key"`
	Unique  bool   `bson:"unique"`
	Sparse  bool   `bson:"sparse"`
	Partial bson.D `bson:"partialFilterExpression"`
}

// holds reports whether an index lets no two documents have the same; a sparse or partial one
// speaks of some documents only.
func (x index) holds() bool { return x.Unique && !x.Sparse && x.Partial == nil }
