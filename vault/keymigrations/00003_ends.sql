-- +goose Up

-- How often keys were destroyed. One question about it, instead of one about every key
-- in use, tells a node that nothing it holds open has been destroyed meanwhile.
CREATE TABLE vault_ends (
	id {{bigint}} PRIMARY KEY,
	number {{bigint}} NOT NULL
){{strict}};
INSERT INTO vault_ends (id, number) VALUES (1, 0);
