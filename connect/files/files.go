// Package files reaches rows that stand in files of a folder or a bucket. A table is a
// file, or a pattern of files that have the same columns: `people.csv`, `exports/*.csv`.
// What a file is, its name says: `.csv` and `.tsv`, `.jsonl` and `.ndjson`, `.mbox`; a
// folder with `cur` and `new` in it is a maildir. The column `file` is the file a row is
// from.
//
// What stays true: a file is changed by writing the new one beside it and putting that in
// its place, so that a crash leaves the old one or the new one; every line and message
// that is not changed keeps its bytes. A file that others change meanwhile is read again.
// Reading holds one line or message at a time.
//
// What it never does: change the order of rows, repair a file, run or rewrite what looks like
// a formula, or follow a link out of the folder. A Change of several files is not
// one step: each file is, and doing it again goes on where it stopped.
package files

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"gocloud.dev/blob"
)

// mostFiles bounds how many files one table may be.
const mostFiles = 100_000

// source is one folder or bucket.
type source struct {
	config connect.Config
	at     folder
}

// Open opens the folder that c.At names (a path, from c.Folder where it is relative, or
// `file:///srv/exports`) or a bucket by its URL: `s3://exports/crm?region=eu-west-1` for Amazon's and
// others' S3, for which c.Secret is `{"access-key": "…", "secret-key": "…"}`. Other buckets open where the program
// imports their driver of gocloud.dev/blob; this package brings none along.
func Open(ctx context.Context, c connect.Config) (connect.Source, error) {
	u, err := url.Parse(c.At)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s: `at` is neither a folder nor the address of a bucket", c.System)
	}
	switch {
	case u.Scheme == "" || len(u.Scheme) == 1: // a drive of Windows
		return openFolder(c, c.At)
	case u.Scheme == "file":
		return openFolder(c, filepath.FromSlash(u.Path))
	}
	if u.Scheme == "s3" {
		return openS3(ctx, c, u)
	}
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, avow.Errorf(avow.Invalid, "%s: this program brings nothing along for %s: buckets; folders and s3: buckets can be read", c.System, u.Scheme)
	}
	b, err := blob.OpenBucket(ctx, c.At)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "%s: the bucket cannot be opened", c.System)
	}
	return OpenBucket(c, b), nil
}

// OpenBucket is Open for a bucket that the caller has opened; it is closed with the source.
func OpenBucket(c connect.Config, b *blob.Bucket) connect.Source {
	return &source{config: c, at: &bucket{b: b}}
}

func openFolder(c connect.Config, at string) (connect.Source, error) {
	if at == "" {
		return nil, avow.Errorf(avow.Invalid, "%s: `at` is missing: the folder with the files", c.System)
	}
	if !filepath.IsAbs(at) {
		at = filepath.Join(c.Folder, at)
	}
	d, err := openDisk(at)
	if err != nil {
		return nil, (&source{config: c}).failed(context.Background(), "", err)
	}
	return &source{config: c, at: d}, nil
}

// Close closes the folder.
func (s *source) Close() error {
	if err := s.at.close(); err != nil {
		return avow.Errorf(avow.Unavailable, "%s: it did not close in order", s.config.System)
	}
	return nil
}

// errTooLong is a line or message past its bound.
var errTooLong = errors.New("too long")

// errChanged says that somebody else changes the file too.
var errChanged = errors.New("changed meanwhile")

// errRights says that others could read a file after a change than before, or fewer.
var errRights = errors.New("other rights")

// failed turns an error into one for people.
func (s *source) failed(ctx context.Context, name string, err error) error {
	var ours *avow.Error
	if errors.As(err, &ours) || err == nil {
		return err
	}
	where := s.config.System
	if name != "" {
		where += ": " + name
	}
	switch {
	case ctx.Err() != nil:
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return avow.Errorf(avow.Unavailable, "%s: reading took too long", where)
		}
		return avow.Errorf(avow.Canceled, "%s: stopped", where)
	case errors.Is(err, errChanged):
		return avow.Errorf(avow.Conflict, "%s: others kept changing the file; try again", where)
	case errors.Is(err, errRights):
		return avow.Errorf(avow.Forbidden, "%s: others could read or write it after the change than before, so that it was left as it is; avow needs %s", where, mayKeep)
	case errors.Is(err, errTooLong):
		return avow.Errorf(avow.TooLarge, "%s: a line or message is too long, or a quotation mark is not closed", where)
	case errors.Is(err, fs.ErrNotExist):
		return avow.Errorf(avow.NotFound, "%s: there is no such file", where)
	case errors.Is(err, fs.ErrPermission):
		return avow.Errorf(avow.Forbidden, "%s: it may not be read, or written beside; give the user that runs avow the right to", where)
	}
	return avow.Errorf(avow.Unavailable, "%s: it cannot be read or written now", where)
}

// matching are the files of a table, sorted.
func (s *source) matching(ctx context.Context, table string) ([]string, kind, error) {
	k, ok := kindOf(table)
	if !ok || table == "" || strings.HasPrefix(table, "/") || slices.Contains(strings.Split(table, "/"), "..") {
		return nil, k, avow.Errorf(avow.NotFound, "%s: %s is no table: write a file as `people.csv`, several as `exports/*.csv`; CSV, TSV, JSONL, mbox and the folder of a maildir are read", s.config.System, table)
	}
	if _, err := path.Match(table, ""); err != nil {
		return nil, k, avow.Errorf(avow.Invalid, "%s: %s cannot be a pattern of files", s.config.System, table)
	}
	var out []string
	err := s.at.list(ctx, prefix(table), func(name string) error {
		if in, ok := belongs(table, k, name); ok && in {
			out = append(out, name)
		}
		if len(out) > mostFiles {
			return avow.Errorf(avow.TooLarge, "%s: %s is more than %d files", s.config.System, table, mostFiles)
		}
		return nil
	})
	if err != nil {
		return nil, k, s.failed(ctx, table, err)
	}
	if len(out) == 0 && (k != maildir || !s.at.has(ctx, table)) {
		return nil, k, avow.Errorf(avow.NotFound, "%s: there is no file %s", s.config.System, table)
	}
	slices.Sort(out)
	return out, k, nil
}

// prefix is the folder in which all files of a table are.
func prefix(table string) string {
	fixed, _, _ := strings.Cut(table, "*")
	fixed, _, _ = strings.Cut(fixed, "?")
	fixed, _, _ = strings.Cut(fixed, "[")
	if kindName(table) == "" && fixed == table {
		return table + "/"
	}
	return fixed[:strings.LastIndexByte(fixed, '/')+1]
}

func belongs(table string, k kind, name string) (bool, bool) {
	if k == maildir {
		dir, last := path.Split(name)
		folder, box := path.Split(strings.TrimSuffix(dir, "/"))
		return strings.TrimSuffix(folder, "/") == table && (box == "cur" || box == "new") && !strings.HasPrefix(last, "."), true
	}
	if name == table {
		return true, true
	}
	ok, err := path.Match(table, name)
	return ok, err == nil
}
