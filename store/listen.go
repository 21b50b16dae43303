package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	channel = "avow"
	silence = 5 * time.Second // without news, after which the connection is tried
)

// startListening starts the one goroutine that hears other nodes, unless it runs or the database is closing.
func (db *DB) startListening() {
	db.listening.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			defer cancel()
			<-db.closing
		}()
		db.ears.Go(func() { db.listen(ctx) })
	})
}

// listen keeps a connection of its own open for the news of other nodes.
func (db *DB) listen(ctx context.Context) {
	for try := 0; ctx.Err() == nil; try++ {
		if db.listenOnce(ctx) {
			try = 0
		}
		pause(ctx, try)
	}
}

// listenOnce listens until the connection ends, and reports whether there was one.
func (db *DB) listenOnce(ctx context.Context) bool {
	conn, err := pgx.ConnectConfig(ctx, db.server)
	if err != nil {
		return false
	}
	defer func() {
		late, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn.Close(late)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return false
	}
	db.deliverAnything() // whatever was told while nobody listened
	for db.hearNext(ctx, conn) == nil {
	}
	return true
}

// hearNext waits for one message, or makes sure that the connection still lives.
func (db *DB) hearNext(ctx context.Context, conn *pgx.Conn) error {
	wait, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	n, err := conn.WaitForNotification(wait)
	switch {
	case err == nil:
		db.hear(n.Payload)
		return nil
	case wait.Err() == nil || ctx.Err() != nil:
		return err
	}
	answer, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	return conn.Ping(answer)
}

// hear passes another node's news on. Our own were delivered at the commit.
func (db *DB) hear(message string) {
	node, list, ok := decode(message)
	switch {
	case node == db.node:
	case ok:
		db.deliver(list)
	default:
		db.deliverAnything()
	}
}
