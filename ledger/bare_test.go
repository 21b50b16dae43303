package ledger_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// BenchmarkBare is what the ledger is measured against: nothing but a transparency log in
// the same SQLite, with group commit. An entry of 200 bytes, an index of subjects, the hashes of x/mod tlog in
// packed pages, the root of each batch. Nothing is sealed, bound, signed or folded.
func BenchmarkBare(b *testing.B) {
	for _, flight := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("sqlite/%d-in-flight", flight), func(b *testing.B) {
			log := openBare(b)
			inFlight(b, flight, func() error {
				j := bareJob{subject: make([]byte, 16), entry: make([]byte, 200), done: make(chan error, 1)}
				rand.Read(j.subject)
				rand.Read(j.entry)
				log.queue <- j
				return <-j.done
			})
		})
	}
}

type bareJob struct {
	subject, entry []byte
	done           chan error
}

const (
	barePage  = 256 // hashes in a page
	bareBatch = 256
)

// bareLog keeps all its hashes in memory too, so that reading them costs nothing.
type bareLog struct {
	db     *sql.DB
	queue  chan bareJob
	size   int64
	hashes []tlog.Hash
}

func openBare(b *testing.B) *bareLog {
	b.Helper()
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(b.TempDir(), "bare.db"), RawQuery: url.Values{"_txlock": {"immediate"},
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16384)", "journal_size_limit(67108864)"}}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, s := range []string{"CREATE TABLE entries (idx INTEGER PRIMARY KEY, subject BLOB NOT NULL, entry BLOB NOT NULL)",
		"CREATE INDEX entries_subject ON entries (subject, idx)", "CREATE TABLE pages (n INTEGER PRIMARY KEY, hashes BLOB NOT NULL)"} {
		if _, err := db.Exec(s); err != nil {
			b.Fatal(err)
		}
	}
	l := &bareLog{db: db, queue: make(chan bareJob, bareBatch)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run()
	}()
	b.Cleanup(func() { close(l.queue); <-done; db.Close() })
	return l
}

func (l *bareLog) run() {
	entry, err := l.db.Prepare("INSERT INTO entries (idx, subject, entry) VALUES (?, ?, ?)")
	if err != nil {
		panic(err)
	}
	page, err := l.db.Prepare("INSERT OR REPLACE INTO pages (n, hashes) VALUES (?, ?)")
	if err != nil {
		panic(err)
	}
	for j := range l.queue {
		jobs := []bareJob{j}
		for more := true; more && len(jobs) < bareBatch; {
			select {
			case j, ok := <-l.queue:
				if more = ok; ok {
					jobs = append(jobs, j)
				}
			default:
				more = false
			}
		}
		err := l.commit(jobs, entry, page)
		for _, j := range jobs {
			j.done <- err
		}
	}
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
		if _, err := insert.Exec(l.size, j.subject, j.entry); err != nil {
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

func (l *bareLog) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = l.hashes[n]
	}
	return out, nil
}
