-- +goose Up

-- The published versions, as they were given. They are compiled anew at the start, in order.
CREATE TABLE policy_versions (
  name      TEXT       NOT NULL,
  number    {{bigint}} NOT NULL,
  effective {{bigint}} NOT NULL,
  hash      {{blob}}   NOT NULL,
  file      TEXT       NOT NULL,
  source    {{blob}}   NOT NULL,
  published {{bigint}} NOT NULL,
  PRIMARY KEY (name, number)
){{strict}};

-- What each person has said, as it stands now; how it came about is in the ledger.
-- kind: consent (name is a purpose), purpose, marketing, topic (objections to a purpose, to its
-- marketing, to a topic), once (a purpose), fact (a word), restriction, region (a code).
-- state: given, unconfirmed, withdrawn, refused; set, overridden, ended, recalled.
-- seq counts a person's choices: the later one is the one that holds.
CREATE TABLE consent_choices (
  subject    {{blob}}   NOT NULL,
  policy     TEXT       NOT NULL,
  kind       TEXT       NOT NULL,
  name       TEXT       NOT NULL,
  generation {{bigint}} NOT NULL,
  state      TEXT       NOT NULL,
  seq        {{bigint}} NOT NULL,
  at         {{bigint}} NOT NULL,
  ends       {{bigint}},
  version    {{bigint}} NOT NULL,
  event      {{blob}},
  PRIMARY KEY (subject, policy, kind, name, generation)
){{strict}};

-- Everybody this room has heard of, so that the gate can be filled at the start.
CREATE TABLE consent_subjects (
  subject {{blob}} PRIMARY KEY
){{strict}};

-- Who said stop and was erased: a keyed hash of the address, and what was said.
CREATE TABLE consent_suppressed (
  address {{blob}}   NOT NULL,
  policy  TEXT       NOT NULL,
  kind    TEXT       NOT NULL,
  name    TEXT       NOT NULL,
  at      {{bigint}} NOT NULL,
  PRIMARY KEY (address, policy, kind, name)
){{strict}};
