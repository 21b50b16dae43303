-- +goose Up

-- What two subjects had said before staff merged them, so that it can be undone: JSON
-- lists of rows of consent_choices. mark: the count of choices right after the merger.
CREATE TABLE consent_mergers (
  old     {{blob}} PRIMARY KEY,
  subject {{blob}} NOT NULL,
  mark    {{bigint}} NOT NULL,
  mine    TEXT NOT NULL,
  theirs  TEXT NOT NULL,
  at      {{bigint}} NOT NULL
){{strict}};
CREATE INDEX consent_mergers_subject ON consent_mergers (subject);

-- Whose choices were written before every one of them was in an event. They are put
-- into events once, by the first program that knows how.
CREATE TABLE consent_uncarried (
  subject {{blob}} PRIMARY KEY
){{strict}};
INSERT INTO consent_uncarried (subject) SELECT DISTINCT subject FROM consent_choices;

CREATE TABLE consent_suppressed_uncarried (
  address {{blob}} PRIMARY KEY
){{strict}};
INSERT INTO consent_suppressed_uncarried (address) SELECT DISTINCT address FROM consent_suppressed;
