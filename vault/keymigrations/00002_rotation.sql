-- +goose Up

-- Each time the organisation's key was changed: which key of its keyset wraps from then
-- on, and how far the keys of subjects have been wrapped anew. The latest one counts.
CREATE TABLE vault_rotations (
	number {{bigint}} PRIMARY KEY,
	key_id {{bigint}} NOT NULL,
	begun {{bigint}} NOT NULL,
	last_done {{blob}} NOT NULL,
	finished {{bigint}},
	dropped {{bigint}}
){{strict}};

-- The organisation's keyset where a key management service holds the key to it. Like
-- vault_keys, leave it out of dumps: what an old copy opens should end with the old keys.
CREATE TABLE vault_keyset (
	id {{bigint}} PRIMARY KEY,
	sealed {{blob}} NOT NULL,
	at {{bigint}} NOT NULL
){{strict}};
