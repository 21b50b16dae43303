-- +goose Up

-- Somebody who showed to hold an address, for half an hour. Only the token's hash is kept.
CREATE TABLE rights_sessions (
  hash    {{blob}}   PRIMARY KEY,
  subject {{blob}}   NOT NULL,
  made    {{bigint}} NOT NULL,
  expires {{bigint}} NOT NULL
){{strict}};

CREATE INDEX rights_sessions_subject ON rights_sessions (subject);
CREATE INDEX rights_sessions_expires ON rights_sessions (expires);

-- People whose data is gone and whose keys are still to be destroyed: Resume does it when we were cut short.
CREATE TABLE rights_erasures (
  subject {{blob}}   PRIMARY KEY,
  begun   {{bigint}} NOT NULL
){{strict}};
