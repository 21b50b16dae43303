-- +goose Up

-- Requests. secret is what they wrote and who they are, sealed under the request's own
-- key; nothing else in these tables holds a value of anybody. same is a keyed hash of an
-- identity and the right, by which requests of one person are brought together.
CREATE TABLE rights_cases (
  id          {{blob}}   PRIMARY KEY,
  number      TEXT       NOT NULL UNIQUE,
  asked       TEXT       NOT NULL,
  policy      TEXT       NOT NULL,
  version     {{bigint}} NOT NULL,
  region      TEXT       NOT NULL,
  regimes     TEXT       NOT NULL,
  door        TEXT       NOT NULL,
  state       TEXT       NOT NULL,
  stage       TEXT       NOT NULL,
  round       {{bigint}} NOT NULL,
  paused      TEXT       NOT NULL,
  outcome     TEXT       NOT NULL,
  subject     {{blob}},
  same        {{blob}}   NOT NULL,
  merged_into {{blob}},
  opened_by   TEXT       NOT NULL,
  vouched_by  TEXT       NOT NULL,
  approved_by TEXT       NOT NULL,
  refused_by  TEXT       NOT NULL,
  received    {{bigint}} NOT NULL,
  verified    {{bigint}},
  changed     {{bigint}},
  closed      {{bigint}},
  due         {{bigint}},
  remind      {{bigint}},
  secret      {{blob}}   NOT NULL,
  certificate TEXT       NOT NULL,
  event       {{blob}}
){{strict}};

CREATE INDEX rights_cases_same ON rights_cases (same, state);
CREATE INDEX rights_cases_due ON rights_cases (closed, due);
CREATE INDEX rights_cases_remind ON rights_cases (closed, remind);

-- What is to be done, once a step. done is set when it is over, one way or the other. holder and leased say
-- which node does it now, and until when it may show no life. tries are those that came to an end, good or bad.
CREATE TABLE rights_case_steps (
  case_id  {{blob}}   NOT NULL,
  n        {{bigint}} NOT NULL,
  round    {{bigint}} NOT NULL,
  stage    TEXT       NOT NULL,
  kind     TEXT       NOT NULL,
  about    TEXT       NOT NULL,
  step_rank {{bigint}} NOT NULL,
  state    TEXT       NOT NULL,
  tries    {{bigint}} NOT NULL,
  next     {{bigint}} NOT NULL,
  holder   {{blob}},
  leased   {{bigint}},
  who      TEXT       NOT NULL,
  what     TEXT       NOT NULL,
  due      {{bigint}},
  done     {{bigint}},
  done_by  TEXT       NOT NULL,
  outcome  TEXT       NOT NULL,
  trouble  TEXT       NOT NULL,
  trouble_kind TEXT   NOT NULL,
  PRIMARY KEY (case_id, n)
){{strict}};

CREATE INDEX rights_case_steps_next ON rights_case_steps (state, next);

-- What a step captured, sealed under the request's key, in parts of bounded size.
CREATE TABLE rights_case_parts (
  case_id {{blob}}   NOT NULL,
  n       {{bigint}} NOT NULL,
  part    {{bigint}} NOT NULL,
  sealed  {{blob}}   NOT NULL,
  PRIMARY KEY (case_id, n, part)
){{strict}};

-- What happened to a request and matters to its clock.
CREATE TABLE rights_case_moments (
  case_id {{blob}}   NOT NULL,
  n       {{bigint}} NOT NULL,
  what    TEXT       NOT NULL,
  at      {{bigint}} NOT NULL,
  until   TEXT       NOT NULL,
  PRIMARY KEY (case_id, n)
){{strict}};

-- One-time links and codes, hashed. slot is what using one shows: that they hold an
-- address that is known, or the new one. box is a keyed hash of the address: few go to one.
CREATE TABLE rights_case_links (
  hash    {{blob}}   PRIMARY KEY,
  case_id {{blob}}   NOT NULL,
  slot    TEXT       NOT NULL,
  code    {{blob}}   NOT NULL,
  tries   {{bigint}} NOT NULL,
  address {{blob}}   NOT NULL,
  box     {{blob}}   NOT NULL,
  made    {{bigint}} NOT NULL,
  expires {{bigint}} NOT NULL,
  used    {{bigint}}
){{strict}};

CREATE INDEX rights_case_links_case ON rights_case_links (case_id, made);
CREATE INDEX rights_case_links_box ON rights_case_links (box, made);
CREATE INDEX rights_case_links_made ON rights_case_links (made);

-- Somebody who showed to be the person a request is about, for half an hour.
CREATE TABLE rights_case_passes (
  hash    {{blob}}   PRIMARY KEY,
  case_id {{blob}}   NOT NULL,
  expires {{bigint}} NOT NULL
){{strict}};
