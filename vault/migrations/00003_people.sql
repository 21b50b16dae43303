-- +goose Up

-- For whom somebody acts. Rows of subjects who were joined stay with their own ids, as values do.
CREATE TABLE vault_employers (
	subject {{blob}} PRIMARY KEY,
	index_version {{bigint}} NOT NULL,
	blind {{blob}} NOT NULL,
	sealed {{blob}} NOT NULL,
	at {{bigint}} NOT NULL
){{strict}};
CREATE INDEX vault_employers_blind ON vault_employers (index_version, blind);

-- People whom staff joined on evidence, as they were before: what undoing it needs.
-- event is the event of the ledger that says who did it and why.
CREATE TABLE vault_merges (
	old {{blob}} PRIMARY KEY,
	subject {{blob}} NOT NULL,
	event {{blob}} NOT NULL,
	kind TEXT NOT NULL,
	made {{bigint}} NOT NULL,
	into_kind TEXT NOT NULL,
	merged_kind TEXT NOT NULL,
	at {{bigint}} NOT NULL
){{strict}};
CREATE INDEX vault_merges_subject ON vault_merges (subject);

CREATE TABLE vault_merged_identities (
	old {{blob}} NOT NULL,
	subject {{blob}} NOT NULL,
	kind TEXT NOT NULL,
	index_version {{bigint}} NOT NULL,
	blind {{blob}} NOT NULL,
	standing TEXT NOT NULL,
	sealed {{blob}} NOT NULL,
	PRIMARY KEY (old, subject, kind, index_version, blind)
){{strict}};

CREATE TABLE vault_merged_aliases (
	old {{blob}} NOT NULL,
	alias {{blob}} NOT NULL,
	PRIMARY KEY (old, alias)
){{strict}};
