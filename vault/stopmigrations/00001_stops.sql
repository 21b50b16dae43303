-- +goose Up
-- What people stopped, and when, kept beside the keys and therefore outside the backups
-- of the data: a backup that is restored must not forget that somebody said stop. A
-- thing is a subject's id or a keyed hash of an address.
CREATE TABLE vault_stops (
	thing {{blob}} NOT NULL,
	what TEXT NOT NULL,
	at {{bigint}} NOT NULL,
	PRIMARY KEY (thing, what)
){{strict}};
CREATE INDEX vault_stops_at ON vault_stops (at);
