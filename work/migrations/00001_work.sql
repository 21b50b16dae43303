-- +goose Up
-- Every event before an effect's cursor is done, set aside, or of no concern to it.
-- The holder is the node that runs it; empty: nobody does.
CREATE TABLE work_effects (
	name TEXT PRIMARY KEY,
	cursor {{bigint}} NOT NULL,
	paused {{bool}} NOT NULL,
	holder TEXT NOT NULL
){{strict}};

-- What an effect has done. Rows well behind its cursor are pruned: the cursor says the same.
CREATE TABLE work_done (
	effect TEXT NOT NULL,
	event {{bigint}} NOT NULL,
	PRIMARY KEY (effect, event)
){{strict}};

-- Events on which an effect failed: waiting for another try, dead, or cancelled by hand.
CREATE TABLE work_failed (
	effect TEXT NOT NULL,
	event {{bigint}} NOT NULL,
	state TEXT NOT NULL,
	tries {{bigint}} NOT NULL,
	next {{bigint}} NOT NULL,
	at {{bigint}} NOT NULL,
	kind TEXT NOT NULL,
	message TEXT NOT NULL,
	PRIMARY KEY (effect, event)
){{strict}};
CREATE INDEX work_failed_next ON work_failed (effect, state, next);

-- A schedule that runs has a holder and the time it began.
CREATE TABLE work_schedules (
	name TEXT PRIMARY KEY,
	every {{bigint}} NOT NULL,
	next {{bigint}} NOT NULL,
	paused {{bool}} NOT NULL,
	cancel {{bool}} NOT NULL,
	holder TEXT NOT NULL,
	began {{bigint}},
	ended {{bigint}},
	tries {{bigint}} NOT NULL,
	kind TEXT NOT NULL,
	message TEXT NOT NULL
){{strict}};

-- The nodes at work. One whose beat stays the same for a lease, by the clock of the
-- node that looks, is gone.
CREATE TABLE work_nodes (
	node TEXT PRIMARY KEY,
	beat {{bigint}} NOT NULL,
	at {{bigint}} NOT NULL
){{strict}};
