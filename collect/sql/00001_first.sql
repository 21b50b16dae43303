-- +goose Up

-- What a confirmation link confirms: exactly the consents of the form it was sent for.
CREATE TABLE collect_confirmations (
  link    {{blob}}   NOT NULL,
  policy  TEXT       NOT NULL,
  version {{bigint}} NOT NULL,
  purpose TEXT       NOT NULL,
  way     TEXT       NOT NULL,
  expires {{bigint}} NOT NULL,
  PRIMARY KEY (link, policy, purpose)
){{strict}};

CREATE INDEX collect_confirmations_expires ON collect_confirmations (expires);
