// Package mongo reaches collections of documents over MongoDB's protocol. A field is
// named by its path: `profile.email`, and `[]` stands behind a list: `phones[]`,
// `orders[].sku`. What is read of a path through a list is a list, with one entry for
// each element and nothing where an element has none.
//
// It is tested against FerretDB 1.24 on SQLite, which speaks the protocol and is not
// MongoDB itself. What FerretDB lacks is not relied on: lists are read, changed here and
// written back on the condition that they still are as they were read, instead of
// with arrayFilters. On a replica set or a sharded cluster of MongoDB a Change is one
// transaction; that, and the privileges that MongoDB reports, follow its documentation
// and were not run against it. Without transactions each document is changed whole or not at
// all, changes are made in their order, and doing them again goes on where they stopped.
//
// What stays true: a value meets every type under which a field may hold it: `42` finds the
// number and the text, 24 hexadecimal digits an object id too. The server is asked for at
// least what is meant, and package match decides on each document. Changing a
// field keeps its type. An error holds no value, and no credential.
//
// What it never does: create a collection or an index, or change the element of a list that is not meant.
package mongo

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// The bounds of waiting.
const (
	reachTimeout  = 10 * time.Second // until a server is found
	answerTimeout = time.Minute      // for one command
)

// source is one database.
type source struct {
	config  connect.Config
	client  *mongo.Client
	db      *mongo.Database
	server  server
	known   sync.Map // collections that are there
	product string
	tls     bool // it is spoken to by TLS
}

// server is what was found out about the other side.
type server struct {
	transactions bool
	decimals     bool // it knows exact numbers; FerretDB 1 breaks the connection on one
}

// Open connects to the database that the connection string in c.Secret names, or else
// c.Within: `mongodb://user:password@host/shop`.
func Open(ctx context.Context, c connect.Config) (connect.Source, error) {
	opts, name, err := dialled(c)
	if err != nil {
		return nil, err
	}
	if c.Within != "" {
		name = c.Within
	}
	if name == "" {
		return nil, avow.Errorf(avow.Invalid, "%s: no database is named; write it at the end of the connection string, or as schema in the map", c.System)
	}
	client, err := mongo.Connect(opts)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s: the connection string cannot be used", c.System)
	}
	s := &source{config: c, client: client, db: client.Database(name), tls: opts.TLSConfig != nil}
	if err := s.greet(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// greet asks the server what it is and can.
func (s *source) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var hello struct {
		SetName string `bson:"setName"`
		Msg     string `bson:"msg"`
	}
	var build struct {
		Version string `bson:"version"`
		Ferret  string `bson:"ferretdbVersion"`
	}
	admin := s.client.Database("admin")
	if err := admin.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return s.failed(ctx, "", err)
	}
	if err := admin.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build); err != nil {
		return s.failed(ctx, "", err)
	}
	s.product = "MongoDB " + build.Version
	s.server = server{transactions: hello.SetName != "" || hello.Msg == "isdbgrid", decimals: true}
	if build.Ferret != "" {
		s.product = "FerretDB (as MongoDB " + build.Version + ")"
		s.server = server{}
	}
	return nil
}

// Now is the time by the server's clock.
func (s *source) Now(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	var hello struct {
		At time.Time `bson:"localTime"`
	}
	if err := s.client.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return time.Time{}, s.failed(ctx, "", err)
	}
	return hello.At, nil
}

// Close ends the connections.
func (s *source) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), reachTimeout)
	defer cancel()
	if err := s.client.Disconnect(ctx); err != nil {
		return avow.Errorf(avow.Unavailable, "%s: the connections did not end in order", s.config.System)
	}
	return nil
}

// collection finds a collection by its name, with the database's before it or without.
func (s *source) collection(ctx context.Context, table string) (*mongo.Collection, error) {
	name := strings.TrimPrefix(table, s.db.Name()+".")
	if name == "" || strings.ContainsAny(name, "$\x00") {
		return nil, avow.Errorf(avow.Invalid, "%s: %q cannot be the name of a collection", s.config.System, table)
	}
	if _, ok := s.known.Load(name); ok {
		return s.db.Collection(name), nil
	}
	names, err := s.db.ListCollectionNames(ctx, bson.D{{Key: "name", Value: name}})
	if err != nil {
		return nil, s.failed(ctx, table, err)
	}
	if len(names) == 0 {
		return nil, avow.Errorf(avow.NotFound, "%s: there is no collection %s", s.config.System, name)
	}
	s.known.Store(name, true)
	return s.db.Collection(name), nil
}

// fields checks that names can only be names: what begins with a dollar is an operator.
func (s *source) fields(table string, columns ...string) error {
	for _, c := range columns {
		if c == connect.Whole {
			continue
		}
		for part := range strings.SplitSeq(c, ".") {
			part = strings.TrimSuffix(part, "[]")
			if part == "" || strings.HasPrefix(part, "$") || strings.ContainsAny(part, "[]\x00") {
				return avow.Errorf(avow.Invalid, "%s: %q cannot be a field of %s; write parts with dots between them, and [] behind a list", s.config.System, c, table)
			}
		}
	}
	return nil
}
