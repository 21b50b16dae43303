-- +goose Up

-- What this machine's clock said when it was last looked at and nothing here spoke against it: one row.
CREATE TABLE retain_clock (
  one  {{bigint}} PRIMARY KEY,
  seen {{bigint}} NOT NULL
){{strict}};

-- By how many microseconds this machine's clock is ahead of another, which a person who knew the
-- day found wrong.
CREATE TABLE retain_clocks_off (
  name  TEXT       PRIMARY KEY,
  ahead {{bigint}} NOT NULL
){{strict}};
