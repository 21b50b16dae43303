-- +goose Up

-- The token of each agent whom people authorise, hashed, and the key that it was given
-- to. One token of an agent holds at a time.
CREATE TABLE rights_agents (
  agent      TEXT       PRIMARY KEY,
  token      {{blob}}   NOT NULL UNIQUE,
  verify_key {{blob}}   NOT NULL,
  made       {{bigint}} NOT NULL
){{strict}};

-- Hashes of signed messages that were used, until they would be refused for their age.
CREATE TABLE rights_agent_messages (
  hash    {{blob}}   PRIMARY KEY,
  expires {{bigint}} NOT NULL
){{strict}};

CREATE INDEX rights_agent_messages_expires ON rights_agent_messages (expires);

-- Requests that agents brought by a protocol. same is a keyed hash of the agent's own name
-- for the request; sealed holds that name, what was asked in the protocol's words and where
-- to tell of changes. told and told_due are what the agent was told last, next when to try
-- to tell it more: never, where that is null.
CREATE TABLE rights_agent_requests (
  case_id  {{blob}}   PRIMARY KEY,
  agent    TEXT       NOT NULL,
  same     {{blob}}   NOT NULL UNIQUE,
  sealed   {{blob}}   NOT NULL,
  told     TEXT       NOT NULL,
  told_due {{bigint}},
  tries    {{bigint}} NOT NULL,
  next     {{bigint}}
){{strict}};

CREATE INDEX rights_agent_requests_next ON rights_agent_requests (next);
