-- +goose Up
CREATE TABLE vault_subjects (
	id {{blob}} PRIMARY KEY,
	kind TEXT NOT NULL,
	made {{bigint}} NOT NULL
){{strict}};

-- A subject that became part of another when both were shown to be one person.
CREATE TABLE vault_aliases (
	old {{blob}} PRIMARY KEY,
	subject {{blob}} NOT NULL REFERENCES vault_subjects (id),
	at {{bigint}} NOT NULL
){{strict}};
CREATE INDEX vault_aliases_subject ON vault_aliases (subject);

-- At most one subject has an identity verified, and at most one has it claimed.
CREATE TABLE vault_identities (
	kind TEXT NOT NULL,
	index_version {{bigint}} NOT NULL,
	blind {{blob}} NOT NULL,
	verified {{bool}} NOT NULL,
	subject {{blob}} NOT NULL,
	sealed {{blob}} NOT NULL,
	claimed_at {{bigint}} NOT NULL,
	verified_at {{bigint}},
	PRIMARY KEY (kind, index_version, blind, verified)
){{strict}};
CREATE INDEX vault_identities_subject ON vault_identities (subject);

CREATE TABLE vault_values (
	id {{blob}} PRIMARY KEY,
	subject {{blob}} NOT NULL,
	category TEXT NOT NULL,
	field TEXT NOT NULL,
	source TEXT NOT NULL,
	point TEXT NOT NULL,
	policy TEXT NOT NULL,
	version {{bigint}} NOT NULL,
	basis TEXT NOT NULL,
	purposes TEXT NOT NULL,
	claimed {{bool}} NOT NULL,
	limited {{bool}} NOT NULL,
	at {{bigint}} NOT NULL,
	same {{blob}} NOT NULL,
	sealed {{blob}} NOT NULL
){{strict}};
CREATE INDEX vault_values_subject ON vault_values (subject, category, field);

CREATE TABLE vault_links (
	hash {{blob}} PRIMARY KEY,
	purpose TEXT NOT NULL,
	subject {{blob}},
	kind TEXT NOT NULL,
	blind {{blob}} NOT NULL,
	sealed {{blob}} NOT NULL,
	made {{bigint}} NOT NULL,
	expires {{bigint}} NOT NULL,
	used {{bigint}}
){{strict}};
CREATE INDEX vault_links_blind ON vault_links (kind, blind, made);
CREATE INDEX vault_links_subject ON vault_links (subject);
CREATE INDEX vault_links_expires ON vault_links (expires);
