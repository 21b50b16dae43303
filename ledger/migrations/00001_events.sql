-- +goose Up
-- An event is never changed. Only its sealed body may go, when its schedule ends.
CREATE TABLE ledger_events (
	idx {{bigint}} PRIMARY KEY,
	id {{blob}} NOT NULL UNIQUE,
	type TEXT NOT NULL,
	subject {{blob}},
	ours {{bool}} NOT NULL,
	at {{bigint}} NOT NULL,
	policy TEXT NOT NULL,
	version {{bigint}} NOT NULL,
	sealed {{blob}},
	sealed_hash {{blob}} NOT NULL,
	commitment {{blob}} NOT NULL
){{strict}};
CREATE INDEX ledger_events_subject ON ledger_events (subject, idx);

-- The head is one row: how many events there are, and the time of the last.
CREATE TABLE ledger_head (
	one {{bigint}} PRIMARY KEY CHECK (one = 1),
	size {{bigint}} NOT NULL,
	at {{bigint}} NOT NULL
){{strict}};
INSERT INTO ledger_head (one, size, at) VALUES (1, 0, 0);
