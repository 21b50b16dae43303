-- +goose Up
-- What a witness last signed of a log, and how it went since. A witness is known by
-- the name and hash of its key, a log by its origin.
CREATE TABLE ledger_witnesses (
	witness TEXT NOT NULL,
	origin TEXT NOT NULL,
	size {{bigint}} NOT NULL,
	at {{bigint}} NOT NULL,
	error TEXT NOT NULL,
	PRIMARY KEY (witness, origin)
){{strict}};

-- The cosignatures: of each witness the last ones. The text is what was signed, the line goes below it.
CREATE TABLE ledger_cosignatures (
	witness TEXT NOT NULL,
	origin TEXT NOT NULL,
	size {{bigint}} NOT NULL,
	text TEXT NOT NULL,
	signed TEXT NOT NULL,
	line TEXT NOT NULL,
	PRIMARY KEY (origin, size, witness)
){{strict}};
