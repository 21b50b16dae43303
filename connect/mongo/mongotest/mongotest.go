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
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

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
	cmd := exec.Command(Program(tb), append([]string{dir}, certificates...)...)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stdin.Close(); io.Copy(io.Discard, stdout); cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("FerretDB did not start: %v", err)
	}
	return strings.TrimSpace(line), func() { cmd.Process.Kill() }
}

// Program builds FerretDB, once for each version of it, and returns the program's file.
func Program(tb testing.TB) string {
	tb.Helper()
	dir := module(tb)
	hash := sha256.New()
	io.WriteString(hash, runtime.Version()+runtime.GOOS+runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			tb.Fatal(err)
		}
		hash.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "avow-test")
	program := filepath.Join(cache, "ferret-"+hex.EncodeToString(hash.Sum(nil)[:8]))
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		tb.Fatal(err)
	}
	build(tb, dir, program)
	return program
}

func build(tb testing.TB, dir, program string) {
	tb.Helper()
	made := program + "." + strings.ToLower(rand.Text())
	defer os.Remove(made)
	cmd := exec.Command("go", "build", "-o", made, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("FerretDB cannot be built, and nothing else here speaks MongoDB's protocol (AVOW_TEST_MONGODB may name a server): %v\n%s", err, out)
	}
	if err := os.Rename(made, program); err != nil {
		tb.Fatal(err)
	}
}

// module is the folder of the nested module, wherever in the project the test runs.
func module(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		found := filepath.Join(dir, "connect", "mongo", "ferret")
		if _, err := os.Stat(filepath.Join(found, "go.mod")); err == nil {
			return found
		}
		if filepath.Dir(dir) == dir {
			tb.Fatal("the module connect/mongo/ferret was not found above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// Unique makes a unique index on a field.
func Unique(tb testing.TB, db *mongo.Database, collection, field string) {
	tb.Helper()
	index := mongo.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := db.Collection(collection).Indexes().CreateOne(context.Background(), index); err != nil {
		tb.Fatal(err)
	}
}
