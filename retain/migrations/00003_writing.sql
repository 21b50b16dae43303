-- +goose Up

-- Whether a run carries out a batch in a system just now: whoever places a hold waits for its end.
ALTER TABLE retain_runs ADD COLUMN writing {{bigint}} NOT NULL DEFAULT 0;
