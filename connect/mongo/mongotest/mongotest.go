// Package mongotest gives a test a real, empty database that speaks MongoDB's protocol:
// one of the server that AVOW_TEST_MONGODB names (a connection string without a database),
// or else a FerretDB of the test's own, which is built from the nested module beside this
// package. Where it cannot be built the test fails and says why.
//
// What stays true: each test has a database of its own, and nothing is left of it afterwards.
//
// What it never does: stand in for a database.
package mongotest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect/connecttest"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Database is the connection string of an empty database, which is dropped with the test.
func Database(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv("AVOW_TEST_MONGODB")
	if server == "" {
		server = Start(tb, filepath.Join(tb.TempDir(), "ferret"))
	}
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal("AVOW_TEST_MONGODB cannot be read")
	}
	u.Path = "/avow_test_" + strings.ToLower(rand.Text())
	tb.Cleanup(func() { Drop(tb, u.String()) })
	return u.String()
}

// Drop removes the database of a connection string.
func Drop(tb testing.TB, uri string) {
	tb.Helper()
	db := Client(tb, uri)
	if err := db.Drop(context.Background()); err != nil {
		tb.Error(err)
	}
}

// Client is the database by the driver itself, to fill it and to look at it.
func Client(tb testing.TB, uri string) *mongo.Database {
	tb.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetTimeout(5 * time.Minute).SetServerSelectionTimeout(3 * time.Second))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Disconnect(context.Background()) })
	return client.Database(uri[strings.LastIndexByte(uri, '/')+1:])
}

// Insert puts documents into a collection. Each is extended JSON, as mongoimport reads it.
func Insert(tb testing.TB, db *mongo.Database, collection string, documents ...string) {
	tb.Helper()
	var out []any
	for _, text := range documents {
		var d bson.D
		if err := bson.UnmarshalExtJSON([]byte(text), false, &d); err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		out = append(out, d)
	}
	if _, err := db.Collection(collection).InsertMany(context.Background(), out); err != nil {
		tb.Fatal(err)
	}
}

// Dump is what a collection holds, one document a line as extended JSON, by the key.
func Dump(tb testing.TB, db *mongo.Database, collection string) string {
	tb.Helper()
	cursor, err := db.Collection(collection).Find(context.Background(), bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		tb.Fatal(err)
	}
	var out strings.Builder
	for cursor.Next(context.Background()) {
		text, err := bson.MarshalExtJSON(cursor.Current, false, false)
		if err != nil {
			tb.Fatal(err)
		}
		out.Write(text)
		out.WriteByte('\n')
	}
	if err := cursor.Err(); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

// Start runs a FerretDB on a folder, which may hold the data of an earlier one, until the test ends.
// With certificates, a folder with server.pem and server-key.pem, it speaks TLS; with the
// file of an authority behind it, to those who show a certificate of that authority.
func Start(tb testing.TB, dir string, certificates ...string) (uri string) {
	tb.Helper()
	uri, _ = StartStoppable(tb, dir, certificates...)
	return uri
}

// StartStoppable is Start with the means to kill the server before.
func StartStoppable(tb testing.TB, dir string, certificates ...string) (uri string, kill func()) {
	tb.Helper()
	program := connecttest.Program(tb, "connect/mongo/ferret", "nothing else here speaks MongoDB's protocol (AVOW_TEST_MONGODB may name a server)")
	return connecttest.RunProgram(tb, program, append([]string{dir}, certificates...)...)
}

// Unique makes a unique index on a field.
func Unique(tb testing.TB, db *mongo.Database, collection, field string) {
	tb.Helper()
	index := mongo.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := db.Collection(collection).Indexes().CreateOne(context.Background(), index); err != nil {
		tb.Fatal(err)
	}
}
