-- +goose Up

-- What stops retention and erasure. sealed holds the identities of the person it is about,
-- under the hold's own key; it is emptied when the hold is lifted. data and tables are names, a
-- line each. changed grows with everything that is placed or lifted.
CREATE TABLE retain_holds (
  id        {{blob}}   PRIMARY KEY,
  kind      TEXT       NOT NULL,
  because   TEXT       NOT NULL,
  placed_by TEXT       NOT NULL,
  person    {{bool}}   NOT NULL,
  sealed    {{blob}},
  data      TEXT       NOT NULL,
  tables    TEXT       NOT NULL,
  since     {{bigint}} NOT NULL,
  until     {{bigint}},
  lifted    {{bigint}},
  lifted_by TEXT       NOT NULL,
  changed   {{bigint}} NOT NULL
){{strict}};

-- The runs of the schedule. One without ended runs, as long as beat is young; came is what
-- it came to, in names and counts.
CREATE TABLE retain_runs (
  id     {{blob}}   PRIMARY KEY,
  run_by TEXT       NOT NULL,
  began  {{bigint}} NOT NULL,
  beat   {{bigint}} NOT NULL,
  ended  {{bigint}},
  came   TEXT       NOT NULL
){{strict}};

CREATE INDEX retain_runs_began ON retain_runs (began);
