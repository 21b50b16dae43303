// Command ferret runs a FerretDB on SQLite for the tests of connect/mongo, on a free
// loopback port, with its data in the directory that is its argument. It prints its
// address on a line of its own and runs until its standard input ends, so that it
// never outlives the test that started it. With a second argument, a folder that holds
// server.pem and server-key.pem, it speaks TLS, and with a third, the file of an
// authority, to those who show a certificate of that authority.
//
// It is a module of its own because FerretDB 1.24, the last release that brings its
// database along, needs old versions of modules that avow uses too.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "ferret: name the directory for the data, and the one with certificates, and the authority of clients")
		os.Exit(2)
	}
	if err := run(os.Args[1], listener(os.Args[2:])); err != nil {
		fmt.Fprintln(os.Stderr, "ferret:", err)
		os.Exit(1)
	}
}

func listener(certificates []string) ferretdb.ListenerConfig {
	if len(certificates) == 0 {
		return ferretdb.ListenerConfig{TCP: "127.0.0.1:0"}
	}
	l := ferretdb.ListenerConfig{TLS: "127.0.0.1:0", TLSCertFile: filepath.Join(certificates[0], "server.pem"), TLSKeyFile: filepath.Join(certificates[0], "server-key.pem")}
	if len(certificates) > 1 {
		l.TLSCAFile = certificates[1]
	}
	return l
}

func run(dir string, l ferretdb.ListenerConfig) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  l,
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() { fmt.Println(db.MongoDBURI()) }() // it waits until Run listens
	return db.Run(ctx)
}
