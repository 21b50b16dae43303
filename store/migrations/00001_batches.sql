-- +goose Up
-- The last batch that each node committed: what a node asks when its connection was
-- lost during a commit. PostgreSQL's own names of transactions are given out again
-- after a crash, so they cannot tell.
CREATE TABLE store_batches (
	node TEXT PRIMARY KEY, -- a name drawn when the node started
	batch {{bigint}} NOT NULL, -- counted by the node
	at {{bigint}} NOT NULL
){{strict}};
