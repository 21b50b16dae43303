package main

import (
	"log/slog"

	"github.com/avowhq/avow/ledger"
)

// What a log that is opened without the checkpoint kept outside the database means, and what to do.
const (
	cutUnnoticed = "nothing held this log to how far it had come: had its end been cut off, or an older copy of the database been put back, it could not be noticed"
	compareLog   = "compare the log with what others keep of it, a witness's cosignature or a checkpoint or export of an auditor (avow verify --earlier), and find out why the file is gone; " +
		"it is to be expected only on a machine, or with a version of avow, that is new to this log"
)

// renewCheckpoint says loudly that the checkpoint kept outside the database was missing, and begins a new one. It is for a
// server, which has somebody who reads what it says; other commands leave the file missing.
func renewCheckpoint(l *ledger.Ledger, log *slog.Logger) {
	file, events := l.Missing()
	if events == 0 {
		return
	}
	said := []any{slog.String("file", file), slog.Int64("events", events), slog.String("means", cutUnnoticed), slog.String("do", compareLog)}
	if err := l.Renew(); err != nil {
		log.Error("the checkpoint kept outside the database is missing, although the log has events, and cannot be written anew", append(said, slog.Any("error", err))...)
		return
	}
	log.Warn("the checkpoint kept outside the database is missing, although the log has events; it was written anew, with the log as it is", said...)
}
