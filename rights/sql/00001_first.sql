-- +goose Up

-- Somebody who showed to hold an address, for half an hour. Only the token's hash is kept.
-- looked is when their last look became an event.
CREATE TABLE rights_sessions (
  hash    {{blob}}   PRIMARY KEY,
  subject {{blob}}   NOT NULL,
  made    {{bigint}} NOT NULL,
  expires {{bigint}} NOT NULL,
  looked  {{bigint}}
){{strict}};

CREATE INDEX rights_sessions_subject ON rights_sessions (subject);
CREATE INDEX rights_sessions_expires ON rights_sessions (expires);

-- Erasures, by the hash of the session that asked for them. subject stands there until
-- the last step is done: Resume does it when we were cut short. came is what it came to, in
-- names and counts, for whoever presses the button twice; it goes after half an hour.
CREATE TABLE rights_erasures (
  session  {{blob}}   PRIMARY KEY,
  subject  {{blob}},
  shred    {{bool}}   NOT NULL,
  begun    {{bigint}} NOT NULL,
  came     TEXT       NOT NULL
){{strict}};

CREATE INDEX rights_erasures_begun ON rights_erasures (begun);
