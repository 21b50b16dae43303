-- +goose Up

-- An import: its people are there for everybody from the moment flipped is set.
CREATE TABLE vault_imports (
	id {{blob}} PRIMARY KEY,
	begun {{bigint}} NOT NULL,
	flipped {{bigint}},
	discarded {{bigint}}
){{strict}};

-- People of imports until they are brought together with those who were there already.
CREATE TABLE vault_imported (
	id {{blob}} PRIMARY KEY,
	import {{blob}} NOT NULL,
	kind TEXT NOT NULL,
	made {{bigint}} NOT NULL
){{strict}};
CREATE INDEX vault_imported_import ON vault_imported (import, id);

-- Identities beside those of vault_identities, of which there can be several alike.
-- standing: verified or leading, of somebody imported who is not settled; added, of anybody:
-- it finds them, and whoever verifies it alone gets nothing of theirs.
CREATE TABLE vault_beside (
	subject {{blob}} NOT NULL,
	kind TEXT NOT NULL,
	index_version {{bigint}} NOT NULL,
	blind {{blob}} NOT NULL,
	standing TEXT NOT NULL,
	sealed {{blob}} NOT NULL,
	at {{bigint}} NOT NULL,
	import {{blob}},
	PRIMARY KEY (subject, kind, index_version, blind)
){{strict}};
CREATE INDEX vault_beside_blind ON vault_beside (kind, index_version, blind);
