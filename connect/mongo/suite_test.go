package mongo_test

import (
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// The tables of the suite are collections here. Nothing binds a field to a type, to a
// length or to being there, and `_id` is a key of its own.
func TestSuite(t *testing.T) {
	connecttest.Run(t, connecttest.System{Name: "ferretdb", NoTypes: true, NoNames: true, NoKeys: true, Make: func(tb testing.TB, tables ...connecttest.Table) connect.Source {
		uri := mongotest.Database(tb)
		db := mongotest.Client(tb, uri)
		for _, table := range tables {
			if err := db.CreateCollection(tb.Context(), table.Name); err != nil {
				tb.Fatal(err)
			}
			for from := 0; from < len(table.Rows); from += 5000 {
				var docs []any
				for _, row := range table.Rows[from:min(from+5000, len(table.Rows))] {
					docs = append(docs, document(table, row))
				}
				if _, err := db.Collection(table.Name).InsertMany(tb.Context(), docs); err != nil {
					tb.Fatal(err)
				}
			}
		}
		s, err := mongo.Open(tb.Context(), connect.Config{System: "shop", Kind: "mongodb", Secret: uri, Region: "GB"})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { s.Close() })
		return s
	}})
}

func document(table connecttest.Table, row connect.Row) bson.D {
	var d bson.D
	for i, c := range table.Columns {
		d = append(d, bson.E{Key: c.Name, Value: native(row[i])})
	}
	return d
}

// native is a value as a program would have written it; FerretDB 1.24 knows no exact numbers.
func native(v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		return string(v)
	case connect.Date:
		return string(v)
	case []byte:
		return bson.Binary{Data: v}
	case time.Time:
		return bson.NewDateTimeFromTime(v)
	case map[string]any:
		var d bson.D
		for _, key := range []string{"a", "b", "c"} {
			if below, ok := v[key]; ok {
				d = append(d, bson.E{Key: key, Value: native(below)})
			}
		}
		return d
	case []any:
		out := bson.A{}
		for _, each := range v {
			out = append(out, native(each))
		}
		return out
	}
	return v
}
