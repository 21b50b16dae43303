-- +goose Up

-- What a system does not let go of, a row a reason: updated by each run that meets it and
-- ended by the first that does not. id is a hash of system, table, rule and reason. staff
-- were told at since, once.
CREATE TABLE retain_standing (
  id         {{blob}}   PRIMARY KEY,
  system     TEXT       NOT NULL,
  table_name TEXT       NOT NULL,
  rule       TEXT       NOT NULL,
  why        TEXT       NOT NULL,
  found      {{bigint}} NOT NULL,
  since      {{bigint}} NOT NULL,
  last       {{bigint}} NOT NULL,
  runs       {{bigint}} NOT NULL,
  ended      {{bigint}}
){{strict}};
