-- +goose Up
-- Each subject's data key, wrapped by the organisation's key; 16 zero bytes stand for the
-- organisation itself. On PostgreSQL leave this table's rows out of every dump
-- (pg_dump --exclude-table-data=vault_keys): a backup that holds the keys forgets nobody.
CREATE TABLE vault_keys (
	subject {{blob}} PRIMARY KEY,
	wrapped {{blob}},
	made {{bigint}} NOT NULL,
	shredded {{bigint}},
	finished {{bigint}}
){{strict}};
CREATE INDEX vault_keys_unfinished ON vault_keys (shredded) WHERE finished IS NULL AND shredded IS NOT NULL;
