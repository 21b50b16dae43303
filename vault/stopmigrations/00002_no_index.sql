-- +goose Up
-- All who are asked for by time are gone through in the order of the key anyway.
DROP INDEX vault_stops_at;
