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
	cfg, err := parseDSN(c.DSN)
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
	writing := cfg.Copy()
	// A node that stopped in the middle of a batch, or was cut off, keeps nobody waiting for long.
	writing.RuntimeParams["idle_in_transaction_session_timeout"] = "10000"
	db.w = openPool(writing, 2)
	db.r = openPool(cfg, c.Readers)
	db.jobs = openPool(cfg, 4)
	if err := db.w.PingContext(ctx); err != nil {
		return err
	}
	return db.keepBatches(ctx)
}

func openPool(cfg *pgx.ConnConfig, conns int) *sql.DB {
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}
