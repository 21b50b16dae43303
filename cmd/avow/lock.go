package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/avowhq/avow"
)

// use marks a data directory as one that a program works in, until the returned file
// is closed. Several programs may (a server, and `avow publish` beside it); alone
// asks for nobody else. A program that was killed leaves no mark.
func (w where) use(alone bool) (*os.File, error) {
	if err := os.MkdirAll(w.Data, 0o700); err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the data directory %s cannot be made: %w", w.Data, err)
	}
	f, err := os.OpenFile(filepath.Join(w.Data, "in-use"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the data directory %s cannot be written to: %w", w.Data, err)
	}
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, syscall.EWOULDBLOCK) && alone:
		err = avow.Errorf(avow.Conflict, "a program of avow works in %s; stop it first", w.Data)
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = avow.Errorf(avow.Conflict, "%s is being restored; try again when that has ended", w.Data)
	default:
		err = avow.Errorf(avow.Unavailable, "the data directory %s cannot be locked: %w", w.Data, err)
	}
	return nil, errors.Join(err, f.Close())
}
