package main

import (
	"crypto/rand"
	"database/sql"
	"net/url"

	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // the driver that avow uses

	"github.com/avowhq/avow"
)

const (
	barePage  = 256 // hashes in a page
	bareBatch = 256 // entries that share a commit, as closures do in avow's store
)

// bareLog is what durable events are measured against: nothing but a transparency
// log in SQLite with group commit. An entry, an index of subjects, the hashes of
// x/mod tlog in packed pages, the root of each batch. Nothing is sealed, bound, signed or folded, and
// all hashes are kept in memory too, so that reading them costs nothing.
type bareLog struct {
	db     *sql.DB
	queue  chan bareJob
	ended  chan struct{}
	width  int // bytes of an entry
	size   int64
	hashes []tlog.Hash
}

type bareJob struct {
	subject avow.ID
	entry   []byte
	done    chan error
}

// openBare sets the database up as avow's store does.
func openBare(file string, width int) (*bareLog, error) {
	u := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: url.Values{"_txlock": {"immediate"},
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)", "temp_store(MEMORY)",
			"journal_size_limit(67108864)", "wal_autocheckpoint(12000)", "cache_size(-8192)"}}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, s := range []string{"CREATE TABLE entries (idx INTEGER PRIMARY KEY, subject BLOB NOT NULL, entry BLOB NOT NULL)",
		"CREATE INDEX entries_subject ON entries (subject, idx)", "CREATE TABLE pages (n INTEGER PRIMARY KEY, hashes BLOB NOT NULL)"} {
		if _, err := db.Exec(s); err != nil {
			return nil, err
		}
	}
	entry, err := db.Prepare("INSERT INTO entries (idx, subject, entry) VALUES (?, ?, ?)")
	if err != nil {
		return nil, err
	}
	page, err := db.Prepare("INSERT OR REPLACE INTO pages (n, hashes) VALUES (?, ?)")
	if err != nil {
		return nil, err
	}
	l := &bareLog{db: db, width: width, queue: make(chan bareJob, bareBatch), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		l.run(entry, page)
	}()
	return l, nil
}

func (l *bareLog) close() error {
	close(l.queue)
	<-l.ended
	return l.db.Close()
}

// add returns when an entry about somebody is on disk.
func (l *bareLog) add(subject avow.ID) error {
	j := bareJob{subject: subject, entry: make([]byte, l.width), done: make(chan error, 1)}
	rand.Read(j.entry)
	l.queue <- j
	return <-j.done
}

func (l *bareLog) run(entry, page *sql.Stmt) {
	for j := range l.queue {
		jobs := l.gather(j)
		err := l.commit(jobs, entry, page)
		for _, j := range jobs {
			j.done <- err
		}
	}
}

// gather takes what waits now.
func (l *bareLog) gather(first bareJob) []bareJob {
	jobs := []bareJob{first}
	for len(jobs) < bareBatch {
		select {
		case j, ok := <-l.queue:
			if !ok {
				return jobs
			}
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

func (l *bareLog) commit(jobs []bareJob, entry, page *sql.Stmt) error {
	tx, err := l.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert, replace := tx.Stmt(entry), tx.Stmt(page)
	from := len(l.hashes)
	for _, j := range jobs {
		if _, err := insert.Exec(l.size, j.subject[:], j.entry); err != nil {
			return err
		}
		more, err := tlog.StoredHashes(l.size, j.entry, l)
		if err != nil {
			return err
		}
		l.hashes = append(l.hashes, more...)
		l.size++
	}
	if _, err := tlog.TreeHash(l.size, l); err != nil {
		return err
	}
	for n := from / barePage; n*barePage < len(l.hashes); n++ {
		var packed []byte
		for _, h := range l.hashes[n*barePage : min((n+1)*barePage, len(l.hashes))] {
			packed = append(packed, h[:]...)
		}
		if _, err := replace.Exec(n, packed); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// ReadHashes is for tlog.
func (l *bareLog) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = l.hashes[n]
	}
	return out, nil
}
