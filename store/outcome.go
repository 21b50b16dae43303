package store

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Whether a commit happened whose answer was lost is found out on PostgreSQL by a
// row that each batch signs: node and number. The name of the transaction would not
// do, because a server that crashed gives out again the names whose records it had
// not yet on disk.

//go:embed migrations
var migrations embed.FS

const (
	askFor  = 30 * time.Second // a server that restarts is waited for this long
	askOnce = 12 * time.Second // longer than a transaction that nobody drives is kept open
)

// keepBatches makes the table, and forgets nodes that have long been gone.
func (db *DB) keepBatches(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, "store", files); err != nil {
		return err
	}
	long := time.Now().AddDate(0, -1, 0)
	_, err = db.w.ExecContext(ctx, "DELETE FROM store_batches WHERE at < $1", long.UnixMicro())
	return err
}

// sign writes the batch's number, and has the server tell the other nodes when, and
// only if, the transaction is kept: one message for both.
func (b *batch) sign() error {
	if b.db.kind == SQLite {
		return nil
	}
	return b.conn.conn.Raw(func(conn any) error {
		var p pgx.Batch
		p.Queue(`INSERT INTO store_batches (node, batch, at) VALUES ($1, $2, $3)
			ON CONFLICT (node) DO UPDATE SET batch = excluded.batch, at = excluded.at`, b.db.node, b.number, b.now.UnixMicro())
		if len(b.told) > 0 {
			p.Queue("SELECT pg_notify($1, $2)", channel, encode(b.db.node, b.told))
		}
		return conn.(*stdlib.Conn).Conn().SendBatch(b.ctx, &p).Close()
	})
}

// outcome asks the server whether a batch of this node was kept. Writing the row
// waits for a transaction that still holds it. It asks for a while, because the
// server may be on its way back.
func (db *DB) outcome(number int64) (committed, known bool) {
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	for try := 0; ctx.Err() == nil; try++ {
		last, err := db.lastBatch(ctx)
		if err == nil {
			return last == number, true
		}
		pause(ctx, try)
	}
	return false, false
}

func (db *DB) lastBatch(ctx context.Context) (number int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, askOnce)
	defer cancel()
	err = db.w.QueryRowContext(ctx, `INSERT INTO store_batches (node, batch, at) VALUES ($1, 0, $2)
		ON CONFLICT (node) DO UPDATE SET at = excluded.at RETURNING batch`, db.node, time.Now().UnixMicro()).Scan(&number)
	return number, err
}
