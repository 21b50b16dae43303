-- +goose Up

-- A file on its way in. state: staging, staged, flipped, settled, discarding, discarded.
-- line is the last line that was dealt with; seen is how far the ledger was looked through
-- for what people have stopped since.
CREATE TABLE intake_imports (
  id        {{blob}}   PRIMARY KEY,
  hash      {{blob}}   NOT NULL,
  file      TEXT       NOT NULL,
  policy    TEXT       NOT NULL,
  version   {{bigint}} NOT NULL,
  source    TEXT       NOT NULL,
  options   TEXT       NOT NULL,
  by_whom   TEXT       NOT NULL,
  state     TEXT       NOT NULL,
  line      {{bigint}} NOT NULL,
  lines     {{bigint}} NOT NULL,
  accepted  {{bigint}} NOT NULL,
  people    {{bigint}} NOT NULL,
  errors    {{bigint}} NOT NULL,
  notices   {{bigint}} NOT NULL,
  allowed   {{bigint}} NOT NULL,
  codes     TEXT       NOT NULL,
  seen      {{bigint}} NOT NULL,
  begun     {{bigint}} NOT NULL,
  flipped   {{bigint}},
  ended     {{bigint}}
){{strict}};
CREATE INDEX intake_imports_hash ON intake_imports (hash);

-- The report, line by line. No value of the file stands in it.
CREATE TABLE intake_findings (
  import {{blob}}   NOT NULL,
  line   {{bigint}} NOT NULL,
  nr     {{bigint}} NOT NULL,
  col    TEXT       NOT NULL,
  level  TEXT       NOT NULL,
  code   TEXT       NOT NULL,
  what   TEXT       NOT NULL,
  advice TEXT       NOT NULL,
  PRIMARY KEY (import, line, nr)
){{strict}};

-- Who came in by a file, until it is settled or discarded.
CREATE TABLE intake_people (
  import  {{blob}} NOT NULL,
  subject {{blob}} NOT NULL,
  kind    TEXT     NOT NULL,
  PRIMARY KEY (import, subject)
){{strict}};
CREATE INDEX intake_people_subject ON intake_people (subject);

-- Keyed hashes of their addresses, as long: to know a person again on a later line,
-- and to find who has said stop meanwhile. opens: the person is who holds it.
CREATE TABLE intake_addresses (
  import  {{blob}} NOT NULL,
  address {{blob}} NOT NULL,
  subject {{blob}} NOT NULL,
  opens   {{bool}} NOT NULL,
  PRIMARY KEY (import, address, subject)
){{strict}};

-- Who is to be told that and whence their data came (gdpr:14). It counts once the import is in force.
-- state: waiting; written (a letter is on its way); told; cannot (no address, or it was refused).
CREATE TABLE intake_duties (
  import  {{blob}}   NOT NULL,
  subject {{blob}}   NOT NULL,
  source  TEXT       NOT NULL,
  due     {{bigint}} NOT NULL,
  state   TEXT       NOT NULL,
  letter  {{blob}},
  at      {{bigint}},
  PRIMARY KEY (import, subject, source)
){{strict}};
CREATE INDEX intake_duties_due ON intake_duties (state, due);
CREATE INDEX intake_duties_at ON intake_duties (state, at);
CREATE INDEX intake_duties_subject ON intake_duties (subject);
