package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/avowhq/avow"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// batchLimit bounds one transaction on PostgreSQL, so that a server that stopped answering is noticed.
const batchLimit = time.Minute

// openPostgres opens a small pool for the writer (one connection writes, one is
// there for migrations and questions) and a pool for readers.
func (db *DB) openPostgres(ctx context.Context, c Config) error {
	db.kind = PostgreSQL
	cfg, err := pgx.ParseConfig(c.DSN)
	if err != nil {
		return avow.Errorf(avow.Invalid, "the PostgreSQL connection string cannot be read") // its text can hold a password
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "avow"
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["synchronous_commit"] = "on"
	db.server = cfg
	db.w = openPool(cfg, 2)
	db.r = openPool(cfg, c.Readers)
	db.jobs = openPool(cfg, 4)
	return db.w.PingContext(ctx)
}

func openPool(cfg *pgx.ConnConfig, conns int) *sql.DB {
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// outcome asks the server what became of a transaction whose commit was not
// answered. It asks for a while, because the server may be on its way back.
func (db *DB) outcome(ctx context.Context, xid string) (committed, known bool) {
	for try := range retries {
		var status sql.NullString
		err := db.w.QueryRowContext(ctx, "SELECT pg_xact_status($1::text::xid8)", xid).Scan(&status)
		switch {
		case err == nil && status.String == "committed":
			return true, true
		case err == nil && status.String == "aborted":
			return false, true
		}
		pause(ctx, try)
	}
	return false, false
}
