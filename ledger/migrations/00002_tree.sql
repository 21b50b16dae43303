-- +goose Up
-- A keyed digest binds the columns that the leaf leaves out. A program that knows
-- no tree leaves it empty; whoever next brings the tree up to date fills it.
ALTER TABLE ledger_events ADD COLUMN mac {{blob}};

-- What says that something may be unreadable, found without reading all.
CREATE INDEX ledger_events_covers ON ledger_events (idx) WHERE type IN ('erased', 'expired');

-- The tree covers the first events of the log: all of them, except what a program
-- that knows no tree has added since. Peaks are the roots of its whole subtrees, largest first.
ALTER TABLE ledger_head ADD COLUMN tree {{bigint}} NOT NULL DEFAULT 0;
ALTER TABLE ledger_head ADD COLUMN peaks {{blob}};
ALTER TABLE ledger_head ADD COLUMN origin TEXT;
ALTER TABLE ledger_head ADD COLUMN checkpoint TEXT;

-- Hashes of the tree, at every eighth level: a row is a run of them, from the
-- start-th of its level on. A run never crosses a multiple of 256; a full tile is one row.
CREATE TABLE ledger_tiles (
	level {{bigint}} NOT NULL,
	start {{bigint}} NOT NULL,
	hashes {{blob}} NOT NULL,
	PRIMARY KEY (level, start)
){{strict}};

-- The names this log had before, each with the last that was published under it.
CREATE TABLE ledger_origins (
	number {{bigint}} PRIMARY KEY,
	origin TEXT NOT NULL,
	key TEXT NOT NULL,
	checkpoint TEXT NOT NULL,
	size {{bigint}} NOT NULL,
	ended {{bigint}} NOT NULL
){{strict}};
