package main

import (
	"context"
	"crypto/rand"
	"os"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

const (
	clients = 32
	atOnce  = 500 // rows of a bare insert, and events of a Write
	writes  = 192 // of so many, a round
	singles = 8000
)

// batched is events on PostgreSQL, beside nothing but rows.
type batched struct {
	version        string
	width          int // bytes of the sealed column in both
	bare           *lane
	batches, alone *lane
}

// measureBatched runs on a server with its own settings; nil when there is none.
func measureBatched(ctx context.Context, c config) (*batched, error) {
	server, err := startPostgres()
	if err == errNoPostgres {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer server.stop()
	dsn, drop, err := server.database(ctx)
	if err != nil {
		return nil, err
	}
	defer drop()
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	h, people, err := inhabited(ctx, dir, dsn, few)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var b batched
	if b.width, err = h.width(ctx, func() error { return h.append(ctx, people[0], 1) }); err != nil {
		return nil, err
	}
	rows, err := openRows(ctx, dsn, b.width)
	if err != nil {
		return nil, err
	}
	defer rows.pool.Close()
	if err := rows.pool.QueryRow(ctx, "SHOW server_version").Scan(&b.version); err != nil {
		return nil, err
	}
	b.bare = eventsOf(clients, c.share(writes), func(int, int) error { return rows.insert(ctx, atOnce) })
	b.batches = eventsOf(clients, c.share(writes), func(place, times int) error {
		return h.append(ctx, ofTurn(people, clients, place, times), atOnce)
	})
	b.alone = eventsOf(clients, c.share(singles), func(place, times int) error { return h.append(ctx, ofTurn(people, clients, place, times), 1) })
	b.bare.each, b.batches.each = atOnce, atOnce
	return &b, inTurns("PostgreSQL", c.rounds, []*lane{b.bare, b.batches, b.alone})
}

// width is how long the sealed body is of the event that something makes.
func (h *house) width(ctx context.Context, make func() error) (n int, err error) {
	if err := make(); err != nil {
		return 0, err
	}
	err = h.db.Read(ctx, func(tx *store.Tx) error {
		size, err := h.ledger.Size(tx)
		if err != nil {
			return err
		}
		list, err := h.ledger.Read(tx, size-1, 1)
		n = len(list[0].Sealed)
		return err
	})
	return n, err
}

// rows is a table as wide as the ledger's, with the same indexes, that holds nothing worth reading.
type rows struct {
	pool  *pgxpool.Pool
	width int
	next  atomic.Int64
}

func openRows(ctx context.Context, dsn string, width int) (*rows, error) {
	pool, err := pgxpool.New(ctx, dsn+" pool_max_conns=32")
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, `CREATE TABLE bare (idx bigint PRIMARY KEY, id bytea NOT NULL UNIQUE, type text NOT NULL, subject bytea, ours boolean NOT NULL,
		at bigint NOT NULL, policy text NOT NULL, version bigint NOT NULL, sealed bytea, sealed_hash bytea NOT NULL, commitment bytea NOT NULL, mac bytea)`)
	if err == nil {
		_, err = pool.Exec(ctx, "CREATE INDEX bare_subject ON bare (subject, idx)")
	}
	return &rows{pool: pool, width: width}, err
}

// insert adds rows in one statement, one array for each column, and returns when they are on disk.
func (r *rows) insert(ctx context.Context, n int) error {
	first, subject := r.next.Add(int64(n))-int64(n), random(16)
	indexes, ats, versions := make([]int64, n), make([]int64, n), make([]int64, n)
	types, policies, ours := make([]string, n), make([]string, n), make([]bool, n)
	ids, subjects, sealed := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	hashes, commitments, macs := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	now := today
	for i := range n {
		id := avow.NewID(now)
		indexes[i], ats[i], versions[i] = first+int64(i), now.UnixMicro(), 1
		types[i], policies[i] = string(ledger.ConsentGiven), "site"
		ids[i], subjects[i], sealed[i] = id[:], subject, random(r.width)
		hashes[i], commitments[i], macs[i] = random(32), random(32), random(16)
	}
	_, err := r.pool.Exec(ctx, `INSERT INTO bare SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[], $5::boolean[], $6::bigint[],
		$7::text[], $8::bigint[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[])`,
		indexes, ids, types, subjects, ours, ats, policies, versions, sealed, hashes, commitments, macs)
	return err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
