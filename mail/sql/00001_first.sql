-- +goose Up

-- letter: the message, sealed under the room's key with the id as associated data;
-- NULL once it has left or was given up. state: waiting, sent, refused, late.
CREATE TABLE mail_outbox (
  id     {{blob}}   PRIMARY KEY,
  made   {{bigint}} NOT NULL,
  due    {{bigint}} NOT NULL,
  until  {{bigint}} NOT NULL,
  tries  {{bigint}} NOT NULL,
  state  TEXT       NOT NULL,
  letter {{blob}}
){{strict}};

CREATE INDEX mail_outbox_due ON mail_outbox (due) WHERE state = 'waiting';
CREATE INDEX mail_outbox_made ON mail_outbox (made);

-- The built-in mailbox of the demo: where letters arrive when no mail server is configured.
CREATE TABLE mail_mailbox (
  id     {{blob}}   PRIMARY KEY,
  at     {{bigint}} NOT NULL,
  letter {{blob}}   NOT NULL
){{strict}};

CREATE INDEX mail_mailbox_at ON mail_mailbox (at);
